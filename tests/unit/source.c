/* What the room of sources promises: every kind found, absent and broken, lists in order,
 * and nothing left of a variable that was taken. */
#include "tests/unit/unit.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "source/capture.h"
#include "source/source.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch[] = "/tmp/greenboard-source-XXXXXX";

static void put(const char *name, const char *data, size_t length)
{
    char *path = fs_join(scratch, name);
    assert_true(fs_replace(path, data, length, 0600, NULL));
    free(path);
}

static json_t *parse(const char *text)
{
    json_t *value = json_parse(text, strlen(text), NULL);
    assert_non_null(value);
    return value;
}

/* The answer is the caller's. */
static struct resolved resolve_by(const char *source, int64_t deadline)
{
    json_t *value = parse(source);
    struct error error = {0};
    if (!source_validate(value, &error)) {
        fail_msg("%s: %s", source, error.message);
    }
    struct source_context context = {.directory = scratch, .deadline = deadline};
    struct resolved resolved;
    source_resolve(value, &context, &resolved);
    assert_non_null(resolved.label);
    assert_int_equal(resolved.state == SOURCE_FOUND, resolved.secret != NULL);
    if (resolved.state != SOURCE_FOUND) {
        assert_true(resolved.error.message[0]);
    }
    json_decref(value);
    return resolved;
}

static struct resolved resolve(const char *source)
{
    return resolve_by(source, clock_now() + 10 * CLOCK_SECOND);
}

static void assert_found(const char *source, const char *data, size_t length)
{
    struct resolved resolved = resolve(source);
    if (resolved.state != SOURCE_FOUND) {
        fail_msg("%s: %s", source, resolved.error.message);
    }
    if (secret_length(resolved.secret) != length ||
        memcmp(secret_data(resolved.secret), data, length) != 0) {
        fail_msg("%s: \"%s\", not \"%s\"", source, secret_data(resolved.secret), data);
    }
    resolved_finish(&resolved);
}

static void assert_not_found(const char *source, enum source_state state,
                             const char *words)
{
    struct resolved resolved = resolve(source);
    if (resolved.state != state || !strstr(resolved.error.message, words)) {
        fail_msg("%s: state %d, %s; wanted %d, %s", source, (int)resolved.state,
                 resolved.error.message, (int)state, words);
    }
    resolved_finish(&resolved);
}

/* ---- what is a source ---- */

static void a_source_is_an_object_with_exactly_its_keys(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        const char *kind;
    } rows[] = {
        {"{\"env\":\"A\"}", "env"},
        {"{\"file\":\"a\"}", "file"},
        {"{\"env_file\":\"a\",\"key\":\"K\"}", "env_file"},
        {"{\"command\":[\"a\"]}", "command"},
        {"{\"command\":[\"a\"],\"decode\":\"base64\"}", "command"},
        {"{\"env\":\"A\",\"file\":\"a\"}", NULL},
        {"{\"env\":\"A\",\"email\":\"a\"}", NULL},
        {"{\"file\":\"a\",\"decode\":\"base64\"}", NULL},
        {"{\"key\":\"K\"}", NULL},
        {"{}", NULL},
        {"[]", NULL},
        {"\"env\"", NULL},
        {"null", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *value = parse(rows[i].value);
        const struct source_kind *kind = source_kind(value);
        if (!text_equal(kind ? kind->name : NULL, rows[i].kind)) {
            fail_msg("%s is a source of kind %s", rows[i].value,
                     kind ? kind->name : "none");
        }
        json_decref(value);
    }
}

