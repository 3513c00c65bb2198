/* What announcements promise: on disk first, delivered at least once, in nobody's way,
 * and without a secret. */
#include "tests/unit/unit.h"

#include "alert/alerts.h"
#include "alert/courier.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "net/http.h"
#include "secret/keep.h"
#include "secret/mask.h"
#include "store/events.h"
#include "tests/unit/board_help.h"
#include "tests/unit/peer.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OK_REPLY SEND("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

static const int64_t LONG = 20 * CLOCK_SECOND;
static char *home, *url_file, *told_file;
static struct statedir dir;
static struct environment *environment;

static void configure(const char *notify)
{
    char *text = mem_format("{\"notify\": %s}", notify);
    environment_unref(environment);
    environment = make_environment(CLASS_STAGING, text);
    statedir_finish(&dir);
    assert_true(statedir_open(&dir, home, environment, NULL));
    free(text);
}

static void configure_webhook(const char *more)
{
    char *notify = mem_format("{\"deadline\": \"10s\", \"webhook\": {\"url\": {\"file\": "
                              "\"%s\"}, \"format\": \"json\"%s}}",
                              url_file, more);
    configure(notify);
    free(notify);
}

static void configure_command(const char *script, const char *deadline)
{
    json_t *notify = json_pack("{s:s, s:[s, s, s, s]}", "deadline", deadline, "command",
                               "sh", "-c", script, told_file);
    char *text = json_compact(notify);
    configure(text);
    free(text);
    json_decref(notify);
}

static void write_url(const char *url)
{
    assert_true(fs_replace(url_file, url, strlen(url), 0600, NULL));
}

static void lead_to(int port)
{
    char *url = mem_format("http://127.0.0.1:%d/hooks/T0/s3cr3t-path\n", port);
    write_url(url);
    free(url);
}

static int begin(void **state)
{
    (void)state;
    char template[] = "/tmp/greenboard-courier-XXXXXX";
    home = mem_text(mkdtemp(template));
    url_file = fs_join(home, "url");
    told_file = fs_join(home, "told");
    return 0;
}

static int end(void **state)
{
    (void)state;
    environment_unref(environment);
    environment = NULL;
    statedir_finish(&dir);
    fs_remove_tree(home);
    free(url_file);
    free(told_file);
    free(home);
    mask_forget();
    return 0;
}

static void post(enum notice_kind kind, const char *text)
{
    struct error error = {0};
    json_t *facts =
        json_pack("{s:{s:s, s:s}}", "run", "id", "20261123T151000Z-4f2a", "reason", text);
    struct notice notice = {kind, text, facts};
    assert_true(outbox_post(dir.outbox, environment, &notice, &error));
    json_decref(facts);
}

static void list(const struct sink *sink, bool dead, struct letters *letters)
{
    char *directory = sink_directory(sink, dir.outbox);
    assert_true(letters_list(directory, dead, letters, NULL));
    free(directory);
}

static size_t count(const struct sink *sink, bool dead)
{
    struct letters letters;
    list(sink, dead, &letters);
    size_t found = letters.count;
    letters_finish(&letters);
    return found;
}

/* Until a letter was tried, and why it failed. The caller frees. */
static char *wait_for_failure(const struct sink *sink)
{
    int64_t until = clock_now() + LONG;
    while (clock_now() < until) {
        struct letters letters;
        list(sink, false, &letters);
        char *error = letters.count ? mem_text(letters.rows[0].error) : NULL;
        letters_finish(&letters);
        if (error) {
            return error;
        }
        poll(NULL, 0, 5);
    }
    fail_msg("nothing was tried");
    return NULL;
}

/* Every byte of a file of the outbox. */
static void read_letter(struct buf *text)
{
    struct letters letters;
    list(&sink_webhook, false, &letters);
    assert_int_equal(letters.count, 1);
    char *path = mem_format("%s/webhook/%s.json", dir.outbox, letters.rows[0].id);
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_true(fs_read(path, text, NULL));
    letters_finish(&letters);
    free(path);
}

/* ---- what is written ---- */

