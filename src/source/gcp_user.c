/* A login left a refresh token (RFC 6749 section 6). Google's endpoint for its own users
 * takes the client as fields, that for the users of a pool in the header. */
#include "source/gcp_grant.h"

#include "secret/mask.h"

bool gcp_grant_user(const struct gcp_credentials *credentials,
                    const struct source_context *context, struct gcp_grant *out,
                    struct error *error)
{
    bool basic = credentials->kind == GCP_FEDERATED_USER;
    struct secret *sent[] = {credentials->client_secret, credentials->refresh_token};
    struct buf form;
    mask_publish(sent, 2);
    buf_init_secret(&form, 0);
    gcp_form_add(&form, "grant_type", "refresh_token");
    if (!basic) {
        gcp_form_add(&form, "client_id", credentials->client_id);
        gcp_form_add(&form, "client_secret", secret_data(credentials->client_secret));
    }
    gcp_form_add(&form, "refresh_token", secret_data(credentials->refresh_token));
    bool done = gcp_form_send(credentials, &form, basic, context, out, error);
    buf_finish(&form);
    return done;
}