static void what_is_wrong_with_a_source_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *value, *words;
    } rows[] = {
        {"\"hunter22\"", "a secret is never written here"},
        {"{\"vault\":\"x\"}", "not a source"},
        {"[]", "empty list"},
        {"[{\"env\":\"A\"},\"hunter22\"]", "a secret is never written here"},
        {"{\"env\":\"\"}", "\"env\" wants a text"},
        {"{\"env\":\"s3cr3t/value=\"}", "the name of a variable"},
        {"{\"env\":\"7\"}", "the name of a variable"},
        {"{\"env\":7}", "\"env\" wants a text"},
        {"{\"file\":[\"a\"]}", "\"file\" wants a text"},
        {"{\"env_file\":\"a\"}", "needs \"key\""},
        {"{\"env_file\":\"a\",\"key\":\"\"}", "needs \"key\""},
        {"{\"command\":\"ls\"}", "wants a list of arguments"},
        {"{\"command\":[]}", "wants a list of arguments"},
        {"{\"command\":[\"\"]}", "wants a list of arguments"},
        {"{\"command\":[\"a\",1]}", "wants a list of arguments"},
        {"{\"command\":[\"a\"],\"decode\":1}", "is a text"},
        {"{\"command\":[\"a\"],\"decode\":\"rot13\"}", "rot13"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *value = parse(rows[i].value);
        struct error error = {0};
        if (source_validate(value, &error) || !strstr(error.message, rows[i].words)) {
            fail_msg("%s: %s", rows[i].value, error.message);
        }
        assert_int_equal(error.code, ERROR_CONFIG);
        assert_null(strstr(error.message, "hunter22"));
        assert_null(strstr(error.hint, "hunter22"));
        assert_false(source_validate(value, NULL));
        json_decref(value);
    }
}

static void the_same_place_is_the_same_job(void **state)
{
    (void)state;
    json_t *one = parse("{\"env_file\":\"a\",\"key\":\"K\"}");
    json_t *same = parse("{ \"key\": \"K\", \"env_file\": \"a\" }");
    json_t *other = parse("{\"env_file\":\"a\",\"key\":\"L\"}");
    char *texts[] = {source_identity(one), source_identity(same), source_identity(other)};
    assert_string_equal(texts[0], texts[1]);
    assert_string_not_equal(texts[0], texts[2]);
    for (size_t i = 0; i < 3; i++) {
        free(texts[i]);
    }
    json_decref(one);
    json_decref(same);
    json_decref(other);
}

static void count_source(void *self, const json_t *source)
{
    (void)source;
    ++*(int *)self;
}

static void sources_are_found_wherever_they_stand(void **state)
{
    (void)state;
    json_t *value =
        parse("{\"a\":{\"env\":\"A\"},\"b\":[1,{\"c\":{\"file\":\"f\"}}],"
              "\"d\":[{\"env\":\"A\"},{\"env\":\"B\"}],\"e\":\"env\",\"f\":{}}");
    int count = 0;
    source_walk(value, count_source, &count);
    assert_int_equal(count, 3);
    json_decref(value);
}

/* ---- kinds ---- */

static void a_file_gives_its_bytes_less_one_newline(void **state)
{
    (void)state;
    put("plain", "value", 5);
    put("line", "value\n", 6);
    put("lines", "value\n\n", 7);
    put("crlf", "value\r\n", 7);
    put("binary", "\0\n\xff\n", 4);
    put("empty", "", 0);
    put("newline", "\n", 1);
    assert_found("{\"file\":\"plain\"}", "value", 5);
    assert_found("{\"file\":\"line\"}", "value", 5);
    assert_found("{\"file\":\"lines\"}", "value\n", 6);
    assert_found("{\"file\":\"crlf\"}", "value\r", 6);
    assert_found("{\"file\":\"binary\"}", "\0\n\xff", 3);
    assert_found("{\"file\":\"empty\"}", "", 0);
    assert_found("{\"file\":\"newline\"}", "", 0);
    struct resolved resolved = resolve("{\"file\":\"plain\"}");
    assert_string_equal(resolved.label, "file plain");
    assert_true(resolved.created > 0 && resolved.created <= clock_wall() + 1000);
    resolved_finish(&resolved);
    char *absolute = mem_format("{\"file\":\"%s/plain\"}", scratch);
    assert_found(absolute, "value", 5);
    free(absolute);
}

