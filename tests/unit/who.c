/* What the trail promises of who acted, and of heads that were published elsewhere. */
#include "tests/unit/unit.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "secret/keep.h"
#include "secret/mask.h"
#include "store/head.h"
#include "store/who.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *directory, *trail;

static int begin(void **state)
{
    (void)state;
    char place[] = "/tmp/greenboard-who.XXXXXX";
    directory = mem_text(mkdtemp(place));
    trail = fs_join(directory, "events.db");
    unsetenv("SUDO_USER");
    unsetenv("SUDO_UID");
    unsetenv("SSH_CONNECTION");
    return 0;
}

static int end(void **state)
{
    (void)state;
    fs_remove_tree(directory);
    free(directory);
    free(trail);
    return 0;
}

static void append(struct events *events, const char *text, const json_t *who)
{
    struct event event = {
        .kind = EVENT_RUN_ENDED, .operator_name = "ada@ops-1", .text = text, .who = who};
    assert_true(events_append(events, &event, NULL, NULL));
}

static json_t *facts_of(const char *sudo, const char *peer)
{
    setenv("SUDO_USER", sudo, 1);
    setenv("SSH_CONNECTION", peer, 1);
    json_t *who = who_facts();
    unsetenv("SUDO_USER");
    unsetenv("SSH_CONNECTION");
    return who;
}

/* ---- who ---- */

static void every_fact_stands_under_how_sure_it_is_and_no_other(void **state)
{
    (void)state;
    setenv("SUDO_UID", "1234", 1);
    json_t *who = facts_of("bob", "10.1.2.3 50000 10.1.2.4 22");
    assert_string_equal(json_string_value(json_at(who, "/claimed/sudo_user")), "bob");
    assert_string_equal(json_string_value(json_at(who, "/claimed/sudo_uid")), "1234");
    assert_string_equal(json_string_value(json_at(who, "/claimed/ssh_peer")), "10.1.2.3");
    assert_non_null(json_at(who, "/proven/host"));
    for (size_t i = 0; i < WHO_COUNT; i++) {
        bool proven = strcmp(who_rows[i].certainty, WHO_PROVEN) == 0;
        const json_t *other = json_object_get(who, proven ? WHO_CLAIMED : WHO_PROVEN);
        assert_null(json_object_get(other, who_rows[i].key));
    }
    json_decref(who);
}

static void no_variable_changes_what_is_proven(void **state)
{
    (void)state;
    json_t *before = who_facts();
    static const char *const names[] = {"USER",     "LOGNAME",  "SUDO_USER",
                                        "SUDO_UID", "HOSTNAME", "SSH_CONNECTION",
                                        "SSH_TTY"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        setenv(names[i], "mallory", 1);
    }
    json_t *after = who_facts();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        unsetenv(names[i]);
    }
    assert_true(json_equal(json_object_get(before, WHO_PROVEN),
                           json_object_get(after, WHO_PROVEN)));
    const struct passwd *entry = getpwuid(getuid());
    if (entry) {
        assert_string_equal(json_string_value(json_at(after, "/proven/user")),
                            entry->pw_name);
    }
    json_decref(before);
    json_decref(after);
}

static void what_is_claimed_is_fit_to_be_shown(void **state)
{
    (void)state;
    struct buf line;
    json_t *who = facts_of("bo\033[31mb\xff\n", "10.1.2.3 1 2 3");
    buf_init(&line, 0);
    who_show(&line, who);
    assert_non_null(strstr(buf_string(&line), "; claimed: sudo_user bo[31mb?"));
    assert_null(strpbrk(buf_string(&line), "\033\n"));
    assert_non_null(strstr(buf_string(&line), "host "));
    buf_finish(&line);
    json_decref(who);
}

static size_t count_who(struct events *events, const char *who)
{
    struct entries entries;
    assert_true(events_list(events, &(struct events_filter){.who = who}, &entries, NULL));
    size_t count = entries.count;
    entries_finish(&entries);
    return count;
}

static void an_event_is_found_by_any_fact_about_who_it_was(void **state)
{
    (void)state;
    struct events events;
    assert_true(events_open(&events, trail, DB_WRITE, NULL));
    json_t *bob = facts_of("bob", "10.1.2.3 1 2 3");
    json_t *eve = facts_of("eve", "10.9.9.9 1 2 3");
    append(&events, "one", bob);
    append(&events, "two", eve);
    append(&events, "three, which is not by bob", NULL);
    assert_int_equal(count_who(&events, "bob"), 1);
    assert_int_equal(count_who(&events, "10.9.9.9"), 1);
    assert_int_equal(count_who(&events, "ada@"), 3);
    assert_int_equal(count_who(&events, "sudo_user"), 0); /* a key is no fact */
    assert_int_equal(count_who(&events, "carol"), 0);
    json_decref(bob);
    json_decref(eve);
    events_close(&events);
}

