/* What one resolution of all secrets promises to ask of Google: each question once, of
 * which every source has the answer, and the next resolution all of them again. */
#include "tests/unit/unit.h"

#include "base/json.h"
#include "board/sched.h"
#include "net/http.h"
#include "source/gcp_memo.h"
#include "source/gcp_token.h"
#include "tests/unit/board_help.h"
#include "tests/unit/google.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#define RUN      "projects/netra/locations/us-central1/services/"
#define ACCESS   "/v1/projects/netra/secrets/jwt/versions/latest:access"
#define VERSION  "/v1/projects/netra/secrets/jwt/versions/9"
#define REVISION RUN "auth/revisions/auth-1"
/* "123456789", "abc" and their CRC-32C. */
#define VALUE_OF(data, sum)                                                              \
    "{\"name\":\"projects/7/secrets/jwt/versions/9\",\"payload\":{\"data\":\"" data      \
    "\",\"dataCrc32c\":\"" sum "\"}}"
#define MOUNTED                                                                          \
    "[{\"env\":[{\"name\":\"KEY\",\"valueSource\":{\"secretKeyRef\":"                    \
    "{\"secret\":\"jwt\"}}},{\"name\":\"OTHER\",\"valueSource\":{\"secretKeyRef\":"      \
    "{\"secret\":\"jwt\"}}}]}]"

static const char staging[] =
    "{\"gate\":{\"max_age\":\"60s\"},\"secrets\":{\"max_age\":\"60s\"},"
    "\"jwt\":{\"canonical\":{\"gcp_secret\":\"projects/netra/secrets/jwt\"}},"
    "\"services\":{\"auth\":{\"jwt_secret\":{\"cloud_run\":\"" RUN
    "auth\",\"key\":\"KEY\"}},\"backend\":{\"jwt_secret\":{\"cloud_run\":\"" RUN
    "auth\",\"key\":\"OTHER\"}}}}";
static const char *const places[] = {"/jwt/canonical", "/services/auth/jwt_secret",
                                     "/services/backend/jwt_secret"};
static const char *const paths[] = {ACCESS, VERSION, "/v2/" RUN "auth", "/v2/" REVISION};

static void say_all(struct google *google)
{
    google_machine(google, 1);
    google_says(google, ACCESS, 200, VALUE_OF("MTIzNDU2Nzg5", "3808858755"));
    google_says(google, VERSION, 200, "{\"createTime\":\"2026-01-31T12:00:00Z\"}");
    google_says(google, "/v2/" RUN "auth", 200,
                "{\"template\":{\"containers\":" MOUNTED "},\"trafficStatuses\":"
                "[{\"revision\":\"auth-1\",\"percent\":100}]}");
    google_says(google, "/v2/" REVISION, 200,
                "{\"createTime\":\"2026-01-31T13:00:00Z\",\"containers\":" MOUNTED "}");
}

static void assert_asked(struct google *google, unsigned times)
{
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (google_count(google, paths[i]) != times) {
            fail_msg("%s was asked %u times, wanted %u", paths[i],
                     google_count(google, paths[i]), times);
        }
    }
}

static void assert_values(const struct environment *environment,
                          const struct secrets *secrets, const char *value)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const struct resolved *found =
            secrets_find(secrets, json_at(environment->root, places[i]));
        assert_non_null(found);
        if (found->state != SOURCE_FOUND) {
            fail_msg("%s: %s", places[i], found->error.message);
        }
        assert_string_equal(secret_data(found->secret), value);
        assert_string_equal(found->version, "9");
        assert_string_equal(found->vault, "projects/7/secrets/jwt");
        assert_int_not_equal(found->created, 0);
        assert_int_equal(found->doubt.code, ERROR_NONE);
    }
}

static void a_resolution_asks_each_question_once_and_the_next_one_again(void **state)
{
    struct google *google = *state;
    struct environment *environment = make_environment(CLASS_TEST, staging);
    say_all(google);
    struct secrets *secrets =
        secrets_resolve(environment, clock_now() + 20 * CLOCK_SECOND);
    assert_values(environment, secrets, "123456789");
    assert_asked(google, 1);
    secrets_unref(secrets);
    google_says(google, ACCESS, 200, VALUE_OF("YWJj", "910901175"));
    secrets = secrets_resolve(environment, clock_now() + 20 * CLOCK_SECOND);
    assert_values(environment, secrets, "abc");
    assert_asked(google, 2);
    secrets_unref(secrets);
    environment_unref(environment);
}

