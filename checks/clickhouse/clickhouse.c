/* Can ClickHouse be used as our user, over each protocol whose port is configured.
 *
 * HTTP proves the query: a word of ours comes back and the tables are read, in one
 * request (connect and ask: two round trips, three with TLS). The native port proves
 * hello, login and ping, and asks how the server is doing. Both are asked at the same
 * time, each on a thread. Where only one port is configured, it does all. /ping over HTTP
 * is never asked, since it answers anybody. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/thread.h"
#include "checks/clickhouse/health.h"
#include "checks/clickhouse/usable.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct asking {
    struct line http, native;
    bool has_http, has_native;
    struct health health;
};

/* The native port beside HTTP: login, ping, health. */
static void *ask_second(void *self)
{
    struct asking *asking = self;
    struct line *line = &asking->native;
    if (line_open(line) && health_ask(line, &asking->health)) {
        result_reach(line->result, RUNG_USABLE);
        result_ok(line->result, "native port usable");
    }
    return NULL;
}

static void ask_both(struct asking *asking)
{
    pthread_t thread;
    bool beside = thread_start(&thread, ask_second, asking) == 0;
    usable_ask(&asking->http);
    if (beside) {
        pthread_join(thread, NULL);
    } else {
        ask_second(asking);
    }
}

static void ask_one(struct asking *asking, struct line *line)
{
    if (line_open(line) && usable_ask(line)) {
        health_ask(line, &asking->health);
    }
}

static void take_over(struct result *result, const struct result *from)
{
    for (size_t i = 0; i < from->evidence_count; i++) {
        const struct evidence *evidence = &from->evidence[i];
        (evidence->identity ? result_identity : result_evidence)(result, evidence->key,
                                                                 "%s", evidence->value);
    }
    for (size_t i = 0; i < from->note_count; i++) {
        result_note(result, "%s", from->notes[i]);
    }
    for (size_t i = 0; i < from->phase_count; i++) {
        result_phase(result, from->phases[i].name, from->phases[i].span);
    }
    if (from->has_figure) {
        result_figure(result, from->figure);
    }
}

static void tell_native(const struct line *line)
{
    if (line->ping) {
        char span[TEXT_SPAN];
        text_span(span, line->ping);
        result_evidence(line->result, "ping", "%s", span);
    }
    if (*line->chnative.version) {
        result_evidence(line->result, "native", "%s, ClickHouse %s, revision %llu",
                        line->dial.address, line->chnative.version,
                        (unsigned long long)line->chnative.revision);
    }
}

/* The two ports need not be of one server: a proxy may stand before each. */
static void compare_versions(struct result *result, const struct asking *asking)
{
    const char *http = result_evidence_of(result, "version");
    const char *native = asking->native.chnative.version;
    if (asking->has_http && http && *native && !text_starts(http, native)) {
        result_note(result, "the HTTP port is of ClickHouse %s, the native port of %s",
                    http, native);
    }
}

static void fail_as(struct result *result, const struct result *line, const char *prefix)
{
    result_set(result, line->state, line->remedy, "%s%s", prefix, line->summary);
}

/* Slow is past a threshold as well; an answer that is bad is told before one that is
 * late. */
static void judge_latency(struct asking *asking, struct result *result)
{
    const json_t *section = asking->http.job->section;
    int64_t most = config_span(json_object_get(section, "thresholds"), "latency");
    int64_t inside = asking->http.inside;
    if (most == 0 || !result->has_figure || result->figure <= clock_ms(most)) {
        return;
    }
    char took[TEXT_SPAN], allowed[TEXT_SPAN];
    text_span(took, (int64_t)(result->figure * (double)CLOCK_MS));
    text_span(allowed, most);
    bool outside = inside && (double)inside < result->figure * (double)CLOCK_MS / 2;
    health_tell(&asking->health, result, STATE_WARN,
                mem_format("a query took %s, threshold %s", took, allowed),
                mem_format("%s, or raise thresholds.latency",
                           outside
                               ? "see the way there (a proxy, the network), where most "
                                 "of it was spent"
                               : "see system.processes"));
}

