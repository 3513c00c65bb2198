/* What Secret Manager answers to "access" is believed only where the checksum of the
 * decoded bytes is the one that was stored with them. */
#include "source/gcp_secret.h"

#include "base/crc32c.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "secret/base64.h"
#include "secret/mask.h"
#include "source/gcp_api.h"
#include "source/kinds.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PROJECT, SECRET, PARTS };
enum { ALIKE_MOST = 5, NAME_MAX_SHOWN = 80, WORD_LEAST = 3 };
static const char *const collections[PARTS] = {"projects", "secrets"};

struct wanted {
    const char *name, *version;
    char *parts[PARTS];
    const struct source_context *context;
};

bool gcp_secret_valid(const char *name)
{
    char *parts[PARTS];
    bool valid = gcp_parse(name, collections, parts, PARTS);
    gcp_parts_free(parts, PARTS);
    return valid;
}

bool gcp_secret_version_valid(const char *version)
{
    bool valid = *version != '\0';
    for (; *version && valid; version++) {
        unsigned char byte = (unsigned char)*version;
        valid = byte < 0x80 && (isalnum(byte) || byte == '-' || byte == '_');
    }
    return valid;
}

/* ---- names that look alike ---- */

/* How many words of `name` ("jwt-secret-key") are in `other` too. */
static size_t words_shared(const char *name, const char *other)
{
    static const char apart[] = "-_";
    size_t shared = 0;
    for (name += strspn(name, apart); *name; name += strspn(name, apart)) {
        size_t length = strcspn(name, apart);
        for (const char *at = other; *at && length >= WORD_LEAST; at++) {
            if (strncasecmp(at, name, length) == 0) {
                shared++;
                break;
            }
        }
        name += length;
    }
    return shared;
}

struct alike {
    const char *name;
    size_t score;
};

/* Keeps the best ones in order; the earlier of two that are equally good first. */
static void consider(struct alike best[ALIKE_MOST], struct alike candidate)
{
    size_t at = 0;
    while (at < ALIKE_MOST && best[at].score >= candidate.score) {
        at++;
    }
    if (at < ALIKE_MOST) {
        memmove(best + at + 1, best + at, (ALIKE_MOST - at - 1) * sizeof *best);
        best[at] = candidate;
    }
}

/* " (there are jwt-secret-staging, jwt-secret-prod)", or nothing where none is alike.
 * *exact: it is listed itself. */
static char *describe_alike(const json_t *list, const char *name, bool *exact)
{
    struct alike best[ALIKE_MOST] = {{NULL, 0}};
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *other = gcp_last_part(json_get_text(json_array_get(list, i), "name"));
        *exact = *exact || strcmp(other, name) == 0;
        consider(best, (struct alike){other, words_shared(name, other)});
    }
    struct buf text;
    buf_init(&text, 0);
    for (size_t i = 0; i < ALIKE_MOST && best[i].score > 0; i++) {
        char *shown = mask_clean(best[i].name, NAME_MAX_SHOWN);
        buf_format(&text, "%s%s", i ? ", " : " (there are ", shown);
        free(shown);
    }
    buf_text(&text, text.length ? ")" : "");
    return buf_take(&text);
}

/* Secret Manager says the same where the secret, its version or the project is missing:
 * the list of secrets tells, where we may see it. */
static void tell_missing(const struct wanted *wanted, const struct gcp_answer *answer,
                         struct resolved *out)
{
    struct gcp_answer list;
    struct error error;
    const char *project = wanted->parts[PROJECT], *secret = wanted->parts[SECRET];
    char *path = mem_format("v1/projects/%s/secrets?pageSize=500", project);
    bool exact = false;
    if (gcp_get(GCP_SECRETMANAGER, path, wanted->context, &list, &error) &&
        list.status == 200) {
        char *alike =
            describe_alike(json_object_get(list.body, "secrets"), secret, &exact);
        if (exact) {
            resolved_absent(out, "secret %s has no version %s", secret, wanted->version);
        } else {
            resolved_absent(out, "project %s has no secret %s%s", project, secret, alike);
        }
        free(alike);
    } else {
        resolved_absent(out, "not found: %s", answer->message);
    }
    if (exact) {
        error_hint(&out->error,
                   "gcloud secrets versions add %s --project=%s --data-file=-", secret,
                   project);
    } else {
        error_hint(&out->error,
                   "correct the name of the secret, or make it: gcloud secrets "
                   "create %s --project=%s",
                   secret, project);
    }
    gcp_answer_finish(&list);
    free(path);
}

/* ---- refusals ---- */

/* "Secret Version [projects/1/secrets/S/versions/3] is in DISABLED state." */
static void tell_state(const struct wanted *wanted, const struct gcp_answer *answer,
                       struct resolved *out)
{
    const char *at = strstr(answer->message, "/versions/");
    at = at ? at + strlen("/versions/") : wanted->version;
    int length = (int)strspn(at, "0123456789");
    const char *version = length ? at : wanted->version;
    length = length ? length : (int)strlen(version);
    const char *secret = wanted->parts[SECRET], *project = wanted->parts[PROJECT];
    if (strstr(answer->message, "DISABLED")) {
        resolved_broken(out, ERROR_DENIED, "version %.*s is disabled", length, version);
        error_hint(&out->error,
                   "gcloud secrets versions enable %.*s --secret=%s --project=%s", length,
                   version, secret, project);
    } else if (strstr(answer->message, "DESTROYED")) {
        resolved_broken(out, ERROR_DENIED, "version %.*s is destroyed", length, version);
        error_hint(&out->error,
                   "gcloud secrets versions add %s --project=%s --data-file=-", secret,
                   project);
    } else {
        resolved_broken(out, ERROR_PROTOCOL, "version %s: %s", wanted->version,
                        answer->message);
    }
}

