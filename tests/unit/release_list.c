/* What the list of releases promises: how much each is worth, which one is gone back to,
 * how long what it kept stays, and whether it is what runs. */
#include "tests/unit/release_help.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "release/backup.h"
#include "release/releases.h"
#include "release/running.h"
#include "secret/keep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- retention ---- */

static bool keeps(const char *id)
{
    char *path = run_path(&shop.dir, id, "backup/001-a.env");
    bool there = fs_exists(path);
    free(path);
    return there;
}

static void old_backups_go_but_the_last_known_good_stay(void **state)
{
    (void)state;
    enum { RUNS = 9 };
    struct error error = {0};
    char *ids[RUNS];
    shop_configure(", \"backup\": {\"files\": [\"a.env\"], \"keep\": 2}");
    for (int i = 0; i < RUNS; i++) {
        ids[i] = shop_run(i, "deploy", "r", i < 5 ? "verified" : "failed");
        char *directory = run_path(&shop.dir, ids[i], "backup");
        char *file = fs_join(directory, "001-a.env");
        assert_true(fs_make_dirs(directory, &error));
        assert_true(fs_replace(file, "A=1\n", 4, 0600, &error));
        free(file);
        free(directory);
    }
    assert_true(backup_retain(&shop.dir, shop.known.environment, &error));
    for (int i = 0; i < RUNS; i++) {
        bool stays = i >= RUNS - 2 || (i >= 2 && i < 5);
        if (keeps(ids[i]) != stays) {
            fail_msg("run %d", i);
        }
        struct run *run = run_read(&shop.dir, ids[i], &error);
        assert_non_null(run);
        run_destroy(run);
        free(ids[i]);
    }
}

/* ---- the list ---- */

static void a_release_is_worth_what_its_best_run_proved(void **state)
{
    (void)state;
    struct releases all;
    free(shop_run(1, "deploy", "one", "verified"));
    free(shop_run(2, "deploy", "two", "verified"));
    free(shop_run(3, "deploy", "two", "unverified"));
    free(shop_run(4, "deploy", "three", "failed"));
    free(shop_run(5, "deploy", "four", "refused"));
    free(shop_run(6, "repair", "five", "verified"));
    releases_read(&all, &shop.dir, shop.known.environment);
    assert_int_equal(all.count, 3);
    assert_string_equal(all.rows[0].release, "three");
    assert_int_equal(all.rows[0].repute, REPUTE_RAN);
    assert_true(all.rows[0].newest);
    assert_string_equal(all.rows[1].release, "two");
    assert_int_equal(all.rows[1].repute, REPUTE_GOOD);
    assert_string_equal(all.rows[1].later, "unverified");
    assert_string_equal(all.rows[2].release, "one");
    assert_int_equal(all.best, 1);
    releases_finish(&all);
}

static const char *best(void)
{
    static char release[64];
    struct releases all;
    struct error error = {0};
    releases_read(&all, &shop.dir, shop.known.environment);
    const struct past *row = releases_choose(&all, &shop.dir, NULL, &error);
    snprintf(release, sizeof release, "%s", row ? row->release : error.message);
    releases_finish(&all);
    return release;
}

static void the_last_known_good_that_does_not_run_now_is_chosen(void **state)
{
    (void)state;
    assert_string_equal(best(), "no other release is known good");
    free(shop_run(1, "deploy", "one", "verified"));
    assert_string_equal(best(), "no other release is known good");
    free(shop_run(2, "deploy", "two", "verified"));
    assert_string_equal(best(), "one");
    free(shop_run(3, "deploy", "three", "unverified"));
    assert_string_equal(best(), "two");
    free(shop_run(4, "rollback", "two", "verified"));
    assert_string_equal(best(), "one");
    free(shop_run(5, "deploy", "two", "unverified")); /* with other configuration */
    assert_string_equal(best(), "two");
}

static void what_no_record_knows_is_listed_and_refused(void **state)
{
    (void)state;
    struct releases all;
    struct error error = {0};
    shop_configure(", \"rollback\": {\"command\": [\"true\"], \"list\": [\"printf\","
                   " \"two\\\\nthree\\\\n; rm -rf\\\\n\"]}");
    free(shop_run(1, "deploy", "one", "verified"));
    free(shop_run(2, "deploy", "two", "failed"));
    releases_read(&all, &shop.dir, shop.known.environment);
    assert_true(all.listed);
    assert_int_equal(all.count, 3);
    assert_string_equal(all.rows[2].release, "three");
    assert_int_equal(all.rows[2].repute, REPUTE_UNKNOWN);
    assert_false(past_allows(&all.rows[2], "because", &error));
    assert_non_null(strstr(error.message, "unknown"));
    assert_true(all.rows[1].gone);
    assert_int_equal(all.best, all.count);
    assert_false(past_allows(&all.rows[1], NULL, &error));
    assert_true(past_allows(&all.rows[1], "it is there still", &error));
    assert_null(releases_choose(&all, &shop.dir, "four", &error));
    assert_non_null(strstr(error.message, "never shipped"));
    releases_finish(&all);
}

