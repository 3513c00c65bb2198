/* The terminal is given back as it was, however the program ends: on a terminal of its
 * own. */
#include "tests/unit/unit.h"

#include "config.h"

#include "base/buf.h"
#include "base/mem.h"
#include "ui/term.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static const char given_back[] = "\033[?1049l", paste_off[] = "\033[?2004l";
static const char cursor_shown[] = "\033[?25h";

struct terminal {
    int master, slave;
    pid_t pid;
    struct termios before;
    struct buf output;
};

/* ---- the program: shows what it is told, in a loop like the console's ---- */

static void show(const char *text)
{
    int width, height;
    term_size(&width, &height);
    struct canvas canvas = canvas_create(width, height, false);
    canvas_text(&canvas, 0, 0, STYLE_TEXT, text);
    canvas_format(&canvas, 0, 1, STYLE_TEXT, "size %dx%d", width, height);
    term_show(&canvas);
    canvas_destroy(&canvas);
}

static void crash(void)
{
    volatile char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *page = 1;
}

/* What a key does: q leaves, p panics, n writes where nobody may. */
static void obey(struct input input)
{
    if (input.kind == INPUT_PASTE) {
        show("pasted");
    } else if (input.kind == INPUT_KEY && input.key == KEYS_ESCAPE) {
        show("escaped");
    } else if (input.kind == INPUT_KEY && input.key == KEYS_DOWN) {
        show("down");
    } else if (input.kind == INPUT_KEY && input.key == 'q') {
        term_close();
        _exit(0);
    } else if (input.kind == INPUT_KEY && input.key == 'p') {
        panic("on purpose");
    } else if (input.kind == INPUT_KEY && input.key == 'n') {
        crash();
    } else if (input.kind == INPUT_KEY) {
        show("another key");
    }
}

static void program(void)
{
    struct error error;
    if (!term_open(true, &error)) {
        _exit(99);
    }
    show("ready");
    for (;;) {
        struct pollfd ready[] = {{STDIN_FILENO, POLLIN, 0}, {term_wake_fd(), POLLIN, 0}};
        poll(ready, 2, -1);
        if (ready[1].revents) {
            unsigned events = term_signals();
            if (events & TERM_ENDING) {
                term_close();
                _exit(128 + term_ended_by());
            }
            show("resized");
        }
        if (ready[0].revents) {
            struct input input;
            while ((input = term_input()).kind != INPUT_NONE) {
                obey(input);
            }
        }
    }
}

/* ---- the other side ---- */

static void wait_for(struct terminal *terminal, const char *text)
{
    while (!strstr(buf_string(&terminal->output), text)) {
        struct pollfd ready = {terminal->master, POLLIN, 0};
        char chunk[4096];
        ssize_t got =
            poll(&ready, 1, 10000) > 0 ? read(terminal->master, chunk, sizeof chunk) : 0;
        if (got <= 0) {
            fail_msg("\"%s\" never came; what came is %s", text,
                     buf_string(&terminal->output));
        }
        buf_add(&terminal->output, chunk, (size_t)got);
    }
}

static int start(void **state)
{
    struct terminal *terminal = mem_alloc(sizeof *terminal);
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    buf_init(&terminal->output, 0);
    assert_int_equal(openpty(&terminal->master, &terminal->slave, NULL, NULL, &size), 0);
    tcgetattr(terminal->slave, &terminal->before);
    terminal->pid = fork();
    assert_true(terminal->pid >= 0);
    if (terminal->pid == 0) {
        setenv("TERM", "xterm", 1);
        setsid();
        ioctl(terminal->slave, TIOCSCTTY, 0);
        for (int fd = 0; fd < 3; fd++) {
            dup2(terminal->slave, fd);
        }
        close(terminal->master);
        program();
    }
    wait_for(terminal, "ready");
    struct termios now;
    tcgetattr(terminal->slave, &now);
    assert_int_equal(now.c_lflag & ECHO, 0); /* else nothing is to be given back */
    *state = terminal;
    return 0;
}

