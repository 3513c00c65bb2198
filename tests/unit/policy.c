/* What nobody can opt out of, and what the audit trail is told of configurations. */
#include "tests/unit/config_help.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "board/board.h"
#include "checks/checks.h"
#include "config/demand.h"
#include "config/fields.h"
#include "store/invalid.h"

#include <stdlib.h>
#include <string.h>

#define HIDDEN "hunter2hunter2"

static const char *const sections[] = {
    "/jwt",        "/services/auth", "/services/backend", "/auth_flow", "/auth_rate",
    "/clickhouse", "/redis",         "/deploy",           "/rollback"};
enum { SECTIONS = sizeof sections / sizeof sections[0] };

/* ---- every key and value of the table ---- */

/* The document in which `value` stands at the path of a field. */
static json_t *place(const char *path, json_t *take_value)
{
    if (!*path) {
        return take_value;
    }
    if (*path == '.') {
        return place(path + 1, take_value);
    }
    if (*path == '[') {
        const char *end = strchr(path, ']');
        json_t *entry = place(end + 1, take_value);
        if (end > path + 1 && json_is_object(entry)) {
            json_object_set_new(entry, "type",
                                json_stringn(path + 1, (size_t)(end - path) - 1));
        }
        return json_pack("[o]", entry);
    }
    size_t length = strcspn(path, ".[");
    char *key = *path == '*' ? mem_text("auth") : mem_bytes(path, length);
    json_t *object = json_pack("{s:o}", key, place(path + length, take_value));
    free(key);
    return object;
}

static char *place_text(const struct field *field, json_t *take_value)
{
    const char *path = field->path;
    bool inside = text_starts(path, FIELD_ENVIRONMENT);
    json_t *value = place(inside ? path + strlen(FIELD_ENVIRONMENT) : path, take_value);
    if (inside) {
        value = json_pack("{s:{s:o}}", "environments", "staging", value);
    }
    char *text = json_compact(value);
    json_decref(value);
    return text;
}

/* What might be meant to make something lenient: either truth, or any word. */
static json_t *choice_of(const struct field *field, size_t number)
{
    if (field->type == FIELD_BOOL || field->type == FIELD_TLS) {
        return number < 2 ? json_boolean(number) : NULL;
    }
    if (field->type != FIELD_WORD) {
        return NULL;
    }
    for (size_t i = 0; field->words[i]; i++) {
        if (i == number) {
            return json_string(field->words[i]);
        }
    }
    return NULL;
}

static void each_choice(void (*found)(const struct config *config))
{
    size_t seen = 0;
    for (size_t i = 0; i < field_count; i++) {
        json_t *value;
        for (size_t n = 0; (value = choice_of(&fields[i], n)); n++) {
            char *text = place_text(&fields[i], value);
            struct config *config = load_changed(text);
            if (config_usable(config)) {
                seen++;
                found(config);
            }
            config_destroy(config);
            free(text);
        }
    }
    assert_true(seen > 10);
}

/* ---- the gate ---- */

static void answer(struct board *board, struct light *light, enum state state)
{
    struct result *result = result_create();
    result_reach(result, RUNG_USABLE);
    if (state == STATE_OK) {
        result_ok(result, "fine");
    } else {
        result_set(result, state, "mend it", "it is %s", state_rows[state].word);
    }
    result->began = result->ended = clock_now();
    board_take(board, light, result);
}

static void judge_each_state(const struct config *config)
{
    const struct environment *environment = config->environments[0];
    assert_true(env_class_demands(environment->env_class));
    struct board *board = board_create(environment, checks_all);
    for (size_t i = 0; i < board->count; i++) {
        answer(board, &board->lights[i], STATE_OK);
    }
    assert_int_equal(gate_decide(board, clock_now()).decision, GATE_GO);
    for (size_t i = 0; i < board->count; i++) {
        for (int state = 0; state < STATE_COUNT; state++) {
            answer(board, &board->lights[i], (enum state)state);
            enum decision decision = gate_decide(board, clock_now()).decision;
            assert_int_equal(decision == GATE_GO, state == STATE_OK);
        }
        answer(board, &board->lights[i], STATE_OK);
    }
    board_destroy(board);
}

static void no_key_lets_a_check_that_is_not_green_pass_in_staging(void **state)
{
    (void)state;
    each_choice(judge_each_state);
}