/* How far both came. What broke off after the proof, or takes no writes, is not usable.
 */
static enum rung rung_of(const struct asking *asking, const struct result *main)
{
    const struct result *native = asking->native.result;
    bool both = asking->has_http && asking->has_native;
    bool good = main->state == STATE_OK && (!both || native->state == STATE_OK) &&
                asking->health.state != STATE_FAIL;
    enum rung rung = both && native->rung < main->rung ? native->rung : main->rung;
    return !good && rung == RUNG_USABLE ? RUNG_AUTHENTICATED : rung;
}

static void conclude(struct asking *asking, struct result *result)
{
    struct result *http = asking->http.result, *native = asking->native.result;
    struct result *main = asking->has_http ? http : native;
    bool both = asking->has_http && asking->has_native;
    tell_native(&asking->native);
    take_over(result, main);
    if (both) {
        take_over(result, native);
    }
    compare_versions(result, asking);
    result_reach(result, rung_of(asking, main));
    if (main->state != STATE_OK) {
        fail_as(result, main, "");
        if (both && native->state != STATE_OK) {
            result_evidence(result, "native", "%s", native->summary);
        }
        return;
    }
    if (both && native->state != STATE_OK) {
        fail_as(result, native, "native port: ");
        return;
    }
    result_ok(result, "%s", main->summary);
    if (!asking->http.password && !asking->native.password) {
        result_note(result, "it asks for no password: whoever reaches it may query it");
    }
    judge_latency(asking, result);
    struct health *health = &asking->health;
    if (health->state != STATE_OK && health->more) {
        result_set(result, health->state, health->remedy, "%s, and %zu more",
                   health->summary, health->more);
    } else if (health->state != STATE_OK) {
        result_set(result, health->state, health->remedy, "%s", health->summary);
    }
}

static void tell_asked(const struct asking *asking, struct result *result)
{
    const json_t *section = asking->http.job->section;
    const char *host = config_text(section, "host");
    char *name = strchr(host, ':') ? mem_format("[%s]", host) : mem_text(host);
    bool tls = asking->http.target.tls.on;
    if (asking->has_http) {
        result_identity(result, "url", "%s://%s:%d/", tls ? "https" : "http", name,
                        asking->http.target.port);
    }
    if (asking->has_native) {
        result_identity(result, "native port", "%s:%d%s", name,
                        asking->native.target.port, tls ? " with TLS" : "");
    }
    free(name);
    result_identity(result, "user", "%s", config_text(section, "user"));
    result_identity(result, "database", "%s", config_text(section, "database"));
}

static void ask(const struct job *job, struct result *result)
{
    const char *password = NULL;
    if (!probe_store(job, result, &password)) {
        return;
    }
    struct asking asking = {.has_http = config_integer(job->section, "http_port") > 0,
                            .has_native =
                                config_integer(job->section, "native_port") > 0};
    if (!asking.has_http && !asking.has_native) {
        result_block(result, "config", "both ports of clickhouse are 0: nobody is asked");
        return;
    }
    line_begin(&asking.http, job, result_create(), password, false);
    line_begin(&asking.native, job, result_create(), password, true);
    result_reach(asking.http.result, RUNG_CONFIGURED);
    result_reach(asking.native.result, RUNG_CONFIGURED);
    tell_asked(&asking, result);
    if (asking.has_http && asking.has_native) {
        ask_both(&asking);
    } else {
        ask_one(&asking, asking.has_http ? &asking.http : &asking.native);
    }
    conclude(&asking, result);
    result_destroy(asking.http.result);
    result_destroy(asking.native.result);
    line_close(&asking.http);
    line_close(&asking.native);
    health_finish(&asking.health);
}

const struct check check_clickhouse = {
    .name = "clickhouse",
    .title = "ClickHouse",
    .test = "test_clickhouse_is_accessible",
    .help =
        "can ClickHouse be queried as our user over HTTP and the native protocol, are "
        "the configured tables readable, is the server well",
    .section = "/clickhouse",
    .period = 5 * CLOCK_SECOND,
    .deadline = 2 * CLOCK_SECOND,
    .ask = ask,
};
