#include "sandbox/clickhouse.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "sandbox/ask.h"
#include "sandbox/place.h"
#include "sandbox/sandbox.h"
#include "sandbox/standin.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_MS = 5000, READY_MS = 30000, LOOK_EVERY_MS = 5, REPLY_MAX = 16 * 1024 };

/* Debian's 18.16 wants the root element <yandex>, which later ones still accept. One file
 * for the server with small caches and few threads, one for its users, which it can
 * reload. */
static const char server_xml[] =
    "<?xml version=\"1.0\"?>\n<yandex>\n"
    "  <logger><level>warning</level><log>%s/log</log><errorlog>%s/errors</errorlog>"
    "<size>1M</size><count>1</count></logger>\n"
    "  <listen_host>127.0.0.1</listen_host>\n"
    "  <http_port>%u</http_port>\n  <tcp_port>%u</tcp_port>\n"
    "  <max_connections>128</max_connections>\n"
    "  <max_concurrent_queries>64</max_concurrent_queries>\n"
    "  <keep_alive_timeout>10</keep_alive_timeout>\n"
    "  <uncompressed_cache_size>1048576</uncompressed_cache_size>\n"
    "  <mark_cache_size>5242880</mark_cache_size>\n"
    "  <mlock_executable>false</mlock_executable>\n"
    "  <path>%s/data/</path>\n  <tmp_path>%s/tmp/</tmp_path>\n"
    "  <user_files_path>%s/files/</user_files_path>\n"
    "  <users_config>%s/users.xml</users_config>\n"
    "  <default_profile>default</default_profile>\n"
    "  <default_database>default</default_database>\n"
    "</yandex>\n";

static const char users_xml[] =
    "<?xml version=\"1.0\"?>\n<yandex>\n"
    "  <profiles><default><max_memory_usage>268435456</max_memory_usage>"
    "<background_pool_size>2</background_pool_size>"
    "<background_schedule_pool_size>2</background_schedule_pool_size></default></"
    "profiles>\n"
    "  <quotas><default/></quotas>\n  <users>\n"
    "    <default><password>%s</password><networks><ip>127.0.0.1</ip></networks>"
    "<profile>default</profile><quota>default</quota></default>\n"
    "    <operator><password>%s</password><networks><ip>127.0.0.1</ip></networks>"
    "<profile>default</profile><quota>default</quota></operator>\n"
    "  </users>\n</yandex>\n";

const char *clickhouse_password(const struct sandbox *sandbox)
{
    return fault_is_on(sandbox, FAULT_clickhouse_auth) ? sandbox->values.clickhouse_other
                                                       : sandbox->values.clickhouse;
}

static bool write_file(const struct sandbox *sandbox, const char *name, char *take_text,
                       struct error *error)
{
    char *path = mem_format("%s/clickhouse/%s", sandbox->dir, name);
    bool done = fs_replace(path, take_text, strlen(take_text), 0600, error);
    free(path);
    free(take_text);
    return done;
}

static bool write_users(const struct sandbox *sandbox, struct error *error)
{
    return write_file(sandbox, "users.xml",
                      mem_format(users_xml, clickhouse_password(sandbox),
                                 sandbox->values.operator_password),
                      error);
}

static bool write_config(const struct sandbox *sandbox, struct error *error)
{
    char *home = fs_join(sandbox->dir, "clickhouse");
    static const char *const directories[] = {"data", "tmp", "files"};
    bool done = true;
    for (size_t i = 0; done && i < sizeof directories / sizeof directories[0]; i++) {
        char *path = fs_join(home, directories[i]);
        done = fs_make_dirs(path, error);
        free(path);
    }
    done = done && write_users(sandbox, error) &&
           write_file(sandbox, "config.xml",
                      mem_format(server_xml, home, home, sandbox->clickhouse.http_port,
                                 sandbox->clickhouse.native_port, home, home, home, home),
                      error);
    free(home);
    return done;
}

