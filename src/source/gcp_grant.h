/* The ways to an access token, one file each, and what they have in common: a form that
 * is sent to a token endpoint (RFC 6749 section 3.2), and for how long what came back is
 * used. For gcp_token alone, which keeps it. Blocks: for workers. */
#ifndef GREENBOARD_SOURCE_GCP_GRANT_H
#define GREENBOARD_SOURCE_GCP_GRANT_H

#include "base/buf.h"
#include "base/error.h"
#include "net/http.h"
#include "secret/keep.h"
#include "source/gcp_credentials.h"
#include "source/source.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct gcp_grant {
    struct secret *bearer;
    int64_t until; /* clock_now(): not used from then on */
};

/* Each fills an empty grant, which is the caller's to finish where true. */
bool gcp_grant_machine(const struct gcp_credentials *credentials,
                       const struct source_context *context, struct gcp_grant *out,
                       struct error *error);
bool gcp_grant_account(const struct gcp_credentials *credentials,
                       const struct source_context *context, struct gcp_grant *out,
                       struct error *error);
bool gcp_grant_user(const struct gcp_credentials *credentials,
                    const struct source_context *context, struct gcp_grant *out,
                    struct error *error);
bool gcp_grant_federated(const struct gcp_credentials *credentials,
                         const struct source_context *context, struct gcp_grant *out,
                         struct error *error);
void gcp_grant_finish(struct gcp_grant *grant);

/* Puts the impersonated account's token into the place of that of the credentials. */
bool gcp_impersonate(const struct gcp_credentials *credentials,
                     const struct source_context *context, struct gcp_grant *grant,
                     struct error *error);

/* What the metadata server calls the account of this machine, or words for it; the caller
 * frees. Asked only for words: it may take half of the time that is left. */
char *gcp_machine_account(const struct source_context *context);

/* ---- for the ways themselves ---- */

void gcp_form_add(struct buf *form, const char *name, const char *value);
/* Sends it, with the client in the Authorization header (RFC 6749 section 2.3.1) where
 * `basic`. */
bool gcp_form_send(const struct gcp_credentials *credentials, const struct buf *form,
                   bool basic, const struct source_context *context,
                   struct gcp_grant *out, struct error *error);

/* Takes {"access_token", "expires_in"} (RFC 6749 section 5.1) of what `from` answered to
 * a question of `asked` (clock_now()). */
bool gcp_grant_take(const char *from, const struct http_reply *reply,
                    const json_t *answer, int64_t asked, struct gcp_grant *out,
                    struct error *error);
/* From here on the mask covers it. */
bool gcp_grant_keep(const json_t *token, int64_t until, struct gcp_grant *out,
                    struct error *error);
/* Counted from when it was asked for: no token ends before that. */
int64_t gcp_grant_until(int64_t asked, int64_t seconds);
bool gcp_no_json(const char *from, const struct http_reply *reply, struct error *error);

#endif
