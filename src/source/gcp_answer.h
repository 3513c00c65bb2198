/* What one of Google's REST services answered: its body, or its refusal in words. Any
 * thread; the struct is the caller's. */
#ifndef GREENBOARD_SOURCE_GCP_ANSWER_H
#define GREENBOARD_SOURCE_GCP_ANSWER_H

#include "base/error.h"
#include "net/http.h"
#include "source/source.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct gcp_answer {
    int status;      /* of HTTP */
    json_t *body;    /* an object */
    char *principal; /* who was refused, with 401 and 403: "ada@example.com"; else NULL */
    char *reason;    /* "PERMISSION_DENIED" where it is an error, else "" */
    char *message;   /* Google's words on it, fit to be shown */
};

/* Takes over nothing of the reply; false where it is not one of that API. To be finished
 * in any case. */
bool gcp_answer_read(const char *api, const struct http_reply *reply,
                     struct gcp_answer *out, struct error *error);
void gcp_answer_finish(struct gcp_answer *answer);
void gcp_answer_copy(struct gcp_answer *out, const struct gcp_answer *answer);

/* False with its cause where the service did not come to what was asked: the token is
 * refused, the API is not enabled, too many questions, broken. */
bool gcp_answer_judge(const char *api, const struct gcp_answer *answer,
                      struct error *error);

/* True for a 403; fills `out`: broken, with who lacks which permission on what. */
bool gcp_denied(const struct gcp_answer *answer, const char *permission,
                const char *resource, struct resolved *out);

/* How policies call who was refused, and any principal: "serviceAccount:…", "user:…",
 * "principal://…", or MEMBER where that is not known; the caller frees. */
char *gcp_member(const struct gcp_answer *answer);
char *gcp_member_of(const char *principal);

/* Of letters, digits and what an address is made of: nothing in it means something to a
 * shell that a hint is pasted into. */
bool gcp_plain_name(const char *text);

/* ms since 1970 of a "2026-01-31T12:04:31.218375Z" (RFC 3339, 0 to 9 digits of a second,
 * always in UTC); 0 where it is none. */
int64_t gcp_time(const char *stamp);

#endif
