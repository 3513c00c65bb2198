#include "ui/bar.h"

#include "base/text.h"
#include "run/repair.h"
#include "ui/marks.h"
#include "ui/ui.h"

#include <stdlib.h>

/* ---- what does something now ---- */

static bool run_is_open(const struct ui *ui)
{
    const struct standing *standing = ui->standing;
    return standing && standing->count && standing->bars[0].kind == BAR_RUN;
}

static bool another_is_red(const struct ui *ui)
{
    for (size_t i = 0; i < ui->board->count; i++) {
        if (i != ui->selected && mark_closes(&ui->scene, &ui->board->lights[i])) {
            return true;
        }
    }
    return false;
}

static bool does_something(const struct ui *ui, enum action action)
{
    if (!ui_offers(ui, action)) {
        return false;
    }
    switch (action) {
    case ACTION_INSPECT:
    case ACTION_RERUN:
        return ui_selected(ui) != NULL;
    case ACTION_NEXT_RED:
    case ACTION_PREVIOUS_RED:
        return another_is_red(ui);
    case ACTION_MEND:
        return !run_is_open(ui) &&
               repair_offered(ui->board, ui_selected(ui), 0, ui->scene.now);
    case ACTION_ROLLBACK:
        return !run_is_open(ui);
    case ACTION_RUNS:
        return ui->dir != NULL;
    default:
        return true;
    }
}

const char *bar_word(const struct ui *ui, enum action action)
{
    if (!does_something(ui, action)) {
        return NULL;
    }
    if (action == ACTION_DEPLOY && run_is_open(ui)) {
        return "show run";
    }
    if (action == ACTION_PAUSE && ui->paused) {
        return "go on";
    }
    return action_rows[action].name;
}

/* ---- which go first ---- */

static bool called_for(const struct ui *ui, enum action action)
{
    bool red = ui->board->verdict.decision == GATE_NO_GO;
    switch (action) {
    case ACTION_HELP:
    case ACTION_INSPECT:
        return true;
    case ACTION_NEXT_RED:
    case ACTION_MEND:
    case ACTION_RERUN:
    case ACTION_ROLLBACK:
        return red;
    case ACTION_DEPLOY:
        return !red || run_is_open(ui);
    case ACTION_RUNS:
        return run_is_open(ui);
    case ACTION_PAUSE:
        return ui->paused;
    case ACTION_ZOOM:
        return ui->zoomed;
    default:
        return false;
    }
}

struct item {
    const struct binding *row;
    const char *word;
    int width;
    bool wanted, shown;
};
enum { ITEMS = 24, GAP = 2 };

static bool comes_before(const struct item *a, const struct item *b)
{
    return a->wanted != b->wanted         ? a->wanted
           : a->row->rank != b->row->rank ? a->row->rank < b->row->rank
                                          : a->row->bar < b->row->bar;
}

static struct item item_of(const struct ui *ui, const struct binding *row)
{
    const struct slot *slot = ui->depth > 0 ? &ui->screens[ui->depth - 1] : NULL;
    struct buf key;
    buf_init(&key, 0);
    key_name(&key, row->key);
    struct item item = {.row = row, .wanted = called_for(ui, row->action)};
    item.word = slot && slot->pane->word ? slot->pane->word(slot->self, ui, row->action)
                                         : bar_word(ui, row->action);
    item.width = item.word ? text_width(buf_string(&key)) + 1 + text_width(item.word) : 0;
    buf_finish(&key);
    return item;
}

static int by_place(const void *a, const void *b)
{
    const struct item *left = a, *right = b;
    return left->row->bar - right->row->bar;
}

/* In the order of their places. */
static size_t collect(const struct ui *ui, struct item items[ITEMS])
{
    size_t count = 0;
    for (size_t i = 0; i < binding_count && count < ITEMS; i++) {
        if ((bindings[i].contexts & ui_context(ui)) && bindings[i].bar > 0) {
            items[count] = item_of(ui, &bindings[i]);
            count += items[count].word != NULL;
        }
    }
    qsort(items, count, sizeof *items, by_place);
    return count;
}

/* The last place is the way out. */
static void choose(struct item *items, size_t count, int room)
{
    for (struct item *next = count ? &items[count - 1] : NULL; next;) {
        next->shown = true;
        room -= next->width + GAP;
        next = NULL;
        for (size_t i = 0; i < count; i++) {
            if (!items[i].shown && items[i].width <= room &&
                (!next || comes_before(&items[i], next))) {
                next = &items[i];
            }
        }
    }
}

/* ---- drawn ---- */

static int draw_item(struct canvas *canvas, int x, const struct item *item)
{
    struct buf key;
    buf_init(&key, 0);
    key_name(&key, item->row->key);
    x = canvas_text(canvas, x, 0, STYLE_KEY, buf_string(&key));
    x = canvas_text(canvas, x + 1, 0, STYLE_KEY_NAME, item->word);
    buf_finish(&key);
    return x + GAP;
}

void bar_draw(const struct ui *ui, struct canvas *canvas)
{
    if (ui->message[0]) {
        canvas_fit(canvas, 1, 0, canvas->width - 2, STYLE_STRONG, ui->message);
        return;
    }
    struct item items[ITEMS];
    size_t count = collect(ui, items);
    choose(items, count, canvas->width - 1);
    int x = 1;
    for (size_t i = 0; i < count; i++) {
        x = items[i].shown ? draw_item(canvas, x, &items[i]) : x;
    }
}
