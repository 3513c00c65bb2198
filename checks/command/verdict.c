#include "checks/command/verdict.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "secret/mask.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 64, SHOWN = 60 }; /* entries of evidence, and notes; characters */

static bool is_state(const json_t *value)
{
    static const enum state known[] = {STATE_OK, STATE_WARN, STATE_FAIL, STATE_UNKNOWN};
    bool found = false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        found = found || text_equal(json_string_value(value), state_rows[known[i]].word);
    }
    return found;
}

static bool is_words(const json_t *value)
{
    const char *text = json_string_value(value);
    return text && text[strspn(text, " \t\r\n")];
}

static bool is_evidence(const json_t *value)
{
    bool good = json_is_object(value) && json_object_size(value) <= MOST;
    const char *key;
    json_t *entry;
    json_object_foreach((json_t *)(uintptr_t)value, key, entry)
    {
        good = good && *key && !json_is_object(entry) && !json_is_array(entry);
    }
    return good;
}

static bool is_notes(const json_t *value)
{
    bool good = json_is_array(value) && json_array_size(value) <= MOST;
    for (size_t i = 0; i < json_array_size(value); i++) {
        good = good && json_is_string(json_array_get(value, i));
    }
    return good;
}

static bool is_number(const json_t *value)
{
    return json_is_number(value);
}

static const struct key_row {
    const char *key;
    bool needed;
    bool (*holds)(const json_t *value);
    const char *wants;
} key_rows[] = {
    {"state", true, is_state, "\"OK\", \"WARN\", \"FAIL\" or \"UNKNOWN\""},
    {"summary", true, is_words, "a text that is not empty"},
    {"remedy", false, is_words, "a text that is not empty"},
    {"evidence", false, is_evidence, "an object of at most 64 texts and numbers"},
    {"notes", false, is_notes, "a list of at most 64 texts"},
    {"figure", false, is_number, "a number"},
};
enum { KEYS = sizeof key_rows / sizeof key_rows[0] };

static const struct key_row *find_row(const char *key)
{
    for (size_t i = 0; i < KEYS; i++) {
        if (strcmp(key_rows[i].key, key) == 0) {
            return &key_rows[i];
        }
    }
    return NULL;
}

static bool refuse(const struct key_row *row, const char *key, const json_t *value,
                   struct error *error)
{
    char *text = json_show(value);
    char *shown = mask_clean(row ? text : key, SHOWN);
    if (row) {
        error_set(error, ERROR_PROTOCOL, "printed \"%s\" as %s, not as %s", row->key,
                  shown, row->wants);
    } else {
        error_set(error, ERROR_PROTOCOL, "printed an unknown key \"%s\"", shown);
    }
    free(shown);
    free(text);
    return false;
}

static bool check_keys(const json_t *object, struct error *error)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object)) {
        return error_set(error, ERROR_PROTOCOL, "printed JSON that is no object");
    }
    for (size_t i = 0; i < KEYS; i++) {
        if (key_rows[i].needed && !json_object_get(object, key_rows[i].key)) {
            return error_set(error, ERROR_PROTOCOL, "printed no \"%s\"", key_rows[i].key);
        }
    }
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        const struct key_row *row = find_row(key);
        if (!row || !row->holds(value)) {
            return refuse(row, key, value, error);
        }
    }
    return true;
}

static void take_details(const json_t *object, struct result *result)
{
    const char *key;
    json_t *value;
    size_t i;
    json_object_foreach((json_t *)(uintptr_t)json_object_get(object, "evidence"), key,
                        value)
    {
        char *shown = json_show(value);
        result_evidence(result, key, "%s", shown);
        free(shown);
    }
    json_array_foreach((json_t *)(uintptr_t)json_object_get(object, "notes"), i, value)
    {
        result_note(result, "%s", json_string_value(value));
    }
    const json_t *figure = json_object_get(object, "figure");
    if (figure) {
        result_figure(result, json_number_value(figure));
    }
}

static void take_verdict(const json_t *object, const char *program, int status,
                         struct result *result)
{
    const char *summary = json_get_text(object, "summary");
    char *usual = mem_format("see what it says, or run it by hand: %s", program);
    const char *remedy = json_get_text(object, "remedy");
    enum state state = STATE_UNKNOWN;
    state_from_word(json_get_text(object, "state"), &state);
    take_details(object, result);
    if (state != STATE_OK) {
        result_set(result, state, remedy ? remedy : usual, "%s", summary);
    } else if (status != 0) {
        result_set(result, STATE_UNKNOWN, usual,
                   "%s says OK and exits with status %d, which contradict each other: %s",
                   program, status, summary);
    } else {
        result_reach(result, RUNG_USABLE);
        result_ok(result, "%s", summary);
    }
    free(usual);
}

void verdict_judge(const char *program, const struct buf *output, int status,
                   struct result *result)
{
    const char *text = buf_string(output);
    struct error error = {0};
    json_t *object = NULL;
    if (output->length == strspn(text, " \t\r\n")) {
        error_set(&error, ERROR_PROTOCOL, "printed nothing");
    } else if (!(object = json_parse(text, output->length, &error))) {
        error_prefix(&error, "printed no verdict in JSON");
    } else if (check_keys(object, &error)) {
        take_verdict(object, program, status, result);
    }
    if (error.code) {
        char *remedy = mem_format(
            "run it by hand: %s must print one object as greenboard.json(5) says",
            program);
        result_set(result, STATE_UNKNOWN, remedy, "%s %s (exit status %d)", program,
                   error.message, status);
        free(remedy);
    }
    json_decref(object);
}
