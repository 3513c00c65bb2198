/* A run in its course: what the supervisor and the steps of a run share.
 *
 * The supervisor's main thread alone. The order of the steps is the promise: lock,
 * backup, what comes before, configuration, checks, gate and what was confirmed, the
 * command held back, the event on disk, the command; then what comes after, the checks
 * again, the event on disk, the record, the lock. */
#ifndef GREENBOARD_RUN_COURSE_H
#define GREENBOARD_RUN_COURSE_H

#include "run/admission.h"
#include "run/command.h"
#include "run/handover.h"
#include "run/journal.h"
#include "run/plan.h"
#include "run/proof.h"
#include "cast/recording.h"
#include "run/watch.h"

#include <stdbool.h>
#include <stdint.h>

struct course {
    struct handover wanted;
    const struct check *const *checks;
    struct intent intent; /* of this run: another than wanted once it is a successor */
    struct journal journal;
    struct admission admission;
    struct watch watch;
    struct config *config;
    const struct environment *environment;
    struct proof proof; /* the board that the gate was asked about */
    int64_t proved;     /* when its first question was asked */
    struct plan *plan;  /* until the gate was asked: without what only a board tells */
    struct run *run;    /* the journal's */
    struct recording recording;
    char *directory; /* runs/ID */
    bool held;       /* `command` is held back, for the answers to its checks */
    struct command command;
    int64_t lost;       /* of watch.lost: what is on the trail */
    bool shipped;       /* the command that ships or mends was started */
    bool timed_out;     /* and ended at its time-out */
    bool restored;      /* files were put back, by a rollback */
    char *remedy;       /* for what verification found, or NULL */
    char *back_release; /* what a rollback that was decided on goes back to */
    char *back_run;
    bool decided; /* the question of the record is answered, with: */
    enum choice choice;
    json_t *decided_by; /* who_facts() of who decided; NULL: nobody but us */
};

/* How a step went. */
enum step_end {
    STEP_DONE,
    STEP_FAILED, /* somebody may decide what now */
    STEP_AGAIN,  /* what was proved no longer counts: from the re-reading on */
    STEP_OVER,   /* the run is ended, and says so */
};

/* ---- ends.c ---- */

/* All end the run before its command and return STEP_OVER. */
enum step_end course_refuse(struct course *course, int status, char *const *reasons,
                            const char *hint);
enum step_end course_refuse_error(struct course *course, int status, struct error *error);
enum step_end course_refuse_cancelled(struct course *course);
int course_status_of(const struct error *error); /* of enum exit_status */

/* Ends it after its command. */
void ends_failed(struct course *course, const struct planned *planned,
                 const struct step *step);
void ends_verified(struct course *course);
/* Why a step failed, in a line; the caller frees. */
char *ends_failure(const struct course *course, const struct planned *planned,
                   const struct step *step);

/* ---- steps, each in the file of its name ---- */

/* All of them; false where the run ended in the decision to roll back. */
bool walk_steps(struct course *course);

bool interlock_read(struct course *course); /* false: refused */
enum step_end interlock_reread(struct course *course);
/* Asks every check anew, of a run that ships `release` (NULL: the board asks for it);
 * false where it was cancelled. */
bool interlock_prove(struct course *course, const char *release);
enum step_end interlock_ask(struct course *course);
enum step_end interlock_gate(struct course *course);
enum step_end interlock_need(struct course *course);

/* The command that ships is made before the checks are asked, and held back: from the
 * last answer to its start there is little left to do. */
bool execute_prepare(struct course *course, struct error *error);
void execute_forget(struct course *course); /* it was not started */
enum step_end execute_step(struct course *course, const struct planned *planned,
                           struct step *step);

enum step_end verify_step(struct course *course, struct step *step);

enum step_end keeping_before(struct course *course, struct step *step);
enum step_end keeping_restore(struct course *course, struct step *step);
/* Where that fails the step says so: what runs, runs. */
void keeping_after(struct course *course, struct step *step);
/* What a rollback puts back, as part of the plan; fine for other kinds. */
bool keeping_foresee(struct course *course, struct error *error);
/* After a rollback: what is unusual now, in the record. */
void keeping_unusual(struct course *course);

/* ---- what its commands print (record.c) ---- */

bool record_begin(struct course *course); /* false: refused */
/* What could not be recorded becomes the trouble of the run. */
void record_note(struct course *course);
void record_end(struct course *course); /* before the end of the run is on the trail */

/* ---- people (guide.c) ---- */

/* Asks whoever watches what is to be done about a step that failed, and waits. Without
 * anybody to ask it is CHOICE_ABORT. */
enum choice guide_ask(struct course *course, const struct planned *planned,
                      struct step *step, const char *why);

/* While a command is silent; the answer is left in the course. */
void guide_ask_silent(struct course *course, const struct step *step, int64_t silence);
void guide_withdraw(struct course *course);

/* An answer that came in over the control socket. False with an error: it decides
 * nothing. */
bool guide_take(void *course, const struct request *request, struct error *error);

/* The release and run that a rollback would go back to; false where there is none. The
 * caller frees both. */
bool guide_way_back(const struct course *course, char **release, char **run);

#endif
