#include "tests/catalogue/judge.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "board/sched.h"
#include "checks/checks.h"
#include "secret/fingerprint.h"
#include "secret/jwt.h"
#include "tests/catalogue/actor.h"
#include "tests/catalogue/certificate.h"
#include "tests/catalogue/document.h"
#include "tests/catalogue/heap.h"
#include "tests/unit/peer.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECONDS = 60, LATE_MS = 250, MOST_BYTES = 2 * 1024 * 1024, SHORTEST = 4 };
static const char PATIENT[] = "4s"; /* the deadline, unless the peer hangs */

struct judge {
    const struct trap *trap;
    struct actor actor;
    struct deaf deaf;
    int refused; /* a port where nobody listens */
    char directory[64];
    struct config *config;
    struct board *board;
    struct light *light;
    int64_t took;
    size_t held;
    unsigned wrong; /* complaints */
};

static void complain(struct judge *judge, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void complain(struct judge *judge, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = mem_format_list(format, args);
    va_end(args);
    printf("# %s\n", text);
    free(text);
    judge->wrong++;
}

_Noreturn static void leave(struct judge *judge, int status)
{
    actor_end(&judge->actor);
    fs_remove_tree(judge->directory);
    fflush(stdout);
    _exit(status); /* workers may still run */
}

_Noreturn static void give_up(struct judge *judge, const char *what, const char *why)
{
    complain(judge, "%s: %s", what, why);
    leave(judge, JUDGE_BAD);
}

/* ---- the peer ---- */

static const char *secret_of(const struct trap *trap, const char *name)
{
    const char *found = NULL;
    for (size_t i = 0; i < trap->secrets.count; i++) {
        const struct trap_pair *row = &trap->secrets.rows[i];
        found = text_equal(row->name, name) ? row->text : found;
    }
    return found;
}

/* {token}: claims as the trap has them, times from now on. */
static char *make_token(struct judge *judge)
{
    static const char *const times[] = {"exp", "iat", "nbf"};
    const struct trap *trap = judge->trap;
    struct error error = {0};
    if (!trap->claims) {
        return mem_text("");
    }
    json_t *claims = json_parse(trap->claims, strlen(trap->claims), &error);
    const char *signer = trap->signer ? trap->signer : secret_of(trap, "jwt");
    if (!claims || !signer) {
        give_up(judge, "token", claims ? "nothing to sign it with" : error.message);
    }
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        json_t *time = json_object_get(claims, times[i]);
        if (json_is_integer(time)) {
            json_integer_set(time, json_integer_value(time) + clock_wall() / 1000);
        }
    }
    struct buf token = {0};
    struct secret *secret = secret_create(signer, strlen(signer), NULL);
    if (!jwt_sign(claims, secret, "HS256", &token, &error)) {
        give_up(judge, "token", error.message);
    }
    secret_unref(secret);
    json_decref(claims);
    return buf_take(&token);
}

/* The variables are gcloud's own; no credentials of this machine are looked at. */
static void be_google(const struct judge *judge)
{
    char *host = mem_format("127.0.0.1:%d", (int)judge->actor.port);
    char *url = mem_format("http://%s/", host);
    setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN", url, 1);
    setenv("GCE_METADATA_HOST", host, 1);
    setenv("CLOUDSDK_CONFIG", judge->directory, 1);
    unsetenv("GOOGLE_APPLICATION_CREDENTIALS");
    free(url);
    free(host);
}

static void open_peer(struct judge *judge)
{
    const struct trap *trap = judge->trap;
    char *believed = fs_join(judge->directory, "ca.pem");
    judge->actor.token = make_token(judge);
    bool plain = !trap->tls || text_equal(trap->tls, "none");
    judge->actor.tls =
        certificate_context(plain ? "nobody.example" : trap->tls, believed);
    if (!judge->actor.tls) {
        give_up(judge, "tls", trap->tls);
    }
    if (plain) {
        SSL_CTX_free(judge->actor.tls);
        judge->actor.tls = NULL;
    }
    setenv("SSL_CERT_FILE", believed, 1); /* the authorities of this system */
    setenv("SSL_CERT_DIR", judge->directory, 1);
    free(believed);
    actor_play(&judge->actor);
    if (trap->google) {
        be_google(judge);
    }
}

