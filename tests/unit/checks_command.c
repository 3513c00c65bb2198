/* What the check of type command promises: it is green only where the command says so in
 * its format and by its exit status, and it ends at the deadline with all it started. */
#include "tests/unit/checks_help.h"

#include "base/json.h"
#include "base/mem.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct result *ask_shell(const char *format, const char *script)
{
    json_t *root = json_pack("{s[{s[sss] ss}]}", "checks", "command", "sh", "-c", script,
                             "format", format);
    char *json = json_compact(root);
    int64_t elapsed = 0;
    struct result *result = ask(find_check("command"), json, "/checks/0", &elapsed);
    assert_true(elapsed <= DEADLINE + LATE_MS * CLOCK_MS);
    json_decref(root);
    free(json);
    return result;
}

struct told {
    const char *name, *script;
    enum state state;
    enum rung rung;
    const char *summary;
};

/* clang-format off */
static const struct told nagios[] = {
    {"nagios status 0 is green", "echo 'DISK OK - 3 GB free'", STATE_OK, RUNG_USABLE,
     "DISK OK - 3 GB free"},
    {"nagios status 1 is a warning", "echo 'DISK WARNING'; exit 1", STATE_WARN,
     RUNG_REACHABLE, "DISK WARNING"},
    {"nagios status 2 is red", "echo 'DISK CRITICAL'; exit 2", STATE_FAIL,
     RUNG_REACHABLE, "DISK CRITICAL"},
    {"nagios status 3 is unknown", "echo 'DISK UNKNOWN'; exit 3", STATE_UNKNOWN,
     RUNG_REACHABLE, "DISK UNKNOWN"},
    {"nagios another status is unknown", "echo OK; exit 4", STATE_UNKNOWN,
     RUNG_REACHABLE, "exited with status 4, and only 0 to 3 mean something: OK"},
    {"nagios a signal is unknown", "echo OK; kill -9 $$", STATE_UNKNOWN, RUNG_REACHABLE,
     "exited with status 137"},
    {"nagios status 0 without a word is not green", "true", STATE_UNKNOWN,
     RUNG_REACHABLE, "exited with status 0 and no word"},
    {"nagios status 0 with figures alone is not green", "echo '| a=1'", STATE_UNKNOWN,
     RUNG_REACHABLE, "no word"},
    {"nagios a NUL byte is not green", "printf 'OK\\0OK'", STATE_UNKNOWN, RUNG_REACHABLE,
     "printed a NUL byte"},
    {"nagios words on stderr are none", "echo OK >&2", STATE_UNKNOWN, RUNG_REACHABLE,
     "no word"},
    {"a command that hangs is red at the deadline", "echo OK; sleep 60", STATE_FAIL,
     RUNG_CONFIGURED, "sh did not end in time"},
    {"a command that leaves its pipe open is red at the deadline",
     "echo OK; sleep 60 & exit 0", STATE_FAIL, RUNG_CONFIGURED, "did not end in time"},
    {"a command without end is red in bounded memory", "while :; do echo OK; done",
     STATE_FAIL, RUNG_CONFIGURED, "printed more than 65536 bytes"},
};

