#include "sandbox/serve.h"

#include "base/clock.h"
#include "base/exits.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "sandbox/control.h"
#include "sandbox/linger.h"
#include "sandbox/place.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

extern char **environ;

enum {
    STATUS_NOT_FOUND = 127, /* as a shell says that there is no such command */
    KILLED = 128,           /* and by which signal: so much more */
    LOOK_EVERY_MS = 500,    /* whether a run goes on */
    /* No run of the sandbox takes as long, but one that hangs; whoever wants to see what
     * that does has not left. */
    LINGER_MINUTES = 5,
};

void serve_complain(const struct error *error)
{
    fprintf(stderr, "greenboard sandbox: %s%s%s%s\n", error->message,
            error->hint[0] ? " (" : "", error->hint, error->hint[0] ? ")" : "");
}

static void say(const char *line)
{
    fprintf(stderr, "greenboard sandbox: %s: ready\n", line);
}

/* ---- the variables of the command ---- */

static char **find_variable(char **env, const char *name)
{
    size_t length = strlen(name);
    while (*env && !(strncmp(*env, name, length) == 0 && (*env)[length] == '=')) {
        env++;
    }
    return env;
}

static void set_variable(char ***env, const char *name, const char *value)
{
    char *entry = mem_format("%s=%s", name, value);
    char **at = find_variable(*env, name);
    if (*at) {
        free(*at);
        *at = entry;
    } else {
        argv_add(env, entry);
        free(entry);
    }
}

static void unset_variable(char **env, const char *name)
{
    char **at = find_variable(env, name);
    if (*at) {
        free(*at);
        for (; *at; at++) {
            at[0] = at[1];
        }
    }
}

/* Where greenboard of the same build is: beside us in a build tree, in bin once
 * installed. */
static char *search_path(const struct sandbox *sandbox)
{
    char *directory = fs_directory(sandbox->program);
    const char *path = getenv("PATH");
    char *joined = mem_format("%s:%s/../../bin:%s", directory, directory,
                              path && *path ? path : "/usr/local/bin:/usr/bin:/bin");
    free(directory);
    return joined;
}

enum { VARIABLES = 8 };

struct variables {
    const char *names[VARIABLES];
    char *values[VARIABLES];
    size_t count;
};

static void add(struct variables *variables, const char *name, char *take_value)
{
    variables->names[variables->count] = name;
    variables->values[variables->count++] = take_value;
}

/* Google's are those that its own programs read; no credentials but the sandbox's are to
 * be found. */
static struct variables variables_of(const struct sandbox *sandbox)
{
    struct variables variables = {.count = 0};
    char *metadata = mem_format("127.0.0.1:%u", door_port(sandbox->doors, DOOR_METADATA));
    char *api =
        mem_format("http://127.0.0.1:%u/", door_port(sandbox->doors, DOOR_GOOGLE));
    add(&variables, PLACE_VARIABLE, mem_text(sandbox->dir));
    add(&variables, "GREENBOARD_CONFIG", fs_join(sandbox->dir, "greenboard.json"));
    add(&variables, "GREENBOARD_STATE_DIR", fs_join(sandbox->dir, "state"));
    add(&variables, "GCE_METADATA_HOST", metadata);
    add(&variables, "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", mem_text(api));
    add(&variables, "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN", api);
    add(&variables, "CLOUDSDK_CONFIG", fs_join(sandbox->dir, "gcloud"));
    add(&variables, "GOOGLE_APPLICATION_CREDENTIALS", mem_text(""));
    return variables;
}

static void variables_finish(struct variables *variables)
{
    for (size_t i = 0; i < variables->count; i++) {
        free(variables->values[i]);
    }
}

/* The user's own secret of that name would stand in for a missing one. */
static char **command_environment(const struct sandbox *sandbox)
{
    char **env = argv_copy(environ);
    struct variables variables = variables_of(sandbox);
    for (size_t i = 0; i < variables.count; i++) {
        set_variable(&env, variables.names[i], variables.values[i]);
    }
    char *path = search_path(sandbox);
    set_variable(&env, "PATH", path);
    unset_variable(env, GOOGLE_VARIABLE);
    free(path);
    variables_finish(&variables);
    return env;
}

