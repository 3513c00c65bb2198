/* One alert: quiet or raised, by what its check answered and what the trail says.
 *
 * A FAIL with the evidence of its rule raises it, an OK clears it, and everything else
 * leaves it as it is: that hysteresis is for telling people once, and the gate never
 * reads it. No clock and no store: whoever owns a struct alert may call. Times are wall
 * time, since they outlive the process and the machine. */
#ifndef GREENBOARD_ALERT_ALERT_H
#define GREENBOARD_ALERT_ALERT_H

#include "alert/rules.h"
#include "board/result.h"

#include <stdbool.h>
#include <stdint.h>

struct alert {
    const struct alert_rule *rule;
    bool raised;
    bool recorded; /* the trail says that it is raised */
    /* ms since 1970: raised last, cleared after that, and of the newest answer that
     * raises or clears; 0: never */
    int64_t since, until, decided;
    char *what; /* raised it last: what, who and the remedy; NULL: never */
};

enum alert_change { ALERT_SAME, ALERT_RAISED, ALERT_CLEARED };

void alert_init(struct alert *alert, const struct alert_rule *rule);
void alert_finish(struct alert *alert);

enum alert_change alert_judge(struct alert *alert, const struct result *result);

/* What the newest event of the trail says of it; a zeroed one where there is none. */
struct alert_record {
    bool raised;
    int64_t at;    /* ms since 1970: of the event */
    int64_t since; /* and, where it is raised, from when on */
    const char *what;
};

/* The newer of both holds, the trail or an answer that came before it was read. */
enum alert_change alert_learn(struct alert *alert, const struct alert_record *record);

/* How long it was raised, or has been at `wall` (ms since 1970); in ns. */
int64_t alert_lasted(const struct alert *alert, int64_t wall);

#endif
