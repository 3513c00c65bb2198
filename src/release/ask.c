#include "release/ask.h"

#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/thread.h"
#include "secret/mask.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct thread {
    struct asked *asked;
    const char *directory;
    int64_t deadline;
    pthread_t id;
    bool started;
};

/* The last line that a command complained with: most say there what it is about. */
static char *complaint(const struct buf *err)
{
    char *clean = NULL;
    size_t end = err->length, start;
    while (end > 0 && strchr("\r\n \t", err->data[end - 1])) {
        end--;
    }
    for (start = end; start > 0 && err->data[start - 1] != '\n'; start--) {
    }
    if (end > start) {
        char *line = mem_bytes(err->data + start, end - start);
        clean = mask_clean(line, 200);
        mem_cleanse(line);
    }
    return clean;
}

static void *ask_one(void *argument)
{
    const struct thread *self = argument;
    struct asked *asked = self->asked;
    struct spawn spawn = {
        .argv = asked->argv, .directory = self->directory, .deadline = self->deadline};
    struct buf err;
    int status = 0;
    buf_init_secret(&err, ASK_MAX);
    asked->told = spawn_capture(&spawn, &asked->printed, &err, &status, &asked->error);
    if (asked->told && status != 0) {
        char *said = complaint(&err);
        const char *slash = strrchr(asked->argv[0], '/');
        asked->told = error_set(
            &asked->error, ERROR_SYSTEM, "%s%s%s ended with status %d", said ? said : "",
            said ? "; " : "", slash ? slash + 1 : asked->argv[0], status);
        free(said);
    }
    if (!asked->told) {
        char *shown = argv_show(asked->argv);
        error_hint(&asked->error, "run it by hand to see why: %s", shown);
        free(shown);
    }
    buf_finish(&err);
    return NULL;
}

void ask_all(struct asked *rows, size_t count, const char *directory, int64_t deadline)
{
    struct thread *threads = mem_alloc((count + 1) * sizeof *threads);
    for (size_t i = 0; i < count; i++) {
        buf_init_secret(&rows[i].printed, ASK_MAX);
        threads[i] = (struct thread){&rows[i], directory, deadline, 0, false};
        threads[i].started = thread_start(&threads[i].id, ask_one, &threads[i]) == 0;
        if (!threads[i].started) {
            ask_one(&threads[i]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (threads[i].started) {
            pthread_join(threads[i].id, NULL);
        }
    }
    free(threads);
}

void asked_finish(struct asked *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        argv_free(rows[i].argv);
        buf_finish(&rows[i].printed);
    }
}

char *asked_line(const struct asked *asked, struct error *error)
{
    const char *text = buf_string(&asked->printed);
    size_t length = strcspn(text, "\r\n");
    if (!asked->told) {
        *error = asked->error;
        return NULL;
    }
    if (length == 0 || text[length + strspn(text + length, "\r\n")]) {
        error_set(error, ERROR_PROTOCOL, "%s printed %s", asked->argv[0],
                  length == 0 ? "nothing" : "more than one line");
        error_hint(error, "it must print one line and nothing else");
        return NULL;
    }
    char *line = mem_bytes(text, length);
    char *clean = mask_clean(line, 400);
    mem_cleanse(line);
    return clean;
}
