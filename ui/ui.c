#include "ui/ui.h"

#include "base/mem.h"
#include "base/text.h"
#include "ui/actions.h"
#include "ui/bar.h"
#include "ui/frame.h"
#include "ui/inspect.h"
#include "ui/layout.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct pane *pane_find(const char *name)
{
    for (size_t i = 0; panes[i]; i++) {
        if (strcmp(panes[i]->name, name) == 0) {
            return panes[i];
        }
    }
    return NULL;
}

static struct slot slot_open(const struct pane *pane)
{
    struct slot slot = {.pane = pane, .self = mem_alloc(pane->state_size + 1)};
    if (pane->init) {
        pane->init(slot.self);
    }
    return slot;
}

static void slot_close(struct slot *slot)
{
    if (slot->pane && slot->pane->finish) {
        slot->pane->finish(slot->self);
    }
    free(slot->self);
    *slot = (struct slot){0};
}

void ui_init(struct ui *ui, struct board *board)
{
    memset(ui, 0, sizeof *ui);
    ui->board = board;
    ui->order = mem_alloc((board->count + 1) * sizeof *ui->order);
    for (size_t i = 0; panes[i]; i++) {
        if (panes[i]->place == PLACE_SCREEN) {
            continue;
        }
        ui->slots = mem_resize(ui->slots, (ui->slot_count + 1) * sizeof *ui->slots);
        ui->slots[ui->slot_count++] = slot_open(panes[i]);
    }
    ui_focus_list(ui);
}

void ui_finish(struct ui *ui)
{
    while (ui->depth > 0) {
        ui_close(ui);
    }
    for (size_t i = 0; i < ui->slot_count; i++) {
        slot_close(&ui->slots[i]);
    }
    free(ui->slots);
    free(ui->order);
    causes_finish(&ui->causes);
    memset(ui, 0, sizeof *ui);
}

void *ui_open(struct ui *ui, const char *name)
{
    const struct pane *pane = pane_find(name);
    if (!pane || ui->depth == UI_SCREENS || ui_shows(ui, name)) {
        return NULL;
    }
    ui->screens[ui->depth++] = slot_open(pane);
    return ui->screens[ui->depth - 1].self;
}

void ui_close(struct ui *ui)
{
    if (ui->depth > 0) {
        slot_close(&ui->screens[--ui->depth]);
    }
}

bool ui_shows(const struct ui *ui, const char *name)
{
    return ui->depth > 0 && strcmp(ui->screens[ui->depth - 1].pane->name, name) == 0;
}

const struct light *ui_selected(const struct ui *ui)
{
    return ui->selected < ui->board->count ? &ui->board->lights[ui->selected] : NULL;
}

void ui_say(struct ui *ui, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ui->message, sizeof ui->message, format, arguments);
    va_end(arguments);
}

enum context ui_context(const struct ui *ui)
{
    return ui->depth > 0 ? ui->screens[ui->depth - 1].pane->context : CONTEXT_BOARD;
}

bool ui_offers(const struct ui *ui, enum action action)
{
    if (action == ACTION_DEPLOY || action == ACTION_ROLLBACK || action == ACTION_MEND) {
        return !ui->read_only;
    }
    return action != ACTION_BREAK || ui->sandbox;
}

void ui_focus(struct ui *ui, size_t slot)
{
    if (slot >= ui->slot_count) {
        return;
    }
    ui->focus = slot;
    const struct slot *focused = &ui->slots[slot];
    const struct light *light =
        focused->pane->light ? focused->pane->light(focused->self, &ui->scene) : NULL;
    if (light) {
        ui_select(ui, (size_t)(light - ui->board->lights));
    }
}

void ui_select(struct ui *ui, size_t light)
{
    ui->selected = light;
    ui->chosen = true;
    ui->scene.selected = ui_selected(ui);
}

void ui_focus_list(struct ui *ui)
{
    for (size_t i = 0; i < ui->slot_count; i++) {
        if (ui->slots[i].pane->place == PLACE_CHECKS) {
            ui->focus = i;
        }
    }
}

void ui_update(struct ui *ui, int64_t now, int64_t wall)
{
    board_order(ui->board, now, ui->order);
    if (!ui->chosen && ui->board->count > 0) {
        ui->selected = ui->order[0];
    }
    causes_finish(&ui->causes);
    cause_find(ui->board, now, &ui->causes);
    ui->scene = (struct scene){.board = ui->board,
                               .now = now,
                               .wall = wall,
                               .order = ui->order,
                               .causes = &ui->causes,
                               .selected = ui_selected(ui),
                               .operator_name = ui->operator_name,
                               .read_only = ui->read_only,
                               .paused = ui->paused,
                               .again = &ui->again,
                               .ui = ui};
    ui->again = false;
    for (size_t i = 0; i < ui->slot_count; i++) {
        if (ui->slots[i].pane->update) {
            ui->slots[i].pane->update(ui->slots[i].self, &ui->scene);
        }
    }
    for (size_t i = 0; i < ui->depth; i++) {
        if (ui->screens[i].pane->update) {
            ui->screens[i].pane->update(ui->screens[i].self, &ui->scene);
        }
    }
    while (ui->depth > 0 && ui->screens[ui->depth - 1].pane->over &&
           ui->screens[ui->depth - 1].pane->over(ui->screens[ui->depth - 1].self)) {
        ui_close(ui);
    }
}

