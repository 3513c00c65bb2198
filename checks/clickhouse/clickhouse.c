/* Can ClickHouse be queried, and are the tables there: over HTTP, as our user. /ping is
 * never asked, since it answers anybody. Two questions: SELECT 1, and one that brings
 * version and uptime, a word of ours back (no cache knows it), and reads the configured
 * tables. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/clickhouse/exception.h"
#include "checks/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_MAX = 64 * 1024 };

struct question {
    const struct job *job;
    struct result *result;
    struct probe_target target;
    const char *password; /* or NULL */
};

static char *url_of(const struct question *question, const char *query)
{
    const json_t *section = question->job->section;
    const char *host = question->target.host;
    bool six = strchr(host, ':') != NULL;
    struct buf url;
    buf_init(&url, 0);
    buf_format(&url, "%s://%s%s%s:%d/", question->target.tls.on ? "https" : "http",
               six ? "[" : "", host, six ? "]" : "", question->target.port);
    if (query) {
        buf_text(&url, "?wait_end_of_query=1&database=");
        http_escape(&url, config_text(section, "database"));
        buf_text(&url, "&query=");
        http_escape(&url, query);
    }
    return buf_take(&url);
}

static void note_reply(struct result *result, const struct http_reply *reply)
{
    if (*reply->address) {
        result_evidence(result, "address", "%s", reply->address);
    }
    if (reply->connected) {
        result_reach(result, RUNG_REACHABLE);
    }
    probe_phases(result, reply);
}

/* True where something answered; it is the caller's to judge and to finish. */
static bool put(const struct question *question, const char *query,
                struct http_reply *reply)
{
    const struct job *job = question->job;
    const struct http_header headers[] = {
        {"X-ClickHouse-User", config_text(job->section, "user")},
        {"X-ClickHouse-Key", question->password},
    };
    char *url = url_of(question, query);
    struct http_request request = {
        .url = url,
        .headers = headers,
        .header_count = question->password ? 2 : 1,
        .wanted = "X-ClickHouse-Exception-Code",
        .tls = &question->target.tls,
        .deadline = job->deadline,
        .cap = BODY_MAX,
        .cancelled = job->cancelled,
    };
    struct error error;
    bool done = http_ask(&request, reply, &error);
    note_reply(question->result, reply);
    if (!done) {
        result_error(question->result, &error,
                     "see whether ClickHouse runs, and its log");
    }
    free(url);
    return done;
}

/* The reply is not the result that was asked for: says what it is, and how far we
 * came. */
static void fail_reply(const struct question *question, const struct http_reply *reply)
{
    struct exception exception;
    exception_read(&exception, question->job->environment->name, reply);
    if (exception.code) {
        result_evidence(question->result, "code", "%d", exception.code);
        result_reach(question->result,
                     exception.identity ? RUNG_REACHABLE : RUNG_AUTHENTICATED);
    }
    result_evidence(question->result, "status", "%d", reply->status);
    result_set(question->result, STATE_FAIL, exception.remedy, "%s", exception.message);
    exception_finish(&exception);
}

static bool select_one(const struct question *question)
{
    struct http_reply reply;
    bool good = false;
    if (put(question, "SELECT 1", &reply)) {
        good = reply.status == 200 && strcmp(buf_string(&reply.body), "1\n") == 0;
        if (good) {
            result_reach(question->result, RUNG_AUTHENTICATED);
            result_figure(question->result, clock_ms(reply.total));
        } else {
            fail_reply(question, &reply);
        }
    }
    http_reply_finish(&reply);
    return good;
}

static void add_identifier(struct buf *query, const char *name, size_t length)
{
    buf_text(query, "`");
    for (size_t i = 0; i < length; i++) {
        if (name[i] == '`' || name[i] == '\\') {
            buf_text(query, "\\");
        }
        buf_add(query, &name[i], 1);
    }
    buf_text(query, "`");
}

static void add_table(struct buf *query, const char *table)
{
    const char *dot = strchr(table, '.');
    if (dot) {
        add_identifier(query, table, (size_t)(dot - table));
        buf_text(query, ".");
        table = dot + 1;
    }
    add_identifier(query, table, strlen(table));
}

/* Version, uptime, our word, and how many of the tables hold a row: to count them each is
 * read. */