static void tell_refused(const struct wanted *wanted, const struct gcp_answer *answer,
                         struct resolved *out)
{
    if (answer->status == 404) {
        tell_missing(wanted, answer, out);
    } else if (gcp_denied(answer, "secretmanager.versions.access", wanted->name, out)) {
        char *member = gcp_member(answer);
        error_hint(&out->error,
                   "gcloud secrets add-iam-policy-binding %s --project=%s --member=%s "
                   "--role=roles/secretmanager.secretAccessor",
                   wanted->parts[SECRET], wanted->parts[PROJECT], member);
        free(member);
    } else if (text_equal(answer->reason, "FAILED_PRECONDITION")) {
        tell_state(wanted, answer, out);
    } else {
        resolved_broken(out, ERROR_PROTOCOL, "Secret Manager answered %d: %s",
                        answer->status, answer->message);
    }
}

/* ---- the value ---- */

static void take_bytes(const json_t *data, const char *sum, struct resolved *out)
{
    const char *text = json_string_value(data);
    size_t length = json_string_length(data), used = 0;
    int64_t stored = 0;
    unsigned char *bytes = mem_alloc(length + 1);
    if (!base64_decode(text ? text : "", length, bytes, length, &used)) {
        resolved_broken(out, ERROR_PROTOCOL,
                        "Secret Manager sent something that is not base64");
    } else if (!sum || !text_integer(sum, 0, UINT32_MAX, &stored)) {
        resolved_broken(out, ERROR_PROTOCOL, "Secret Manager sent no checksum");
    } else if (crc32c(bytes, used) != (uint32_t)stored) {
        resolved_broken(out, ERROR_PROTOCOL,
                        "the value was damaged on its way: its checksum does not fit");
        error_hint(&out->error, "ask again; where it stays, add a new version");
    } else {
        resolved_found(out, bytes, used);
    }
    OPENSSL_cleanse(bytes, length);
    free(bytes);
}

/* Only for evidence: whoever may read a value need not be allowed to see its age. */
static int64_t ask_created(const struct wanted *wanted, const char *version)
{
    struct gcp_answer answer;
    struct error error;
    char *path = mem_format("v1/%s/versions/%s", wanted->name, version);
    int64_t created = 0;
    if (gcp_get(GCP_SECRETMANAGER, path, wanted->context, &answer, &error) &&
        answer.status == 200) {
        created = gcp_time(json_get_text(answer.body, "createTime"));
    }
    gcp_answer_finish(&answer);
    free(path);
    return created;
}

static void take_version(const struct wanted *wanted, const json_t *body,
                         struct resolved *out)
{
    const char *name = json_get_text(body, "name");
    const char *version = gcp_last_part(name);
    if (!name || !strstr(name, "/versions/") || !gcp_secret_version_valid(version)) {
        resolved_broken(out, ERROR_PROTOCOL,
                        "Secret Manager does not say which version it is");
        return;
    }
    take_bytes(json_at(body, "/payload/data"),
               json_string_value(json_at(body, "/payload/dataCrc32c")), out);
    if (out->state == SOURCE_FOUND) {
        out->version = mem_text(version);
        out->vault = mem_bytes(name, (size_t)(strstr(name, "/versions/") - name));
        out->created = ask_created(wanted, version);
    }
}

void gcp_secret_read(const char *name, const char *version,
                     const struct source_context *context, struct resolved *out)
{
    struct wanted wanted = {.name = name, .version = version, .context = context};
    if (!gcp_parse(name, collections, wanted.parts, PARTS)) {
        resolved_broken(out, ERROR_CONFIG, "\"%.80s\" is not projects/P/secrets/S", name);
        return;
    }
    struct gcp_answer answer;
    struct error error;
    char *path = mem_format("v1/%s/versions/%s:access", name, version);
    if (!gcp_get(GCP_SECRETMANAGER, path, context, &answer, &error)) {
        resolved_broken(out, error.code, "%s", error.message);
        error_hint(&out->error, "%s", error.hint);
    } else if (answer.status == 200) {
        take_version(&wanted, answer.body, out);
    } else {
        tell_refused(&wanted, &answer, out);
    }
    gcp_answer_finish(&answer);
    free(path);
    gcp_parts_free(wanted.parts, PARTS);
}

/* ---- the kind ---- */

static void resolve(const json_t *source, const struct source_context *context,
                    struct resolved *out)
{
    const char *name = json_get_text(source, "gcp_secret");
    const char *version = json_get_text(source, "version");
    out->label = mem_format("Secret Manager %s", gcp_last_part(name));
    gcp_secret_read(name, version ? version : "latest", context, out);
}

static bool fits(const json_t *source, struct error *error)
{
    const char *name = json_get_text(source, "gcp_secret");
    const char *version = json_get_text(source, "version");
    if (!gcp_secret_valid(name)) {
        return error_set(error, ERROR_CONFIG,
                         "gcp_secret \"%.80s\" is not projects/PROJECT/secrets/NAME",
                         name);
    }
    return !version || gcp_secret_version_valid(version) ||
           error_set(error, ERROR_CONFIG, "version \"%.40s\" is no version of a secret",
                     version);
}

static const char *const takes[] = {"version", NULL};

const struct source_kind source_gcp_secret = {
    .name = "gcp_secret",
    .help =
        "a secret of Google's Secret Manager, projects/PROJECT/secrets/NAME; version: a "
        "number, an alias, or latest, which is the default",
    .takes = takes,
    .fits = fits,
    .resolve = resolve,
};
