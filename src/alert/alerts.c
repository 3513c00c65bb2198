#include "alert/alerts.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* Keys of an event's data besides EVENT_ALERT, which the next console reads. */
#define DATA_SINCE "since"
#define DATA_WHAT  "what"

void alerts_init(struct alerts *alerts, struct board *board, struct store *store,
                 const char *operator_name)
{
    *alerts =
        (struct alerts){.board = board, .store = store, .operator_name = operator_name};
    for (size_t i = 0; i < ALERT_COUNT; i++) {
        alert_init(&alerts->rows[i], &alert_rules[i]);
    }
}

void alerts_finish(struct alerts *alerts)
{
    for (size_t i = 0; i < ALERT_COUNT; i++) {
        alert_finish(&alerts->rows[i]);
    }
}

/* ---- telling ---- */

static void tell(const struct alerts *alerts, const struct alert *alert,
                 enum alert_change change)
{
    const char *name = alert->rule->name;
    if (change == ALERT_RAISED) {
        board_tell(alerts->board, STATE_FAIL, "alert %s raised: %s", name, alert->what);
    } else if (change == ALERT_CLEARED) {
        char lasted[TEXT_SPAN];
        text_span(lasted, alert_lasted(alert, 0));
        board_tell(alerts->board, STATE_OK, "alert %s cleared after %s", name, lasted);
    }
}

static void tell_learnt(const struct alerts *alerts, const struct alert *alert,
                        enum alert_change change)
{
    if (change == ALERT_RAISED) {
        char since[CLOCK_STAMP];
        clock_stamp(since, alert->since);
        board_tell(alerts->board, STATE_FAIL, "alert %s raised since %.19sZ: %s",
                   alert->rule->name, since, alert->what);
    } else {
        tell(alerts, alert, change);
    }
}

/* ---- writing ---- */

static void announce(const struct alerts *alerts, const struct alert *alert,
                     const char *text, const json_t *data)
{
    const struct board *board = alerts->board;
    char *said = mem_format("%s %s: %s", board->environment->system,
                            board->environment->name, text);
    json_t *facts = json_pack("{s:o, s:o, s:s}", "alert", json_deep_copy(data), "release",
                              json_text(board->release), "check", alert->rule->check);
    struct notice notice = {alert->raised ? NOTICE_ALERT_RAISED : NOTICE_ALERT_CLEARED,
                            said, facts};
    courier_tell(alerts->courier, &notice);
    json_decref(facts);
    free(said);
}

static void write_event(const struct alerts *alerts, const struct alert *alert)
{
    const char *name = alert->rule->name;
    char since[CLOCK_STAMP], lasted[TEXT_SPAN];
    int64_t span = alert_lasted(alert, alert->since);
    clock_stamp(since, alert->since);
    text_span(lasted, span);
    char *text = alert->raised ? mem_format("%s: %s", name, alert->what)
                               : mem_format("%s cleared after %s", name, lasted);
    json_t *data = json_pack("{s:s, s:s}", EVENT_ALERT, name, DATA_SINCE, since);
    if (alert->raised) {
        json_object_set_new(data, DATA_WHAT, json_text(alert->what));
    } else {
        json_object_set_new(data, "seconds", json_integer(span / CLOCK_SECOND));
    }
    struct event event = {.kind =
                              alert->raised ? EVENT_ALERT_RAISED : EVENT_ALERT_CLEARED,
                          .environment = alerts->board->environment->name,
                          .operator_name = alerts->operator_name,
                          .release = alerts->board->release,
                          .check = alert->rule->check,
                          .text = text,
                          .data = data};
    store_event(alerts->store, &event);
    announce(alerts, alert, text, data);
    json_decref(data);
    free(text);
}

static void write_changes(struct alerts *alerts)
{
    for (size_t i = 0; i < ALERT_COUNT && alerts->writes; i++) {
        struct alert *alert = &alerts->rows[i];
        if (alert->raised != alert->recorded) {
            write_event(alerts, alert);
            alert->recorded = alert->raised;
        }
    }
}

void alerts_answer(struct alerts *alerts, const struct light *light)
{
    for (size_t i = 0; i < ALERT_COUNT; i++) {
        struct alert *alert = &alerts->rows[i];
        if (strcmp(alert->rule->check, light->name) == 0) {
            tell(alerts, alert, alert_judge(alert, light->result));
        }
    }
    write_changes(alerts);
}

/* ---- reading ---- */

static const struct entry *entry_of(const struct entries *entries,
                                    const struct alerts *alerts, const char *name,
                                    json_t **data)
{
    for (size_t i = 0; i < entries->count; i++) {
        const struct entry *entry = &entries->rows[i];
        *data = json_parse(entry->data, strlen(entry->data), NULL);
        if (text_equal(json_get_text(*data, EVENT_ALERT), name) &&
            text_equal(entry->environment, alerts->board->environment->name)) {
            return entry;
        }
        json_decref(*data);
    }
    *data = NULL;
    return NULL;
}

/* An event without a time of its own counts from when it was written. */
static enum alert_change learn(struct alerts *alerts, struct alert *alert,
                               const struct entries *entries)
{
    json_t *data;
    struct alert_record record = {0};
    const struct entry *entry = entry_of(entries, alerts, alert->rule->name, &data);
    if (entry && clock_parse(entry->at, &record.at)) {
        const char *since = json_get_text(data, DATA_SINCE);
        const char *what = json_get_text(data, DATA_WHAT);
        record.raised = text_equal(entry->type, event_rows[EVENT_ALERT_RAISED].name);
        record.what = what ? what : alert->rule->title;
        if (!since || !clock_parse(since, &record.since)) {
            record.since = record.at;
        }
    }
    enum alert_change change = alert_learn(alert, &record);
    json_decref(data);
    return change;
}

bool alerts_step(struct alerts *alerts)
{
    struct entries entries;
    bool recorder, changed = false;
    if (!store_take_alerts(alerts->store, &entries, &recorder)) {
        return false;
    }
    for (size_t i = 0; i < ALERT_COUNT; i++) {
        enum alert_change change = learn(alerts, &alerts->rows[i], &entries);
        tell_learnt(alerts, &alerts->rows[i], change);
        changed = changed || change != ALERT_SAME;
    }
    entries_finish(&entries);
    alerts->writes = recorder;
    write_changes(alerts);
    return changed;
}
