#include "run/steps.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "release/backup.h"

#include <stdlib.h>
#include <string.h>

const struct step_row step_rows[STEP_COUNT] = {
#define STEPS_ROW(id, name, kinds, phase, title) [id] = {name, kinds, phase, title},
    STEPS(STEPS_ROW)
#undef STEPS_ROW
};

/* ---- where it is said ---- */

static const json_t *repair_named(const struct environment *environment, const char *name)
{
    size_t i;
    json_t *entry;
    json_array_foreach(config_section(environment, "/repairs"), i, entry)
    {
        if (text_equal(config_text(entry, "name"), name)) {
            return entry;
        }
    }
    return NULL;
}

static bool no_repair(const struct environment *environment, const char *name,
                      struct error *error)
{
    struct buf names;
    size_t i;
    json_t *entry;
    buf_init(&names, 0);
    json_array_foreach(config_section(environment, "/repairs"), i, entry)
    {
        buf_format(&names, "%s%s", names.length ? ", " : "", config_text(entry, "name"));
    }
    error_set(error, ERROR_USAGE, "environment %s has no repair \"%s\"",
              environment->name, name ? name : "");
    if (names.length) {
        error_hint(error, "there is: %s", buf_string(&names));
    } else {
        error_hint(error, "say in %s under `repairs` what may mend it",
                   environment->file);
    }
    buf_finish(&names);
    return false;
}

const json_t *steps_section(const struct environment *environment,
                            const struct intent *intent, struct error *error)
{
    if (intent->kind == KIND_REPAIR) {
        const json_t *entry = repair_named(environment, intent->repair);
        if (!entry) {
            no_repair(environment, intent->repair, error);
        }
        return entry;
    }
    const char *kind = run_kind_words[intent->kind];
    char *pointer = mem_format("/%s", kind);
    const json_t *section = config_section(environment, pointer);
    free(pointer);
    if (!section) {
        error_set(error, ERROR_CONFIG, "environment %s has no `%s`", environment->name,
                  kind);
        error_hint(error, "say in %s what %s does", environment->file, kind);
    }
    return section;
}

/* ---- one by one ---- */

static struct planned *add(struct steps *steps, enum step_id id, const char *name)
{
    steps->rows = mem_resize(steps->rows, (steps->count + 1) * sizeof *steps->rows);
    struct planned *planned = &steps->rows[steps->count++];
    *planned = (struct planned){.id = id,
                                .name = mem_text(name),
                                .title = mem_text(step_rows[id].title),
                                .required = true};
    return planned;
}

static bool taken(const struct steps *steps, const char *name)
{
    bool found = false;
    for (size_t i = 0; i < STEP_COUNT; i++) {
        found = found || text_equal(step_rows[i].name, name);
    }
    for (size_t i = 0; i < KIND_COUNT; i++) {
        found = found || text_equal(run_kind_words[i], name);
    }
    for (size_t i = 0; i < steps->count; i++) {
        found = found || text_equal(steps->rows[i].name, name);
    }
    return found;
}

char **steps_argv(const json_t *section, const char *name,
                  const struct environment *environment, struct error *error)
{
    char **argv = json_argv(json_object_get(section, "command"));
    char *program = fs_executable(argv[0], environment->directory, error);
    if (!program) {
        error_prefix(error, "%s", name);
        argv_free(argv);
        return NULL;
    }
    free(argv[0]);
    argv[0] = program;
    return argv;
}

static bool fill_command(struct planned *planned, const json_t *section,
                         const struct environment *environment, struct error *error)
{
    planned->argv = steps_argv(section, planned->name, environment, error);
    if (!planned->argv) {
        return false;
    }
    planned->title = mem_text(config_text(section, "title"));
    planned->timeout = config_span(section, "timeout");
    planned->silence = config_span(section, "silence");
    return true;
}

static bool add_list(struct steps *steps, enum step_id id, const json_t *list,
                     const struct environment *environment, struct error *error)
{
    size_t i;
    json_t *entry;
    json_array_foreach(list, i, entry)
    {
        const char *name = config_text(entry, "name");
        if (taken(steps, name)) {
            error_set(error, ERROR_CONFIG, "two steps are called \"%s\"", name);
            error_hint(error, "give the one that you named in %s another name",
                       environment->file);
            return false;
        }
        struct planned *planned = add(steps, id, name);
        planned->required = config_bool(entry, "required");
        if (!fill_command(planned, entry, environment, error)) {
            return false;
        }
    }
    return true;
}

bool steps_create(struct steps *steps, const struct environment *environment,
                  const struct intent *intent, struct error *error)
{
    const json_t *section = steps_section(environment, intent, error);
    bool done = section != NULL;
    *steps = (struct steps){0};
    for (size_t i = 0; done && i < STEP_COUNT; i++) {
        enum step_id id = (enum step_id)i;
        if (!(step_rows[id].kinds & KIND_BIT(intent->kind)) ||
            ((id == STEP_BACKUP || id == STEP_RESTORE) && !backup_wanted(environment))) {
            continue;
        }
        if (id == STEP_BEFORE || id == STEP_AFTER) {
            const char *key = id == STEP_BEFORE ? "before" : "after";
            done = add_list(steps, id, json_object_get(section, key), environment, error);
        } else if (id == STEP_COMMAND) {
            done = fill_command(add(steps, id, run_kind_words[intent->kind]), section,
                                environment, error);
        } else {
            /* better the release without its configuration than nothing at all */
            add(steps, id, step_rows[id].name)->required = id != STEP_RESTORE;
        }
    }
    if (!done) {
        steps_finish(steps);
    }
    return done;
}

void steps_finish(struct steps *steps)
{
    for (size_t i = 0; i < steps->count; i++) {
        free(steps->rows[i].name);
        free(steps->rows[i].title);
        argv_free(steps->rows[i].argv);
    }
    free(steps->rows);
    *steps = (struct steps){0};
}

const struct planned *steps_main(const struct steps *steps)
{
    for (size_t i = 0; i < steps->count; i++) {
        if (steps->rows[i].id == STEP_COMMAND) {
            return &steps->rows[i];
        }
    }
    return NULL;
}

json_t *steps_argv_json(const char *name, char *const *argv)
{
    return json_pack("{s:s, s:o}", "name", name, "argv",
                     argv ? json_texts(argv) : json_null());
}

json_t *steps_json(const struct steps *steps)
{
    json_t *list = json_array();
    for (size_t i = 0; i < steps->count; i++) {
        const struct planned *planned = &steps->rows[i];
        json_array_append_new(list, steps_argv_json(planned->name, planned->argv));
    }
    return list;
}
