/* The control socket of a run, below the run-time directory.
 *
 * Owner verified on both sides: the directory and the peer's uid (SO_PEERCRED). One
 * thread each side. */
#ifndef GREENBOARD_RUN_CONTROL_H
#define GREENBOARD_RUN_CONTROL_H

#include "base/error.h"
#include "store/question.h"
#include "store/runs.h"

#include <jansson.h>
#include <stdbool.h>

/* Client: waits for the supervisor's answer, at most two seconds. */
bool control_cancel(const struct statedir *dir, const char *run,
                    const char *operator_name, const char *reason, struct error *error);
/* An answer to what the run asks. `confirm` is the environment's name, which a rollback
 * wants; else NULL. */
bool control_decide(const struct statedir *dir, const char *run,
                    const struct ruling *decision, const char *confirm,
                    struct error *error);
/* The same without waiting, for who may not: a descriptor to poll, -1 with an error; then
 * control_answered() once it is readable, which closes it. */
int control_send_decision(const struct statedir *dir, const char *run,
                          const struct ruling *ruling, const char *confirm,
                          struct error *error);
bool control_readable(int fd);
bool control_answered(int fd, struct error *error);
/* True where the caller is beneath the command that the run ships with. */
bool control_guard(const struct statedir *dir, const char *run, struct error *error);
/* {"run": …, "phase": …}; NULL where no supervisor answers. */
json_t *control_status(const struct statedir *dir, const char *run, struct error *error);

/* Supervisor's side. */
struct control {
    int listener, peer; /* -1: none */
    char *path, *name;  /* name: within the run-time directory */
    int directory;
};
enum request_kind { REQUEST_STATUS, REQUEST_CANCEL, REQUEST_DECIDE, REQUEST_GUARD };
struct request {
    enum request_kind kind;
    pid_t peer; /* who asks, as the kernel says */
    char *operator_name, *reason;
    json_t *who;            /* who_facts() of who asks, or NULL */
    char *confirm;          /* REQUEST_DECIDE */
    struct ruling decision; /* REQUEST_DECIDE: step, attempt, choice, reason */
};
bool control_open(struct control *control, const struct statedir *dir, const char *run,
                  struct error *error);
void control_close(struct control *control); /* a finished one is fine */
/* Takes what came in; true where a request is there, to be answered with
 * control_answer(). */
bool control_take(struct control *control, struct request *request);
void control_answer(struct control *control, json_t *take_answer);
void request_finish(struct request *request);

#endif
