/* What the manual promises: it lists each row of each table, so it cannot be out of
 * date. */
#include "tests/unit/unit.h"

#include "alert/outbox.h"
#include "alert/rules.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/checks.h"
#include "cli/cli.h"
#include "config/config.h"
#include "config/fields.h"
#include "man/pages.h"
#include "sandbox/faults.h"
#include "store/who.h"
#include "ui/keys.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct buf filled(const char *mark)
{
    struct buf out;
    buf_init(&out, 0);
    for (size_t i = 0; i < page_mark_count; i++) {
        if (text_equal(page_marks[i].mark, mark)) {
            page_marks[i].fill(&out);
            return out;
        }
    }
    fail_msg("no mark %s", mark);
    return out;
}

static bool lists(const struct buf *page, const char *macro, const char *name)
{
    char *item = mem_format(".It %s %s\n", macro, name);
    bool found = strstr(buf_string(page), item) != NULL;
    free(item);
    return found;
}

static void every_field_is_listed(void **state)
{
    (void)state;
    struct buf page = filled("@FIELDS@");
    for (size_t i = 0; i < field_count; i++) {
        assert_true(lists(&page, "Cm", fields[i].path));
    }
    buf_finish(&page);
}

static void every_fault_is_listed_once(void **state)
{
    (void)state;
    struct buf page = filled("@FAULTS@");
    int count = 0;
    for (const char *at = buf_string(&page); (at = strstr(at, ".It Cm \\&")); at++) {
        count++;
    }
    assert_int_equal(count, FAULT_COUNT);
    buf_finish(&page);
}

static void every_check_is_listed(void **state)
{
    (void)state;
    struct buf page = filled("@CHECKS@");
    for (size_t i = 0; checks_all[i]; i++) {
        char *name = mem_format("\\&%s", checks_all[i]->name);
        assert_true(lists(&page, "Cm", name));
        free(name);
    }
    buf_finish(&page);
}

static void every_alert_is_listed(void **state)
{
    (void)state;
    struct buf page = filled("@ALERTS@");
    for (size_t i = 0; i < ALERT_COUNT; i++) {
        char *name = mem_format("\\&%s", alert_rules[i].name);
        assert_true(lists(&page, "Cm", name));
        assert_non_null(strstr(buf_string(&page), alert_rules[i].check));
        free(name);
    }
    buf_finish(&page);
}

static void every_announcement_is_listed(void **state)
{
    (void)state;
    struct buf page = filled("@NOTICES@");
    for (size_t i = 0; i < NOTICE_COUNT; i++) {
        char *name = mem_format("\\&%s", notice_rows[i].word);
        assert_true(lists(&page, "Cm", name));
        free(name);
    }
    buf_finish(&page);
}

static void every_fact_about_who_it_was_is_listed(void **state)
{
    (void)state;
    struct buf page = filled("@WHO@");
    for (size_t i = 0; i < WHO_COUNT; i++) {
        char *name = mem_format("\\&%s", who_rows[i].key);
        assert_true(lists(&page, "Cm", name));
        free(name);
    }
    buf_finish(&page);
}

/* An alert whose check nobody registered could never be raised. */
static void every_alert_watches_a_check_that_there_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < ALERT_COUNT; i++) {
        bool found = false;
        for (size_t j = 0; checks_all[j]; j++) {
            found = found || text_equal(checks_all[j]->name, alert_rules[i].check);
        }
        assert_true(found);
    }
}

/* config knows these names by heart, since it is below the checks: here both are seen. */
static void no_entry_may_take_the_name_of_a_built_in_check(void **state)
{
    (void)state;
    char path[] = "/tmp/greenboard-unit-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (size_t i = 0; checks_all[i]; i++) {
        char *text = mem_format(
            "{\"version\":1,\"system\":\"s\",\"environments\":{\"test\":{\"services\":{"
            "\"backend\":{\"url\":\"http://127.0.0.1\"}},\"checks\":[{\"type\":"
            "\"health_json\",\"name\":\"%s\",\"service\":\"backend\",\"path\":\"/\","
            "\"expect\":{\"/x\":1}}]}}}",
            checks_all[i]->name);
        assert_true(fs_replace(path, text, strlen(text), 0600, NULL));
        struct config *config = config_load(path);
        assert_int_equal(config_usable(config), checks_all[i]->section == NULL);
        config_destroy(config);
        free(text);
    }
    close(fd);
    unlink(path);
}

/* config knows the types by heart too. */
static void every_check_without_a_section_is_a_type_of_entries(void **state)
{
    (void)state;
    const char *const *types = field_find(FIELD_ENVIRONMENT ".checks[].type")->words;
    size_t known = 0, found = 0;
    for (; types[known]; known++) {
        for (size_t i = 0; checks_all[i]; i++) {
            found +=
                !checks_all[i]->section && text_equal(checks_all[i]->name, types[known]);
        }
    }
    size_t generic = 0;
    for (size_t i = 0; checks_all[i]; i++) {
        generic += !checks_all[i]->section;
    }
    assert_int_equal(found, known);
    assert_int_equal(generic, known);
}

static void every_command_is_listed_with_its_options(void **state)
{
    (void)state;
    struct buf page = filled("@COMMANDS@");
    for (size_t i = 0; i < command_count; i++) {
        char *item = mem_format(".It Ic \\&%s", commands[i].name);
        assert_int_equal(strstr(buf_string(&page), item) != NULL, !commands[i].hidden);
        free(item);
    }
    assert_true(lists(&page, "Fl", "\\-confirm Ar ENV"));
    assert_true(lists(&page, "Fl", "\\-dry-run"));
    buf_finish(&page);
}

static void every_action_with_a_key_is_listed(void **state)
{
    (void)state;
    struct buf page = filled("@KEYS@");
    char *text = mem_text(buf_string(&page));
    for (char *at = text; *at; at++) {
        *at = *at == '\n' ? ' ' : *at; /* the page breaks its lines */
    }
    for (size_t i = 0; i < binding_count; i++) {
        const char *help = action_rows[bindings[i].action].help;
        assert_non_null(strstr(text, help + 1)); /* its first letter is a capital there */
    }
    free(text);
    buf_finish(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_listed),
        cmocka_unit_test(every_fault_is_listed_once),
        cmocka_unit_test(every_check_is_listed),
        cmocka_unit_test(every_alert_is_listed),
        cmocka_unit_test(every_announcement_is_listed),
        cmocka_unit_test(every_fact_about_who_it_was_is_listed),
        cmocka_unit_test(every_alert_watches_a_check_that_there_is),
        cmocka_unit_test(no_entry_may_take_the_name_of_a_built_in_check),
        cmocka_unit_test(every_check_without_a_section_is_a_type_of_entries),
        cmocka_unit_test(every_command_is_listed_with_its_options),
        cmocka_unit_test(every_action_with_a_key_is_listed),
    };
    return unit_run("manual", tests);
}