static void what_waits_is_its_owners_alone_and_holds_no_secret(void **state)
{
    (void)state;
    struct buf text;
    struct secret *secret = secret_create("hunter2-hunter2", 15, NULL);
    mask_publish(&secret, 1);
    configure_webhook("");
    lead_to(1);
    post(NOTICE_STARTED, "it is hunter2-hunter2\033[2J <!channel> & more");
    buf_init(&text, 0);
    read_letter(&text);
    assert_null(strstr(buf_string(&text), "hunter2"));
    assert_null(strstr(buf_string(&text), "s3cr3t-path"));
    assert_null(strstr(buf_string(&text), "\\u001b"));
    assert_non_null(strstr(buf_string(&text),
                           "\"text\":\"it is [masked][2J &lt;!channel&gt; &amp; more\""));
    buf_finish(&text);
    secret_unref(secret);
}

static void a_short_secret_breaks_nothing_around_it(void **state)
{
    (void)state;
    struct letters letters;
    struct secret *secret = secret_create("text", 4, NULL);
    mask_publish(&secret, 1);
    configure_webhook("");
    post(NOTICE_STARTED, "a text");
    list(&sink_webhook, false, &letters);
    const json_t *message = letters.rows[0].message;
    assert_string_equal(json_get_text(message, "text"), "a [masked]");
    assert_string_equal(json_string_value(json_at(message, "/greenboard/kind")),
                        "started");
    letters_finish(&letters);
    secret_unref(secret);
}

static void only_what_is_wanted_is_written_and_only_where_somebody_is_told(void **state)
{
    (void)state;
    configure("{\"on\": [\"refused\"], \"command\": [\"true\"]}");
    post(NOTICE_STARTED, "no");
    assert_int_equal(count(&sink_command, false), 0);
    post(NOTICE_REFUSED, "yes");
    assert_int_equal(count(&sink_command, false), 1);
    assert_int_equal(count(&sink_webhook, false), 0);
    configure("{}");
    assert_false(outbox_wants(environment, NOTICE_REFUSED));
}

static void an_outbox_that_nobody_empties_does_not_grow_for_ever(void **state)
{
    (void)state;
    struct error error = {0};
    struct notice notice = {.kind = NOTICE_STARTED, .text = "once more"};
    configure("{\"command\": [\"true\"]}");
    post(NOTICE_STARTED, "one");
    char *directory = sink_directory(&sink_command, dir.outbox);
    for (int i = 0; i < OUTBOX_MAX - 1; i++) {
        char *path = mem_format("%s/1769861071218-%08x.json", directory, (unsigned)i);
        assert_int_equal(close(creat(path, 0600)), 0);
        free(path);
    }
    assert_false(outbox_post(dir.outbox, environment, &notice, &error));
    assert_int_equal(error.code, ERROR_LIMIT);
    free(directory);
}

/* ---- what is sent ---- */

static void a_webhook_is_given_the_message_once_with_an_id(void **state)
{
    (void)state;
    static const struct peer_step script[] = {READ("\"text\""), OK_REPLY, CLOSE};
    static const struct peer_step *const scripts[] = {script};
    struct peer *peer = peer_start(scripts, 1);
    configure_webhook(", \"headers\": {\"X-Team\": \"ops\"}");
    lead_to(peer_port(peer));
    post(NOTICE_FINISHED, "deploy verified");
    struct courier *courier = courier_create(environment, &dir, true);
    assert_true(courier_destroy(courier, LONG));
    assert_int_equal(count(&sink_webhook, false), 0);
    assert_int_equal(count(&sink_webhook, true), 0);
    assert_int_equal(peer_accepted(peer), 1);
    peer_halt(peer);
    const char *received = peer_received(peer);
    assert_non_null(strstr(received, "POST /hooks/T0/s3cr3t-path HTTP/1.1\r\n"));
    assert_non_null(strstr(received, "X-Team: ops\r\n"));
    assert_non_null(strstr(received, SINK_ID_HEADER ": 1"));
    const char *body = strstr(received, "\r\n\r\n") + 4;
    json_t *message = json_parse(body, strlen(body), NULL);
    assert_string_equal(json_get_text(message, "text"), "deploy verified");
    const char *id = json_string_value(json_at(message, "/greenboard/id"));
    char *line = mem_format(SINK_ID_HEADER ": %s\r\n", id);
    assert_non_null(strstr(received, line));
    assert_string_equal(json_string_value(json_at(message, "/greenboard/kind")),
                        "finished");
    free(line);
    json_decref(message);
    peer_stop(peer);
}

