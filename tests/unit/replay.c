#include "unit.h"

#include "base/clock.h"
#include "base/fs.h"
#include "cli/replay.h"
#include "cast/recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void a_pause_is_as_long_as_it_was(void **state)
{
    (void)state;
    struct pace pace;
    struct error error = {0};
    assert_true(replay_options(&pace, NULL, NULL, &error));
    assert_int_equal(pace_pause(&pace, CLOCK_SECOND, 4 * CLOCK_SECOND), 3 * CLOCK_SECOND);
    assert_int_equal(pace_pause(&pace, CLOCK_SECOND, 0), 0);
}

static void speed_and_limit_make_it_shorter(void **state)
{
    (void)state;
    struct pace pace;
    struct error error = {0};
    assert_true(replay_options(&pace, "2", "1s", &error));
    assert_int_equal(pace_pause(&pace, 0, CLOCK_SECOND / 2), CLOCK_SECOND / 4);
    assert_int_equal(pace_pause(&pace, 0, CLOCK_SECOND * 3600), CLOCK_SECOND / 2);
    assert_true(replay_options(&pace, "0.5", NULL, &error));
    assert_int_equal(pace_pause(&pace, 0, CLOCK_SECOND), 2 * CLOCK_SECOND);
}

static void what_is_no_pace_is_refused_by_name(void **state)
{
    (void)state;
    static const char *const speeds[] = {"", "0", "-1", "nan", "inf", "2x", "1e9"};
    struct pace pace;
    for (size_t i = 0; i < sizeof speeds / sizeof *speeds; i++) {
        struct error error = {0};
        assert_false(replay_options(&pace, speeds[i], NULL, &error));
        assert_non_null(strstr(error.message, "--speed"));
    }
    struct error error = {0};
    assert_false(replay_options(&pace, NULL, "soon", &error));
}

/* ---- playing ---- */

enum { START = 1000 }; /* s: any time of the clock */

static struct replay *opened(char path[64], double speed)
{
    static const char cast[] = "{\"version\": 2, \"width\": 80, \"height\": 24}\n"
                               "[1.0, \"o\", \"one\"]\n"
                               "[5.0, \"m\", \"step deploy\"]\n"
                               "[5.0, \"o\", \"two\"]\n";
    struct error error;
    const struct pace pace = {.speed = speed, .idle_limit = 3 * CLOCK_SECOND};
    char directory[] = "/tmp/gb-replay-XXXXXX";
    assert_non_null(mkdtemp(directory));
    snprintf(path, 64, "%s/" RECORDING_NAME, directory);
    assert_true(fs_replace(path, cast, sizeof cast - 1, 0600, &error));
    struct replay *replay = replay_open(path, &pace, START * CLOCK_SECOND);
    assert_non_null(replay);
    return replay;
}

static void closed(struct replay *replay, char path[64])
{
    replay_close(replay);
    *strrchr(path, '/') = '\0';
    fs_remove_tree(path);
}

static bool gives(struct replay *replay, double second, char code, const char *text)
{
    struct played event;
    int64_t now = (int64_t)((START + second) * (double)CLOCK_SECOND);
    return replay_next(replay, now, &event) && event.code == code &&
           event.length == strlen(text) && memcmp(event.text, text, event.length) == 0;
}

static void each_event_comes_when_it_is_due(void **state)
{
    (void)state;
    char path[64];
    struct replay *replay = opened(path, 1);
    assert_int_equal(replay_due(replay), (START + 1) * CLOCK_SECOND);
    assert_false(gives(replay, 0.9, 'o', "one"));
    assert_true(gives(replay, 1.2, 'o', "one"));
    assert_int_equal(replay_due(replay), (START + 4) * CLOCK_SECOND); /* 3 s at most */
    assert_false(gives(replay, 3.9, 'm', "step deploy"));
    assert_true(gives(replay, 4, 'm', "step deploy"));
    assert_false(replay_over(replay));
    assert_true(gives(replay, 4, 'o', "two"));
    assert_int_equal(replay_at(replay), 5 * CLOCK_SECOND);
    assert_true(replay_over(replay));
    assert_int_equal(replay_due(replay), INT64_MAX);
    closed(replay, path);
}

static void a_held_replay_goes_on_where_it_was(void **state)
{
    (void)state;
    char path[64];
    struct replay *replay = opened(path, 1);
    assert_int_equal(replay_due(replay), (START + 1) * CLOCK_SECOND);
    replay_hold(replay, true, START * CLOCK_SECOND + CLOCK_SECOND / 2);
    assert_int_equal(replay_due(replay), INT64_MAX);
    assert_false(gives(replay, 100, 'o', "one"));
    replay_hold(replay, false, (START + 100) * CLOCK_SECOND);
    assert_int_equal(replay_due(replay), (START + 100) * CLOCK_SECOND + CLOCK_SECOND / 2);
    closed(replay, path);
}

static void another_speed_holds_for_what_is_left(void **state)
{
    (void)state;
    char path[64];
    struct replay *replay = opened(path, 1);
    assert_int_equal(replay_due(replay), (START + 1) * CLOCK_SECOND);
    replay_pace(replay, 2, START * CLOCK_SECOND + CLOCK_SECOND / 2);
    assert_int_equal(replay_due(replay), START * CLOCK_SECOND + CLOCK_SECOND * 3 / 4);
    assert_true(gives(replay, 0.75, 'o', "one"));
    assert_int_equal(replay_due(replay), START * CLOCK_SECOND + CLOCK_SECOND * 9 / 4);
    closed(replay, path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_is_as_long_as_it_was),
        cmocka_unit_test(speed_and_limit_make_it_shorter),
        cmocka_unit_test(what_is_no_pace_is_refused_by_name),
        cmocka_unit_test(each_event_comes_when_it_is_due),
        cmocka_unit_test(a_held_replay_goes_on_where_it_was),
        cmocka_unit_test(another_speed_holds_for_what_is_left),
    };
    return unit_run("replay", tests);
}
