/* THE table of alerts: what is worth telling once when it begins, and once when it is
 * over. The machine, the manual and the tests read these rows. Constant. */
#ifndef GREENBOARD_ALERT_RULES_H
#define GREENBOARD_ALERT_RULES_H

/* Id, name, the check whose answers are watched, the evidence that raises it where the
 * answer is FAIL (its value says who or what is meant), title, help. */
#define ALERTS(X)                                                                        \
    X(ALERT_JWT_MISMATCH, "jwt.mismatch", "jwt_sync", "mismatch", "JWT secrets differ",  \
      "a service was found to use another JWT secret than the canonical one, by "        \
      "fingerprint or by behaviour")

enum alert_id {
#define ALERTS_ENUM(id, name, check, evidence, title, help) id,
    ALERTS(ALERTS_ENUM)
#undef ALERTS_ENUM
        ALERT_COUNT
};

struct alert_rule {
    const char *name, *check, *evidence, *title, *help;
};
extern const struct alert_rule alert_rules[ALERT_COUNT];

#endif
