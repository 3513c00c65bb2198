#include "tests/unit/netra.h"

#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/checks.h"
#include "net/http.h"
#include "secret/fingerprint.h"
#include "secret/jwt.h"
#include "secret/mask.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char document[] =
    "{\"version\":1,\"system\":\"netra\",\"environments\":{\"staging\":{"
    "\"jwt\":{\"canonical\":[{\"file\":\"canonical\"}],\"issuer\":\"netra-auth-service\","
    "\"audience\":[\"netra-platform\",\"other\"]},"
    "\"services\":{\"auth\":{\"url\":\"http://"
    "127.0.0.1:%d\",\"jwt_secret\":{\"file\":\"auth\"}},"
    "\"backend\":{\"url\":\"http://"
    "127.0.0.1:%d\",\"jwt_secret\":{\"file\":\"backend\"}}},"
    "\"auth_flow\":{\"login\":{\"path\":\"/auth/"
    "login\",\"body\":{\"email\":\"probe@example.com\","
    "\"password\":{\"file\":\"password\"}}},\"user\":{\"path\":\"/api/v1/user/"
    "profile\"}},"
    "\"auth_rate\":{\"source\":{\"json\":{\"service\":\"backend\",\"path\":\"/metrics\","
    "\"good\":\"/a/good\",\"total\":\"/a/total\",\"excluded\":\"/a/excluded\"}}},"
    "\"clickhouse\":{\"host\":\"127.0.0.1\"},\"redis\":{\"host\":\"127.0.0.1\"},"
    "\"deploy\":{\"command\":[\"true\"]},\"rollback\":{\"command\":[\"true\"]}}}}";

static struct secret *keep(const char *text)
{
    return secret_create(text, strlen(text), NULL);
}

static enum MHD_Result answer(struct MHD_Connection *connection, int status,
                              const char *body)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, "Content-Type", "application/json");
    enum MHD_Result done = MHD_queue_response(connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return done;
}

static enum MHD_Result answer_as(struct MHD_Connection *connection,
                                 const struct reply *set, int status, const char *body)
{
    return answer(connection, set->status ? set->status : status,
                  set->body ? set->body : body);
}

static enum MHD_Result log_in(struct netra *netra, struct MHD_Connection *connection,
                              const char *body)
{
    atomic_fetch_add(&netra->logins, 1);
    json_t *asked = json_parse(body, strlen(body), NULL);
    bool known = text_equal(json_get_text(asked, "password"), "hunter22hunter22");
    json_decref(asked);
    if (netra->spares > 0) {
        netra->spares--;
    } else if (netra->rejects > 0) {
        netra->rejects--;
        known = false;
    }
    if (!known && !netra->login.status) {
        return answer(connection, 401, "{\"detail\":\"Invalid credentials\"}");
    }
    int64_t now = clock_wall() / 1000 + netra->clock;
    json_t *claims =
        json_pack("{s:s, s:s, s:I, s:I}", "iss", netra->issuer, "aud", netra->audience,
                  "iat", (json_int_t)now, "exp", (json_int_t)(now + netra->lifetime));
    struct secret *secret = keep(netra->auth_secret);
    struct buf token = {0}, reply = {0};
    jwt_sign(claims, secret, "HS256", &token, NULL);
    buf_format(&reply, "{\"access_token\":\"%s\",\"token_type\":\"Bearer\"}",
               netra->opaque ? "8f14e45fceea167a5a36dedd4bea2543" : buf_string(&token));
    enum MHD_Result done = answer_as(connection, &netra->login, 200, buf_string(&reply));
    buf_finish(&reply);
    buf_finish(&token);
    secret_unref(secret);
    json_decref(claims);
    return done;
}

static bool verifies(const char *token, const char *under)
{
    struct jwt jwt;
    struct secret *secret = keep(under);
    bool good = jwt_parse(token, &jwt, NULL) && jwt_verify(&jwt, secret, "HS256", NULL);
    jwt_finish(&jwt);
    secret_unref(secret);
    return good;
}

/* Past any leeway, as only a forgery is. */
static bool is_long_expired(const char *token)
{
    struct jwt jwt;
    bool expired = jwt_parse(token, &jwt, NULL) &&
                   json_integer_value(json_object_get(jwt.claims, "exp")) <
                       clock_wall() / 1000 - 1800;
    jwt_finish(&jwt);
    return expired;
}

static bool says_none(const char *token)
{
    struct jwt jwt;
    bool none = jwt_parse(token, &jwt, NULL) &&
                text_equal(json_get_text(jwt.header, "alg"), "none");
    jwt_finish(&jwt);
    return none;
}