/* ---- the configuration ---- */

static void write_file(struct judge *judge, const char *name, const char *text)
{
    struct error error;
    char *path = fs_join(judge->directory, name);
    if (!fs_replace(path, text, strlen(text), 0600, &error)) {
        give_up(judge, name, error.message);
    }
    free(path);
}

static void write_document(struct judge *judge)
{
    const struct trap *trap = judge->trap;
    const struct document_ports ports = {judge->actor.port, judge->refused,
                                         judge->deaf.port};
    bool hasty = trap->hangs && heap_counted(); /* a sanitizer is slow */
    struct error error = {0};
    char *text = document_make(trap, &ports, hasty ? trap->hangs : PATIENT, &error);
    if (!text) {
        give_up(judge, "the configuration", error.message);
    }
    write_file(judge, "greenboard.json", text);
    free(text);
}

static void load(struct judge *judge)
{
    const struct trap *trap = judge->trap;
    for (size_t i = 0; i < trap->secrets.count; i++) {
        write_file(judge, trap->secrets.rows[i].name, trap->secrets.rows[i].text);
    }
    write_document(judge);
    char *path = fs_join(judge->directory, "greenboard.json");
    judge->config = config_load(path);
    free(path);
    if (!config_usable(judge->config)) {
        give_up(judge, "the configuration", config_complaint(judge->config));
    }
    struct error error;
    judge->board =
        board_create(config_environment(judge->config, "staging", &error), checks_all);
    judge->light = board_find(judge->board, trap->ask);
    if (!judge->light) {
        give_up(judge, "no such light", trap->ask);
    }
}

/* ---- the asking ---- */

static void ask(struct judge *judge)
{
    struct sched *sched = sched_create(judge->board, NULL);
    heap_mark();
    sched_ask(sched, judge->light);
    sched_run(sched, NULL);
    judge->took = result_duration(judge->light->result);
    judge->held = heap_peak();
}

/* ---- what must hold ---- */

static void hold_time(struct judge *judge)
{
    int64_t most = judge->light->deadline + LATE_MS * CLOCK_MS;
    if (judge->took > most) {
        complain(judge, "took %.0f ms, more than %.0f", clock_ms(judge->took),
                 clock_ms(most));
    }
    if (judge->trap->hangs && judge->took < judge->light->deadline) {
        complain(judge, "ended after %.0f ms, before its deadline: it does not hang",
                 clock_ms(judge->took));
    }
}

static void hold_words(struct judge *judge, const char *what, const char *text,
                       const struct trap_list *words)
{
    for (size_t i = 0; i < words->count; i++) {
        if (!text || !strcasestr(text, words->rows[i].text)) {
            complain(judge, "the %s does not say \"%s\"", what, words->rows[i].text);
        }
    }
}

/* Nothing that a terminal would act on, nothing secret, and no line that looks as if it
 * were another light's. */
static void hold_text(struct judge *judge, const char *what, const char *text)
{
    size_t length = text ? strlen(text) : 0;
    for (size_t at = 0; at < length;) {
        uint32_t point = 0;
        size_t wide = text_decode(text + at, length - at, &point);
        if (!wide || !text_point_safe(point)) {
            complain(judge, "%s holds what no terminal may see: byte 0x%02x", what,
                     (unsigned char)text[at]);
            return;
        }
        at += wide;
    }
    for (size_t i = 0; i < judge->trap->secrets.count && text; i++) {
        const char *secret = judge->trap->secrets.rows[i].text;
        if (strlen(secret) >= SHORTEST && strstr(text, secret)) {
            complain(judge, "%s holds the secret %s", what,
                     judge->trap->secrets.rows[i].name);
        }
    }
    for (size_t i = 0; i < STATE_COUNT && text; i++) {
        if (strlen(state_rows[i].glyph) > 1 && strstr(text, state_rows[i].glyph)) {
            complain(judge, "%s holds the mark of a light: %s", what, text);
        }
    }
}

