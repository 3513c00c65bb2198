/* What a lease promises, of a real Redis: one holder, who is told to all others; a number
 * that only grows; and a holder who slept past its end knows before it asks anybody. */
#include "tests/unit/lease_help.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "store/events.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- taking and giving back ---- */

static void one_holds_it_and_the_other_is_told_who(void **unused)
{
    (void)unused;
    needs_redis();
    struct error error = {0};
    struct lease *lease = keeper_must_lend("ada@ops-1");
    assert_null(keeper_lend("bob@ops-2", 1, &error));
    assert_int_equal(error.code, ERROR_BUSY);
    assert_non_null(strstr(error.message, "ada@ops-1"));
    assert_non_null(strstr(error.message, "20261123T151000Z-4f2a"));
    assert_non_null(strstr(error.message, "ship it"));
    assert_non_null(strstr(error.hint, keeper_id()));
    assert_true(lease_still_held(lease, &error));
    keeper_release(lease);
    assert_false(keeper_held());
    lease = keeper_must_lend("bob@ops-2");
    keeper_release(lease);
}

static void a_lease_outlives_its_time_while_it_is_renewed(void **unused)
{
    (void)unused;
    needs_redis();
    struct lease *lease = keeper_must_lend("ada@ops-1");
    int64_t before = 0, deadline = clock_now() + PATIENCE;
    /* Five renewals take longer than it lasts by itself. */
    for (int renewals = 0; renewals < 5 && clock_now() < deadline;) {
        struct lease_view view;
        keeper_look(&view);
        assert_true(view.held);
        renewals += view.left > before;
        before = view.left;
        lease_view_finish(&view);
        keeper_nap();
    }
    assert_true(clock_now() < deadline);
    assert_true(lease_still_held(lease, NULL));
    keeper_release(lease);
}

static void a_name_of_its_own_excludes_others_of_that_name(void **unused)
{
    (void)unused;
    needs_redis();
    struct error error;
    struct lease *lease = keeper_must_lend("ada@ops-1");
    keeper_configure("{\"redis\": \"environment\", \"name\": \"shared\"}");
    struct lease *other = keeper_must_lend("bob@ops-2");
    assert_null(keeper_lend("eve@ops-3", 1, &error));
    keeper_release(other);
    keeper_release(lease);
}

/* ---- the fence ---- */

static void the_fence_grows_with_each_taking(void **unused)
{
    (void)unused;
    needs_redis();
    int64_t last = 0;
    for (int i = 0; i < 4; i++) {
        struct lease *lease = keeper_must_lend("ada@ops-1");
        assert_true(lease_fence(lease) > last);
        last = lease_fence(lease);
        keeper_release(lease);
    }
    struct error error;
    struct lease *lease = keeper_lend("ada@ops-1", 1000, &error);
    assert_non_null(lease);
    assert_int_equal(lease_fence(lease), 1000); /* what this machine had given out */
    keeper_release(lease);
    lease = keeper_must_lend("bob@ops-2");
    assert_int_equal(lease_fence(lease), 1001);
    keeper_release(lease);
}

static void a_redis_that_forgot_is_told_again_and_no_fence_goes_back(void **unused)
{
    (void)unused;
    needs_redis();
    struct error error;
    struct lease *lease = keeper_lend("ada@ops-1", 700, &error);
    assert_non_null(lease);
    const char *id = keeper_id();
    assert_true(keeper_tell("FLUSHALL", NULL, NULL)); /* as a restart without its data */
    int64_t deadline = clock_now() + PATIENCE;
    while (!keeper_held() && clock_now() < deadline) {
        keeper_nap();
    }
    struct lease_view view;
    keeper_look(&view);
    assert_string_equal(view.id, id);
    lease_view_finish(&view);
    assert_int_equal(keeper_fence(), 700);
    assert_true(lease_still_held(lease, &error));
    keeper_release(lease);
}

/* ---- losing it ---- */

/* A child holds it and says so; stopped until Redis knows of no lease any more, it is
 * asked what it knows. Its thread cannot have renewed: it was stopped as well. */