static void slack_is_given_the_text_alone(void **state)
{
    (void)state;
    static const struct peer_step script[] = {READ("}"), OK_REPLY, CLOSE};
    static const struct peer_step *const scripts[] = {script};
    struct peer *peer = peer_start(scripts, 1);
    char *notify = mem_format("{\"deadline\": \"10s\", \"webhook\": {\"url\": {\"file\": "
                              "\"%s\"}, \"format\": \"slack\"}}",
                              url_file);
    configure(notify);
    lead_to(peer_port(peer));
    post(NOTICE_FINISHED, "deploy verified");
    assert_true(courier_destroy(courier_create(environment, &dir, true), LONG));
    peer_halt(peer);
    assert_non_null(
        strstr(peer_received(peer), "\r\n\r\n{\"text\":\"deploy verified\"}"));
    free(notify);
    peer_stop(peer);
}

static void a_command_is_given_the_message_on_its_input(void **state)
{
    (void)state;
    struct buf told;
    configure_command("cat >\"$0\"", "10s");
    post(NOTICE_REFUSED, "not green");
    assert_true(courier_destroy(courier_create(environment, &dir, true), LONG));
    buf_init(&told, 0);
    assert_true(fs_read(told_file, &told, NULL));
    json_t *message = json_parse(buf_string(&told), told.length, NULL);
    assert_string_equal(json_string_value(json_at(message, "/greenboard/text")),
                        "not green");
    json_decref(message);
    buf_finish(&told);
}

static void a_command_that_reads_nothing_is_told_all_the_same(void **state)
{
    (void)state;
    configure_command("exit 0", "10s");
    post(NOTICE_REFUSED, "not green");
    assert_true(courier_destroy(courier_create(environment, &dir, true), LONG));
}

/* ---- what fails ---- */

/* Until the first try failed; the peer is asked no second time before a second passed. */
static void assert_waits(const struct peer_step *script, const char *reason)
{
    const struct peer_step *const scripts[] = {script};
    struct peer *peer = peer_start(scripts, 1);
    lead_to(peer_port(peer));
    post(NOTICE_FINISHED, "deploy verified");
    struct courier *courier = courier_create(environment, &dir, true);
    char *error = wait_for_failure(&sink_webhook);
    assert_false(courier_destroy(courier, 0));
    assert_int_equal(count(&sink_webhook, false), 1);
    if (!strstr(error, reason)) {
        fail_msg("%s, and not %s", error, reason);
    }
    assert_null(strstr(error, "s3cr3t-path"));
    free(error);
    peer_stop(peer);
    char *directory = sink_directory(&sink_webhook, dir.outbox);
    fs_remove_tree(directory);
    free(directory);
}

static void whatever_goes_wrong_it_waits_on_disk_and_says_why(void **state)
{
    (void)state;
    static const struct peer_step broken[] = {
        ASKED, SEND("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"), CLOSE};
    static const struct peer_step gone[] = {
        ASKED, SEND("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"), CLOSE};
    static const struct peer_step moved[] = {
        ASKED,
        SEND("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
             "Content-Length: 0\r\n\r\n"),
        CLOSE};
    static const struct peer_step resets[] = {ASKED, RESET};
    static const struct peer_step page[] = {SEND("I am no web server\r\n\r\n"), CLOSE};
    configure_webhook("");
    assert_waits(broken, "answered 500");
    assert_waits(gone, "answered 404");
    assert_waits(moved, "redirects instead of taking it: 302");
    assert_waits(resets, "the webhook");
    assert_waits(page, "the webhook");
}