static void hold_texts(struct judge *judge)
{
    const struct result *result = judge->light->result;
    hold_text(judge, "the summary", result->summary);
    hold_text(judge, "the remedy", result->remedy);
    for (size_t i = 0; i < result->evidence_count; i++) {
        hold_text(judge, "a key of the evidence", result->evidence[i].key);
        hold_text(judge, "the evidence", result->evidence[i].value);
    }
    for (size_t i = 0; i < result->note_count; i++) {
        hold_text(judge, "a note", result->notes[i]);
    }
}

/* A trap that was never sprung proves nothing. */
static void hold_played(struct judge *judge)
{
    const struct trap *trap = judge->trap;
    const struct actor_counts *counts = judge->actor.counts;
    bool reached = atomic_load(&counts->accepted) > 0;
    if (reached == trap->unreached) {
        complain(judge, reached ? "its peer was reached" : "its peer was never reached");
    }
    for (size_t i = 0; i < trap->own && trap->want != STATE_OK; i++) {
        if (!atomic_load(&counts->played[i])) {
            complain(judge, "its rule of line %d was never played", trap->rules[i].line);
        }
    }
}

static void hold_state(struct judge *judge, bool green)
{
    const struct result *result = judge->light->result;
    enum state want = judge->trap->want;
    if (result->state != want || green != (want == STATE_OK)) {
        complain(judge, "wanted %s, came %s%s", state_rows[want].word,
                 state_rows[result->state].word, green ? ", which is green" : "");
    }
}

static void tell(const struct judge *judge)
{
    const struct result *result = judge->light->result;
    printf("#     %s, %s: %s\n", state_rows[result->state].shown,
           result->rung ? rung_words[result->rung] : "nothing", result->summary);
    if (result->remedy) {
        printf("#     -> %s\n", result->remedy);
    }
    printf("#     %.0f ms, %zu KiB\n", clock_ms(judge->took), judge->held / 1024);
}

static void begin(struct judge *judge, const struct trap *trap)
{
    struct error error;
    setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_IGN);
    alarm(SECONDS);
    *judge = (struct judge){.trap = trap, .directory = "/tmp/greenboard-trap-XXXXXX"};
    if (!mkdtemp(judge->directory)) {
        panic("no directory for a trap");
    }
    keep_begin();
    deaf_open(&judge->deaf);
    judge->refused = peer_free_port();
    actor_open(&judge->actor, trap);
    judge->actor.refused = judge->refused;
    open_peer(judge);
    if (!fingerprint_begin(judge->directory, &error)) {
        give_up(judge, "fingerprints", error.message);
    }
}

void judge_trap(const struct trap *trap, bool loud)
{
    struct judge judge;
    begin(&judge, trap);
    load(&judge);
    ask(&judge);
    bool green = light_green(judge.light, judge.board, clock_now());
    hold_state(&judge, green);
    hold_words(&judge, "summary", judge.light->result->summary, &trap->says);
    hold_words(&judge, "remedy", judge.light->result->remedy, &trap->does);
    hold_texts(&judge);
    hold_time(&judge);
    hold_played(&judge);
    if (heap_counted() && judge.held > MOST_BYTES) {
        complain(&judge, "held %zu KiB, more than %d", judge.held / 1024,
                 MOST_BYTES / 1024);
    }
    if (loud || judge.wrong) {
        tell(&judge);
    }
    leave(&judge, green && trap->want != STATE_OK ? JUDGE_GREEN
                  : judge.wrong                   ? JUDGE_BAD
                                                  : JUDGE_GOOD);
}
