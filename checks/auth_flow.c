/* Does a user get in, and do both services mean the same user? Log in at auth, show the
 * token to the backend, and compare the email that it recognises with the one that logged
 * in. Three round trips, four over TLS: the backend is connected while the login runs. */
#include "board/check.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "checks/absent.h"
#include "checks/ahead.h"
#include "checks/login.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { EMAIL_SHOWN = 80 };

/* Whom the configuration logs in as; it may be kept like a secret. NULL with the result
 * set. */
static const char *configured_email(const struct job *job, struct result *result)
{
    const json_t *email = json_at(job->section, "/login/body/email");
    if (json_is_string(email)) {
        return json_string_value(email);
    }
    if (!email) {
        result_set(result, STATE_FAIL,
                   "put the email of the probe into auth_flow.login.body",
                   "auth_flow.login.body has no email to compare with");
        return NULL;
    }
    struct secret *secret = job_secret(job, email, result);
    return secret ? secret_data(secret) : NULL;
}

static void compare_email(const struct job *job, const struct answer *answer,
                          const char *token, struct result *result)
{
    const char *pointer = config_text(json_object_get(job->section, "user"), "email");
    const char *email = json_string_value(json_at(answer->json, pointer));
    if (!email || !*email || strstr(email, token)) {
        result_set(result, STATE_FAIL, "correct auth_flow.user.email",
                   "the backend's reply has no email at %s", pointer);
        return;
    }
    const char *wanted = configured_email(job, result);
    if (!wanted) {
        return;
    }
    result_evidence(result, "logged in as", "%.*s", EMAIL_SHOWN, wanted);
    result_evidence(result, "recognised as", "%.*s", EMAIL_SHOWN, email);
    if (strcasecmp(wanted, email) != 0) {
        result_set(result, STATE_FAIL, "see which user the backend reads out of a token",
                   "the backend recognised %.*s, but %.*s logged in", EMAIL_SHOWN, email,
                   EMAIL_SHOWN, wanted);
        return;
    }
    result_reach(result, RUNG_USABLE);
    result_ok(result, "%.*s logged in and was recognised", EMAIL_SHOWN, wanted);
}

/* Not the flow is at fault then, but what the two services agree on. */
static void tell_rejected(const struct request *request, const struct answer *answer,
                          struct result *result)
{
    char *detail = answer_detail(request, answer);
    result_set(result, STATE_FAIL, "see jwt_sync: both services must use the same secret",
               "the backend rejected the token that auth issued (%d%s%s)",
               answer->reply.status, *detail ? ": " : "", detail);
    result_blame(result, "jwt_sync");
    free(detail);
}

static void recognise(const struct ahead *ahead, const struct login *login,
                      struct result *result)
{
    const struct answer *answer = &ahead->answer;
    if (answer->reply.status == 401 || answer->reply.status == 403) {
        tell_rejected(&ahead->request, answer, result);
    } else if (answer_good(&ahead->request, answer, result)) {
        compare_email(ahead->outer, answer, login->token, result);
    }
}

static void ask(const struct job *job, struct result *result)
{
    if (!job->section) {
        absent_section(job, "auth_flow", result);
        return;
    }
    int64_t began = clock_now();
    struct login login;
    struct ahead ahead;
    ahead_begin(&ahead, job);
    if (login_try(job, &login, result)) {
        result_reach(result, RUNG_AUTHENTICATED);
    }
    if (ahead_end(&ahead, login.token, result)) {
        recognise(&ahead, &login, result);
    }
    if (login.token) {
        result_figure(result, clock_ms(clock_now() - began));
    }
    ahead_finish(&ahead);
    result->attempts = login.sent;
    result->succeeded = login.token != NULL;
    login_finish(&login);
}

static const char *const needs[] = {"config", NULL};

const struct check check_auth_flow = {
    .name = "auth_flow",
    .title = "Login and user",
    .test = "test_full_authentication_flow",
    .help = "login at auth, current user at backend, same email",
    .section = "/auth_flow",
    .needs = needs,
    .period = 25 * CLOCK_SECOND,
    .deadline = 2 * CLOCK_SECOND,
    .ask = ask,
};
