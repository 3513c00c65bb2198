#include "config/merge.h"

#include "base/mem.h"
#include "config/fields.h"
#include "net/trust.h"
#include "source/source.h"

/* What is not changed is shared with the file and the other environments: all of it is
 * only read, and jansson counts references atomically. */
static json_t *shared(const json_t *value)
{
    return json_incref((json_t *)(uintptr_t)value);
}

static json_t *shallow(const json_t *value)
{
    return json_copy((json_t *)(uintptr_t)value);
}

static bool mergeable(const struct field *field, const json_t *below, const json_t *above)
{
    if (!field || !json_is_object(below) || !json_is_object(above)) {
        return false;
    }
    switch (field->type) {
    case FIELD_OBJECT:
        return !(field->flags & FIELD_ONE);
    case FIELD_MAP:
    case FIELD_TLS:
    case FIELD_PLACE:
    case FIELD_HEADERS:
        return true;
    case FIELD_BODY:
        return !source_kind(below) && !source_kind(above);
    default:
        return false;
    }
}

static const struct field *below_field(const struct field *field, const char *key)
{
    if (field->type == FIELD_BODY) {
        return field;
    }
    return field->type == FIELD_HEADERS ? NULL : field_child(field, key);
}

static json_t *merged(const struct field *field, const json_t *below, const json_t *above)
{
    if (!mergeable(field, below, above)) {
        return shared(above ? above : below);
    }
    json_t *result = shallow(below);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)above, key, value)
    {
        json_object_set_new(
            result, key,
            merged(below_field(field, key), json_object_get(below, key), value));
    }
    return result;
}

static json_t *preset(const struct field *field, const json_t *beside)
{
    const json_t *tls = json_object_get(beside, "tls");
    bool encrypted = tls_options_of(tls, NULL).on;
    const char *text = field->preset_tls && encrypted ? field->preset_tls : field->preset;
    if (!text) {
        return NULL;
    }
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    if (!value) {
        panic("the default of %s is not JSON", field->path);
    }
    return value;
}

static json_t *filled(const struct field *field, const json_t *value);

static json_t *filled_object(const struct field *field, const json_t *value)
{
    json_t *result = json_object();
    for (const struct field *at = NULL; (at = field_next(field, at));) {
        const json_t *given = json_object_get(value, field_key(at));
        json_t *absent = given ? NULL : preset(at, value);
        if (given || absent) {
            json_object_set_new(result, field_key(at),
                                filled(at, given ? given : absent));
        }
        json_decref(absent);
    }
    return result;
}

static json_t *filled(const struct field *field, const json_t *value)
{
    if (json_is_object(value) &&
        (field->type == FIELD_OBJECT || field->type == FIELD_TLS ||
         field->type == FIELD_PLACE)) {
        return filled_object(field, value);
    }
    if (field->type != FIELD_MAP && field->type != FIELD_LIST) {
        return shared(value);
    }
    json_t *result = shallow(value);
    const char *key;
    json_t *entry;
    if (json_is_object(value) && field->type == FIELD_MAP) {
        json_object_foreach((json_t *)(uintptr_t)value, key, entry)
        {
            json_object_set_new(result, key, filled(field_child(field, key), entry));
        }
    }
    for (size_t i = 0; field->type == FIELD_LIST && i < json_array_size(value); i++) {
        const json_t *at = json_array_get(value, i);
        json_array_set_new(result, i, filled(field_entry(field, at), at));
    }
    return result;
}

json_t *merge_environment(const json_t *defaults, const json_t *environment)
{
    const struct field *field = field_find(FIELD_ENVIRONMENT);
    json_t *both = merged(field, defaults, environment);
    json_t *result = filled(field, both);
    json_decref(both);
    return result;
}
