#include "store/invalid.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/demand.h"
#include "config/fields.h"
#include "config/value.h"

#include <stdlib.h>
#include <string.h>

/* No system begins like this (FIELD_NAME). */
#define NO_SYSTEM "_"

bool invalid_dir(struct statedir *dir, const char *home, struct error *error)
{
    return statedir_open_named(dir, home, NO_SYSTEM, "configurations", NULL, error);
}

/* ---- one event ---- */

/* Makes the event of what happened to `file`, tells it, and says whether that was done.
 * `key` tells it from others. */
struct telling {
    enum event_kind kind;
    const char *environment, *operator_name, *file, *sha256, *text, *key;
    json_t *reasons;
};

static bool tell_it(const struct telling *telling,
                    bool (*tell)(void *self, const struct event *event), void *self)
{
    char once[DIGEST_HEX];
    digest_hex(once, telling->key, strlen(telling->key));
    json_t *data =
        json_pack("{s:o, s:s, s:O, s:s}", "file", json_text(telling->file), "sha256",
                  telling->sha256, "reasons", telling->reasons, EVENT_ONCE, once);
    struct event event = {.kind = telling->kind,
                          .environment = telling->environment,
                          .operator_name = telling->operator_name,
                          .check = telling->environment ? "config" : NULL,
                          .text = telling->text,
                          .data = data,
                          .once = once};
    bool done = tell(self, &event);
    json_decref(data);
    return done;
}

static json_t *reason_json(const char *path, int line, const char *reason)
{
    json_t *object =
        json_pack("{s:o, s:o}", "path", json_text(path), "reason", json_text(reason));
    if (line > 0) {
        json_object_set_new(object, "line", json_integer(line));
    }
    return object;
}

/* ---- a file that cannot be used ---- */

/* Without what is quoted, and without what stands there instead of what must. */
static char *without_quotes(const char *message)
{
    struct buf out;
    buf_init(&out, 0);
    for (const char *at = message; *at && !text_starts(at, ", not "); at++) {
        if (*at != '"' && *at != '\'') {
            buf_add(&out, at, 1);
            continue;
        }
        /* A name that somebody wrote may hold quotes itself: all to the last one. */
        const char *end = strrchr(at, *at);
        buf_text(&out, "…");
        if (end == at) {
            break;
        }
        at = end;
    }
    return buf_take(&out);
}

/* Where the part of a path that starts at `at` ends. */
static const char *part_end(const char *at)
{
    return *at == '[' ? at + strcspn(at, "]") + (strchr(at, ']') != NULL)
                      : at + strcspn(at, ".[");
}

/* The path of a problem as far as the field table knows its keys, and its names have the
 * form that they must have: what somebody invented may be what nobody is to read. */
static char *known_path(const char *path)
{
    const struct field *field = NULL;
    const char *end = path;
    for (const char *at = path; *at; at = end + (*end == '.')) {
        const char *next = part_end(at);
        char *part = *at == '[' ? NULL : mem_bytes(at, (size_t)(next - at));
        bool named = part && field && field->type == FIELD_MAP;
        bool good = !named || value_check_name(field, part, NULL);
        field = good ? field_child(field, part) : NULL;
        free(part);
        if (!field) {
            break;
        }
        end = next;
    }
    return mem_bytes(path, (size_t)(end - path));
}

static json_t *file_reasons(const struct config *config, struct buf *text)
{
    json_t *reasons = json_array();
    if (config->error.code != ERROR_NONE) {
        char *reason = without_quotes(config->error.message);
        json_array_append_new(reasons, reason_json("", 0, reason));
        buf_text(text, reason);
        free(reason);
    }
    for (size_t i = 0; i < config->problem_count; i++) {
        const struct problem *problem = &config->problems[i];
        char *reason = without_quotes(problem->message),
             *path = known_path(problem->path);
        json_array_append_new(reasons, reason_json(path, problem->line, reason));
        if (i == 0) {
            buf_format(text, "%s:%d: %s%s%s", config->file, problem->line, path,
                       *path ? ": " : "", reason);
        }
        free(reason);
        free(path);
    }
    size_t more = config->problem_count + config->problem_more;
    if (more > 1) {
        buf_format(text, ", and %zu more", more - 1);
    }
    return reasons;
}

/* ---- where they go ---- */

struct trail {
    struct events events;
    struct error *error;
};

static bool append(void *self, const struct event *event)
{
    struct trail *trail = self;
    return events_append(&trail->events, event, NULL, trail->error);
}

