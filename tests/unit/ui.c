/* What the parts that the console is made of promise, without a terminal. */
#include "tests/unit/unit.h"

#include "base/mem.h"
#include "base/text.h"
#include "ui/canvas.h"
#include "ui/keys.h"
#include "ui/layout.h"
#include "ui/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- canvas ---- */

static char *dumped(const struct canvas *canvas)
{
    struct buf out;
    buf_init(&out, 0);
    canvas_dump(canvas, &out, false);
    return buf_take(&out);
}

static void what_draws_in_a_part_stays_in_it(void **state)
{
    (void)state;
    struct canvas canvas = canvas_create(8, 3, false);
    struct canvas part = canvas_part(&canvas, (struct rect){2, 1, 3, 1});
    canvas_text(&part, -2, 0, STYLE_TEXT, "abcdefgh");
    canvas_text(&part, 0, -1, STYLE_TEXT, "above");
    canvas_text(&part, 0, 1, STYLE_TEXT, "below");
    char *text = dumped(&canvas);
    assert_string_equal(text, "\n  cde\n\n");
    free(text);
    struct canvas none = canvas_part(&canvas, (struct rect){9, 1, 3, 1});
    assert_int_equal(none.width, 0);
    canvas_text(&none, 0, 0, STYLE_TEXT, "x");
    canvas_destroy(&canvas);
}

static void half_a_wide_character_leaves_a_blank(void **state)
{
    (void)state;
    struct canvas canvas = canvas_create(6, 1, false);
    canvas_text(&canvas, 0, 0, STYLE_TEXT, "日本");
    canvas_text(&canvas, 1, 0, STYLE_TEXT, "x");
    char *text = dumped(&canvas);
    assert_string_equal(text, " x本\n");
    free(text);
    canvas_text(&canvas, 5, 0, STYLE_TEXT, "日"); /* does not fit */
    text = dumped(&canvas);
    assert_string_equal(text, " x本\n");
    free(text);
    canvas_destroy(&canvas);
}

static void a_cell_never_holds_what_a_terminal_acts_on(void **state)
{
    (void)state;
    struct canvas canvas = canvas_create(40, 1, false);
    canvas_text(&canvas, 0, 0, STYLE_TEXT, "a\x1b[2J\r\b\xc2\x9b\xe2\x80\xae\xff z");
    char *text = dumped(&canvas);
    assert_string_equal(text, "a[2J? z\n");
    free(text);
    canvas_destroy(&canvas);
}

static void ascii_means_ascii(void **state)
{
    (void)state;
    struct canvas canvas = canvas_create(30, 4, true);
    const double values[] = {1, 2, 3, 4, 5, 6, 7, 8};
    canvas_box(&canvas, true, STYLE_TEXT);
    canvas_text(&canvas, 1, 1, STYLE_TEXT, "é日");
    canvas_trend(&canvas, (struct rect){1, 2, 8, 1}, values, 8, 0, 8);
    canvas_fit(&canvas, 10, 1, 6, STYLE_TEXT, "much too long");
    char *text = dumped(&canvas);
    for (const char *at = text; *at; at++) {
        assert_in_range((unsigned char)*at, '\n', 126);
    }
    assert_non_null(strstr(text, "much.."));
    free(text);
    canvas_destroy(&canvas);
}

static void text_is_broken_between_words(void **state)
{
    (void)state;
    struct canvas canvas = canvas_create(10, 3, false);
    assert_int_equal(canvas_wrap(&canvas, (struct rect){0, 0, 10, 3}, STYLE_TEXT,
                                 "set the password right, now or never"),
                     3);
    char *text = dumped(&canvas);
    assert_string_equal(text, "set the\npassword\nright, no…\n");
    free(text);
    canvas_destroy(&canvas);
}

/* ---- output of a run ---- */

static char *shown(const struct output *output)
{
    size_t first = output_first(output), end = output_end(output);
    struct canvas canvas = canvas_create(120, (int)(end - first), false);
    for (size_t line = first; line < end; line++) {
        output_draw(output, line, &canvas, (int)(line - first));
    }
    struct buf out;
    buf_init(&out, 0);
    canvas_dump(&canvas, &out, true);
    canvas_destroy(&canvas);
    return buf_take(&out);
}

static void feed(struct output *output, const char *text)
{
    output_feed(output, text, strlen(text));
}

