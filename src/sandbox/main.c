/* greenboard-sandbox: a staging of its own on this machine, to try greenboard and to
 * break things. Starts the parts, then attends to signals, to the control socket and to
 * the command's end, all in the main thread: its death is what the kernel ends the
 * children on. */
#include "config.h"

#include "base/buf.h"
#include "base/exits.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "sandbox/control.h"
#include "sandbox/deploy.h"
#include "sandbox/place.h"
#include "sandbox/sandbox.h"
#include "secret/keep.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { LIST_MAX = 16 * 1024 };

static const char usage[] =
    "usage: greenboard sandbox [--fault NAME]... [--stand-in] [-- COMMAND...]\n"
    "       greenboard sandbox fault NAME on|off\n"
    "       greenboard sandbox faults [-o text|json]\n"
    "\n"
    "A staging of its own on this machine: Redis, ClickHouse, an auth service and a "
    "backend on\n"
    "free loopback ports, with a configuration, secrets and a state directory of their "
    "own.\n"
    "With COMMAND it runs that with the variables set and exits as it did; without, it "
    "prints\n"
    "the variables and serves until it is interrupted. All that it started ends with "
    "it.\n"
    "\n"
    "  --fault NAME   start with this fault on (\"faults\" lists them)\n"
    "  --stand-in     use the stand-in for ClickHouse even where there is a "
    "clickhouse-server\n"
    "  -h, --help     this text\n"
    "  -V, --version  the version\n";

static int fail(const struct error *error)
{
    fprintf(stderr, "greenboard sandbox: %s%s%s%s\n", error->message,
            error->hint[0] ? " (" : "", error->hint, error->hint[0] ? ")" : "");
    return error->code == ERROR_USAGE || error->code == ERROR_ABSENT ? EXIT_USAGE
                                                                     : EXIT_INTERNAL;
}

static int misused(const char *text)
{
    fprintf(stderr, "greenboard sandbox: %s\n%s", text, usage);
    return EXIT_USAGE;
}

static void say(const char *line)
{
    fprintf(stderr, "greenboard sandbox: %s: ready\n", line);
}

/* ---- the variables of the command ---- */

