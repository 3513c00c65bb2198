/* What the outbox promises: an announcement is on disk first, for its owner alone and
 * without a secret, and stays there until it was told or given up. */
#include "tests/unit/unit.h"

#include "alert/alerts.h"
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
#include "tests/unit/outbox_help.h"
#include "tests/unit/peer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what is written ---- */

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

/* ---- what stays ---- */

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
    try_in_vain();
    outbox_tell(dir.outbox, "20261123T151000Z-4f2a", take_line, &said);
    assert_non_null(strstr(said.text, "webhook finished waits after 1 try: "));
    age_letters(&sink_webhook);
    struct courier *courier = courier_create(environment, &dir, true);
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

int main(void)
{
    json_begin();
    keep_begin();
    http_begin();
    const struct CMUnitTest tests[] = {
        OUTBOX_TEST(what_waits_is_its_owners_alone_and_holds_no_secret),
        OUTBOX_TEST(a_short_secret_breaks_nothing_around_it),
        OUTBOX_TEST(only_what_is_wanted_is_written_and_only_where_somebody_is_told),
        OUTBOX_TEST(an_outbox_that_nobody_empties_does_not_grow_for_ever),
        OUTBOX_TEST(after_a_day_it_is_given_up_told_and_kept),
        OUTBOX_TEST(a_file_that_cannot_be_read_blocks_nothing),
        OUTBOX_TEST(one_that_does_not_deliver_leaves_it_on_disk),
        OUTBOX_TEST(an_alert_is_announced_when_it_is_raised_and_when_it_is_over),
    };
    return unit_run("outbox", tests);
}
