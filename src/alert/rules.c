#include "alert/rules.h"

const struct alert_rule alert_rules[ALERT_COUNT] = {
#define ALERTS_ROW(id, name, check, evidence, title, help)                               \
    [id] = {name, check, evidence, title, help},
    ALERTS(ALERTS_ROW)
#undef ALERTS_ROW
};
