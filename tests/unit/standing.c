/* May a run start now: what is in the way, whom it stops, and that a change is seen
 * without anybody asking. */
#include "tests/unit/unit.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "lock/hold.h"
#include "lock/lock.h"
#include "lock/lookout.h"
#include "secret/keep.h"
#include "store/runs.h"

#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char home[] = "/tmp/greenboard-unit-XXXXXX";
static struct statedir dir;
static struct environment environment = {.system = "shop",
                                         .name = "staging",
                                         .file = "/shop/greenboard.json",
                                         .references = 1};

static const struct starter deploy = {.gated = true}, rollback = {.gated = false},
                            waived = {.without_lease = true};

static int begin(void **unused)
{
    (void)unused;
    json_begin();
    keep_begin();
    return mkdtemp(home) ? 0 : -1;
}

static int end(void **unused)
{
    (void)unused;
    return fs_remove_tree(home) ? 0 : -1;
}

static int enter(void **unused)
{
    (void)unused;
    static int count;
    char name[16];
    struct error error;
    snprintf(name, sizeof name, "e%d", count++);
    environment.root = json_object();
    return statedir_open_named(&dir, home, "shop", name, home, &error) ? 0 : -1;
}

static int leave(void **unused)
{
    (void)unused;
    json_decref((json_t *)(uintptr_t)environment.root);
    statedir_finish(&dir);
    return 0;
}

static struct standing *look_at(int64_t wall)
{
    return standing_read(&dir, &environment, wall, NULL, NULL, NULL, 0);
}

static void set(const char *key, const char *json)
{
    json_object_set_new((json_t *)(uintptr_t)environment.root, key,
                        json_parse(json, strlen(json), NULL));
}

static void lock(const char *reason)
{
    struct error error;
    assert_true(hold_take(&dir, "staging", "ada@ops-1", reason, NULL, &error));
}

static void write_run(const char *id, enum run_phase phase)
{
    struct error error;
    struct run *run = run_create(id);
    run->phase = phase;
    run->outcome = phase == PHASE_ENDED ? OUTCOME_VERIFIED : OUTCOME_NONE;
    run->operator_name = mem_text("bob@ops-2");
    run->reason = mem_text("ship it");
    run->started = clock_wall();
    char *path = run_path(&dir, id, "");
    path[strlen(path) - 1] = '\0';
    assert_true(fs_make_dirs(path, &error));
    assert_true(run_write(&dir, run, &error));
    free(path);
    run_destroy(run);
}

static void nothing_in_the_way_lets_everybody_start(void **unused)
{
    (void)unused;
    struct standing *standing = look_at(0);
    assert_int_equal(standing->count, 0);
    assert_null(standing_stops(standing, deploy));
    json_t *json = standing_json(standing);
    assert_true(json_is_true(json_object_get(json, "may_deploy")));
    assert_non_null(strstr(json_get_text(json, "covers"), "this host"));
    json_decref(json);
    standing_unref(standing);
}

static void a_hold_stops_a_deploy_and_lets_the_way_back_through(void **unused)
{
    (void)unused;
    struct error error = {0};
    lock("migration");
    struct standing *standing = look_at(0);
    const struct bar *bar = standing_stops(standing, deploy);
    assert_non_null(bar);
    assert_int_equal(bar_rows[bar->kind].status, EXIT_BUSY);
    assert_non_null(strstr(bar->message, "locked by ada@ops-1 since "));
    assert_non_null(strstr(bar->message, "migration"));
    assert_non_null(strstr(bar->next, "greenboard unlock"));
    assert_null(standing_stops(standing, rollback));
    assert_int_equal(standing->count, 1); /* which is told all the same */
    standing_unref(standing);
    assert_false(standing_no_hold(&dir, &error));
    assert_int_equal(error.code, ERROR_BUSY);
}

static void a_freeze_says_until_when_and_why(void **unused)
{
    (void)unused;
    struct error error = {0};
    int64_t wall = 0;
    set("freezes", "[{\"from\": \"2026-12-20T00:00:00Z\", \"to\": "
                   "\"2026-12-27T00:00:00Z\", \"reason\": \"holidays\"}]");
    assert_true(calendar_moment("2026-12-24T18:00:00Z", &wall));
    struct standing *standing = look_at(wall);
    const struct bar *bar = standing_stops(standing, deploy);
    assert_non_null(bar);
    assert_non_null(strstr(bar->message, "holidays"));
    assert_non_null(strstr(bar->next, "2026-12-27 00:00Z"));
    assert_null(standing_stops(standing, rollback));
    json_t *json = standing_json(standing);
    assert_string_equal(json_string_value(json_at(json, "/bars/0/possible")),
                        "2026-12-27T00:00:00.000Z");
    assert_true(json_is_false(json_at(json, "/bars/0/stops_rollback")));
    json_decref(json);
    standing_unref(standing);
    assert_false(standing_no_freeze(&environment, wall, &error));
}

