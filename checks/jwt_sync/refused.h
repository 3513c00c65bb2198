/* Why is a sound token refused? It verifies under the canonical secret and says what the
 * configuration wants, so the fault is with who refuses it. Told from what that service
 * answers, from its clock, and from what its own secret is known to be. For workers. */
#ifndef GREENBOARD_CHECKS_JWT_SYNC_REFUSED_H
#define GREENBOARD_CHECKS_JWT_SYNC_REFUSED_H

#include "board/check.h"
#include "checks/jwt_sync/show.h"

#include <stdbool.h>

enum { REFUSED_LEEWAY = 60 }; /* seconds that clocks may differ */

/* `same`: the backend's own secret could be read, and is the canonical one. */
void refused_by_backend(const struct shown *shown, bool same, struct result *result);
/* By the one who issued it, or whom the backend asks. */
void refused_by_validate(const char *service, const struct shown *shown,
                         struct result *result);

#endif