static void a_preflight_asks_each_question_once_and_the_next_one_again(void **state)
{
    struct google *google = *state;
    struct environment *environment = make_environment(CLASS_TEST, staging);
    say_all(google);
    struct board *board = board_create(environment, one);
    struct sched *sched = sched_create(board, NULL);
    for (unsigned times = 1; times <= 3; times++) {
        sched_ask_all(sched);
        assert_true(sched_run(sched, NULL));
        assert_asked(google, times);
    }
    sched_destroy(sched);
    board_destroy(board);
    environment_unref(environment);
}

static void a_refusal_is_told_to_every_source_that_leads_there(void **state)
{
    struct google *google = *state;
    struct environment *environment = make_environment(CLASS_TEST, staging);
    say_all(google);
    google_says(google, ACCESS, 403,
                "{\"error\":{\"code\":403,\"message\":\"Permission denied.\","
                "\"status\":\"PERMISSION_DENIED\"}}");
    struct secrets *secrets =
        secrets_resolve(environment, clock_now() + 20 * CLOCK_SECOND);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const struct resolved *found =
            secrets_find(secrets, json_at(environment->root, places[i]));
        assert_int_equal(found->state, SOURCE_BROKEN);
        assert_non_null(strstr(found->error.message, "secretmanager.versions.access"));
        assert_non_null(strstr(found->error.hint, "secretAccessor"));
    }
    assert_int_equal(google_count(google, ACCESS), 1);
    secrets_unref(secrets);
    environment_unref(environment);
}

/* ---- who asks what is being asked ---- */

struct slow {
    sem_t begun, go;
    unsigned asked;
};

static bool ask_slowly(const void *question, struct gcp_answer *out, struct error *error)
{
    (void)error;
    struct slow *slow = *(struct slow *const *)question;
    slow->asked++;
    sem_post(&slow->begun);
    sem_wait(&slow->go);
    out->status = 200;
    out->body = json_pack("{s:s}", "name", "told");
    return true;
}

struct asker {
    struct source_context context;
    struct slow *slow;
    struct gcp_answer answer;
    struct error error;
    bool done;
};

static void *ask(void *self)
{
    struct asker *asker = self;
    asker->done = gcp_memo_ask(&asker->context, "http://g/", ask_slowly, &asker->slow,
                               &asker->answer, &asker->error);
    return NULL;
}

static void who_has_a_question_that_is_asked_waits_within_its_own_limits(void **unused)
{
    (void)unused;
    struct slow slow = {.asked = 0};
    atomic_bool stopped = true;
    struct gcp_memo *memo = gcp_memo_create();
    const struct source_context patient = {.deadline = clock_now() + 20 * CLOCK_SECOND,
                                           .memo = memo};
    struct asker first = {.context = patient, .slow = &slow}, last = first;
    struct asker hasty = first, cancelled = first;
    hasty.context.deadline = clock_now() + CLOCK_MS;
    cancelled.context.cancelled = &stopped;
    pthread_t threads[2];
    sem_init(&slow.begun, 0, 0);
    sem_init(&slow.go, 0, 0);
    assert_int_equal(pthread_create(&threads[0], NULL, ask, &first), 0);
    sem_wait(&slow.begun);
    ask(&hasty);
    assert_false(hasty.done);
    assert_int_equal(hasty.error.code, ERROR_TIMEOUT);
    ask(&cancelled);
    assert_false(cancelled.done);
    assert_int_equal(cancelled.error.code, ERROR_CANCELLED);
    assert_int_equal(pthread_create(&threads[1], NULL, ask, &last), 0);
    sem_post(&slow.go);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    assert_true(first.done);
    assert_true(last.done);
    assert_ptr_not_equal(first.answer.body, last.answer.body);
    assert_true(json_equal(first.answer.body, last.answer.body));
    assert_int_equal(slow.asked, 1);
    gcp_answer_finish(&first.answer);
    gcp_answer_finish(&last.answer);
    gcp_memo_unref(memo);
    sem_destroy(&slow.begun);
    sem_destroy(&slow.go);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GOOGLE_TEST(a_resolution_asks_each_question_once_and_the_next_one_again),
        GOOGLE_TEST(a_preflight_asks_each_question_once_and_the_next_one_again),
        GOOGLE_TEST(a_refusal_is_told_to_every_source_that_leads_there),
        cmocka_unit_test(who_has_a_question_that_is_asked_waits_within_its_own_limits),
    };
    json_begin();
    keep_begin();
    http_begin();
    int failed = unit_run("resolution", tests);
    gcp_token_forget();
    http_end();
    return failed;
}