/* A daemon's directory is often not in a user's PATH. NULL where the system has none. */
static char *find_server(const struct sandbox *sandbox)
{
    static const char *const places[] = {"clickhouse-server",
                                         "/usr/sbin/clickhouse-server",
                                         "/usr/local/sbin/clickhouse-server"};
    char *found = NULL;
    for (size_t i = 0;
         !sandbox->stand_in && !found && i < sizeof places / sizeof places[0]; i++) {
        found = fs_executable(places[i], NULL, NULL);
    }
    return found;
}

static bool start_server(struct sandbox *sandbox, const char *program,
                         struct error *error)
{
    struct clickhouse *clickhouse = &sandbox->clickhouse;
    if (!write_config(sandbox, error)) {
        return false;
    }
    char *config = mem_format("--config-file=%s/clickhouse/config.xml", sandbox->dir);
    char *log = mem_format("%s/clickhouse/output", sandbox->dir);
    char *const argv[] = {(char[]){"clickhouse-server"}, config, NULL};
    struct process_plan plan = {
        .program = program, .argv = argv, .log = log, .death_signal = SIGKILL};
    bool done = process_begin(&plan, &clickhouse->process, error) &&
                place_record(sandbox->dir, "clickhouse", &clickhouse->process, error);
    free(log);
    free(config);
    return done;
}

bool clickhouse_start(struct sandbox *sandbox, struct error *error)
{
    struct clickhouse *clickhouse = &sandbox->clickhouse;
    if (!clickhouse->http_port) {
        clickhouse->since = clock_now();
        clickhouse->http_port = port_reserve(&clickhouse->http_reserved, error);
        clickhouse->native_port = port_reserve(&clickhouse->native_reserved, error);
    }
    if (!clickhouse->http_port || !clickhouse->native_port) {
        return false;
    }
    char *program = find_server(sandbox);
    if (!program) {
        clickhouse->stand_in = standin_start(sandbox, clickhouse->http_port, error);
        return clickhouse->stand_in != NULL;
    }
    bool done = start_server(sandbox, program, error);
    free(program);
    return done;
}

/* As our own account; the answer to a statement is in `out`, less its final newline. */
static bool query(struct sandbox *sandbox, const char *statement, struct buf *out,
                  struct error *error)
{
    char *headers = mem_format("X-ClickHouse-User: operator\r\nX-ClickHouse-Key: %s\r\n",
                               sandbox->values.operator_password);
    struct ask_http ask = {.port = sandbox->clickhouse.http_port,
                           .method = "POST",
                           .target = "/?wait_end_of_query=1",
                           .headers = headers,
                           .body = statement};
    int status = 0;
    bool done = ask_http(&ask, clock_now() + ANSWER_MS * CLOCK_MS, &status, out, error);
    free(headers);
    if (done && status != 200) {
        return error_set(error, ERROR_PROTOCOL, "ClickHouse: %.300s", buf_string(out));
    }
    while (out->length > 0 && out->data[out->length - 1] == '\n') {
        out->data[--out->length] = '\0';
    }
    return done;
}

static bool order(struct sandbox *sandbox, const char *statement, struct error *error)
{
    struct buf out;
    buf_init(&out, REPLY_MAX);
    bool done = query(sandbox, statement, &out, error);
    buf_finish(&out);
    return done;
}

bool clickhouse_answers(struct sandbox *sandbox, struct error *error)
{
    struct clickhouse *clickhouse = &sandbox->clickhouse;
    struct buf out;
    buf_init(&out, sizeof clickhouse->version - 1);
    bool done = query(sandbox, "SELECT version()", &out, error);
    if (done) {
        snprintf(clickhouse->version, sizeof clickhouse->version, "%s", buf_string(&out));
    }
    buf_finish(&out);
    return done;
}