static void print_variables(const struct sandbox *sandbox)
{
    struct variables variables = variables_of(sandbox);
    for (size_t i = 0; i < variables.count; i++) {
        printf("export %s=%s\n", variables.names[i], variables.values[i]);
    }
    fflush(stdout);
    variables_finish(&variables);
    char *line;
    for (size_t i = 0; (line = sandbox_part_line(sandbox, i)); i++) {
        fprintf(stderr, "%s\n", line);
        free(line);
    }
    fprintf(stderr, "ready; break it with: greenboard sandbox fault NAME on "
                    "(\"greenboard sandbox faults\" lists them); Ctrl-C ends it\n");
}

/* ---- while it runs ---- */

static bool begin_command(const struct sandbox *sandbox, char **argv,
                          struct process *command, struct error *error)
{
    char **env = command_environment(sandbox);
    char *path = search_path(sandbox);
    setenv("PATH", path, 1); /* greenboard itself may be the command */
    char *program = fs_executable(argv[0], NULL, error);
    bool done = false;
    if (program) {
        struct process_plan plan = {
            .program = program, .argv = argv, .env = env, .death_signal = SIGTERM};
        done = process_begin(&plan, command, error) &&
               place_record(sandbox->dir, PLACE_COMMAND, command, error);
    }
    free(program);
    free(path);
    argv_free(env);
    return done;
}

/* What main waits for. */
struct guard {
    struct sandbox *sandbox;
    int signals, control;
    bool told; /* to end once the command has */
};

/* What a key at the terminal sends went to the command as well, which decides; what was
 * sent to us alone is passed on, and so is a hang-up, which the kernel sends to a
 * session's leader alone. True where the sandbox is to end. */
static bool take_signal(struct guard *guard, const struct signalfd_siginfo *info,
                        const struct process *command)
{
    if (info->ssi_signo == SIGCHLD) {
        return false;
    }
    bool alone = info->ssi_code != SI_KERNEL || info->ssi_signo == SIGHUP;
    if (command->pid && alone) {
        process_signal(command, (int)info->ssi_signo);
        guard->told = true;
    }
    return command->pid == 0;
}

/* Waits for whoever ended: the command, its orphans, a server that somebody killed. */
static bool command_ended(const struct process *command, int *status)
{
    int state = 0;
    for (pid_t ended; (ended = waitpid(-1, &state, WNOHANG)) > 0;) {
        if (ended == command->pid) {
            *status = WIFSIGNALED(state) ? KILLED + WTERMSIG(state) : WEXITSTATUS(state);
            return true;
        }
    }
    return false;
}

static bool may_linger(int64_t until)
{
    return clock_left(until) > 0 && linger_wanted();
}

/* Until the command ended. Where there is none, until a signal says so; where `until` is
 * not 0, no longer than a run goes on, nor than until then. Returns the status to exit
 * with. */
static int attend(struct guard *guard, const struct process *command, int64_t until)
{
    struct pollfd ready[2] = {{.fd = guard->signals, .events = POLLIN},
                              {.fd = guard->control, .events = POLLIN}};
    int status = 0;
    while (!command_ended(command, &status) && (until == 0 || may_linger(until))) {
        if (poll(ready, 2, until ? LOOK_EVERY_MS : -1) < 0 && errno != EINTR) {
            return EXIT_INTERNAL;
        }
        struct signalfd_siginfo info;
        if ((ready[0].revents & POLLIN) &&
            read(guard->signals, &info, sizeof info) == (ssize_t)sizeof info &&
            take_signal(guard, &info, command)) {
            return 0;
        }
        if (ready[1].revents & POLLIN) {
            control_serve(guard->control, guard->sandbox);
        }
    }
    return status;
}

