#include "sandbox/google.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "sandbox/revisions.h"
#include "sandbox/sandbox.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct http_route api_routes[] = {
    {"POST", "/token", google_token},
    {"GET", "/v1/projects/*/secrets", google_secrets},
    {"GET", "/v1/projects/*/secrets/*/versions/*", google_version},
    {"GET", "/v2/projects/*/locations/*/services/*", google_service},
    {"GET", "/v2/projects/*/locations/*/services/*/revisions", google_revisions},
    {"GET", "/v2/projects/*/locations/*/services/*/revisions/*", google_revision},
    {"GET", "/apis/serving.knative.dev/v1/namespaces/*/services/*", google_knative},
    {"GET", "/apis/serving.knative.dev/v1/namespaces/*/revisions/*",
     google_knative_revision},
    {NULL, NULL, NULL},
};

/* ---- what all handlers need ---- */

void google_refuse(struct http_reply *reply, unsigned code, const char *status,
                   const char *format, ...)
{
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    reply->status = code;
    reply->json = json_pack("{s{si ss ss}}", "error", "code", (int)code, "message",
                            message, "status", status);
}

bool google_lets_in(struct sandbox *sandbox, const struct http_request *request,
                    struct http_reply *reply)
{
    const char *header = http_header(request, "Authorization");
    const char *token =
        header && strncasecmp(header, "Bearer ", 7) == 0 ? header + 7 : NULL;
    pthread_mutex_lock(&sandbox->google.mutex);
    bool holds = token && text_equal(token, sandbox->google.token);
    pthread_mutex_unlock(&sandbox->google.mutex);
    if (!holds) {
        google_refuse(reply, 401, "UNAUTHENTICATED",
                      "Request had invalid authentication credentials. Expected OAuth 2 "
                      "access token, login cookie or other valid authentication "
                      "credential.");
    }
    return holds;
}

char *google_stamp(const struct sandbox *sandbox, int64_t ago)
{
    char stamp[CLOCK_STAMP];
    clock_stamp(stamp, sandbox->google.began - ago * 1000);
    return mem_text(stamp);
}

/* ---- its life ---- */

static bool renew_token(struct google *google, struct error *error)
{
    char random[SECRET_LENGTH + 1];
    if (!secrets_random(random, SECRET_LENGTH, error)) {
        return false;
    }
    pthread_mutex_lock(&google->mutex);
    snprintf(google->token, sizeof google->token, "ya29.%s", random);
    pthread_mutex_unlock(&google->mutex);
    return true;
}

/* As `gcloud auth application-default login` leaves it, but for where tokens are had. */
static bool write_login(const struct sandbox *sandbox, struct error *error)
{
    const struct google *google = &sandbox->google;
    char *path = fs_join(sandbox->dir, GOOGLE_LOGIN);
    char *directory = fs_directory(path);
    char *url =
        mem_format("http://127.0.0.1:%u/token", door_port(sandbox->doors, DOOR_GOOGLE));
    json_t *login =
        json_pack("{ss ss ss ss ss ss}", "type", "authorized_user", "client_id",
                  "sandbox.apps.googleusercontent.com", "client_secret",
                  google->client_secret, "refresh_token", google->refresh_token,
                  "account", "operator@example.com", "token_uri", url);
    char *text = json_pretty(login);
    bool done = fs_make_dirs(directory, error) &&
                fs_replace(path, text, strlen(text), 0600, error);
    free(text);
    json_decref(login);
    free(url);
    free(directory);
    free(path);
    return done;
}

bool google_start(struct sandbox *sandbox, struct error *error)
{
    struct google *google = &sandbox->google;
    pthread_mutex_init(&google->mutex, NULL);
    google->began = clock_wall();
    atomic_store(&google->rotated, google->began);
    if (!renew_token(google, error) ||
        !secrets_random(google->client_secret, sizeof google->client_secret - 1, error) ||
        !secrets_random(google->refresh_token, sizeof google->refresh_token - 1, error) ||
        !write_login(sandbox, error)) {
        return false;
    }
    google->metadata =
        http_start(google_metadata_routes, sandbox, &google->metadata_port, error);
    google->api = google->metadata
                      ? http_start(api_routes, sandbox, &google->api_port, error)
                      : NULL;
    return google->api != NULL;
}

void google_stop(struct sandbox *sandbox)
{
    struct google *google = &sandbox->google;
    http_stop(google->metadata);
    http_stop(google->api);
    if (google->began) {
        pthread_mutex_destroy(&google->mutex);
    }
    explicit_bzero(google->token, sizeof google->token);
    explicit_bzero(google->refresh_token, sizeof google->refresh_token);
    explicit_bzero(google->client_secret, sizeof google->client_secret);
}

bool google_traffic_follow(struct sandbox *sandbox, struct error *error)
{
    return fault_is_on(sandbox, FAULT_deploy_no_traffic) ||
           revisions_unpin(sandbox->dir, error);
}

bool google_follow(struct sandbox *sandbox, struct error *error)
{
    struct google *google = &sandbox->google;
    if (!fault_is_on(sandbox, FAULT_secret_rotated)) {
        atomic_store(&google->remounted, false);
    }
    if (!atomic_load(&google->remounted)) { /* else another fault was switched */
        atomic_store(&google->rotated, clock_wall());
    }
    return renew_token(google, error) && secrets_lay(sandbox, error) &&
           services_follow(sandbox, error);
}

bool google_remount(struct sandbox *sandbox, struct error *error)
{
    if (fault_is_on(sandbox, FAULT_secret_rotated)) {
        atomic_store(&sandbox->google.remounted, true);
    }
    return secrets_lay(sandbox, error);
}
