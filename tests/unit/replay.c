#include "unit.h"

#include "base/clock.h"
#include "cli/replay.h"

#include <string.h>

static void a_pause_is_as_long_as_it_was(void **state)
{
    (void)state;
    struct pace pace;
    struct error error = {0};
    assert_true(replay_pace(&pace, NULL, NULL, &error));
    assert_int_equal(replay_pause(&pace, CLOCK_SECOND, 4 * CLOCK_SECOND),
                     3 * CLOCK_SECOND);
    assert_int_equal(replay_pause(&pace, CLOCK_SECOND, 0), 0);
}

static void speed_and_limit_make_it_shorter(void **state)
{
    (void)state;
    struct pace pace;
    struct error error = {0};
    assert_true(replay_pace(&pace, "2", "1s", &error));
    assert_int_equal(replay_pause(&pace, 0, CLOCK_SECOND / 2), CLOCK_SECOND / 4);
    assert_int_equal(replay_pause(&pace, 0, CLOCK_SECOND * 3600), CLOCK_SECOND / 2);
    assert_true(replay_pace(&pace, "0.5", NULL, &error));
    assert_int_equal(replay_pause(&pace, 0, CLOCK_SECOND), 2 * CLOCK_SECOND);
}

static void what_is_no_pace_is_refused_by_name(void **state)
{
    (void)state;
    static const char *const speeds[] = {"", "0", "-1", "nan", "inf", "2x", "1e9"};
    struct pace pace;
    for (size_t i = 0; i < sizeof speeds / sizeof *speeds; i++) {
        struct error error = {0};
        assert_false(replay_pace(&pace, speeds[i], NULL, &error));
        assert_non_null(strstr(error.message, "--speed"));
    }
    struct error error = {0};
    assert_false(replay_pace(&pace, NULL, "soon", &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_is_as_long_as_it_was),
        cmocka_unit_test(speed_and_limit_make_it_shorter),
        cmocka_unit_test(what_is_no_pace_is_refused_by_name),
    };
    return unit_run("replay", tests);
}
