/* What loading a configuration promises. */
#include "tests/unit/config_help.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void a_whole_staging_loads_with_every_default_filled_in(void **state)
{
    (void)state;
    struct config *config = load_usable(whole);
    assert_string_equal(config->system, "netra");
    const struct environment *env = config_environment(config, NULL, NULL);
    assert_string_equal(env->name, "staging");
    assert_int_equal(env->env_class, CLASS_STAGING);
    assert_string_equal(env->directory, directory);
    assert_int_equal(strlen(env->digest), DIGEST_HEX - 1);
    const json_t *redis = config_section(env, "/redis");
    assert_int_equal(config_integer(redis, "port"), 6379);
    assert_int_equal(config_span(redis, "deadline"), 2 * CLOCK_SECOND);
    assert_int_equal(config_span(redis, "period"), 5 * CLOCK_SECOND);
    assert_null(config_text(redis, "user"));
    const json_t *clickhouse = config_section(env, "/clickhouse");
    assert_int_equal(config_integer(clickhouse, "http_port"), 8443); /* tls is on */
    assert_true(config_bool(clickhouse, "tls"));
    assert_int_equal(config_span(config_section(env, "/gate"), "max_age"),
                     60 * CLOCK_SECOND);
    assert_int_equal(config_span(config_section(env, "/deploy/verify"), "hold"),
                     30 * CLOCK_SECOND);
    assert_string_equal(json_string_value(config_section(env, "/jwt/canonical/0/env")),
                        "JWT_SECRET_KEY");
    assert_null(config_section(env, "/release"));
    config_destroy(config);
}

static void an_environment_outlives_its_file(void **state)
{
    (void)state;
    struct config *config = load_usable(whole);
    struct environment *env =
        environment_ref(config_environment(config, "staging", NULL));
    config_destroy(config);
    assert_string_equal(env->system, "netra");
    assert_int_equal(config_integer(config_section(env, "/redis"), "port"), 6379);
    environment_unref(env);
    environment_unref(NULL);
}

static void count_source(void *self, const json_t *source)
{
    json_array_append((json_t *)self, (json_t *)(uintptr_t)source);
}

static void only_sources_are_sources(void **state)
{
    (void)state;
    struct config *config = load_staging("{\"release\": {\"command\": [\"git\"]}, "
                                         "\"redis\": {\"password\": {\"file\": \"p\"}}}");
    assert_true(config_usable(config));
    json_t *found = json_array();
    config_sources(config_environment(config, NULL, NULL), count_source, found);
    char *text = json_compact(found);
    assert_string_equal(
        text, "[[{\"env\":\"JWT_SECRET_KEY\"}],{\"env\":\"PROBE\"},{\"file\":\"p\"}]");
    free(text);
    json_decref(found);
    config_destroy(config);
}

static void assert_unreadable(const char *data, size_t length, const char *words)
{
    struct config *config = load_bytes(data, length);
    assert_false(config_usable(config));
    assert_int_equal(config->count, 0);
    assert_int_equal(config->problem_count, 0);
    char *complaint = config_complaint(config);
    if (!strstr(complaint, words) ||
        strchr(complaint, '\n') != strrchr(complaint, '\n') ||
        !text_starts(complaint, config->file)) {
        fail_msg("wanted one line of FILE and \"%s\", got: %s", words, complaint);
    }
    free(complaint);
    config_destroy(config);
}

static void what_is_no_json_gets_one_clear_message(void **state)
{
    (void)state;
    assert_unreadable("", 0, "is empty");
    assert_unreadable(" \n\t\n", 4, "is empty");
    assert_unreadable("{\"version\": 1,\n\"system\"", 23, ":2: ends in the middle");
    assert_unreadable("{\"version\": 1,\n\"sys", 19, ":2: ends in the middle");
    assert_unreadable("{\n\"version\" 1}", 14, ":2: is not JSON");
    assert_unreadable("{} {}", 5, "is not JSON");
    assert_unreadable("\x7f"
                      "ELF\0\0",
                      6, "is not text (byte 0x00 at offset 4)");
    assert_unreadable("{\"version\": \x1b}", 14, "is not text (byte 0x1b");
    assert_unreadable("{\"a\": \"\xff\"}", 10, "is not JSON");
    assert_unreadable("\xef\xbb\xbf{}", 5, "byte order mark");
    assert_unreadable("{\"a\": \"\\u0000\"}", 15, "is not JSON");
    assert_unreadable("{\"a\": 99999999999999999999}", 27, "is not JSON");
}

