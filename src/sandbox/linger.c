#include "sandbox/linger.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/text.h"
#include "sandbox/process.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SUPERVISOR_NAME "greenboard-run" /* as it calls itself, see run/supervisor */

enum { NAME_MAX_READ = 64 };

static bool is_supervisor(pid_t pid)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    struct buf name;
    buf_init(&name, NAME_MAX_READ);
    bool is =
        fs_read(path, &name, NULL) && text_equal(buf_string(&name), SUPERVISOR_NAME "\n");
    buf_finish(&name);
    struct process process;
    return is && process_identify(pid, &process) && process_descends(pid, getpid());
}

bool linger_wanted(void)
{
    DIR *processes = opendir("/proc");
    bool found = false;
    for (struct dirent *row; !found && processes && (row = readdir(processes));) {
        found = isdigit((unsigned char)row->d_name[0]) &&
                is_supervisor((pid_t)strtol(row->d_name, NULL, 10));
    }
    if (processes) {
        closedir(processes);
    }
    return found;
}
