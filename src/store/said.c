#include "store/said.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "secret/mask.h"

json_t *said_json(const char *said)
{
    struct buf text;
    buf_init(&text, 0);
    buf_text(&text, said ? said : "");
    mask_buf(&text);
    json_t *string = json_text(said ? buf_string(&text) : NULL);
    buf_finish(&text);
    return string;
}

json_t *said_list(char *const *texts)
{
    json_t *array = json_array();
    for (size_t i = 0; texts && texts[i]; i++) {
        json_array_append_new(array, said_json(texts[i]));
    }
    return array;
}

json_t *moment_json(int64_t wall)
{
    char stamp[CLOCK_STAMP];
    if (wall == 0) {
        return json_null();
    }
    clock_stamp(stamp, wall);
    return json_string(stamp);
}

int64_t moment_of(const json_t *object, const char *key)
{
    int64_t wall = 0;
    const char *stamp = json_get_text(object, key);
    return stamp && clock_parse(stamp, &wall) ? wall : 0;
}

char *text_of(const json_t *object, const char *key)
{
    return mem_text(json_get_text(object, key));
}

int64_t integer_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}
