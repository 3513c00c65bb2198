/* What promotion promises: a release ships where it was proven first, and the newest run
 * that shipped it there decides. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "board/board.h"
#include "board/sched.h"
#include "checks/checks.h"
#include "store/runs.h"

#include <stdlib.h>
#include <string.h>

static char home[64];
static struct statedir dir; /* of staging */

static int begin(void **state)
{
    (void)state;
    snprintf(home, sizeof home, "/tmp/greenboard-promotion-XXXXXX");
    assert_non_null(mkdtemp(home));
    statedir_tell(home);
    assert_true(statedir_open_named(&dir, home, "netra", "staging", NULL, NULL));
    return 0;
}

static int end(void **state)
{
    (void)state;
    statedir_finish(&dir);
    statedir_tell(NULL);
    fs_remove_tree(home);
    return 0;
}

/* A run of staging that shipped `release` and ended so, `ago` ms before now. */
static void ran(enum run_kind kind, const char *release, enum run_outcome outcome,
                int64_t ago)
{
    char id[RUN_ID];
    run_name(id, clock_wall());
    struct run *run = run_create(id);
    run->kind = mem_text(run_kind_words[kind]);
    run->release = mem_text(release);
    run->started = clock_wall() - ago - 1;
    run->phase = outcome == OUTCOME_NONE ? PHASE_RUNNING : PHASE_ENDED;
    run->ended = outcome == OUTCOME_NONE ? 0 : clock_wall() - ago;
    run->outcome = outcome;
    run->known_good = outcome == OUTCOME_VERIFIED && kind != KIND_REPAIR;
    run_step(run, run->kind, NULL)->attempts = 1;
    char *directory = mem_format("%s/%s", dir.runs, id);
    assert_true(fs_make_dirs(directory, NULL));
    assert_true(run_write(&dir, run, NULL));
    free(directory);
    run_destroy(run);
}

/* The light of production about what `release` prints, or was given. */
static struct result *ask_as(const char *release_section, const char *given,
                             const char *more)
{
    char *text =
        mem_format("{%s\"checks\": [{\"type\": \"promotion\", \"name\": \"promotion\", "
                   "\"from\": \"staging\"%s}]}",
                   release_section, more);
    struct environment *environment = mem_alloc(sizeof *environment);
    *environment = (struct environment){.system = mem_text("netra"),
                                        .name = mem_text("production"),
                                        .env_class = CLASS_PRODUCTION,
                                        .file = mem_text("/nowhere/greenboard.json"),
                                        .directory = mem_text("/"),
                                        .root = json_parse(text, strlen(text), NULL),
                                        .references = 1};
    assert_non_null(environment->root);
    struct board *board = board_create(environment, checks_all);
    board->given = mem_text(given);
    struct sched *sched = sched_create(board, NULL);
    struct light *light = board_find(board, "promotion");
    sched_ask(sched, light);
    assert_true(sched_run(sched, NULL));
    struct result *result = result_ref(light->result);
    sched_destroy(sched);
    board_destroy(board);
    environment_unref(environment);
    free(text);
    return result;
}

#define PRINTS(script) "\"release\": {\"command\": [\"sh\", \"-c\", \"" script "\"]}, "
#define ask(more)      ask_as(PRINTS("echo v2"), NULL, more)

static void assert_says(struct result *result, enum state state, const char *summary,
                        const char *remedy)
{
    if (result->state != state || !strstr(result->summary, summary) ||
        (remedy && !strstr(result->remedy, remedy))) {
        fail_msg("%s: %s (%s)", state_rows[result->state].word, result->summary,
                 result->remedy ? result->remedy : "");
    }
    result_destroy(result);
}

static void what_was_never_there_is_deployed_there_first(void **state)
{
    (void)state;
    ran(KIND_DEPLOY, "v1", OUTCOME_VERIFIED, 1000);
    assert_says(ask(""), STATE_FAIL, "v2 was never deployed to staging",
                "deploy it to staging first: greenboard -e staging deploy --release v2");
}

static void what_is_known_good_there_may_ship(void **state)
{
    (void)state;
    ran(KIND_DEPLOY, "v2", OUTCOME_VERIFIED, 2000);
    ran(KIND_DEPLOY, "v3", OUTCOME_UNVERIFIED, 1000);
    assert_says(ask(""), STATE_OK, "v2 is known good in staging", NULL);
}

