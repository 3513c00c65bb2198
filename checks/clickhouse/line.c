#include "checks/clickhouse/line.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/clickhouse/exception.h"

#include <stdlib.h>
#include <string.h>

enum { BODY_MAX = 64 * 1024 };

void line_begin(struct line *line, const struct job *job, struct result *result,
                const char *password, bool native)
{
    *line =
        (struct line){.job = job,
                      .result = result,
                      .password = password,
                      .native = native,
                      .target = probe_target(job, native ? "native_port" : "http_port")};
    line->dial.fd = -1;
    chnative_begin(&line->chnative, &line->dial);
    buf_init(&line->rows, BODY_MAX);
}

void line_close(struct line *line)
{
    http_reply_finish(&line->reply);
    chnative_finish(&line->chnative);
    dial_close(&line->dial);
    buf_finish(&line->rows);
}

/* ---- HTTP -----------------------------------------------------------------------------
 */

/* A GET is read-only by itself; what writes is the body of a POST. */
static char *url_of(const struct line *line, const char *query)
{
    const char *host = line->target.host;
    bool six = strchr(host, ':') != NULL;
    struct buf url;
    buf_init(&url, 0);
    buf_format(&url, "%s://%s%s%s:%d/?wait_end_of_query=1&database=",
               line->target.tls.on ? "https" : "http", six ? "[" : "", host,
               six ? "]" : "", line->target.port);
    http_escape(&url, config_text(line->job->section, "database"));
    if (query) {
        buf_text(&url, "&query=");
        http_escape(&url, query);
    }
    return buf_take(&url);
}

/* X-ClickHouse-Summary: {"read_rows":"1",…,"elapsed_ns":"662334"}, whole because of
 * wait_end_of_query; elapsed_ns is of 2023 (clickhouse.com/docs/interfaces/http). */
static int64_t read_inside(const struct http_reply *reply)
{
    struct error error;
    char *header = http_header_of(reply, "X-ClickHouse-Summary");
    json_t *summary = header ? json_parse_reply(header, strlen(header), &error) : NULL;
    const char *digits = json_get_text(summary, "elapsed_ns");
    int64_t elapsed = 0;
    bool known = digits && text_integer(digits, 1, reply->total, &elapsed);
    json_decref(summary);
    free(header);
    return known ? elapsed : 0;
}

static void note_reply(struct line *line)
{
    const struct http_reply *reply = &line->reply;
    if (*reply->address) {
        result_evidence(line->result, "address", "%s", reply->address);
    }
    if (reply->connected) {
        result_reach(line->result, RUNG_REACHABLE);
    }
    probe_phases(line->result, reply);
    line->span = reply->total;
    line->inside = line->inside ? line->inside : read_inside(reply);
}

static const char *ask_http(struct line *line, const char *statement, bool writes)
{
    const struct job *job = line->job;
    const struct http_header headers[] = {
        {"X-ClickHouse-User", config_text(job->section, "user")},
        {"X-ClickHouse-Key", line->password},
    };
    char *url = url_of(line, writes ? NULL : statement);
    struct http_request request = {
        .url = url,
        .headers = headers,
        .header_count = line->password ? 2 : 1,
        .body = writes ? statement : NULL,
        .body_length = writes ? strlen(statement) : 0,
        .content_type = "text/plain",
        .wanted = "X-ClickHouse-Exception-Code",
        .keep_headers = true,
        .tls = &line->target.tls,
        .deadline = job->deadline,
        .cap = BODY_MAX,
        .cancelled = job->cancelled,
    };
    http_reply_finish(&line->reply);
    line->failed = !http_ask(&request, &line->reply, &line->error);
    note_reply(line);
    free(url);
    line->code = line->failed ? 0 : exception_code(&line->reply);
    bool good = !line->failed && line->reply.status == 200 && !*line->reply.wanted;
    return good ? buf_string(&line->reply.body) : NULL;
}

/* ---- native ---------------------------------------------------------------------------
 */

