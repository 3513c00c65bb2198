#include "alert/alert.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdlib.h>

void alert_init(struct alert *alert, const struct alert_rule *rule)
{
    *alert = (struct alert){.rule = rule};
}

void alert_finish(struct alert *alert)
{
    free(alert->what);
    alert_init(alert, alert->rule);
}

static void begin(struct alert *alert, int64_t since, char *take_what)
{
    free(alert->what);
    alert->what = take_what;
    alert->since = since;
}

enum alert_change alert_judge(struct alert *alert, const struct result *result)
{
    const char *who = result_evidence_of(result, alert->rule->evidence);
    bool raises = result->state == STATE_FAIL && who;
    if (!raises && result->state != STATE_OK) {
        return ALERT_SAME;
    }
    alert->decided = result->wall;
    if (alert->raised == raises) {
        return ALERT_SAME;
    }
    alert->raised = raises;
    if (!raises) {
        alert->until = result->wall;
        return ALERT_CLEARED;
    }
    begin(alert, result->wall,
          mem_format("%s (%s): %s", alert->rule->title, who, result->remedy));
    return ALERT_RAISED;
}

enum alert_change alert_learn(struct alert *alert, const struct alert_record *record)
{
    bool before = alert->raised;
    alert->recorded = record->raised;
    if (record->at >= alert->decided) {
        alert->raised = record->raised;
        alert->decided = record->at;
    }
    if (record->raised) {
        begin(alert, record->since, mem_text(record->what));
    }
    if (alert->raised) {
        return before ? ALERT_SAME : ALERT_RAISED;
    }
    if (before || record->raised) {
        alert->until = alert->decided;
        return ALERT_CLEARED;
    }
    return ALERT_SAME;
}

int64_t alert_lasted(const struct alert *alert, int64_t wall)
{
    int64_t end = alert->raised ? wall : alert->until;
    return end > alert->since ? (end - alert->since) * CLOCK_MS : 0;
}
