/* What a supervisor says of its run as it goes: to the launcher, to the record, to the
 * trail.
 *
 * The supervisor's main thread alone. What has to be durable is before the function
 * returns. */
#ifndef GREENBOARD_RUN_JOURNAL_H
#define GREENBOARD_RUN_JOURNAL_H

#include "alert/courier.h"
#include "base/error.h"
#include "store/events.h"
#include "store/runs.h"

#include <jansson.h>
#include <stdbool.h>

struct journal {
    struct statedir dir;
    struct events events;
    struct run *run;
    int launcher;                    /* a socket, perhaps with nobody at its other end */
    struct environment *environment; /* journal_tell_people()'s; NULL: nobody is told */
    struct courier *courier;
    int status; /* of enum exit_status: what the supervisor is about to exit with */
    /* called once the end is recorded, before anybody is told; NULL: nothing to do */
    void (*settle)(void *self);
    void *self;
};

/* From when on the configuration is known to be the confirmed one: whom another names is
 * told nothing. Once; keeps a reference, and starts what delivers. */
void journal_tell_people(struct journal *journal, const struct environment *environment);
/* Into the outbox, when whatever waits for a disk may. `reasons` may be NULL. */
void journal_announce(struct journal *journal, enum notice_kind kind,
                      char *const *reasons);

bool journal_record(struct journal *journal, struct error *error);
bool journal_enter(struct journal *journal, enum run_phase phase, struct error *error);
/* The same without waiting for the disk. */
bool journal_note(struct journal *journal, enum run_phase phase, struct error *error);
bool journal_append(struct journal *journal, enum event_kind kind, const char *text,
                    json_t *take_data, struct error *error);
void journal_cancel(struct journal *journal, const char *operator_name, const json_t *who,
                    const char *reason);

/* On the trail before the record says so. Where that fails the run keeps no end: it
 * blocks until somebody looked. `reasons` may be NULL, and `hint`. */
void journal_end(struct journal *journal, enum run_outcome outcome, int status,
                 enum event_kind kind, char *const *reasons, const char *hint);

/* A run that was never recorded: told, and written to the trail where that is open. */
void journal_turn_away(struct journal *journal, int status, const struct error *error);

#endif