static void note_dial(const struct line *line)
{
    const struct dial *dial = &line->dial;
    const struct phase phases[] = {{"native resolve", dial->resolve},
                                   {"native connect", dial->connect},
                                   {"native tls", dial->tls}};
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++) {
        if (phases[i].span) {
            result_phase(line->result, phases[i].name, phases[i].span);
        }
    }
    if (*dial->address) {
        result_evidence(line->result, "native", "%s", dial->address);
    }
    if (dial->connected) {
        result_reach(line->result, RUNG_REACHABLE);
    }
}

static bool say_hello(struct line *line)
{
    const json_t *section = line->job->section;
    int64_t began = clock_now();
    bool done =
        chnative_hello(&line->chnative, config_text(section, "user"), line->password,
                       config_text(section, "database"), &line->error);
    result_phase(line->result, "native hello", clock_now() - began);
    line->code = line->chnative.code;
    return done;
}

bool line_open(struct line *line)
{
    if (!line->native) {
        return true;
    }
    const struct job *job = line->job;
    bool connected =
        dial_open(&line->dial, line->target.host, line->target.port, &line->target.tls,
                  job->deadline, job->cancelled, &line->error);
    note_dial(line);
    line->failed = !connected || !say_hello(line);
    if (line->failed) {
        line_refuse(line);
        return false;
    }
    result_reach(line->result, RUNG_AUTHENTICATED);
    return true;
}

/* The first statement has a ping before it, in the same write. */
static bool ask_with_ping(struct line *line, const char *statement)
{
    struct chnative *native = &line->chnative;
    bool pings = !line->ping;
    int64_t began = clock_now();
    if (pings) {
        chnative_add_ping(native);
    }
    chnative_add_query(native, statement);
    if (!chnative_send(native, &line->error) ||
        (pings && !chnative_pong(native, &line->error))) {
        return false;
    }
    if (pings) {
        line->ping = clock_now() - began;
        result_phase(line->result, "native ping", line->ping);
    }
    bool done = chnative_rows(native, &line->rows, &line->error);
    line->span = clock_now() - began;
    result_phase(line->result, "native query", line->span);
    return done;
}

static const char *ask_native(struct line *line, const char *statement)
{
    buf_clear(&line->rows);
    line->failed = !ask_with_ping(line, statement);
    line->code = line->failed ? line->chnative.code : 0;
    return line->failed ? NULL : buf_string(&line->rows);
}

/* -----------------------------------------------------------------------------------------
 */

const char *line_ask(struct line *line, const char *statement, bool writes)
{
    line->error = (struct error){0};
    return line->native ? ask_native(line, statement) : ask_http(line, statement, writes);
}

static void read_exception(const struct line *line, struct exception *exception)
{
    const char *environment = line->job->environment->name;
    if (line->native) {
        exception_know(exception, environment, line->code, line->chnative.name,
                       buf_string(&line->chnative.message));
    } else {
        exception_read(exception, environment, &line->reply);
    }
}

void line_refuse(struct line *line)
{
    struct result *result = line->result;
    if (line->native && !line->failed) {
        result_set(result, STATE_FAIL, "see what listens there: a proxy, a stand-in",
                   "answered a query with something else than its result");
        return;
    }
    if (line->failed && !line->code) {
        result_error(result, &line->error, "see whether ClickHouse runs, and its log");
        return;
    }
    struct exception exception;
    read_exception(line, &exception);
    if (exception.code) {
        result_evidence(result, "code", "%d", exception.code);
        result_reach(result, exception.identity ? RUNG_REACHABLE : RUNG_AUTHENTICATED);
    }
    if (!line->native) {
        result_evidence(result, "status", "%d", line->reply.status);
    }
    result_set(result, STATE_FAIL, exception.remedy, "%s", exception.message);
    exception_finish(&exception);
}

char *line_words(const struct line *line)
{
    if (!line->code) {
        return mem_text(line->failed ? line->error.message : "an answer that is none");
    }
    struct exception exception;
    read_exception(line, &exception);
    char *words = mem_text(exception.message);
    exception_finish(&exception);
    return words;
}
