#include "tests/unit/google.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "secret/mask.h"
#include "source/gcp_token.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ROUTES = 32 };

struct route {
    char *path;
    int status, once_status;
    char *body, *once_body;
    unsigned count;
    char *asked;
};

struct google {
    pthread_mutex_t guard;
    struct route routes[ROUTES];
    size_t count;
    bool flavored;
    int64_t ahead;
    char home[64];
    struct MHD_Daemon *daemon;
    int port;
};

static struct route *route_locked(struct google *google, const char *path)
{
    for (size_t i = 0; i < google->count; i++) {
        if (strcmp(google->routes[i].path, path) == 0) {
            return &google->routes[i];
        }
    }
    if (google->count == ROUTES) {
        panic("too many routes");
    }
    struct route *route = &google->routes[google->count++];
    *route =
        (struct route){.path = mem_text(path), .status = 404, .body = mem_text("{}")};
    return route;
}

static enum MHD_Result add_argument(void *self, enum MHD_ValueKind kind, const char *key,
                                    const char *value)
{
    (void)kind;
    buf_format(self, " %s=%s", key, value ? value : "");
    return MHD_YES;
}

static void remember(struct route *route, struct MHD_Connection *connection,
                     const char *method, const struct buf *body)
{
    static const char *const names[] = {"Authorization", "Metadata-Flavor", "Metadata",
                                        "Content-Type", "x-goog-user-project"};
    struct buf text;
    buf_init(&text, 0);
    buf_format(&text, "%s %s", method, route->path);
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_argument, &text);
    buf_text(&text, "\n");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value =
            MHD_lookup_connection_value(connection, MHD_HEADER_KIND, names[i]);
        if (value) {
            buf_format(&text, "%s: %s\n", names[i], value);
        }
    }
    buf_text(&text, "\n");
    buf_add(&text, buf_string(body), body->length);
    free(route->asked);
    route->asked = buf_take(&text);
    route->count++;
}

static struct MHD_Response *respond(struct google *google, const char *body)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, "Content-Type",
                            body[0] == '<' ? "text/html" : "application/json");
    if (google->flavored) {
        MHD_add_response_header(response, "Metadata-Flavor", "Google");
    }
    char date[64];
    time_t now = time(NULL) + (time_t)google->ahead;
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    MHD_add_response_header(response, "Date", date);
    MHD_add_response_header(response, "Location", "http://127.0.0.1:1/elsewhere");
    return response;
}

