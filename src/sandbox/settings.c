#include "sandbox/settings.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "sandbox/deploy.h"
#include "sandbox/sandbox.h"

#include <stdlib.h>
#include <string.h>

static json_t *secret_file(const struct sandbox *sandbox, const char *name)
{
    char *path = mem_format("%s/secrets/%s", sandbox->dir, name);
    json_t *source = json_pack("{ss}", "file", path);
    free(path);
    return source;
}

/* The order of the plan: Secret Manager, then the variable. */
static json_t *canonical(void)
{
    return json_pack("[{ss} {ss}]", "gcp_secret",
                     "projects/" GOOGLE_PROJECT "/secrets/" GOOGLE_SECRET, "env",
                     GOOGLE_VARIABLE);
}

static json_t *service(const struct sandbox *sandbox, enum door_name door,
                       const char *run_service)
{
    char *url = mem_format("http://127.0.0.1:%u", door_port(sandbox->doors, door));
    char *name = mem_format("projects/" GOOGLE_PROJECT "/locations/" GOOGLE_LOCATION
                            "/services/%s",
                            run_service);
    json_t *section = json_pack("{ss s{ss ss}}", "url", url, "jwt_secret", "cloud_run",
                                name, "key", GOOGLE_VARIABLE);
    free(name);
    free(url);
    return section;
}

/* It answers nobody, and is started from a file: whoever holds the secret is compared. */
static json_t *worker(const struct sandbox *sandbox)
{
    char *path = mem_format("%s/secrets/worker/env", sandbox->dir);
    json_t *section =
        json_pack("{s{ss ss}}", "jwt_secret", "env_file", path, "key", GOOGLE_VARIABLE);
    free(path);
    return section;
}

/* What the backend must be given: where the stores are that the checks ask. */
static json_t *backend_settings(const struct sandbox *sandbox, const json_t *backend)
{
    char *clickhouse = mem_format("%u", door_port(sandbox->doors, DOOR_CLICKHOUSE_HTTP));
    char *redis = mem_format("%u", door_port(sandbox->doors, DOOR_REDIS));
    const char *name = json_get_text(json_object_get(backend, "jwt_secret"), "cloud_run");
    json_t *settings = json_pack("{s{ss} s{ss ss ss ss ss}}", "from", "cloud_run", name,
                                 "expect", "ENVIRONMENT", "staging", "CLICKHOUSE_HOST",
                                 "127.0.0.1", "CLICKHOUSE_PORT", clickhouse, "REDIS_HOST",
                                 "127.0.0.1", "REDIS_PORT", redis);
    free(redis);
    free(clickhouse);
    return settings;
}

static json_t *services(const struct sandbox *sandbox)
{
    json_t *backend = service(sandbox, DOOR_BACKEND, GOOGLE_BACKEND);
    json_object_set_new(backend, "settings", backend_settings(sandbox, backend));
    json_t *auth = service(sandbox, DOOR_AUTH, GOOGLE_AUTH);
    json_object_set_new(auth, "validate",
                        json_pack("{ss s{ss so} s{ss}}", "path", "/auth/validate",
                                  "headers", "X-Service-ID", SERVICE_ID,
                                  "X-Service-Secret", secret_file(sandbox, "service"),
                                  "body", "token_type", "access"));
    return json_pack("{so so so}", "auth", auth, "backend", backend, "worker",
                     worker(sandbox));
}

static json_t *auth_flow(const struct sandbox *sandbox)
{
    return json_pack("{s{ss s{ss} s{ss so} ss} s{ss ss}}", "login", "path", "/auth/login",
                     "headers", "X-Greenboard-Probe", "1", "body", "email", PROBE_EMAIL,
                     "password", secret_file(sandbox, "probe"), "token", "/access_token",
                     "user", "path", "/api/v1/user/profile", "email", "/email");
}

static json_t *auth_rate(void)
{
    return json_pack("{s{s{ss ss ss ss ss}} sf ss si}", "source", "json", "service",
                     "backend", "path", "/health/authentication/metrics", "good",
                     "/authentication_metrics/successful_authentications", "total",
                     "/authentication_metrics/total_attempts", "excluded",
                     "/authentication_metrics/wrong_password_attempts", "objective", 0.99,
                     "window", "5m", "min_attempts", 5);
}

