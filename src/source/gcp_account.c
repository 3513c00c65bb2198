/* The key of a service account signs an assertion, which is exchanged (RFC 7523). */
#include "source/gcp_grant.h"

#include "base/clock.h"
#include "secret/rs256.h"

static bool add_assertion(const struct gcp_credentials *credentials, struct buf *form,
                          struct error *error)
{
    int64_t now = clock_wall() / 1000;
    json_t *claims = json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss", credentials->principal,
                               "scope", GCP_SCOPE, "aud", credentials->token_url, "iat",
                               (json_int_t)now, "exp", (json_int_t)(now + GCP_LIFETIME));
    struct buf assertion;
    buf_init_secret(&assertion, 0);
    bool done = claims && rs256_sign(claims, credentials->key_id,
                                     credentials->private_key, &assertion, error);
    if (done) {
        gcp_form_add(form, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
        gcp_form_add(form, "assertion", buf_string(&assertion));
    } else {
        error_prefix(error, "Google credentials %s", credentials->origin);
        error_hint(error, "make a new key for %s", credentials->principal);
    }
    buf_finish(&assertion);
    json_decref(claims);
    return done;
}

bool gcp_grant_account(const struct gcp_credentials *credentials,
                       const struct source_context *context, struct gcp_grant *out,
                       struct error *error)
{
    struct buf form;
    buf_init_secret(&form, 0);
    bool done = add_assertion(credentials, &form, error) &&
                gcp_form_send(credentials, &form, false, context, out, error);
    buf_finish(&form);
    return done;
}