static enum MHD_Result serve(void *self, struct MHD_Connection *connection,
                             const char *path, const char *method, const char *version,
                             const char *data, size_t *size, void **request)
{
    (void)version;
    struct google *google = self;
    struct buf *body = *request;
    if (!body) {
        *request = mem_alloc(sizeof *body);
        return MHD_YES;
    }
    if (*size > 0) {
        buf_add(body, data, *size);
        *size = 0;
        return MHD_YES;
    }
    pthread_mutex_lock(&google->guard);
    struct route *route = route_locked(google, path);
    remember(route, connection, method, body);
    int status = route->once_body ? route->once_status : route->status;
    struct MHD_Response *response =
        respond(google, route->once_body ? route->once_body : route->body);
    free(route->once_body);
    route->once_body = NULL;
    pthread_mutex_unlock(&google->guard);
    enum MHD_Result done = MHD_queue_response(connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return done;
}

static void forget_request(void *self, struct MHD_Connection *connection, void **request,
                           enum MHD_RequestTerminationCode how)
{
    (void)self, (void)connection, (void)how;
    if (*request) {
        buf_finish(*request);
        free(*request);
    }
}

static const char *const variables[] = {
    "HOME",
    "GCE_METADATA_HOST",
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER",
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN",
    "CLOUDSDK_CONFIG",
    "GOOGLE_APPLICATION_CREDENTIALS",
};
enum { VARIABLES = sizeof variables / sizeof variables[0], POINTING = 4 };

struct google *google_create(void)
{
    struct google *google = mem_alloc(sizeof *google);
    pthread_mutex_init(&google->guard, NULL);
    google->flavored = true;
    snprintf(google->home, sizeof google->home, "/tmp/greenboard-google-XXXXXX");
    google->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL,
                                      serve, google, MHD_OPTION_NOTIFY_COMPLETED,
                                      forget_request, NULL, MHD_OPTION_END);
    if (!google->daemon || !mkdtemp(google->home)) {
        panic("no stand-in for Google");
    }
    google->port = MHD_get_daemon_info(google->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    char *host = mem_format("127.0.0.1:%d", google->port);
    char *url = mem_format("http://%s/", host);
    const char *const values[POINTING] = {google->home, host, url, url};
    for (size_t i = 0; i < VARIABLES; i++) {
        if (i < POINTING) {
            setenv(variables[i], values[i], 1);
        } else {
            unsetenv(variables[i]);
        }
    }
    free(host);
    free(url);
    return google;
}

void google_destroy(struct google *google)
{
    MHD_stop_daemon(google->daemon);
    for (size_t i = 0; i < google->count; i++) {
        struct route *route = &google->routes[i];
        free(route->path);
        free(route->body);
        free(route->once_body);
        free(route->asked);
    }
    fs_remove_tree(google->home);
    pthread_mutex_destroy(&google->guard);
    free(google);
}

int google_port(const struct google *google)
{
    return google->port;
}

void google_says(struct google *google, const char *path, int status, const char *body)
{
    pthread_mutex_lock(&google->guard);
    struct route *route = route_locked(google, path);
    free(route->body);
    route->body = mem_text(body);
    route->status = status;
    pthread_mutex_unlock(&google->guard);
}

void google_says_once(struct google *google, const char *path, int status,
                      const char *body)
{
    pthread_mutex_lock(&google->guard);
    struct route *route = route_locked(google, path);
    free(route->once_body);
    route->once_body = mem_text(body);
    route->once_status = status;
    pthread_mutex_unlock(&google->guard);
}

void google_flavor(struct google *google, bool shown)
{
    pthread_mutex_lock(&google->guard);
    google->flavored = shown;
    pthread_mutex_unlock(&google->guard);
}

void google_clock(struct google *google, int64_t ahead)
{
    pthread_mutex_lock(&google->guard);
    google->ahead = ahead;
    pthread_mutex_unlock(&google->guard);
}

unsigned google_count(struct google *google, const char *path)
{
    pthread_mutex_lock(&google->guard);
    unsigned count = route_locked(google, path)->count;
    pthread_mutex_unlock(&google->guard);
    return count;
}

char *google_asked(struct google *google, const char *path)
{
    pthread_mutex_lock(&google->guard);
    const char *asked = route_locked(google, path)->asked;
    char *copy = mem_text(asked ? asked : "");
    pthread_mutex_unlock(&google->guard);
    return copy;
}

char *google_path(struct google *google, const char *name)
{
    return fs_join(google->home, name);
}

void google_file(struct google *google, const char *name, const char *text)
{
    char *path = google_path(google, name);
    char *directory = fs_directory(path);
    if (!*text) {
        unlink(path);
    } else if (!fs_make_dirs(directory, NULL) ||
               !fs_replace(path, text, strlen(text), 0600, NULL)) {
        panic("%s cannot be written", path);
    }
    free(directory);
    free(path);
}

void google_machine(struct google *google, int number)
{
    static const char base[] = "/computeMetadata/v1/instance/service-accounts/default/";
    char *token = mem_format("%stoken", base), *email = mem_format("%semail", base);
    char *body = mem_format("{\"access_token\":\"ya29.machine-token-%d\","
                            "\"expires_in\":3599,\"token_type\":\"Bearer\"}",
                            number);
    google_says(google, token, 200, body);
    google_says(google, email, 200, "gate@netra.iam.gserviceaccount.com");
    free(body);
    free(token);
    free(email);
}

int google_set_up(void **state)
{
    *state = google_create();
    return 0;
}

int google_tear_down(void **state)
{
    google_destroy(*state);
    gcp_token_forget();
    mask_forget();
    return 0;
}