static int end(void **state)
{
    struct terminal *terminal = *state;
    kill(terminal->pid, SIGKILL);
    waitpid(terminal->pid, NULL, 0);
    close(terminal->master);
    close(terminal->slave);
    buf_finish(&terminal->output);
    free(terminal);
    return 0;
}

static void type(struct terminal *terminal, const char *keys)
{
    buf_clear(&terminal->output);
    assert_int_equal(write(terminal->master, keys, strlen(keys)), strlen(keys));
}

/* Waits for the end and compares the terminal with what it was; returns the wait
 * status. */
static int ended(struct terminal *terminal)
{
    wait_for(terminal, given_back);
    int status = 0;
    assert_int_equal(waitpid(terminal->pid, &status, 0), terminal->pid);
    struct termios now;
    tcgetattr(terminal->slave, &now);
    assert_int_equal(now.c_lflag, terminal->before.c_lflag);
    assert_int_equal(now.c_iflag, terminal->before.c_iflag);
    assert_int_equal(now.c_oflag, terminal->before.c_oflag);
    assert_non_null(strstr(buf_string(&terminal->output), paste_off));
    assert_non_null(strstr(buf_string(&terminal->output), cursor_shown));
    return status;
}

static void given_back_on_quitting(void **state)
{
    type(*state, "q");
    assert_int_equal(ended(*state), 0);
}

static void given_back_on_signals_that_end(struct terminal *terminal, int number)
{
    buf_clear(&terminal->output);
    kill(terminal->pid, number);
    int status = ended(terminal);
    assert_int_equal(WEXITSTATUS(status), 128 + number);
}

static void given_back_on_sigterm(void **state)
{
    given_back_on_signals_that_end(*state, SIGTERM);
}

static void given_back_on_sighup(void **state)
{
    given_back_on_signals_that_end(*state, SIGHUP);
}

static void given_back_on_interrupt(void **state)
{
    struct terminal *terminal = *state;
    type(terminal, "\003");
    assert_int_equal(WEXITSTATUS(ended(terminal)), 128 + SIGINT);
}

static void given_back_on_panic(void **state)
{
    type(*state, "p");
    int status = ended(*state);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void given_back_on_a_crash(void **state)
{
#ifdef GREENBOARD_SANITIZED
    (void)state;
    skip(); /* the sanitizer wants the signal for itself */
#else
    type(*state, "n");
    int status = ended(*state);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
#endif
}

static void a_paste_is_told_apart_from_typing(void **state)
{
    struct terminal *terminal = *state;
    type(terminal, "\033[200~staging\rq\033[201~");
    wait_for(terminal, "pasted"); /* and nothing of it was taken for a key */
    assert_null(strstr(buf_string(&terminal->output), "another key"));
    type(terminal, "s");
    wait_for(terminal, "another key");
}

static void a_lone_escape_is_a_key(void **state)
{
    type(*state, "\033");
    wait_for(*state, "escaped");
    type(*state, "\033OB");
    wait_for(*state, "down");
}

static void a_new_size_is_drawn(void **state)
{
    struct terminal *terminal = *state;
    struct winsize size = {.ws_row = 10, .ws_col = 40};
    buf_clear(&terminal->output);
    ioctl(terminal->master, TIOCSWINSZ, &size);
    wait_for(terminal, "40x10");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(given_back_on_quitting, start, end),
        cmocka_unit_test_setup_teardown(given_back_on_sigterm, start, end),
        cmocka_unit_test_setup_teardown(given_back_on_sighup, start, end),
        cmocka_unit_test_setup_teardown(given_back_on_interrupt, start, end),
        cmocka_unit_test_setup_teardown(given_back_on_panic, start, end),
        cmocka_unit_test_setup_teardown(given_back_on_a_crash, start, end),
        cmocka_unit_test_setup_teardown(a_paste_is_told_apart_from_typing, start, end),
        cmocka_unit_test_setup_teardown(a_lone_escape_is_a_key, start, end),
        cmocka_unit_test_setup_teardown(a_new_size_is_drawn, start, end),
    };
    return unit_run("term", tests);
}