static void a_file_that_was_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (size_t length = 0; length < whole_length; length++) {
        struct config *config = load_bytes(whole, length);
        assert_false(config_usable(config));
        config_destroy(config);
    }
}

static void depth_and_size_are_capped_before_parsing(void **state)
{
    (void)state;
    enum { DEPTH = 10000 };
    char *deep = mem_alloc(2 * DEPTH);
    memset(deep, '[', DEPTH);
    memset(deep + DEPTH, ']', DEPTH);
    assert_unreadable(deep, 2 * DEPTH, "nested deeper than 32 levels");
    for (size_t i = 0; i < DEPTH; i += 5) {
        memcpy(deep + i, "{\"a\":", 5);
    }
    assert_unreadable(deep, DEPTH, "nested deeper than 32 levels");
    free(deep);
}

static void work_grows_no_faster_than_the_file(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 0);
    buf_text(&text, "{\"version\": 1, \"system\": \"n\", \"environments\": {\"test\": "
                    "{\"checks\": [");
    for (int i = 0; i < 70000; i++) {
        buf_text(&text, "{\"name\":\"a\"},");
    }
    buf_text(&text, "{}]}}}");
    /* processor time: a machine with other work is no reason to fail */
    clock_t began = clock();
    struct config *config = load(buf_string(&text));
    assert_true(clock() - began < 60 * CLOCKS_PER_SEC); /* minutes, were it quadratic */
    assert_problem(config, "environments.test.checks[1000]", "one entry too many", "");
    config_destroy(config);
    buf_finish(&text);
}

static void a_huge_file_is_refused_without_being_read(void **state)
{
    (void)state;
    char *path = fs_join(directory, "huge.json");
    assert_true(fs_replace(path, "{", 1, 0600, NULL));
    assert_int_equal(truncate(path, 100 * 1024 * 1024), 0);
    struct config *config = config_load(path);
    assert_false(config_usable(config));
    assert_int_equal(config->error.code, ERROR_LIMIT);
    assert_non_null(strstr(config->error.message, "larger than 1048576 bytes"));
    config_destroy(config);
    unlink(path);
    free(path);
}

static void what_is_not_a_file_is_refused(void **state)
{
    (void)state;
    struct config *config = config_load("/dev/zero");
    assert_false(config_usable(config));
    assert_non_null(strstr(config->error.message, "not a regular file"));
    config_destroy(config);
    config = config_load("/nonexistent/greenboard.json");
    assert_int_equal(config->error.code, ERROR_ABSENT);
    config_destroy(config);
    config_destroy(NULL);
}

static void a_newer_format_says_what_it_needs(void **state)
{
    (void)state;
    const char *text = "{\n\"version\": 2, \"future\": true}";
    assert_unreadable(text, strlen(text),
                      ":2: version: 2 of the format needs greenboard 2.0");
}

static void problems_name_file_line_path_and_nearest_key(void **state)
{
    (void)state;
    struct config *config =
        load("{\"version\": 1, \"system\": \"netra\", \"environments\": {\n"
             "  \"staging\": {\n"
             "    \"redis\": {\"host\": \"a\",\n"
             "      \"pasword\": {\"env\": \"X\"},\n"
             "      \"port\": 70000},\n"
             "    \"checks\": [\n"
             "      {\"type\": \"health_json\", \"name\": \"x\",\n"
             "       \"service\": \"s\", \"path\": \"p\",\n"
             "       \"expect\": {\"/a\": 1}}]}}}");
    char *complaint = config_complaint(config);
    char *wanted = mem_format("%s:4: environments.staging.redis.pasword: unknown key "
                              "(did you mean \"password\"?)\n"
                              "%s:5: environments.staging.redis.port: must be a whole "
                              "number from 1 to 65535, not "
                              "70000\n"
                              "%s:8: environments.staging.checks[0].path: must be a path "
                              "that starts with \"/\"\n"
                              "%s:8: environments.staging.checks[0].service: names a "
                              "service that is not configured "
                              "(services here:)\n",
                              config->file, config->file, config->file, config->file);
    assert_string_equal(complaint, wanted);
    free(wanted);
    free(complaint);
    config_destroy(config);
}

