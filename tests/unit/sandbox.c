/* What the sandbox promises, as far as no server of somebody else is needed for it. */
#include "tests/unit/sandbox_help.h"
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "sandbox/ask.h"
#include "sandbox/auth.h"
#include "sandbox/backend.h"
#include "sandbox/place.h"
#include "sandbox/sandbox.h"
#include "sandbox/settings.h"
#include "sandbox/standin.h"
#include "secret/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *content(const struct sandbox *sandbox, const char *name)
{
    char *path = fs_join(sandbox->dir, name);
    struct buf text;
    buf_init(&text, 1024);
    bool there = fs_read(path, &text, NULL);
    free(path);
    if (!there) {
        buf_finish(&text);
        return NULL;
    }
    return buf_take(&text);
}

static void assert_content(const struct sandbox *sandbox, const char *name,
                           const char *text)
{
    char *found = content(sandbox, name);
    if (text) {
        assert_non_null(found);
        assert_string_equal(found, text);
    } else {
        assert_null(found);
    }
    free(found);
}

/* ---- asking ---- */

static int log_in(const struct sandbox *sandbox, const char *password, struct buf *out)
{
    char *body =
        mem_format("{\"email\":\"" PROBE_EMAIL "\",\"password\":\"%s\"}", password);
    int status = sandbox_ask(door_port(sandbox->doors, DOOR_AUTH), "POST", "/auth/login",
                             "X-Greenboard-Probe: 1\r\n", body, out);
    free(body);
    return status;
}

static char *token(const struct sandbox *sandbox)
{
    struct buf out;
    assert_int_equal(log_in(sandbox, sandbox->values.probe, &out), 200);
    json_t *reply = json_parse(out.data, out.length, NULL);
    char *text = mem_text(json_get_text(reply, "access_token"));
    assert_non_null(text);
    json_decref(reply);
    buf_finish(&out);
    return text;
}

static int profile(const struct sandbox *sandbox, const char *bearer, struct buf *out)
{
    char *headers = mem_format("Authorization: Bearer %s\r\n", bearer);
    int status = sandbox_ask(door_port(sandbox->doors, DOOR_BACKEND), "GET",
                             "/api/v1/user/profile", headers, NULL, out);
    free(headers);
    return status;
}

static void assert_profile(const struct sandbox *sandbox, const char *bearer, int status,
                           const char *says)
{
    struct buf out;
    assert_int_equal(profile(sandbox, bearer, &out), status);
    assert_non_null(strstr(buf_string(&out), says));
    buf_finish(&out);
}

/* ---- faults ---- */

static void an_unknown_fault_names_the_nearest(void **state)
{
    (void)state;
    enum fault fault = FAULT_COUNT;
    struct error error;
    for (int i = 0; i < FAULT_COUNT; i++) {
        assert_true(fault_named(fault_rows[i].name, &fault, &error));
        assert_int_equal(fault, i);
        assert_true(fault_rows[i].help[0]);
    }
    assert_false(fault_named("redis_dwn", &fault, &error));
    assert_int_equal(error.code, ERROR_USAGE);
    assert_non_null(strstr(error.hint, "redis_down"));
}

static void secret_files_follow_the_faults(void **state)
{
    (void)state;
    struct sandbox *sandbox = sandbox_make();
    char *jwt = mem_format("%s\n", sandbox->values.jwt);
    char *other = mem_format("%s\n", sandbox->values.jwt_other);
    char *shorter = mem_format("%s\n", sandbox->values.jwt_short);
    char *padded = mem_format("%s \n", sandbox->values.jwt);
    const struct {
        enum fault fault;
        const char *canonical, *auth, *backend;
    } rows[] = {
        {FAULT_jwt_mismatch, jwt, jwt, other},
        {FAULT_jwt_short, shorter, shorter, shorter},
        {FAULT_jwt_missing, NULL, jwt, jwt},
        {FAULT_jwt_whitespace, padded, jwt, jwt},
    };
    assert_int_equal(strlen(sandbox->values.jwt), 64);
    assert_int_equal(strlen(sandbox->values.jwt_short), 16);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sandbox_turn(sandbox, rows[i].fault, true);
        assert_content(sandbox, "secrets/canonical/jwt", rows[i].canonical);
        assert_content(sandbox, "secrets/auth/jwt", rows[i].auth);
        assert_content(sandbox, "secrets/backend/jwt", rows[i].backend);
        sandbox_turn(sandbox, rows[i].fault, false);
        assert_content(sandbox, "secrets/canonical/jwt", jwt);
        assert_content(sandbox, "secrets/auth/jwt", jwt);
        assert_content(sandbox, "secrets/backend/jwt", jwt);
    }
    struct stat about;
    char *path = fs_join(sandbox->dir, "secrets/auth/jwt");
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    free(path);
    free(jwt);
    free(other);
    free(shorter);
    free(padded);
    sandbox_unmake(sandbox);
}