static void a_file_is_absent_only_where_nothing_is_there(void **state)
{
    (void)state;
    assert_not_found("{\"file\":\"gone\"}", SOURCE_ABSENT, "not there");
    assert_not_found("{\"file\":\"gone/deeper\"}", SOURCE_ABSENT, "not there");
    assert_not_found("{\"file\":\".\"}", SOURCE_BROKEN, "");
    char *fifo = fs_join(scratch, "fifo");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_not_found("{\"file\":\"fifo\"}", SOURCE_BROKEN, "");
    free(fifo);
    char *large = mem_alloc(SECRET_MAX + 2);
    memset(large, 'x', SECRET_MAX + 2);
    put("large", large, SECRET_MAX + 1);
    assert_not_found("{\"file\":\"large\"}", SOURCE_BROKEN, "");
    put("larger", large, SECRET_MAX + 2);
    assert_not_found("{\"file\":\"larger\"}", SOURCE_BROKEN, "");
    large[SECRET_MAX] = '\n';
    put("largest", large, SECRET_MAX + 1);
    assert_found("{\"file\":\"largest\"}", large, SECRET_MAX);
    free(large);
    if (geteuid() != 0) {
        char *path = fs_join(scratch, "denied");
        put("denied", "value", 5);
        assert_int_equal(chmod(path, 0), 0);
        assert_not_found("{\"file\":\"denied\"}", SOURCE_BROKEN, "");
        free(path);
    }
}

/* As python-dotenv reads them, which the services use; what it would not read is
 * broken. */
static void an_env_file_is_read_as_services_read_it(void **state)
{
    (void)state;
    static const struct {
        const char *text, *value; /* NULL: absent */
    } rows[] = {
        {"K=value", "value"},
        {"K=value\n", "value"},
        {"K=value\r\n", "value"},
        {"K = value ", "value"},
        {"\tK\t=\tvalue\t", "value"},
        {"export K=value", "value"},
        {"export\tK=value", "value"},
        {"exportK=value", NULL},
        {"K=", ""},
        {"K=\nL=other", ""},
        {"K=   ", ""},
        {"K", NULL},
        {"#K=value", NULL},
        {"  # K=value", NULL},
        {"KK=value", NULL},
        {"k=value", NULL},
        {"L=K=value", NULL},
        {"K=a=b==", "a=b=="},
        {"K=a#b", "a#b"},
        {"K=a # b", "a"},
        {"K=a\t# b", "a"},
        {"K=#a", "#a"},
        {"K= #a", ""},
        {"K= # a", ""},
        {"\xef\xbb\xbfK=value", "value"},
        {"K=a b", "a b"},
        {"K=a\"b\"", "a\"b\""},
        {"K='single'", "single"},
        {"K='a # b'", "a # b"},
        {"K='a\\nb'", "a\\nb"},
        {"K='it\\'s'", "it's"},
        {"K='back\\\\slash'", "back\\slash"},
        {"K=\"double\"", "double"},
        {"K=\"a # b\" # c", "a # b"},
        {"K=\"a # b\"# c", "a # b"},
        {"K=\"a # b\"\r\n", "a # b"},
        {"K=\"a\\nb\\tc\\rd\"", "a\nb\tc\rd"},
        {"K=\"a\\\"b\\\\c\"", "a\"b\\c"},
        {"K=\"a\\$b\\dc\"", "a\\$b\\dc"},
        {"K=\"two\nlines\"\nL=x", "two\nlines"},
        {"K=\"\"", ""},
        {"K=' '", " "},
        {"K=one\nK=two\n", "two"},
        {"L=\"K=inside\nK=inside\"\nK=outside", "outside"},
        {"\n\n\n K=value", "value"},
        {"junk line\nK=value", "value"},
        {"=nameless\nK=value", "value"},
        {"K=first\n#K=second", "first"},
        {"K=${OTHER}", "${OTHER}"},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put("dotenv", rows[i].text, strlen(rows[i].text));
        struct resolved resolved = resolve("{\"env_file\":\"dotenv\",\"key\":\"K\"}");
        const char *is = resolved.secret ? secret_data(resolved.secret) : NULL;
        if (!text_equal(is, rows[i].value) ||
            resolved.state != (rows[i].value ? SOURCE_FOUND : SOURCE_ABSENT)) {
            fail_msg("row %zu: %s gives %s", i, rows[i].text,
                     is ? is : resolved.error.message);
        }
        assert_string_equal(resolved.label, "K in dotenv");
        resolved_finish(&resolved);
    }
}