static void a_webhook_that_hangs_holds_nobody_up(void **state)
{
    (void)state;
    static const struct peer_step silent[] = {ASKED, STALL};
    static const struct peer_step *const scripts[] = {silent};
    struct peer *peer = peer_start(scripts, 1);
    char *notify = mem_format("{\"deadline\": \"5m\", \"webhook\": {\"url\": {\"file\": "
                              "\"%s\"}}, \"command\": [\"sh\", \"-c\", \"cat >$0\", "
                              "\"%s\"]}",
                              url_file, told_file);
    configure(notify);
    lead_to(peer_port(peer));
    struct courier *courier = courier_create(environment, &dir, true);
    int64_t before = clock_now();
    post(NOTICE_FINISHED, "deploy verified");
    courier_wake(courier);
    struct notice notice = {.kind = NOTICE_ALERT_RAISED, .text = "and another"};
    courier_tell(courier, &notice);
    assert_true(clock_now() - before < 5 * CLOCK_SECOND);
    int64_t until = clock_now() + LONG;
    while ((count(&sink_command, false) > 0 || count(&sink_webhook, false) < 2 ||
            peer_accepted(peer) == 0) &&
           clock_now() < until) {
        poll(NULL, 0, 5); /* the command is told meanwhile, and the second one written */
    }
    assert_int_equal(count(&sink_webhook, false), 2);
    before = clock_now();
    assert_false(courier_destroy(courier, 0));
    assert_true(clock_now() - before < 5 * CLOCK_SECOND);
    assert_int_equal(count(&sink_webhook, false), 2);
    free(notify);
    peer_stop(peer);
}

static void what_one_process_left_the_next_one_delivers(void **state)
{
    (void)state;
    static const struct peer_step script[] = {READ("\"text\""), OK_REPLY, CLOSE};
    static const struct peer_step *const scripts[] = {script};
    configure_webhook("");
    lead_to(peer_free_port());
    post(NOTICE_FINISHED, "deploy verified");
    struct courier *courier = courier_create(environment, &dir, true);
    free(wait_for_failure(&sink_webhook));
    courier_destroy(courier, 0);
    struct peer *peer = peer_start(scripts, 1);
    lead_to(peer_port(peer));
    assert_true(courier_destroy(courier_create(environment, &dir, true), LONG));
    assert_int_equal(peer_accepted(peer), 1);
    assert_int_equal(count(&sink_webhook, false), 0);
    peer_stop(peer);
}

static void one_that_is_refused_does_not_hold_up_the_others(void **state)
{
    (void)state;
    static const struct peer_step refuses[] = {
        ASKED, SEND("HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n"), CLOSE};
    static const struct peer_step takes[] = {ASKED, OK_REPLY, CLOSE};
    static const struct peer_step *const scripts[] = {refuses, takes, takes};
    struct peer *peer = peer_start(scripts, 3);
    configure_webhook("");
    lead_to(peer_port(peer));
    post(NOTICE_FINISHED, "one");
    post(NOTICE_FINISHED, "two");
    assert_true(courier_destroy(courier_create(environment, &dir, true), LONG));
    assert_int_equal(peer_accepted(peer), 3);
    assert_int_equal(count(&sink_webhook, true), 0);
    peer_stop(peer);
}

static void a_secret_url_goes_nowhere_in_plain_text(void **state)
{
    (void)state;
    configure_webhook("");
    write_url("http://hooks.example.com/hooks/T0/s3cr3t-path");
    post(NOTICE_FINISHED, "deploy verified");
    struct courier *courier = courier_create(environment, &dir, true);
    char *error = wait_for_failure(&sink_webhook);
    assert_false(courier_destroy(courier, 0));
    assert_non_null(strstr(error, "in plain text to hooks.example.com"));
    assert_non_null(strstr(error, "use https"));
    assert_null(strstr(error, "s3cr3t-path"));
    free(error);
}

static void a_command_past_its_deadline_is_ended(void **state)
{
    (void)state;
    configure_command("exec sleep 600", "100ms");
    post(NOTICE_FINISHED, "deploy verified");
    struct courier *courier = courier_create(environment, &dir, true);
    char *error = wait_for_failure(&sink_command);
    assert_false(courier_destroy(courier, 0));
    assert_non_null(strstr(error, "notify.command: sh did not end in time"));
    free(error);
}

/* ---- what is given up ---- */