static void a_fault_that_could_not_be_made_is_not_on(void **state)
{
    (void)state;
    struct sandbox *sandbox = sandbox_make();
    struct error error;
    char *path = fs_join(sandbox->dir, "secrets");
    char *aside = fs_join(sandbox->dir, "aside");
    assert_int_equal(rename(path, aside), 0);
    int fd = creat(path, 0600); /* a file where the directory was */
    assert_true(fd >= 0);
    close(fd);
    assert_false(fault_switch(sandbox, FAULT_jwt_short, true, &error));
    assert_false(fault_is_on(sandbox, FAULT_jwt_short));
    free(path);
    free(aside);
    sandbox_unmake(sandbox);
}

/* ---- services ---- */

static void a_token_of_auth_is_good_at_the_backend(void **state)
{
    (void)state;
    struct sandbox *sandbox = sandbox_make();
    char *good = token(sandbox);
    assert_profile(sandbox, good, 200, PROBE_EMAIL);
    char *forged = mem_text(good);
    char *turned = strrchr(forged, '.') + 1;
    *turned = *turned == 'A' ? 'B' : 'A';
    assert_profile(sandbox, forged, 401, "Signature verification failed");
    assert_profile(sandbox, "nonsense", 401, "detail");

    sandbox_turn(sandbox, FAULT_email_differs, true);
    struct buf out;
    assert_int_equal(profile(sandbox, good, &out), 200);
    assert_null(strstr(buf_string(&out), PROBE_EMAIL));
    buf_finish(&out);
    sandbox_turn(sandbox, FAULT_email_differs, false);

    sandbox_turn(sandbox, FAULT_backend_accepts_anything, true);
    assert_profile(sandbox, forged, 200, PROBE_EMAIL);
    sandbox_turn(sandbox, FAULT_backend_accepts_anything, false);
    assert_profile(sandbox, forged, 401, "detail");
    free(forged);
    free(good);
    sandbox_unmake(sandbox);
}

static void with_two_secrets_auth_accepts_what_the_backend_rejects(void **state)
{
    (void)state;
    struct sandbox *sandbox = sandbox_make();
    sandbox_turn(sandbox, FAULT_jwt_mismatch, true);
    char *bearer = token(sandbox);
    assert_profile(sandbox, bearer, 401, "Signature verification failed");
    char *body = mem_format("{\"token\":\"%s\",\"token_type\":\"access\"}", bearer);
    struct buf out;
    uint16_t port = door_port(sandbox->doors, DOOR_AUTH);
    assert_int_equal(sandbox_ask(port, "POST", "/auth/validate", "", body, &out), 200);
    assert_non_null(strstr(buf_string(&out), "\"valid\":true"));
    buf_finish(&out);
    assert_int_equal(
        sandbox_ask(port, "POST", "/auth/validate",
                    "X-Service-ID: netra-backend\r\nX-Service-Secret: wrong\r\n", body,
                    &out),
        200);
    assert_non_null(strstr(buf_string(&out), "\"valid\":false"));
    buf_finish(&out);
    free(body);
    free(bearer);
    sandbox_unmake(sandbox);
}

