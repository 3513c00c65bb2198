#include "ui/term.h"

#include "config.h"

#include "base/mem.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum {
    ESCAPE_MS = 25, /* how long a lone Esc waits for the rest of a sequence */
    PASTE_BEGIN = KEY_MAX + 1,
    PASTE_END = KEY_MAX + 2,
};

/* xterm's bracketed paste (private mode 2004); terminals without it ignore both. */
static const char paste_on[] = "\033[?2004h", paste_off[] = "\033[?2004l";

static struct {
    SCREEN *screen;
    bool colour;
    bool pasting;
    struct canvas shown; /* what is on the screen; no cells: nothing is known */
    int wake[2];
    int ended_by;
    struct termios before;
    char restore[160]; /* for who cannot call curses any more */
    size_t restore_length;
    volatile sig_atomic_t open;
} term = {.wake = {-1, -1}};

/* ---- ways out ---- */

static void restore_add(const char *sequence)
{
    /* Without the padding that terminfo may ask for: "$<20>". */
    for (; sequence && sequence != (char *)-1 && *sequence; sequence++) {
        if (sequence[0] == '$' && sequence[1] == '<') {
            const char *end = strchr(sequence, '>');
            sequence = end ? end : sequence;
        } else if (term.restore_length + 1 < sizeof term.restore) {
            term.restore[term.restore_length++] = *sequence;
        }
    }
}

static void prepare_restore(void)
{
    term.restore_length = 0;
    restore_add(paste_off);
    restore_add(tigetstr("rmkx"));
    restore_add(tigetstr("sgr0"));
    restore_add(tigetstr("cnorm"));
    restore_add(tigetstr("rmcup"));
    restore_add("\r");
}

/* Async-signal-safe. */
static void restore_raw(void)
{
    if (term.open) {
        term.open = 0;
        ssize_t written = write(STDOUT_FILENO, term.restore, term.restore_length);
        (void)written;
        tcsetattr(STDIN_FILENO, TCSANOW, &term.before);
    }
}

#ifndef GREENBOARD_SANITIZED
static void crashed(int number)
{
    restore_raw();
    signal(number, SIG_DFL);
    raise(number);
}

static void catch_crashes(void)
{
    static char stack[16384];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&alternate, NULL);
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    struct sigaction action = {.sa_handler = crashed,
                               .sa_flags = SA_ONSTACK | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        sigaction(numbers[i], &action, NULL);
    }
}
#endif

/* ---- signals ---- */

static void caught(int number)
{
    int saved = errno;
    char byte = (char)number;
    ssize_t written = write(term.wake[1], &byte, 1); /* full: it will be read anyway */
    (void)written;
    errno = saved;
}

