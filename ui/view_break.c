/* The faults of a sandbox, to be switched on and watched. Asking the sandbox is a program
 * of its own, run beside the loop: its output is read when it is there. */
#include "ui/pane.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "ui/bar.h"
#include "ui/scroll.h"
#include "ui/ui.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern const struct pane view_break;
extern char **environ;

enum { ANSWER_MAX = 64 * 1024, NAME_MAX_SHOWN = 30 };

struct break_screen {
    json_t *faults; /* an array; NULL before the first answer */
    size_t at;
    pid_t pid; /* of what runs, 0: nothing */
    int fd;
    bool listing; /* what runs is to list them */
    bool listed;  /* the list is as it is now */
    struct buf answer;
    char said[200];
};

/* ---- asking the sandbox ---- */

static void ask(struct break_screen *screen, const char *program,
                const char *const *words)
{
    int ends[2];
    if (screen->pid || pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        return;
    }
    const char *argv[] = {program, words[0], words[1], words[2], NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t all;
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigdefault(&attributes, &all);
    int number = posix_spawn(&screen->pid, program, &actions, &attributes,
                             (char *const *)(uintptr_t)argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    screen->fd = ends[0];
    if (number != 0) {
        close(ends[0]);
        screen->pid = 0;
        snprintf(screen->said, sizeof screen->said, "cannot run %s: %s", program,
                 strerror(number));
    }
}

/* True once it said all that it had to say and is gone. */
static bool answered(struct break_screen *screen, const struct scene *scene, int *status)
{
    char chunk[4096];
    ssize_t got;
    while ((got = read(screen->fd, chunk, sizeof chunk)) > 0) {
        buf_add(&screen->answer, chunk, (size_t)got);
    }
    if (got < 0) {
        return false;
    }
    if (waitpid(screen->pid, status, WNOHANG) == 0) {
        *scene->again = true;
        return false;
    }
    close(screen->fd);
    screen->pid = 0;
    return true;
}

/* Who comes back wants to mend what is broken: the first that is on, else the first. */
static size_t first_on(const json_t *faults)
{
    for (size_t i = 0; i < json_array_size(faults); i++) {
        if (json_is_true(json_object_get(json_array_get(faults, i), "on"))) {
            return i;
        }
    }
    return 0;
}

static void take_answer(struct break_screen *screen, int status)
{
    bool done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    json_t *faults = done && screen->listing
                         ? json_parse(screen->answer.data, screen->answer.length, NULL)
                         : NULL;
    if (json_is_array(faults)) {
        screen->at = screen->faults ? screen->at : first_on(faults);
        json_decref(screen->faults);
        screen->faults = faults;
        screen->listed = true;
    } else if (!done || screen->listing) {
        json_decref(faults);
        screen->listed = true; /* as far as it can be known */
        snprintf(screen->said, sizeof screen->said, "the sandbox does not answer: %s",
                 buf_string(&screen->answer));
    }
    buf_clear(&screen->answer);
}

static void break_update(void *self, const struct scene *scene)
{
    struct break_screen *screen = self;
    static const char *const list[] = {"faults", "-o", "json"};
    int status = 0;
    if (screen->pid && answered(screen, scene, &status)) {
        take_answer(screen, status);
        if (!screen->listing && scene->ui->sched) {
            sched_ask_all(scene->ui->sched); /* nobody wants to wait for the period */
        }
    }
    if (!screen->pid && !screen->listed && scene->ui->sandbox) {
        screen->listing = true;
        ask(screen, scene->ui->sandbox, list);
    }
}

static size_t break_wait(const void *self, int fds[PANE_FDS])
{
    const struct break_screen *screen = self;
    fds[0] = screen->fd;
    return screen->pid != 0;
}

/* ---- drawing ---- */

static void draw_fault(const json_t *fault, struct canvas *canvas, int y, bool selected)
{
    const char *name = json_get_text(fault, "name"), *help = json_get_text(fault, "help");
    bool on = json_is_true(json_object_get(fault, "on"));
    canvas_text(canvas, 0, y, STYLE_FOCUS,
                selected ? canvas_glyph(canvas, GLYPH_POINTER) : " ");
    canvas_text(canvas, 2, y, on ? STYLE_FAIL : STYLE_DIM, on ? "[ON ]" : "[   ]");
    int x = canvas_fit(canvas, 8, y, NAME_MAX_SHOWN,
                       selected ? STYLE_CURSOR
                       : on     ? STYLE_FAIL
                                : STYLE_STRONG,
                       name ? name : "");
    x = x < 8 + NAME_MAX_SHOWN ? 8 + NAME_MAX_SHOWN : x;
    canvas_fit(canvas, x + 1, y, canvas->width - x - 2, STYLE_DIM, help ? help : "");
}

/* All that is said of the selected one, below the list. */
static void draw_help(const json_t *fault, struct canvas *canvas, int rows)
{
    const char *help = json_get_text(fault, "help");
    struct rect rect = {2, canvas->height - rows, canvas->width - 3, rows};
    if (help && rows > 0) {
        canvas_wrap(canvas, rect, STYLE_TEXT, help);
    }
}

static const char *kind_title(const char *kind)
{
    static const char *const titles[][2] = {{"closes", "These close the gate"},
                                            {"harmless", "These must not close it"},
                                            {"deploy", "These show in a deploy"}};
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
        if (text_equal(titles[i][0], kind)) {
            return titles[i][1];
        }
    }
    return "";
}

static void break_draw(const void *self, const struct scene *scene, struct canvas *canvas,
                       bool focus)
{
    (void)scene;
    (void)focus;
    const struct break_screen *screen = self;
    canvas_text(canvas, 1, 0, STYLE_HEAD, "Break the sandbox");
    canvas_fit(canvas, 20, 0, canvas->width - 21, STYLE_WARN, screen->said);
    if (!screen->faults) {
        canvas_text(canvas, 1, 2, STYLE_DIM, "asking the sandbox");
        return;
    }
    int told = canvas->height > 8 ? 2 : 0;
    draw_help(json_array_get(screen->faults, screen->at), canvas, told);
    struct canvas list = canvas_part(
        canvas, (struct rect){0, 1, canvas->width, canvas->height - 1 - told});
    int rows = list.height, at = (int)screen->at + 3;
    int y = at >= rows ? rows - 1 - at : 0;
    const char *kind = NULL;
    for (size_t i = 0; i < json_array_size(screen->faults); i++) {
        const json_t *fault = json_array_get(screen->faults, i);
        if (!text_equal(kind, json_get_text(fault, "kind"))) {
            kind = json_get_text(fault, "kind");
            canvas_text(&list, 1, y++, STYLE_STRONG, kind_title(kind));
        }
        draw_fault(fault, &list, y++, i == screen->at);
    }
}

/* ---- keys ---- */

static unsigned toggle(struct break_screen *screen, const struct ui *ui)
{
    json_t *fault = json_array_get(screen->faults, screen->at);
    const char *name = json_get_text(fault, "name");
    if (!name || screen->pid) {
        return REACT_NONE;
    }
    bool on = json_is_true(json_object_get(fault, "on"));
    const char *const words[] = {"fault", name, on ? "off" : "on"};
    screen->said[0] = '\0';
    screen->listing = screen->listed = false;
    ask(screen, ui->sandbox, words);
    return REACT_DRAW;
}

static unsigned break_act(void *self, struct ui *ui, enum action action)
{
    struct break_screen *screen = self;
    if (action == ACTION_TOGGLE) {
        return toggle(screen, ui);
    }
    return scroll_to(&screen->at, json_array_size(screen->faults), action)
               ? REACT_DRAW
               : REACT_IGNORED;
}

static const char *break_says(const void *self, const struct ui *ui, enum action action)
{
    const struct break_screen *screen = self;
    return action != ACTION_TOGGLE || screen->faults ? bar_word(ui, action) : NULL;
}

static void break_init(void *self)
{
    struct break_screen *screen = self;
    buf_init(&screen->answer, ANSWER_MAX);
}

static void break_finish(void *self)
{
    struct break_screen *screen = self;
    if (screen->pid) { /* it ends by itself */
        close(screen->fd);
        waitpid(screen->pid, NULL, WNOHANG);
    }
    json_decref(screen->faults);
    buf_finish(&screen->answer);
}

const struct pane view_break = {
    .name = "break",
    .title = "Break",
    .place = PLACE_SCREEN,
    .context = CONTEXT_BREAK,
    .state_size = sizeof(struct break_screen),
    .init = break_init,
    .finish = break_finish,
    .update = break_update,
    .draw = break_draw,
    .act = break_act,
    .word = break_says,
    .wait = break_wait,
};
