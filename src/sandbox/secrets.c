#include "sandbox/secrets.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As somebody leaves it in a template, long enough to pass for a secret. */
#define PLACEHOLDER "REPLACE_WITH_A_REAL_JWT_SECRET_OF_AT_LEAST_32_BYTES"

/* The url-safe alphabet of RFC 4648 section 5. */
bool secrets_random(char *out, size_t length, struct error *error)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789-_";
    unsigned char bytes[SECRET_LENGTH];
    if (RAND_bytes(bytes, (int)length) != 1) {
        return error_set(error, ERROR_SYSTEM, "no random bytes");
    }
    for (size_t i = 0; i < length; i++) {
        out[i] = alphabet[bytes[i] & 63];
    }
    out[length] = '\0';
    return true;
}

bool secrets_make(struct secret_values *values, struct error *error)
{
    char *const longer[] = {values->jwt,
                            values->jwt_other,
                            values->jwt_next,
                            values->redis,
                            values->redis_other,
                            values->clickhouse,
                            values->clickhouse_other,
                            values->operator_password,
                            values->probe,
                            values->service};
    for (size_t i = 0; i < sizeof longer / sizeof longer[0]; i++) {
        if (!secrets_random(longer[i], SECRET_LENGTH, error)) {
            return false;
        }
    }
    return secrets_random(values->jwt_short, SECRET_SHORT, error);
}

/* NULL text: the file is to be gone. */
static bool lay(const struct sandbox *sandbox, const char *name, const char *text,
                const char *tail, struct error *error)
{
    char *path = mem_format("%s/secrets/%s", sandbox->dir, name);
    char *directory = fs_directory(path);
    bool done = true;
    if (!text) {
        unlink(path);
    } else {
        char *content = mem_format("%s%s", text, tail);
        done = fs_make_dirs(directory, error) &&
               fs_replace(path, content, strlen(content), 0600, error);
        free(content);
    }
    free(directory);
    free(path);
    return done;
}

/* Instances run with what they read when they started, which after a rotation is not what
 * is canonical. */
static const char *running(const struct sandbox *sandbox)
{
    return fault_is_on(sandbox, FAULT_jwt_short)            ? sandbox->values.jwt_short
           : fault_is_on(sandbox, FAULT_secret_placeholder) ? PLACEHOLDER
           : atomic_load(&sandbox->google.remounted)        ? sandbox->values.jwt_next
                                                            : sandbox->values.jwt;
}

static const char *canonical(const struct sandbox *sandbox)
{
    bool gone = fault_is_on(sandbox, FAULT_jwt_missing) ||
                fault_is_on(sandbox, FAULT_secret_missing) ||
                fault_is_on(sandbox, FAULT_secret_lookalike);
    return gone                                         ? NULL
           : fault_is_on(sandbox, FAULT_secret_rotated) ? sandbox->values.jwt_next
                                                        : running(sandbox);
}

bool secrets_lay(struct sandbox *sandbox, struct error *error)
{
    const struct secret_values *values = &sandbox->values;
    const char *jwt = running(sandbox);
    const char *backend =
        fault_is_on(sandbox, FAULT_jwt_mismatch) ? values->jwt_other : jwt;
    const char *worker =
        fault_is_on(sandbox, FAULT_env_file_differs) ? values->jwt_other : jwt;
    const char *tail = fault_is_on(sandbox, FAULT_jwt_whitespace) ? " \n" : "\n";
    char *env_file =
        mem_format("# as the worker is started\nexport JWT_SECRET_KEY=\"%s\"", worker);
    bool done = lay(sandbox, "worker/env", env_file, "\n", error);
    free(env_file);
    return done && lay(sandbox, "canonical/jwt", canonical(sandbox), tail, error) &&
           lay(sandbox, "auth/jwt", jwt, "\n", error) &&
           lay(sandbox, "backend/jwt", backend, "\n", error) &&
           lay(sandbox, "redis", values->redis, "\n", error) &&
           lay(sandbox, "clickhouse", values->clickhouse, "\n", error) &&
           lay(sandbox, "service", values->service, "\n", error) &&
           lay(sandbox, "probe", values->probe, "\n", error);
}

bool secrets_lay_app(struct sandbox *sandbox, const char *release, struct error *error)
{
    char *text = mem_format("# as the services are configured\nRELEASE=%s\nWORKERS=2\n"
                            "export JWT_SECRET_KEY=\"%s\"",
                            release, sandbox->values.jwt);
    bool done = lay(sandbox, "app/env", text, "\n", error);
    free(text);
    return done;
}

struct secret *secrets_read_jwt(const struct sandbox *sandbox, const char *holder,
                                struct error *error)
{
    char *path = mem_format("%s/secrets/%s/jwt", sandbox->dir, holder);
    struct buf content;
    buf_init(&content, SECRET_MAX);
    struct secret *secret = NULL;
    if (fs_read(path, &content, error)) {
        size_t length = content.length;
        if (length > 0 && content.data[length - 1] == '\n') {
            length--;
        }
        secret = secret_create(buf_string(&content), length, error);
    }
    buf_finish(&content);
    free(path);
    return secret;
}
