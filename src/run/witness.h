/* Asks what verification asks besides the checks, all at once, each on a thread of its
 * own, while the supervisor goes on answering its control socket.
 *
 * Main thread of a supervisor, which owns the struct. */
#ifndef GREENBOARD_RUN_WITNESS_H
#define GREENBOARD_RUN_WITNESS_H

#include "run/course.h"
#include "run/proof.h"

#include <stdatomic.h>

struct witness;

struct witnesses {
    struct watch *watch;
    struct witness *rows;
    bool asked;
    size_t count;
    char **env; /* of the commands */
    int done;   /* eventfd: how many have answered */
    atomic_bool cancelled;
};

bool witnesses_begin(struct witnesses *witnesses, struct course *course,
                     struct error *error);
void witnesses_finish(struct witnesses *witnesses);

/* Of a run that is not verified anyway: what nobody has asked yet is asked once, since it
 * may say why. */
void witnesses_hear(struct witnesses *witnesses);

/* The `besides` of a proof; `self` is the struct witnesses. */
enum besides witnesses_ask(void *self, int64_t until);

/* What each answered last, into the record; what is not good is a reason of the judgement
 * after the run too. The remedy of the first, for the caller to free; NULL: all good. */
char *witnesses_record(const struct witnesses *witnesses, struct run *run);

#endif
