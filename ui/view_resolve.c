/* A run whose supervisor is gone and that has no end: what is known of it, and taking
 * responsibility with a reason. Nothing is started from here, and nothing is called a
 * success: the next run may start once somebody has looked.
 *
 * The trail and the record are written by a worker beside the loop. */
#include "ui/run_screen.h"

#include "base/mem.h"
#include "base/spawn.h"
#include "run/fate.h"
#include "run/resolve.h"
#include "ui/bar.h"
#include "ui/errand.h"
#include "ui/pane.h"
#include "ui/typed.h"
#include "ui/ui.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct pane view_resolve;

struct resolving {
    struct task task;           /* first: the pool gives it back as one */
    const struct statedir *dir; /* the console's, there as long as the process */
    const struct environment *environment;
    char run[RUN_ID];
    char *operator_name, *reason;
    bool done;
    struct error error;
};

struct resolve_screen {
    char run[RUN_ID];
    char **facts; /* as of when this was opened */
    struct typed reason;
    struct errand errand; /* while it is written */
    bool done;
    char note[400];
};

/* ---- writing ---- */

static void resolve(struct task *task)
{
    struct resolving *self = (struct resolving *)task;
    self->done = run_resolve(self->dir, self->run, self->environment, self->operator_name,
                             self->reason, &self->error);
}

static void drop_resolving(struct task *task)
{
    struct resolving *self = (struct resolving *)task;
    environment_unref(self->environment);
    free(self->operator_name);
    free(self->reason);
    free(self);
}

static void begin(struct resolve_screen *screen, const struct ui *ui)
{
    struct resolving *self = mem_alloc(sizeof *self);
    self->task = (struct task){.work = resolve, .drop = drop_resolving};
    self->dir = ui->dir;
    self->environment = environment_ref(ui->board->environment);
    memcpy(self->run, screen->run, sizeof self->run);
    self->operator_name = mem_text(ui->operator_name);
    self->reason = mem_text(buf_string(&screen->reason.text));
    errand_send(&screen->errand, &self->task);
}

static void resolve_update(void *self, const struct scene *scene)
{
    (void)scene;
    struct resolve_screen *screen = self;
    struct task *task = errand_back(&screen->errand);
    if (task) {
        struct resolving *resolving = (struct resolving *)task;
        screen->done = resolving->done;
        snprintf(screen->note, sizeof screen->note, "%s%s%s", resolving->error.message,
                 resolving->error.hint[0] ? ": " : "", resolving->error.hint);
        drop_resolving(task);
    }
}

static size_t resolve_wait(const void *self, int fds[PANE_FDS])
{
    const struct resolve_screen *screen = self;
    return errand_wait(&screen->errand, fds);
}

static bool resolve_over(const void *self)
{
    const struct resolve_screen *screen = self;
    return screen->done;
}

/* ---- the screen ---- */

static void resolve_init(void *self)
{
    struct resolve_screen *screen = self;
    typed_init(&screen->reason);
}

static void resolve_finish(void *self)
{
    struct resolve_screen *screen = self;
    errand_finish(&screen->errand);
    typed_finish(&screen->reason);
    argv_free(screen->facts);
}

void resolve_screen_open(struct ui *ui, const struct run *run)
{
    struct resolve_screen *screen = ui_open(ui, view_resolve.name);
    if (screen) {
        memcpy(screen->run, run->id, sizeof screen->run);
        screen->facts = fate_facts(run);
    }
}

static void resolve_draw(const void *self, const struct scene *scene,
                         struct canvas *canvas, bool focus)
{
    (void)scene;
    (void)focus;
    const struct resolve_screen *screen = self;
    canvas_format(canvas, 1, 0, STYLE_HEAD, "Run %s is " FATE_UNKNOWN, screen->run);
    int y = 2;
    for (size_t i = 0; screen->facts && screen->facts[i]; i++) {
        canvas_text(canvas, 1, y, STYLE_DIM, canvas_glyph(canvas, GLYPH_DOT));
        y += canvas_wrap(canvas, (struct rect){3, y, canvas->width - 4, 3}, STYLE_TEXT,
                         screen->facts[i]);
    }
    y++;
    y += canvas_wrap(canvas, (struct rect){1, y, canvas->width - 2, 4}, STYLE_REMEDY,
                     "Find out what it did: look at what is deployed, and end what still "
                     "runs. Nothing else starts here until somebody answers for it.");
    y++;
    if (screen->errand.out) {
        canvas_text(canvas, 1, y, STYLE_STRONG, "writes it down");
        return;
    }
    canvas_text(canvas, 1, y, STYLE_STRONG,
                "What did you find? Type it and Enter resolves the run; Esc leaves it:");
    typed_draw(&screen->reason, canvas, 1, y + 1);
    canvas_wrap(canvas, (struct rect){1, y + 3, canvas->width - 2, 4}, STYLE_WARN,
                screen->note);
}

static unsigned resolve_act(void *self, struct ui *ui, enum action action)
{
    struct resolve_screen *screen = self;
    if (action != ACTION_CONFIRM || screen->errand.out) {
        return REACT_IGNORED;
    }
    const char *reason = buf_string(&screen->reason.text);
    if (!reason[strspn(reason, " ")]) {
        snprintf(screen->note, sizeof screen->note,
                 "say what you found: it goes on the record");
        return REACT_DRAW;
    }
    begin(screen, ui);
    return REACT_DRAW;
}

static const char *resolve_says(const void *self, const struct ui *ui, enum action action)
{
    const struct resolve_screen *screen = self;
    if (action == ACTION_CONFIRM) {
        return screen->errand.out ? NULL : action_rows[ACTION_RESOLVE].name;
    }
    return bar_word(ui, action);
}

static unsigned resolve_handle(void *self, struct ui *ui, const struct input *input)
{
    (void)ui;
    struct resolve_screen *screen = self;
    screen->note[0] = '\0';
    if (!screen->errand.out) {
        typed_input(&screen->reason, input, true);
    }
    return REACT_DRAW;
}

const struct pane view_resolve = {
    .name = "resolve",
    .title = "Resolve",
    .place = PLACE_SCREEN,
    .context = CONTEXT_DECIDE,
    .state_size = sizeof(struct resolve_screen),
    .init = resolve_init,
    .finish = resolve_finish,
    .update = resolve_update,
    .draw = resolve_draw,
    .act = resolve_act,
    .word = resolve_says,
    .handle = resolve_handle,
    .wait = resolve_wait,
    .over = resolve_over,
};
