/* How far a Cloud Run service has rolled out: what a deploy has to prove, and what its
 * check takes as right. The false greens of the check are in tests/catalogue. */
#include "tests/unit/unit.h"

#include "tests/unit/google.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "board/board.h"
#include "checks/checks.h"
#include "net/http.h"
#include "source/rollout.h"

#include <stdlib.h>
#include <string.h>

#define NAME    "projects/netra/locations/eu/services/backend"
#define SERVICE "/v2/" NAME
#define NEW     "backend-00042-abc"
#define OLD     "backend-00041-old"
#define LATEST  "{\"type\": \"TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST\", \"percent\": "
#define AT(revision)                                                                     \
    "{\"type\": \"TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION\", \"revision\": \"" revision  \
    "\", \"percent\": "
static const char *const made = "2026-01-31T12:04:31.218375Z";
static const int64_t made_ms = 1769861071218;

static void say(struct google *google, const char *ready, const char *traffic)
{
    char *body = mem_format(
        "{\"latestCreatedRevision\": \"" NAME "/revisions/" NEW
        "\", \"latestReadyRevision\": \"" NAME
        "/revisions/%s\", \"terminalCondition\": {\"type\": \"Ready\", \"state\": "
        "\"%s\"}, \"trafficStatuses\": [%s]}",
        ready, strcmp(ready, NEW) == 0 ? "CONDITION_SUCCEEDED" : "CONDITION_FAILED",
        traffic);
    char *revision = mem_format("{\"createTime\": \"%s\"}", made);
    google_machine(google, 1);
    google_says(google, SERVICE, 200, body);
    google_says(google, SERVICE "/revisions/" NEW, 200, revision);
    free(revision);
    free(body);
}

/* ---- what a deploy has to prove ---- */

enum { BACK = -1 }; /* in place of a time: what a rollback has to prove */

static bool shipped(int64_t since, struct error *error)
{
    const struct source_context context = {.directory = "/",
                                           .deadline = clock_now() + 10 * CLOCK_SECOND};
    struct rollout rollout;
    *error = (struct error){0};
    bool done = rollout_read(&rollout, NAME, &context, error) &&
                (since == BACK ? rollout_went_back(&rollout, error)
                               : rollout_shipped(&rollout, since, error));
    rollout_finish(&rollout);
    return done;
}

static void assert_not_shipped(int64_t since, const char *message, const char *hint)
{
    struct error error;
    assert_false(shipped(since, &error));
    if (!strstr(error.message, message) || !strstr(error.hint, hint)) {
        fail_msg("%s; %s", error.message, error.hint);
    }
}

static void a_revision_made_since_that_serves_all_was_shipped(void **state)
{
    struct error error;
    say(*state, NEW, LATEST "100}");
    assert_true(shipped(made_ms, &error));
    say(*state, NEW, AT(NEW) "100}"); /* however it comes to that */
    assert_true(shipped(made_ms - 1, &error));
}

static void a_revision_that_was_there_before_was_not(void **state)
{
    say(*state, NEW, LATEST "100}");
    assert_not_shipped(made_ms + 1, "no revision of backend was made by it: " NEW,
                       "verify.revisions");
}

static void one_that_does_not_say_when_it_was_made_was_not(void **state)
{
    say(*state, NEW, LATEST "100}");
    google_says(*state, SERVICE "/revisions/" NEW, 200, "{}");
    assert_not_shipped(made_ms, "no revision of backend was made by it", "output");
    google_says(*state, SERVICE "/revisions/" NEW, 404,
                "{\"error\": {\"code\": 404, \"message\": \"gone\", \"status\": "
                "\"NOT_FOUND\"}}");
    assert_not_shipped(made_ms, "Cloud Run answered 404 to revision " NEW, "ask again");
}

static void traffic_that_stays_where_it_was_names_the_command_that_moves_it(void **state)
{
    say(*state, NEW, AT(OLD) "100}");
    assert_not_shipped(made_ms,
                       NEW " is ready, but the traffic of backend goes to " OLD " 100 %",
                       "gcloud run services update-traffic backend --project=netra "
                       "--region=eu --to-latest");
    say(*state, NEW, LATEST "99}, " AT(OLD) "1}");
    assert_not_shipped(made_ms, NEW " 99 %, " OLD " 1 %", "--to-latest");
}

static void a_revision_that_never_became_ready_was_not(void **state)
{
    say(*state, OLD, LATEST "100}");
    assert_not_shipped(made_ms, "backend is not ready", "gcloud run services describe");
}

