#include "unit.h"

#include "cli/stream.h"

#include <string.h>

/* Whole, and byte by byte: the outcome must be the same. */
static void assert_shown(bool colour, const char *in, size_t length, const char *expected)
{
    for (int pieces = 0; pieces < 2; pieces++) {
        struct stream stream = {.colour = colour};
        struct buf out;
        buf_init(&out, 0);
        for (size_t at = 0; pieces && at < length; at++) {
            stream_feed(&stream, in + at, 1, &out);
        }
        if (!pieces) {
            stream_feed(&stream, in, length, &out);
        }
        stream_end(&stream, &out);
        assert_string_equal(buf_string(&out), expected);
        buf_finish(&out);
    }
}

#define SHOWN(colour, in, expected) assert_shown(colour, in, sizeof in - 1, expected)

static void nothing_that_moves_the_cursor_passes(void **state)
{
    (void)state;
    SHOWN(true, "a\033[2Jb\033[1;1Hc\033[?25ld\033[>4me\n", "abcde\n");
    SHOWN(true, "a\bb\a\vc\033cd\033(0e\n", "abcde\n");
    SHOWN(true, "\033]0;title\aa\033]8;;http://x\033\\link\033]8;;\033\\b\n", "alinkb\n");
    SHOWN(true,
          "\033P1$r\033\\a\xe2\x80\xae"
          "b\xc2\x9b"
          "2Jc\n",
          "ab2Jc\n");
}

static void colours_pass_where_they_are_wanted_and_end(void **state)
{
    (void)state;
    SHOWN(true, "\033[1;32mok\033[0m\n", "\033[1;32mok\033[0m\n\033[0m");
    SHOWN(false, "\033[1;32mok\033[0m\n", "ok\n");
}

static void lines_end_once(void **state)
{
    (void)state;
    SHOWN(false, "a\r\nb\r\r\nc", "a\nb\nc\n");
    SHOWN(false, "10 %\r20 %\r30 %\r\n", "10 %\n20 %\n30 %\n");
    SHOWN(false, "", "");
}

static void broken_bytes_are_question_marks(void **state)
{
    (void)state;
    SHOWN(false, "\xc3\xa4\xff\xc3z\n", "\xc3\xa4??z\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_that_moves_the_cursor_passes),
        cmocka_unit_test(colours_pass_where_they_are_wanted_and_end),
        cmocka_unit_test(lines_end_once),
        cmocka_unit_test(broken_bytes_are_question_marks),
    };
    return unit_run("stream", tests);
}
