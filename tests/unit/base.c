/* What the lowest room promises. */
#include "tests/unit/unit.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/exits.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void buf_stops_at_its_cap(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 5);
    assert_true(buf_text(&buf, "abc"));
    assert_false(buf_text(&buf, "defg"));
    assert_string_equal(buf_string(&buf), "abcde");
    buf_drop(&buf, 2);
    assert_string_equal(buf_string(&buf), "cde");
    buf_finish(&buf);
    assert_string_equal(buf_string(&buf), "");
}

static void durations_need_a_unit(void **state)
{
    (void)state;
    int64_t span = 0;
    struct error error;
    assert_true(text_duration("250ms", &span, &error));
    assert_int_equal(span, 250 * CLOCK_MS);
    assert_true(text_duration("7d", &span, &error));
    assert_int_equal(span, 7 * 86400 * CLOCK_SECOND);
    static const char *const bad[] = {
        "", "5", "s", "-5s", "5 s", "5sec", "99999999999999999d", "106751d"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(text_duration(bad[i], &span, &error));
        assert_non_null(strstr(error.hint, "250ms"));
    }
}

static void spans_read_as_people_say_them(void **state)
{
    (void)state;
    static const struct {
        int64_t span;
        const char *text;
    } rows[] = {
        {4100000, "4.1 ms"},
        {38 * CLOCK_MS, "38 ms"},
        {1500 * CLOCK_MS, "1 s"},
        {90 * CLOCK_SECOND, "90 s"},
        {150 * CLOCK_SECOND, "2 m"},
        {3 * 3600 * CLOCK_SECOND, "3 h"},
        {86400 * 12 * CLOCK_SECOND, "12 d"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[TEXT_SPAN];
        text_span(out, rows[i].span);
        assert_string_equal(out, rows[i].text);
    }
}

static void assert_clean(const char *in, const char *out)
{
    struct buf buf;
    buf_init(&buf, 0);
    text_clean(&buf, in, strlen(in));
    assert_string_equal(buf_string(&buf), out);
    buf_finish(&buf);
}

static void clean_text_has_nothing_a_terminal_acts_on(void **state)
{
    (void)state;
    assert_clean("plain – ünïcode ✓", "plain – ünïcode ✓");
    assert_clean("\x1b[31mred\x1b[0m", "[31mred[0m");
    assert_clean("over\rwritten\bx\a", "over writtenx");
    assert_clean("a\xe2\x80\xae"
                 "b\xe2\x80\x8b"
                 "c",
                 "abc"); /* bidi override, zero width */
    assert_clean("bad \xff\xc0\x80 end", "bad ??? end");
    assert_clean("c1 \xc2\x9b"
                 "31m",
                 "c1 31m");
}

static void bytes_are_written_as_text_and_back(void **state)
{
    (void)state;
    static const struct {
        const char *text, *bytes;
        size_t length;
    } rows[] = {
        {"PING\\r\\n", "PING\r\n", 6},
        {"\\x00\\xfF\\0", "\0\xff\0", 3},
        {"a\\\\b", "a\\b", 3},
        {"plain", "plain", 5},
        {"\\", NULL, 0},
        {"\\x1", NULL, 0},
        {"\\xg0", NULL, 0},
        {"\\q", NULL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out;
        buf_init(&out, 0);
        assert_int_equal(text_unescape(&out, rows[i].text), rows[i].bytes != NULL);
        if (rows[i].bytes) {
            assert_int_equal(out.length, rows[i].length);
            assert_memory_equal(out.data, rows[i].bytes, rows[i].length);
        }
        buf_finish(&out);
    }
    struct buf shown;
    buf_init(&shown, 0);
    text_escape(&shown, "a\\\r\n\0\x7f\xc3", 7);
    assert_string_equal(buf_string(&shown), "a\\\\\\r\\n\\x00\\x7f\\xc3");
    buf_finish(&shown);
}

static void nearest_word(void **state)
{
    (void)state;
    static const char *const words[] = {"password", "port", "host"};
    assert_string_equal(text_nearest("pasword", words, 3), "password");
    assert_string_equal(text_nearest("hots", words, 3), "host");
    assert_null(text_nearest("frequency", words, 3));
}

static void json_is_capped(void **state)
{
    (void)state;
    struct error error;
    char deep[2 * 10000 + 1];
    memset(deep, '[', 10000);
    memset(deep + 10000, ']', 10000);
    assert_null(json_parse(deep, 20000, &error));
    assert_int_equal(error.code, ERROR_LIMIT);
    assert_null(json_parse("{\"a\":1,\"a\":2}", 13, &error));
    assert_null(json_parse("{} x", 4, &error));
    assert_null(json_parse("", 0, &error));
}

static void json_pointers(void **state)
{
    (void)state;
    const char *text = "{\"a/b\":{\"m~n\":[10,{\"x\":\"y\"}]},\"\":0}";
    json_t *root = json_parse(text, strlen(text), NULL);
    assert_ptr_equal(json_at(root, ""), root);
    assert_int_equal(json_integer_value(json_at(root, "/a~1b/m~0n/0")), 10);
    assert_string_equal(json_string_value(json_at(root, "/a~1b/m~0n/1/x")), "y");
    assert_non_null(json_at(root, "/"));
    assert_null(json_at(root, "/a~1b/m~0n/00"));
    assert_null(json_at(root, "/nothing/there"));
    assert_null(json_at(root, "a"));
    json_decref(root);
}

static void what_can_be_read_is_told_without_reading_it(void **state)
{
    (void)state;
    char dir[] = "/tmp/greenboard-unit-XXXXXX";
    assert_non_null(mkdtemp(dir));
    char *path = fs_join(dir, "file");
    struct error error;
    assert_false(fs_readable(path, 16, &error));
    assert_int_equal(error.code, ERROR_ABSENT);
    assert_true(fs_replace(path, "sixteen of bytes", 16, 0600, &error));
    assert_true(fs_readable(path, 16, &error));
    assert_false(fs_readable(path, 15, &error));
    assert_int_equal(error.code, ERROR_LIMIT);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(fs_readable(path, 16, &error)); /* and nobody is waited for */
    assert_false(fs_readable(dir, 16, &error));
    free(path);
    fs_remove_tree(dir);
}

static void files_are_replaced_whole(void **state)
{
    (void)state;
    char dir[] = "/tmp/greenboard-unit-XXXXXX";
    assert_non_null(mkdtemp(dir));
    char *path = fs_join(dir, "file");
    struct error error;
    struct buf buf;
    buf_init(&buf, 16);
    assert_false(fs_read(path, &buf, &error));
    assert_int_equal(error.code, ERROR_ABSENT);
    assert_true(fs_replace(path, "one", 3, 0600, &error));
    assert_true(fs_replace(path, "two", 3, 0600, &error));
    assert_true(fs_read(path, &buf, &error));
    assert_string_equal(buf_string(&buf), "two");
    assert_true(fs_replace(path, "more than sixteen bytes", 23, 0600, &error));
    buf_clear(&buf);
    assert_false(fs_read(path, &buf, &error));
    assert_int_equal(error.code, ERROR_LIMIT);
    buf_finish(&buf);
    free(path);
    assert_true(fs_remove_tree(dir));
    assert_false(fs_exists(dir));
}

static void an_absolute_path_is_within_no_directory(void **state)
{
    (void)state;
    static const char *const rows[][3] = {{"/etc", "app.env", "/etc/app.env"},
                                          {"/etc/", "app.env", "/etc/app.env"},
                                          {"/etc", "/run/app.env", "/run/app.env"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *path = fs_within(rows[i][0], rows[i][1]);
        assert_string_equal(path, rows[i][2]);
        free(path);
    }
}

static void a_lock_is_held_once(void **state)
{
    (void)state;
    char dir[] = "/tmp/greenboard-unit-XXXXXX";
    assert_non_null(mkdtemp(dir));
    char *path = fs_join(dir, "lock");
    struct error error;
    int first = fs_lock(path, &error);
    assert_true(first >= 0);
    assert_int_equal(fs_lock(path, &error), -1);
    assert_int_equal(error.code, ERROR_BUSY);
    close(first);
    int second = fs_lock(path, &error);
    assert_true(second >= 0);
    close(second);
    free(path);
    fs_remove_tree(dir);
}

static bool run(const char *script, int64_t span, struct buf *out, int *status,
                struct error *error)
{
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, mem_text(script), NULL};
    struct spawn spawn = {.argv = argv, .deadline = clock_now() + span};
    bool done = spawn_capture(&spawn, out, NULL, status, error);
    free(argv[2]);
    return done;
}

static void commands_are_captured(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    int status = -1;
    struct error error;
    assert_true(run("printf hello; exit 3", 10 * CLOCK_SECOND, &out, &status, &error));
    assert_string_equal(buf_string(&out), "hello");
    assert_int_equal(status, 3);
    buf_clear(&out);
    assert_true(run("kill -9 $$", 10 * CLOCK_SECOND, &out, &status, &error));
    assert_int_equal(status, 128 + 9);
    assert_false(run("yes", 10 * CLOCK_SECOND, &out, &status, &error));
    assert_int_equal(error.code, ERROR_LIMIT);
    buf_clear(&out);
    assert_false(run("sleep 60 & sleep 60", 50 * CLOCK_MS, &out, &status, &error));
    assert_int_equal(error.code, ERROR_TIMEOUT);
    assert_true(run("read x || echo no input", 10 * CLOCK_SECOND, &out, &status, &error));
    assert_string_equal(buf_string(&out), "no input\n");
    buf_clear(&out);
    int left = open("/dev/null", O_RDONLY); /* as a library might leave one open */
    assert_true(left > 2);
    assert_true(run("exec ls /proc/self/fd", 10 * CLOCK_SECOND, &out, &status, &error));
    close(left);
    assert_string_equal(buf_string(&out), "0\n1\n2\n3\n"); /* ls has it open */
    buf_finish(&out);
}

static void a_program_keeps_the_name_it_was_called_by(void **state)
{
    (void)state;
    char directory[] = "/tmp/greenboard-base-XXXXXX";
    assert_non_null(mkdtemp(directory));
    char *link = fs_join(directory, "shell");
    assert_int_equal(symlink("/bin/sh", link), 0);
    char *found = fs_executable("./shell", directory, NULL);
    assert_string_equal(found, link);
    free(found);
    free(link);
    fs_remove_tree(directory);
}

static void a_missing_program_has_a_hint(void **state)
{
    (void)state;
    struct error error;
    assert_null(fs_executable("no-such-program-here", NULL, &error));
    assert_int_equal(error.code, ERROR_ABSENT);
    assert_true(error.hint[0]);
}

static void arguments_are_shown_as_a_shell_needs_them(void **state)
{
    (void)state;
    char *argv[] = {(char[]){"a"}, (char[]){"b c"}, (char[]){"it's"}, (char[]){""}, NULL};
    char *line = argv_show(argv);
    assert_string_equal(line, "a 'b c' 'it'\\''s' ''");
    free(line);
}

static void exit_statuses_are_distinct(void **state)
{
    (void)state;
    for (size_t i = 0; i < exit_count; i++) {
        assert_string_equal(exit_word(exit_rows[i].number), exit_rows[i].word);
    }
    assert_null(exit_word(9));
}

static void errors_say_what_and_what_next(void **state)
{
    (void)state;
    struct error error;
    assert_false(error_set(&error, ERROR_ABSENT, "no %s", "table"));
    error_hint(&error, "create it");
    error_prefix(&error, "clickhouse");
    assert_string_equal(error.message, "clickhouse: no table");
    assert_string_equal(error.hint, "create it");
    assert_false(error_set(NULL, ERROR_ABSENT, "ignored"));
}

static void an_error_is_cut_between_characters(void **state)
{
    (void)state;
    struct error error;
    char text[sizeof error.message + 8];
    static const char *const characters[] = {"é", "…", "𝄞"};
    for (size_t i = 0; i < 3; i++) {
        for (size_t at = sizeof error.message - 6; at < sizeof error.message; at++) {
            snprintf(text, sizeof text, "%0*d%s", (int)at, 0, characters[i]);
            error_set(&error, ERROR_SYSTEM, "%s", text);
            json_t *string = json_string(error.message);
            assert_non_null(string);
            json_decref(string);
            bool fits = at + strlen(characters[i]) < sizeof error.message;
            assert_int_equal(strlen(error.message), fits ? strlen(text) : at);
        }
    }
}

static void bytes_that_are_no_text_are_still_a_string(void **state)
{
    (void)state;
    json_t *string = json_text("caf\xe9"), *nothing = json_text(NULL);
    assert_string_equal(json_string_value(string), "caf?");
    assert_true(json_is_null(nothing));
    json_decref(string);
}

static void digests(void **state)
{
    (void)state;
    char hex[DIGEST_HEX];
    digest_hex(hex, "abc", 3); /* FIPS 180-4's example */
    assert_string_equal(
        hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void stamps(void **state)
{
    (void)state;
    char stamp[CLOCK_STAMP];
    clock_stamp(stamp, INT64_C(1769861071218));
    assert_string_equal(stamp, "2026-01-31T12:04:31.218Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buf_stops_at_its_cap),
        cmocka_unit_test(durations_need_a_unit),
        cmocka_unit_test(spans_read_as_people_say_them),
        cmocka_unit_test(clean_text_has_nothing_a_terminal_acts_on),
        cmocka_unit_test(bytes_are_written_as_text_and_back),
        cmocka_unit_test(nearest_word),
        cmocka_unit_test(json_is_capped),
        cmocka_unit_test(json_pointers),
        cmocka_unit_test(what_can_be_read_is_told_without_reading_it),
        cmocka_unit_test(files_are_replaced_whole),
        cmocka_unit_test(an_absolute_path_is_within_no_directory),
        cmocka_unit_test(a_lock_is_held_once),
        cmocka_unit_test(commands_are_captured),
        cmocka_unit_test(a_program_keeps_the_name_it_was_called_by),
        cmocka_unit_test(a_missing_program_has_a_hint),
        cmocka_unit_test(arguments_are_shown_as_a_shell_needs_them),
        cmocka_unit_test(exit_statuses_are_distinct),
        cmocka_unit_test(errors_say_what_and_what_next),
        cmocka_unit_test(an_error_is_cut_between_characters),
        cmocka_unit_test(bytes_that_are_no_text_are_still_a_string),
        cmocka_unit_test(digests),
        cmocka_unit_test(stamps),
    };
    return unit_run("base", tests);
}