static void an_open_run_stops_everybody_and_is_named(void **unused)
{
    (void)unused;
    write_run("20261123T151000Z-0001", PHASE_ENDED);
    struct standing *standing = look_at(0);
    assert_int_equal(standing->count, 0);
    standing_unref(standing);
    write_run("20261123T151000Z-0002", PHASE_RUNNING);
    standing = look_at(0);
    const struct bar *bar = standing_stops(standing, rollback);
    assert_non_null(bar);
    assert_non_null(strstr(bar->message, "20261123T151000Z-0002"));
    assert_non_null(strstr(bar->message, "bob@ops-2"));
    standing_unref(standing);
}

static void a_lock_that_cannot_be_read_is_one(void **unused)
{
    (void)unused;
    struct error error = {0};
    assert_true(fs_replace(dir.hold, "{", 1, 0600, &error));
    struct standing *standing = look_at(0);
    assert_int_equal(standing->bars[0].kind, BAR_HOLD);
    const struct bar *bar = standing_stops(standing, deploy);
    assert_non_null(bar);
    assert_non_null(strstr(bar->message, dir.hold));
    assert_null(standing_stops(standing, rollback));
    standing_unref(standing);
}

static void runs_that_cannot_be_read_let_nobody_start(void **unused)
{
    (void)unused;
    struct error error = {0};
    write_run("20261123T151000Z-0005", PHASE_ENDED);
    char *path = run_path(&dir, "20261123T151000Z-0005", "run.json");
    assert_true(fs_replace(path, "{", 1, 0600, &error));
    struct standing *standing = look_at(0);
    assert_int_equal(standing->bars[0].kind, BAR_UNKNOWN);
    assert_non_null(standing_stops(standing, deploy));
    assert_non_null(standing_stops(standing, rollback));
    assert_non_null(standing_stops(standing, waived));
    standing_unref(standing);
    free(path);
}

static void without_a_lease_the_way_back_wants_to_be_told_so(void **unused)
{
    (void)unused;
    struct error why = {0};
    error_set(&why, ERROR_UNREACHABLE, "connection refused by 127.0.0.1:6379");
    struct standing *standing = standing_read(&dir, &environment, 0, NULL, &why, NULL, 0);
    assert_non_null(standing_stops(standing, deploy));
    assert_non_null(standing_stops(standing, (struct starter){true, true}));
    const struct bar *bar = standing_stops(standing, rollback);
    assert_non_null(bar);
    assert_non_null(strstr(bar->message, "connection refused"));
    assert_null(standing_stops(standing, waived));
    assert_int_equal(bar_rows[standing->bars[0].kind].status, EXIT_UNPROVEN);
    standing_unref(standing);
}

