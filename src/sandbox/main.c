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
#include "base/text.h"
#include "sandbox/control.h"
#include "sandbox/deploy.h"
#include "sandbox/place.h"
#include "sandbox/sandbox.h"
#include "sandbox/serve.h"
#include "secret/keep.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    "  -V, --version  the version\n"
    "\n"
    "GREENBOARD_SANDBOX_PACE=fast in its environment makes its deploy take a third of a "
    "second.\n";

static int fail(const struct error *error)
{
    serve_complain(error);
    return error->code == ERROR_USAGE || error->code == ERROR_ABSENT ? EXIT_USAGE
                                                                     : EXIT_INTERNAL;
}

static int misused(const char *text)
{
    fprintf(stderr, "greenboard sandbox: %s\n%s", text, usage);
    return EXIT_USAGE;
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
        return serve(sandbox, argv);
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
    if (text_equal(argv[0], REPAIR_COMMAND) && !argv[1]) {
        return deploy_repair();
    }
    if (text_equal(argv[0], RELEASES_COMMAND) && !argv[1]) {
        return deploy_list();
    }
    if (text_equal(argv[0], RUNNING_COMMAND) && !argv[1]) {
        return deploy_running();
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