static void an_env_file_that_cannot_be_read_for_certain_is_broken(void **state)
{
    (void)state;
    static const char source[] = "{\"env_file\":\"dotenv\",\"key\":\"K\"}";
    static const char *const open[] = {
        "K=\"open", "K='open", "K=\"open\\\"", "L='open\nK=value", "K=value\nL=\"open",
    };
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
        put("dotenv", open[i], strlen(open[i]));
        assert_not_found(source, SOURCE_BROKEN, "a quote is never closed");
    }
    static const char *const behind[] = {"K=\"a\"b", "K='a' b", "K=\"a\"\"b\""};
    for (size_t i = 0; i < sizeof behind / sizeof behind[0]; i++) {
        put("dotenv", behind[i], strlen(behind[i]));
        assert_not_found(source, SOURCE_BROKEN, "behind");
    }
    put("dotenv", "K=val\0ue", 8);
    assert_not_found(source, SOURCE_BROKEN, "NUL");
    struct buf large = {0};
    buf_text(&large, "K=");
    while (large.length < SECRET_MAX + 3) {
        buf_text(&large, "x");
    }
    put("dotenv", large.data, large.length);
    assert_not_found(source, SOURCE_BROKEN, "");
    put("dotenv", large.data, large.length - 1);
    assert_found(source, large.data + 2, SECRET_MAX);
    buf_finish(&large);
    assert_not_found("{\"env_file\":\"gone\",\"key\":\"K\"}", SOURCE_ABSENT,
                     "is not there");
    assert_not_found("{\"env_file\":\".\",\"key\":\"K\"}", SOURCE_BROKEN, "");
}

static void a_command_gives_what_it_prints(void **state)
{
    (void)state;
    assert_found("{\"command\":[\"printf\",\"value\"]}", "value", 5);
    assert_found("{\"command\":[\"echo\",\"value\"]}", "value", 5);
    assert_found("{\"command\":[\"printf\",\"value\\\\n\\\\n\"]}", "value\n", 6);
    assert_found("{\"command\":[\"printf\",\"a\\\\000b\"]}", "a\0b", 3);
    assert_found("{\"command\":[\"echo\",\"\"]}", "", 0);
    assert_found("{\"command\":[\"echo\",\"dmFsdWUK\"],\"decode\":\"base64\"}", "value\n",
                 6);
    assert_found("{\"command\":[\"pwd\"]}", scratch, strlen(scratch));
    assert_found("{\"command\":[\"sh\",\"-c\",\"echo noise >&2; echo value\"]}", "value",
                 5);
}

static void a_command_that_fails_is_broken_and_never_absent(void **state)
{
    (void)state;
    assert_not_found("{\"command\":[\"false\"]}", SOURCE_BROKEN, "exited with status 1");
    assert_not_found("{\"command\":[\"sh\",\"-c\",\"echo value; exit 3\"]}",
                     SOURCE_BROKEN, "exited with status 3");
    assert_not_found("{\"command\":[\"sh\",\"-c\",\"kill -9 $$\"]}", SOURCE_BROKEN,
                     "137");
    assert_not_found("{\"command\":[\"true\"]}", SOURCE_BROKEN, "printed nothing");
    assert_not_found("{\"command\":[\"greenboard-no-such-program\"]}", SOURCE_BROKEN, "");
    assert_not_found("{\"command\":[\"echo\",\"no base64\"],\"decode\":\"base64\"}",
                     SOURCE_BROKEN, "not base64");
    assert_not_found("{\"command\":[\"head\",\"-c\",\"70000\",\"/dev/zero\"]}",
                     SOURCE_BROKEN, "");
    struct resolved resolved = resolve(
        "{\"command\":[\"sh\",\"-c\",\"echo hunter22; echo hunter22 >&2; exit 1\"]}");
    assert_null(strstr(resolved.error.message, "hunter22"));
    assert_null(strstr(resolved.error.hint, "hunter22"));
    resolved_finish(&resolved);
}

