/* A line of an asciicast is what jansson reads it as, whichever way it is read. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "cast/cast.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const struct cast at = {.at = 12 * CLOCK_SECOND + 345678000, .code = 'o'};

static bool reads(const char *line, size_t length, struct cast *event, struct buf *text)
{
    buf_text(text, "what was there before");
    return cast_read(line, length, event, text);
}

/* Written, read by us, and read by jansson. */
static void comes_back(const char *text, size_t length)
{
    struct buf line, back;
    struct cast event;
    buf_init(&line, 0);
    buf_init(&back, 0);
    assert_int_equal(cast_write(&line, &at, text, length, true), length);
    assert_int_equal(line.data[line.length - 1], '\n');
    assert_true(reads(line.data, line.length - 1, &event, &back));
    assert_int_equal(event.at, at.at);
    assert_int_equal(event.code, 'o');
    assert_int_equal(back.length, length);
    assert_memory_equal(back.data, text, length);
    json_t *array = json_loadb(line.data, line.length, JSON_ALLOW_NUL, NULL);
    assert_int_equal(json_string_length(json_array_get(array, 2)), length);
    assert_memory_equal(json_string_value(json_array_get(array, 2)), text, length);
    json_decref(array);
    buf_finish(&line);
    buf_finish(&back);
}

static void every_character_comes_back(void **state)
{
    (void)state;
    char all[128];
    for (int byte = 0; byte < 128; byte++) {
        all[byte] = (char)byte;
        comes_back(&all[byte], 1);
    }
    comes_back(all, sizeof all);
    static const char wide[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x9a\x80z";
    comes_back(wide, sizeof wide - 1);
}

static void a_line_says_when_and_what(void **state)
{
    (void)state;
    struct buf line;
    buf_init(&line, 0);
    cast_write(&line, &at, "a\x1b[31m\"\\\r\n", 10, true);
    assert_string_equal(buf_string(&line),
                        "[12.345678, \"o\", \"a\\u001b[31m\\\"\\\\\\r\\n\"]\n");
    buf_clear(&line);
    assert_int_equal(cast_write(&line, &at, "\xe2\x82", 2, false), 0);
    assert_int_equal(line.length, 0); /* its last byte may still come */
    buf_finish(&line);
}

static void other_spellings_are_read_too(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int64_t ms;
        const char *text;
    } rows[] = {
        {"[1, \"o\", \"x\"]", 1000, "x"},
        {"[ 1.5,\"o\" , \"x\" ]", 1500, "x"},
        {"[0.25, \"o\", \"\\u20ac\\/\\u0041\"]", 250, "\xe2\x82\xac/A"},
        {"[1e1, \"o\", \"\"]", 10000, ""},
        {"[2.000000, \"o\", \"\\u00e9\"]", 2000, "\xc3\xa9"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf text;
        struct cast event;
        buf_init(&text, 0);
        assert_true(reads(rows[i].line, strlen(rows[i].line), &event, &text));
        assert_int_equal(event.at, rows[i].ms * CLOCK_MS);
        assert_int_equal(event.code, 'o');
        assert_string_equal(buf_string(&text), rows[i].text);
        buf_finish(&text);
    }
}

static void what_is_no_event_is_none(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        "[",
        "{\"version\": 2}",
        "[1.000000, \"o\"]",
        "[1.000000, \"o\", \"",
        "[1.000000, \"o\", \"x",
        "[1.000000, \"o\", \"x\"",
        "[1.000000, \"o\", \"a\"b\"]",
        "[1.000000, \"o\", \"a\\\"]",
        "[1.000000, \"o\", \"a\\x\"]",
        "[1.000000, \"o\", \"\xff\"]",
        "[1.000000, \"o\", \"a\x01\"]",
        "[1.000000, \"oo\", \"x\"]",
        "[1.000000, \"\", \"x\"]",
        "[1.00000, \"o\", 7]",
        "[.000000, \"o\", \"x\"]",
        "[-1.000000, \"o\", \"x\"",
        "[1.000000; \"o\", \"x\"]",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct buf text;
        struct cast event;
        buf_init(&text, 0);
        if (reads(lines[i], strlen(lines[i]), &event, &text)) {
            fail_msg("read: %s", lines[i]);
        }
        buf_finish(&text);
    }
}

/* Cut and changed at each place, it is read as jansson reads it or not at all. */
static void a_damaged_line_is_read_as_jansson_reads_it(void **state)
{
    (void)state;
    static const char line[] = "[3.141592, \"m\", \"a\\n\\\"b\xc3\xa9\\u0007c\"]";
    static const char swaps[] = "\"\\]x0\n\xc3";
    for (size_t place = 0; place + 1 < sizeof line; place++) {
        for (const char *swap = swaps; *swap; swap++) {
            char changed[sizeof line];
            struct buf text;
            struct cast event;
            buf_init(&text, 0);
            memcpy(changed, line, sizeof line);
            changed[place] = *swap;
            json_t *array = json_loadb(changed, sizeof line - 1, JSON_ALLOW_NUL, NULL);
            const json_t *said = json_array_get(array, 2);
            bool good = json_is_number(json_array_get(array, 0)) &&
                        json_string_length(json_array_get(array, 1)) == 1 &&
                        json_is_string(said);
            assert_int_equal(reads(changed, sizeof line - 1, &event, &text), good);
            if (good) {
                assert_string_equal(buf_string(&text), json_string_value(said));
            }
            json_decref(array);
            buf_finish(&text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_comes_back),
        cmocka_unit_test(a_line_says_when_and_what),
        cmocka_unit_test(other_spellings_are_read_too),
        cmocka_unit_test(what_is_no_event_is_none),
        cmocka_unit_test(a_damaged_line_is_read_as_jansson_reads_it),
    };
    return unit_run("cast", tests);
}