bool clickhouse_fill(struct sandbox *sandbox, struct error *error)
{
    if (sandbox->clickhouse.stand_in) {
        return true; /* it reads the flags */
    }
    if (fault_is_on(sandbox, FAULT_clickhouse_no_table)) {
        return order(sandbox, "CREATE DATABASE IF NOT EXISTS " CLICKHOUSE_DATABASE,
                     error) &&
               order(sandbox,
                     "DROP TABLE IF EXISTS " CLICKHOUSE_DATABASE "." CLICKHOUSE_TABLE,
                     error);
    }
    struct buf out;
    buf_init(&out, REPLY_MAX);
    bool done =
        order(sandbox, "CREATE DATABASE IF NOT EXISTS " CLICKHOUSE_DATABASE, error) &&
        order(sandbox,
              "CREATE TABLE IF NOT EXISTS " CLICKHOUSE_DATABASE "." CLICKHOUSE_TABLE
              " (at DateTime, name String, user UInt32) ENGINE = MergeTree ORDER BY at",
              error) &&
        query(sandbox, "SELECT count() FROM " CLICKHOUSE_DATABASE "." CLICKHOUSE_TABLE,
              &out, error);
    if (done && text_equal(buf_string(&out), "0")) {
        done = order(
            sandbox,
            "INSERT INTO " CLICKHOUSE_DATABASE "." CLICKHOUSE_TABLE
            " SELECT now() - number * 60, 'login', number FROM system.numbers LIMIT 5",
            error);
    }
    buf_finish(&out);
    return done;
}

bool clickhouse_runs(const struct sandbox *sandbox)
{
    return sandbox->clickhouse.stand_in || process_alive(&sandbox->clickhouse.process);
}

static bool wait_until_ready(struct sandbox *sandbox, struct error *error)
{
    int64_t deadline = clock_now() + READY_MS * CLOCK_MS;
    while (!clickhouse_answers(sandbox, error)) {
        if (!clickhouse_runs(sandbox) || clock_left(deadline) == 0) {
            error_prefix(error, "clickhouse-server does not start");
            return false;
        }
        poll(NULL, 0, LOOK_EVERY_MS);
    }
    return true;
}

void clickhouse_stop(struct sandbox *sandbox)
{
    process_end(&sandbox->clickhouse.process);
    http_stop(sandbox->clickhouse.stand_in);
    sandbox->clickhouse.stand_in = NULL;
}

void clickhouse_finish(struct sandbox *sandbox)
{
    if (sandbox->clickhouse.http_port) {
        close(sandbox->clickhouse.http_reserved);
    }
    if (sandbox->clickhouse.native_port) {
        close(sandbox->clickhouse.native_reserved);
    }
}

bool clickhouse_open(struct sandbox *sandbox, struct error *error)
{
    const struct clickhouse *clickhouse = &sandbox->clickhouse;
    return door_open(sandbox->doors, DOOR_CLICKHOUSE_HTTP, clickhouse->http_port,
                     error) &&
           (clickhouse->stand_in || door_open(sandbox->doors, DOOR_CLICKHOUSE_NATIVE,
                                              clickhouse->native_port, error));
}

bool clickhouse_follow(struct sandbox *sandbox, struct error *error)
{
    struct clickhouse *clickhouse = &sandbox->clickhouse;
    if (fault_is_on(sandbox, FAULT_clickhouse_down)) {
        door_shut(sandbox->doors, DOOR_CLICKHOUSE_HTTP);
        door_shut(sandbox->doors, DOOR_CLICKHOUSE_NATIVE);
        clickhouse_stop(sandbox);
        return true;
    }
    if (clickhouse->process.pid == 0 && !clickhouse->stand_in) {
        return clickhouse_start(sandbox, error) && wait_until_ready(sandbox, error) &&
               clickhouse_fill(sandbox, error) && clickhouse_open(sandbox, error);
    }
    bool done = clickhouse->stand_in || (write_users(sandbox, error) &&
                                         order(sandbox, "SYSTEM RELOAD CONFIG", error) &&
                                         clickhouse_fill(sandbox, error));
    door_cut(sandbox->doors,
             DOOR_CLICKHOUSE_HTTP); /* who logged in before stays logged in */
    door_cut(sandbox->doors, DOOR_CLICKHOUSE_NATIVE);
    return done;
}
