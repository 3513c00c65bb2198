#include "sandbox/standin.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "sandbox/sandbox.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NAME_MAX_BYTES = 256, ANSWER_MAX = 4096, ROWS = 5 };

/* As ClickHouse words it: the code in the body, since 18.16 has no header for it. */
static void refuse(struct http_reply *reply, unsigned status, int code, const char *text)
{
    reply->status = status;
    reply->text = mem_format("Code: %d, e.displayText() = DB::Exception: %s, "
                             "e.what() = DB::Exception\n",
                             code, text);
}

static void ping(void *context, const struct http_request *request,
                 struct http_reply *reply)
{
    (void)context;
    (void)request;
    reply->status = 200;
    reply->text = mem_text("Ok.\n");
}

static bool user_is_known(const struct sandbox *sandbox,
                          const struct http_request *request, struct http_reply *reply)
{
    const char *user = http_header(request, "X-ClickHouse-User");
    const char *password = http_header(request, "X-ClickHouse-Key");
    user = user ? user : http_parameter(request, "user");
    password = password ? password : http_parameter(request, "password");
    user = user ? user : "default";
    const char *wanted = text_equal(user, "default") ? clickhouse_password(sandbox)
                         : text_equal(user, "operator")
                             ? sandbox->values.operator_password
                             : NULL;
    if (!wanted) {
        char *text = mem_format("Unknown user %.64s", user);
        refuse(reply, 401, 192, text);
        free(text);
    } else if (!password || !*password) {
        char *text = mem_format("Password required for user %s", user);
        refuse(reply, 401, 194, text);
        free(text);
    } else if (!text_equal(password, wanted)) {
        char *text = mem_format("Wrong password for user %s", user);
        refuse(reply, 401, 193, text);
        free(text);
    }
    return reply->status == 0;
}

/* Cuts the table's name off: db.table, each part plain or in backquotes. NULL where there
 * is none. The caller frees. */
static char *take_table(const char **at)
{
    struct buf name;
    buf_init(&name, NAME_MAX_BYTES);
    const char *end = *at;
    for (; isalnum((unsigned char)*end) || strchr("_.`", *end); end++) {
        if (!*end) {
            break;
        }
        if (*end != '`') {
            buf_add(&name, end, 1);
        }
    }
    *at = end;
    if (!name.length) {
        buf_finish(&name);
        return NULL;
    }
    return buf_take(&name);
}

static bool is_there(const struct sandbox *sandbox, const char *table)
{
    return !fault_is_on(sandbox, FAULT_clickhouse_no_table) &&
           (text_equal(table, CLICKHOUSE_TABLE) ||
            text_equal(table, CLICKHOUSE_DATABASE "." CLICKHOUSE_TABLE));
}

/* Every table behind a FROM; false where one is missing. *count is how many there
 * were. */
static bool read_tables(const struct sandbox *sandbox, const char *from, size_t *count,
                        struct http_reply *reply)
{
    for (const char *at = from; (at = strcasestr(at, "FROM "));) {
        at += strlen("FROM ");
        char *table = take_table(&at);
        bool there = !table || is_there(sandbox, table);
        *count += table != NULL;
        if (!there) {
            char *text = mem_format("Table %s doesn't exist.", table);
            refuse(reply, 404, 60, text);
            free(text);
        }
        free(table);
        if (!there) {
            return false;
        }
    }
    return true;
}

static bool add_call(const struct sandbox *sandbox, const char **at, size_t rows,
                     struct buf *out)
{
    static const char *const calls[] = {"1", "version()", "uptime()", "count()"};
    size_t i = 0;
    size_t known = sizeof calls / sizeof calls[0];
    while (i < known && !text_starts(*at, calls[i])) {
        i++;
    }
    if (i == known) {
        return false;
    }
    *at += strlen(calls[i]);
    int64_t uptime = (clock_now() - sandbox->clickhouse.since) / CLOCK_SECOND;
    return i == 0   ? buf_text(out, "1")
           : i == 1 ? buf_text(out, STANDIN_VERSION)
           : i == 2 ? buf_format(out, "%lld", (long long)uptime)
                    : buf_format(out, "%zu", rows);
}

/* A text, or a call without arguments, which toString() may stand around. */
static bool add_value(const struct sandbox *sandbox, const char **at, size_t rows,
                      struct buf *out)
{
    const char *end = **at == '\'' ? strchr(*at + 1, '\'') : NULL;
    if (end) {
        buf_add(out, *at + 1, (size_t)(end - *at - 1));
        *at = end + 1;
        return true;
    }
    bool wrapped = text_starts(*at, "toString(");
    *at += wrapped ? strlen("toString(") : 0;
    if (!add_call(sandbox, at, rows, out) || (wrapped && **at != ')')) {
        return false;
    }
    *at += wrapped;
    return true;
}

/* One expression of a SELECT; false where it is not known here. */
static bool add_expression(const struct sandbox *sandbox, const char **at, size_t rows,
                           struct buf *out)
{
    if (!text_starts(*at, "concat(")) {
        return add_value(sandbox, at, rows, out);
    }
    *at += strlen("concat(");
    bool known = add_value(sandbox, at, rows, out);
    while (known && **at == ',') {
        *at += 1 + strspn(*at + 1, " ");
        known = add_value(sandbox, at, rows, out);
    }
    known = known && **at == ')';
    *at += known;
    return known;
}

/* A list of expressions and perhaps FROM: what a check asks, and nothing more. */
static void answer_select(const struct sandbox *sandbox, const char *list,
                          struct http_reply *reply)
{
    struct buf out;
    buf_init(&out, ANSWER_MAX);
    size_t tables = 0;
    const char *from = strcasestr(list, " FROM ");
    if (from && !read_tables(sandbox, from, &tables, reply)) {
        return;
    }
    /* A subquery that selects a row of each table, or the rows of one table. */
    size_t rows = from && from[strlen(" FROM ")] == '(' ? tables : ROWS;
    const char *at = list;
    bool known = add_expression(sandbox, &at, rows, &out);
    while (known && *at == ',') {
        at += 1 + strspn(at + 1, " ");
        buf_text(&out, "\t");
        known = add_expression(sandbox, &at, rows, &out);
    }
    if (known && (!*at || at == from)) {
        buf_text(&out, "\n");
        reply->status = 200;
        reply->text = buf_take(&out);
    } else {
        refuse(reply, 400, 62, "The stand-in does not know this query");
    }
    buf_finish(&out);
}

static void query(void *context, const struct http_request *request,
                  struct http_reply *reply)
{
    const struct sandbox *sandbox = context;
    const char *database = http_parameter(request, "database");
    const char *text = http_parameter(request, "query");
    text = text ? text : request->body;
    if (!user_is_known(sandbox, request, reply)) {
        return;
    }
    if (database && !text_equal(database, "default") &&
        !text_equal(database, CLICKHOUSE_DATABASE)) {
        refuse(reply, 404, 81, "Database doesn't exist");
    } else if (strstr(text, " FROM system.columns ")) {
        reply->status = 200; /* no system table is offered here */
        reply->text = mem_text("");
    } else if (strncasecmp(text, "SELECT ", 7) == 0) {
        answer_select(sandbox, text + 7, reply);
    } else {
        refuse(reply, 400, 62, "The stand-in does not know this query");
    }
}

static const struct http_route routes[] = {
    {"GET", "/ping", ping},
    {"GET", "/", query},
    {"POST", "/", query},
    {NULL, NULL, NULL},
};

struct http_server *standin_start(struct sandbox *sandbox, uint16_t port,
                                  struct error *error)
{
    return http_start(routes, sandbox, &port, error);
}
