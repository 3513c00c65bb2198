/* What alerts promise: raised once, cleared by green alone, and remembered by the trail
 * across consoles. */
#include "tests/unit/unit.h"

#include "alert/alerts.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "tests/unit/board_help.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SINCE INT64_C(1769861071218) /* 2026-01-31T12:04:31.218Z */

static const struct alert_rule *const rule = &alert_rules[ALERT_JWT_MISMATCH];

static struct result *answer(enum state state, bool differs, int64_t wall)
{
    struct result *result = result_create();
    result_set(result, state, "redeploy the backend", "it is %s", state_rows[state].word);
    if (differs) {
        result_evidence(result, "mismatch", "backend");
    }
    result->wall = wall;
    return result;
}

/* ---- one alert ---- */

static enum alert_change judge(struct alert *alert, enum state state, bool differs,
                               int64_t wall)
{
    struct result *result = answer(state, differs, wall);
    enum alert_change change = alert_judge(alert, result);
    result_destroy(result);
    return change;
}

static void a_mismatch_raises_once_however_often_it_is_answered(void **state)
{
    (void)state;
    struct alert alert;
    alert_init(&alert, rule);
    assert_int_equal(judge(&alert, STATE_OK, false, SINCE - 1), ALERT_SAME);
    assert_int_equal(judge(&alert, STATE_FAIL, true, SINCE), ALERT_RAISED);
    assert_string_equal(alert.what, "JWT secrets differ (backend): redeploy the backend");
    for (int i = 1; i < 5; i++) {
        assert_int_equal(judge(&alert, STATE_FAIL, true, SINCE + i), ALERT_SAME);
    }
    assert_true(alert.raised);
    assert_int_equal(alert.since, SINCE);
    assert_int_equal(alert_lasted(&alert, SINCE + 180000), 180 * CLOCK_SECOND);
    alert_finish(&alert);
}

static void green_alone_clears(void **state)
{
    (void)state;
    struct alert alert;
    alert_init(&alert, rule);
    judge(&alert, STATE_FAIL, true, SINCE);
    for (int other = 0; other < STATE_COUNT; other++) {
        if (other != STATE_OK) {
            assert_int_equal(judge(&alert, (enum state)other, false, SINCE + 1),
                             ALERT_SAME);
        }
    }
    assert_true(alert.raised);
    assert_int_equal(judge(&alert, STATE_OK, false, SINCE + 9000), ALERT_CLEARED);
    assert_int_equal(judge(&alert, STATE_OK, false, SINCE + 10000), ALERT_SAME);
    assert_int_equal(alert_lasted(&alert, SINCE + 60000), 9 * CLOCK_SECOND);
    assert_int_equal(judge(&alert, STATE_FAIL, true, SINCE + 11000), ALERT_RAISED);
    alert_finish(&alert);
}

static void a_failure_of_another_kind_raises_nothing(void **state)
{
    (void)state;
    struct alert alert;
    alert_init(&alert, rule);
    for (int other = 0; other < STATE_COUNT; other++) {
        bool fails = other == STATE_FAIL;
        assert_int_equal(judge(&alert, (enum state)other, !fails, SINCE), ALERT_SAME);
    }
    assert_false(alert.raised);
    alert_finish(&alert);
}

static void a_clock_that_was_set_back_makes_no_negative_span(void **state)
{
    (void)state;
    struct alert alert;
    alert_init(&alert, rule);
    judge(&alert, STATE_FAIL, true, SINCE);
    assert_int_equal(alert_lasted(&alert, SINCE - 5000), 0);
    judge(&alert, STATE_OK, false, SINCE - 5000);
    assert_int_equal(alert_lasted(&alert, SINCE), 0);
    alert_finish(&alert);
}

