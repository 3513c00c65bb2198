/* The console's loop: takes what came in, keeps the board, draws once a turn.
 *
 * The order of starting is what makes it quick: the first screen is painted before any
 * thread, library or database is begun, from a board on which nothing has answered
 * yet. */
#include "cli/console.h"

#include "base/clock.h"
#include "base/text.h"
#include "checks/checks.h"
#include "cli/plain.h"
#include "net/http.h"
#include "ui/run_screen.h"
#include "ui/term.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FDS_OWN = 4 };
static const int64_t FRAME = 33 * CLOCK_MS;

struct screen {
    struct console console;
    struct ui ui;
    struct canvas canvas;
    char *sandbox;
    bool dirty;  /* what is shown is not what is */
    bool urgent; /* somebody pressed a key */
    int64_t drawn;
    bool leaving;
};

/* ---- what the console and its plain stream share ---- */

static void answered(void *self, const struct light *light, bool changed)
{
    struct console *console = self;
    store_answer(console->store, console->board, light, changed);
    alerts_answer(&console->alerts, light);
}

static void judged(void *self)
{
    struct console *console = self;
    store_gate(console->store, console->board, clock_now());
}

bool console_begin(struct console *console, struct cli *cli, struct error *error)
{
    http_begin();
    console->operator_name = events_operator();
    console->home = statedir_home(cli->state_dir, error);
    if (!console->home ||
        !statedir_open(&console->dir, console->home, cli->environment, error)) {
        return false;
    }
    console->lookout = lookout_create(&console->dir, cli->environment);
    console->store = store_create(&console->dir, cli->read_only);
    store_config(console->store, console->board->environment);
    alerts_init(&console->alerts, console->board, console->store, console->operator_name);
    if (!cli->read_only) {
        console->courier =
            courier_create(console->board->environment, &console->dir, false);
    }
    console->alerts.courier = console->courier;
    struct observer observer = {.answered = answered, .judged = judged, .self = console};
    console->sched = sched_create(console->board, &observer);
    sched_watch(console->sched, true);
    sched_ask_all(console->sched); /* the first answers are a preflight's */
    return true;
}

bool console_step(struct console *console)
{
    bool learnt = alerts_step(&console->alerts);
    struct standing *newer = lookout_take(console->lookout);
    if (newer) {
        standing_unref(console->standing);
        console->standing = newer;
        learnt = true;
    }
    courier_deliver(console->courier, store_recorder(console->store));
    return sched_step(console->sched, clock_now()) || learnt;
}

void console_finish(struct console *console)
{
    sched_destroy(console->sched);
    lookout_destroy(console->lookout);
    standing_unref(console->standing);
    alerts_finish(&console->alerts);
    courier_destroy(console->courier, 0); /* what waits is on disk */
    store_destroy(console->store);
    statedir_finish(&console->dir);
    free(console->home);
    board_destroy(console->board);
    free(console->operator_name);
}

/* ---- the screen ---- */

static void draw(struct screen *screen)
{
    int width, height;
    term_size(&width, &height);
    if (width != screen->canvas.width || height != screen->canvas.height) {
        bool ascii = screen->canvas.ascii;
        canvas_destroy(&screen->canvas);
        screen->canvas = canvas_create(width, height, ascii);
    }
    ui_draw(&screen->ui, &screen->canvas);
    term_show(&screen->canvas);
    screen->dirty = screen->urgent = screen->ui.hurry = false;
    screen->drawn = clock_now();
}

static void react(struct screen *screen, unsigned reaction)
{
    if (reaction & REACT_REPAINT) {
        term_repaint();
    }
    screen->dirty = screen->dirty || reaction != REACT_NONE;
    screen->urgent = screen->urgent || reaction != REACT_NONE;
    screen->ui.hurry = screen->urgent;
    screen->leaving = screen->leaving || (reaction & REACT_QUIT);
}

static void take_input(struct screen *screen)
{
    for (;;) {
        struct input input = term_input();
        if (input.kind == INPUT_NONE || screen->leaving) {
            return;
        }
        react(screen, ui_input(&screen->ui, &input));
        ui_update(&screen->ui, clock_now(), clock_wall());
    }
}

static void take_signals(struct screen *screen)
{
    unsigned events = term_signals();
    screen->dirty = screen->dirty || events != 0;
    screen->leaving = screen->leaving || (events & TERM_ENDING);
}

/* Milliseconds until the shown ages and the clock are a second older. */
static int until_tick(void)
{
    return 1000 - (int)(clock_wall() % 1000);
}

