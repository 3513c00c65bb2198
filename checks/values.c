#include "checks/values.h"

#include "base/json.h"
#include "base/mem.h"
#include "secret/mask.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN = 80 }; /* characters of a value */

char *values_show(const json_t *value)
{
    char *text = json_show(value);
    char *start =
        mask_clean(text, SHOWN); /* before it is cut: half a secret is one too */
    char *shown = mem_format("%s%s", start, strlen(text) > SHOWN ? "…" : "");
    free(start);
    free(text);
    return shown;
}

bool values_equal(const json_t *is, const json_t *expected)
{
    if (json_is_number(is) && json_is_number(expected)) {
        double a = json_number_value(is), b = json_number_value(expected);
        return !(a < b) && !(a > b);
    }
    return is && json_equal(is, expected);
}

/* Adds "/checks/redis/connected is false" for a value that is not the expected one. */
static void add_difference(struct buf *out, const char *pointer, const json_t *is,
                           const json_t *expected)
{
    char *was = values_show(is), *wanted = values_show(expected);
    bool alike = strcmp(was, wanted) == 0; /* "true" and true */
    buf_format(out, "%s%s is %s%s, not %s%s", out->length ? "; " : "", pointer, was,
               alike && json_is_string(is) ? " (a text)" : "", wanted,
               alike && json_is_string(expected) ? " (a text)" : "");
    free(was);
    free(wanted);
}

void values_compare(const json_t *body, const json_t *expect, struct buf *differences,
                    struct result *result)
{
    const char *pointer;
    json_t *expected;
    json_object_foreach((json_t *)(uintptr_t)expect, pointer, expected)
    {
        const json_t *is = json_at(body, pointer);
        char *shown = values_show(is);
        result_evidence(result, pointer, "%s", shown);
        if (!values_equal(is, expected)) {
            add_difference(differences, pointer, is, expected);
        }
        free(shown);
    }
}