static void age_letters(const struct sink *sink)
{
    struct letters letters;
    char *directory = sink_directory(sink, dir.outbox);
    list(sink, false, &letters);
    for (size_t i = 0; i < letters.count; i++) {
        struct letter old = letters.rows[i];
        assert_true(letter_remove(directory, &old, NULL));
        letter_name(old.id, clock_wall() - INT64_C(25) * 3600 * 1000);
        assert_true(letter_write(directory, &old, NULL));
    }
    letters_finish(&letters);
    free(directory);
}

struct said {
    char *text;
};

static void take_line(void *self, const char *sink, const char *text)
{
    struct said *said = self;
    char *line = mem_format("%s%s %s\n", said->text ? said->text : "", sink, text);
    free(said->text);
    said->text = line;
}

static void after_a_day_it_is_given_up_told_and_kept(void **state)
{
    (void)state;
    struct events events;
    struct entries entries;
    struct said said = {0};
    configure_webhook("");
    lead_to(peer_free_port());
    post(NOTICE_FINISHED, "deploy verified");
    struct courier *courier = courier_create(environment, &dir, true);
    free(wait_for_failure(&sink_webhook));
    courier_destroy(courier, 0);
    outbox_tell(dir.outbox, "20261123T151000Z-4f2a", take_line, &said);
    assert_non_null(strstr(said.text, "webhook finished waits after 1 try: "));
    age_letters(&sink_webhook);
    courier = courier_create(environment, &dir, true);
    assert_true(courier_destroy(courier, LONG));
    assert_int_equal(count(&sink_webhook, false), 0);
    assert_int_equal(count(&sink_webhook, true), 1);
    assert_true(events_open(&events, dir.events, DB_READ, NULL));
    assert_true(events_list(&events,
                            &(struct events_filter){.run = "20261123T151000Z-4f2a"},
                            &entries, NULL));
    assert_int_equal(entries.count, 1);
    assert_string_equal(entries.rows[0].type, "notice.given_up");
    assert_non_null(strstr(entries.rows[0].text, "webhook of finished"));
    entries_finish(&entries);
    events_close(&events);
    outbox_tell(dir.outbox, "20261123T151000Z-4f2a", take_line, &said);
    assert_non_null(strstr(said.text, "webhook finished given up after 1 try: "));
    free(said.text);
    said.text = NULL;
    outbox_tell(dir.outbox, "20261123T151000Z-0000", take_line, &said);
    assert_null(said.text);
}

static void a_file_that_cannot_be_read_blocks_nothing(void **state)
{
    (void)state;
    configure_command("cat >>\"$0\"", "10s");
    post(NOTICE_FINISHED, "deploy verified");
    char *directory = sink_directory(&sink_command, dir.outbox);
    char *path = fs_join(directory, "0000000000001-00000000.json");
    assert_true(fs_replace(path, "{\"half", 6, 0600, NULL));
    assert_true(courier_destroy(courier_create(environment, &dir, true), LONG));
    assert_int_equal(count(&sink_command, false), 0);
    assert_int_equal(count(&sink_command, true), 1);
    assert_true(fs_exists(told_file));
    free(path);
    free(directory);
}

static void of_two_couriers_one_delivers(void **state)
{
    (void)state;
    struct buf told;
    configure_command("cat >>\"$0\"", "10s");
    struct courier *first = courier_create(environment, &dir, true);
    struct courier *second = courier_create(environment, &dir, true);
    struct courier *idle = courier_create(environment, &dir, false);
    for (int i = 0; i < 20; i++) {
        post(NOTICE_FINISHED, "a line");
        courier_wake(first);
        courier_wake(second);
    }
    assert_true(courier_destroy(first, LONG));
    assert_true(courier_destroy(second, LONG));
    courier_destroy(idle, LONG);
    buf_init(&told, 0);
    assert_true(fs_read(told_file, &told, NULL));
    size_t lines = 0;
    for (size_t i = 0; i < told.length; i++) {
        lines += told.data[i] == '\n';
    }
    assert_int_equal(lines, 20);
    buf_finish(&told);
}