size_t ui_wait(const struct ui *ui, int *fds)
{
    size_t count = 0;
    for (size_t i = 0; i < ui->depth; i++) {
        if (ui->screens[i].pane->wait) {
            count += ui->screens[i].pane->wait(ui->screens[i].self, fds + count);
        }
    }
    return count;
}

static void draw_slot(const struct ui *ui, const struct slot *slot, struct canvas *canvas,
                      struct rect rect, bool focus)
{
    struct canvas part = canvas_part(canvas, rect);
    if (part.width > 0 && part.height > 0) {
        slot->pane->draw(slot->self, &ui->scene, &part, focus);
    }
}

static void draw_board(const struct ui *ui, struct canvas *canvas,
                       const struct layout *layout)
{
    size_t card = 0;
    for (size_t i = 0; i < ui->slot_count; i++) {
        const struct slot *slot = &ui->slots[i];
        enum place place = slot->pane->place;
        struct rect rect = place == PLACE_CARD     ? layout->cards[card++ % LAYOUT_CARDS]
                           : place == PLACE_CHECKS ? layout->checks
                                                   : layout->events;
        draw_slot(ui, slot, canvas, rect, i == ui->focus);
    }
    struct canvas side = canvas_part(canvas, layout->side);
    inspect_draw(&ui->scene, ui->scene.selected, &side, 0);
}

static size_t card_count(const struct ui *ui)
{
    size_t count = 0;
    for (size_t i = 0; i < ui->slot_count; i++) {
        count += ui->slots[i].pane->place == PLACE_CARD;
    }
    return count;
}

static size_t remedy_count(const struct ui *ui)
{
    size_t count = 1;
    for (size_t i = 0; i < ui->board->count; i++) {
        const struct result *result = ui->board->lights[i].result;
        count += result && result->remedy;
    }
    return count;
}

void ui_draw(struct ui *ui, struct canvas *canvas)
{
    struct layout layout;
    layout_board(&layout, canvas->width, canvas->height, card_count(ui), ui->board->count,
                 remedy_count(ui));
    canvas_clear(canvas);
    struct canvas header = canvas_part(canvas, layout.header);
    struct canvas gate = canvas_part(canvas, layout.gate);
    struct canvas bar = canvas_part(canvas, layout.bar);
    frame_header(&ui->scene, &header);
    frame_gate(&ui->scene, &gate);
    bar_draw(ui, &bar);
    if (ui->depth > 0) {
        draw_slot(ui, &ui->screens[ui->depth - 1], canvas, layout.body, true);
    } else if (ui->zoomed) {
        draw_slot(ui, &ui->slots[ui->focus], canvas, layout.body, true);
    } else {
        draw_board(ui, canvas, &layout);
    }
}

/* The pane that has the keyboard is asked first; on the board, what moves moves the
 * list. */
unsigned ui_act(struct ui *ui, enum action action)
{
    struct slot *slot =
        ui->depth > 0 ? &ui->screens[ui->depth - 1] : &ui->slots[ui->focus];
    unsigned reaction =
        slot->pane->act ? slot->pane->act(slot->self, ui, action) : REACT_IGNORED;
    if (reaction & REACT_CLOSE) {
        ui_close(ui);
    }
    if (!(reaction & REACT_IGNORED)) {
        return reaction;
    }
    reaction = action_run(ui, action);
    if ((reaction & REACT_IGNORED) && slot->pane->place == PLACE_CARD) {
        ui_focus_list(ui);
        slot = &ui->slots[ui->focus];
        reaction = slot->pane->act(slot->self, ui, action) | REACT_DRAW;
    }
    return reaction & ~(unsigned)REACT_IGNORED;
}

unsigned ui_input(struct ui *ui, const struct input *input)
{
    unsigned said = ui->message[0] ? REACT_DRAW : REACT_NONE;
    ui->message[0] = '\0';
    if (input->kind == INPUT_KEY) {
        enum action action = key_action(ui_context(ui), input->key);
        if (action != ACTION_NONE) {
            return said | ui_act(ui, action);
        }
    }
    struct slot *top = ui->depth > 0 ? &ui->screens[ui->depth - 1] : NULL;
    if (!top || !top->pane->handle) {
        return said;
    }
    unsigned reaction = top->pane->handle(top->self, ui, input);
    if (reaction & REACT_CLOSE) {
        ui_close(ui);
    }
    return said | (reaction & ~(unsigned)REACT_IGNORED);
}
