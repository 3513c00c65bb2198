/* What a hold promises: one at a time, durable, on the trail, and lifted by another only
 * on purpose. */
#include "tests/unit/unit.h"

#include "base/fs.h"
#include "base/mem.h"
#include "lock/hold.h"
#include "store/events.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char home[] = "/tmp/greenboard-unit-XXXXXX";
static struct statedir dir;

static int begin(void **unused)
{
    (void)unused;
    return mkdtemp(home) ? 0 : -1;
}

static int end(void **unused)
{
    (void)unused;
    return fs_remove_tree(home) ? 0 : -1;
}

/* Each test has an environment of its own. */
static int enter(void **unused)
{
    (void)unused;
    static int count;
    char name[16];
    struct error error;
    snprintf(name, sizeof name, "e%d", count++);
    return statedir_open_named(&dir, home, "shop", name, NULL, &error) ? 0 : -1;
}

static int leave(void **unused)
{
    (void)unused;
    statedir_finish(&dir);
    return 0;
}

static bool take(const char *who, const char *reason, struct error *error)
{
    return hold_take(&dir, "staging", who, reason, NULL, error);
}

/* How many events of that kind there are, and the newest one's text. */
static size_t told(const char *type, char text[200])
{
    struct events events;
    struct entries entries = {0};
    struct error error;
    size_t count = 0;
    assert_true(events_open(&events, dir.events, DB_READ, &error));
    assert_true(events_list(&events, &(struct events_filter){0}, &entries, &error));
    for (size_t i = 0; i < entries.count; i++) {
        if (strcmp(entries.rows[i].type, type) == 0) {
            count++;
            snprintf(text, 200, "%s: %s", entries.rows[i].operator_name,
                     entries.rows[i].text);
        }
    }
    entries_finish(&entries);
    events_close(&events);
    return count;
}

