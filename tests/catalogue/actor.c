#include "tests/catalogue/actor.h"

#include "base/mem.h"
#include "base/text.h"
#include "tests/catalogue/native.h"
#include "tests/catalogue/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { QUEUE = 64, SECONDS = 30, HEX = 32 };

/* One connection, in a process of its own. */
struct act {
    struct actor *actor;
    struct wire wire;
    struct buf request; /* the one at hand, as text */
    struct buf headers; /* of the http that follows */
    char kept[HEX + 1];
};

/* ---- texts ---- */

static void fill_holes(const struct act *act, const char *text, size_t length,
                       struct buf *out)
{
    char port[16], refused[16];
    snprintf(port, sizeof port, "%d", act->actor->port);
    snprintf(refused, sizeof refused, "%d", act->actor->refused);
    const struct {
        const char *name, *value;
    } holes[] = {{"{token}", act->actor->token},
                 {"{kept}", act->kept},
                 {"{port}", port},
                 {"{refused}", refused}};
    for (size_t at = 0; at < length;) {
        size_t taken = 0;
        for (size_t i = 0; i < sizeof holes / sizeof holes[0] && !taken; i++) {
            size_t wide = strlen(holes[i].name);
            if (length - at >= wide && memcmp(text + at, holes[i].name, wide) == 0) {
                buf_text(out, holes[i].value);
                taken = wide;
            }
        }
        if (!taken) {
            buf_add(out, text + at, 1);
            taken = 1;
        }
        at += taken;
    }
}

static void keep(struct act *act)
{
    size_t run = 0;
    const char *text = buf_string(&act->request);
    for (const char *at = text; *at; at++) {
        run = strchr("0123456789abcdef", *at) ? run + 1 : 0;
        if (run >= HEX) { /* of a longer run the end: an escape's digits come before */
            memcpy(act->kept, at + 1 - HEX, HEX);
        }
    }
}

/* ---- steps ---- */

static bool has_header(const struct act *act, const char *name)
{
    return strcasestr(buf_string(&act->headers), name) != NULL;
}

static void add_reply(const struct act *act, const struct trap_step *step,
                      struct buf *out)
{
    struct buf body = {0};
    fill_holes(act, step->text, step->length, &body);
    buf_format(out, "HTTP/1.1 %ld Said\r\nConnection: close\r\n%s", step->number,
               buf_string(&act->headers));
    if (!has_header(act, "Content-Type:")) {
        buf_text(out, "Content-Type: application/json\r\n");
    }
    if (!has_header(act, "Content-Length:") && !has_header(act, "Transfer-Encoding:")) {
        buf_format(out, "Content-Length: %zu\r\n", body.length);
    }
    buf_text(out, "\r\n");
    buf_add(out, buf_string(&body), body.length);
    buf_finish(&body);
}

static bool send_step(struct act *act, const struct trap_step *step)
{
    struct buf text = {0}, out = {0};
    fill_holes(act, step->text, step->length, &text);
    if (step->act == TRAP_HTTP) {
        add_reply(act, step, &out);
    } else if (step->act == TRAP_STRING) {
        native_add_text(&out, buf_string(&text), text.length);
    } else {
        if (step->act == TRAP_BULK) {
            buf_format(&out, "$%zu\r\n", text.length);
        }
        buf_add(&out, buf_string(&text), text.length);
        buf_text(&out, step->act == TRAP_SEND ? "" : "\r\n");
    }
    bool done = wire_give(&act->wire, buf_string(&out), out.length);
    buf_finish(&text);
    buf_finish(&out);
    return done && step->act != TRAP_HTTP;
}

static bool send_bomb(struct act *act, size_t bytes)
{
    struct buf out = {0};
    wire_bomb(&out, bytes);
    bool done = wire_give(&act->wire, buf_string(&out), out.length);
    buf_finish(&out);
    return done;
}

static bool play_step(struct act *act, const struct trap_step *step)
{
    switch (step->act) {
    case TRAP_SEND:
    case TRAP_LINE:
    case TRAP_BULK:
    case TRAP_STRING:
    case TRAP_HTTP:
        return send_step(act, step);
    case TRAP_HEADER:
        fill_holes(act, step->text, step->length, &act->headers);
        return buf_text(&act->headers, "\r\n");
    case TRAP_FILL:
        return wire_fill(&act->wire, step->text, step->length, step->number);
    case TRAP_DRIP:
        return wire_drip(&act->wire, step->text, step->length, step->number);
    case TRAP_GZIP:
        return send_bomb(act, (size_t)step->number);
    case TRAP_READ:
        return wire_await(&act->wire, step->text);
    case TRAP_PAUSE:
        return wire_pause(&act->wire, step->number);
    case TRAP_KEEP:
        keep(act);
        return true;
    case TRAP_TIMES:
        return true;
    case TRAP_RESET:
        act->wire.reset = true;
        return false;
    case TRAP_STALL:
        wire_stall(&act->wire);
        return false;
    case TRAP_CLOSE:
        break;
    }
    return false;
}