static void a_bad_login_is_401_and_a_bad_body_422(void **state)
{
    (void)state;
    struct sandbox *sandbox = sandbox_make();
    struct buf out;
    assert_int_equal(log_in(sandbox, "wrong", &out), 401);
    buf_finish(&out);
    uint16_t port = door_port(sandbox->doors, DOOR_AUTH);
    assert_int_equal(sandbox_ask(port, "POST", "/auth/login", "", "{\"email\":", &out),
                     422);
    buf_finish(&out);
    assert_int_equal(sandbox_ask(port, "GET", "/auth/login", "", NULL, &out), 405);
    buf_finish(&out);
    assert_int_equal(sandbox_ask(port, "GET", "/nothing", "", NULL, &out), 404);
    buf_finish(&out);
    sandbox_turn(sandbox, FAULT_login_rejected, true);
    assert_int_equal(log_in(sandbox, sandbox->values.probe, &out), 401);
    buf_finish(&out);
    sandbox_unmake(sandbox);
}

static void probes_are_not_counted_as_users(void **state)
{
    (void)state;
    struct sandbox *sandbox = sandbox_make();
    sandbox_turn(sandbox, FAULT_quiet, true);
    struct users_count count;
    struct buf out;
    free(token(sandbox));
    users_count(sandbox, clock_now(), &count);
    assert_int_equal(count.total, 0);
    assert_int_equal(
        sandbox_ask(door_port(sandbox->doors, DOOR_AUTH), "POST", "/auth/login", "",
                    "{\"email\":\"somebody@example.com\",\"password\":\"x\"}", &out),
        401);
    buf_finish(&out);
    users_count(sandbox, clock_now(), &count);
    assert_int_equal(count.total, 1);
    assert_int_equal(count.wrong_password, 1);
    sandbox_unmake(sandbox);
}

static void users_come_as_the_faults_say(void **state)
{
    (void)state;
    struct sandbox *sandbox = sandbox_make();
    struct users_count count;
    int64_t start = clock_now();
    users_count(sandbox, start, &count);
    int64_t before = count.total;
    assert_int_equal(count.good, count.total);
    users_count(sandbox, start + 60 * CLOCK_SECOND, &count);
    assert_in_range(count.total - before, 29, 31);

    sandbox_turn(sandbox, FAULT_rate_low, true);
    users_count(sandbox, clock_now(), &count);
    assert_true(count.total <
                before); /* a restart, as a reader of counters must see it */
    assert_int_equal(count.good * 5, count.total * 4);
    before = count.total;
    sandbox_turn(sandbox, FAULT_rate_low, false);
    users_count(sandbox, clock_now(), &count);
    assert_true(count.total < before);
    assert_int_equal(count.good, count.total);

    sandbox_turn(sandbox, FAULT_negative_tests, true);
    users_count(sandbox, clock_now(), &count);
    assert_int_equal(count.wrong_password, count.total / 2);
    assert_int_equal(count.failed, count.wrong_password);
    sandbox_turn(sandbox, FAULT_quiet, true);
    users_count(sandbox, clock_now(), &count);
    assert_int_equal(count.total, 0);
    sandbox_unmake(sandbox);
}

/* ---- doors ---- */

static int health(const struct sandbox *sandbox)
{
    struct buf out;
    int status = sandbox_ask(door_port(sandbox->doors, DOOR_AUTH), "GET", "/health", "",
                             NULL, &out);
    buf_finish(&out);
    return status;
}

static void a_shut_door_refuses_and_opens_on_the_same_port(void **state)
{
    (void)state;
    struct sandbox *sandbox = sandbox_make();
    uint16_t port = door_port(sandbox->doors, DOOR_AUTH);
    for (int round = 0; round < 20; round++) {
        assert_int_equal(health(sandbox), 200);
        sandbox_turn(sandbox, FAULT_auth_down, true);
        assert_int_equal(health(sandbox), -ERROR_UNREACHABLE);
        sandbox_turn(sandbox, FAULT_auth_down, false);
    }
    assert_int_equal(health(sandbox), 200);
    assert_int_equal(door_port(sandbox->doors, DOOR_AUTH), port);
    sandbox_unmake(sandbox);
}

static void slow_delays_every_answer(void **state)
{
    (void)state;
    struct sandbox *sandbox = sandbox_make();
    sandbox_turn(sandbox, FAULT_slow, true);
    int64_t begun = clock_now();
    assert_int_equal(health(sandbox), 200);
    assert_true(clock_now() - begun >= 150 * CLOCK_MS);
    sandbox_turn(sandbox, FAULT_slow, false);
    sandbox_unmake(sandbox);
}