static void a_holder_that_slept_past_its_end_knows_before_it_asks(void **unused)
{
    (void)unused;
    needs_redis();
    int said[2], question[2];
    char byte = 0;
    assert_int_equal(pipe(said), 0);
    assert_int_equal(pipe(question), 0);
    pid_t child = fork();
    if (child == 0) {
        struct error error = {0};
        struct lease *lease = keeper_lend("ada@ops-1", 1, &error);
        (void)!write(said[1], lease ? "t" : "f", 1);
        (void)!read(question[0], &byte, 1);
        bool held = !lease || lease_still_held(lease, &error);
        keeper_release(lease);
        _exit(!held && strstr(error.message, "ran out") ? 0 : 1);
    }
    assert_int_equal(read(said[0], &byte, 1), 1);
    assert_int_equal(byte, 't');
    assert_int_equal(kill(child, SIGSTOP), 0);
    keeper_await_free();
    assert_int_equal(write(question[1], "?", 1), 1);
    assert_int_equal(kill(child, SIGCONT), 0);
    int state = 0;
    assert_int_equal(waitpid(child, &state, 0), child);
    assert_true(WIFEXITED(state));
    assert_int_equal(WEXITSTATUS(state), 0);
    assert_false(keeper_held()); /* nor was it renewed */
    close(said[0]), close(said[1]), close(question[0]), close(question[1]);
}

static void what_cannot_be_renewed_is_lost_and_stays_so(void **unused)
{
    (void)unused;
    needs_redis();
    struct error error = {0};
    struct lease *lease = keeper_must_lend("ada@ops-1");
    keeper_stop();
    keeper_await_loss(lease, &error);
    assert_non_null(strstr(error.message, "could not be renewed"));
    keeper_start();
    assert_false(lease_still_held(lease, &error));
    struct lease *other = keeper_must_lend("bob@ops-2"); /* nothing was renewed since */
    assert_false(lease_still_held(lease, &error));
    keeper_release(lease);
    assert_true(keeper_held()); /* what is given back is one's own alone */
    keeper_release(other);
}

static void a_redis_that_hangs_holds_nobody_up(void **unused)
{
    (void)unused;
    needs_redis();
    struct error error = {0};
    struct lease *lease = keeper_must_lend("ada@ops-1");
    assert_int_equal(kill(keeper.pid, SIGSTOP), 0);
    keeper_await_loss(lease, &error);
    int64_t asked = clock_now();
    lease_release(lease, asked + CLOCK_SECOND / 2);
    assert_true(clock_now() - asked < 5 * CLOCK_SECOND);
    assert_int_equal(kill(keeper.pid, SIGCONT), 0);
}

/* ---- stealing ---- */

static bool steal(const char *id, struct error *error)
{
    struct lease_view was;
    bool done =
        lease_steal(keeper.environment, &keeper.dir, "bob@ops-2", "its machine burns", id,
                    clock_now() + 5 * CLOCK_SECOND, &was, error);
    lease_view_finish(&was);
    return done;
}

static void a_lease_is_stolen_by_its_id_alone_and_its_holder_learns_by_whom(void **unused)
{
    (void)unused;
    needs_redis();
    struct error error = {0};
    struct lease *lease = keeper_must_lend("ada@ops-1");
    assert_false(steal("0123456789abcdef", &error));
    assert_int_equal(error.code, ERROR_DENIED);
    assert_non_null(strstr(error.message, keeper_id()));
    assert_non_null(strstr(error.message, "ada@ops-1"));
    assert_true(steal(keeper_id(), &error));
    keeper_await_loss(lease, &error);
    assert_non_null(strstr(error.message, "taken away by bob@ops-2"));
    keeper_release(lease);
    keeper_await_free();
    struct events events;
    struct entries entries = {0};
    assert_true(events_open(&events, keeper.dir.events, DB_READ, &error));
    assert_true(
        events_list(&events, &(struct events_filter){.newest = 1}, &entries, &error));
    assert_int_equal(entries.count, 1);
    assert_string_equal(entries.rows[0].type, "lock.stolen");
    assert_string_equal(entries.rows[0].text, "its machine burns");
    entries_finish(&entries);
    events_close(&events);
}

static void a_stolen_lease_is_free_only_when_its_holder_has_none_any_more(void **unused)
{
    (void)unused;
    needs_redis();
    keeper_configure(LONG);
    struct error error = {0};
    struct lease *lease = keeper_must_lend("ada@ops-1");
    assert_true(steal(keeper_id(), &error));
    assert_null(keeper_lend("bob@ops-2", 1, &error));
    assert_int_equal(error.code, ERROR_BUSY);
    assert_non_null(strstr(error.hint, "free in"));
    assert_false(steal(keeper_id(), &error)); /* not a second time */
    assert_int_equal(error.code, ERROR_BUSY);
    keeper_release(lease);
}

