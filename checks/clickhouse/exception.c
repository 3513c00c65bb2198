#include "checks/clickhouse/exception.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 240 }; /* characters of the server's text */

/* The remedy is `verb`, the path of the field where one is to blame, and `more`. */
static const struct known {
    int code;
    bool identity;
    const char *verb, *field, *more;
} all_known[] = {
    {47, false, "see the log of ClickHouse: it lacks a column that was asked for", NULL,
     ""},
    {60, false, "create it (run the migrations), or correct ", "tables", ""},
    {81, false, "create it, or correct ", "database", ""},
    {192, true, "correct ", "user", ""},
    {193, true, "correct at its source: ", "password", ", or the user"},
    {194, true, "set ", "password", ""},
    {516, true, "correct at its source: ", "password", ", or the user"},
    {195, true, "let this machine's address in: networks of the user in ClickHouse", NULL,
     ""},
    {497, false, "grant the user SELECT on what it may not read", NULL, ""},
    {291, false, "let the user use the database: allow_databases of the user", NULL, ""},
    {164, false, "the user's profile is read-only: give it one that may write", NULL, ""},
    {242, false, "the table is read-only: see whether the server reaches its Keeper",
     NULL, ""},
    {252, false, "too many parts: insert in larger batches, and see system.merges", NULL,
     ""},
    {999, false, "see whether Keeper runs, and what it logs", NULL, ""},
    {159, false, "see what keeps ClickHouse busy: system.processes", NULL, ""},
    {202, false, "see what keeps ClickHouse busy: system.processes", NULL, ""},
    {241, false, "ClickHouse is out of memory: see system.processes, or give it more",
     NULL, ""},
    {243, false, "free disk space on the ClickHouse host", NULL, ""},
    {279, false, "see whether the other replicas run: all connections failed", NULL, ""},
};

static const struct known *find_known(int code)
{
    for (size_t i = 0; i < sizeof all_known / sizeof all_known[0]; i++) {
        if (all_known[i].code == code) {
            return &all_known[i];
        }
    }
    return NULL;
}

/* Newer servers say it in a header; 18.16 only as "Code: 60, e.displayText() = …". */
int exception_code(const struct http_reply *reply)
{
    int64_t code = 0;
    if (*reply->wanted && text_integer(reply->wanted, 1, 99999, &code)) {
        return (int)code;
    }
    const char *at = strstr(buf_string(&reply->body), "Code: ");
    long parsed = at ? strtol(at + 6, NULL, 10) : 0;
    return parsed > 0 && parsed < 100000 ? (int)parsed : 0;
}

/* "Code: 60. DB::Exception: Table default.x does not exist. (UNKNOWN_TABLE)
 * (version 24.8…)" and "Code: 60, e.displayText() = DB::Exception: Table default.x
 * doesn't exist., e.what() = …": the sentence in the middle. */
static char *sentence_of(const char *body)
{
    static const char mark[] = "DB::Exception: ";
    static const char *const ends[] = {", e.what()", " (version ", "\n", ": While "};
    const char *from = strstr(body, mark);
    from = from ? from + sizeof mark - 1 : body;
    size_t length = strlen(from);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        const char *end = strstr(from, ends[i]);
        length = end && (size_t)(end - from) < length ? (size_t)(end - from) : length;
    }
    length = length > SHOWN ? SHOWN : length;
    while (length && strchr(" .\r", from[length - 1])) {
        length--;
    }
    return mem_bytes(from, length);
}

/* A native port answers HTTP with "Port 9000 is for clickhouse-client program. You must
 * use port 8123 for HTTP." */
static bool read_native(struct exception *exception, const char *environment,
                        const char *body)
{
    static const char mark[] = "You must use port ";
    const char *at = strstr(body, mark);
    if (!at && !strstr(body, "clickhouse-client program")) {
        return false;
    }
    long port = at ? strtol(at + sizeof mark - 1, NULL, 10) : 0;
    exception->message = mem_text("this is ClickHouse's native port, not its HTTP port");
    exception->remedy =
        port > 0 && port < 65536
            ? mem_format("set environments.%s.clickhouse.http_port to %ld", environment,
                         port)
            : mem_format("correct environments.%s.clickhouse.http_port", environment);
    return true;
}

static void read_known(struct exception *exception, const char *environment,
                       const char *name, const char *body)
{
    const struct known *known = find_known(exception->code);
    char *sentence = sentence_of(body);
    exception->identity = known && known->identity;
    exception->message = mem_format("%s (code %d%s%s)", *sentence ? sentence : "refused",
                                    exception->code, *name ? ", " : "", name);
    exception->remedy = !known ? mem_text("see the log of ClickHouse")
                        : known->field
                            ? mem_format("%senvironments.%s.clickhouse.%s%s", known->verb,
                                         environment, known->field, known->more)
                            : mem_text(known->verb);
    free(sentence);
}

/* Not a word that ClickHouse would say. */
static void read_stranger(struct exception *exception, const struct http_reply *reply)
{
    const char *body = buf_string(&reply->body);
    const char *start = body + strspn(body, " \t\r\n");
    exception->remedy = mem_text(
        "see what listens there: a proxy, a stand-in, another service; correct the port");
    if (reply->status >= 300 && reply->status < 400) {
        exception->message = mem_format("redirects to %.*s (%d) instead of answering",
                                        (int)strcspn(reply->location, "?#"),
                                        reply->location, reply->status);
    } else if (*start == '<' || text_starts(reply->content_type, "text/html")) {
        exception->message = mem_format(
            "answered %d with a web page: this is not ClickHouse", reply->status);
    } else if (reply->status == 200) {
        exception->message = mem_text(
            reply->body.length ? "answered a query with something else than its result"
                               : "answered a query with nothing");
    } else {
        exception->message =
            mem_format("answered %d without a code of ClickHouse", reply->status);
    }
}

void exception_read(struct exception *exception, const char *environment,
                    const struct http_reply *reply)
{
    *exception = (struct exception){.code = exception_code(reply)};
    const char *body = buf_string(&reply->body);
    if (read_native(exception, environment, body)) {
        return;
    }
    if (exception->code) {
        read_known(exception, environment, "", body);
    } else {
        read_stranger(exception, reply);
    }
}

void exception_know(struct exception *exception, const char *environment, int code,
                    const char *name, const char *text)
{
    *exception = (struct exception){.code = code};
    read_known(exception, environment, text_equal(name, "DB::Exception") ? "" : name,
               text);
}

void exception_finish(struct exception *exception)
{
    free(exception->message);
    free(exception->remedy);
    *exception = (struct exception){0};
}
