#include "sandbox/standin.h"

#include "base/mem.h"
#include "base/text.h"
#include "sandbox/sandbox.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* The last word of a query about a table, less quotes and a database of ours. */
static bool names_our_table(const char *query)
{
    const char *at = strcasestr(query, CLICKHOUSE_TABLE);
    if (!at) {
        return false;
    }
    char after = at[strlen(CLICKHOUSE_TABLE)];
    char before = at == query ? ' ' : at[-1];
    return !isalnum((unsigned char)after) && after != '_' &&
           !isalnum((unsigned char)before) && before != '_';
}

static void about_table(const struct sandbox *sandbox, const char *query,
                        struct http_reply *reply)
{
    bool there =
        names_our_table(query) && !fault_is_on(sandbox, FAULT_clickhouse_no_table);
    reply->status = 200;
    if (strncasecmp(query, "EXISTS", 6) == 0) {
        reply->text = mem_text(there ? "1\n" : "0\n");
    } else if (there) {
        reply->text = mem_text("5\n");
    } else {
        refuse(reply, 404, 60, "Table doesn't exist.");
    }
}

static void query(void *context, const struct http_request *request,
                  struct http_reply *reply)
{
    static const struct {
        const char *query, *answer;
    } known[] = {
        {"SELECT 1", "1\n"},
        {"SELECT version()", "stand-in\n"},
        {"SELECT uptime()", "1\n"},
    };
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
        return;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcasecmp(text, known[i].query) == 0) {
            reply->status = 200;
            reply->text = mem_text(known[i].answer);
            return;
        }
    }
    if (strncasecmp(text, "EXISTS", 6) == 0 || strcasestr(text, " FROM ")) {
        about_table(sandbox, text, reply);
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