static void a_lock_shared_on_this_host_is_seen_without_touching_it(void **unused)
{
    (void)unused;
    int fd = open(dir.shared_lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    struct standing *standing = look_at(0);
    assert_int_equal(standing->count, 0);
    standing_unref(standing);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    if (!lock_shared_holder(&dir)) {
        close(fd);
        skip(); /* a container may hide /proc/locks */
    }
    standing = look_at(0);
    assert_int_equal(standing->bars[0].kind, BAR_HOST);
    const struct bar *bar = standing_stops(standing, rollback);
    assert_non_null(bar);
    assert_non_null(strstr(bar->message, dir.shared_lock));
    standing_unref(standing);
    close(fd);
}

static void what_comes_first_is_told_first(void **unused)
{
    (void)unused;
    int64_t wall = 0;
    lock("migration");
    write_run("20261123T151000Z-0003", PHASE_VERIFYING);
    set("windows", "[{\"days\": [\"mon\"], \"from\": \"09:00\", \"to\": \"10:00\", "
                   "\"zone\": \"UTC\"}]");
    assert_true(calendar_moment("2026-01-06T09:30:00Z", &wall));
    struct standing *standing = look_at(wall);
    assert_int_equal(standing->count, 3);
    assert_int_equal(standing->bars[0].kind, BAR_RUN);
    assert_int_equal(standing->bars[1].kind, BAR_HOLD);
    assert_int_equal(standing->bars[2].kind, BAR_WINDOW);
    standing_unref(standing);
}

static void a_memo_never_hides_a_run_that_came(void **unused)
{
    (void)unused;
    struct standing_memo memo = {0};
    int64_t later = clock_wall() + 3600 * 1000;
    for (int i = 0; i < 2; i++) {
        struct standing *standing =
            standing_read(&dir, &environment, later, NULL, NULL, &memo, 0);
        assert_int_equal(standing->count, 0);
        standing_unref(standing);
    }
    assert_true(memo.none);
    write_run("20261123T151000Z-0004", PHASE_LOCKED);
    /* as if the file system told no finer time than we asked in */
    memo.changed = 0;
    struct standing *standing =
        standing_read(&dir, &environment, later, NULL, NULL, &memo, 0);
    assert_int_equal(standing->count, 1);
    standing_unref(standing);
    standing = standing_read(&dir, &environment, later, NULL, NULL, &memo, 0);
    assert_int_equal(standing->count, 1);
    standing_unref(standing);
}

static void a_lookout_sees_a_lock_come_and_go(void **unused)
{
    (void)unused;
    struct error error;
    int64_t deadline = clock_now() + 20 * CLOCK_SECOND;
    struct lookout *lookout = lookout_create(&dir, &environment);
    struct standing *standing = lookout_await(lookout, deadline);
    assert_non_null(standing);
    assert_int_equal(standing->count, 0);
    standing_unref(standing);
    lock("migration");
    standing = lookout_await(lookout, deadline);
    assert_non_null(standing);
    assert_int_equal(standing->count, 1);
    assert_int_equal(standing->bars[0].kind, BAR_HOLD);
    standing_unref(standing);
    assert_true(hold_lift(&dir, "staging", "ada@ops-1", "done", NULL, NULL, &error));
    standing = lookout_await(lookout, deadline);
    assert_non_null(standing);
    assert_int_equal(standing->count, 0);
    standing_unref(standing);
    assert_null(lookout_take(lookout)); /* nothing new is told */
    lookout_destroy(lookout);
}

/* ---- a password that a command prints ---- */

/* A lease whose Redis nobody is asked at: the script stands before it. */
static void want_lease(const char *script)
{
    char *json = mem_format("{\"ttl\": \"60s\", \"redis\": {\"host\": \"127.0.0.1\", "
                            "\"port\": 1, \"database\": 0, \"password\": {\"command\": "
                            "[\"/bin/sh\", \"-c\", \"%s\"]}}}",
                            script);
    environment.directory = dir.directory;
    set("coordination", json);
    free(json);
}

static void await_file(const char *name)
{
    char *path = fs_join(dir.directory, name);
    int64_t deadline = clock_now() + 20 * CLOCK_SECOND;
    while (access(path, F_OK) != 0 && clock_now() < deadline) {
        nanosleep(&(struct timespec){0, CLOCK_MS}, NULL);
    }
    assert_int_equal(access(path, F_OK), 0);
    free(path);
}

static void make_file(const char *name)
{
    char *path = fs_join(dir.directory, name);
    assert_true(fs_replace(path, "", 0, 0600, NULL));
    free(path);
}

static int64_t size_of(const char *name)
{
    struct stat about;
    char *path = fs_join(dir.directory, name);
    assert_int_equal(stat(path, &about), 0);
    free(path);
    return about.st_size;
}

/* Without being told to end, it would wait for the command until its deadline. */
static void a_password_that_hangs_keeps_no_console_from_leaving(void **unused)
{
    (void)unused;
    want_lease(": > asked; exec sleep 60");
    int64_t begun = clock_now();
    struct lookout *lookout = lookout_create(&dir, &environment);
    await_file("asked");
    lookout_destroy(lookout);
    assert_true(clock_now() - begun < 2 * CLOCK_SECOND);
}

static void a_password_that_fails_is_asked_for_again_but_not_at_each_look(void **unused)
{
    (void)unused;
    want_lease("printf x >> asked; test -e there && echo opensesame");
    int64_t begun = clock_now(), deadline = begun + 20 * CLOCK_SECOND;
    struct lookout *lookout = lookout_create(&dir, &environment);
    struct standing *standing = lookout_await(lookout, deadline);
    assert_non_null(standing);
    assert_int_equal(standing->count, 1);
    assert_non_null(strstr(standing->bars[0].message, "no password for the lease"));
    standing_unref(standing);
    lock("migration");
    standing = lookout_await(lookout, deadline);
    assert_non_null(standing);
    assert_int_equal(standing->count, 2); /* another look, which says the same of it */
    assert_non_null(strstr(standing->bars[1].message, "no password for the lease"));
    standing_unref(standing);
    assert_int_equal(size_of("asked"), 1);
    make_file("there");
    standing = lookout_await(lookout, deadline);
    assert_non_null(standing);
    assert_null(strstr(standing->bars[1].message, "no password for the lease"));
    assert_int_equal(size_of("asked"), 2);
    assert_true(clock_now() - begun >= 5 * CLOCK_SECOND);
    standing_unref(standing);
    lookout_destroy(lookout);
}

#define a_test(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        a_test(nothing_in_the_way_lets_everybody_start),
        a_test(a_hold_stops_a_deploy_and_lets_the_way_back_through),
        a_test(a_freeze_says_until_when_and_why),
        a_test(an_open_run_stops_everybody_and_is_named),
        a_test(a_lock_that_cannot_be_read_is_one),
        a_test(runs_that_cannot_be_read_let_nobody_start),
        a_test(without_a_lease_the_way_back_wants_to_be_told_so),
        a_test(a_lock_shared_on_this_host_is_seen_without_touching_it),
        a_test(what_comes_first_is_told_first),
        a_test(a_memo_never_hides_a_run_that_came),
        a_test(a_lookout_sees_a_lock_come_and_go),
        a_test(a_password_that_hangs_keeps_no_console_from_leaving),
        a_test(a_password_that_fails_is_asked_for_again_but_not_at_each_look),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_IGN);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("standing", tests, begin, end);
}