/* The environment without one of its sections. */
static bool lacks_loudly(const struct environment *whole_one, const char *pointer)
{
    struct environment bare = *whole_one;
    json_t *root = json_deep_copy(whole_one->root);
    char *parent = mem_text(pointer), *slash = strrchr(parent, '/');
    *slash = '\0';
    json_object_del((json_t *)(uintptr_t)json_at(root, parent), slash + 1);
    bare.root = root;
    struct findings findings;
    demand_examine(&bare, &findings);
    char *summary = findings_summary(&findings);
    bool loud = summary && strstr(summary, "REQUIRED in staging");
    free(summary);
    findings_finish(&findings);
    free(parent);
    json_decref(root);
    return loud;
}

static void take_each_away(const struct config *config)
{
    for (size_t i = 0; i < SECTIONS; i++) {
        if (!lacks_loudly(config->environments[0], sections[i])) {
            fail_msg("%s may be missing", sections[i]);
        }
    }
}

static void no_key_lets_a_required_section_be_missing_in_staging(void **state)
{
    (void)state;
    each_choice(take_each_away);
}

/* ---- the trail ---- */

static size_t count_events(const struct statedir *dir, const char *type,
                           struct entries *entries)
{
    struct events events;
    struct error error = {0};
    size_t count = 0;
    *entries = (struct entries){0};
    if (events_open(&events, dir->events, DB_READ, &error)) {
        assert_true(events_list(&events, &(struct events_filter){0}, entries, &error));
        assert_true(events_verify(&events, &(int64_t){0}, &error));
        events_close(&events);
    }
    for (size_t i = 0; i < entries->count; i++) {
        count += text_equal(entries->rows[i].type, type);
    }
    return count;
}

/* How many the trail of unusable files has; `last` is the newest as JSON text. */
static size_t count_unusable(char **last)
{
    struct statedir dir;
    struct entries entries;
    struct error error;
    assert_true(invalid_dir(&dir, directory, &error));
    size_t count = count_events(&dir, "config.invalid", &entries);
    *last = NULL;
    if (count) {
        json_t *entry = entry_json(&entries.rows[entries.count - 1]);
        *last = json_compact(entry);
        json_decref(entry);
    }
    entries_finish(&entries);
    statedir_finish(&dir);
    return count;
}

static void record_text(const char *text)
{
    struct error error = {0};
    struct config *config = load(text);
    assert_false(config_usable(config));
    if (!invalid_record_file(directory, config, &error)) {
        fail_msg("%s", error.message);
    }
    config_destroy(config);
}

static void a_file_that_cannot_be_used_is_recorded_once_for_each_reason(void **state)
{
    (void)state;
    char *last = NULL;
    size_t before = count_unusable(&last);
    free(last);
    record_text("{\"version\": 1");
    record_text("{\"version\": 1");
    assert_int_equal(count_unusable(&last), before + 1);
    assert_non_null(strstr(last, "ends in the middle"));
    assert_non_null(strstr(last, "/greenboard.json\",\"once\""));
    free(last);
    record_text("{\"version\": 1 ");
    assert_int_equal(count_unusable(&last), before + 2); /* other bytes */
    free(last);
    record_text("{\"version\": 1,\n\"system\": \"a\", \"environments\": {\"test\": "
                "{\"redis\": {\n\"port\": \"6379\"}}}}");
    assert_int_equal(count_unusable(&last), before + 3);
    assert_non_null(strstr(last, "\"line\":3,\"path\":\"environments.test.redis.port\","
                                 "\"reason\":\"must be a whole number"));
    free(last);
}

static void record_if_refused(const struct config *config)
{
    struct error error = {0};
    assert_true(config_usable(config) || invalid_record_file(directory, config, &error));
}

static void assert_hidden(void)
{
    struct statedir dir;
    struct entries entries;
    struct error error;
    assert_true(invalid_dir(&dir, directory, &error));
    assert_true(count_events(&dir, "config.invalid", &entries) > 100);
    for (size_t i = 0; i < entries.count; i++) {
        if (strstr(entries.rows[i].text, HIDDEN) ||
            strstr(entries.rows[i].data, HIDDEN)) {
            fail_msg("%s %s", entries.rows[i].text, entries.rows[i].data);
        }
    }
    entries_finish(&entries);
    statedir_finish(&dir);
}

/* Wherever somebody writes a secret: as a value, or as a key, but for the free names of a
 * map (of an environment, of a service), which are told everywhere. */
