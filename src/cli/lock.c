/* greenboard lock and unlock: nothing is deployed until somebody lifts it. */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/text.h"
#include "lock/coordinator.h"
#include "lock/hold.h"
#include "lock/lease.h"
#include "net/http.h"
#include "store/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t LEASE_PATIENCE = 10 * CLOCK_SECOND;

struct locking {
    struct cli *cli;
    const struct command *command;
    struct statedir dir;
    char *who;
    const char *reason, *id, *lease;
};

static int fail(const struct error *error)
{
    return cli_fail(error->code == ERROR_BUSY     ? EXIT_BUSY
                    : error->code == ERROR_SYSTEM ? EXIT_INTERNAL
                    : error->code == ERROR_CONFIG ? EXIT_CONFIG
                    : error->code == ERROR_USAGE || error->code == ERROR_DENIED ||
                            error->code == ERROR_ABSENT
                        ? EXIT_USAGE
                        : EXIT_UNPROVEN,
                    error);
}

/* ---- what the two do ---- */

static int take(struct locking *locking)
{
    struct error error = {0};
    const char *environment = locking->cli->environment->name;
    if (!hold_take(&locking->dir, environment, locking->who, locking->reason, NULL,
                   &error)) {
        return fail(&error);
    }
    struct hold *hold = hold_read(&locking->dir, &error);
    printf("%s is locked (%s): no deploy starts; rollback and repair still do\n",
           environment, hold ? hold->id : "?");
    hold_destroy(hold);
    return EXIT_GO;
}

static int lift(struct locking *locking)
{
    struct error error = {0};
    struct hold *was = NULL;
    const char *environment = locking->cli->environment->name;
    if (!hold_lift(&locking->dir, environment, locking->who, locking->reason, locking->id,
                   &was, &error)) {
        return fail(&error);
    }
    char *words = hold_words(was);
    printf("%s is not locked any more; it was, by %s\n", environment, words);
    free(words);
    hold_destroy(was);
    return EXIT_GO;
}

static int steal(struct locking *locking)
{
    struct error error = {0};
    struct lease_view was = {0};
    const struct environment *environment = locking->cli->environment;
    if (!coordinator_wanted(environment)) {
        return cli_usage(locking->command, "%s has no lease: nothing in coordination",
                         environment->name);
    }
    http_begin(); /* a password may be kept by a service */
    int64_t deadline = coordinator_deadline(environment, LEASE_PATIENCE);
    bool done = lease_steal(environment, &locking->dir, locking->who, locking->reason,
                            locking->lease, deadline, &was, &error);
    if (done) {
        char *words = lease_view_words(&was);
        char span[TEXT_SPAN];
        text_span(span, was.left);
        printf("the lease is taken from %s; it is free in %s, and its run starts no "
               "further step\n",
               words, span);
        free(words);
    }
    lease_view_finish(&was);
    return done ? EXIT_GO : fail(&error);
}

/* ---- the sub-commands ---- */

static int act_on(struct locking *locking, int (*act)(struct locking *locking))
{
    int status = EXIT_GO;
    struct error error;
    if (!locking->reason || !*locking->reason) {
        return cli_usage(locking->command, "a --reason is needed, for whoever meets it");
    }
    if (locking->cli->read_only) {
        return cli_usage(locking->command, "--read-only changes nothing");
    }
    if (!cli_open(locking->cli, &status)) {
        return status;
    }
    if (!cli_statedir(locking->cli, &locking->dir, &error)) {
        return cli_fail(EXIT_INTERNAL, &error);
    }
    locking->who = events_operator();
    status = act(locking);
    free(locking->who);
    statedir_finish(&locking->dir);
    return status;
}

int cli_lock(struct cli *cli, int argc, char **argv)
{
    struct locking locking = {.cli = cli, .command = cli_command("lock")};
    const struct option_row rows[] = {
        {"reason", "TEXT", "why nothing is to be deployed", &locking.reason, NULL, NULL},
    };
    int status =
        cli_options(locking.command, rows, sizeof rows / sizeof rows[0], &argc, argv);
    if (status >= 0) {
        return status;
    }
    if (argc > 1) {
        return cli_usage(locking.command, "lock takes no \"%s\"", argv[1]);
    }
    return act_on(&locking, take);
}

int cli_unlock(struct cli *cli, int argc, char **argv)
{
    struct locking locking = {.cli = cli, .command = cli_command("unlock")};
    const struct option_row rows[] = {
        {"reason", "TEXT", "why it may go on", &locking.reason, NULL, NULL},
        {"lease", "ID", "take the lease from the run that holds it", &locking.lease, NULL,
         NULL},
    };
    int status =
        cli_options(locking.command, rows, sizeof rows / sizeof rows[0], &argc, argv);
    if (status >= 0) {
        return status;
    }
    locking.id = argc > 1 ? argv[1] : NULL;
    if (argc > 2 || (locking.lease && locking.id)) {
        return cli_usage(locking.command, "one lock at a time: an ID, or --lease ID");
    }
    return act_on(&locking, locking.lease ? steal : lift);
}