static bool accepts(const struct netra *netra, const char *token)
{
    if (netra->opaque || netra->unprotected) {
        return true;
    }
    bool expired = is_long_expired(token) && !netra->accepts_expired;
    return *token &&
           (netra->accepts_anything || (netra->accepts_none && says_none(token)) ||
            (verifies(token, netra->backend_secret) && !expired));
}

static enum MHD_Result show_user(struct netra *netra, struct MHD_Connection *connection)
{
    const char *bearer =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");
    const char *token = bearer && text_starts(bearer, "Bearer ") ? bearer + 7 : "";
    bool genuine =
        netra->opaque || (verifies(token, netra->auth_secret) && !is_long_expired(token));
    atomic_fetch_add(genuine  ? &netra->users
                     : *token ? &netra->forgeries
                              : &netra->strangers,
                     1);
    char *body = mem_format("{\"name\":\"Probe\",\"email\":\"%s\"}", netra->email);
    bool accepted = accepts(netra, token);
    const struct reply *set = genuine  ? &netra->user
                              : *token ? &netra->forged
                                       : &netra->stranger;
    enum MHD_Result done =
        answer_as(connection, set, accepted ? 200 : 401,
                  accepted ? body : "{\"detail\":\"Could not validate credentials\"}");
    free(body);
    return done;
}

static enum MHD_Result validate(struct netra *netra, struct MHD_Connection *connection,
                                const char *body)
{
    json_t *asked = json_parse(body, strlen(body), NULL);
    const char *token = json_get_text(asked, "token");
    const char *shown =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-Service-Secret");
    atomic_fetch_add(&netra->validated, 1);
    bool known = !netra->service_secret || text_equal(shown, netra->service_secret);
    bool valid =
        token && (netra->vouches_for_anything ||
                  (verifies(token, netra->auth_secret) && !is_long_expired(token)));
    json_decref(asked);
    return answer_as(connection, &netra->validate, 200,
                     !known
                         ? "{\"valid\":false,\"error\":\"Service authentication failed\"}"
                     : valid ? "{\"valid\":true}"
                             : "{\"valid\":false,\"error\":\"Invalid token\"}");
}

static enum MHD_Result serve(void *self, struct MHD_Connection *connection,
                             const char *path, const char *method, const char *version,
                             const char *data, size_t *size, void **request)
{
    (void)version, (void)method;
    struct netra *netra = self;
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
    if (strcmp(path, "/auth/login") == 0) {
        return log_in(netra, connection, buf_string(body));
    }
    if (strcmp(path, "/auth/validate") == 0) {
        return validate(netra, connection, buf_string(body));
    }
    if (strcmp(path, "/metrics") == 0) {
        return answer_as(connection, &netra->metrics, 200, netra->counters);
    }
    return show_user(netra, connection);
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

static void *start(struct netra *netra, int *port)
{
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, serve, netra,
        MHD_OPTION_NOTIFY_COMPLETED, forget_request, NULL, MHD_OPTION_END);
    assert_non_null(daemon);
    *port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    return daemon;
}

void netra_stop(void **daemon)
{
    if (*daemon) {
        MHD_stop_daemon(*daemon);
        *daemon = NULL;
    }
}

void netra_write(struct netra *netra, const char *name, const char *text)
{
    char *path = fs_join(netra->directory, name);
    if (text) {
        assert_true(fs_replace(path, text, strlen(text), 0600, NULL));
    } else {
        unlink(path);
    }
    free(path);
}

void netra_count(struct netra *netra, const char *good, const char *total,
                 const char *excluded)
{
    free(netra->counters);
    netra->counters = mem_format("{\"a\":{\"good\":%s,\"total\":%s,\"excluded\":%s}}",
                                 good, total, excluded);
}

struct netra *netra_create(void)
{
    struct netra *netra = mem_alloc(sizeof *netra);
    netra->auth_secret = netra->backend_secret = NETRA_SECRET;
    netra->issuer = "netra-auth-service";
    netra->audience = "netra-platform";
    netra->email = "probe@example.com";
    netra->lifetime = 900;
    netra_count(netra, "990", "1000", "5");
    snprintf(netra->directory, sizeof netra->directory, "/tmp/greenboard-netra-XXXXXX");
    assert_non_null(mkdtemp(netra->directory));
    netra->auth = start(netra, &netra->auth_port);
    netra->backend = start(netra, &netra->backend_port);
    char *text = mem_format(document, netra->auth_port, netra->backend_port);
    netra->root = json_parse(text, strlen(text), NULL);
    assert_non_null(netra->root);
    free(text);
    static const char *const secrets[] = {"canonical", "auth", "backend"};
    for (size_t i = 0; i < 3; i++) {
        netra_write(netra, secrets[i], NETRA_SECRET "\n");
    }
    netra_write(netra, "password", "hunter22hunter22");
    return netra;
}