static const struct told objects[] = {
    {"json OK is green", "echo '{\"state\":\"OK\",\"summary\":\"12 jobs\"}'", STATE_OK,
     RUNG_USABLE, "12 jobs"},
    {"json FAIL is red whatever the exit status",
     "echo '{\"state\":\"FAIL\",\"summary\":\"no jobs\",\"remedy\":\"start it\"}'",
     STATE_FAIL, RUNG_REACHABLE, "no jobs"},
    {"json WARN is a warning", "echo '{\"state\":\"WARN\",\"summary\":\"few\"}'; exit 1",
     STATE_WARN, RUNG_REACHABLE, "few"},
    {"json UNKNOWN is unknown", "echo '{\"state\":\"UNKNOWN\",\"summary\":\"no key\"}'",
     STATE_UNKNOWN, RUNG_REACHABLE, "no key"},
    {"json OK with a bad exit status is not green",
     "echo '{\"state\":\"OK\",\"summary\":\"fine\"}'; exit 1", STATE_UNKNOWN,
     RUNG_REACHABLE, "says OK and exits with status 1, which contradict each other"},
    {"json nothing is not green", "true", STATE_UNKNOWN, RUNG_REACHABLE,
     "printed nothing"},
    {"json something behind the object is not green",
     "echo '{\"state\":\"OK\",\"summary\":\"fine\"} done'", STATE_UNKNOWN,
     RUNG_REACHABLE, "end of file expected"},
    {"json two verdicts are not green",
     "echo '{\"state\":\"FAIL\",\"state\":\"OK\",\"summary\":\"fine\"}'", STATE_UNKNOWN,
     RUNG_REACHABLE, "duplicate object key"},
    {"json a state of our own is not green",
     "echo '{\"state\":\"SKIP\",\"summary\":\"fine\"}'", STATE_UNKNOWN, RUNG_REACHABLE,
     "printed \"state\" as SKIP, not as \"OK\", \"WARN\""},
    {"json a state in small letters is not green",
     "echo '{\"state\":\"ok\",\"summary\":\"fine\"}'", STATE_UNKNOWN, RUNG_REACHABLE,
     "printed \"state\" as ok"},
    {"json without a summary is not green", "echo '{\"state\":\"OK\"}'", STATE_UNKNOWN,
     RUNG_REACHABLE, "printed no \"summary\""},
    {"json an empty summary is not green", "echo '{\"state\":\"OK\",\"summary\":\" \"}'",
     STATE_UNKNOWN, RUNG_REACHABLE, "a text that is not empty"},
    {"json an unknown key is not green",
     "echo '{\"state\":\"OK\",\"summary\":\"a\",\"colour\":1}'", STATE_UNKNOWN,
     RUNG_REACHABLE, "unknown key \"colour\""},
    {"json evidence in levels is not green",
     "echo '{\"state\":\"OK\",\"summary\":\"a\",\"evidence\":{\"a\":[]}}'",
     STATE_UNKNOWN, RUNG_REACHABLE, "printed \"evidence\""},
    {"json words are not green", "echo fine", STATE_UNKNOWN, RUNG_REACHABLE,
     "printed no verdict in JSON"},
    {"json a list is not green", "echo '[]'", STATE_UNKNOWN, RUNG_REACHABLE,
     "JSON that is no object"},
};
/* clang-format on */

static void judge(const struct told *row, struct result *result)
{
    assert_contains(result->summary, row->summary);
    assert_int_equal(result->state, row->state);
    assert_int_equal(result->rung, row->rung);
    assert_true(row->state == STATE_OK || (result->remedy && *result->remedy));
    result_destroy(result);
}

static void nagios_row(void **state)
{
    const struct told *row = *state;
    judge(row, ask_shell("nagios", row->script));
}

static void object_row(void **state)
{
    const struct told *row = *state;
    judge(row, ask_shell("json", row->script));
}

static void nagios_figures_and_lines_are_kept(void **state)
{
    (void)state;
    struct result *result =
        ask_shell("nagios", "echo \"LOAD OK | 'load 1'=0.25;1;2;0 time=0.012s;;;\"; "
                            "echo 'core 1: idle'; echo 'core 2: idle | temp=41C'");
    assert_int_equal(result->state, STATE_OK);
    assert_string_equal(result->summary, "LOAD OK");
    assert_string_equal(result_evidence_of(result, "load 1"), "0.25");
    assert_string_equal(result_evidence_of(result, "time"), "0.012s");
    assert_string_equal(result_evidence_of(result, "temp"), "41C");
    assert_true(result->has_figure && result->figure > 0.24 && result->figure < 0.26);
    assert_int_equal(result->note_count, 2);
    assert_string_equal(result->notes[0], "core 1: idle");
    result_destroy(result);
}