static json_t *clickhouse(const struct sandbox *sandbox)
{
    json_t *section =
        json_pack("{ss si ss so ss s[s]}", "host", "127.0.0.1", "http_port",
                  (int)door_port(sandbox->doors, DOOR_CLICKHOUSE_HTTP), "user", "default",
                  "password", secret_file(sandbox, "clickhouse"), "database",
                  CLICKHOUSE_DATABASE, "tables", CLICKHOUSE_TABLE);
    bool native = !sandbox->clickhouse.stand_in; /* which speaks HTTP alone */
    json_object_set_new(
        section, "native_port",
        json_integer(native ? door_port(sandbox->doors, DOOR_CLICKHOUSE_NATIVE) : 0));
    return section;
}

static json_t *checks(void)
{
    return json_pack("[{ss ss ss ss s{ss sb}} {ss ss ss}]", "type", "health_json", "name",
                     "backend ready", "service", "backend", "path",
                     "/api/health/ready?force=true", "expect", "/status", "ready",
                     "/checks/redis/connected", 1, "type", "cloud_run", "name",
                     "backend revision", "cloud_run",
                     "projects/" GOOGLE_PROJECT "/locations/" GOOGLE_LOCATION
                     "/services/" GOOGLE_BACKEND);
}

/* The lawful ways past a red light: neither ships a release. */
static json_t *repairs(const struct sandbox *sandbox)
{
    return json_pack("[{ss ss s[s] s[ss] s{ss ss}} {ss ss sb s[ss] s{ss ss}}]", "name",
                     "re-mount secret", "title",
                     "redeploy what runs with the newest version of its secret", "for",
                     "jwt_sync", "command", sandbox->program, REPAIR_COMMAND, "verify",
                     "within", "10s", "hold", "1s", "name", "first start", "title",
                     "start the services before anything was shipped", "bootstrap", 1,
                     "command", sandbox->program, REPAIR_COMMAND, "verify", "within",
                     "10s", "hold", "1s");
}

static json_t *staging(const struct sandbox *sandbox)
{
    json_t *root = json_object();
    json_object_set_new(root, "release",
                        json_pack("{s[ss] s{s[ss] s[ss]}}", "command", "cat", "release",
                                  "running", "auth", sandbox->program, RUNNING_COMMAND,
                                  "backend", sandbox->program, RUNNING_COMMAND));
    json_object_set_new(root, "jwt",
                        json_pack("{so ss ss ss}", "canonical", canonical(), "algorithm",
                                  "HS256", "issuer", JWT_ISSUER, "audience",
                                  JWT_AUDIENCE));
    json_object_set_new(root, "services", services(sandbox));
    json_object_set_new(root, "auth_flow", auth_flow(sandbox));
    json_object_set_new(root, "auth_rate", auth_rate());
    json_object_set_new(root, "clickhouse", clickhouse(sandbox));
    json_object_set_new(root, "redis",
                        json_pack("{ss si so}", "host", "127.0.0.1", "port",
                                  (int)door_port(sandbox->doors, DOOR_REDIS), "password",
                                  secret_file(sandbox, "redis")));
    json_object_set_new(root, "checks", checks());
    json_object_set_new(root, "backup", json_pack("{s[s]}", "files", SECRETS_APP));
    json_object_set_new(root, "deploy",
                        json_pack("{s[ss] ss s{ss ss}}", "command", sandbox->program,
                                  DEPLOY_COMMAND, "timeout", "5m", "verify", "within",
                                  "10s", "hold", "1s"));
    json_object_set_new(root, "repairs", repairs(sandbox));
    json_object_set_new(root, "rollback",
                        json_pack("{s[sss] s[ss] s{ss ss}}", "command", sandbox->program,
                                  ROLLBACK_COMMAND, "{release}", "list", sandbox->program,
                                  RELEASES_COMMAND, "verify", "within", "10s", "hold",
                                  "1s"));
    return root;
}

bool settings_write(const struct sandbox *sandbox, struct error *error)
{
    json_t *root = json_pack("{si ss s{so}}", "version", 1, "system", "sandbox",
                             "environments", "staging", staging(sandbox));
    char *text = json_pretty(root);
    char *path = fs_join(sandbox->dir, "greenboard.json");
    bool done = fs_replace(path, text, strlen(text), 0600, error);
    free(path);
    free(text);
    json_decref(root);
    return done;
}
