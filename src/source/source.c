#include "source/source.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "source/kinds.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct source_kind *const source_kinds[] = {
    &source_env,
    &source_file,
    &source_env_file,
    &source_command,
    &source_gcp_secret,
    &source_cloud_run,
    NULL,
};

static bool listed(const char *const *words, const char *word)
{
    for (; words && *words; words++) {
        if (strcmp(*words, word) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_exactly_its_keys(const struct source_kind *kind, const json_t *value)
{
    const char *key;
    json_t *entry;
    json_object_foreach((json_t *)(uintptr_t)value, key, entry)
    {
        if (strcmp(key, kind->name) != 0 && !listed(kind->needs, key) &&
            !listed(kind->takes, key)) {
            return false;
        }
    }
    return true;
}

const struct source_kind *source_kind(const json_t *value)
{
    for (size_t i = 0; source_kinds[i]; i++) {
        if (json_object_get(value, source_kinds[i]->name) &&
            has_exactly_its_keys(source_kinds[i], value)) {
            return source_kinds[i];
        }
    }
    return NULL;
}

static bool validate_argv(const json_t *value)
{
    bool valid = json_array_size(value) > 0;
    for (size_t i = 0; i < json_array_size(value); i++) {
        valid = valid && json_is_string(json_array_get(value, i));
    }
    return valid && json_string_length(json_array_get(value, 0)) > 0;
}

static void hint_kinds(struct error *error)
{
    char words[sizeof error->hint] = "";
    for (size_t i = 0; source_kinds[i]; i++) {
        size_t used = strlen(words);
        snprintf(words + used, sizeof words - used, "%s\"%s\"", i ? ", " : "",
                 source_kinds[i]->name);
    }
    error_hint(error, "an object with one of %s", words);
}

static bool validate_one(const json_t *value, struct error *error)
{
    const struct source_kind *kind = source_kind(value);
    if (!kind) {
        error_set(error, ERROR_CONFIG, "%s",
                  json_is_string(value)
                      ? "a secret is never written here: say where it comes from"
                      : "not a source of a secret");
        if (error) {
            hint_kinds(error);
        }
        return false;
    }
    const json_t *place = json_object_get(value, kind->name);
    if (kind->wants_argv ? !validate_argv(place) : json_string_length(place) == 0) {
        return error_set(error, ERROR_CONFIG, "\"%s\" wants %s", kind->name,
                         kind->wants_argv ? "a list of arguments" : "a text");
    }
    for (size_t i = 0; kind->needs && kind->needs[i]; i++) {
        if (json_string_length(json_object_get(value, kind->needs[i])) == 0) {
            return error_set(error, ERROR_CONFIG, "a source \"%s\" needs \"%s\"",
                             kind->name, kind->needs[i]);
        }
    }
    for (size_t i = 0; kind->takes && kind->takes[i]; i++) {
        const json_t *extra = json_object_get(value, kind->takes[i]);
        if (extra && !json_is_string(extra)) {
            return error_set(error, ERROR_CONFIG, "\"%s\" of a source \"%s\" is a text",
                             kind->takes[i], kind->name);
        }
    }
    return !kind->fits || kind->fits(value, error);
}

bool source_validate(const json_t *value, struct error *error)
{
    if (!json_is_array(value)) {
        return validate_one(value, error);
    }
    if (json_array_size(value) == 0) {
        return error_set(error, ERROR_CONFIG, "an empty list of sources");
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!validate_one(json_array_get(value, i), error)) {
            return false;
        }
    }
    return true;
}

char *source_identity(const json_t *value)
{
    return json_compact(value);
}

void resolved_found(struct resolved *out, const void *data, size_t length)
{
    out->secret = secret_create(data, length, &out->error);
    out->state = out->secret ? SOURCE_FOUND : SOURCE_BROKEN;
}

void resolved_absent(struct resolved *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char reason[sizeof out->error.message];
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    out->state = SOURCE_ABSENT;
    error_set(&out->error, ERROR_ABSENT, "%s", reason);
}

void resolved_broken(struct resolved *out, enum error_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char reason[sizeof out->error.message];
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    out->state = SOURCE_BROKEN;
    error_set(&out->error, code, "%s", reason);
}

static void resolve_one(const json_t *value, const struct source_context *context,
                        struct resolved *out)
{
    *out = (struct resolved){.state = SOURCE_BROKEN};
    const struct source_kind *kind = source_kind(value);
    if (!kind) {
        out->label = mem_text("source");
        resolved_broken(out, ERROR_CONFIG, "not a source of a secret");
        return;
    }
    kind->resolve(value, context, out);
}

void source_resolve(const json_t *value, const struct source_context *context,
                    struct resolved *out)
{
    if (!json_is_array(value)) {
        resolve_one(value, context, out);
        return;
    }
    struct buf tried;
    char hint[sizeof out->error.hint] = ""; /* the first place is the one that is meant */
    buf_init(&tried, 0);
    *out = (struct resolved){.state = SOURCE_ABSENT, .label = mem_text("no source")};
    for (size_t i = 0; i < json_array_size(value) && out->state == SOURCE_ABSENT; i++) {
        resolved_finish(out);
        resolve_one(json_array_get(value, i), context, out);
        if (out->state == SOURCE_ABSENT) {
            buf_format(&tried, "%s%s: %s", tried.length ? "; " : "", out->label,
                       out->error.message);
            if (!hint[0]) {
                memcpy(hint, out->error.hint, sizeof hint);
            }
        }
    }
    if (out->state == SOURCE_ABSENT && json_array_size(value) > 1) {
        error_set(&out->error, ERROR_ABSENT, "no source has it: %s", buf_string(&tried));
        error_hint(&out->error, "%s", hint);
    }
    out->tried = buf_take(&tried);
}

void resolved_finish(struct resolved *resolved)
{
    secret_unref(resolved->secret);
    free(resolved->label);
    free(resolved->version);
    free(resolved->vault);
    free(resolved->tried);
    resolved->secret = NULL;
    resolved->label = resolved->version = resolved->vault = resolved->tried = NULL;
}

void source_walk(const json_t *value, void (*found)(void *self, const json_t *source),
                 void *self)
{
    if (source_validate(value, NULL)) {
        found(self, value);
        return;
    }
    if (json_is_object(value)) {
        const char *key;
        json_t *entry;
        json_object_foreach((json_t *)(uintptr_t)value, key, entry)
        {
            source_walk(entry, found, self);
        }
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        source_walk(json_array_get(value, i), found, self);
    }
}
