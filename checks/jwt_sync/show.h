/* Shows a token to those who must judge it: the backend, by its protected route
 * (auth_flow.user), and each service that says by `validate` how it is asked. For
 * workers. */
#ifndef GREENBOARD_CHECKS_JWT_SYNC_SHOW_H
#define GREENBOARD_CHECKS_JWT_SYNC_SHOW_H

#include "board/check.h"

#include <stdbool.h>
#include <stdint.h>

enum reception { ACCEPTED, REJECTED, UNCLEAR };

struct shown {
    enum reception reception; /* UNCLEAR: the result says why */
    int status;               /* 0: nobody answered */
    char *detail;             /* what the service says of it, "" where nothing */
    int64_t skew; /* ms that its clock is ahead of ours; 0 where it does not tell */
};

/* `label` goes before evidence keys. The token may be NULL: none is sent. */
void show_to_backend(const struct job *job, const char *label, const char *token,
                     struct shown *shown, struct result *result);
/* `service` is one with `validate`. Also a reply of 200 is a refusal where it says so. */
void show_to_validate(const struct job *job, const char *service, const char *token,
                      struct shown *shown, struct result *result);
void shown_finish(struct shown *shown);

#endif
