#include "source/gcp_answer.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "secret/mask.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 240 }; /* bytes of Google's own that are shown */

bool gcp_answer_read(const char *api, const struct http_reply *reply,
                     struct gcp_answer *out, struct error *error)
{
    *out = (struct gcp_answer){.status = reply->status};
    out->body = json_parse(buf_string(&reply->body), reply->body.length, NULL);
    if (!json_is_object(out->body) || (reply->status >= 300 && reply->status < 400)) {
        error_set(error, ERROR_PROTOCOL,
                  "%s answered %d with something that is not its API", api,
                  reply->status);
        error_hint(error, "something stands in between, such as a proxy or a login page");
        return false;
    }
    const char *reason = json_string_value(json_at(out->body, "/error/status"));
    const char *message = json_string_value(json_at(out->body, "/error/message"));
    out->reason = mask_clean(reason ? reason : "", WORDS);
    out->message = mask_clean(message ? message : "no reason given", WORDS);
    return true;
}

void gcp_answer_finish(struct gcp_answer *answer)
{
    json_decref(answer->body);
    free(answer->principal);
    free(answer->reason);
    free(answer->message);
    *answer = (struct gcp_answer){.status = 0};
}

/* Of the body too: jansson counts references safely between threads on some machines
 * only. */
void gcp_answer_copy(struct gcp_answer *out, const struct gcp_answer *answer)
{
    *out = (struct gcp_answer){.status = answer->status,
                               .body = json_deep_copy(answer->body),
                               .principal = mem_text(answer->principal),
                               .reason = mem_text(answer->reason),
                               .message = mem_text(answer->message)};
}

/* {"error": {"code", "message", "status", "details": [{"reason"}]}}
 * (google.rpc.Status). */
static bool says_detail(const json_t *body, const char *reason)
{
    const json_t *details = json_at(body, "/error/details");
    for (size_t i = 0; i < json_array_size(details); i++) {
        if (text_equal(json_get_text(json_array_get(details, i), "reason"), reason)) {
            return true;
        }
    }
    return false;
}

bool gcp_answer_judge(const char *api, const struct gcp_answer *answer,
                      struct error *error)
{
    if (answer->status == 401) {
        error_set(error, ERROR_DENIED, "%s refuses the access token of %s: %s", api,
                  answer->principal, answer->message);
        error_hint(error, "log in again: gcloud auth application-default login");
        return false;
    }
    if (says_detail(answer->body, "SERVICE_DISABLED")) {
        error_set(error, ERROR_DENIED, "%s is not enabled: %s", api, answer->message);
        error_hint(error, "gcloud services enable %s, in the project that is named", api);
        return false;
    }
    if (answer->status == 429 || answer->status >= 500) {
        error_set(error, ERROR_PROTOCOL, "%s answered %d: %s", api, answer->status,
                  answer->message);
        error_hint(error, answer->status == 429
                              ? "ask less often, or raise the quota"
                              : "ask again; see https://status.cloud.google.com");
        return false;
    }
    return true;
}

bool gcp_denied(const struct gcp_answer *answer, const char *permission,
                const char *resource, struct resolved *out)
{
    if (answer->status != 403) {
        return false;
    }
    resolved_broken(out, ERROR_DENIED, "%s lacks %s on %s", answer->principal, permission,
                    resource);
    return true;
}

static bool is_made_of(const char *text, const char *marks)
{
    bool good = *text != '\0';
    for (; *text && good; text++) {
        unsigned char byte = (unsigned char)*text;
        good = byte < 0x80 && (isalnum(byte) || strchr(marks, byte));
    }
    return good;
}

bool gcp_plain_name(const char *text)
{
    return is_made_of(text, "-_.@");
}

char *gcp_member_of(const char *principal)
{
    if (text_starts(principal, "principal://") && is_made_of(principal, "-_.:/")) {
        return mem_text(principal);
    }
    if (!strchr(principal, '@') || !is_made_of(principal, "-_.@+")) {
        return mem_text("MEMBER");
    }
    return mem_format(strstr(principal, ".gserviceaccount.com") ? "serviceAccount:%s"
                                                                : "user:%s",
                      principal);
}

char *gcp_member(const struct gcp_answer *answer)
{
    return gcp_member_of(answer->principal ? answer->principal : "");
}

int64_t gcp_time(const char *stamp)
{
    int64_t time = 0;
    size_t length = stamp ? strlen(stamp) : 0;
    size_t digits =
        length > 20 && stamp[19] == '.' ? strspn(stamp + 20, "0123456789") : 0;
    const char *end = length >= 20 ? stamp + (digits ? 20 + digits : 19) : "";
    if (!text_equal(end, "Z")) {
        return 0;
    }
    int shown = digits > 3 ? 3 : (int)digits;
    char *exact =
        mem_format("%.19s.%.*s%.*sZ", stamp, shown, stamp + 20, 3 - shown, "000");
    bool good = clock_parse(exact, &time);
    free(exact);
    return good ? time : 0;
}