static void catch_signal(int number)
{
    struct sigaction action = {.sa_handler = caught, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

static void catch_signals(void)
{
    static const int numbers[] = {SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        catch_signal(numbers[i]);
    }
}

static void write_now(const char *sequence)
{
    ssize_t written = write(STDOUT_FILENO, sequence, strlen(sequence));
    (void)written;
}

/* Ctrl-Z: gives the terminal back, stops, and takes it again when continued. */
static void stop(void)
{
    write_now(paste_off);
    endwin();
    signal(SIGTSTP, SIG_DFL);
    raise(SIGTSTP);
    catch_signal(SIGTSTP);
    write_now(paste_on);
    term_repaint();
}

static void take_size(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
        size.ws_col > 0) {
        resizeterm(size.ws_row, size.ws_col);
    }
    term_repaint();
}

unsigned term_signals(void)
{
    unsigned events = 0;
    unsigned char numbers[64];
    ssize_t count = read(term.wake[0], numbers, sizeof numbers);
    for (ssize_t i = 0; i < count; i++) {
        if (numbers[i] == SIGWINCH) {
            take_size();
            events |= TERM_RESIZED;
        } else if (numbers[i] == SIGTSTP) {
            stop();
            take_size();
            events |= TERM_RESUMED | TERM_RESIZED;
        } else {
            term.ended_by = numbers[i];
            events |= TERM_ENDING;
        }
    }
    return events;
}

int term_wake_fd(void)
{
    return term.wake[0];
}

int term_ended_by(void)
{
    return term.ended_by;
}

/* ---- opening ---- */

static void prepare_styles(bool colour)
{
    term.colour = colour && has_colors() && start_color() == OK;
    if (!term.colour) {
        return;
    }
    use_default_colors();
    for (int style = 0; style < STYLE_COUNT && style + 1 < COLOR_PAIRS; style++) {
        struct style_row row = style_row((uint8_t)style);
        bool many = COLORS >= 256;
        init_pair((short)(style + 1), many ? row.fg256 : row.fg8,
                  many ? row.bg256 : row.bg8);
    }
}

bool term_open(bool colour, struct error *error)
{
    if (tcgetattr(STDIN_FILENO, &term.before) != 0) {
        return error_set(error, ERROR_SYSTEM, "standard input is no terminal");
    }
    if (pipe2(term.wake, O_CLOEXEC | O_NONBLOCK) != 0) {
        return error_system(error, errno, "cannot make a pipe");
    }
    set_escdelay(ESCAPE_MS);
    term.screen = newterm(NULL, stdout, stdin);
    if (!term.screen) {
        error_set(error, ERROR_SYSTEM, "the terminal \"%s\" is not known",
                  getenv("TERM") ? getenv("TERM") : "");
        error_hint(error, "set TERM, for example to xterm-256color, or use --plain");
        return false;
    }
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    curs_set(0);
    define_key("\033[200~", PASTE_BEGIN);
    define_key("\033[201~", PASTE_END);
    prepare_restore();
    term.open = 1;
    catch_signals();
#ifndef GREENBOARD_SANITIZED
    catch_crashes();
#endif
    panic_hook(restore_raw);
    write_now(paste_on);
    prepare_styles(colour);
    return true;
}

void term_close(void)
{
    if (!term.open) {
        return;
    }
    term.open = 0;
    write_now(paste_off);
    endwin();
    panic_hook(NULL);
    canvas_destroy(&term.shown);
}

/* ---- output ---- */

void term_size(int *width, int *height)
{
    getmaxyx(stdscr, *height, *width);
}

void term_repaint(void)
{
    canvas_destroy(&term.shown);
    clearok(curscr, TRUE);
}

static attr_t attributes(uint8_t style)
{
    struct style_row row = style_row(style);
    unsigned wanted = term.colour ? row.attrs : row.mono;
    return (wanted & ATTR_BOLD ? A_BOLD : 0) | (wanted & ATTR_DIM ? A_DIM : 0) |
           (wanted & ATTR_REVERSE ? A_REVERSE : 0) |
           (wanted & ATTR_UNDERLINE ? A_UNDERLINE : 0);
}

static void show_row(const struct canvas *canvas, int y)
{
    const struct cell *row = canvas->cells + (size_t)y * (size_t)canvas->stride;
    for (int x = 0; x < canvas->width; x++) {
        if (row[x].point == 0) {
            continue;
        }
        wchar_t text[3] = {(wchar_t)row[x].point, (wchar_t)row[x].mark, 0};
        short pair = term.colour ? (short)(row[x].style + 1) : 0;
        cchar_t cell;
        setcchar(&cell, text, attributes(row[x].style), pair, NULL);
        mvadd_wch(y, x, &cell);
    }
}

void term_show(const struct canvas *canvas)
{
    bool same = term.shown.cells && term.shown.width == canvas->width &&
                term.shown.height == canvas->height;
    if (!same) {
        canvas_destroy(&term.shown);
        term.shown = canvas_create(canvas->width, canvas->height, canvas->ascii);
        erase();
    }
    size_t bytes = sizeof(struct cell) * (size_t)canvas->width;
    for (int y = 0; y < canvas->height; y++) {
        struct cell *old = term.shown.cells + (size_t)y * (size_t)term.shown.stride;
        const struct cell *new = canvas->cells + (size_t)y *(size_t)canvas->stride;
        if (!same || memcmp(old, new, bytes) != 0) {
            show_row(canvas, y);
            memcpy(old, new, bytes);
        }
    }
    wnoutrefresh(stdscr);
    doupdate();
}

/* ---- input ---- */

static struct input key_input(uint32_t key)
{
    return (struct input){.kind = INPUT_KEY, .key = key};
}

static struct input special_input(wint_t code)
{
    static const struct {
        wint_t code;
        uint32_t key;
    } rows[] = {
        {KEY_UP, KEYS_UP},
        {KEY_DOWN, KEYS_DOWN},
        {KEY_PPAGE, KEYS_PAGE_UP},
        {KEY_NPAGE, KEYS_PAGE_DOWN},
        {KEY_HOME, KEYS_HOME},
        {KEY_END, KEYS_END},
        {KEY_ENTER, KEYS_ENTER},
        {KEY_BTAB, KEYS_BACKTAB},
        {KEY_BACKSPACE, KEYS_BACKSPACE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].code == code) {
            return key_input(rows[i].key);
        }
    }
    return key_input(0);
}

static struct input character_input(wint_t code)
{
    switch (code) {
    case '\r':
    case '\n':
        return key_input(KEYS_ENTER);
    case '\t':
        return key_input(KEYS_TAB);
    case 0x1b:
        return key_input(KEYS_ESCAPE);
    case 0x7f:
    case '\b':
        return key_input(KEYS_BACKSPACE);
    case 'L' & 0x1f:
        return key_input(KEYS_REDRAW);
    case 'U' & 0x1f:
        return key_input(KEYS_ERASE);
    default:
        return key_input((uint32_t)code);
    }
}

struct input term_input(void)
{
    wint_t code;
    int kind;
    while ((kind = get_wch(&code)) != ERR) {
        if (kind == KEY_CODE_YES && code == PASTE_BEGIN) {
            term.pasting = true;
        } else if (kind == KEY_CODE_YES && code == PASTE_END) {
            term.pasting = false;
            return (struct input){.kind = INPUT_PASTE};
        } else if (!term.pasting) {
            return kind == KEY_CODE_YES ? special_input(code) : character_input(code);
        }
    }
    return (struct input){.kind = INPUT_NONE};
}
