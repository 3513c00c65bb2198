/* The timeline: what changed on the board, newest at the top, and scrolled back on
 * request. */
#include "ui/pane.h"

#include "ui/marks.h"
#include "ui/scroll.h"
#include "ui/ui.h"

extern const struct pane pane_events;

struct events_view {
    size_t back; /* how many of the newest are scrolled away */
};

static void events_draw(const void *self, const struct scene *scene,
                        struct canvas *canvas, bool focus)
{
    const struct events_view *view = self;
    uint8_t style = focus ? STYLE_FOCUS : STYLE_BORDER;
    for (int x = 0; x < canvas->width; x++) {
        canvas_text(canvas, x, 0, style, canvas->ascii ? "-" : focus ? "━" : "─");
    }
    canvas_text(canvas, 2, 0, focus ? STYLE_FOCUS : STYLE_STRONG, " Events ");
    for (int y = 1; y < canvas->height; y++) {
        const struct moment *moment =
            board_moment(scene->board, view->back + (size_t)y - 1);
        if (!moment) {
            break;
        }
        char time[16];
        mark_time(time, moment->wall);
        int x = canvas_text(canvas, 1, y, STYLE_DIM, time) + 1;
        const struct state_row *row = &state_rows[moment->state];
        x = canvas_text(canvas, x, y, style_of_state(moment->state),
                        canvas->ascii ? row->ascii : row->glyph);
        canvas_fit(canvas, x + 1, y, canvas->width - x - 2, STYLE_TEXT, moment->text);
    }
}

static unsigned events_act(void *self, struct ui *ui, enum action action)
{
    struct events_view *view = self;
    size_t count = ui->board->moment_count < MOMENTS ? ui->board->moment_count : MOMENTS;
    size_t before = view->back;
    if (!scroll_to(&view->back, count, action)) {
        return REACT_IGNORED;
    }
    return before == view->back ? REACT_NONE : REACT_DRAW;
}

const struct pane pane_events = {
    .name = "events",
    .title = "Events",
    .place = PLACE_EVENTS,
    .context = CONTEXT_BOARD,
    .state_size = sizeof(struct events_view),
    .draw = events_draw,
    .act = events_act,
};
