/* What the keys do, made from the tables of ui/keys; what the signs mean, from the
 * states'. */
#include "ui/pane.h"

#include "ui/marks.h"
#include "ui/scroll.h"
#include "ui/ui.h"

extern const struct pane view_help;

struct help {
    size_t skip;
};

enum { HELP_LINES = 100, HELP_KEYS = 22 };

static void draw_context(const struct ui *ui, struct canvas *canvas, int *y,
                         enum context context, const char *title)
{
    canvas_text(canvas, 1, (*y)++, STYLE_HEAD, title);
    for (int action = ACTION_NONE + 1; action < ACTION_COUNT; action++) {
        struct buf keys;
        buf_init(&keys, 0);
        if (keys_of(&keys, context, (enum action)action) &&
            ui_offers(ui, (enum action)action)) {
            canvas_text(canvas, 2, *y, STYLE_KEY, buf_string(&keys));
            struct rect rect = {HELP_KEYS, *y, canvas->width - HELP_KEYS - 1, 3};
            *y += canvas_wrap(canvas, rect, STYLE_TEXT, action_rows[action].help);
        }
        buf_finish(&keys);
    }
    ++*y;
}

static void draw_signs(struct canvas *canvas, int *y)
{
    canvas_text(canvas, 1, (*y)++, STYLE_HEAD, "Signs");
    for (int state = 0; state < STATE_COUNT; state++, ++*y) {
        const struct state_row *row = &state_rows[state];
        canvas_format(canvas, 2, *y, style_of_state((enum state)state), "%s %s",
                      canvas->ascii ? row->ascii : row->glyph, row->shown);
        canvas_fit(canvas, HELP_KEYS, *y, canvas->width - HELP_KEYS - 1, STYLE_TEXT,
                   row->help);
    }
    canvas_text(canvas, 2, *y, STYLE_TEXT, canvas_glyph(canvas, GLYPH_RUNNING));
    canvas_text(canvas, HELP_KEYS, (*y)++, STYLE_TEXT,
                "being asked; the previous answer stays and its age goes on");
    canvas_text(canvas, 2, *y, STYLE_TEXT, canvas_glyph(canvas, GLYPH_STALE));
    canvas_text(canvas, HELP_KEYS, (*y)++, STYLE_TEXT, "stale: too old to open the gate");
}

static void help_draw(const void *self, const struct scene *scene, struct canvas *canvas,
                      bool focus)
{
    (void)focus;
    static const struct {
        enum context context;
        const char *title;
    } contexts[] = {
#define CONTEXTS_ROW(id, title) {id, title},
        CONTEXTS(CONTEXTS_ROW)
#undef CONTEXTS_ROW
    };
    const struct help *help = self;
    int y = -(int)help->skip;
    for (size_t i = 0; i < sizeof contexts / sizeof contexts[0]; i++) {
        if (contexts[i].context != CONTEXT_BREAK || ui_offers(scene->ui, ACTION_BREAK)) {
            draw_context(scene->ui, canvas, &y, contexts[i].context, contexts[i].title);
        }
    }
    draw_signs(canvas, &y);
}

static unsigned help_act(void *self, struct ui *ui, enum action action)
{
    (void)ui;
    struct help *help = self;
    return scroll_to(&help->skip, HELP_LINES, action) ? REACT_DRAW : REACT_IGNORED;
}

const struct pane view_help = {
    .name = "help",
    .title = "Help",
    .place = PLACE_SCREEN,
    .context = CONTEXT_HELP,
    .state_size = sizeof(struct help),
    .draw = help_draw,
    .act = help_act,
};
