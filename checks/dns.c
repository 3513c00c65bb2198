/* A name has the addresses that are expected, as this machine's resolver finds them: its
 * hosts file counts too, since every program here would go where that says. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/checks.h"
#include "net/resolve.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { LISTED = 300 }; /* characters of addresses that are shown */

static bool has_address(const struct addresses *found, const char *wanted)
{
    union address literal;
    char text[ADDRESS_TEXT], same[ADDRESS_TEXT];
    bool has = false;
    if (resolve_literal(wanted, 0, &literal)) {
        address_host(&literal, same); /* however it is written: "::1", "0:0::1" */
        for (size_t i = 0; i < found->count; i++) {
            address_host(&found->row[i], text);
            has = has || strcmp(text, same) == 0;
        }
    }
    return has;
}

static bool is_listed(const json_t *list, const union address *address)
{
    struct addresses one = {.row = {*address}, .count = 1};
    bool listed = false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        listed = listed || has_address(&one, json_string_value(json_array_get(list, i)));
    }
    return listed;
}

static void list(struct buf *out, const struct addresses *found)
{
    char text[ADDRESS_TEXT];
    for (size_t i = 0; i < found->count; i++) {
        struct addresses before = *found;
        before.count = i;
        address_host(&found->row[i], text);
        if (!has_address(&before, text)) { /* a resolver may say one twice */
            buf_format(out, "%s%s", i ? ", " : "", text);
        }
    }
}

/* Adds "no 192.0.2.1" for each of the list that is not there. */
static void add_missing(struct buf *out, const json_t *wanted,
                        const struct addresses *found)
{
    for (size_t i = 0; i < json_array_size(wanted); i++) {
        const char *address = json_string_value(json_array_get(wanted, i));
        if (!has_address(found, address)) {
            buf_format(out, "%sno %s", out->length ? ", " : "", address);
        }
    }
}

static void add_unexpected(struct buf *out, const json_t *expected,
                           const struct addresses *found)
{
    char text[ADDRESS_TEXT];
    for (size_t i = 0; expected && i < found->count; i++) {
        if (!is_listed(expected, &found->row[i])) {
            address_host(&found->row[i], text);
            buf_format(out, "%s%s is not expected", out->length ? ", " : "", text);
        }
    }
}

static void judge(const struct job *job, const struct addresses *found,
                  struct result *result)
{
    const char *host = config_text(job->section, "host");
    const json_t *expected = json_object_get(job->section, "expect");
    struct buf all, wrong;
    buf_init(&all, LISTED);
    buf_init(&wrong, LISTED);
    list(&all, found);
    add_missing(&wrong, expected, found);
    add_missing(&wrong, json_object_get(job->section, "contains"), found);
    add_unexpected(&wrong, expected, found);
    result_evidence(result, "addresses", "%s", buf_string(&all));
    result_reach(result, RUNG_REACHABLE);
    if (wrong.length) {
        result_set(result, STATE_FAIL,
                   "correct the record, or wait until its old value has expired",
                   "%s is %s: %s", host, buf_string(&all), buf_string(&wrong));
    } else {
        result_reach(result, RUNG_USABLE);
        result_ok(result, "%s is %s", host, buf_string(&all));
    }
    buf_finish(&all);
    buf_finish(&wrong);
}

static void ask(const struct job *job, struct result *result)
{
    const char *host = config_text(job->section, "host");
    const char *record = config_text(job->section, "record");
    const struct wait wait = wait_begin(job->deadline, job->cancelled);
    struct addresses found;
    struct error error = {0};
    result_reach(result, RUNG_CONFIGURED);
    result_evidence(result, "record", "%s", record);
    bool known = resolve_name(host, text_equal(record, "AAAA") ? AF_INET6 : AF_INET,
                              &wait, &found, &error);
    result_phase(result, "resolve", clock_now() - wait.since);
    if (known) {
        result_figure(result, clock_ms(clock_now() - wait.since));
        judge(job, &found, result);
    } else {
        error_prefix(&error, "%s record", record);
        result_error(result, &error, "correct the name, or make the record");
    }
}

const struct check check_dns = {
    .name = "dns",
    .title = "DNS",
    .help = "does a name resolve here, to the addresses that are expected",
    .section = NULL,
    .period = 25 * CLOCK_SECOND,
    .deadline = 2 * CLOCK_SECOND,
    .ask = ask,
};