static bool take_signals(int *signals, struct error *error)
{
    static const int numbers[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    sigset_t watched;
    sigemptyset(&watched);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        sigaddset(&watched, numbers[i]);
    }
    sigprocmask(SIG_BLOCK, &watched,
                NULL); /* before the first thread, which inherits it */
    signal(SIGPIPE, SIG_IGN);
    *signals = signalfd(-1, &watched, SFD_CLOEXEC);
    return *signals >= 0 || error_system(error, errno, "signalfd");
}

/* Who has children already was exec'd by their parent: those are not ours to end. */
static bool become_reaper(void)
{
    return waitid(P_ALL, 0, &(siginfo_t){0}, WEXITED | WNOHANG | WNOWAIT) != 0 &&
           errno == ECHILD && prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
}

/* ---- after the command ---- */

static void run_shell(struct guard *guard, char *line)
{
    char shell[] = "sh", option[] = "-c";
    char *argv[] = {shell, option, line, NULL};
    struct error error = {0};
    struct process command = {0};
    if (begin_command(guard->sandbox, argv, &command, &error)) {
        attend(guard, &command, 0);
    }
}

static void await_runs(struct guard *guard)
{
    const struct sandbox *sandbox = guard->sandbox;
    const struct process none = {0};
    if (!sandbox->reaper || !linger_wanted()) {
        return;
    }
    /* In another terminal nobody has it in the PATH that our command had. */
    struct error error;
    char *program = fs_executable("greenboard", NULL, &error);
    fprintf(stderr,
            "greenboard sandbox: a run goes on in it, and has %d minutes to end; Ctrl-C\n"
            "ends both now. To watch it from another terminal:\n"
            "  %s -c %s/greenboard.json --state-dir %s/state runs attach\n",
            LINGER_MINUTES, program ? program : "greenboard", sandbox->dir, sandbox->dir);
    free(program);
    /* Everything of the sandbox goes: how it ended would be told nowhere else. */
    char tell[] = "greenboard runs >&2";
    attend(guard, &none, clock_now() + LINGER_MINUTES * 60 * CLOCK_SECOND);
    if (!linger_wanted()) {
        run_shell(guard, tell);
    }
}

/* A console that was killed left the terminal as it needs it: Ctrl-C is to work again,
 * and what is said to be seen. */
static void restore_terminal(struct guard *guard, const struct termios *before)
{
    struct termios now;
    if (tcgetpgrp(STDIN_FILENO) != getpgrp() || tcgetattr(STDIN_FILENO, &now) != 0 ||
        now.c_lflag == before->c_lflag) {
        return;
    }
    char screen[] = "tput rmcup; tput cnorm; tput sgr0";
    tcsetattr(STDIN_FILENO, TCSANOW, before);
    run_shell(guard, screen);
}

static int run(struct guard *guard, char **argv)
{
    struct error error = {0};
    struct process command = {0};
    struct termios before;
    bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    if (*argv && !begin_command(guard->sandbox, argv, &command, &error)) {
        serve_complain(&error);
        return error.code == ERROR_ABSENT ? STATUS_NOT_FOUND : EXIT_INTERNAL;
    }
    if (!*argv) {
        print_variables(guard->sandbox);
    }
    int status = attend(guard, &command, 0);
    if (terminal && status > KILLED) {
        restore_terminal(guard, &before);
    }
    if (*argv && !guard->told) {
        await_runs(guard);
    }
    return status;
}

int serve(struct sandbox *sandbox, char **argv)
{
    struct error error = {0};
    int status = EXIT_INTERNAL;
    struct guard guard = {.sandbox = sandbox, .signals = -1, .control = -1};
    sandbox->reaper = become_reaper();
    size_t cleaned = place_clean();
    if (cleaned > 0) {
        fprintf(stderr, "greenboard sandbox: cleaned up after %zu that had been killed\n",
                cleaned);
    }
    if (take_signals(&guard.signals, &error) && sandbox_start(sandbox, say, &error) &&
        (guard.control = control_listen(sandbox->dir, &error)) >= 0) {
        status = run(&guard, argv);
    } else {
        serve_complain(&error);
    }
    sandbox_stop(sandbox);
    if (guard.control >= 0) {
        close(guard.control);
    }
    if (guard.signals >= 0) {
        close(guard.signals);
    }
    return status;
}
