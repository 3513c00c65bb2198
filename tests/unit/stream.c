#include "unit.h"

#include "base/text.h"
#include "cli/stream.h"

#include <string.h>

/* Whole, and byte by byte: the outcome must be the same. */
static void assert_shown(struct stream start, const char *in, size_t length,
                         const char *expected)
{
    for (int pieces = 0; pieces < 2; pieces++) {
        struct stream stream = start;
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

#define SHOWN(colours, in, expected)                                                     \
    assert_shown((struct stream){.colour = (colours)}, in, sizeof in - 1, expected)
#define ON_TERMINAL(in, expected)                                                        \
    assert_shown((struct stream){.terminal = true}, in, sizeof in - 1, expected)

static void nothing_that_moves_the_cursor_passes(void **state)
{
    (void)state;
    SHOWN(true, "a\033[2Jb\033[1;1Hc\033[?25ld\033[>4me\n", "ab\ncde\n");
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

/* npm, cargo and docker in a log: each state once, none run together. */
static void progress_is_lines_of_a_log(void **state)
{
    (void)state;
    SHOWN(false, "\033[1G\033[0K| a\033[1G\033[0K/ b\033[1G\033[0Kdone\r\n",
          "| a\n/ b\ndone\n");
    SHOWN(false, "\033[2K\r10 %\033[2K\r20 %\r\033[K\n", "10 %\n20 %\n");
    SHOWN(false,
          "a: Pulling\r\nb: Waiting\r\n"
          "\033[2A\033[2K\ra: Pulling\r\n\033[2K\rb: Pulling\r\n"
          "\033[2A\033[2K\ra: Done\r\n\033[2K\rb: Pulling\r\nend\r\n",
          "a: Pulling\nb: Waiting\nb: Pulling\na: Done\nend\n");
    SHOWN(false, "one\r\ntwo\033[1A\rONE\033[1B\rTWO\r\n", "one\ntwo\nONE\nTWO\n");
    SHOWN(false, "a\033[5;1Hb\033[u\033[uc\n", "a\nb\nc\n");
}

static void progress_is_written_over_on_a_terminal(void **state)
{
    (void)state;
    ON_TERMINAL("10 %\r\033[K20 %\r\n", "10 %\r\033[K20 %\r\n");
    ON_TERMINAL("|\b/\033[1G\033[2Kend\n", "|\b/\033[1G\033[2Kend\n");
    ON_TERMINAL("a\nb\n\033[2A\033[Jc\n\033[1Bd\n", "a\nb\n\033[2A\033[Jc\n\033[1Bd\n");
}

static void the_cursor_stays_on_what_came_from_here(void **state)
{
    (void)state;
    ON_TERMINAL("\033[9Aa\n\033[9Ab\033[9Bc\n", "a\n\033[1Ab\033[1Bc\n");
    ON_TERMINAL("a\n\033[2Fb", "a\n\033[1Fb\033[1B\n");
    ON_TERMINAL("\033[5Fa\033[1;1Hb\033[2J\033[1;9r\033[99999C\n", "\ra\nb\033[99999C\n");
    ON_TERMINAL("\033[1S\033[1T\033[5L\033[5M\0337\0338\033[6n\033[c\033[?1049h\n", "\n");
}

static void nothing_is_written_over_after_a_pause(void **state)
{
    (void)state;
    struct stream stream = {.terminal = true};
    struct buf out;
    buf_init(&out, 0);
    stream_feed(&stream, "a\nb", 3, &out);
    stream_pause(&stream, &out);
    stream_feed(&stream, "\033[1Ac\n", 6, &out);
    stream_end(&stream, &out);
    assert_string_equal(buf_string(&out), "a\nb\nc\n");
    buf_finish(&out);
}

/* Printable, tabs, line ends, and sequences of a short list with one number. */
static void no_bytes_at_all_make_it_unsafe(void **state)
{
    (void)state;
    static const char alphabet[] =
        "\033\033[[];?"
        "0123456789mKJHABCDEFGsuhlcnrt78P\0\\\a\r\n\b\t\xe2\x80\xae\xc2\x9b\xf0\xff a";
    for (int terminal = 0; terminal < 2; terminal++) {
        struct stream stream = {.terminal = terminal, .colour = true};
        struct buf out;
        uint32_t seed = 1;
        buf_init(&out, 0);
        for (int i = 0; i < 300000; i++) {
            seed = seed * 1664525 + 1013904223;
            stream_feed(&stream, &alphabet[(seed >> 16) % (sizeof alphabet - 1)], 1,
                        &out);
        }
        for (const char *at = out.data; at < out.data + out.length; at++) {
            uint32_t point = 0;
            size_t used = text_decode(at, out.length, &point);
            if (used > 1) {
                assert_true(text_point_safe(point));
                at += used - 1;
                continue;
            }
            if (*at != '\033') {
                assert_true((*at >= ' ' && *at < 0x7f) || *at == '\n' || *at == '\t' ||
                            (terminal && (*at == '\r' || *at == '\b')));
                continue;
            }
            assert_int_equal(at[1], '[');
            at += 2 + strspn(at + 2, "0123456789;");
            assert_true(*at != '\0');
            assert_non_null(strchr(terminal ? "mABCDEFGJK" : "m", *at));
        }
        stream_end(&stream, &out);
        buf_finish(&out);
    }
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
        cmocka_unit_test(progress_is_lines_of_a_log),
        cmocka_unit_test(progress_is_written_over_on_a_terminal),
        cmocka_unit_test(the_cursor_stays_on_what_came_from_here),
        cmocka_unit_test(nothing_is_written_over_after_a_pause),
        cmocka_unit_test(no_bytes_at_all_make_it_unsafe),
        cmocka_unit_test(broken_bytes_are_question_marks),
    };
    return unit_run("stream", tests);
}
