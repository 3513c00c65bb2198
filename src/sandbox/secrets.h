/* The sandbox's secrets: made afresh at each start, kept in files below DIR/secrets,
 * which the services read again on each request, so that a fault reaches a running
 * system. */
#ifndef GREENBOARD_SANDBOX_SECRETS_H
#define GREENBOARD_SANDBOX_SECRETS_H

#include "base/error.h"
#include "secret/keep.h"

#include <stdbool.h>

enum { SECRET_LENGTH = 64, SECRET_SHORT = 16 };

struct secret_values {
    char jwt[SECRET_LENGTH + 1], jwt_other[SECRET_LENGTH + 1],
        jwt_next[SECRET_LENGTH + 1], jwt_short[SECRET_SHORT + 1];
    char redis[SECRET_LENGTH + 1], redis_other[SECRET_LENGTH + 1];
    char clickhouse[SECRET_LENGTH + 1], clickhouse_other[SECRET_LENGTH + 1];
    char operator_password[SECRET_LENGTH +
                           1];       /* the sandbox's own accounts on both servers */
    char probe[SECRET_LENGTH + 1];   /* the probe's password at auth */
    char service[SECRET_LENGTH + 1]; /* what the backend shows auth */
};

struct sandbox;

/* What the services are configured with, in the sandbox: a deploy changes it. */
#define SECRETS_APP "secrets/app/env"

/* `length` characters of 6 random bits each, at most SECRET_LENGTH, and a NUL. */
bool secrets_random(char *out, size_t length, struct error *error);

bool secrets_make(struct secret_values *values, struct error *error);

/* Writes every file as the flags want it. Main thread. */
bool secrets_lay(struct sandbox *sandbox, struct error *error);

/* Writes SECRETS_APP, once: from then on it is the deploys' and whoever rotates in it. */
bool secrets_lay_app(struct sandbox *sandbox, const char *release, struct error *error);

/* The JWT secret as `holder` has it: a service (auth, backend) that runs with it, or
 * Secret Manager (canonical), less one final newline. NULL on error; the caller drops the
 * reference. Any thread. */
struct secret *secrets_read_jwt(const struct sandbox *sandbox, const char *holder,
                                struct error *error);

#endif
