/* The replicas of a master, as its INFO tells of them: shown as evidence, and held
 * against `redis.thresholds`. Pure. */
#ifndef GREENBOARD_CHECKS_REDIS_REPLICAS_H
#define GREENBOARD_CHECKS_REDIS_REPLICAS_H

#include "board/result.h"

#include <jansson.h>

/* How far the last of them is behind, in time and bytes. */
void replicas_show(const char *info, struct result *result);
void replicas_judge(const char *info, const json_t *thresholds, struct result *result);

#endif
