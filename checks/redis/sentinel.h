/* Redis behind Sentinels (redis.io/docs/management/sentinel): all of them are asked at
 * once who the master is and whether they could fail over; then that master is asked. For
 * workers. */
#ifndef GREENBOARD_CHECKS_REDIS_SENTINEL_H
#define GREENBOARD_CHECKS_REDIS_SENTINEL_H

#include "checks/redis/single.h"

void sentinel_ask(const struct redis_asking *asking);

#endif