static void more_than_a_lane_holds_passes_whole(void **state)
{
    (void)state;
    struct sandbox *sandbox = sandbox_make();
    size_t length = 200 * 1000;
    char *body = mem_alloc(length + 1);
    memset(body, 'x', length);
    struct buf out;
    assert_int_equal(sandbox_ask(door_port(sandbox->doors, DOOR_AUTH), "POST",
                                 "/auth/login", "", body, &out),
                     413);
    buf_finish(&out);
    free(body);
    sandbox_unmake(sandbox);
}

/* ---- the stand-in ---- */

static int query(const struct sandbox *sandbox, uint16_t port, const char *password,
                 const char *text, struct buf *out)
{
    (void)sandbox;
    char *headers =
        mem_format("X-ClickHouse-User: default\r\nX-ClickHouse-Key: %s\r\n", password);
    int status =
        sandbox_ask(port, "POST", "/?database=" CLICKHOUSE_DATABASE, headers, text, out);
    free(headers);
    return status;
}

static void assert_query(const struct sandbox *sandbox, uint16_t port, const char *text,
                         int status, const char *says)
{
    struct buf out;
    assert_int_equal(query(sandbox, port, sandbox->values.clickhouse, text, &out),
                     status);
    assert_non_null(strstr(buf_string(&out), says));
    buf_finish(&out);
}

static void the_stand_in_says_what_it_is(void **state)
{
    (void)state;
    struct sandbox *sandbox = sandbox_make();
    int fd = -1;
    uint16_t port = port_reserve(&fd, NULL);
    sandbox->clickhouse.stand_in = standin_start(sandbox, port, NULL);
    assert_non_null(sandbox->clickhouse.stand_in);
    assert_query(sandbox, port, "SELECT version()", 200, "stand-in");
    assert_query(sandbox, port, "SELECT 1", 200, "1\n");
    assert_query(sandbox, port, "SELECT count() FROM events", 200, "5\n");
    assert_query(sandbox, port, "SELECT count() FROM nothing", 404, "Code: 60");
    assert_query(sandbox, port,
                 "SELECT 1, 'word', count() FROM (SELECT 1 AS row FROM `events` LIMIT 1)",
                 200, "1\tword\t1\n");
    assert_query(sandbox, port, "SELECT sleep(3)", 400, "does not know");
    sandbox_turn(sandbox, FAULT_clickhouse_no_table, true);
    assert_query(sandbox, port, "SELECT 1 FROM `netra`.`events` LIMIT 1", 404, "events");
    sandbox_turn(sandbox, FAULT_clickhouse_no_table, false);
    sandbox_turn(sandbox, FAULT_clickhouse_auth, true);
    assert_query(sandbox, port, "SELECT 1", 401, "Code: 193");
    http_stop(sandbox->clickhouse.stand_in);
    close(fd);
    sandbox_unmake(sandbox);
}

/* ---- processes and places ---- */

static struct process sleeper(const char *log)
{
    char *argv[] = {(char[]){"sleep"}, (char[]){"1000"}, NULL};
    struct process_plan plan = {
        .program = "/bin/sleep", .argv = argv, .log = log, .death_signal = SIGKILL};
    struct process process;
    assert_true(process_begin(&plan, &process, NULL));
    return process;
}

static void a_pid_that_somebody_else_has_is_not_touched(void **state)
{
    (void)state;
    struct process process = sleeper(NULL);
    struct process earlier = {.pid = process.pid, .start = process.start - 1};
    assert_true(process_alive(&process));
    assert_false(process_alive(&earlier));
    process_signal(&earlier, SIGKILL);
    siginfo_t info = {0};
    assert_int_equal(waitid(P_PID, (id_t)process.pid, &info, WEXITED | WNOHANG | WNOWAIT),
                     0);
    assert_int_equal(info.si_pid, 0); /* it still runs */
    pid_t pid = process.pid;
    process_end(&process);
    assert_int_equal(process.pid, 0);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
}

