/* Whatever somebody writes into a report of ours, it stays text. */
#include "tests/unit/unit.h"

#include "cli/markdown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void a_span_holds_whatever_it_is_given(void **state)
{
    (void)state;
    static const struct {
        const char *text, *span;
    } rows[] = {
        {"plain", "`plain`"},
        {NULL, "-"},
        {"", "-"},
        {" ", "-"},
        {"`", "`` ` ``"},
        {"a`b", "`` a`b ``"},
        {"``` rm", "```` ``` rm ````"},
        {" padded", "`  padded `"},
        {"a | b", "`a | b`"},
        {"<script>@everyone</script>", "`<script>@everyone</script>`"},
        {"one\n# two\r\nthree", "`one # two three`"},
        {"\033[31mred\xff", "`[31mred?`"},
        {"\xe2\x80\xaeright to left", "`right to left`"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out;
        buf_init(&out, 0);
        markdown_code(&out, rows[i].text);
        assert_string_equal(buf_string(&out), rows[i].span);
        buf_finish(&out);
    }
}

static size_t ticks_at(const char *line)
{
    return strspn(line, "`");
}

static void no_line_of_an_output_ends_its_fence(void **state)
{
    (void)state;
    static const char *const texts[] = {"```\n# out of it\n```\n", "`````",
                                        "a\n``````` b", "no end of line", ""};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct buf out;
        buf_init(&out, 0);
        markdown_fence(&out, texts[i], strlen(texts[i]));
        const char *body = strchr(buf_string(&out), '\n') + 1;
        size_t fence = ticks_at(buf_string(&out));
        assert_true(fence >= 3);
        assert_memory_equal(body, texts[i], strlen(texts[i]));
        size_t closed = 0;
        for (const char *line = body; *line; line += strcspn(line, "\n") + 1) {
            closed += ticks_at(line) >= fence;
        }
        assert_int_equal(closed, 1);
        assert_int_equal(out.data[out.length - 1], '\n');
        assert_int_equal(out.data[out.length - 2], '`');
        buf_finish(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_span_holds_whatever_it_is_given),
        cmocka_unit_test(no_line_of_an_output_ends_its_fence),
    };
    return unit_run("markdown", tests);
}
