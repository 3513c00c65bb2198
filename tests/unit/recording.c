#include "unit.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "cast/playback.h"
#include "cast/recording.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SECRET "correct-horse-battery-staple-0123456789"

static char *directory, *path;
static struct recording recording;

static int begin(void **state)
{
    (void)state;
    char template[] = "/tmp/greenboard-recording-XXXXXX";
    directory = mem_text(mkdtemp(template));
    path = fs_join(directory, RECORDING_NAME);
    recording = (struct recording){.file = -1};
    return 0;
}

static int end(void **state)
{
    (void)state;
    recording_close(&recording);
    mask_forget();
    fs_remove_tree(directory);
    free(directory);
    free(path);
    return 0;
}

static void open_recording(void)
{
    struct error error = {0};
    if (!recording_open(&recording, path, "deploy of v1 to test", 80, 24, &error)) {
        fail_msg("%s", error.message);
    }
}

static void record(const char *bytes, size_t length)
{
    assert_true(recording_output(&recording, bytes, length));
}

/* What all its events of one kind say, one after another. */
static char *told(char code)
{
    struct buf text;
    struct played event;
    buf_init(&text, 0);
    struct playback *playback = playback_create(path);
    assert_non_null(playback);
    int64_t before = 0;
    while (playback_next(playback, &event)) {
        assert_true(event.at >= before);
        before = event.at;
        if (event.code == code) {
            buf_add(&text, event.text, event.length);
        }
    }
    playback_destroy(playback);
    return text.data ? buf_take(&text) : mem_text("");
}

static void assert_told(char code, const char *expected)
{
    char *text = told(code);
    assert_string_equal(text, expected);
    free(text);
}

/* Each line is JSON by itself, the first an object: jansson refuses what is no UTF-8. */
static size_t count_lines(void)
{
    struct buf file;
    buf_init(&file, 0);
    assert_true(fs_read(path, &file, NULL));
    size_t lines = 0;
    for (const char *at = buf_string(&file); *at; lines++) {
        const char *stop = strchr(at, '\n');
        assert_non_null(stop);
        json_t *line = json_loadb(at, (size_t)(stop - at), JSON_ALLOW_NUL, NULL);
        assert_true(lines == 0 ? json_is_object(line) : json_array_size(line) == 3);
        json_decref(line);
        at = stop + 1;
    }
    buf_finish(&file);
    return lines;
}

/* ---- the format ---- */

static void
the_header_tells_the_run_and_of_the_environment_the_terminal_alone(void **state)
{
    (void)state;
    setenv("TERM", "xterm-256color", 1);
    setenv("PROBE_PASSWORD", SECRET, 1);
    open_recording();
    struct buf file;
    buf_init(&file, 0);
    assert_true(fs_read(path, &file, NULL));
    json_t *header = json_loadb(file.data, file.length, 0, NULL);
    json_t *version = json_object_get(header, "version");
    assert_int_equal(json_integer_value(version), 2);
    assert_int_equal(json_integer_value(json_object_get(header, "width")), 80);
    assert_int_equal(json_integer_value(json_object_get(header, "height")), 24);
    assert_true(json_integer_value(json_object_get(header, "timestamp")) > 1700000000);
    assert_string_equal(json_get_text(header, "title"), "deploy of v1 to test");
    const json_t *env = json_object_get(header, "env");
    assert_int_equal(json_object_size(env), 1);
    assert_string_equal(json_get_text(env, "TERM"), "xterm-256color");
    assert_int_equal(json_object_size(header), 6);
    json_decref(header);
    buf_finish(&file);
}

static void each_step_begins_with_a_marker(void **state)
{
    (void)state;
    struct error error;
    open_recording();
    assert_true(recording_mark(&recording, "deploy", &error));
    record("one\r\n", 5);
    assert_true(recording_mark(&recording, "after \"x\"", &error));
    record("two\r\n", 5);
    assert_int_equal(count_lines(), 5);
    assert_told('m', "deployafter \"x\"");
    assert_told('o', "one\r\ntwo\r\n");
}

static void text_comes_back_as_it_was_printed(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "plain text of some length ", "\x1b[32m\"quoted\" \\ \x1b[0m\r\n",
        "\t\b\f\x7f\x01", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x9a\x80\xc2\x9b", "\xef\xbf\xbd"};
    struct buf all;
    uint32_t seed = 7;
    buf_init(&all, 0);
    for (int i = 0; i < 30000; i++) {
        seed = seed * 1664525 + 1013904223;
        buf_text(&all, pieces[(seed >> 16) % (sizeof pieces / sizeof *pieces)]);
    }
    open_recording();
    for (size_t at = 0, some; at < all.length; at += some) {
        seed = seed * 1664525 + 1013904223;
        some = (seed >> 16) % (seed >> 31 ? 5 : 65536);
        some = some < all.length - at ? some : all.length - at;
        record(all.data + at, some);
    }
    assert_true(recording_settle(&recording));
    assert_true(count_lines() > 10);
    assert_told('o', all.data);
    buf_finish(&all);
}