void netra_set(struct netra *netra, const char *pointer, const char *json)
{
    char *parent = mem_text(pointer);
    char *slash = strrchr(parent, '/');
    *slash = '\0';
    json_t *object = json_at(json_at(netra->root, "/environments/staging"), parent);
    assert_non_null(object);
    if (json) {
        json_t *value = json_parse(json, strlen(json), NULL);
        assert_non_null(value);
        json_object_set_new(object, slash + 1, value);
    } else {
        assert_int_equal(json_object_del(object, slash + 1), 0);
    }
    free(parent);
}

static void unload(struct netra *netra)
{
    board_destroy(netra->board);
    config_destroy(netra->config);
}

void netra_load(struct netra *netra)
{
    unload(netra);
    char *text = json_pretty(netra->root);
    netra_write(netra, "greenboard.json", text);
    free(text);
    char *path = fs_join(netra->directory, "greenboard.json");
    netra->config = config_load(path);
    free(path);
    char *complaint = config_complaint(netra->config);
    if (!config_usable(netra->config)) {
        fail_msg("%s", complaint);
    }
    free(complaint);
    struct error error;
    netra->environment = config_environment(netra->config, NULL, &error);
    assert_non_null(netra->environment);
    netra->board = board_create(netra->environment, checks_all);
}

const struct result *netra_ask(struct netra *netra, const char *check, bool thorough)
{
    struct light *light = board_find(netra->board, check);
    assert_non_null(light);
    struct secrets *secrets =
        secrets_resolve(netra->environment, clock_now() + 5 * CLOCK_SECOND);
    secrets_publish(secrets);
    atomic_bool cancelled = false;
    struct job job = {.check = light->check,
                      .name = light->name,
                      .environment = netra->environment,
                      .section = light->section,
                      .secrets = secrets,
                      .deadline = clock_now() + 5 * CLOCK_SECOND,
                      .thorough = thorough,
                      .cancelled = &cancelled};
    struct result *result = result_create();
    result->began = clock_now();
    if (light->check->prepare) {
        light->check->prepare(netra->board, &job);
    }
    light->check->ask(&job, result);
    result->ended = clock_now();
    result_seal(result);
    free(job.prepared);
    secrets_unref(secrets);
    board_take(netra->board, light, result);
    return result;
}

void netra_destroy(struct netra *netra)
{
    unload(netra);
    netra_stop(&netra->auth);
    netra_stop(&netra->backend);
    json_decref(netra->root);
    fs_remove_tree(netra->directory);
    free(netra->counters);
    free(netra);
}

/* For the fingerprint key of the whole program. */
static char state_directory[] = "/tmp/greenboard-checks-XXXXXX";

void netra_begin(void)
{
    struct error error;
    json_begin();
    keep_begin();
    http_begin();
    if (!mkdtemp(state_directory) || !fingerprint_begin(state_directory, &error)) {
        panic("no directory for the fingerprint key");
    }
}

void netra_end(void)
{
    mask_forget();
    fingerprint_end();
    http_end();
    fs_remove_tree(state_directory);
}

int netra_set_up(void **state)
{
    *state = netra_create();
    return 0;
}

int netra_tear_down(void **state)
{
    netra_destroy(*state);
    return 0;
}

void assert_evidence(const struct result *result, const char *key, const char *value)
{
    const char *is = result_evidence_of(result, key);
    if (!is || strcmp(is, value) != 0) {
        fail_msg("evidence %s is \"%s\", not \"%s\"", key, is ? is : "absent", value);
    }
}

void assert_says(const struct result *result, enum state state, const char *words)
{
    if (result->state != state || !strstr(result->summary, words)) {
        fail_msg("%s: %s; wanted %s: %s", state_rows[result->state].word, result->summary,
                 state_rows[state].word, words);
    }
    if (state != STATE_OK && state != STATE_SKIP) {
        assert_non_null(result->remedy);
        assert_true(strlen(result->remedy) > 10);
        assert_true(result->rung != RUNG_USABLE);
    }
    assert_null(strstr(result->summary, NETRA_SECRET));
}

bool has_note(const struct result *result, const char *words)
{
    for (size_t i = 0; i < result->note_count; i++) {
        if (strstr(result->notes[i], words)) {
            return true;
        }
    }
    return false;
}