static void what_was_never_verified_wants_a_reason(void **state)
{
    (void)state;
    struct releases all;
    struct error error = {0};
    free(shop_run(1, "deploy", "one", "unverified"));
    free(shop_run(2, "deploy", "two", "verified"));
    releases_read(&all, &shop.dir, shop.known.environment);
    const struct past *one = releases_choose(&all, &shop.dir, "one", &error);
    assert_non_null(one);
    assert_false(past_allows(one, NULL, &error));
    assert_non_null(strstr(error.message, "never verified"));
    assert_false(past_allows(one, "", &error));
    assert_true(past_allows(one, "two is worse", &error));
    const struct past *two = releases_choose(&all, &shop.dir, "two", &error);
    assert_true(past_allows(two, NULL, &error));
    releases_finish(&all);
}

static void a_run_can_be_named_for_what_it_left(void **state)
{
    (void)state;
    struct releases all;
    struct error error = {0};
    char *first = shop_run(1, "deploy", "one", "verified");
    free(shop_run(2, "deploy", "one", "verified"));
    char *refused = shop_run(3, "deploy", "two", "refused");
    releases_read(&all, &shop.dir, shop.known.environment);
    const struct past *row = releases_choose(&all, &shop.dir, first, &error);
    assert_non_null(row);
    assert_string_equal(row->run->id, first);
    assert_string_equal(row->release, "one");
    assert_null(releases_choose(&all, &shop.dir, refused, &error));
    assert_non_null(strstr(error.message, "shipped no release"));
    releases_finish(&all);
    free(first);
    free(refused);
}

static void a_list_that_fails_leaves_the_records(void **state)
{
    (void)state;
    struct releases all;
    shop_configure(", \"rollback\": {\"command\": [\"true\"], \"list\": [\"false\"]}");
    free(shop_run(1, "deploy", "one", "verified"));
    releases_read(&all, &shop.dir, shop.known.environment);
    assert_int_equal(all.count, 1);
    assert_false(all.listed);
    assert_false(all.rows[0].gone);
    assert_non_null(strstr(all.trouble.message, "rollback.list"));
    releases_finish(&all);
}

/* ---- what runs ---- */

static void ask_running(struct running *running, const char *auth, const char *backend)
{
    char *extra =
        mem_format(", \"release\": {\"command\": [\"true\"], \"deadline\": \"2s\","
                   " \"running\": {\"auth\": [\"sh\", \"-c\", \"%s\"],"
                   " \"backend\": [\"sh\", \"-c\", \"%s\"]}}",
                   auth, backend);
    shop_configure(extra);
    free(extra);
    running_ask(running, shop.known.environment);
}

static void assert_disagrees(const char *auth, const char *backend, const char *why)
{
    struct running running;
    struct error error = {0};
    ask_running(&running, auth, backend);
    assert_false(running_agrees(&running, "r-7", &error));
    if (!strstr(error.message, why)) {
        fail_msg("%s", error.message);
    }
    assert_string_not_equal(error.hint, "");
    running_finish(&running);
}

static void what_runs_agrees_where_every_service_tells_the_release(void **state)
{
    (void)state;
    struct running running;
    struct error error = {0};
    ask_running(&running, "echo r-7", "printf r-7");
    assert_true(running_agrees(&running, "r-7", &error));
    assert_string_equal(running_release(&running), "r-7");
    running_finish(&running);
    assert_disagrees("echo r-7", "echo r-6", "backend runs r-6, not r-7");
    assert_disagrees("exit 1", "echo r-7", "nobody knows what auth runs");
    assert_disagrees("echo r-7; echo r-6", "echo r-7", "more than one line");
    assert_disagrees("true", "echo r-7", "printed nothing");
}

/* Each waits for the other's file: one after the other they would never end. */
static void services_are_asked_beside_each_other(void **state)
{
    (void)state;
    struct running running;
    struct error error = {0};
    ask_running(&running, "touch one; until [ -e two ]; do sleep 0.01; done; echo r-7",
                "touch two; until [ -e one ]; do sleep 0.01; done; echo r-7");
    assert_true(running_agrees(&running, "r-7", &error));
    running_finish(&running);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_begin, shop_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(old_backups_go_but_the_last_known_good_stay),
        TEST(a_release_is_worth_what_its_best_run_proved),
        TEST(the_last_known_good_that_does_not_run_now_is_chosen),
        TEST(what_no_record_knows_is_listed_and_refused),
        TEST(what_was_never_verified_wants_a_reason),
        TEST(a_run_can_be_named_for_what_it_left),
        TEST(a_list_that_fails_leaves_the_records),
        TEST(what_runs_agrees_where_every_service_tells_the_release),
        TEST(services_are_asked_beside_each_other),
    };
    json_begin();
    keep_begin();
    return unit_run("release_list", tests);
}