static void the_next_start_cleans_up_after_a_killed_one(void **state)
{
    (void)state;
    char base[] = "/tmp/greenboard-unit-XXXXXX";
    assert_non_null(mkdtemp(base));
    setenv("XDG_RUNTIME_DIR", base, 1);
    unsetenv(PLACE_VARIABLE);
    struct error error;
    assert_null(place_find(&error));
    assert_int_equal(error.code, ERROR_ABSENT);

    char *ours = place_create(&error);
    assert_non_null(ours);
    struct stat about;
    assert_int_equal(stat(ours, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0700);
    char *found = place_find(&error);
    assert_string_equal(found, ours);
    free(found);

    /* One whose pid is ours but not its start time: its owner is dead. */
    char *parent = fs_directory(ours);
    char *dead = mem_format("%s/%d-1", parent, (int)getpid());
    assert_int_equal(mkdir(dead, 0700), 0);
    struct process left = sleeper(NULL);
    struct process stranger = sleeper(NULL);
    assert_true(place_record(dead, "redis", &left, &error));
    struct process wrong = {.pid = stranger.pid, .start = stranger.start - 1};
    assert_true(place_record(dead, "clickhouse", &wrong, &error));
    assert_int_equal(place_clean(), 1);
    assert_false(process_alive(&left));
    assert_true(process_alive(&stranger));
    assert_false(fs_exists(dead));
    assert_true(fs_exists(ours));
    assert_int_equal(place_clean(), 0);
    process_end(&left);
    process_end(&stranger);
    fs_remove_tree(base);
    free(dead);
    free(parent);
    free(ours);
}

static void the_settings_have_all_that_staging_demands(void **state)
{
    (void)state;
    struct sandbox *sandbox = sandbox_make();
    struct error error;
    assert_true(settings_write(sandbox, &error));
    char *text = content(sandbox, "greenboard.json");
    char *path = fs_join(sandbox->dir, "greenboard.json");
    struct buf bytes;
    buf_init(&bytes, JSON_SIZE_MAX);
    assert_true(fs_read(path, &bytes, &error));
    json_t *root = json_parse(bytes.data, bytes.length, &error);
    assert_non_null(root);
    static const char *const wanted[] = {"jwt/canonical/0/gcp_secret",
                                         "services/auth/url",
                                         "services/backend/url",
                                         "services/worker/jwt_secret",
                                         "auth_flow/login",
                                         "clickhouse/host",
                                         "redis/host",
                                         "deploy/command/0",
                                         "rollback/command/2"};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        char *pointer = mem_format("/environments/staging/%s", wanted[i]);
        assert_non_null(json_at(root, pointer));
        free(pointer);
    }
    assert_null(
        strstr(buf_string(&bytes), sandbox->values.redis)); /* by file, never literal */
    json_decref(root);
    buf_finish(&bytes);
    free(path);
    free(text);
    sandbox_unmake(sandbox);
}

int main(void)
{
    json_begin();
    keep_begin();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_fault_names_the_nearest),
        cmocka_unit_test(secret_files_follow_the_faults),
        cmocka_unit_test(a_fault_that_could_not_be_made_is_not_on),
        cmocka_unit_test(a_token_of_auth_is_good_at_the_backend),
        cmocka_unit_test(with_two_secrets_auth_accepts_what_the_backend_rejects),
        cmocka_unit_test(a_bad_login_is_401_and_a_bad_body_422),
        cmocka_unit_test(probes_are_not_counted_as_users),
        cmocka_unit_test(users_come_as_the_faults_say),
        cmocka_unit_test(a_shut_door_refuses_and_opens_on_the_same_port),
        cmocka_unit_test(slow_delays_every_answer),
        cmocka_unit_test(more_than_a_lane_holds_passes_whole),
        cmocka_unit_test(the_stand_in_says_what_it_is),
        cmocka_unit_test(a_pid_that_somebody_else_has_is_not_touched),
        cmocka_unit_test(the_next_start_cleans_up_after_a_killed_one),
        cmocka_unit_test(the_settings_have_all_that_staging_demands),
    };
    return unit_run("sandbox", tests);
}