static void the_newer_of_trail_and_answer_holds(void **state)
{
    (void)state;
    enum { NONE = -1, QUIET, RAISED }; /* answered a second after SINCE, or not at all */
    static const struct {
        int answered;
        bool trail;
        int at; /* ms after SINCE */
        enum alert_change change;
        bool raised;
    } rows[] = {
        {NONE, true, 0, ALERT_RAISED, true},
        {NONE, false, 0, ALERT_SAME, false},
        {RAISED, true, 0, ALERT_SAME, true},
        {RAISED, false, 0, ALERT_SAME, true},
        {QUIET, true, 0, ALERT_CLEARED, false},
        {QUIET, false, 0, ALERT_SAME, false},
        {RAISED, true, 2000, ALERT_SAME, true},
        {RAISED, false, 2000, ALERT_CLEARED, false},
        {QUIET, true, 2000, ALERT_RAISED, true},
        {QUIET, false, 2000, ALERT_SAME, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct alert alert;
        struct alert_record record = {.raised = rows[i].trail,
                                      .at = SINCE + rows[i].at,
                                      .since = SINCE - 60000,
                                      .what = "as the trail has it"};
        alert_init(&alert, rule);
        if (rows[i].answered != NONE) {
            bool raises = rows[i].answered == RAISED;
            judge(&alert, raises ? STATE_FAIL : STATE_OK, raises, SINCE + 1000);
        }
        assert_int_equal(alert_learn(&alert, &record), rows[i].change);
        assert_int_equal(alert.raised, rows[i].raised);
        assert_int_equal(alert.recorded, rows[i].trail);
        if (rows[i].trail) {
            assert_int_equal(alert.since, SINCE - 60000);
            assert_string_equal(alert.what, "as the trail has it");
        }
        alert_finish(&alert);
    }
}

/* ---- a console's ---- */

static void never(const struct job *job, struct result *result)
{
    (void)job;
    (void)result;
}

static const struct check check_sync = {.name = "jwt_sync",
                                        .section = "/jwt",
                                        .period = CLOCK_SECOND,
                                        .deadline = CLOCK_SECOND,
                                        .ask = never};
static const struct check *const checks[] = {&check_sync, NULL};

static char *home;
static struct statedir dir;
static struct environment *environment;

static int begin(void **state)
{
    (void)state;
    char template[] = "/tmp/greenboard-alert-XXXXXX";
    home = mem_text(mkdtemp(template));
    environment = make_environment(CLASS_STAGING, EMPTY);
    return statedir_open(&dir, home, environment, NULL) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    environment_unref(environment);
    statedir_finish(&dir);
    fs_remove_tree(home);
    free(home);
    return 0;
}

/* What a console has of all this. */
struct place {
    struct board *board;
    struct store *store;
    struct alerts alerts;
};

static void open_place(struct place *place)
{
    place->board = board_create(environment, checks);
    place->store = store_create(&dir, false);
    alerts_init(&place->alerts, place->board, place->store, "ada@ops-1");
}

static void close_place(struct place *place)
{
    alerts_finish(&place->alerts);
    store_destroy(place->store);
    board_destroy(place->board);
}

static void say(struct place *place, enum state state, bool differs)
{
    struct light *light = &place->board->lights[0];
    board_take(place->board, light, answer(state, differs, clock_wall()));
    alerts_answer(&place->alerts, light);
}

/* Until what the trail says was taken over by one who may write. */
static void wait_until_it_writes(struct place *place)
{
    int64_t until = clock_now() + 20 * CLOCK_SECOND;
    while (!place->alerts.writes && clock_now() < until) {
        alerts_step(&place->alerts);
        poll(NULL, 0, 5);
    }
    assert_true(place->alerts.writes);
}

/* The alert events of the trail as letters, R and C, oldest first. Only when nobody has
 * anything left to write. */
static void assert_trail(const char *expected)
{
    struct events events;
    struct entries entries;
    struct buf told;
    buf_init(&told, 0);
    assert_true(events_open(&events, dir.events, DB_READ, NULL));
    assert_true(events_list(&events, &(struct events_filter){0}, &entries, NULL));
    for (size_t i = 0; i < entries.count; i++) {
        const struct entry *entry = &entries.rows[i];
        bool raised = strcmp(entry->type, "alert.raised") == 0;
        assert_true(raised || strcmp(entry->type, "alert.cleared") == 0);
        assert_string_equal(entry->environment, "here");
        assert_string_equal(entry->check, "jwt_sync");
        assert_non_null(strstr(entry->text, "jwt.mismatch"));
        assert_non_null(strstr(entry->text, raised ? "redeploy the backend" : "after"));
        buf_text(&told, raised ? "R" : "C");
    }
    assert_string_equal(buf_string(&told), expected);
    buf_finish(&told);
    entries_finish(&entries);
    events_close(&events);
}

static bool tells(const struct place *place, const char *words)
{
    const struct moment *moment = NULL;
    for (size_t back = 0; (moment = board_moment(place->board, back)); back++) {
        if (strstr(moment->text, words)) {
            return true;
        }
    }
    return false;
}

static void what_is_answered_before_the_trail_was_read_is_written_once(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    say(&place, STATE_FAIL, true);
    assert_true(tells(&place, "alert jwt.mismatch raised: JWT secrets differ (backend)"));
    wait_until_it_writes(&place);
    say(&place, STATE_FAIL, true);
    say(&place, STATE_UNKNOWN, false);
    say(&place, STATE_FAIL, true);
    say(&place, STATE_OK, false);
    say(&place, STATE_OK, false);
    assert_true(tells(&place, "alert jwt.mismatch cleared after"));
    close_place(&place);
    assert_trail("RC");
}

static void the_next_console_neither_raises_again_nor_forgets_to_clear(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    wait_until_it_writes(&place);
    say(&place, STATE_FAIL, true);
    int64_t since = place.alerts.rows[0].since;
    close_place(&place);
    assert_trail("R");

    open_place(&place);
    wait_until_it_writes(&place);
    assert_true(place.alerts.rows[0].raised);
    assert_int_equal(place.alerts.rows[0].since, since);
    assert_true(tells(&place, "alert jwt.mismatch raised since 2"));
    say(&place, STATE_FAIL, true);
    say(&place, STATE_FAIL, false);
    close_place(&place);
    assert_trail("R");

    open_place(&place);
    say(&place, STATE_OK, false); /* before it could know */
    wait_until_it_writes(&place);
    close_place(&place);
    assert_trail("RC");

    open_place(&place);
    wait_until_it_writes(&place);
    assert_false(place.alerts.rows[0].raised);
    say(&place, STATE_OK, false);
    close_place(&place);
    assert_trail("RC");
}

static void a_second_console_writes_only_once_it_took_over(void **state)
{
    (void)state;
    struct place first, second;
    open_place(&first);
    wait_until_it_writes(&first);
    open_place(&second);
    say(&second, STATE_FAIL, true);
    say(&first, STATE_FAIL, true);
    assert_true(second.alerts.rows[0].raised);
    assert_false(second.alerts.writes);
    close_place(&first);
    assert_trail("R");
    wait_until_it_writes(&second);
    say(&second, STATE_FAIL, true);
    say(&second, STATE_OK, false);
    close_place(&second);
    assert_trail("RC");
}

static void a_second_console_learns_and_leaves_the_writing_to_the_first(void **state)
{
    (void)state;
    struct place first, second;
    open_place(&first);
    wait_until_it_writes(&first);
    say(&first, STATE_FAIL, true);
    close_place(&first);
    open_place(&first);
    wait_until_it_writes(&first);
    open_place(&second);
    int64_t until = clock_now() + 20 * CLOCK_SECOND;
    while (!alerts_step(&second.alerts) && clock_now() < until) {
        poll(NULL, 0, 5);
    }
    assert_true(second.alerts.rows[0].raised);
    assert_false(second.alerts.writes);
    say(&second, STATE_OK, false);
    assert_true(second.alerts.rows[0].recorded);
    close_place(&second);
    say(&first, STATE_OK, false);
    close_place(&first);
    assert_trail("RC");
}

static void what_the_first_could_not_write_any_more_the_second_does(void **state)
{
    (void)state;
    struct place first, second;
    open_place(&first);
    wait_until_it_writes(&first);
    open_place(&second);
    say(&second, STATE_FAIL, true);
    close_place(&first);
    assert_trail("");
    wait_until_it_writes(&second);
    close_place(&second);
    assert_trail("R");
}

static void a_console_that_only_reads_still_tells(void **state)
{
    (void)state;
    struct place place = {.board = board_create(environment, checks)};
    alerts_init(&place.alerts, place.board, NULL, "ada@ops-1");
    assert_false(alerts_step(&place.alerts));
    say(&place, STATE_FAIL, true);
    assert_true(place.alerts.rows[0].raised);
    assert_true(tells(&place, "alert jwt.mismatch raised"));
    close_place(&place);
    assert_false(fs_exists(dir.events));
}

static void the_gate_never_looks_at_an_alert(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    say(&place, STATE_FAIL, true);
    struct light *light = &place.board->lights[0];
    struct result *fine = answer(STATE_OK, false, clock_wall());
    fine->began = clock_now();
    board_take(place.board, light, fine); /* the alert is not told of it: still raised */
    assert_true(place.alerts.rows[0].raised);
    assert_int_equal(gate_decide(place.board, clock_now()).decision, GATE_GO);
    alerts_answer(&place.alerts, light);
    struct result *other = answer(STATE_FAIL, false, clock_wall());
    other->began = clock_now();
    board_take(place.board, light, other);
    alerts_answer(&place.alerts, light);
    assert_false(place.alerts.rows[0].raised);
    assert_int_equal(gate_decide(place.board, clock_now()).decision, GATE_NO_GO);
    close_place(&place);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    json_begin();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mismatch_raises_once_however_often_it_is_answered),
        cmocka_unit_test(green_alone_clears),
        cmocka_unit_test(a_failure_of_another_kind_raises_nothing),
        cmocka_unit_test(a_clock_that_was_set_back_makes_no_negative_span),
        cmocka_unit_test(the_newer_of_trail_and_answer_holds),
        TEST(what_is_answered_before_the_trail_was_read_is_written_once),
        TEST(the_next_console_neither_raises_again_nor_forgets_to_clear),
        TEST(a_second_console_writes_only_once_it_took_over),
        TEST(a_second_console_learns_and_leaves_the_writing_to_the_first),
        TEST(what_the_first_could_not_write_any_more_the_second_does),
        TEST(a_console_that_only_reads_still_tells),
        TEST(the_gate_never_looks_at_an_alert),
    };
    return unit_run("alert", tests);
}
