#include "config/schema.h"

#include "base/mem.h"
#include "config/fields.h"
#include "source/source.h"

#include <string.h>

#define SPAN_PATTERN "^[0-9]+(ms|s|m|h|d)$"
#define MOMENT_PATTERN                                                                   \
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}"                          \
    "(\\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$"

static json_t *reference(const char *name)
{
    return json_pack("{s:o}", "$ref", json_sprintf("#/$defs/%s", name));
}

static json_t *words_schema(const char *const *words)
{
    json_t *list = json_array();
    for (; words && *words; words++) {
        json_array_append_new(list, json_string(*words));
    }
    return json_pack("{s:o}", "enum", list);
}

static json_t *texts_schema(size_t least)
{
    return json_pack("{s:s, s:{s:s}, s:i}", "type", "array", "items", "type", "string",
                     "minItems", (int)least);
}

/* One schema a kind of source, from the kinds' own table. */
static json_t *source_schema(void)
{
    json_t *kinds = json_array();
    for (size_t i = 0; source_kinds[i]; i++) {
        const struct source_kind *kind = source_kinds[i];
        json_t *properties = json_object(), *required = json_array();
        json_object_set_new(
            properties, kind->name,
            kind->wants_argv ? texts_schema(1)
                             : json_pack("{s:s, s:i}", "type", "string", "minLength", 1));
        json_array_append_new(required, json_string(kind->name));
        for (size_t n = 0; kind->needs && kind->needs[n]; n++) {
            json_object_set_new(properties, kind->needs[n],
                                json_pack("{s:s}", "type", "string"));
            json_array_append_new(required, json_string(kind->needs[n]));
        }
        for (size_t n = 0; kind->takes && kind->takes[n]; n++) {
            json_object_set_new(properties, kind->takes[n],
                                json_pack("{s:s}", "type", "string"));
        }
        json_array_append_new(kinds, json_pack("{s:s, s:s, s:o, s:o, s:b}", "description",
                                               kind->help, "type", "object", "properties",
                                               properties, "required", required,
                                               "additionalProperties", 0));
    }
    return json_pack("{s:o}", "oneOf", kinds);
}

static json_t *text_schema(enum field_type type)
{
    static const char *const patterns[FIELD_TYPES] = {
        [FIELD_TEXT] = "^[\\s\\S]",
        [FIELD_PATH] = "^[\\s\\S]",
        [FIELD_NAME] = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        [FIELD_HOST] = "^[A-Za-z0-9._:-]*$",
        [FIELD_URL] = "^https?://[^?#@\\s]+$",
        [FIELD_ENDPOINT] = "^/[^#\\s]*$",
        [FIELD_ADDRESS] = "^[0-9a-fA-F.:]+$",
        [FIELD_BYTES] = "^[\\s\\S]",
        [FIELD_PATTERN] = "^[\\s\\S]",
        [FIELD_POINTER] = "^(/([^~]|~[01])*)?$",
        [FIELD_ROUTE] = "^(here|(tunnel|service):[\\s\\S]+)$",
        [FIELD_MOMENT] = (MOMENT_PATTERN),
        [FIELD_HOUR] = "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$",
        [FIELD_ZONE] = "^(UTC|[+-][0-9]{2}:[0-9]{2})$",
        [FIELD_SPAN] = SPAN_PATTERN,
    };
    return json_pack("{s:s, s:s}", "type", "string", "pattern", patterns[type]);
}

static json_t *number_schema(const struct field *field)
{
    json_t *schema =
        json_pack("{s:s}", "type", field->type == FIELD_INTEGER ? "integer" : "number");
    if (field->low || field->high) {
        json_object_set_new(schema, "minimum", json_integer(field->low));
        json_object_set_new(schema, "maximum", json_integer(field->high));
    }
    return schema;
}

static json_t *value_schema(const struct field *field, bool whole);

/* `whole`: nothing else is merged into it, so that what is REQUIRED must be right
 * there. */
static json_t *object_schema(const struct field *field, bool whole)
{
    json_t *properties = json_object(), *required = json_array();
    for (const struct field *at = NULL; (at = field_next(field, at));) {
        json_object_set_new(properties, field_key(at), value_schema(at, whole));
        if (whole && (at->flags & FIELD_REQUIRED)) {
            json_array_append_new(required, json_string(field_key(at)));
        }
    }
    json_t *schema = json_pack("{s:s, s:o, s:b}", "type", "object", "properties",
                               properties, "additionalProperties", 0);
    if (json_array_size(required) > 0) {
        json_object_set(schema, "required", required);
    }
    if (field && (field->flags & FIELD_ONE)) {
        json_object_set_new(schema, "minProperties", json_integer(1));
        json_object_set_new(schema, "maxProperties", json_integer(1));
    }
    json_decref(required);
    return schema;
}

static json_t *map_schema(const struct field *field)
{
    json_t *schema =
        json_pack("{s:s, s:o, s:o}", "type", "object", "propertyNames",
                  field->words ? words_schema(field->words) : text_schema(field->keys),
                  "additionalProperties", value_schema(field_child(field, "*"), false));
    if (field->flags & FIELD_FILLED) {
        json_object_set_new(schema, "minProperties", json_integer(1));
    }
    return schema;
}

/* One schema for each type that an entry may have. */
static json_t *entry_schema(const struct field *list)
{
    const struct field *any = field_child(list, NULL);
    json_t *schema = value_schema(any, true);
    if (!(any->flags & FIELD_TYPED)) {
        return schema;
    }
    json_t *kinds = json_array();
    for (const struct field *at = NULL; (at = field_next(list, at));) {
        if (at != any) {
            json_array_append_new(kinds, value_schema(at, true));
        }
    }
    json_object_del(schema, "additionalProperties"); /* it has the common ones alone */
    json_object_set_new(schema, "oneOf", kinds);
    return schema;
}

static json_t *statuses_schema(void)
{
    static const char *const one = "^[1-5](xx|[0-9][0-9])$";
    return json_pack("{s:[{s:s, s:s}, {s:s, s:{s:s, s:s}, s:i}]}", "oneOf", "type",
                     "string", "pattern", one, "type", "array", "items", "type", "string",
                     "pattern", one, "minItems", 1);
}

static json_t *setting_schema(void)
{
    json_t *lists =
        json_pack("{s:[{s:s}, o]}", "oneOf", "type", "string", texts_schema(1));
    return json_pack("{s:[{s:s}, o, {s:s, s:{s:O, s:o}, s:i, s:i, s:b}]}", "oneOf",
                     "type", "string", reference("source"), "type", "object",
                     "properties", "not", lists, "one_of", lists, "minProperties", 1,
                     "maxProperties", 1, "additionalProperties", 0);
}

static json_t *headers_schema(void)
{
    return json_pack("{s:s, s:{s:[{s:s}, o]}}", "type", "object", "additionalProperties",
                     "oneOf", "type", "string", reference("source"));
}

static json_t *bare_schema(const struct field *field, bool whole)
{
    switch (field->type) {
    case FIELD_OBJECT:
        return object_schema(field, whole);
    case FIELD_MAP:
        return map_schema(field);
    case FIELD_LIST:
        return json_pack("{s:s, s:o}", "type", "array", "items", entry_schema(field));
    case FIELD_INTEGER:
    case FIELD_NUMBER:
        return number_schema(field);
    case FIELD_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case FIELD_WORD:
        return words_schema(field->words);
    case FIELD_ARGV:
        return texts_schema(1);
    case FIELD_TEXTS:
        return json_pack("{s:[{s:s}, o]}", "oneOf", "type", "string", texts_schema(1));
    case FIELD_STATUSES:
        return statuses_schema();
    case FIELD_SOURCE:
        return json_pack("{s:[o, {s:s, s:o, s:i}]}", "oneOf", reference("source"), "type",
                         "array", "items", reference("source"), "minItems", 1);
    case FIELD_SETTING:
        return setting_schema();
    case FIELD_HEADERS:
        return headers_schema();
    case FIELD_BODY:
        return json_pack("{s:s}", "type", "object");
    case FIELD_TLS:
        return json_pack("{s:[{s:s}, o]}", "oneOf", "type", "boolean",
                         object_schema(field, false));
    case FIELD_PLACE:
        return json_pack("{s:[o, o]}", "oneOf", words_schema(field->words),
                         object_schema(field, false));
    case FIELD_ANY:
    case FIELD_TYPES:
        return json_object();
    default:
        return text_schema(field->type);
    }
}

static json_t *value_schema(const struct field *field, bool whole)
{
    if (strcmp(field->path, "defaults") == 0) {
        return reference("environment");
    }
    json_t *schema = strcmp(field->path, FIELD_ENVIRONMENT) == 0
                         ? reference("environment")
                         : bare_schema(field, whole);
    json_object_set_new(schema, "description", json_string(field->help));
    if (field->preset) {
        json_object_set_new(schema, "default",
                            json_loads(field->preset, JSON_DECODE_ANY, NULL));
    }
    return schema;
}

json_t *schema_create(void)
{
    json_t *schema =
        json_pack("{s:s, s:s}", "$schema", "https://json-schema.org/draft/2020-12/schema",
                  "title", "greenboard.json");
    json_object_update_new(schema, object_schema(NULL, true));
    /* What an environment lacks may be in `defaults`, so that nothing in it is required
     * here. */
    json_object_set_new(schema, "$defs",
                        json_pack("{s:o, s:o}", "environment",
                                  object_schema(field_find(FIELD_ENVIRONMENT), false),
                                  "source", source_schema()));
    return schema;
}
