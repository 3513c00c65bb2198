#include "checks/jwt_sync/show.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/login.h"

#include <stdlib.h>
#include <string.h>

static void note_answer(const struct request *request, const struct answer *answer,
                        struct shown *shown)
{
    shown->status = answer->reply.status;
    shown->detail = answer_detail(request, answer);
    if (answer->reply.date) {
        shown->skew = answer->reply.date - clock_wall();
    }
}

static bool is_refusal(int status)
{
    return status == 401 || status == 403;
}

void show_to_backend(const struct job *job, const char *label, const char *token,
                     struct shown *shown, struct result *result)
{
    struct request request;
    struct answer answer;
    *shown = (struct shown){.reception = UNCLEAR};
    if (login_ask_user(job, label, token, &request, &answer, result)) {
        note_answer(&request, &answer, shown);
        if (is_refusal(shown->status)) {
            shown->reception = REJECTED;
        } else if (answer_good(&request, &answer, result)) {
            shown->reception = ACCEPTED;
        }
    }
    answer_finish(&answer);
}

/* The last part of a JSON pointer (RFC 6901 section 4), unescaped. */
static char *last_key(const char *pointer)
{
    char *key = mem_text(strrchr(pointer, '/') + 1), *out = key;
    for (const char *at = key; *at; at++) {
        bool escaped = *at == '~' && (at[1] == '0' || at[1] == '1');
        *out++ = !escaped ? *at : at[1] == '0' ? '~' : '/';
        at += escaped;
    }
    *out = '\0';
    return key;
}

/* A copy of `body` with the token where `pointer` says; NULL where that is below
 * nothing. */
static json_t *body_with(const json_t *body, const char *pointer, const char *token)
{
    json_t *filled = json_deep_copy(body);
    const char *slash = strrchr(pointer, '/');
    char *above = slash ? mem_bytes(pointer, (size_t)(slash - pointer)) : NULL;
    json_t *parent = above ? json_at(filled, above) : NULL;
    char *key = slash ? last_key(pointer) : NULL;
    bool done = parent && json_object_set_new(parent, key, json_string(token)) == 0;
    free(key);
    free(above);
    if (!done) {
        json_decref(filled);
    }
    return done ? filled : NULL;
}

static void judge_reply(const struct request *request, const struct answer *answer,
                        const char *pointer, struct shown *shown, struct result *result)
{
    if (is_refusal(shown->status)) {
        shown->reception = REJECTED;
    } else if (answer_good(request, answer, result)) {
        const json_t *valid = json_at(answer->json, pointer);
        if (json_is_boolean(valid)) {
            shown->reception = json_is_true(valid) ? ACCEPTED : REJECTED;
        } else {
            result_set(result, STATE_FAIL, "correct services.NAME.validate.valid",
                       "%s answered %d, but there is no true or false at %s",
                       request->service, shown->status, pointer);
        }
    }
}

void show_to_validate(const struct job *job, const char *service, const char *token,
                      struct shown *shown, struct result *result)
{
    const json_t *services = config_section(job->environment, "/services");
    const json_t *section =
        json_object_get(json_object_get(services, service), "validate");
    const char *pointer = config_text(section, "token");
    *shown = (struct shown){.reception = UNCLEAR};
    json_t *body = body_with(json_object_get(section, "body"), pointer, token);
    if (!body) {
        result_set(result, STATE_FAIL, "correct services.NAME.validate.token",
                   "the body of %s's validate has no place %s", service, pointer);
        return;
    }
    char *label = mem_format("%s validate", service);
    const struct request request = {
        .label = label,
        .service = service,
        .path = config_text(section, "path"),
        .method = config_text(section, "method"),
        .headers = json_object_get(section, "headers"),
        .body = body,
        .token = token,
    };
    struct answer answer;
    if (request_ask(job, &request, result, &answer)) {
        note_answer(&request, &answer, shown);
        judge_reply(&request, &answer, config_text(section, "valid"), shown, result);
    }
    result_phase(result, "validate", answer.reply.total);
    answer_finish(&answer);
    json_decref(body);
    free(label);
}

void shown_finish(struct shown *shown)
{
    free(shown->detail);
    shown->detail = NULL;
}
