/* Secret Manager, v1, word for word where it refuses. It holds the canonical JWT secret
 * (the file secrets/canonical/jwt is what is stored) among names that look like it. */
#include "sandbox/google.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/crc32c.h"
#include "base/mem.h"
#include "base/text.h"
#include "sandbox/sandbox.h"
#include "secret/base64.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400, VERSION_S = 40 * DAY_S, ALIKE_S = 400 * DAY_S };

#define PARENT "projects/" GOOGLE_NUMBER

/* Left over from other times and environments, as in every project that has grown. */
static const char *const alike[] = {GOOGLE_LOOK_ALIKE,        "jwt-secret",
                                    "jwt-secret-production",  "jwt-signing-key-staging",
                                    "staging-jwt-secret-key", NULL};

struct version {
    const char *secret;
    unsigned number;
    const char *state;
    char *created;
    struct secret *value; /* NULL: not stored any more */
};

static void version_finish(struct version *version)
{
    free(version->created);
    secret_unref(version->value);
}

static bool is_alike(const char *name)
{
    for (const char *const *at = alike; *at; at++) {
        if (text_equal(*at, name)) {
            return true;
        }
    }
    return false;
}

static bool exists(const struct sandbox *sandbox, const char *name)
{
    bool gone = fault_is_on(sandbox, FAULT_secret_missing);
    if (text_equal(name, GOOGLE_SECRET)) {
        return !gone && !fault_is_on(sandbox, FAULT_secret_lookalike);
    }
    return text_equal(name, "smtp-password") || (!gone && is_alike(name));
}

/* ---- versions ---- */

static unsigned newest_of(const struct sandbox *sandbox, const char *name)
{
    if (!text_equal(name, GOOGLE_SECRET)) {
        return 1;
    }
    return fault_is_on(sandbox, FAULT_jwt_missing)      ? 0
           : fault_is_on(sandbox, FAULT_secret_rotated) ? GOOGLE_VERSION + 1
                                                        : GOOGLE_VERSION;
}

static struct secret *value_of(const struct sandbox *sandbox, const char *name,
                               unsigned number)
{
    const struct secret_values *values = &sandbox->values;
    const char *text = values->jwt_other;
    if (text_equal(name, GOOGLE_SECRET)) {
        if (number >= GOOGLE_VERSION) {
            return secrets_read_jwt(sandbox, "canonical", NULL);
        }
        text = NULL;
    } else if (text_equal(name, GOOGLE_LOOK_ALIKE) &&
               fault_is_on(sandbox, FAULT_secret_other_name)) {
        text = values->jwt;
    }
    return text ? secret_create(text, strlen(text), NULL) : NULL;
}

/* "latest" is the newest one, whatever its state. */
static bool find(const struct sandbox *sandbox, const char *name, const char *wanted,
                 struct version *out)
{
    int64_t number = newest_of(sandbox, name);
    int64_t newest = number;
    if (!text_equal(wanted, "latest") && !text_integer(wanted, 1, newest, &number)) {
        return false;
    }
    if (!exists(sandbox, name) || number == 0) {
        return false;
    }
    bool rotated = number > GOOGLE_VERSION;
    bool disabled =
        fault_is_on(sandbox, FAULT_secret_disabled) && text_equal(name, GOOGLE_SECRET);
    *out = (struct version){.secret = name,
                            .number = (unsigned)number,
                            .value = value_of(sandbox, name, (unsigned)number)};
    out->state = !out->value                    ? "DESTROYED"
                 : disabled && number == newest ? "DISABLED"
                                                : "ENABLED";
    int64_t ago = text_equal(name, GOOGLE_SECRET)
                      ? VERSION_S * (GOOGLE_VERSION + 1 - number)
                      : ALIKE_S;
    out->created = google_stamp(sandbox, ago);
    if (rotated) {
        char stamp[CLOCK_STAMP];
        clock_stamp(stamp, atomic_load(&sandbox->google.rotated));
        free(out->created);
        out->created = mem_text(stamp);
    }
    return true;
}

static char *full_name(const struct version *version)
{
    return mem_format(PARENT "/secrets/%s/versions/%u", version->secret, version->number);
}