/* ---- rules ---- */

static bool fits(const struct act *act, const struct trap_rule *rule)
{
    const char *request = buf_string(&act->request);
    size_t first = strcspn(request, "\r\n");
    bool http = text_equal(act->actor->trap->speak, "http");
    bool all = true;
    for (size_t i = 0; rule->words[i] && all; i++) {
        struct buf word = {0};
        fill_holes(act, rule->words[i], strlen(rule->words[i]), &word);
        const char *text = buf_string(&word), *found = strstr(request, text);
        bool placed = i > 0 || (http ? found && found < request + first
                                     : strncasecmp(request, text, word.length) == 0);
        all = text_equal(text, "*") || (i ? found != NULL : placed);
        buf_finish(&word);
    }
    return all;
}

static bool play_rule(struct act *act, size_t index)
{
    const struct trap_rule *rule = &act->actor->trap->rules[index];
    bool on = true;
    buf_clear(&act->headers);
    for (size_t i = 0; i < rule->count && on; i++) {
        on = play_step(act, &rule->steps[i]);
    }
    return on;
}

/* The first rule that fits and is not used up; false where the connection is to end. */
static bool answer(struct act *act)
{
    const struct trap *trap = act->actor->trap;
    for (size_t i = 0; i < trap->count; i++) {
        const struct trap_rule *rule = &trap->rules[i];
        if (rule->at_once || !fits(act, rule)) {
            continue;
        }
        unsigned before = atomic_fetch_add(&act->actor->counts->played[i], 1);
        if (!rule->times || before < (unsigned)rule->times) {
            return play_rule(act, i);
        }
    }
    const char *nothing = text_equal(trap->speak, "http")
                              ? "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n"
                                "Connection: close\r\n\r\n"
                              : "-ERR unknown command\r\n";
    return wire_give(&act->wire, nothing, strlen(nothing));
}

static bool greet(struct act *act)
{
    const struct trap *trap = act->actor->trap;
    bool on = true;
    for (size_t i = 0; i < trap->count && on; i++) {
        if (trap->rules[i].at_once) {
            atomic_fetch_add(&act->actor->counts->played[i], 1);
            on = play_rule(act, i);
        }
    }
    return on;
}

static bool (*cutter(const char *speak))(struct wire *, struct buf *)
{
    return text_equal(speak, "http")     ? wire_next_http
           : text_equal(speak, "native") ? wire_next_native
                                         : wire_next_redis;
}

_Noreturn static void serve(struct actor *actor, int fd)
{
    struct act act = {.actor = actor};
    if (wire_open(&act.wire, fd, actor->tls) && greet(&act)) {
        bool (*next)(struct wire *, struct buf *) = cutter(actor->trap->speak);
        while (next(&act.wire, &act.request) && answer(&act)) {
        }
    }
    wire_close(&act.wire);
    _exit(0);
}

_Noreturn static void run(struct actor *actor)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int fd = accept(actor->listener, NULL, NULL);
        if (fd < 0) {
            continue;
        }
        atomic_fetch_add(&actor->counts->accepted, 1);
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            alarm(SECONDS);
            serve(actor, fd);
        }
        close(fd);
    }
}

/* ---- the actor ---- */

void actor_open(struct actor *actor, const struct trap *trap)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    *actor = (struct actor){.trap = trap};
    actor->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    actor->counts = mmap(NULL, sizeof *actor->counts, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (actor->counts == MAP_FAILED || actor->listener < 0 ||
        bind(actor->listener, (struct sockaddr *)&address, length) != 0 ||
        getsockname(actor->listener, (struct sockaddr *)&address, &length) != 0 ||
        listen(actor->listener, QUEUE) != 0) {
        panic("no port on loopback");
    }
    actor->port = ntohs(address.sin_port);
}

void actor_play(struct actor *actor)
{
    actor->process = fork();
    if (actor->process < 0) {
        panic("no process for a peer");
    }
    if (actor->process == 0) {
        run(actor);
    }
    setpgid(actor->process, actor->process);
    close(actor->listener);
}

void actor_end(struct actor *actor)
{
    kill(-actor->process, SIGKILL);
    while (waitpid(actor->process, NULL, 0) < 0 && errno == EINTR) {
    }
    munmap(actor->counts, sizeof *actor->counts);
    SSL_CTX_free(actor->tls);
    free(actor->token);
}
