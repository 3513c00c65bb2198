/* The backend: knows the current user by the token, looks at its stores, and counts
 * logins. */
#ifndef GREENBOARD_SANDBOX_BACKEND_H
#define GREENBOARD_SANDBOX_BACKEND_H

#include "sandbox/http.h"

extern const struct http_route backend_routes[]; /* their context is the struct sandbox */

#endif