static int least_wait(const struct screen *screen)
{
    if (screen->ui.again) {
        return 0;
    }
    if (screen->dirty) {
        return clock_left(screen->drawn + FRAME);
    }
    int tick = until_tick(), wait = sched_wait(screen->console.sched, clock_now());
    return wait >= 0 && wait < tick ? wait : tick;
}

/* Waits for the next thing to happen and takes it in. */
static void turn(struct screen *screen)
{
    int fds[UI_FDS];
    size_t count = ui_wait(&screen->ui, fds);
    struct pollfd ready[FDS_OWN + UI_FDS] = {
        {STDIN_FILENO, POLLIN, 0},
        {term_wake_fd(), POLLIN, 0},
        {sched_fd(screen->console.sched), POLLIN, 0},
        {lookout_fd(screen->console.lookout), POLLIN, 0},
    };
    for (size_t i = 0; i < count; i++) {
        ready[FDS_OWN + i] = (struct pollfd){fds[i], POLLIN, 0};
    }
    int64_t second = clock_wall() / 1000;
    int woken = poll(ready, FDS_OWN + count, least_wait(screen));
    for (size_t i = FDS_OWN; woken > 0 && i < FDS_OWN + count; i++) {
        screen->dirty = screen->dirty || ready[i].revents;
    }
    if (woken > 0 && ready[1].revents) {
        take_signals(screen);
    }
    if (woken > 0 && (ready[0].revents & POLLIN)) {
        take_input(screen);
    }
    if (woken > 0 && (ready[0].revents & (POLLHUP | POLLERR | POLLNVAL))) {
        screen->leaving = true;
    }
    if (console_step(&screen->console) || clock_wall() / 1000 != second) {
        screen->dirty = true;
    }
    store_failed(screen->console.store, &screen->ui.trouble);
    screen->ui.standing = screen->console.standing;
    ui_update(&screen->ui, clock_now(), clock_wall());
}

/* What happens by itself is drawn thirty times a second at most; a key at once. */
static bool may_draw(const struct screen *screen)
{
    bool due = screen->urgent || clock_now() - screen->drawn >= FRAME;
    return screen->dirty && due && !screen->leaving;
}

static void begin_ui(struct screen *screen, struct cli *cli)
{
    struct ui *ui = &screen->ui;
    ui_init(ui, screen->console.board);
    ui->read_only = cli->read_only;
    ui->sandbox = screen->sandbox;
    ui_update(ui, clock_now(), clock_wall());
    screen->canvas.ascii = cli->ascii;
    draw(screen);
}

/* What was not needed for the first paint. */
static void fill_ui(struct screen *screen)
{
    struct ui *ui = &screen->ui;
    ui->sched = screen->console.sched;
    ui->store = screen->console.store;
    ui->alerts = &screen->console.alerts;
    ui->dir = &screen->console.dir;
    ui->state_home = screen->console.home;
    ui->operator_name = screen->console.operator_name;
    run_screen_reattach(ui);
}

static int run_screen(struct cli *cli)
{
    struct screen screen = {.console.board = board_create(cli->environment, checks_all)};
    struct error error;
    if (!term_open(cli->colour, &error)) {
        return cli_fail(EXIT_USAGE, &error);
    }
    screen.sandbox = getenv("GREENBOARD_SANDBOX") ? cli_sandbox_program() : NULL;
    begin_ui(&screen, cli);
    int status = EXIT_GO;
    if (console_begin(&screen.console, cli, &error)) {
        fill_ui(&screen);
        while (!screen.leaving) {
            turn(&screen);
            if (may_draw(&screen)) {
                draw(&screen);
            }
        }
    } else {
        status = EXIT_INTERNAL;
    }
    term_close();
    if (status != EXIT_GO) {
        cli_fail(status, &error);
    }
    ui_finish(&screen.ui);
    canvas_destroy(&screen.canvas);
    free(screen.sandbox);
    console_finish(&screen.console);
    return term_ended_by() ? 128 + term_ended_by() : status;
}

int cli_console(struct cli *cli, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    if (!cli->plain && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))) {
        fputs("greenboard: the console wants a terminal\n"
              "  use --plain for a stream of lines, or: greenboard check\n",
              stderr);
        return EXIT_USAGE;
    }
    int status = EXIT_GO;
    cli->may_pick = isatty(STDIN_FILENO);
    if (!cli_open(cli, &status)) {
        return status;
    }
    return cli->plain ? plain_run(cli) : run_screen(cli);
}