static void a_figure_in_seconds_becomes_milliseconds(void **state)
{
    (void)state;
    struct result *result = ask_shell("nagios", "echo 'OK | time=0.012s'");
    assert_true(result->figure > 11.9 && result->figure < 12.1);
    result_destroy(result);
}

static void an_object_gives_its_evidence_notes_and_figure(void **state)
{
    (void)state;
    struct result *result = ask_shell(
        "json", "echo '{\"state\":\"FAIL\",\"summary\":\"s\",\"remedy\":\"mend it\","
                "\"evidence\":{\"jobs\":3,\"queue\":\"mail\",\"up\":true},"
                "\"notes\":[\"one\"],\"figure\":4.5}'");
    assert_string_equal(result->remedy, "mend it");
    assert_string_equal(result_evidence_of(result, "jobs"), "3");
    assert_string_equal(result_evidence_of(result, "queue"), "mail");
    assert_string_equal(result_evidence_of(result, "up"), "true");
    assert_string_equal(result->notes[0], "one");
    assert_true(result->figure > 4.4 && result->figure < 4.6);
    result_destroy(result);
}

static void what_a_command_prints_is_cleaned_in_every_place(void **state)
{
    (void)state;
    struct result *result =
        ask_shell("json", "printf '{\"state\":\"FAIL\",\"summary\":\"a\\\\u001b[2Jb\","
                          "\"evidence\":{\"k\\\\u001b[1m\":\"v\\\\u0007\"},\"notes\":"
                          "[\"n\\\\u202e\"]}'; echo 'e\033[0m' >&2");
    result_seal(result);
    assert_string_equal(result->summary, "a[2Jb");
    assert_string_equal(result_evidence_of(result, "k[1m"), "v");
    assert_string_equal(result->notes[0], "n");
    assert_string_equal(result_evidence_of(result, "stderr"), "e[0m");
    result_destroy(result);
}

static void a_program_that_is_not_there_is_unknown(void **state)
{
    (void)state;
    int64_t elapsed = 0;
    struct result *result =
        ask(find_check("command"),
            "{\"checks\":[{\"command\":[\"/nowhere/plugin\"],\"format\":\"nagios\"}]}",
            "/checks/0", &elapsed);
    assert_int_equal(result->state, STATE_UNKNOWN);
    assert_int_equal(result->rung, RUNG_CONFIGURED);
    assert_contains(result->summary, "no program \"/nowhere/plugin\"");
    result_destroy(result);
}

/* The child that it left in its group says its number before it hangs. */
static void all_that_a_command_started_ends_with_it(void **state)
{
    (void)state;
    char path[] = "/tmp/greenboard-unit-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    char *script = mem_format("sh -c 'echo $$ >%s; exec sleep 60' & wait", path);
    result_destroy(ask_shell("nagios", script));
    char digits[16] = "";
    assert_true(read(fd, digits, sizeof digits - 1) > 0);
    pid_t child = (pid_t)strtol(digits, NULL, 10);
    assert_true(child > 1);
    int64_t until = clock_now() + 10 * CLOCK_SECOND; /* until init has taken it over */
    while (kill(child, 0) == 0 && clock_now() < until) {
        sched_yield();
    }
    assert_int_equal(kill(child, 0), -1);
    assert_int_equal(errno, ESRCH);
    close(fd);
    unlink(path);
    free(script);
}

#define ADD_TOLD(rows, function)                                                         \
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {                          \
        add_test(rows[i].name, function, (const struct row *)(const void *)&rows[i]);    \
    }

void add_command_tests(void)
{
    ADD_TOLD(nagios, nagios_row)
    ADD_TOLD(objects, object_row)
    ADD(nagios_figures_and_lines_are_kept);
    ADD(a_figure_in_seconds_becomes_milliseconds);
    ADD(an_object_gives_its_evidence_notes_and_figure);
    ADD(what_a_command_prints_is_cleaned_in_every_place);
    ADD(a_program_that_is_not_there_is_unknown);
    ADD(all_that_a_command_started_ends_with_it);
}