static void output_keeps_text_and_colours_alone(void **state)
{
    (void)state;
    static const struct {
        const char *fed, *text;
    } rows[] = {
        {"plain\r\n", "plain\n.120\n"},
        {"\x1b[31mred\x1b[0m not", "red not\nB3 .117\n"},
        {"\x1b[1;92mok\x1b[m", "ok\nK2 .118\n"},
        {"\x1b[38;5;9mx\x1b[39my", "xy\nJ1 .119\n"},
        {"\x1b[2J\x1b[3;4Hmoved", "moved\n.120\n"},
        {"\x1b]0;title\x07name", "name\n.120\n"},
        {"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link\n.120\n"},
        {"10 %\r20 %", "20 %\n.120\n"},
        {"long line\r\x1b[Kshort", "short\n.120\n"},
        {"a\tb", "a       b\n.120\n"},
        {"\x1b(Bset", "set\n.120\n"},
        {"\x1b[?1049hin", "in\n.120\n"},
        {"\xe2\x80\xae\xc2\x9b"
         "bidi",
         "bidi\n.120\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct output output;
        output_init(&output);
        feed(&output, rows[i].fed);
        char *text = shown(&output);
        assert_string_equal(text, rows[i].text);
        free(text);
        output_finish(&output);
        /* And byte by byte the same. */
        output_init(&output);
        for (const char *at = rows[i].fed; *at; at++) {
            output_feed(&output, at, 1);
        }
        text = shown(&output);
        assert_string_equal(text, rows[i].text);
        free(text);
        output_finish(&output);
    }
}

/* What npm, cargo, docker and apt print while they work, and what is left of it. */
static void progress_looks_as_it_does_on_a_terminal(void **state)
{
    (void)state;
    static const struct {
        const char *fed, *text;
    } rows[] = {
        /* npm: a column, then the line erased */
        {"\x1b[1G\x1b[0K| a\x1b[1G\x1b[0K/ b\x1b[1G\x1b[0Kdone\r\n", "done\n.120\n"},
        {"\x1b[?25l\x1b[2K\r10 %\x1b[2K\r100 %\x1b[?25h\r\n", "100 %\n.120\n"},
        /* cargo */
        {"   Building [=>  ] 1/2\r\x1b[K   Compiling b\r\n   Building [==>] 2/2\r\x1b[K"
         "    Finished\r\n",
         "   Compiling b\n    Finished\n.120\n.120\n"},
        /* docker: up over the lines of the last frame, each written anew */
        {"a: Pulling\r\nb: Waiting\r\n\x1b[2A\x1b[2K\ra: Done\x1b[1B\r"
         "\x1b[1A\x1b[1B\x1b[2K\rb: Pulling\x1b[1B\rend\r\n",
         "a: Done\nb: Pulling\nend\n.120\n.120\n.120\n"},
        {"[+] 0/1\r\n a  0.1s\r\n\x1b[2A\x1b[0G\x1b[J[+] 1/1\r\n", "[+] 1/1\n.120\n"},
        {"one\r\ntwo\r\n\x1b[2F\x1b[Kthree\x1b[E\x1b[Kfour", "three\nfour\n.120\n.120\n"},
        {"|\b/\b-\bok", "ok\n.120\n"},
        {"12345\x1b[3D\x1b[1Kx", "  x45\n.120\n"},
        {"a\x1b[3Cb", "a   b\n.120\n"},
        /* apt: its bar at the bottom, the cursor put back */
        {"Unpacking a\r\n\x1b"
         "7\x1b[24;0f[10%]\x1b"
         "8Unpacking b\r\n",
         "Unpacking a\nUnpacking b\n.120\n.120\n"},
        /* a line that took two rows of the command's terminal is two steps up */
        {"0123456789012345678901234567890123456789012345678901234567890123456789"
         "0123456789-\r\nlast\r\n\x1b[3A\x1b[Jshort\r\n",
         "short\n.120\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct output output;
        output_init(&output);
        feed(&output, rows[i].fed);
        char *text = shown(&output);
        assert_string_equal(text, rows[i].text);
        free(text);
        output_finish(&output);
    }
}

static void no_more_than_a_screen_is_written_over(void **state)
{
    (void)state;
    struct output output;
    output_init(&output);
    for (int i = 0; i < 100; i++) {
        feed(&output, "kept\r\n");
    }
    feed(&output, "\x1b[99999A\x1b[J\x1b[99999999999Astop");
    assert_int_equal(output_end(&output), 101 - 24 + 1);
    feed(&output, "\x1b[99999B\x1b[99999C!");
    assert_true(output.paper.column <= PAPER_WIDTH);
    output_finish(&output);
}

static void output_is_bounded(void **state)
{
    (void)state;
    struct output output;
    output_init(&output);
    char block[4096];
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 4096; i++) { /* 16 MiB without a line end */
        output_feed(&output, block, sizeof block);
    }
    assert_true(output.paper.cells <= 1024 * 1024 + PAPER_WIDTH);
    for (int i = 0; i < PAPER_LINES * 2; i++) {
        feed(&output, "line\n");
    }
    assert_int_equal(output_end(&output) - output_first(&output), PAPER_LINES - 1);
    output_finish(&output);
}

static void no_bytes_at_all_make_output_unsafe(void **state)
{
    (void)state;
    static const char alphabet[] =
        "\x1b\x1b[[];?0123456789mKJHABCDEFGsu78\\\a\r\n\b\t\xe2\x80\xae\xc2\x9b\xf0\xff "
        "ab";
    struct output output;
    output_init(&output);
    uint32_t seed = 1;
    for (int i = 0; i < 300000; i++) {
        seed = seed * 1664525 + 1013904223;
        output_feed(&output, &alphabet[(seed >> 16) % (sizeof alphabet - 1)], 1);
    }
    for (size_t line = output_first(&output); line < output_end(&output); line++) {
        const struct paper_line *kept = &output.paper.lines[line % PAPER_LINES];
        for (uint32_t i = 0; i < kept->length; i++) {
            assert_true(text_point_safe(kept->points[i] & 0xffffff));
            assert_true(kept->points[i] >> 24 < STYLE_COUNT);
        }
    }
    output_finish(&output);
}

/* ---- layout ---- */

static void count_cells(unsigned char *taken, int width, int height, struct rect rect)
{
    for (int y = rect.y; y < rect.y + rect.height; y++) {
        for (int x = rect.x; x < rect.x + rect.width; x++) {
            assert_in_range(x, 0, width - 1);
            assert_in_range(y, 0, height - 1);
            assert_int_equal(taken[y * width + x]++, 0);
        }
    }
}

static void no_size_makes_places_overlap(void **state)
{
    (void)state;
    for (int width = 1; width <= 220; width += 7) {
        for (int height = 1; height <= 70; height++) {
            unsigned char *taken = mem_alloc((size_t)(width * height));
            struct layout layout;
            layout_board(&layout, width, height, 4, 8, 5);
            count_cells(taken, width, height, layout.header);
            count_cells(taken, width, height, layout.gate);
            count_cells(taken, width, height, layout.bar);
            count_cells(taken, width, height, layout.checks);
            count_cells(taken, width, height, layout.events);
            count_cells(taken, width, height, layout.side);
            for (int i = 0; i < 4; i++) {
                count_cells(taken, width, height, layout.cards[i]);
            }
            assert_true(layout.gate.height > 0);
            free(taken);
        }
    }
}

static void ten_checks_and_a_remedy_fit_where_most_terminals_begin(void **state)
{
    (void)state;
    for (int width = 80; width <= 220; width += 10) {
        for (int height = 24; height <= 70; height++) {
            struct layout layout;
            layout_board(&layout, width, height, 4, 10, 1);
            assert_true(layout.checks.height >= 1 + 10 + 1);
            assert_true(layout.events.height >= 1);
            assert_true(layout.cards[3].height >= 4);
        }
    }
}

/* ---- keys ---- */

static void a_key_means_one_thing_in_a_context(void **state)
{
    (void)state;
    for (size_t i = 0; i < binding_count; i++) {
        for (size_t j = i + 1; j < binding_count; j++) {
            bool clash = bindings[i].key == bindings[j].key &&
                         (bindings[i].contexts & bindings[j].contexts);
            assert_false(clash);
        }
    }
}

static void every_action_has_a_key_and_words(void **state)
{
    (void)state;
#define OR_CONTEXT(id, title) | id
    const unsigned all = 0 CONTEXTS(OR_CONTEXT);
#undef OR_CONTEXT
    for (int action = ACTION_NONE + 1; action < ACTION_COUNT; action++) {
        struct buf keys;
        buf_init(&keys, 0);
        assert_true(keys_of(&keys, (enum context)all, (enum action)action));
        assert_true(strlen(action_rows[action].help) > 5);
        buf_finish(&keys);
    }
    for (size_t i = 0; i < binding_count; i++) {
        assert_true(bindings[i].bar == 0 || action_rows[bindings[i].action].name);
    }
}

static void every_screen_has_a_way_back(void **state)
{
    (void)state;
    for (unsigned context = CONTEXT_INSPECT; context <= CONTEXT_BREAK; context *= 2) {
        assert_int_equal(key_action((enum context)context, KEYS_ESCAPE), ACTION_BACK);
    }
    assert_int_equal(key_action(CONTEXT_BOARD, 'q'), ACTION_QUIT);
    assert_int_equal(key_action(CONTEXT_PLAN, 'q'), ACTION_NONE); /* it is typed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_draws_in_a_part_stays_in_it),
        cmocka_unit_test(half_a_wide_character_leaves_a_blank),
        cmocka_unit_test(a_cell_never_holds_what_a_terminal_acts_on),
        cmocka_unit_test(ascii_means_ascii),
        cmocka_unit_test(text_is_broken_between_words),
        cmocka_unit_test(output_keeps_text_and_colours_alone),
        cmocka_unit_test(progress_looks_as_it_does_on_a_terminal),
        cmocka_unit_test(no_more_than_a_screen_is_written_over),
        cmocka_unit_test(output_is_bounded),
        cmocka_unit_test(no_bytes_at_all_make_output_unsafe),
        cmocka_unit_test(no_size_makes_places_overlap),
        cmocka_unit_test(ten_checks_and_a_remedy_fit_where_most_terminals_begin),
        cmocka_unit_test(a_key_means_one_thing_in_a_context),
        cmocka_unit_test(every_action_has_a_key_and_words),
        cmocka_unit_test(every_screen_has_a_way_back),
    };
    return unit_run("ui", tests);
}
