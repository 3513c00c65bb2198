#include "sandbox/linger.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "sandbox/process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define SUPERVISOR_NAME "greenboard-run" /* as it calls itself, see run/supervisor */

enum { NAME_MAX_READ = 64, LOOK_EVERY_MS = 500 };

/* No run of the sandbox takes as long, but one that hangs; whoever wants to see what that
 * does has not left. */
static const int64_t AT_MOST = 5 * 60 * CLOCK_SECOND;

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

/* True where it is one to end; the ends of our children need no more than waiting for. */
static bool take_signal(int signals)
{
    struct signalfd_siginfo info;
    bool came = read(signals, &info, sizeof info) == (ssize_t)sizeof info;
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
    return came && info.ssi_signo != SIGCHLD;
}

bool linger(int signals, int control, void (*serve)(int control, void *self), void *self)
{
    struct pollfd ready[2] = {{.fd = signals, .events = POLLIN},
                              {.fd = control, .events = POLLIN}};
    int64_t until = clock_now() + AT_MOST;
    while (linger_wanted()) {
        if (clock_left(until) == 0 ||
            (poll(ready, 2, LOOK_EVERY_MS) < 0 && errno != EINTR)) {
            return false;
        }
        if ((ready[0].revents & POLLIN) && take_signal(signals)) {
            return false;
        }
        if (ready[1].revents & POLLIN) {
            serve(control, self);
        }
    }
    return true;
}
