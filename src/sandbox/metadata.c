/* Where access tokens come from: the metadata server of a machine with a service account,
 * and the token endpoint for a person's login. */
#include "sandbox/google.h"

#include "base/mem.h"
#include "base/text.h"
#include "sandbox/sandbox.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_S = 3599 };

#define FLAVOR  "Metadata-Flavor"
#define ACCOUNT "preflight@" GOOGLE_PROJECT ".iam.gserviceaccount.com"

static void give_token(struct sandbox *sandbox, struct http_reply *reply)
{
    pthread_mutex_lock(&sandbox->google.mutex);
    reply->json = json_pack("{ss si ss}", "access_token", sandbox->google.token,
                            "expires_in", TOKEN_S, "token_type", "Bearer");
    pthread_mutex_unlock(&sandbox->google.mutex);
    reply->status = 200;
}

/* ---- the machine's ---- */

/* A browser that was tricked into asking does not send the header. */
static bool is_meant(const struct http_request *request, struct http_reply *reply)
{
    bool meant = text_equal(http_header(request, FLAVOR), "Google");
    reply->header[0] = FLAVOR;
    reply->header[1] = "Google";
    if (!meant) {
        reply->status = 403;
        reply->text = mem_text("Missing " FLAVOR ":Google header.\n");
    }
    return meant;
}

static bool has_account(const struct sandbox *sandbox, struct http_reply *reply)
{
    bool there = !fault_is_on(sandbox, FAULT_gcp_no_credentials);
    if (!there) {
        reply->status = 404;
        reply->text = mem_text("The service account was not found.\n");
    }
    return there;
}

static void machine_token(void *context, const struct http_request *request,
                          struct http_reply *reply)
{
    if (is_meant(request, reply) && has_account(context, reply)) {
        give_token(context, reply);
    }
}

static void machine_email(void *context, const struct http_request *request,
                          struct http_reply *reply)
{
    if (is_meant(request, reply) && has_account(context, reply)) {
        reply->status = 200;
        reply->text = mem_text(ACCOUNT);
    }
}

static void machine_project(void *context, const struct http_request *request,
                            struct http_reply *reply)
{
    (void)context;
    if (is_meant(request, reply)) {
        reply->status = 200;
        reply->text = mem_text(GOOGLE_PROJECT);
    }
}

#define SERVICE_ACCOUNT "/computeMetadata/v1/instance/service-accounts/default/"

const struct http_route google_metadata_routes[] = {
    {"GET", SERVICE_ACCOUNT "token", machine_token},
    {"GET", SERVICE_ACCOUNT "email", machine_email},
    {"GET", "/computeMetadata/v1/project/project-id", machine_project},
    {NULL, NULL, NULL},
};

/* ---- a person's (RFC 6749 section 6) ---- */

static bool field_is(const struct http_request *request, const char *name,
                     const char *value)
{
    char *given = http_field(request, name);
    size_t length = strlen(value);
    bool same =
        given && strlen(given) == length && CRYPTO_memcmp(given, value, length) == 0;
    free(given);
    return same;
}

void google_token(void *context, const struct http_request *request,
                  struct http_reply *reply)
{
    struct sandbox *sandbox = context;
    if (!field_is(request, "grant_type", "refresh_token")) {
        reply->status = 400;
        reply->json = json_pack("{ss}", "error", "unsupported_grant_type");
    } else if (!field_is(request, "client_secret", sandbox->google.client_secret) ||
               !field_is(request, "refresh_token", sandbox->google.refresh_token) ||
               fault_is_on(sandbox, FAULT_gcp_no_credentials)) {
        reply->status = 400;
        reply->json = json_pack("{ss ss}", "error", "invalid_grant", "error_description",
                                "Token has been expired or revoked.");
    } else {
        give_token(sandbox, reply);
    }
}