static void a_nul_is_recorded(void **state)
{
    (void)state;
    open_recording();
    record("a\0b", 3);
    struct played event;
    struct playback *playback = playback_create(path);
    assert_true(playback_next(playback, &event));
    assert_int_equal(event.length, 3);
    assert_memory_equal(event.text, "a\0b", 3);
    playback_destroy(playback);
}

static void bytes_that_are_no_utf8_are_replaced_and_characters_never_torn(void **state)
{
    (void)state;
    static const char printed[] =
        "\xe2\x82\xac \xff \xed\xa0\x80 \xc0\xaf \xe2\x82 \x9b \xf0";
    static const char expected[] =
        "\xe2\x82\xac \xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd "
        "\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbd";
    for (size_t piece = 1; piece < sizeof printed; piece++) {
        open_recording();
        for (size_t at = 0; at < sizeof printed - 1; at += piece) {
            size_t left = sizeof printed - 1 - at;
            record(printed + at, left < piece ? left : piece);
        }
        assert_true(recording_settle(&recording));
        count_lines();
        assert_told('o', expected);
        recording_close(&recording);
        assert_int_equal(unlink(path), 0);
    }
}

static void a_secret_is_masked_however_it_comes(void **state)
{
    (void)state;
    struct error error;
    struct secret *secret = secret_create(SECRET, sizeof SECRET - 1, &error);
    mask_publish(&secret, 1);
    open_recording();
    static const char printed[] = "it is " SECRET " or not, " SECRET;
    for (size_t at = 0; at < sizeof printed - 1; at++) {
        record(printed + at, 1);
    }
    record("\n" SECRET, 10); /* half of it, and nothing after it */
    assert_true(recording_mark(&recording, SECRET, &error));
    assert_told('o', "it is [masked] or not, [masked]\r\ncorrect-h");
    assert_told('m', "[masked]");
    secret_unref(secret);
}

/* ---- read back ---- */

static void append(const char *text)
{
    assert_true(fs_append(path, text, strlen(text), NULL));
}

static void a_line_that_is_not_whole_is_waited_for(void **state)
{
    (void)state;
    struct played event;
    append("{\"version\": 2}\n[0.5, \"o\", \"one\"]\n[1.0, \"o\", \"tw");
    struct playback *playback = playback_create(path);
    assert_true(playback_next(playback, &event));
    assert_memory_equal(event.text, "one", 3);
    assert_int_equal(event.at, 500000000);
    assert_false(playback_next(playback, &event));
    append("o\"]\nno line of ours\n[2, \"o\", \"three\"]\n[3.0, \"o\", \"gone");
    assert_true(playback_next(playback, &event));
    assert_string_equal(event.text, "two");
    assert_true(playback_next(playback, &event));
    assert_string_equal(event.text, "three");
    assert_false(playback_next(playback, &event));
    /* Its writer met a full disk, took the piece back, and went on later. */
    struct buf file;
    buf_init(&file, 0);
    assert_true(fs_read(path, &file, NULL));
    assert_int_equal(truncate(path, (off_t)(file.length - strlen("[3.0, \"o\", \"gone"))),
                     0);
    buf_finish(&file);
    append("[4.0, \"o\", \"four\"]\n");
    assert_true(playback_next(playback, &event));
    assert_string_equal(event.text, "four");
    assert_false(playback_next(playback, &event));
    playback_destroy(playback);
}

static void bare_bytes_of_an_older_greenboard_are_shown(void **state)
{
    (void)state;
    struct played event;
    char *old = fs_join(directory, "output");
    assert_true(fs_append(old, "[1, \"o\", \"x\"]\xff", 14, NULL));
    struct playback *playback = playback_create(old);
    assert_true(playback_next(playback, &event));
    assert_int_equal(event.code, 'o');
    assert_int_equal(event.length, 14);
    assert_memory_equal(event.text, "[1, \"o\", \"x\"]\xff", 14);
    assert_false(playback_next(playback, &event));
    playback_destroy(playback);
    free(old);
}

/* ---- the end of a long one ---- */

static void append_numbers(size_t count)
{
    struct buf lines;
    buf_init(&lines, 0);
    for (size_t i = 0; i < count; i++) {
        buf_format(&lines, "[%zu, \"o\", \"line %07zu\\r\\n\"]\n", i, i);
    }
    append(buf_string(&lines));
    buf_finish(&lines);
}

static void every_line_ends_as_on_a_terminal(void **state)
{
    (void)state;
    open_recording();
    record("one\ntwo\r\n\nfour\r", 15);
    record("\nfive", 5);
    assert_true(recording_settle(&recording));
    record("\n\r\n", 3);
    assert_told('o', "one\r\ntwo\r\n\r\nfour\r\nfive\r\n\r\n");
}

