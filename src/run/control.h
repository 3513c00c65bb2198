/* The control socket of a run, below the run-time directory: `cancel` and `status`.
 *
 * Owner verified on both sides: the directory and the peer's uid (SO_PEERCRED). One
 * thread each side. */
#ifndef GREENBOARD_RUN_CONTROL_H
#define GREENBOARD_RUN_CONTROL_H

#include "base/error.h"
#include "store/runs.h"

#include <jansson.h>
#include <stdbool.h>

/* Client: waits for the supervisor's answer, at most two seconds. */
bool control_cancel(const struct statedir *dir, const char *run,
                    const char *operator_name, const char *reason, struct error *error);
/* {"run": …, "phase": …}; NULL where no supervisor answers. */
json_t *control_status(const struct statedir *dir, const char *run, struct error *error);

/* Supervisor's side. */
struct control {
    int listener, peer; /* -1: none */
    char *path, *name;  /* name: within the run-time directory */
    int directory;
};
struct request {
    bool cancel; /* else status */
    char *operator_name, *reason;
};
bool control_open(struct control *control, const struct statedir *dir, const char *run,
                  struct error *error);
void control_close(struct control *control); /* a finished one is fine */
/* Takes what came in; true where a request is there, to be answered with
 * control_answer(). */
bool control_take(struct control *control, struct request *request);
void control_answer(struct control *control, const json_t *answer);
void request_finish(struct request *request);

#endif
