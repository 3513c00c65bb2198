/* Something answers on a port as its protocol says it must. An open port alone proves
 * nothing, so that the beginning of the answer is always expected. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "checks/checks.h"
#include "checks/probe.h"
#include "net/dial.h"

#include <string.h>

enum { SHOWN = 60, CHUNK = 1024 }; /* bytes of an answer that are shown; of one read */

static void show(struct buf *out, const struct buf *bytes)
{
    size_t length = bytes->length < SHOWN ? bytes->length : SHOWN;
    buf_init(out, 0);
    text_escape(out, buf_string(bytes), length);
    buf_text(out, length < bytes->length ? "…" : "");
}

static void fail_answer(const struct dial *dial, const struct buf *got,
                        const struct buf *wanted, bool ended, struct result *result)
{
    struct buf is, must;
    show(&is, got);
    show(&must, wanted);
    result_evidence(result, "answer", "%s", buf_string(&is));
    if (got->length == 0) {
        result_set(result, STATE_FAIL, "see its log: it may refuse our address",
                   "%s closed the connection without a word", dial->address);
    } else {
        result_set(result, STATE_FAIL,
                   "see what listens there, and whether the port is right",
                   "%s says \"%s\"%s, not \"%s\"", dial->address, buf_string(&is),
                   ended ? " and nothing more" : "", buf_string(&must));
    }
    buf_finish(&is);
    buf_finish(&must);
}

/* True where the answer begins as is wanted; else the result says what came. */
static bool read_answer(struct dial *dial, const struct buf *wanted,
                        struct result *result)
{
    struct buf got;
    struct error error = {0};
    char chunk[CHUNK];
    bool good = false, over = false;
    buf_init(&got, 0);
    while (!good && !over) {
        ssize_t taken = dial_read(dial, chunk, sizeof chunk, &error);
        if (taken > 0) {
            buf_add(&got, chunk, (size_t)taken);
        }
        size_t both = got.length < wanted->length ? got.length : wanted->length;
        bool differs = both > 0 && memcmp(got.data, wanted->data, both) != 0;
        good = !differs && both == wanted->length;
        over = taken <= 0 || differs;
        if (over && !good && taken < 0) {
            result_error(result, &error, "see what listens there");
        } else if (over && !good) {
            fail_answer(dial, &got, wanted, taken == 0, result);
        }
    }
    if (good) {
        struct buf shown;
        show(&shown, &got);
        result_evidence(result, "answer", "%s", buf_string(&shown));
        buf_finish(&shown);
    }
    buf_finish(&got);
    return good;
}

static void talk(const struct job *job, struct dial *dial, const struct buf *wanted,
                 struct result *result)
{
    const char *words = config_text(job->section, "send");
    struct error error = {0};
    struct buf sent;
    int64_t began = clock_now();
    buf_init(&sent, 0);
    text_unescape(&sent, words ? words : "");
    if (sent.length && !dial_write(dial, sent.data, sent.length, &error)) {
        result_error(result, &error, "see what listens there");
    } else if (read_answer(dial, wanted, result)) {
        result_phase(result, "first_byte", clock_now() - began);
        result_figure(result, clock_ms(clock_now() - dial->wait.since));
        result_reach(result, RUNG_USABLE);
        result_ok(result, "%s answers as expected", dial->address);
    }
    buf_finish(&sent);
}

static void ask(const struct job *job, struct result *result)
{
    const struct probe_target target = probe_target(job, "port");
    const char *expect = config_text(job->section, "expect");
    struct dial dial;
    struct error error = {0};
    struct buf wanted;
    buf_init(&wanted, 0);
    if (!expect || !text_unescape(&wanted, expect) || wanted.length == 0) {
        result_set(result, STATE_FAIL, "say in expect what the answer begins with",
                   "nothing is expected, and an open port proves nothing");
        buf_finish(&wanted);
        return;
    }
    result_reach(result, RUNG_CONFIGURED);
    bool open = dial_open(&dial, target.host, target.port, &target.tls, job->deadline,
                          job->cancelled, &error);
    probe_dial(result, &dial);
    if (open) {
        talk(job, &dial, &wanted, result);
    } else {
        result_error(result, &error, "see whether the service runs");
    }
    dial_close(&dial);
    buf_finish(&wanted);
}

const struct check check_tcp = {
    .name = "tcp",
    .title = "TCP",
    .help = "does something answer on a port as its protocol says",
    .section = NULL,
    .period = 25 * CLOCK_SECOND,
    .deadline = 2 * CLOCK_SECOND,
    .ask = ask,
};
