/* The timeline: what changed on the board, newest at the top, and scrolled back on
 * request. */
#include "ui/pane.h"

#include "base/buf.h"
#include "base/text.h"
#include "ui/marks.h"
#include "ui/scroll.h"
#include "ui/ui.h"

extern const struct pane pane_events;

struct events_view {
    size_t back; /* how many of the newest are scrolled away */
};

/* Which alerts are raised, for how long, at the right end of the first row; returns the
 * column where that begins. */
static int draw_alerts(const struct scene *scene, struct canvas *canvas)
{
    enum { AFTER_TITLE = 11 };
    const struct alerts *alerts = scene->ui->alerts;
    struct buf words;
    buf_init(&words, 0);
    for (size_t i = 0; alerts && i < ALERT_COUNT; i++) {
        const struct alert *alert = &alerts->rows[i];
        char span[TEXT_SPAN];
        mark_span(span, sizeof span, alert_lasted(alert, scene->wall));
        if (alert->raised) {
            buf_format(&words, " alert %s %s ", alert->rule->name, span);
        }
    }
    int end = canvas->width - 2, start = end;
    if (words.length > 0) {
        start = canvas_right(canvas, AFTER_TITLE, end, 0, STYLE_FAIL, buf_string(&words));
    }
    if (words.length > 0 && start == end) {
        start = AFTER_TITLE;
        canvas_fit(canvas, start, 0, end - start, STYLE_FAIL, buf_string(&words));
    }
    buf_finish(&words);
    return start;
}

static void draw_moment(const struct moment *moment, struct canvas *canvas, int y,
                        int end, uint8_t style)
{
    char time[16];
    mark_time(time, moment->wall);
    int x = canvas_text(canvas, 1, y, style, time) + 1;
    const struct state_row *row = &state_rows[moment->state];
    x = canvas_text(canvas, x, y, style_of_state(moment->state),
                    canvas->ascii ? row->ascii : row->glyph);
    canvas_fit(canvas, x + 1, y, end - x - 1, STYLE_TEXT, moment->text);
}

/* Where the list of checks left a single row. */
static void draw_line(const struct events_view *view, const struct scene *scene,
                      struct canvas *canvas, bool focus)
{
    const struct moment *moment = board_moment(scene->board, view->back);
    int end = draw_alerts(scene, canvas);
    if (moment) {
        draw_moment(moment, canvas, 0, end, focus ? STYLE_FOCUS : STYLE_DIM);
    }
}

static void events_draw(const void *self, const struct scene *scene,
                        struct canvas *canvas, bool focus)
{
    const struct events_view *view = self;
    uint8_t style = focus ? STYLE_FOCUS : STYLE_BORDER;
    if (canvas->height == 1) {
        draw_line(view, scene, canvas, focus);
        return;
    }
    canvas_rule(canvas, focus, style);
    canvas_text(canvas, 2, 0, focus ? STYLE_FOCUS : STYLE_STRONG, " Events ");
    draw_alerts(scene, canvas);
    for (int y = 1; y < canvas->height; y++) {
        const struct moment *moment =
            board_moment(scene->board, view->back + (size_t)y - 1);
        if (!moment) {
            break;
        }
        draw_moment(moment, canvas, y, canvas->width - 1, STYLE_DIM);
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
