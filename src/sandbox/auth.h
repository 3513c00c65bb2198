/* The auth service: logs the probe in, issues tokens, and says whether a token is one of
 * its own. */
#ifndef GREENBOARD_SANDBOX_AUTH_H
#define GREENBOARD_SANDBOX_AUTH_H

#include "sandbox/http.h"

extern const struct http_route auth_routes[]; /* their context is the struct sandbox */

#endif