static void escaped_keys_and_strings_do_not_shift_lines(void **state)
{
    (void)state;
    struct config *config =
        load("{\"version\": 1, \"system\": \"n\\\"{[\",\n"
             "\"environ\\u006dents\": {\"test\": {\n\n"
             "\"\\u0072edis\": {\"host\": \"\", \"x\\ty\\\\\": \"]}\"},\n"
             "\"jwt\": 5}}}");
    assert_problem(config, "system", "must be a name", "");
    assert_problem(config, "environments.test.redis.x y\\", "unknown key", "");
    assert_problem(config, "environments.test.jwt", "must be an object, not 5", "");
    assert_int_equal(config->problems[0].line, 1);
    assert_int_equal(config->problems[1].line, 4);
    assert_int_equal(config->problems[2].line, 5);
    config_destroy(config);
}

static void duplicate_keys_are_told_with_both_lines(void **state)
{
    (void)state;
    struct config *config =
        load("{\"version\": 1, \"system\": \"n\", \"environments\": {\"test\": {\n"
             "\"redis\": {\"host\": \"a\", \"port\": 1},\n"
             "\"redis\": [[{}], 2],\n"
             "\"auth_flow\": {\"user\": {\"path\": \"/\"}, \"login\": {\n"
             " \"path\": \"/\", \"body\": {\"a\": {\"b\": 1,\n"
             " \"b\": 2}}}}}}}");
    assert_problem(config, "environments.test.redis", "duplicate key",
                   "already on line 2");
    assert_problem(config, "environments.test.auth_flow.login.body.a.b", "duplicate key",
                   "already on line 5");
    config_destroy(config);
}

static void all_problems_are_told_at_once_up_to_twenty(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 0);
    buf_text(&text, "{\"environments\": {\"test\": {");
    for (int i = 0; i < 30; i++) {
        buf_format(&text, "%s\n\"zz%d\": 1", i ? "," : "", i);
    }
    buf_text(&text, "}}}");
    struct config *config = load(buf_string(&text));
    assert_int_equal(config->problem_count, 20);
    assert_int_equal(config->problem_more,
                     12); /* with version and system, which are missing */
    assert_problem(config, "version", "is missing", "");
    assert_problem(config, "system", "is missing", "");
    for (size_t i = 1; i < config->problem_count; i++) {
        assert_true(config->problems[i - 1].line <= config->problems[i].line);
    }
    char *complaint = config_complaint(config);
    assert_non_null(strstr(complaint, "\nand 12 more\n"));
    free(complaint);
    config_destroy(config);
    buf_finish(&text);
}

static void the_file_itself_must_be_an_object(void **state)
{
    (void)state;
    static const char *const bad[] = {"[]", "1", "\"x\"", "null", "true"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct config *config = load(bad[i]);
        assert_false(config_usable(config));
        assert_problem(config, "", "must be an object", "");
        config_destroy(config);
    }
    struct config *config =
        load("{\"version\": 1, \"system\": \"n\", \"environments\": {}}");
    assert_problem(config, "environments", "must not be empty", "");
    config_destroy(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_staging_loads_with_every_default_filled_in),
        cmocka_unit_test(an_environment_outlives_its_file),
        cmocka_unit_test(only_sources_are_sources),
        cmocka_unit_test(what_is_no_json_gets_one_clear_message),
        cmocka_unit_test(a_file_that_was_cut_anywhere_is_refused),
        cmocka_unit_test(depth_and_size_are_capped_before_parsing),
        cmocka_unit_test(work_grows_no_faster_than_the_file),
        cmocka_unit_test(a_huge_file_is_refused_without_being_read),
        cmocka_unit_test(what_is_not_a_file_is_refused),
        cmocka_unit_test(a_newer_format_says_what_it_needs),
        cmocka_unit_test(problems_name_file_line_path_and_nearest_key),
        cmocka_unit_test(escaped_keys_and_strings_do_not_shift_lines),
        cmocka_unit_test(duplicate_keys_are_told_with_both_lines),
        cmocka_unit_test(all_problems_are_told_at_once_up_to_twenty),
        cmocka_unit_test(the_file_itself_must_be_an_object),
    };
    return help_run(unit_run("config", tests));
}
