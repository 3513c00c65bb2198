#include "base/log.h"

#include "base/clock.h"
#include "base/mem.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int log_fd = -1;
static void (*log_filter_line)(struct buf *line);

void log_open(const char *path)
{
    if (log_fd >= 0) {
        close(log_fd);
        log_fd = -1;
    }
    if (path) {
        log_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    }
}

void log_filter(void (*filter)(struct buf *line))
{
    log_filter_line = filter;
}

void log_line(const char *format, ...)
{
    if (log_fd < 0) {
        return;
    }
    va_list args;
    va_start(args, format);
    char *text = mem_format_list(format, args);
    va_end(args);
    char stamp[CLOCK_STAMP];
    clock_stamp(stamp, clock_wall());
    struct buf line;
    buf_init(&line, 0);
    buf_format(&line, "%s %d %s\n", stamp, (int)getpid(), text);
    free(text);
    if (log_filter_line) {
        log_filter_line(&line);
    }
    /* A diagnostic that cannot be written is not worth failing for. */
    ssize_t written = write(log_fd, line.data, line.length);
    (void)written;
    buf_finish(&line);
}