static void a_command_that_hangs_ends_at_the_deadline(void **state)
{
    (void)state;
    int64_t began = clock_now();
    struct resolved resolved =
        resolve_by("{\"command\":[\"sleep\",\"60\"]}", began + 50 * CLOCK_MS);
    assert_int_equal(resolved.state, SOURCE_BROKEN);
    assert_int_equal(resolved.error.code, ERROR_TIMEOUT);
    assert_true(clock_now() - began < 5 * CLOCK_SECOND);
    resolved_finish(&resolved);
}

/* ---- lists ---- */

static void a_list_passes_over_what_is_absent(void **state)
{
    (void)state;
    put("second", "value", 5);
    struct resolved resolved = resolve("[{\"env\":\"GREENBOARD_TEST_UNSET\"},{\"file\":"
                                       "\"gone\"},{\"file\":\"second\"}]");
    assert_int_equal(resolved.state, SOURCE_FOUND);
    assert_string_equal(resolved.label, "file second");
    assert_non_null(
        strstr(resolved.tried, "environment GREENBOARD_TEST_UNSET: not set; "));
    assert_non_null(strstr(resolved.tried, "file gone: "));
    resolved_finish(&resolved);
}

static void a_list_stops_at_what_is_broken(void **state)
{
    (void)state;
    put("second", "value", 5);
    struct resolved resolved = resolve("[{\"file\":\"gone\"},{\"command\":[\"false\"]},"
                                       "{\"file\":\"second\"}]");
    assert_int_equal(resolved.state, SOURCE_BROKEN);
    assert_string_equal(resolved.label, "command false");
    resolved_finish(&resolved);
    put("empty", "", 0);
    resolved = resolve("[{\"file\":\"empty\"},{\"file\":\"second\"}]");
    assert_int_equal(resolved.state, SOURCE_FOUND);
    assert_int_equal(secret_length(resolved.secret), 0);
    resolved_finish(&resolved);
}

static void a_list_that_has_it_nowhere_names_every_place(void **state)
{
    (void)state;
    struct resolved resolved =
        resolve("[{\"env\":\"GREENBOARD_TEST_UNSET\"},{\"file\":\"gone\"}]");
    assert_int_equal(resolved.state, SOURCE_ABSENT);
    assert_int_equal(resolved.error.code, ERROR_ABSENT);
    assert_non_null(strstr(resolved.error.message, "GREENBOARD_TEST_UNSET"));
    assert_non_null(strstr(resolved.error.message, "file gone"));
    resolved_finish(&resolved);
}

/* ---- capture ---- */

#define CANARY_NAME "GREENBOARD_TEST_CANARY"
#define CANARY      "canary-0f9c2d7e51"
#define TWIN        "canary-twin-83b1a6"

