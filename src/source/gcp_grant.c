#include "source/gcp_grant.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "secret/base64.h"
#include "secret/mask.h"

#include <stdlib.h>

enum {
    SPARE = 60,  /* s before its end that a token is no longer used */
    SKEW = 60,   /* s that a clock may be off before we blame it */
    WORDS = 160, /* bytes of a stranger's words that are shown */
};

void gcp_grant_finish(struct gcp_grant *grant)
{
    secret_unref(grant->bearer);
    *grant = (struct gcp_grant){NULL, 0};
}

/* ---- what came back ---- */

int64_t gcp_grant_until(int64_t asked, int64_t seconds)
{
    seconds = seconds < GCP_LIFETIME ? seconds : GCP_LIFETIME;
    return asked + (seconds - SPARE) * CLOCK_SECOND;
}

bool gcp_grant_keep(const json_t *token, int64_t until, struct gcp_grant *out,
                    struct error *error)
{
    struct secret *bearer =
        secret_create(json_string_value(token), json_string_length(token), error);
    if (bearer) {
        mask_publish_passing(&bearer, 1);
        *out = (struct gcp_grant){bearer, until};
    }
    return bearer != NULL;
}

bool gcp_no_json(const char *from, const struct http_reply *reply, struct error *error)
{
    error_set(error, ERROR_PROTOCOL, "%s answered %d with something that is no JSON",
              from, reply->status);
    error_hint(error, "something else answers there, such as a proxy or a login page");
    return false;
}

bool gcp_grant_take(const char *from, const struct http_reply *reply,
                    const json_t *answer, int64_t asked, struct gcp_grant *out,
                    struct error *error)
{
    const json_t *token = json_object_get(answer, "access_token");
    json_int_t seconds = json_integer_value(json_object_get(answer, "expires_in"));
    if (!json_is_object(answer)) {
        return gcp_no_json(from, reply, error);
    }
    if (reply->status != 200 || json_string_length(token) == 0 || seconds <= 0) {
        return error_set(error, ERROR_PROTOCOL, "%s answered %d without a token", from,
                         reply->status);
    }
    return gcp_grant_keep(token, gcp_grant_until(asked, seconds), out, error);
}

/* A refused assertion is most often a clock: the reply's Date tells. */
static bool clock_differs(const struct http_reply *reply, struct error *error)
{
    int64_t off = reply->date ? (clock_wall() - reply->date) / 1000 : 0;
    if (off >= -SKEW && off <= SKEW) {
        return false;
    }
    error_set(error, ERROR_DENIED,
              "Google refuses the credentials: this machine's clock is %lld s %s",
              (long long)(off < 0 ? -off : off), off < 0 ? "behind" : "ahead");
    error_hint(error, "set the clock of this machine");
    return true;
}

static void hint_refused(const struct gcp_credentials *credentials, struct error *error)
{
    if (credentials->kind == GCP_SERVICE_ACCOUNT) {
        error_hint(error, "see whether the key of %s was deleted or disabled",
                   credentials->principal);
    } else if (credentials->kind == GCP_FEDERATED) {
        error_hint(error, "see whether the subject token is still valid, and whether the "
                          "provider in the audience takes its issuer, audience and "
                          "attributes");
    } else if (credentials->kind == GCP_FEDERATED_USER) {
        error_hint(error, "the login has ended: gcloud auth login, then " GCP_LOGIN);
    } else {
        error_hint(error, "the login has ended: " GCP_LOGIN);
    }
}

/* {"error", "error_description"} (RFC 6749 section 5.2), or Google's own shape. */
static char *words_of(const json_t *answer)
{
    const char *code = json_get_text(answer, "error");
    const char *said = json_get_text(answer, "error_description");
    said = said ? said : code;
    said = said ? said : json_string_value(json_at(answer, "/error/message"));
    return mask_clean(said ? said : "no reason given", WORDS);
}

/* A token of somebody else's was not made by our clock. */
static bool refused(const struct gcp_credentials *credentials,
                    const struct http_reply *reply, const json_t *answer,
                    struct error *error)
{
    char *words = words_of(answer);
    if (reply->status >= 500) {
        error_set(error, ERROR_PROTOCOL, "%s answered %d: %s", credentials->token_url,
                  reply->status, words);
        error_hint(error, "ask again; see https://status.cloud.google.com");
    } else if (credentials->kind == GCP_FEDERATED || !clock_differs(reply, error)) {
        error_set(error, ERROR_DENIED, "Google refuses the credentials in %s: %s",
                  credentials->origin, words);
        hint_refused(credentials, error);
    }
    free(words);
    return false;
}

static bool take_answer(const struct gcp_credentials *credentials,
                        const struct http_reply *reply, int64_t asked,
                        struct gcp_grant *out, struct error *error)
{
    json_t *answer = json_parse(buf_string(&reply->body), reply->body.length, NULL);
    bool done =
        json_is_object(answer) && reply->status != 200
            ? refused(credentials, reply, answer, error)
            : gcp_grant_take(credentials->token_url, reply, answer, asked, out, error);
    json_decref(answer);
    return done;
}

/* ---- what is sent ---- */

void gcp_form_add(struct buf *form, const char *name, const char *value)
{
    buf_format(form, "%s%s=", form->length ? "&" : "", name);
    http_escape(form, value);
}

/* Not escaped first, as RFC 6749 section 2.3.1 has it: Google's libraries do not. */
static void add_client(const struct gcp_credentials *credentials, struct buf *out)
{
    struct buf pair;
    buf_init_secret(&pair, 0);
    buf_format(&pair, "%s:%s", credentials->client_id,
               secret_data(credentials->client_secret));
    buf_text(out, "Basic ");
    base64_encode(out, buf_string(&pair), pair.length);
    buf_finish(&pair);
}

bool gcp_form_send(const struct gcp_credentials *credentials, const struct buf *form,
                   bool basic, const struct source_context *context,
                   struct gcp_grant *out, struct error *error)
{
    struct buf client;
    buf_init_secret(&client, 0);
    if (basic) {
        add_client(credentials, &client);
    }
    struct http_header header = {"Authorization", buf_string(&client)};
    struct http_reply reply;
    struct http_request request = {.url = credentials->token_url,
                                   .headers = &header,
                                   .header_count = basic ? 1 : 0,
                                   .body = form->data,
                                   .body_length = form->length,
                                   .content_type = "application/x-www-form-urlencoded",
                                   .deadline = context->deadline,
                                   .cap = SECRET_MAX,
                                   .cancelled = context->cancelled};
    int64_t asked = clock_now();
    bool done = http_ask(&request, &reply, error);
    if (!done) {
        error_prefix(error, "no token from %s", credentials->token_url);
    } else {
        done = take_answer(credentials, &reply, asked, out, error);
    }
    http_reply_finish(&reply);
    buf_finish(&client);
    return done;
}