static void one_old_revision_alone_is_where_a_rollback_ends(void **state)
{
    struct error error;
    say(*state, OLD, AT(OLD) "100}"); /* the newest never became ready */
    assert_true(shipped(BACK, &error));
    say(*state, OLD, AT(OLD) "50}, " AT(NEW) "50}");
    assert_not_shipped(BACK, "not to one revision alone", "update-traffic");
    google_says(*state, SERVICE, 200, "{\"reconciling\": true, \"trafficStatuses\": []}");
    assert_not_shipped(BACK, "still being changed", "wait");
}

/* ---- the check ---- */

static struct result *ask(const char *more, bool back)
{
    char *text = mem_format("{\"checks\": [{\"type\": \"cloud_run\", \"name\": \"rev\", "
                            "\"cloud_run\": \"" NAME "\"%s}]}",
                            more);
    struct environment *environment = mem_alloc(sizeof *environment);
    *environment = (struct environment){.system = mem_text("netra"),
                                        .name = mem_text("staging"),
                                        .env_class = CLASS_STAGING,
                                        .file = mem_text("/nowhere/greenboard.json"),
                                        .directory = mem_text("/"),
                                        .root = json_parse(text, strlen(text), NULL),
                                        .references = 1};
    struct board *board = board_create(environment, checks_all);
    const struct light *light = board_find(board, "rev");
    assert_non_null(light);
    board->going_back = back;
    struct job job = {.check = light->check,
                      .name = light->name,
                      .environment = environment,
                      .section = light->section,
                      .deadline = clock_now() + 10 * CLOCK_SECOND};
    struct result *result = result_create();
    light->check->prepare(board, &job);
    light->check->ask(&job, result);
    free(job.prepared);
    board_destroy(board);
    environment_unref(environment);
    free(text);
    return result;
}

static void assert_state(struct result *result, enum state state, const char *summary)
{
    if (result->state != state || !strstr(result->summary, summary)) {
        fail_msg("%s: %s", state_rows[result->state].word, result->summary);
    }
    assert_int_equal(result->rung == RUNG_USABLE, state == STATE_OK);
    result_destroy(result);
}

static void the_newest_that_serves_is_green_and_says_which_it_is(void **state)
{
    say(*state, NEW, LATEST "100}");
    struct result *result = ask("", false);
    assert_string_equal(result_evidence_of(result, "revision"), NEW);
    assert_state(result, STATE_OK, "backend is ready, and " NEW " 100 % serves");
}

static void what_is_wished_for_is_green(void **state)
{
    say(*state, NEW, LATEST "10}, " AT(OLD) "90}");
    assert_state(ask("", false), STATE_FAIL, "not to " NEW " 100 %");
    assert_state(ask(", \"traffic\": {\"latest\": 10, \"" OLD "\": 90}", false), STATE_OK,
                 OLD " 90 %");
    say(*state, NEW, AT(OLD) "100}");
    assert_state(ask(", \"pinned\": true", false), STATE_OK, OLD " 100 %");
}

static void a_rollback_may_pin_and_the_board_after_it_may_not(void **state)
{
    say(*state, OLD, AT(OLD) "100}");
    struct result *result = ask("", true);
    assert_int_equal(result->note_count, 1);
    assert_state(result, STATE_OK, OLD " 100 % serves");
    assert_state(ask("", false), STATE_FAIL, "not ready");
    say(*state, OLD, AT(OLD) "50}, " AT(NEW) "50}");
    assert_state(ask("", true), STATE_FAIL, "not to one revision alone");
}

static void without_credentials_it_is_unknown_and_blames_them(void **state)
{
    (void)state;
    struct result *result = ask("", false);
    assert_string_equal(result->blames, "jwt_secret");
    assert_state(result, STATE_UNKNOWN, "no Google credentials on this machine");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GOOGLE_TEST(a_revision_made_since_that_serves_all_was_shipped),
        GOOGLE_TEST(a_revision_that_was_there_before_was_not),
        GOOGLE_TEST(one_that_does_not_say_when_it_was_made_was_not),
        GOOGLE_TEST(traffic_that_stays_where_it_was_names_the_command_that_moves_it),
        GOOGLE_TEST(a_revision_that_never_became_ready_was_not),
        GOOGLE_TEST(one_old_revision_alone_is_where_a_rollback_ends),
        GOOGLE_TEST(the_newest_that_serves_is_green_and_says_which_it_is),
        GOOGLE_TEST(what_is_wished_for_is_green),
        GOOGLE_TEST(a_rollback_may_pin_and_the_board_after_it_may_not),
        GOOGLE_TEST(without_credentials_it_is_unknown_and_blames_them),
    };
    keep_begin();
    json_begin();
    http_begin();
    int failed = unit_run("rollout", tests);
    http_end();
    return failed;
}