static char *query_of(const json_t *tables, const char *word)
{
    struct buf query;
    buf_init(&query, 0);
    buf_format(&query, "SELECT version(), uptime(), '%s'", word);
    for (size_t i = 0; i < json_array_size(tables); i++) {
        buf_text(&query, i ? " UNION ALL SELECT 1 AS row FROM "
                           : ", count() FROM (SELECT 1 AS row FROM ");
        add_table(&query, json_string_value(json_array_get(tables, i)));
        buf_text(&query, " LIMIT 1");
    }
    buf_text(&query, json_array_size(tables) ? ")" : "");
    return buf_take(&query);
}

/* One line of TAB-separated fields, cut in place; more or fewer of them are not our
 * reply. */
static bool split(char *line, char **fields, size_t count)
{
    size_t length = strlen(line);
    if (!length || line[length - 1] != '\n') {
        return false;
    }
    line[length - 1] = '\0';
    for (size_t i = 0; i < count; i++) {
        fields[i] = strsep(&line, "\t");
        if (!fields[i] || !*fields[i]) {
            return false;
        }
    }
    return line == NULL;
}

static bool read_facts(const struct question *question, const struct http_reply *reply,
                       const char *word, size_t tables)
{
    char *fields[4] = {NULL};
    char *line = mem_text(buf_string(&reply->body));
    int64_t seconds = 0, filled = 0;
    bool good = split(line, fields, tables ? 4 : 3) && fields[0][0] >= '0' &&
                fields[0][0] <= '9' && text_integer(fields[1], 0, INT32_MAX, &seconds) &&
                strcmp(fields[2], word) == 0 &&
                (!tables || text_integer(fields[3], 0, (int64_t)tables, &filled));
    if (good) {
        result_identity(question->result, "version", "%s", fields[0]);
        probe_uptime(question->result, seconds);
    }
    if (good && tables) {
        result_evidence(question->result, "tables",
                        "%zu readable, %lld of them with rows", tables,
                        (long long)filled);
    }
    free(line);
    return good;
}

static bool select_facts(const struct question *question)
{
    const json_t *tables = json_object_get(question->job->section, "tables");
    char word[PROBE_WORD];
    probe_word(word);
    char *query = query_of(tables, word);
    struct http_reply reply;
    bool good = false;
    if (put(question, query, &reply)) {
        good = reply.status == 200 &&
               read_facts(question, &reply, word, json_array_size(tables));
        if (!good) {
            fail_reply(question, &reply);
        }
    }
    http_reply_finish(&reply);
    free(query);
    return good;
}

static void climb(const struct question *question)
{
    struct result *result = question->result;
    const json_t *section = question->job->section;
    char *url = url_of(question, NULL);
    result_identity(result, "url", "%s", url);
    result_identity(result, "user", "%s", config_text(section, "user"));
    result_identity(result, "database", "%s", config_text(section, "database"));
    result_evidence(result, "asked", "HTTP alone, not the native port %d",
                    (int)config_integer(section, "native_port"));
    free(url);
    if (!select_one(question) || !select_facts(question)) {
        return;
    }
    size_t tables = json_array_size(json_object_get(section, "tables"));
    char span[TEXT_SPAN];
    text_span(span, (int64_t)(result->figure * (double)CLOCK_MS));
    result_reach(result, RUNG_USABLE);
    if (!question->password) {
        result_note(result, "it asks for no password: whoever reaches it may query it");
    }
    if (tables) {
        result_ok(result, "queried in %s, %zu table%s readable, ClickHouse %s", span,
                  tables, tables == 1 ? "" : "s", result_evidence_of(result, "version"));
    } else {
        result_ok(result, "queried in %s, ClickHouse %s", span,
                  result_evidence_of(result, "version"));
        result_note(
            result,
            "no tables are configured: a database without its tables looks green");
    }
}

static void ask(const struct job *job, struct result *result)
{
    const char *password = NULL;
    if (!probe_store(job, result, &password)) {
        return;
    }
    struct question question = {
        .job = job,
        .result = result,
        .target = probe_target(job, "http_port"),
        .password = password,
    };
    climb(&question);
}

const struct check check_clickhouse = {
    .name = "clickhouse",
    .title = "ClickHouse",
    .test = "test_clickhouse_is_accessible",
    .help =
        "can ClickHouse be queried as our user, and are the configured tables readable",
    .section = "/clickhouse",
    .period = 5 * CLOCK_SECOND,
    .deadline = 2 * CLOCK_SECOND,
    .ask = ask,
};