static void one_that_does_not_deliver_leaves_it_on_disk(void **state)
{
    (void)state;
    configure_command("cat >\"$0\"", "10s");
    struct courier *courier = courier_create(environment, &dir, false);
    struct notice notice = {.kind = NOTICE_ALERT_RAISED, .text = "an alert"};
    courier_tell(courier, &notice);
    courier_destroy(courier, LONG);
    assert_int_equal(count(&sink_command, false), 1);
    assert_false(fs_exists(told_file));
    assert_true(courier_destroy(courier_create(environment, &dir, true), LONG));
    assert_true(fs_exists(told_file));
}

/* ---- alerts ---- */

static void an_alert_is_announced_when_it_is_raised_and_when_it_is_over(void **state)
{
    (void)state;
    static const struct check check_sync = {
        .name = "jwt_sync", .section = "/jwt", .ask = answer_fine};
    static const struct check *const checks[] = {&check_sync, NULL};
    struct letters letters;
    configure_command("cat >\"$0\"", "10s");
    struct alerts alerts;
    struct board *board = board_create(environment, checks);
    struct courier *courier = courier_create(environment, &dir, false);
    alerts_init(&alerts, board, NULL, "ada@ops-1");
    alerts.courier = courier;
    alerts.writes = true;
    static const enum state states[] = {STATE_FAIL, STATE_FAIL, STATE_OK, STATE_OK};
    for (size_t i = 0; i < 4; i++) {
        struct result *result = result_create();
        result_set(result, states[i], "redeploy the backend", "as it is");
        if (states[i] == STATE_FAIL) {
            result_evidence(result, "mismatch", "backend");
        }
        result->wall = clock_wall();
        board_take(board, &board->lights[0], result);
        alerts_answer(&alerts, &board->lights[0]);
    }
    courier_destroy(courier, LONG);
    list(&sink_command, false, &letters);
    assert_int_equal(letters.count, 2);
    size_t raised = 0;
    for (size_t i = 0; i < letters.count; i++) {
        const json_t *message = letters.rows[i].message;
        const char *kind = json_string_value(json_at(message, "/greenboard/kind"));
        const char *text = json_get_text(message, "text");
        bool raises = strcmp(kind, "alert_raised") == 0;
        raised += raises;
        assert_non_null(strstr(text, raises ? "netra here: jwt.mismatch: JWT secrets "
                                              "differ (backend): redeploy the backend"
                                            : "netra here: jwt.mismatch cleared after"));
        assert_string_equal(
            json_string_value(json_at(message, "/greenboard/alert/alert")),
            "jwt.mismatch");
    }
    assert_int_equal(raised, 1);
    letters_finish(&letters);
    alerts_finish(&alerts);
    board_destroy(board);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    json_begin();
    keep_begin();
    http_begin();
    const struct CMUnitTest tests[] = {
        TEST(what_waits_is_its_owners_alone_and_holds_no_secret),
        TEST(a_short_secret_breaks_nothing_around_it),
        TEST(only_what_is_wanted_is_written_and_only_where_somebody_is_told),
        TEST(an_outbox_that_nobody_empties_does_not_grow_for_ever),
        TEST(a_webhook_is_given_the_message_once_with_an_id),
        TEST(slack_is_given_the_text_alone),
        TEST(a_command_is_given_the_message_on_its_input),
        TEST(a_command_that_reads_nothing_is_told_all_the_same),
        TEST(whatever_goes_wrong_it_waits_on_disk_and_says_why),
        TEST(a_webhook_that_hangs_holds_nobody_up),
        TEST(what_one_process_left_the_next_one_delivers),
        TEST(one_that_is_refused_does_not_hold_up_the_others),
        TEST(a_secret_url_goes_nowhere_in_plain_text),
        TEST(a_command_past_its_deadline_is_ended),
        TEST(after_a_day_it_is_given_up_told_and_kept),
        TEST(a_file_that_cannot_be_read_blocks_nothing),
        TEST(of_two_couriers_one_delivers),
        TEST(one_that_does_not_deliver_leaves_it_on_disk),
        TEST(an_alert_is_announced_when_it_is_raised_and_when_it_is_over),
    };
    return unit_run("courier", tests);
}
