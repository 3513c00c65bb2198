/* When the configuration lets nobody deploy, and moments as people write them. */
#include "tests/unit/unit.h"

#include "base/calendar.h"
#include "base/json.h"
#include "base/text.h"
#include "lock/freeze.h"

#include <string.h>

static int64_t at(const char *moment)
{
    int64_t wall = 0;
    if (!calendar_moment(moment, &wall)) {
        fail_msg("%s is no moment", moment);
    }
    return wall;
}

static struct closing look(const char *root, const char *moment)
{
    json_t *json = json_parse(root, strlen(root), NULL);
    assert_non_null(json);
    struct environment environment = {.root = json};
    struct closing closing = freeze_look(&environment, at(moment));
    closing.reason = closing.reason ? "given" : NULL;
    json_decref(json);
    return closing;
}

static void a_moment_is_read_with_its_zone(void **unused)
{
    (void)unused;
    assert_int_equal(at("1970-01-01T00:00:00Z"), 0);
    assert_int_equal(at("1970-01-01T02:00:00+02:00"), 0);
    assert_int_equal(at("1969-12-31T19:30:00.25-04:30"), 250);
    assert_int_equal(at("2024-02-29t12:00:00z"), at("2024-02-29T13:00:00+01:00"));
}

static void what_is_no_moment_is_refused(void **unused)
{
    (void)unused;
    static const char *const wrong[] = {
        "",
        "2026-12-24",
        "2026-12-24T00:00:00",
        "2026-12-24 00:00:00Z",
        "2026-12-24T00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-12-24T24:00:00Z",
        "2026-12-24T00:60:00Z",
        "2026-12-24T00:00:00.Z",
        "2026-12-24T00:00:00+0100",
        "2026-12-24T00:00:00+24:00",
        "2026-12-24T00:00:00 Europe/Berlin",
        "26-12-24T00:00:00Z",
        "2026-12-24T00:00:00ZZ",
    };
    int64_t wall;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (calendar_moment(wrong[i], &wall)) {
            fail_msg("\"%s\" was taken", wrong[i]);
        }
    }
}

static void hours_and_zones_are_read_or_refused(void **unused)
{
    (void)unused;
    int minutes;
    assert_true(calendar_hour("00:00", &minutes) && minutes == 0);
    assert_true(calendar_hour("24:00", &minutes) && minutes == CALENDAR_DAY);
    assert_false(calendar_hour("24:01", &minutes));
    assert_false(calendar_hour("9:00", &minutes));
    assert_false(calendar_hour("09:60", &minutes));
    assert_true(calendar_zone("UTC", &minutes) && minutes == 0);
    assert_true(calendar_zone("-03:30", &minutes) && minutes == -210);
    assert_false(calendar_zone("Europe/Berlin", &minutes));
    assert_false(calendar_zone("CET", &minutes));
    assert_false(calendar_zone("02:00", &minutes));
}

static void nothing_configured_is_never_closed(void **unused)
{
    (void)unused;
    assert_int_equal(look("{}", "2026-12-24T12:00:00Z").closed, CLOSED_NOT);
    struct closing closing =
        look("{\"freezes\": [], \"windows\": []}", "2026-12-24T12:00:00Z");
    assert_int_equal(closing.closed, CLOSED_NOT);
    assert_int_equal(closing.possible, at("2026-12-24T12:00:00Z"));
}

#define FREEZES                                                                          \
    "\"freezes\": [{\"from\": \"2026-12-20T00:00:00+01:00\", "                           \
    "\"to\": \"2026-12-27T00:00:00+01:00\", \"reason\": \"holidays\"}, "                 \
    "{\"from\": \"2026-12-26T00:00:00Z\", \"to\": \"2026-12-28T06:00:00Z\", "            \
    "\"reason\": \"stock-taking\"}]"

static void a_freeze_holds_from_its_first_moment_to_before_its_last(void **unused)
{
    (void)unused;
    assert_int_equal(look("{" FREEZES "}", "2026-12-19T22:59:59Z").closed, CLOSED_NOT);
    struct closing closing = look("{" FREEZES "}", "2026-12-19T23:00:00Z");
    assert_int_equal(closing.closed, CLOSED_FROZEN);
    assert_string_equal(closing.reason, "given");
    assert_int_equal(closing.since, at("2026-12-19T23:00:00Z"));
    assert_int_equal(closing.until, at("2026-12-26T23:00:00Z"));
    assert_int_equal(look("{" FREEZES "}", "2026-12-28T06:00:00Z").closed, CLOSED_NOT);
}

static void freezes_that_overlap_are_over_when_the_last_is(void **unused)
{
    (void)unused;
    struct closing closing = look("{" FREEZES "}", "2026-12-21T00:00:00Z");
    assert_int_equal(closing.possible, at("2026-12-28T06:00:00Z"));
}

