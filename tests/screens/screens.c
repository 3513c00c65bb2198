/* Golden screens: the real panes drawn on boards made by hand, in every size that
 * matters, compared cell by cell and style by style. `make update-golden` rewrites them;
 * look at the difference. */
#include "tests/unit/unit.h"

#include "base/fs.h"
#include "base/mem.h"
#include "tests/screens/boards.h"
#include "ui/ui.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct screen {
    const char *name;
    struct board *(*make)(void);
    int width, height;
    bool ascii;
    const char *keys; /* pressed before it is drawn; ^ is Enter, > is Tab */
};

static const struct screen screens[] = {
    {"waiting-80x24", boards_waiting, 80, 24, false, ""},
    {"green-80x24", boards_green, 80, 24, false, ""},
    {"red-80x24", boards_red, 80, 24, false, "e"},
    {"red-80x24-ascii", boards_red, 80, 24, true, "e"},
    {"unproven-80x24", boards_unproven, 80, 24, false, "1"},
    {"foreign-80x24", boards_foreign, 80, 24, false, "e"},
    {"green-120x40", boards_green, 120, 40, false, "3"},
    {"red-120x40", boards_red, 120, 40, false, "e"},
    {"red-200x50", boards_red, 200, 50, false, "e"},
    {"green-200x50", boards_green, 200, 50, false, "2"},
    {"red-60x20", boards_red, 60, 20, false, "e"},
    {"red-40x10", boards_red, 40, 10, false, ""},
    {"red-20x5", boards_red, 20, 5, false, ""},
    {"red-1x1", boards_red, 1, 1, false, ""},
    {"inspect-80x24", boards_red, 80, 24, false, "e^"},
    {"inspect-green-120x40", boards_green, 120, 40, false, "3^"},
    {"help-80x24", boards_green, 80, 24, false, "?"},
    {"help-120x60", boards_green, 120, 60, false, "?"},
    {"zoom-80x24", boards_green, 80, 24, false, "3+"},
    {"events-80x24", boards_red, 80, 24, false, ">"},
};

static void press(struct ui *ui, const char *keys)
{
    for (const char *key = keys; *key; key++) {
        struct input input = {.kind = INPUT_KEY,
                              .key = *key == '^'   ? (uint32_t)KEYS_ENTER
                                     : *key == '>' ? (uint32_t)KEYS_TAB
                                                   : (uint32_t)*key};
        ui_input(ui, &input);
        ui_update(ui, BOARDS_NOW, BOARDS_WALL);
    }
}

static void render(const struct screen *screen, struct buf *out)
{
    struct board *board = screen->make();
    struct ui ui;
    ui_init(&ui, board);
    ui.operator_name = "ada@ops-1";
    ui_update(&ui, BOARDS_NOW, BOARDS_WALL);
    press(&ui, screen->keys);
    struct canvas canvas = canvas_create(screen->width, screen->height, screen->ascii);
    ui_draw(&ui, &canvas);
    canvas_dump(&canvas, out, true);
    canvas_destroy(&canvas);
    ui_finish(&ui);
    boards_free(board);
}

static void screen_is_as_recorded(void **state)
{
    const struct screen *screen = *state;
    struct buf drawn, golden;
    buf_init(&drawn, 0);
    buf_init(&golden, 1 << 20);
    render(screen, &drawn);
    char *path = mem_format("%s/golden/%s", GOLDEN, screen->name);
    struct error error;
    if (getenv("UPDATE_GOLDEN")) {
        assert_true(fs_replace(path, drawn.data, drawn.length, 0644, &error));
    }
    if (!fs_read(path, &golden, &error)) {
        fail_msg("%s: %s; 'make update-golden' writes it", path, error.message);
    }
    if (strcmp(buf_string(&golden), buf_string(&drawn)) != 0) {
        fail_msg("%s is drawn as\n%s\nand was recorded as\n%s", screen->name,
                 buf_string(&drawn), buf_string(&golden));
    }
    free(path);
    buf_finish(&drawn);
    buf_finish(&golden);
}

int main(void)
{
    enum { COUNT = sizeof screens / sizeof screens[0] };
    struct CMUnitTest tests[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        tests[i] = (struct CMUnitTest){.name = screens[i].name,
                                       .test_func = screen_is_as_recorded,
                                       .initial_state = (void *)(uintptr_t)&screens[i]};
    }
    return unit_run("screens", tests);
}