static void set_variable(char ***env, const char *name, const char *value)
{
    size_t length = strlen(name);
    char *entry = mem_format("%s=%s", name, value);
    for (char **at = *env; *at; at++) {
        if (strncmp(*at, name, length) == 0 && (*at)[length] == '=') {
            free(*at);
            *at = entry;
            return;
        }
    }
    argv_add(env, entry);
    free(entry);
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

struct variables {
    const char *names[3];
    char *values[3];
};

static struct variables variables_of(const struct sandbox *sandbox)
{
    return (struct variables){
        .names = {PLACE_VARIABLE, "GREENBOARD_CONFIG", "GREENBOARD_STATE_DIR"},
        .values = {mem_text(sandbox->dir), fs_join(sandbox->dir, "greenboard.json"),
                   fs_join(sandbox->dir, "state")},
    };
}

static void variables_finish(struct variables *variables)
{
    for (int i = 0; i < 3; i++) {
        free(variables->values[i]);
    }
}

static char **command_environment(const struct sandbox *sandbox)
{
    char **env = argv_copy(environ);
    struct variables variables = variables_of(sandbox);
    for (int i = 0; i < 3; i++) {
        set_variable(&env, variables.names[i], variables.values[i]);
    }
    char *path = search_path(sandbox);
    set_variable(&env, "PATH", path);
    free(path);
    variables_finish(&variables);
    return env;
}

static void print_variables(const struct sandbox *sandbox)
{
    struct variables variables = variables_of(sandbox);
    for (int i = 0; i < 3; i++) {
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

/* What a key at the terminal sends went to the command as well, which decides; what was
 * sent to us alone is passed on, and so is a hang-up, which the kernel sends to a session's
 * leader alone. True where the sandbox is to end. */
static bool take_signal(const struct signalfd_siginfo *info,
                        const struct process *command)
{
    if (info->ssi_signo == SIGCHLD) {
        return false;
    }
    bool alone = info->ssi_code != SI_KERNEL || info->ssi_signo == SIGHUP;
    if (command->pid && alone) {
        process_signal(command, (int)info->ssi_signo);
    }
    return command->pid == 0;
}

/* Waits for whoever ended: the command, its orphans, a server that somebody killed. */
static bool command_ended(const struct process *command, int *status)
{
    int state = 0;
    for (pid_t ended; (ended = waitpid(-1, &state, WNOHANG)) > 0;) {
        if (ended == command->pid) {
            *status = WIFSIGNALED(state) ? 128 + WTERMSIG(state) : WEXITSTATUS(state);
            return true;
        }
    }
    return false;
}

/* Returns the status to exit with. */
static int attend(struct sandbox *sandbox, int signals, int control,
                  const struct process *command)
{
    struct pollfd ready[2] = {{.fd = signals, .events = POLLIN},
                              {.fd = control, .events = POLLIN}};
    int status = 0;
    while (!command_ended(command, &status)) {
        if (poll(ready, 2, -1) < 0 && errno != EINTR) {
            return EXIT_INTERNAL;
        }
        struct signalfd_siginfo info;
        if ((ready[0].revents & POLLIN) &&
            read(signals, &info, sizeof info) == (ssize_t)sizeof info &&
            take_signal(&info, command)) {
            return 0;
        }
        if (ready[1].revents & POLLIN) {
            control_serve(control, sandbox);
        }
    }
    return status;
}

static int run(struct sandbox *sandbox, char **argv)
{
    struct error error = {0};
    sigset_t watched;
    sigemptyset(&watched);
    static const int numbers[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        sigaddset(&watched, numbers[i]);
    }
    sigprocmask(SIG_BLOCK, &watched,
                NULL); /* before the first thread, which inherits it */
    signal(SIGPIPE, SIG_IGN);
    /* Who has children already was exec'd by their parent: those are not ours to end. */
    sandbox->reaper =
        waitid(P_ALL, 0, &(siginfo_t){0}, WEXITED | WNOHANG | WNOWAIT) != 0 &&
        errno == ECHILD && prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
    size_t cleaned = place_clean();
    if (cleaned > 0) {
        fprintf(stderr, "greenboard sandbox: cleaned up after %zu that had been killed\n",
                cleaned);
    }
    int status = EXIT_INTERNAL;
    int control = -1;
    struct process command = {0};
    int signals = signalfd(-1, &watched, SFD_CLOEXEC);
    if (signals < 0) {
        error_system(&error, errno, "signalfd");
    }
    bool started = signals >= 0 && sandbox_start(sandbox, say, &error) &&
                   (control = control_listen(sandbox->dir, &error)) >= 0 &&
                   (!*argv || begin_command(sandbox, argv, &command, &error));
    if (started) {
        if (!*argv) {
            print_variables(sandbox);
        }
        status = attend(sandbox, signals, control, &command);
    } else {
        status = fail(&error);
        status = command.pid || status != EXIT_USAGE || !*argv ? status : 127;
    }
    sandbox_stop(sandbox);
    if (control >= 0) {
        close(control);
    }
    if (signals >= 0) {
        close(signals);
    }
    return status;
}

/* ---- in the running one ---- */

static int switch_fault(char **argv)
{
    enum fault fault;
    struct error error = {0};
    if (!argv[0] || !argv[1] || argv[2] ||
        (!text_equal(argv[1], "on") && !text_equal(argv[1], "off"))) {
        return misused("fault wants a NAME, and on or off");
    }
    if (!fault_named(argv[0], &fault, &error)) {
        return fail(&error);
    }
    char *dir = place_find(&error);
    char *line = mem_format("%s %s", argv[1], argv[0]);
    struct buf answer;
    buf_init(&answer, LIST_MAX);
    bool done = dir && control_ask(dir, line, &answer, &error);
    buf_finish(&answer);
    free(line);
    free(dir);
    return done ? 0 : fail(&error);
}

/* Where no sandbox runs the list is still a list: nothing is on. */
static bool *states(bool *running)
{
    bool *on = mem_alloc(FAULT_COUNT * sizeof *on);
    struct buf answer;
    buf_init(&answer, LIST_MAX);
    char *dir = place_find(NULL);
    *running = dir && control_ask(dir, "list", &answer, NULL);
    char *rest = answer.data;
    for (char *line; rest && (line = strsep(&rest, "\n"));) {
        enum fault fault;
        if (fault_named(line, &fault, NULL)) {
            on[fault] = true;
        }
    }
    buf_finish(&answer);
    free(dir);
    return on;
}

static void print_json(const bool *on, bool running)
{
    static const char *const kinds[] = {"closes", "harmless", "deploy"};
    json_t *list = json_array();
    for (int i = 0; i < FAULT_COUNT; i++) {
        json_t *state = running ? json_boolean(on[i]) : json_null();
        json_array_append_new(list, json_pack("{ss ss ss so}", "name", fault_rows[i].name,
                                              "kind", kinds[fault_rows[i].kind], "help",
                                              fault_rows[i].help, "on", state));
    }
    char *text = json_pretty(list);
    printf("%s\n", text);
    free(text);
    json_decref(list);
}

static void print_text(const bool *on)
{
    static const char *const titles[] = {
        "these close the gate:", "these must not close it:", "these show in a deploy:"};
    for (int kind = FAULT_CLOSES; kind <= FAULT_DEPLOY; kind++) {
        printf("%s\n", titles[kind]);
        for (int i = 0; i < FAULT_COUNT; i++) {
            if ((int)fault_rows[i].kind == kind) {
                printf("  %-3s %-28s  %s\n", on[i] ? "on" : "", fault_rows[i].name,
                       fault_rows[i].help);
            }
        }
    }
}

static int list_faults(char **argv)
{
    bool json = argv[0] && text_equal(argv[0], "-o") && text_equal(argv[1], "json");
    bool text = !argv[0] || (text_equal(argv[0], "-o") && text_equal(argv[1], "text"));
    if ((!json && !text) || (argv[0] && argv[2])) {
        return misused("faults takes -o text or -o json");
    }
    bool running = false;
    bool *on = states(&running);
    if (json) {
        print_json(on, running);
    } else {
        print_text(on);
    }
    free(on);
    return 0;
}

/* ---- the command line ---- */

static int run_named(struct sandbox *sandbox, char **argv, bool dashes)
{
    if (dashes || !*argv) {
        return run(sandbox, argv);
    }
    if (text_equal(argv[0], "fault")) {
        return switch_fault(argv + 1);
    }
    if (text_equal(argv[0], "faults")) {
        return list_faults(argv + 1);
    }
    if (text_equal(argv[0], DEPLOY_COMMAND) && !argv[1]) {
        return deploy_run();
    }
    if (text_equal(argv[0], ROLLBACK_COMMAND) && argv[1] && !argv[2]) {
        return deploy_roll_back(argv[1]);
    }
    if (text_equal(argv[0], RELEASES_COMMAND) && !argv[1]) {
        return deploy_list();
    }
    char *text = mem_format("no word \"%s\" here (a command goes after --)", argv[0]);
    int status = misused(text);
    free(text);
    return status;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"fault", required_argument, NULL, 'f'},
        {"stand-in", no_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    static struct sandbox sandbox;
    struct error error = {0};
    json_begin();
    keep_begin();
    for (int option; (option = getopt_long(argc, argv, "+hV", options, NULL)) != -1;) {
        enum fault fault;
        switch (option) {
        case 'f':
            if (!fault_named(optarg, &fault, &error)) {
                return fail(&error);
            }
            fault_preset(&sandbox, fault);
            break;
        case 's':
            sandbox.stand_in = true;
            break;
        case 'h':
            fputs(usage, stdout);
            return 0;
        case 'V':
            puts(PACKAGE_STRING);
            return 0;
        default:
            return misused("that option is not known here");
        }
    }
    sandbox.program = fs_absolute("/proc/self/exe");
    bool dashes = optind > 1 && text_equal(argv[optind - 1], "--");
    return run_named(&sandbox, argv + optind, dashes);
}