static void nothing_that_stands_where_it_should_not_reaches_the_trail(void **state)
{
    (void)state;
    for (size_t i = 0; i < field_count; i++) {
        bool named = fields[i].type == FIELD_MAP && !fields[i].words;
        json_t *values[] = {
            json_string(HIDDEN),
            json_pack("{s:s, s:s, s:s}", named ? "a name" : HIDDEN, "x",
                      named ? "a b" : "a." HIDDEN ".b", HIDDEN, "file", HIDDEN),
            json_pack("[s, s]", HIDDEN, "it's \"" HIDDEN "\""),
        };
        for (size_t n = 0; n < sizeof values / sizeof values[0]; n++) {
            char *text = place_text(&fields[i], values[n]);
            struct config *config = load_changed(text);
            record_if_refused(config);
            config_destroy(config);
            free(text);
        }
    }
    static const char *const broken[] = {
        "{\"version\": " HIDDEN "}", "{\"version\": 1, \"" HIDDEN "\": 1, ]}",
        "{\"a\": \"" HIDDEN "\" \"" HIDDEN "\"}", "{'" HIDDEN "'}",
        "{\"" HIDDEN "\": 1, \"" HIDDEN "\": 2}"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct config *config = load(broken[i]);
        assert_false(config_usable(config));
        record_if_refused(config);
        config_destroy(config);
    }
    assert_hidden();
}

static void what_an_environment_lacks_is_recorded_once(void **state)
{
    (void)state;
    struct error error = {0};
    struct statedir dir;
    struct entries entries;
    struct config *config = load_staging("{\"redis\": null, \"clickhouse\": null}");
    assert_true(config_usable(config));
    const struct environment *environment = config->environments[0];
    for (int i = 0; i < 3; i++) {
        assert_true(invalid_record(directory, environment, &error));
    }
    assert_true(statedir_open(&dir, directory, environment, &error));
    assert_int_equal(count_events(&dir, "config.invalid", &entries), 1);
    assert_string_equal(entries.rows[0].text,
                        "ClickHouse is REQUIRED in staging, and 1 more");
    assert_string_equal(entries.rows[0].environment, "staging");
    assert_non_null(strstr(entries.rows[0].data, "environments.staging.redis"));
    entries_finish(&entries);
    statedir_finish(&dir);
    config_destroy(config);
}

static void what_is_not_used_is_recorded_once_for_each_reason(void **state)
{
    (void)state;
    static const char *const changes[] = {"no cache", "no cache", "it was sold"};
    struct error error = {0};
    struct statedir dir;
    struct entries entries;
    for (size_t i = 0; i < 3; i++) {
        char *text =
            mem_format("{\"system\": \"other\", \"not_used\": {\"redis\": \"%s\"}, "
                       "\"environments\": {\"staging\": {\"redis\": null}}}",
                       changes[i]);
        struct config *config = load_changed(text);
        assert_true(config_usable(config));
        assert_true(invalid_record(directory, config->environments[0], &error));
        assert_true(statedir_open(&dir, directory, config->environments[0], &error));
        config_destroy(config);
        free(text);
        assert_int_equal(count_events(&dir, "config.not_used", &entries), 1 + (i == 2));
        assert_string_equal(entries.rows[0].text, "redis is not used: no cache");
        entries_finish(&entries);
        statedir_finish(&dir);
    }
}

static void a_sound_configuration_leaves_no_trace(void **state)
{
    (void)state;
    struct error error = {0};
    char *home = fs_join(directory, "untouched");
    struct config *config = load_changed("{}");
    assert_true(invalid_record(home, config->environments[0], &error));
    assert_false(fs_exists(home));
    config_destroy(config);
    free(home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_key_lets_a_check_that_is_not_green_pass_in_staging),
        cmocka_unit_test(no_key_lets_a_required_section_be_missing_in_staging),
        cmocka_unit_test(a_file_that_cannot_be_used_is_recorded_once_for_each_reason),
        cmocka_unit_test(nothing_that_stands_where_it_should_not_reaches_the_trail),
        cmocka_unit_test(what_an_environment_lacks_is_recorded_once),
        cmocka_unit_test(what_is_not_used_is_recorded_once_for_each_reason),
        cmocka_unit_test(a_sound_configuration_leaves_no_trace),
    };
    return help_run(unit_run("policy", tests));
}