static void give_value(const struct sandbox *sandbox, const struct version *version,
                       struct http_reply *reply)
{
    char *name = full_name(version);
    if (!text_equal(version->state, "ENABLED")) {
        google_refuse(reply, 400, "FAILED_PRECONDITION",
                      "Secret Version [%s] is in %s state.", name, version->state);
    } else {
        const char *data = secret_data(version->value);
        size_t length = secret_length(version->value);
        uint32_t sum = crc32c(data, length);
        char checksum[16];
        snprintf(checksum, sizeof checksum, "%u",
                 fault_is_on(sandbox, FAULT_bad_crc) ? sum ^ 1 : sum);
        struct buf encoded;
        buf_init_secret(&encoded, 0);
        base64_encode(&encoded, data, length);
        reply->status = 200;
        reply->json = json_pack("{ss s{ss ss}}", "name", name, "payload", "data",
                                buf_string(&encoded), "dataCrc32c", checksum);
        buf_finish(&encoded);
    }
    free(name);
}

static void give_version(const struct version *version, struct http_reply *reply)
{
    char *name = full_name(version);
    reply->status = 200;
    reply->json = json_pack("{ss ss ss s{s{}} ss}", "name", name, "createTime",
                            version->created, "state", version->state,
                            "replicationStatus", "automatic", "etag", "\"1\"");
    free(name);
}

static void answer(const struct sandbox *sandbox, const char *secret, char *wanted,
                   struct http_reply *reply)
{
    char *verb = strchr(wanted, ':');
    bool access = verb && text_equal(verb, ":access");
    if (verb) {
        *verb = '\0';
    }
    struct version version = {0};
    if (access && fault_is_on(sandbox, FAULT_gcp_denied)) {
        google_refuse(reply, 403, "PERMISSION_DENIED",
                      "Permission 'secretmanager.versions.access' denied for resource "
                      "'projects/" GOOGLE_PROJECT
                      "/secrets/%s/versions/%s' (or it may not "
                      "exist).",
                      secret, wanted);
    } else if ((verb && !access) || !find(sandbox, secret, wanted, &version)) {
        google_refuse(reply, 404, "NOT_FOUND",
                      "Secret [" PARENT "/secrets/%s] not found or "
                      "has no versions.",
                      secret);
    } else if (access) {
        give_value(sandbox, &version, reply);
    } else {
        give_version(&version, reply);
    }
    version_finish(&version);
}

/* True where the project is ours, by its name or its number. */
static bool is_ours(const struct http_request *request, struct http_reply *reply)
{
    char *project = http_segment(request, 2);
    bool ours = text_equal(project, GOOGLE_PROJECT) || text_equal(project, GOOGLE_NUMBER);
    if (!ours) {
        google_refuse(reply, 403, "PERMISSION_DENIED",
                      "Permission denied on resource project %s.", project);
    }
    free(project);
    return ours;
}

void google_version(void *context, const struct http_request *request,
                    struct http_reply *reply)
{
    if (google_lets_in(context, request, reply) && is_ours(request, reply)) {
        char *secret = http_segment(request, 4);
        char *wanted = http_segment(request, 6);
        answer(context, secret, wanted, reply);
        free(wanted);
        free(secret);
    }
}

/* ---- the list ---- */

void google_secrets(void *context, const struct http_request *request,
                    struct http_reply *reply)
{
    if (!google_lets_in(context, request, reply) || !is_ours(request, reply)) {
        return;
    }
    json_t *list = json_array();
    const char *names[sizeof alike / sizeof alike[0] + 1] = {GOOGLE_SECRET,
                                                             "smtp-password"};
    memcpy(names + 2, alike, sizeof alike - sizeof alike[0]);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (exists(context, names[i])) {
            char *name = mem_format(PARENT "/secrets/%s", names[i]);
            char *created = google_stamp(context, ALIKE_S);
            json_array_append_new(list,
                                  json_pack("{ss ss s{s{}}}", "name", name, "createTime",
                                            created, "replication", "automatic"));
            free(created);
            free(name);
        }
    }
    reply->status = 200;
    reply->json =
        json_pack("{so si}", "secrets", list, "totalSize", (int)json_array_size(list));
}
