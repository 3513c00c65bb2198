/* The check contract: one question put to the environment.
 *
 * A check is a const descriptor, one file in checks/ that ends in it, and one line in
 * checks/checks.mk. prepare() runs on the main thread and copies what it needs from the
 * board into the job; ask() runs on a worker, blocks until it has an answer or
 * job->deadline passes, and fills the result: at the deadline it says FAIL at the rung it
 * reached. No globals, no printing, no exit. The environment and the secrets of a job are
 * immutable, so ask() reads them freely. */
#ifndef GREENBOARD_BOARD_CHECK_H
#define GREENBOARD_BOARD_CHECK_H

#include "board/result.h"
#include "board/secrets.h"
#include "config/config.h"
#include "source/source.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct board;
struct check;
struct tunnels;

struct job {
    const struct check *check;
    const char *name; /* of the light: the check's, or what `checks[].name` says */
    const struct environment *environment;
    /* check->section of it, or the entry of `checks`; may be NULL */
    const json_t *section;
    const struct secrets *secrets; /* every source that the environment names, resolved */
    struct tunnels *tunnels;       /* tunnel/tunnels.h; NULL: no store is asked so */
    /* what the light that `told_by` of the section names answered last, NULL: nothing */
    const struct result *told;
    int64_t deadline; /* clock_now() time */
    /* a preflight or an explicit request: forgeries are sent, logins topped up */
    bool thorough;
    void *prepared;               /* prepare()'s, freed with free() */
    const atomic_bool *cancelled; /* true: nobody waits for the answer any more */
};

struct check {
    const char *name;  /* jwt_sync */
    const char *title; /* JWT sync */
    const char *help;  /* the question, for --help and the manual */
    const char *test;  /* its name as a test case of a JUnit report, NULL: `name` */
    /* JSON pointer into the environment, NULL: an entry of `checks`; with "*" as one
     * part, a light for each entry of that map that has the rest, "backend settings", or,
     * where nothing follows, that a `via` names, "tunnel bastion" */
    const char *section;
    /* checks whose failure explains this one's, NULL-terminated or NULL */
    const char *const *needs;
    bool asks_nobody; /* looks at the configuration alone: its OK proves nothing of the
                         environment, so that it does not open the gate by itself */
    /* about the release that is about to ship: asked once that is known, and no part of
     * what proves a run that goes back to another one */
    bool of_release;
    int64_t period; /* where the section has none */
    int64_t deadline;
    void (*prepare)(const struct board *board, struct job *job); /* may be NULL */
    void (*ask)(const struct job *job, struct result *result);
};

/* What a job needs of a secret: the handle, borrowed from the snapshot, or NULL with the
 * result set to say why not: FAIL where its source is broken, UNKNOWN where it is absent
 * (nothing to ask with). */
struct secret *job_secret(const struct job *job, const json_t *source,
                          struct result *result);

/* What a job asks a source with that is not in its snapshot: until its own deadline. */
struct source_context job_source(const struct job *job);

#endif
