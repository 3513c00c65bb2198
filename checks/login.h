/* One login at the service auth, as `auth_flow.login` says, with the token that came
 * back. auth_flow, jwt_sync and auth_rate log in by this. For workers; the caller owns
 * the struct. */
#ifndef GREENBOARD_CHECKS_LOGIN_H
#define GREENBOARD_CHECKS_LOGIN_H

#include "board/check.h"
#include "checks/request.h"

#include <stdbool.h>

/* The evidence that tells auth's clock, and its value where that agrees with ours. */
#define LOGIN_CLOCK      "auth clock"
#define LOGIN_CLOCK_FINE "as ours"

struct login {
    bool sent;   /* auth was asked, or could not be found: it counts as an attempt */
    char *token; /* what auth issued, NULL where the login failed */
};

/* Adds evidence, phases and the rung to the result. On false the result is set and says
 * why: nobody there, rejected, not understood, or no token in the reply. The login is
 * always to be finished. */
bool login_try(const struct job *job, struct login *login, struct result *result);
void login_finish(struct login *login); /* the token is cleansed */

/* Logs in `count` times: once, and where that succeeds (else a probe is soon locked out)
 * the others side by side, begun 5 ms apart. Counts them in result->attempts and
 * ->succeeded. On false the result is set by one that failed. */
bool login_often(const struct job *job, unsigned count, struct result *result);

/* The route of the backend that `auth_flow.user` names; `label` goes before the evidence.
 * And asking it as the owner of that token; the request is the caller's, for
 * answer_good(). */
struct request login_user_request(const struct job *job, const char *label);
bool login_ask_user(const struct job *job, const char *label, const char *token,
                    struct request *request, struct answer *answer,
                    struct result *result);

#endif
