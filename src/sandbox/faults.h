/* Faults: THE table. The command line, the control socket, the console's list and the
 * tests read these rows. A fault is a flag that the services read on every request; where
 * more than the flag must change (a file, a server, a port) its row names the function
 * that brings that part of the sandbox in line with all the flags. */
#ifndef GREENBOARD_SANDBOX_FAULTS_H
#define GREENBOARD_SANDBOX_FAULTS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum fault_kind {
    FAULT_CLOSES,   /* the gate must close */
    FAULT_HARMLESS, /* the gate must stay open */
    FAULT_DEPLOY    /* shows in a deploy alone */
};

/* Name, kind, the function that follows (or NULL), what an operator will see. */
#define FAULTS(X)                                                                        \
    X(jwt_mismatch, FAULT_CLOSES, secrets_lay,                                           \
      "the backend holds another JWT secret: it rejects every token that auth issues")   \
    X(jwt_short, FAULT_CLOSES, secrets_lay,                                              \
      "the JWT secret has 16 bytes, the same everywhere")                                \
    X(jwt_missing, FAULT_CLOSES, google_follow,                                          \
      "the canonical JWT secret is there, but has no version: nobody gave it a value")   \
    X(jwt_whitespace, FAULT_CLOSES, secrets_lay,                                         \
      "the canonical JWT secret ends in a blank")                                        \
    X(env_file_differs, FAULT_CLOSES, secrets_lay,                                       \
      "the env file that the worker is started from holds another JWT secret")           \
    X(gcp_no_credentials, FAULT_CLOSES, google_follow,                                   \
      "this machine has no service account, so that Google cannot be asked")             \
    X(metadata_down, FAULT_CLOSES, google_follow,                                        \
      "the metadata server, which gives Google's access tokens, refuses connections")    \
    X(gcp_denied, FAULT_CLOSES, google_follow,                                           \
      "the service account may not read the value of any secret")                        \
    X(secret_missing, FAULT_CLOSES, google_follow,                                       \
      "Secret Manager has no JWT secret under any name")                                 \
    X(secret_lookalike, FAULT_CLOSES, google_follow,                                     \
      "Secret Manager has no secret of that name, but some that look like it")           \
    X(secret_other_name, FAULT_CLOSES, google_follow,                                    \
      "the backend mounts a look-alike that holds the same value today")                 \
    X(secret_disabled, FAULT_CLOSES, google_follow,                                      \
      "the newest version of the JWT secret is disabled")                                \
    X(secret_placeholder, FAULT_CLOSES, google_follow,                                   \
      "the JWT secret is a placeholder, the same everywhere")                            \
    X(secret_rotated, FAULT_CLOSES, google_follow,                                       \
      "the JWT secret has a new version, and no service was redeployed since")           \
    X(bad_crc, FAULT_CLOSES, google_follow,                                              \
      "Secret Manager's values do not fit their checksums")                              \
    X(token_expired, FAULT_CLOSES, NULL, "auth issues tokens that have expired already") \
    X(clock_skew, FAULT_CLOSES, NULL, "the clock of auth is an hour ahead")              \
    X(wrong_issuer, FAULT_CLOSES, NULL, "auth names another issuer in its tokens")       \
    X(service_credential, FAULT_CLOSES, NULL,                                            \
      "auth refuses the service credential of the backend, which rejects every token")   \
    X(redis_down, FAULT_CLOSES, redis_follow, "Redis is stopped")                        \
    X(redis_auth, FAULT_CLOSES, redis_follow, "the Redis password was changed")          \
    X(clickhouse_down, FAULT_CLOSES, clickhouse_follow, "ClickHouse is stopped")         \
    X(clickhouse_auth, FAULT_CLOSES, clickhouse_follow,                                  \
      "the ClickHouse password was changed")                                             \
    X(clickhouse_no_table, FAULT_CLOSES, clickhouse_follow,                              \
      "ClickHouse answers, but the table events is missing")                             \
    X(auth_down, FAULT_CLOSES, services_follow, "the auth service refuses connections")  \
    X(backend_down, FAULT_CLOSES, services_follow, "the backend refuses connections")    \
    X(backend_accepts_anything, FAULT_CLOSES, NULL,                                      \
      "the backend accepts every token, forged ones too")                                \
    X(accepts_unsigned, FAULT_CLOSES, NULL,                                              \
      "the backend reads tokens without verifying their signature")                      \
    X(accepts_alg_none, FAULT_CLOSES, NULL,                                              \
      "the backend accepts tokens whose header says algorithm none")                     \
    X(backend_clickhouse_localhost, FAULT_CLOSES, NULL,                                  \
      "the backend is given \"localhost\" as host of ClickHouse")                        \
    X(backend_redis_not_configured, FAULT_CLOSES, NULL,                                  \
      "the backend is \"ready\" without Redis: not configured, says its health page")    \
    X(login_rejected, FAULT_CLOSES, NULL, "auth rejects the probe's login with 401")     \
    X(email_differs, FAULT_CLOSES, NULL,                                                 \
      "the backend recognises another user than logged in")                              \
    X(rate_low, FAULT_CLOSES, users_follow, "one in five logins of users fails")         \
    X(quiet, FAULT_HARMLESS, users_follow, "there are no users at all")                  \
    X(negative_tests, FAULT_HARMLESS, users_follow,                                      \
      "half of the users' logins are wrong passwords, which the backend counts apart")   \
    X(slow, FAULT_HARMLESS, services_follow, "every service answers 150 ms later")       \
    X(deploy_fails, FAULT_DEPLOY, NULL,                                                  \
      "the deploy command prints an error and exits 1")                                  \
    X(deploy_breaks, FAULT_DEPLOY, NULL,                                                 \
      "the deploy command succeeds and leaves jwt_mismatch on; a rollback mends it")     \
    X(deploy_hangs, FAULT_DEPLOY, NULL, "the deploy command never ends by itself")       \
    X(deploy_no_traffic, FAULT_DEPLOY, google_traffic_follow,                            \
      "the deploy command succeeds, and the new revision gets no traffic")               \
    X(rollback_fails, FAULT_DEPLOY, NULL,                                                \
      "the rollback command prints an error and exits 1")

enum fault {
#define FAULTS_ENUM(name, kind, follow, help) FAULT_##name,
    FAULTS(FAULTS_ENUM)
#undef FAULTS_ENUM
        FAULT_COUNT
};

struct sandbox;

struct fault_row {
    const char *name;
    enum fault_kind kind;
    const char *help;
    bool (*follow)(struct sandbox *sandbox, struct error *error);
};

extern const struct fault_row fault_rows[FAULT_COUNT];

/* Any thread. */
bool fault_is_on(const struct sandbox *sandbox, enum fault fault);

/* ERROR_USAGE with the nearest name where there is no such fault. */
bool fault_named(const char *name, enum fault *fault, struct error *error);

/* Before the sandbox runs: the flag alone. */
void fault_preset(struct sandbox *sandbox, enum fault fault);

/* In effect when it returns; on error the flag is what it was. Main thread. */
bool fault_switch(struct sandbox *sandbox, enum fault fault, bool on,
                  struct error *error);

#endif
