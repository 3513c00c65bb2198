/* What the courier promises: what waits in the outbox is delivered at least once, and in
 * nobody's way. */
#include "tests/unit/unit.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "net/http.h"
#include "secret/keep.h"
#include "secret/mask.h"
#include "tests/unit/outbox_help.h"
#include "tests/unit/peer.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define OK_REPLY SEND("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

/* Plays these, one a connection; the webhook leads there. */
static struct peer *be_webhook(const struct peer_step *const *scripts, size_t count)
{
    struct peer *peer = peer_start(scripts, count);
    lead_to(peer_port(peer));
    return peer;
}

/* ---- what is sent ---- */

static void a_webhook_is_given_the_message_once_with_an_id(void **state)
{
    (void)state;
    static const struct peer_step script[] = {READ("\"text\""), OK_REPLY, CLOSE};
    static const struct peer_step *const scripts[] = {script};
    struct peer *peer = be_webhook(scripts, 1);
    configure_webhook(", \"headers\": {\"X-Team\": \"ops\"}");
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
    struct peer *peer = be_webhook(scripts, 1);
    char *notify = mem_format("{\"deadline\": \"10s\", \"webhook\": {\"url\": {\"file\": "
                              "\"%s\"}, \"format\": \"slack\"}}",
                              url_file);
    configure(notify);
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

/* ---- what fails ---- */

/* Until the first try failed; the peer is asked no second time before a second passed. */
static void assert_waits(const struct peer_step *script, const char *reason)
{
    const struct peer_step *const scripts[] = {script};
    struct peer *peer = be_webhook(scripts, 1);
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
    struct peer *peer = be_webhook(scripts, 1);
    char *notify = mem_format("{\"deadline\": \"5m\", \"webhook\": {\"url\": {\"file\": "
                              "\"%s\"}}, \"command\": [\"sh\", \"-c\", \"cat >$0\", "
                              "\"%s\"]}",
                              url_file, told_file);
    configure(notify);
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
    try_in_vain();
    struct peer *peer = be_webhook(scripts, 1);
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
    struct peer *peer = be_webhook(scripts, 3);
    configure_webhook("");
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

static void a_command_that_cannot_be_run_leaves_no_secret_on_disk(void **state)
{
    (void)state;
    struct secret *secret = secret_create("hunter2-hunter2", 15, NULL);
    mask_publish(&secret, 1);
    configure("{\"deadline\": \"10s\", \"command\": [\"/nowhere/hunter2-hunter2\"]}");
    post(NOTICE_FINISHED, "deploy verified");
    struct courier *courier = courier_create(environment, &dir, true);
    char *error = wait_for_failure(&sink_command);
    assert_false(courier_destroy(courier, 0));
    assert_null(strstr(error, "hunter2"));
    assert_non_null(strstr(error, "notify.command: no program \"/nowhere/[masked]\""));
    free(error);
    secret_unref(secret);
}

int main(void)
{
    json_begin();
    keep_begin();
    http_begin();
    const struct CMUnitTest tests[] = {
        OUTBOX_TEST(a_webhook_is_given_the_message_once_with_an_id),
        OUTBOX_TEST(slack_is_given_the_text_alone),
        OUTBOX_TEST(a_command_is_given_the_message_on_its_input),
        OUTBOX_TEST(a_command_that_reads_nothing_is_told_all_the_same),
        OUTBOX_TEST(of_two_couriers_one_delivers),
        OUTBOX_TEST(whatever_goes_wrong_it_waits_on_disk_and_says_why),
        OUTBOX_TEST(a_webhook_that_hangs_holds_nobody_up),
        OUTBOX_TEST(what_one_process_left_the_next_one_delivers),
        OUTBOX_TEST(one_that_is_refused_does_not_hold_up_the_others),
        OUTBOX_TEST(a_secret_url_goes_nowhere_in_plain_text),
        OUTBOX_TEST(a_command_past_its_deadline_is_ended),
        OUTBOX_TEST(a_command_that_cannot_be_run_leaves_no_secret_on_disk),
    };
    return unit_run("courier", tests);
}