static bool open_trail(struct trail *trail, const struct statedir *dir)
{
    return events_open(&trail->events, dir->events, DB_WRITE, trail->error) &&
           db_writable(&trail->events.db, trail->error);
}

bool invalid_record_file(const char *home, const struct config *config,
                         struct error *error)
{
    struct statedir dir = {0};
    struct trail trail = {.error = error};
    struct buf text;
    buf_init(&text, 0);
    char *operator_name = events_operator();
    json_t *reasons = file_reasons(config, &text);
    char *listed = json_compact(reasons);
    char *key = mem_format("%s\n%s\n%s", config->file, config->digest, listed);
    bool done = invalid_dir(&dir, home, error) && open_trail(&trail, &dir) &&
                tell_it(&(struct telling){.kind = EVENT_CONFIG_INVALID,
                                          .operator_name = operator_name,
                                          .file = config->file,
                                          .sha256 = config->digest,
                                          .text = buf_string(&text),
                                          .key = key,
                                          .reasons = reasons},
                        append, &trail);
    events_close(&trail.events);
    statedir_finish(&dir);
    json_decref(reasons);
    free(listed);
    free(key);
    free(operator_name);
    buf_finish(&text);
    return done;
}

/* ---- an environment that lacks something ---- */

static bool tell_findings(const struct environment *environment,
                          const char *operator_name, const struct findings *findings,
                          bool (*tell)(void *self, const struct event *event), void *self)
{
    char *summary = findings_summary(findings);
    json_t *reasons = json_array();
    for (size_t i = 0; i < findings->count; i++) {
        if (findings->rows[i].fails) {
            json_array_append_new(reasons, reason_json(findings->rows[i].path, 0,
                                                       findings->rows[i].message));
        }
    }
    char *listed = json_compact(reasons);
    char *key = mem_format("%s\n%s\n%s", environment->file, environment->digest, listed);
    bool done = !summary || tell_it(&(struct telling){.kind = EVENT_CONFIG_INVALID,
                                                      .environment = environment->name,
                                                      .operator_name = operator_name,
                                                      .file = environment->file,
                                                      .sha256 = environment->digest,
                                                      .text = summary,
                                                      .key = key,
                                                      .reasons = reasons},
                                    tell, self);
    json_decref(reasons);
    free(listed);
    free(key);
    free(summary);
    return done;
}

/* Whatever else changes in the file: said once for each part and reason. */
static bool tell_not_used(const struct environment *environment,
                          const char *operator_name,
                          bool (*tell)(void *self, const struct event *event), void *self)
{
    bool done = true;
    const char *part;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)environment->not_used, part, value)
    {
        const char *reason = json_string_value(value);
        char *path = mem_format("not_used.%s", part);
        char *text = mem_format("%s is not used: %s", part, reason);
        json_t *reasons = json_pack("[o]", reason_json(path, 0, reason));
        done = tell_it(&(struct telling){.kind = EVENT_CONFIG_NOT_USED,
                                         .environment = environment->name,
                                         .operator_name = operator_name,
                                         .file = environment->file,
                                         .sha256 = environment->digest,
                                         .text = text,
                                         .key = text,
                                         .reasons = reasons},
                       tell, self) &&
               done;
        json_decref(reasons);
        free(text);
        free(path);
    }
    return done;
}

static bool tell_all(const struct environment *environment, const char *operator_name,
                     const struct findings *findings,
                     bool (*tell)(void *self, const struct event *event), void *self)
{
    return tell_findings(environment, operator_name, findings, tell, self) &&
           tell_not_used(environment, operator_name, tell, self);
}

bool invalid_record(const char *home, const struct environment *environment,
                    struct error *error)
{
    struct statedir dir = {0};
    struct trail trail = {.error = error};
    struct findings findings;
    demand_examine(environment, &findings);
    char *summary = findings_summary(&findings), *operator_name = events_operator();
    bool any = summary || json_object_size(environment->not_used) > 0;
    bool done = !any || (statedir_open(&dir, home, environment, error) &&
                         open_trail(&trail, &dir) &&
                         tell_all(environment, operator_name, &findings, append, &trail));
    events_close(&trail.events);
    statedir_finish(&dir);
    free(summary);
    free(operator_name);
    findings_finish(&findings);
    return done;
}

void invalid_tell(const struct environment *environment, const char *operator_name,
                  bool (*tell)(void *self, const struct event *event), void *self)
{
    struct findings findings;
    demand_examine(environment, &findings);
    tell_all(environment, operator_name, &findings, tell, self);
    findings_finish(&findings);
}