static void facts_are_under_the_hash_and_hold_no_secret(void **state)
{
    (void)state;
    struct events events;
    struct entries entries;
    struct secret *secret = secret_create("hunter2-hunter2", 15, NULL);
    json_t *who = facts_of("hunter2-hunter2", "10.1.2.3 1 2 3");
    mask_publish(&secret, 1);
    assert_true(events_open(&events, trail, DB_WRITE, NULL));
    append(&events, "one", who);
    assert_true(events_list(&events, &(struct events_filter){0}, &entries, NULL));
    assert_non_null(strstr(entries.rows[0].data, "\"sudo_user\":\"" MASK_TEXT "\""));
    entries_finish(&entries);
    int64_t count = 0;
    assert_true(events_verify(&events, &count, NULL));
    sqlite3_exec(events.db.handle,
                 "UPDATE event SET data = replace(data, '10.1.2.3', '10.1.2.4')", NULL,
                 NULL, NULL);
    assert_false(events_verify(&events, &count, NULL));
    events_close(&events);
    json_decref(who);
    mask_forget();
    secret_unref(secret);
}

/* ---- heads ---- */

static void fill(struct events *events, int count)
{
    assert_true(events_open(events, trail, DB_WRITE, NULL));
    for (int i = 0; i < count; i++) {
        append(events, "an event", NULL);
    }
}

static void an_end_that_was_cut_off_is_found_by_a_head_alone(void **state)
{
    (void)state;
    struct events events;
    struct error error = {0};
    struct head early, late;
    int64_t count = 0;
    fill(&events, 3);
    assert_true(head_take(&early, &events, NULL));
    append(&events, "the fourth", NULL);
    append(&events, "the fifth", NULL);
    assert_true(head_take(&late, &events, NULL));
    assert_true(head_holds(&early, &events, &error));
    assert_true(head_holds(&late, &events, &error));
    sqlite3_exec(events.db.handle, "DELETE FROM event WHERE seq > 3", NULL, NULL, NULL);
    assert_true(events_verify(&events, &count, &error)); /* the chain cannot tell */
    assert_true(head_holds(&early, &events, &error));
    assert_false(head_holds(&late, &events, &error));
    assert_int_equal(error.code, ERROR_PROTOCOL);
    assert_non_null(strstr(error.message, "ends at event 3, and event 5 was published"));
    append(&events, "another fourth", NULL);
    append(&events, "another fifth", NULL);
    assert_true(events_verify(&events, &count, &error));
    assert_false(head_holds(&late, &events, &error));
    assert_non_null(strstr(error.message, "event 5 is another one"));
    events_close(&events);
}

static void a_head_is_read_as_it_is_printed_and_nothing_else_is(void **state)
{
    (void)state;
    static const char hash[] =
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    static const char *const good[] = {"7:%s", "7 %s", " 7:%s\n", "7: %s",
                                       "{\"seq\": 7, \"hash\": \"%s\"}"};
    static const char *const bad[] = {
        "%s",        ":%s",   "7%s",   "7:",
        "7:%s more", "-7:%s", "7:x%s", "{\"seq\": \"7\", \"hash\": \"%s\"}"};
    struct head head;
    struct error error = {0};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char *text = mem_format("%.*s%s%s", (int)(strstr(good[i], "%s") - good[i]),
                                good[i], hash, strstr(good[i], "%s") + 2);
        char *path = fs_join(directory, "head");
        assert_true(head_parse(&head, text, &error));
        assert_int_equal(head.seq, 7);
        assert_true(fs_replace(path, text, strlen(text), 0600, NULL));
        head = (struct head){0};
        assert_true(head_parse(&head, path, &error));
        assert_string_equal(head.hash, hash);
        free(path);
        free(text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *mark = strstr(bad[i], "%s");
        char *text =
            mark ? mem_format("%.*s%s%s", (int)(mark - bad[i]), bad[i], hash, mark + 2)
                 : mem_text(bad[i]);
        error = (struct error){0};
        assert_false(head_parse(&head, text, &error));
        assert_int_equal(error.code, ERROR_USAGE);
        assert_true(error.hint[0]);
        assert_int_equal(head.hash[0], '\0');
        free(text);
    }
}

int main(void)
{
    json_begin();
    keep_begin();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            every_fact_stands_under_how_sure_it_is_and_no_other, begin, end),
        cmocka_unit_test_setup_teardown(no_variable_changes_what_is_proven, begin, end),
        cmocka_unit_test_setup_teardown(what_is_claimed_is_fit_to_be_shown, begin, end),
        cmocka_unit_test_setup_teardown(an_event_is_found_by_any_fact_about_who_it_was,
                                        begin, end),
        cmocka_unit_test_setup_teardown(facts_are_under_the_hash_and_hold_no_secret,
                                        begin, end),
        cmocka_unit_test_setup_teardown(an_end_that_was_cut_off_is_found_by_a_head_alone,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            a_head_is_read_as_it_is_printed_and_nothing_else_is, begin, end),
    };
    return unit_run("who", tests);
}
