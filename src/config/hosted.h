/* Which Cloud Run service an entry of `services` is, as its sources tell. Pure; any
 * thread. */
#ifndef GREENBOARD_CONFIG_HOSTED_H
#define GREENBOARD_CONFIG_HOSTED_H

#include <jansson.h>

/* "projects/P/locations/L/services/S" from settings.from or jwt_secret, whose first
 * source of that kind counts; NULL: neither names one. Borrowed from `root`, the merged
 * environment. */
const char *hosted_cloud_run(const json_t *root, const char *service);

#endif
