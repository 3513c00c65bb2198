/* Reading a loaded configuration: environments by name, values of a section. */
#include "config/config.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/fields.h"
#include "source/source.h"

#include <stdlib.h>

static void list_names(const struct config *config, struct buf *out)
{
    for (size_t i = 0; i < config->count; i++) {
        buf_format(out, "%s%s", i ? ", " : "", config->environments[i]->name);
    }
}

static void refuse_name(const struct config *config, const char *name,
                        struct error *error)
{
    struct buf names;
    buf_init(&names, 200);
    list_names(config, &names);
    if (!name) {
        error_set(error, ERROR_USAGE, "%s has %zu environments", config->file,
                  config->count);
        error_hint(error, "say which with -e: %s", buf_string(&names));
    } else {
        const char **known = mem_alloc((config->count + 1) * sizeof *known);
        for (size_t i = 0; i < config->count; i++) {
            known[i] = config->environments[i]->name;
        }
        const char *near = text_nearest(name, known, config->count);
        error_set(error, ERROR_USAGE, "no environment \"%.64s\" in %s", name,
                  config->file);
        if (near) {
            error_hint(error, "did you mean \"%s\"?", near);
        } else {
            error_hint(error, "there are: %s", buf_string(&names));
        }
        free(known);
    }
    buf_finish(&names);
}

const struct environment *config_environment(const struct config *config,
                                             const char *name, struct error *error)
{
    if (!name && config->count == 1) {
        return config->environments[0];
    }
    for (size_t i = 0; name && i < config->count; i++) {
        if (text_equal(config->environments[i]->name, name)) {
            return config->environments[i];
        }
    }
    refuse_name(config, name, error);
    return NULL;
}

int64_t config_span(const json_t *section, const char *key)
{
    int64_t span = 0;
    const char *text = json_get_text(section, key);
    return text && text_duration(text, &span, NULL) ? span : 0;
}

int64_t config_integer(const json_t *section, const char *key)
{
    return json_integer_value(json_object_get(section, key));
}

double config_number(const json_t *section, const char *key)
{
    return json_number_value(json_object_get(section, key));
}

bool config_bool(const json_t *section, const char *key)
{
    return json_is_true(json_object_get(section, key));
}

const char *config_text(const json_t *section, const char *key)
{
    return json_get_text(section, key);
}

const json_t *config_section(const struct environment *environment, const char *pointer)
{
    return json_at(environment->root, pointer);
}

struct finding_sources {
    void (*found)(void *self, const json_t *source);
    void *self;
};

static void find_sources(const struct finding_sources *finding, const struct field *field,
                         const json_t *value)
{
    if (!field) {
        return;
    }
    if (field->type == FIELD_SOURCE || field->type == FIELD_HEADERS ||
        field->type == FIELD_BODY || field->type == FIELD_SETTING) {
        source_walk(value, finding->found, finding->self);
        return;
    }
    bool open = field->type == FIELD_OBJECT || field->type == FIELD_MAP ||
                field->type == FIELD_PLACE;
    const char *key;
    json_t *entry;
    json_object_foreach((json_t *)(uintptr_t)(open ? value : NULL), key, entry)
    {
        find_sources(finding, field_child(field, key), entry);
    }
    for (size_t i = 0; field->type == FIELD_LIST && i < json_array_size(value); i++) {
        const json_t *at = json_array_get(value, i);
        find_sources(finding, field_entry(field, at), at);
    }
}

void config_sources(const struct environment *environment,
                    void (*found)(void *self, const json_t *source), void *self)
{
    const struct finding_sources finding = {found, self};
    find_sources(&finding, field_find(FIELD_ENVIRONMENT), environment->root);
}