static void a_hold_tells_who_and_why_and_is_on_the_trail(void **unused)
{
    (void)unused;
    struct error error;
    char text[200] = "";
    assert_null(hold_read(&dir, &error));
    assert_int_equal(error.code, ERROR_NONE);
    assert_true(take("ada@ops-1", "database migration", &error));
    struct hold *hold = hold_read(&dir, &error);
    assert_non_null(hold);
    assert_string_equal(hold->who, "ada@ops-1");
    assert_string_equal(hold->reason, "database migration");
    assert_null(hold->run);
    assert_true(hold->since > 0);
    hold_destroy(hold);
    struct stat about;
    assert_int_equal(stat(dir.hold, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(told("lock.taken", text), 1);
    assert_string_equal(text, "ada@ops-1: database migration");
}

static void a_run_that_locked_is_named(void **unused)
{
    (void)unused;
    struct error error;
    assert_true(hold_take(&dir, "staging", "ada@ops-1", "traffic is pinned",
                          "20261123T151000Z-4f2a", &error));
    struct hold *hold = hold_read(&dir, &error);
    assert_string_equal(hold->run, "20261123T151000Z-4f2a");
    char *words = hold_words(hold);
    assert_non_null(strstr(words, "(run 20261123T151000Z-4f2a): traffic is pinned"));
    free(words);
    hold_destroy(hold);
}

static void a_second_hold_is_refused_and_told_who_has_the_first(void **unused)
{
    (void)unused;
    struct error error;
    assert_true(take("ada@ops-1", "migration", &error));
    assert_false(take("bob@ops-2", "mine", &error));
    assert_int_equal(error.code, ERROR_BUSY);
    assert_non_null(strstr(error.message, "ada@ops-1"));
    assert_non_null(strstr(error.message, "migration"));
    assert_false(take("ada@ops-1", "again", &error)); /* her own is no exception */
    char text[200];
    assert_int_equal(told("lock.taken", text), 1);
}

static void nothing_is_locked_or_lifted_without_a_reason(void **unused)
{
    (void)unused;
    struct error error;
    assert_false(take("ada@ops-1", "", &error));
    assert_int_equal(error.code, ERROR_USAGE);
    assert_false(fs_exists(dir.hold));
    assert_true(take("ada@ops-1", "migration", &error));
    assert_false(hold_lift(&dir, "staging", "ada@ops-1", NULL, NULL, NULL, &error));
    assert_int_equal(error.code, ERROR_USAGE);
    assert_true(fs_exists(dir.hold));
}

static void who_holds_it_lifts_it(void **unused)
{
    (void)unused;
    struct error error;
    struct hold *was = NULL;
    char text[200] = "";
    assert_true(take("ada@ops-1", "migration", &error));
    assert_true(hold_lift(&dir, "staging", "ada@ops-1", "migrated", NULL, &was, &error));
    assert_string_equal(was->reason, "migration");
    hold_destroy(was);
    assert_false(fs_exists(dir.hold));
    assert_int_equal(told("lock.lifted", text), 1);
    assert_string_equal(text, "ada@ops-1: migrated");
    assert_int_equal(told("lock.stolen", text), 0);
}

static void somebody_elses_needs_its_id_and_is_stolen(void **unused)
{
    (void)unused;
    struct error error;
    char text[200] = "";
    assert_true(take("ada@ops-1", "migration", &error));
    assert_false(hold_lift(&dir, "staging", "bob@ops-2", "urgent", NULL, NULL, &error));
    assert_int_equal(error.code, ERROR_DENIED);
    struct error why;
    struct hold *hold = hold_read(&dir, &why);
    assert_non_null(strstr(error.message, "ada@ops-1"));
    assert_non_null(strstr(error.hint, hold->id));
    assert_non_null(strstr(error.hint, "reason"));
    assert_false(
        hold_lift(&dir, "staging", "bob@ops-2", "urgent", "00000000", NULL, &error));
    assert_true(fs_exists(dir.hold));
    assert_true(
        hold_lift(&dir, "staging", "bob@ops-2", "urgent", hold->id, NULL, &error));
    assert_false(fs_exists(dir.hold));
    assert_int_equal(told("lock.stolen", text), 1);
    assert_string_equal(text, "bob@ops-2: urgent");
    hold_destroy(hold);
}

static void there_is_nothing_to_lift_where_nobody_holds_it(void **unused)
{
    (void)unused;
    struct error error;
    assert_false(hold_lift(&dir, "staging", "ada@ops-1", "why", NULL, NULL, &error));
    assert_int_equal(error.code, ERROR_ABSENT);
}

static void a_hold_that_cannot_be_read_holds(void **unused)
{
    (void)unused;
    static const char *const broken[] = {
        "", "{", "[]", "{}", "{\"id\": \"12345678\", \"who\": \"a\", \"reason\": \"b\"}"};
    struct error error;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        assert_true(fs_replace(dir.hold, broken[i], strlen(broken[i]), 0600, &error));
        assert_null(hold_read(&dir, &error));
        assert_int_not_equal(error.code, ERROR_NONE);
        assert_false(take("ada@ops-1", "mine", &error));
        assert_non_null(strstr(error.message, dir.hold));
    }
}

static void no_hold_is_taken_that_the_trail_cannot_tell(void **unused)
{
    (void)unused;
    struct error error;
    assert_int_equal(mkdir(dir.events, 0700), 0);
    assert_false(take("ada@ops-1", "migration", &error));
    assert_false(fs_exists(dir.hold));
    assert_int_equal(rmdir(dir.events), 0);
}

static void of_many_who_lock_at_once_one_does(void **unused)
{
    (void)unused;
    enum { MANY = 16 };
    pid_t children[MANY];
    int start[2];
    assert_int_equal(pipe(start), 0);
    for (int i = 0; i < MANY; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            struct error error;
            char byte;
            close(start[1]);
            (void)!read(start[0], &byte, 1); /* until all are there */
            _exit(take("ada@ops-1", "race", &error) ? 0
                  : error.code == ERROR_BUSY        ? 1
                                                    : 2);
        }
    }
    close(start[0]);
    close(start[1]);
    int won = 0, refused = 0;
    for (int i = 0; i < MANY; i++) {
        int state = 0;
        assert_int_equal(waitpid(children[i], &state, 0), children[i]);
        won += WIFEXITED(state) && WEXITSTATUS(state) == 0;
        refused += WIFEXITED(state) && WEXITSTATUS(state) == 1;
    }
    assert_int_equal(won, 1);
    assert_int_equal(refused, MANY - 1);
    char text[200];
    assert_int_equal(told("lock.taken", text), 1);
}

#define a_test(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        a_test(a_hold_tells_who_and_why_and_is_on_the_trail),
        a_test(a_run_that_locked_is_named),
        a_test(a_second_hold_is_refused_and_told_who_has_the_first),
        a_test(nothing_is_locked_or_lifted_without_a_reason),
        a_test(who_holds_it_lifts_it),
        a_test(somebody_elses_needs_its_id_and_is_stolen),
        a_test(there_is_nothing_to_lift_where_nobody_holds_it),
        a_test(a_hold_that_cannot_be_read_holds),
        a_test(no_hold_is_taken_that_the_trail_cannot_tell),
        a_test(of_many_who_lock_at_once_one_does),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_IGN);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("hold", tests, begin, end);
}
