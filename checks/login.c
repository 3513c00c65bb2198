#include "checks/login.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/thread.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const int64_t GAP = 2 * CLOCK_MS;  /* between our own logins: nobody is flooded */
enum { SKEW_SHOWN = 2, SKEW_NOTED = 30 }; /* seconds; the Date header has no finer unit */

static const json_t *flow(const struct job *job, const char *part)
{
    return json_object_get(config_section(job->environment, "/auth_flow"), part);
}

/* Tokens are valid from and until a time of auth's clock. */
static void tell_skew(const struct answer *answer, struct result *result)
{
    if (!answer->reply.date) {
        return;
    }
    int64_t ahead = (answer->reply.date - clock_wall()) / 1000;
    int64_t apart = ahead < 0 ? -ahead : ahead;
    if (apart < SKEW_SHOWN) {
        result_evidence(result, LOGIN_CLOCK, LOGIN_CLOCK_FINE);
        return;
    }
    const char *side = ahead < 0 ? "behind" : "ahead of";
    result_evidence(result, LOGIN_CLOCK, "%" PRId64 " s %s ours", apart, side);
    if (apart >= SKEW_NOTED) {
        result_note(result,
                    "the clock of auth is %" PRId64 " s %s ours: tokens may be refused",
                    apart, side);
    }
}

static void tell_refused(const struct request *request, const struct answer *answer,
                         const char *what, const char *remedy, struct result *result)
{
    char *detail = answer_detail(request, answer);
    result_set(result, STATE_FAIL, remedy, "auth %s (%d%s%s)", what, answer->reply.status,
               *detail ? ": " : "", detail);
    free(detail);
}

/* Visible ASCII (RFC 6750 section 2.1 allows less): nothing that could end a header
 * field. */
static bool is_token(const char *text)
{
    size_t length = text ? strlen(text) : 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] <= ' ' || text[i] >= 0x7f) {
            return false;
        }
    }
    return length > 0;
}

static bool take_token(const struct job *job, const struct request *request,
                       const struct answer *answer, struct login *login,
                       struct result *result)
{
    int status = answer->reply.status;
    if (status == 401 || status == 403) {
        tell_refused(request, answer, "rejected the login",
                     "correct email and password in auth_flow.login.body", result);
        return false;
    }
    if (status == 400 || status == 422) {
        tell_refused(request, answer, "does not understand the login",
                     "give auth_flow.login.body the fields that auth wants", result);
        return false;
    }
    if (!answer_good(request, answer, result)) {
        return false;
    }
    const char *pointer = config_text(flow(job, "login"), "token");
    const char *token = json_string_value(json_at(answer->json, pointer));
    if (!is_token(token)) {
        result_set(result, STATE_FAIL, "correct auth_flow.login.token",
                   "auth answered %d, but there is no token at %s", status, pointer);
        return false;
    }
    login->token = mem_text(token);
    return true;
}

bool login_try(const struct job *job, struct login *login, struct result *result)
{
    *login = (struct login){0};
    const json_t *section = flow(job, "login");
    struct request request = {
        .label = "login",
        .service = "auth",
        .path = config_text(section, "path"),
        .method = config_text(section, "method"),
        .headers = json_object_get(section, "headers"),
        .body = json_object_get(section, "body"),
    };
    struct answer answer;
    bool answered = request_ask(job, &request, result, &answer);
    login->sent = answered || answer.reply.total > 0;
    result_phase(result, "login", answer.reply.total);
    if (answered) {
        tell_skew(&answer, result);
        answered = take_token(job, &request, &answer, login, result);
    }
    answer_finish(&answer);
    return answered;
}

void login_finish(struct login *login)
{
    if (login && login->token) {
        explicit_bzero(login->token, strlen(login->token));
        free(login->token);
        login->token = NULL;
    }
}

/* One of several logins, with a result and a thread of its own. */
struct trial {
    const struct job *job;
    struct result *result;
    bool sent, done;
    bool threaded;
    pthread_t thread;
};

static void *try_once(void *self)
{
    struct trial *trial = self;
    struct login login;
    trial->done = login_try(trial->job, &login, trial->result);
    trial->sent = login.sent;
    login_finish(&login);
    return NULL;
}

static void wait_until(const struct job *job, int64_t when)
{
    int64_t left = (when < job->deadline ? when : job->deadline) - clock_now();
    if (left > 0 && !atomic_load(job->cancelled)) {
        struct timespec span = {left / CLOCK_SECOND, left % CLOCK_SECOND};
        nanosleep(&span, NULL);
    }
}

/* Where no thread is to be had the trial is made here and now. */
static void begin_trial(const struct job *job, struct trial *trial)
{
    *trial = (struct trial){.job = job, .result = result_create()};
    trial->threaded = thread_start(&trial->thread, try_once, trial) == 0;
    if (!trial->threaded) {
        try_once(trial);
    }
}

static bool count_trial(const struct trial *trial, struct result *result)
{
    result->attempts += trial->sent;
    result->succeeded += trial->done;
    return trial->done;
}

bool login_often(const struct job *job, unsigned count, struct result *result)
{
    if (count == 0) {
        return true;
    }
    struct trial first = {.job = job, .result = result};
    int64_t next = clock_now() + GAP;
    try_once(&first);
    if (!count_trial(&first, result)) {
        return false;
    }
    result_reach(result, RUNG_AUTHENTICATED);
    struct trial *others = mem_alloc(count * sizeof *others);
    for (unsigned i = 1; i < count; i++, next += GAP) {
        wait_until(job, next);
        begin_trial(job, &others[i]);
    }
    bool all = true;
    for (unsigned i = 1; i < count; i++) {
        if (others[i].threaded) {
            pthread_join(others[i].thread, NULL);
        }
        if (!count_trial(&others[i], result) && all) {
            result_set(result, others[i].result->state, others[i].result->remedy, "%s",
                       others[i].result->summary);
            all = false;
        }
        result_destroy(others[i].result);
    }
    free(others);
    return all;
}

struct request login_user_request(const struct job *job, const char *label)
{
    const json_t *section = flow(job, "user");
    return (struct request){
        .label = label,
        .service = "backend",
        .path = config_text(section, "path"),
        .method = config_text(section, "method"),
        .headers = json_object_get(section, "headers"),
    };
}

bool login_ask_user(const struct job *job, const char *label, const char *token,
                    struct request *request, struct answer *answer, struct result *result)
{
    *request = login_user_request(job, label);
    request->bearer = token;
    bool answered = request_ask(job, request, result, answer);
    result_phase(result, "user", answer->reply.total);
    return answered;
}
