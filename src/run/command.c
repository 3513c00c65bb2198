#include "run/command.h"

#include "base/clock.h"
#include "run/process.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { CHUNK = 65536, SLAVE_NAME = 128 };
/* What it is told, and how long it has after each. */
static const struct {
    int number;
    int64_t pause;
} farewells[] = {
    {SIGINT, 3 * CLOCK_SECOND}, {SIGTERM, 10 * CLOCK_SECOND}, {SIGKILL, 50 * CLOCK_MS}};
enum { FAREWELLS = sizeof farewells / sizeof *farewells };
static const int64_t GROUP_SLICE =
    50 * CLOCK_MS;                         /* how often a dying group is looked at */
static const int64_t DRAIN = CLOCK_SECOND; /* for what is left in the terminal */

/* ---- the child, until it executes ---- */

struct child {
    char *const *argv, *const *env;
    const char *directory;
    char slave[SLAVE_NAME];
    int gate, failure;
};

/* The supervisor has threads: only what signal-safety(7) lists may be called here. */
static _Noreturn void become(const struct child *child)
{
    char word = 0;
    sigset_t none;
    int null = open("/dev/null", O_RDONLY);
    setsid();
    int terminal =
        open(child->slave, O_RDWR); /* becomes the session's, for it has none */
    bool ready = null >= 0 && terminal >= 0 && dup2(null, 0) == 0 &&
                 dup2(terminal, 1) == 1 && dup2(terminal, 2) == 2 &&
                 chdir(child->directory) == 0;
    for (int i = 3; i <= terminal || i <= null; i++) {
        if (i == terminal || i == null) {
            close(i);
        }
    }
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC); /* libraries leave some open */
    for (int number = 1; number < NSIG; number++) {
        signal(number, SIG_DFL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (ready && read(child->gate, &word, 1) != 1) {
        _exit(127); /* the supervisor died, or thought better of it */
    }
    if (ready) {
        execve(child->argv[0], child->argv, child->env);
    }
    int number = errno;
    while (write(child->failure, &number, sizeof number) < 0 && errno == EINTR) {
    }
    _exit(127);
}

/* ---- held and released ---- */

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

/* The recording ends lines in CR LF: a terminal that does so passes on line by line,
 * which takes it as long as all else together. */
static bool pass_line_ends(int terminal)
{
    struct termios modes;
    if (tcgetattr(terminal, &modes) != 0) {
        return false;
    }
    modes.c_oflag &= ~(tcflag_t)ONLCR;
    return tcsetattr(terminal, TCSANOW, &modes) == 0;
}

static bool open_terminal(struct command *command, struct child *child, int *slave)
{
    struct winsize size = {.ws_row = COMMAND_ROWS, .ws_col = COMMAND_COLUMNS};
    if (openpty(&command->terminal, slave, NULL, NULL, &size) != 0 ||
        !pass_line_ends(*slave)) {
        return false;
    }
    fcntl(command->terminal, F_SETFD, FD_CLOEXEC);
    fcntl(command->terminal, F_SETFL, O_RDWR | O_NONBLOCK);
    fcntl(*slave, F_SETFD, FD_CLOEXEC);
    return ttyname_r(*slave, child->slave, sizeof child->slave) == 0;
}

bool command_hold(struct command *command, char *const *argv, char *const *env,
                  const char *directory, struct recording *recording, struct error *error)
{
    *command = (struct command){
        .terminal = -1, .gate = -1, .failure = -1, .recording = recording};
    struct child child = {.argv = argv, .env = env, .directory = directory};
    int gate[2] = {-1, -1}, failure[2] = {-1, -1}, slave = -1;
    pid_t pid = -1;
    if (!open_terminal(command, &child, &slave) || pipe2(gate, O_CLOEXEC) != 0 ||
        pipe2(failure, O_CLOEXEC) != 0) {
        error_system(error, errno, "cannot make a terminal for the command");
        goto out;
    }
    child.gate = gate[0];
    child.failure = failure[1];
    pid = fork();
    if (pid == 0) {
        close(gate[1]); /* else it would wait for itself */
        become(&child);
    }
    if (pid < 0) {
        error_system(error, errno, "cannot start the command");
        goto out;
    }
    command->leader = process_find(pid);
    if (command->leader.pid == 0) { /* it could be neither waited for nor ended */
        error_set(error, ERROR_SYSTEM, "cannot tell the command's process in /proc");
        close_fd(&gate[1]); /* it reads the end, and is gone */
        waitpid(pid, NULL, 0);
        pid = -1;
        goto out;
    }
    command->gate = gate[1];
    command->failure = failure[0];
    gate[1] = failure[0] = -1;
out:
    close_fd(&gate[0]);
    close_fd(&gate[1]);
    close_fd(&failure[0]);
    close_fd(&failure[1]);
    close_fd(&slave);
    if (pid <= 0) {
        command_finish(command);
    }
    return pid > 0;
}

bool command_release(struct command *command, struct error *error)
{
    int number = 0;
    ssize_t got;
    bool told = write(command->gate, "g", 1) == 1;
    close_fd(&command->gate);
    while ((got = read(command->failure, &number, sizeof number)) < 0 && errno == EINTR) {
    }
    close_fd(&command->failure);
    if (told && got == 0) {
        return true;
    }
    return error_system(error, got > 0 ? number : EPIPE,
                        "the command cannot be executed");
}

void command_finish(struct command *command)
{
    bool held = command->gate >= 0;
    close_fd(&command->gate);
    close_fd(&command->failure);
    close_fd(&command->terminal);
    if (held && command->leader.pid > 0) {
        while (waitpid(command->leader.pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
}

/* ---- recorded ---- */

enum pump { PUMP_MORE, PUMP_EMPTY, PUMP_END, PUMP_UNWRITTEN };

/* The terminal gives 4 KiB at a time: gathered, so that mask and file see large
 * pieces. */
static enum pump pump(struct command *command)
{
    char chunk[CHUNK];
    size_t length = 0;
    ssize_t got = 0;
    while (length < sizeof chunk &&
           (got = read(command->terminal, chunk + length, sizeof chunk - length)) > 0) {
        length += (size_t)got;
    }
    bool again = got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
    bool written = recording_output(command->recording, chunk, length);
    if (written && !again) { /* EIO: nobody holds the other side */
        written = recording_settle(command->recording);
    }
    return !written  ? PUMP_UNWRITTEN
           : !again  ? PUMP_END
           : got > 0 ? PUMP_MORE
                     : PUMP_EMPTY;
}

static bool reaped(struct command *command, struct ending *ending)
{
    int state = 0;
    if (waitpid(command->leader.pid, &state, WNOHANG) != command->leader.pid) {
        return false;
    }
    ending->status = WIFSIGNALED(state) ? 128 + WTERMSIG(state) : WEXITSTATUS(state);
    return true;
}

/* What the command wrote before it ended is still in the terminal. */
static void drain(struct command *command, struct ending *ending)
{
    int64_t until = clock_now() + DRAIN;
    enum pump last = PUMP_MORE;
    while (last == PUMP_MORE && clock_now() < until) {
        last = pump(command);
    }
    bool written = last != PUMP_UNWRITTEN && recording_settle(command->recording);
    ending->unwritten = ending->unwritten || !written;
}

/* ---- until it ended ---- */

struct ends {
    int64_t timeout; /* when it is told to end */
    int64_t next;    /* when it is told more, once it was told */
    size_t told;     /* how many of the farewells it had */
    int64_t printed; /* when it last did, or was asked about */
    bool asked;      /* about its silence */
    bool exited, hung_up;
};

static bool must_stop(const struct watch *watch, const struct following *following,
                      const struct ends *ends, struct ending *ending)
{
    ending->stopped = ending->stopped || watch->cancelled;
    ending->given_up = ending->given_up || (ends->asked && *following->decided &&
                                            *following->choice == CHOICE_STOP);
    ending->timed_out = ending->timed_out || (!ending->stopped && !ending->given_up &&
                                              clock_now() >= ends->timeout);
    return ending->stopped || ending->timed_out || ending->given_up || ending->unwritten;
}

static void tell(struct command *command, struct ends *ends)
{
    size_t at = ends->told < FAREWELLS ? ends->told++ : FAREWELLS - 1;
    ends->next = clock_now() + farewells[at].pause;
    process_group_signal(&command->leader, farewells[at].number);
}

/* Says so once for each silence, and again after it was left more time. */
static void mind_silence(const struct following *following, struct ends *ends)
{
    if (following->silence <= 0 || ends->told > 0) {
        return;
    }
    if (ends->asked && *following->decided) { /* it may go on */
        ends->asked = false;
        ends->printed = clock_now();
    }
    int64_t silence = clock_now() - ends->printed;
    if (!ends->asked && silence >= following->silence) {
        ends->asked = true;
        following->silent(following->self, silence);
    }
}

static void note_output(const struct following *following, struct ends *ends)
{
    ends->printed = clock_now();
    if (ends->asked) {
        ends->asked = false;
        following->silent(following->self, 0);
    }
}

static int64_t next_look(const struct following *following, const struct ends *ends)
{
    if (ends->told > 0) {
        int64_t slice = clock_now() + GROUP_SLICE;
        return slice < ends->next ? slice : ends->next;
    }
    int64_t silent = following->silence > 0 && !ends->asked
                         ? ends->printed + following->silence
                         : INT64_MAX;
    return silent < ends->timeout ? silent : ends->timeout;
}

void command_follow(struct command *command, struct watch *watch,
                    const struct following *following, struct ending *ending)
{
    const struct recording *recording = command->recording;
    unsigned failures = recording->failures;
    int64_t now = clock_now(), back = now; /* from the last waiting */
    struct ends ends = {.timeout = now + following->timeout, .printed = now};
    *ending = (struct ending){.status = -1};
    for (;;) {
        ends.exited = ends.exited || reaped(command, ending);
        if (ends.exited && (!ends.told || !process_group_lives(&command->leader))) {
            break;
        }
        if (!ends.exited && !ends.told && must_stop(watch, following, &ends, ending)) {
            following->stopping(following->self);
            tell(command, &ends);
        } else if (ends.told && clock_now() >= ends.next) {
            tell(command, &ends);
        }
        mind_silence(following, &ends);
        int fd = ends.hung_up ? -1 : command->terminal;
        watch_mind(watch, back);
        bool printed = watch_wait(watch, NULL, fd, next_look(following, &ends));
        back = clock_now();
        if (printed) {
            enum pump last = pump(command);
            ends.hung_up = last == PUMP_END || last == PUMP_UNWRITTEN;
            ending->unwritten = ending->unwritten || last == PUMP_UNWRITTEN;
            note_output(following, &ends);
        }
    }
    watch_mind(watch, back);
    drain(command, ending);
    ending->leftovers = process_group_lives(&command->leader);
    ending->incomplete =
        !ending->unwritten && (recording->again != 0 || recording->failures != failures);
}
