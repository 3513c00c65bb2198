/* THE table of what can be announced: the words of `notify.on`, the manual, and whoever
 * announces read these rows. It stands in this room because its words are configuration.
 * Constant. */
#ifndef GREENBOARD_CONFIG_NOTICES_H
#define GREENBOARD_CONFIG_NOTICES_H

/* Id, word, what happened. */
#define NOTICES(X)                                                                       \
    X(NOTICE_STARTED, "started", "the command of a run starts")                          \
    X(NOTICE_FINISHED, "finished", "a deploy is over, well or not")                      \
    X(NOTICE_REFUSED, "refused", "a run was refused; its command was not started")       \
    X(NOTICE_ROLLED_BACK, "rolled_back", "a rollback is over, well or not")              \
    X(NOTICE_REPAIRED, "repaired", "a repair is over, well or not")                      \
    X(NOTICE_WAITING, "waiting", "a run waits for somebody's decision")                  \
    X(NOTICE_ALERT_RAISED, "alert_raised", "an alert was raised")                        \
    X(NOTICE_ALERT_CLEARED, "alert_cleared", "an alert is over")

enum notice_kind {
#define NOTICES_ENUM(id, word, help) id,
    NOTICES(NOTICES_ENUM)
#undef NOTICES_ENUM
        NOTICE_COUNT
};

#endif
