#include "base/json.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void json_begin(void)
{
    json_set_alloc_funcs(malloc, mem_cleanse);
    json_object_seed(0);
}

/* What a document would become in memory, by counting brackets and commas outside
 * strings: what is malformed is jansson's to refuse. */
struct extent {
    int depth;
    size_t values; /* or a few more */
};

static struct extent measure(const char *data, size_t length)
{
    struct extent most = {0, 1};
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < length; i++) {
        char byte = data[i];
        if (quoted) {
            if (byte == '\\') {
                i++;
            } else if (byte == '"') {
                quoted = false;
            }
        } else if (byte == '"') {
            quoted = true;
        } else if (byte == '{' || byte == '[') {
            most.values++;
            most.depth = ++depth > most.depth ? depth : most.depth;
        } else if (byte == '}' || byte == ']') {
            depth--;
        } else if (byte == ',') {
            most.values++;
        }
    }
    return most;
}

static json_t *parse(const char *data, size_t length, size_t values, struct error *error)
{
    if (length > JSON_SIZE_MAX) {
        error_set(error, ERROR_LIMIT, "JSON of more than %d bytes", JSON_SIZE_MAX);
        return NULL;
    }
    struct extent extent = measure(data, length);
    if (extent.depth > JSON_DEPTH_MAX) {
        error_set(error, ERROR_LIMIT, "JSON nested deeper than %d levels",
                  JSON_DEPTH_MAX);
        return NULL;
    }
    if (extent.values > values) {
        error_set(error, ERROR_LIMIT, "JSON of more than %zu values", values);
        return NULL;
    }
    json_error_t where;
    json_t *value =
        json_loadb(data, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
    if (!value) {
        error_set(error, ERROR_PROTOCOL, "not JSON: %s (line %d)", where.text,
                  where.line);
    }
    return value;
}

json_t *json_parse(const char *data, size_t length, struct error *error)
{
    return parse(data, length, SIZE_MAX, error);
}

json_t *json_parse_reply(const char *data, size_t length, struct error *error)
{
    return parse(data, length, JSON_VALUES_MAX, error);
}

/* One reference token of RFC 6901 section 4, unescaped. */
static char *next_token(const char **pointer)
{
    struct buf token;
    buf_init(&token, 0);
    const char *at = *pointer + 1;
    for (; *at && *at != '/'; at++) {
        if (at[0] == '~' && (at[1] == '0' || at[1] == '1')) {
            buf_text(&token, at[1] == '0' ? "~" : "/");
            at++;
        } else {
            buf_add(&token, at, 1);
        }
    }
    *pointer = at;
    return buf_take(&token);
}

static json_t *array_entry(const json_t *array, const char *token)
{
    char *end = NULL;
    unsigned long index = strtoul(token, &end, 10);
    bool plain = token[0] >= '0' && token[0] <= '9' && (token[0] != '0' || !token[1]);
    return plain && *end == '\0' ? json_array_get(array, index) : NULL;
}

json_t *json_at(const json_t *root, const char *pointer)
{
    json_t *value = (json_t *)(uintptr_t)root;
    while (value && *pointer) {
        if (*pointer != '/') {
            return NULL;
        }
        char *token = next_token(&pointer);
        value = json_is_array(value) ? array_entry(value, token)
                                     : json_object_get(value, token);
        free(token);
    }
    return value;
}

json_t *json_text(const char *text)
{
    if (!text) {
        return json_null();
    }
    json_t *string = json_string(text);
    if (string) {
        return string;
    }
    struct buf clean;
    buf_init(&clean, 0);
    text_clean(&clean, text, strlen(text));
    string = json_string(buf_string(&clean));
    buf_finish(&clean);
    return string;
}

const char *json_get_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static char *dump(const json_t *value, size_t flags)
{
    /* 15 digits: as many as a double keeps through a decimal text. */
    char *text = json_dumps(value, flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    if (!text) {
        panic("a JSON value cannot be written");
    }
    char *copy = mem_text(text); /* json_dumps() memory belongs to jansson's allocator */
    mem_cleanse(text);
    return copy;
}

char *json_compact(const json_t *value)
{
    return dump(value, JSON_COMPACT | JSON_SORT_KEYS);
}

char *json_pretty(const json_t *value)
{
    return dump(value, JSON_INDENT(2));
}

char *json_show(const json_t *value)
{
    return json_is_string(value) ? mem_text(json_string_value(value))
           : value               ? json_compact(value)
                                 : mem_text("nothing");
}

json_t *json_texts(char *const *texts)
{
    json_t *array = json_array();
    for (size_t i = 0; texts && texts[i]; i++) {
        json_array_append_new(array, json_text(texts[i]));
    }
    return array;
}

char **json_argv(const json_t *array)
{
    char **argv = mem_alloc(sizeof *argv);
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *text = json_string_value(json_array_get(array, i));
        argv_add(&argv, text ? text : "");
    }
    return argv;
}