static void the_end_is_read_without_what_is_before_it(void **state)
{
    (void)state;
    struct played event;
    static const size_t line = sizeof "line 0000000\r\n" - 1;
    append_numbers(1000);
    for (size_t left = 100; left < 200; left++) { /* wherever it begins in a line */
        struct buf text;
        buf_init(&text, 0);
        struct playback *playback = playback_create(path);
        playback_skip(playback, left);
        while (playback_next(playback, &event)) {
            assert_int_equal(event.length, line);
            buf_add(&text, event.text, event.length);
        }
        playback_destroy(playback);
        assert_true(text.length >= 2 * line && text.length < left);
        assert_memory_equal(text.data + text.length - line, "line 0000999", 12);
        buf_finish(&text);
    }
}

static void a_skip_beyond_the_beginning_skips_nothing(void **state)
{
    (void)state;
    struct played event;
    append_numbers(10);
    struct playback *playback = playback_create(path);
    playback_skip(playback, 1 << 20);
    assert_true(playback_next(playback, &event));
    assert_memory_equal(event.text, "line 0000000", 12);
    playback_destroy(playback);
}

/* ---- a disk that is full ---- */

/* No file of this process may grow beyond so many bytes. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static bool has_reserve(void)
{
    char *reserve = fs_join(directory, RECORDING_NAME ".reserve");
    bool there = fs_exists(reserve);
    free(reserve);
    return there;
}

static void a_record_that_cannot_be_written_is_refused_at_the_start(void **state)
{
    (void)state;
    struct error error = {0};
    limit_files(64);
    assert_false(recording_open(&recording, path, "title", 80, 24, &error));
    limit_files(RLIM_INFINITY);
    assert_non_null(strstr(error.message, strerror(EFBIG)));
    assert_non_null(strstr(error.message, path));
    assert_false(has_reserve());
    error = (struct error){0}; /* and what is there is never written over */
    assert_false(recording_open(&recording, path, "title", 80, 24, &error));
    assert_non_null(strstr(error.message, strerror(EEXIST)));
}

/* At each byte in turn, so in each write too. */
static void
a_disk_that_fills_at_any_byte_leaves_whole_lines_and_stops_the_run(void **state)
{
    (void)state;
    open_recording();
    off_t least = recording.whole;
    recording_close(&recording);
    unlink(path);
    bool fits = false;
    for (rlim_t room = (rlim_t)least; !fits; room++) {
        struct error error = {0};
        open_recording();
        limit_files(room);
        bool marked = recording_mark(&recording, "deploy", &error);
        bool first = marked && recording_output(&recording, "one\r\n\xe2\x82", 7);
        bool second = first && recording_output(&recording, "\xac two", 5);
        fits = second && recording_settle(&recording);
        limit_files(RLIM_INFINITY);
        assert_int_equal(recording.trouble, fits ? 0 : EFBIG);
        assert_int_equal(marked, error.code == ERROR_NONE);
        assert_int_equal(has_reserve(), fits); /* the end of the run has that room */
        assert_int_equal(count_lines(), 1 + marked + first + second);
        assert_told('o', second ? "one\r\n\xe2\x82\xac two" : first ? "one\r\n" : "");
        recording_close(&recording);
        assert_false(has_reserve());
        unlink(path);
    }
}

static void
a_run_that_goes_on_records_again_when_there_is_room_and_says_the_gap(void **state)
{
    (void)state;
    open_recording();
    recording.goes_on = true;
    record("one ", 4);
    limit_files((rlim_t)recording.whole + 10);
    record("two ", 4);
    record("three ", 6);
    recording.again = 1; /* the second is over, the disk still full */
    record("four ", 5);
    assert_true(recording_settle(&recording));
    assert_told('o', "one ");
    limit_files(RLIM_INFINITY);
    record("five ", 5); /* too soon */
    recording.again = 1;
    record("six", 3);
    assert_int_equal(recording.trouble, EFBIG);
    assert_true(has_reserve());
    count_lines();
    assert_told('o', "one six");
    assert_told('m', "20 bytes could not be recorded");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    json_begin();
    keep_begin();
    signal(SIGXFSZ, SIG_IGN);
    const struct CMUnitTest tests[] = {
        TEST(the_header_tells_the_run_and_of_the_environment_the_terminal_alone),
        TEST(each_step_begins_with_a_marker),
        TEST(text_comes_back_as_it_was_printed),
        TEST(a_nul_is_recorded),
        TEST(bytes_that_are_no_utf8_are_replaced_and_characters_never_torn),
        TEST(a_secret_is_masked_however_it_comes),
        TEST(a_line_that_is_not_whole_is_waited_for),
        TEST(bare_bytes_of_an_older_greenboard_are_shown),
        TEST(every_line_ends_as_on_a_terminal),
        TEST(the_end_is_read_without_what_is_before_it),
        TEST(a_skip_beyond_the_beginning_skips_nothing),
        TEST(a_record_that_cannot_be_written_is_refused_at_the_start),
        TEST(a_disk_that_fills_at_any_byte_leaves_whole_lines_and_stops_the_run),
        TEST(a_run_that_goes_on_records_again_when_there_is_room_and_says_the_gap),
    };
    return unit_run("recording", tests);
}