/* 2026-01-05 is a Monday. */
#define OFFICE                                                                           \
    "\"windows\": [{\"days\": [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"], "           \
    "\"from\": \"09:00\", \"to\": \"17:00\", \"zone\": \"+02:00\"}]"

static void a_window_is_open_in_its_own_zone_alone(void **unused)
{
    (void)unused;
    static const struct {
        const char *at;
        enum closed closed;
        const char *possible;
    } rows[] = {
        {"2026-01-05T06:59:59Z", CLOSED_OUTSIDE, "2026-01-05T07:00:00Z"},
        {"2026-01-05T07:00:00Z", CLOSED_NOT, "2026-01-05T07:00:00Z"},
        {"2026-01-05T14:59:59Z", CLOSED_NOT, "2026-01-05T14:59:59Z"},
        {"2026-01-05T15:00:00Z", CLOSED_OUTSIDE, "2026-01-06T07:00:00Z"},
        {"2026-01-09T15:00:00Z", CLOSED_OUTSIDE, "2026-01-12T07:00:00Z"}, /* Friday */
        {"2026-01-11T10:00:00Z", CLOSED_OUTSIDE, "2026-01-12T07:00:00Z"}, /* Sunday */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct closing closing = look("{" OFFICE "}", rows[i].at);
        assert_int_equal(closing.closed, rows[i].closed);
        assert_int_equal(closing.possible, at(rows[i].possible));
    }
}

static void a_window_may_last_past_midnight(void **unused)
{
    (void)unused;
    static const char night[] = "{\"windows\": [{\"days\": [\"sun\"], \"from\": "
                                "\"22:00\", \"to\": \"04:00\", \"zone\": \"UTC\"}]}";
    assert_int_equal(look(night, "2026-01-04T21:59:59Z").closed, CLOSED_OUTSIDE);
    assert_int_equal(look(night, "2026-01-04T22:00:00Z").closed, CLOSED_NOT);
    assert_int_equal(look(night, "2026-01-05T03:59:59Z").closed, CLOSED_NOT);
    struct closing closing = look(night, "2026-01-05T04:00:00Z");
    assert_int_equal(closing.closed, CLOSED_OUTSIDE);
    assert_int_equal(closing.possible, at("2026-01-11T22:00:00Z"));
}

static void one_open_window_of_many_suffices(void **unused)
{
    (void)unused;
    static const char two[] =
        "{\"windows\": [{\"days\": [\"mon\"], \"from\": \"09:00\", \"to\": \"10:00\", "
        "\"zone\": \"UTC\"}, {\"days\": [\"mon\"], \"from\": \"20:00\", \"to\": "
        "\"24:00\", \"zone\": \"UTC\"}]}";
    assert_int_equal(look(two, "2026-01-05T23:59:59Z").closed, CLOSED_NOT);
    struct closing closing = look(two, "2026-01-05T12:00:00Z");
    assert_int_equal(closing.possible, at("2026-01-05T20:00:00Z"));
}

static void after_a_freeze_the_next_window_is_waited_for(void **unused)
{
    (void)unused;
    /* The freeze ends on Monday 2026-12-28 at 06:00Z, the window opens at 07:00Z. */
    struct closing closing = look("{" FREEZES ", " OFFICE "}", "2026-12-21T10:00:00Z");
    assert_int_equal(closing.closed, CLOSED_FROZEN);
    assert_int_equal(closing.possible, at("2026-12-28T07:00:00Z"));
}

static void after_a_very_long_freeze_a_window_is_still_found(void **unused)
{
    (void)unused;
    static const char forever[] =
        "{\"freezes\": [{\"from\": \"2026-01-01T00:00:00Z\", \"to\": "
        "\"9999-12-31T23:59:59Z\", \"reason\": \"moved\"}], \"windows\": [{\"days\": "
        "[\"mon\"], \"from\": \"09:00\", \"to\": \"10:00\", \"zone\": \"UTC\"}]}";
    struct closing closing = look(forever, "2026-06-01T09:30:00Z");
    assert_int_equal(closing.closed, CLOSED_FROZEN);
    assert_true(closing.possible > closing.until);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_moment_is_read_with_its_zone),
        cmocka_unit_test(what_is_no_moment_is_refused),
        cmocka_unit_test(hours_and_zones_are_read_or_refused),
        cmocka_unit_test(nothing_configured_is_never_closed),
        cmocka_unit_test(a_freeze_holds_from_its_first_moment_to_before_its_last),
        cmocka_unit_test(freezes_that_overlap_are_over_when_the_last_is),
        cmocka_unit_test(a_window_is_open_in_its_own_zone_alone),
        cmocka_unit_test(a_window_may_last_past_midnight),
        cmocka_unit_test(one_open_window_of_many_suffices),
        cmocka_unit_test(after_a_freeze_the_next_window_is_waited_for),
        cmocka_unit_test(after_a_very_long_freeze_a_window_is_still_found),
    };
    return unit_run("freeze", tests);
}