/* What the kernel still shows of how we were started. */
static bool kernel_shows(const char *text)
{
    static char block[256 * 1024];
    int fd = open("/proc/self/environ", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    size_t length = 0;
    for (ssize_t got; (got = read(fd, block + length, sizeof block - length)) > 0;) {
        length += (size_t)got;
    }
    close(fd);
    return memmem(block, length, text, strlen(text)) != NULL;
}

static void nothing_is_left_of_a_variable_that_was_taken(void **state)
{
    (void)state;
    struct error error;
    assert_true(kernel_shows(CANARY));
    assert_true(kernel_shows(TWIN));
    json_t *list = parse("[{\"file\":\"gone\"},{\"env\":\"" CANARY_NAME "\"},"
                         "{\"env\":\"GREENBOARD_TEST_UNSET\"}]");
    assert_true(capture_take_source(list, &error));
    json_decref(list);
    assert_false(kernel_shows(CANARY));
    assert_false(kernel_shows(TWIN));
    assert_null(getenv(CANARY_NAME));
    assert_found("{\"env\":\"" CANARY_NAME "\"}", CANARY, strlen(CANARY));
    struct resolved resolved =
        resolve("{\"command\":[\"sh\",\"-c\",\"echo [$" CANARY_NAME "]\"]}");
    assert_string_equal(secret_data(resolved.secret), "[]");
    resolved_finish(&resolved);
    assert_true(capture_take(CANARY_NAME, &error));
    assert_found("{\"env\":\"" CANARY_NAME "\"}", CANARY, strlen(CANARY));
    capture_finish();
    assert_not_found("{\"env\":\"" CANARY_NAME "\"}", SOURCE_ABSENT, "not set");
}

static void an_empty_variable_is_there_and_empty(void **state)
{
    (void)state;
    struct error error;
    setenv("GREENBOARD_TEST_EMPTY", "", 1);
    assert_true(capture_take("GREENBOARD_TEST_EMPTY", &error));
    assert_found("{\"env\":\"GREENBOARD_TEST_EMPTY\"}", "", 0);
    capture_finish();
}

static void note_name(void *self, const char *name, struct secret *secret)
{
    buf_format(self, "%s=%s;", name, secret_data(secret));
}

static void captured_variables_can_be_handed_on(void **state)
{
    (void)state;
    struct secret *first = secret_create("one", 3, NULL),
                  *second = secret_create("two", 3, NULL);
    capture_put("GREENBOARD_TEST_A", first);
    capture_put("GREENBOARD_TEST_A", second);
    struct buf names = {0};
    capture_each(note_name, &names);
    assert_string_equal(buf_string(&names), "GREENBOARD_TEST_A=two;");
    buf_finish(&names);
    struct secret *found = capture_find("GREENBOARD_TEST_A");
    capture_finish();
    assert_string_equal(secret_data(found), "two");
    secret_unref(found);
    assert_null(capture_find("GREENBOARD_TEST_A"));
    secret_unref(first);
    secret_unref(second);
}

/* ------------------------------------------------------------------------------------------
 */

/* The kernel shows what a program was started with: so we start again, with the canary
 * twice. */
static void start_with_canary(char **argv)
{
    size_t count = 0;
    while (environ[count]) {
        count++;
    }
    char **env = mem_alloc((count + 4) * sizeof *env);
    memcpy(env, environ, count * sizeof *env);
    env[count++] = mem_text(CANARY_NAME "=" CANARY);
    env[count++] = mem_text("GREENBOARD_TEST_STARTED=1");
    env[count++] = mem_text(CANARY_NAME "=" TWIN);
    execve("/proc/self/exe", argv, env);
}

int main(int argc, char **argv)
{
    (void)argc;
    if (!getenv("GREENBOARD_TEST_STARTED")) {
        start_with_canary(argv);
        return 1;
    }
    json_begin();
    keep_begin();
    if (!mkdtemp(scratch)) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_source_is_an_object_with_exactly_its_keys),
        cmocka_unit_test(what_is_wrong_with_a_source_is_said),
        cmocka_unit_test(the_same_place_is_the_same_job),
        cmocka_unit_test(sources_are_found_wherever_they_stand),
        cmocka_unit_test(a_file_gives_its_bytes_less_one_newline),
        cmocka_unit_test(a_file_is_absent_only_where_nothing_is_there),
        cmocka_unit_test(an_env_file_is_read_as_services_read_it),
        cmocka_unit_test(an_env_file_that_cannot_be_read_for_certain_is_broken),
        cmocka_unit_test(a_command_gives_what_it_prints),
        cmocka_unit_test(a_command_that_fails_is_broken_and_never_absent),
        cmocka_unit_test(a_command_that_hangs_ends_at_the_deadline),
        cmocka_unit_test(a_list_passes_over_what_is_absent),
        cmocka_unit_test(a_list_stops_at_what_is_broken),
        cmocka_unit_test(a_list_that_has_it_nowhere_names_every_place),
        cmocka_unit_test(nothing_is_left_of_a_variable_that_was_taken),
        cmocka_unit_test(an_empty_variable_is_there_and_empty),
        cmocka_unit_test(captured_variables_can_be_handed_on),
    };
    int failed = unit_run("source", tests);
    fs_remove_tree(scratch);
    return failed;
}