static void good_once_and_broken_then_is_not_good(void **state)
{
    (void)state;
    ran(KIND_DEPLOY, "v2", OUTCOME_VERIFIED, 3000);
    ran(KIND_DEPLOY, "v2", OUTCOME_UNVERIFIED, 2000);
    assert_says(ask(""), STATE_FAIL, "v2 is not known good in staging: run ",
                "deploy it");
    ran(KIND_ROLLBACK, "v2", OUTCOME_VERIFIED, 1000);
    assert_says(ask(""), STATE_OK, "known good", NULL);
}

static void a_run_that_shipped_nothing_says_nothing(void **state)
{
    (void)state;
    ran(KIND_DEPLOY, "v2", OUTCOME_VERIFIED, 3000);
    ran(KIND_DEPLOY, "v2", OUTCOME_REFUSED, 2000);
    ran(KIND_REPAIR, "v2", OUTCOME_FAILED, 1000);
    assert_says(ask(""), STATE_OK, "known good", NULL);
}

static void a_run_without_an_end_proves_nothing(void **state)
{
    (void)state;
    ran(KIND_DEPLOY, "v2", OUTCOME_VERIFIED, 3000);
    ran(KIND_DEPLOY, "v2", OUTCOME_NONE, 1000);
    assert_says(ask(""), STATE_UNKNOWN, "has no end", "wait");
}

static void a_record_that_cannot_be_read_is_unknown(void **state)
{
    (void)state;
    ran(KIND_DEPLOY, "v2", OUTCOME_VERIFIED, 3000);
    char id[RUN_ID];
    run_name(id, clock_wall());
    char *directory = mem_format("%s/%s", dir.runs, id);
    char *path = fs_join(directory, "run.json");
    assert_true(fs_make_dirs(directory, NULL));
    assert_true(fs_replace(path, "{", 1, 0600, NULL));
    assert_says(ask(""), STATE_UNKNOWN, "the runs of staging cannot all be read", "");
    free(path);
    free(directory);
}

static void it_may_be_too_long_ago(void **state)
{
    (void)state;
    ran(KIND_DEPLOY, "v2", OUTCOME_VERIFIED, 2 * 3600 * 1000);
    assert_says(ask(", \"max_age\": \"3h\""), STATE_OK, "known good", NULL);
    assert_says(ask(", \"max_age\": \"1h\""), STATE_FAIL, "max_age is 60 m", "deploy it");
    ran(KIND_DEPLOY, "v2", OUTCOME_VERIFIED, -3600 * 1000);
    assert_says(ask(", \"max_age\": \"1h\""), STATE_UNKNOWN, "in the future", "clock");
}

static void what_is_given_counts_before_what_is_printed(void **state)
{
    (void)state;
    ran(KIND_DEPLOY, "v2", OUTCOME_VERIFIED, 1000);
    assert_says(ask_as(PRINTS("echo v3"), "v2", ""), STATE_OK, "v2 is known good", NULL);
    assert_says(ask_as(PRINTS("echo v2"), "v3", ""), STATE_FAIL, "v3 was never", NULL);
}

static void it_waits_for_the_release_and_wants_one(void **state)
{
    (void)state;
    ran(KIND_DEPLOY, "v2", OUTCOME_VERIFIED, 1000);
    assert_says(ask_as(PRINTS("sleep 0.2; echo v2"), NULL, ""), STATE_OK, "v2", NULL);
    assert_says(ask_as(PRINTS("exit 1"), NULL, ""), STATE_UNKNOWN,
                "which release is about to ship is not known: sh exited", NULL);
    assert_says(ask_as("", NULL, ""), STATE_FAIL, "nobody says which release", "release");
}

static void nowhere_to_look_is_unknown(void **state)
{
    (void)state;
    statedir_tell(NULL);
    assert_says(ask(""), STATE_UNKNOWN, "nobody said where records are kept", "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_never_there_is_deployed_there_first),
        TEST(what_is_known_good_there_may_ship),
        TEST(good_once_and_broken_then_is_not_good),
        TEST(a_run_that_shipped_nothing_says_nothing),
        TEST(a_run_without_an_end_proves_nothing),
        TEST(a_record_that_cannot_be_read_is_unknown),
        TEST(it_may_be_too_long_ago),
        TEST(what_is_given_counts_before_what_is_printed),
        TEST(it_waits_for_the_release_and_wants_one),
        TEST(nowhere_to_look_is_unknown),
    };
    json_begin();
    return unit_run("promotion", tests);
}