static void nothing_is_stolen_where_nobody_holds_it(void **unused)
{
    (void)unused;
    needs_redis();
    struct error error = {0};
    assert_false(steal("0123456789abcdef", &error));
    assert_int_equal(error.code, ERROR_ABSENT);
}

/* ---- what cannot be known is not free ---- */

static void a_value_that_says_nothing_is_held(void **unused)
{
    (void)unused;
    needs_redis();
    static const char *const values[] = {"", "x", "[]", "{\"id\": 7}"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct error error = {0};
        assert_true(keeper_tell("SET", "greenboard:lease:{shop/test}", values[i]));
        assert_null(keeper_lend("ada@ops-1", 1, &error));
        assert_int_equal(error.code, ERROR_BUSY);
        assert_non_null(strstr(error.message, "somebody"));
    }
}

static void without_redis_nothing_is_held_and_nobody_is_busy(void **unused)
{
    (void)unused;
    needs_redis();
    struct error error = {0};
    keeper_stop();
    assert_null(keeper_lend("ada@ops-1", 1, &error));
    assert_int_not_equal(error.code, ERROR_BUSY);
    assert_int_not_equal(error.code, ERROR_NONE);
    struct coordinator at;
    struct lease_view view;
    assert_true(coordinator_begin(&at, keeper.environment, clock_now() + CLOCK_SECOND,
                                  NULL, &error));
    assert_false(lease_look(&at, clock_now() + CLOCK_SECOND, &view, &error));
    coordinator_finish(&at);
}

static void a_fence_that_is_no_number_takes_no_lease(void **unused)
{
    (void)unused;
    needs_redis();
    struct error error = {0};
    assert_true(keeper_tell("SET", "greenboard:lease:{shop/test}:fence", "seven"));
    assert_null(keeper_lend("ada@ops-1", 1, &error));
    assert_int_equal(error.code, ERROR_DENIED);
    assert_false(keeper_held());
}

static void the_password_does_not_travel_in_plain_text(void **unused)
{
    (void)unused;
    struct error error = {0};
    struct coordinator at;
    char *password = fs_join(keeper.home, "password");
    assert_true(fs_replace(password, "correct horse", 13, 0600, NULL));
    char *section = mem_format("{\"redis\": {\"host\": \"redis.example.com\", "
                               "\"password\": {\"file\": \"%s\"}}}",
                               password);
    keeper_configure(section);
    assert_false(coordinator_begin(&at, keeper.environment, clock_now() + CLOCK_SECOND,
                                   NULL, &error));
    assert_int_equal(error.code, ERROR_CONFIG);
    assert_non_null(strstr(error.message, "plain text"));
    coordinator_finish(&at);
    free(section);
    free(password);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LEASE_TEST(one_holds_it_and_the_other_is_told_who),
        LEASE_TEST(a_lease_outlives_its_time_while_it_is_renewed),
        LEASE_TEST(a_name_of_its_own_excludes_others_of_that_name),
        LEASE_TEST(the_fence_grows_with_each_taking),
        LEASE_TEST(a_redis_that_forgot_is_told_again_and_no_fence_goes_back),
        LEASE_TEST(a_holder_that_slept_past_its_end_knows_before_it_asks),
        LEASE_TEST(what_cannot_be_renewed_is_lost_and_stays_so),
        LEASE_TEST(a_redis_that_hangs_holds_nobody_up),
        LEASE_TEST(a_lease_is_stolen_by_its_id_alone_and_its_holder_learns_by_whom),
        LEASE_TEST(a_stolen_lease_is_free_only_when_its_holder_has_none_any_more),
        LEASE_TEST(nothing_is_stolen_where_nobody_holds_it),
        LEASE_TEST(a_value_that_says_nothing_is_held),
        LEASE_TEST(without_redis_nothing_is_held_and_nobody_is_busy),
        LEASE_TEST(a_fence_that_is_no_number_takes_no_lease),
        LEASE_TEST(the_password_does_not_travel_in_plain_text),
    };
    return lease_run("lease", tests, sizeof tests / sizeof tests[0]);
}
