/* Each secret in one line: what it is for, from where, which version, how old, its
 * fingerprint, and what is wrong with it. The canonical one, and those that services
 * hold, decide; the others are shown, since the same value in two places is a finding.
 *
 * Only what was compared counts. A service whose own secret is not configured, or is
 * read from the very place of the canonical one, leaves the answer unproven. */
#include "cli/secret.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "board/agreement.h"
#include "board/secrets.h"
#include "board/twin.h"
#include "net/http.h"
#include "secret/fingerprint.h"
#include "secret/hygiene.h"
#include "secret/mask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum role { ROLE_CANONICAL, ROLE_SERVICE, ROLE_OTHER };
static const char *const role_words[] = {"canonical", "service", "other"};

struct entry {
    char *name; /* canonical, auth, backend, clickhouse.password */
    enum role role;
    const json_t *source;            /* NULL: not configured */
    const struct resolved *resolved; /* NULL with it */
};

struct report {
    const struct environment *environment;
    struct secrets *secrets;
    struct entry *entries;
    size_t count;
    bool unsafe, unproven;
    struct buf verdict; /* the first thing that is wrong, and what to do */
};

/* ---- which there are ---- */

static void add(struct report *report, char *take_name, enum role role,
                const json_t *source)
{
    report->entries =
        mem_resize(report->entries, (report->count + 1) * sizeof *report->entries);
    report->entries[report->count++] =
        (struct entry){take_name, role, source, secrets_find(report->secrets, source)};
}

static void add_other(struct report *report, const json_t *source)
{
    for (size_t i = 0; i < report->count; i++) {
        if (report->entries[i].source && json_equal(report->entries[i].source, source)) {
            return;
        }
    }
    add(report, twin_place(report->environment, source), ROLE_OTHER, source);
}

static bool is_asked(const char *service)
{
    return text_equal(service, "auth") || text_equal(service, "backend");
}

static void add_all(struct report *report)
{
    const struct environment *environment = report->environment;
    const json_t *services = config_section(environment, "/services");
    add(report, mem_text("canonical"), ROLE_CANONICAL,
        json_object_get(config_section(environment, "/jwt"), "canonical"));
    static const char *const both[] = {"auth", "backend"};
    for (size_t i = 0; i < 2; i++) {
        add(report, mem_text(both[i]), ROLE_SERVICE,
            json_object_get(json_object_get(services, both[i]), "jwt_secret"));
    }
    const char *name;
    json_t *service;
    json_object_foreach((json_t *)(uintptr_t)services, name, service)
    {
        const json_t *source = json_object_get(service, "jwt_secret");
        if (source && !is_asked(name)) {
            add(report, mem_text(name), ROLE_SERVICE, source);
        }
    }
    size_t count = 0;
    const json_t **sources = secrets_sources(environment, &count);
    for (size_t i = 0; i < count; i++) {
        add_other(report, sources[i]);
    }
    free(sources);
}

static const struct secret *value_of(const struct entry *entry)
{
    return entry->resolved && entry->resolved->state == SOURCE_FOUND
               ? entry->resolved->secret
               : NULL;
}

/* ---- what is wrong ---- */

static void object(struct report *report, bool unsafe, const char *remedy,
                   const char *name, const char *finding)
{
    if (!report->unsafe && (unsafe || !report->unproven)) {
        buf_clear(&report->verdict);
        buf_format(&report->verdict, "%s %s: %s", name, finding, remedy);
    }
    report->unsafe = report->unsafe || unsafe;
    report->unproven = report->unproven || !unsafe;
}

/* Length and entropy are demanded of what signs tokens; passwords have rules of their
 * own. */
static bool applies(const struct hygiene_rule *rule, const struct entry *entry)
{
    return entry->role != ROLE_OTHER ||
           (rule->fails && !text_equal(rule->name, "length"));
}

static void judge_canonical(struct report *report, const struct entry *entry)
{
    const struct secret *secret = value_of(entry);
    if (!entry->resolved) {
        object(report, env_class_demands(report->environment->env_class),
               "say where it is kept in jwt.canonical", "jwt", "is not configured");
    } else if (!secret) {
        const struct error *why = &entry->resolved->error;
        object(report, why->code != ERROR_SYSTEM,
               why->hint[0] ? why->hint : "put it where jwt.canonical looks for it",
               "the canonical secret", "is not to be had: JWT_SECRET_KEY REQUIRED");
    } else {
        const struct hygiene_rule *failure = hygiene_failure(secret);
        if (failure) {
            object(report, true, failure->remedy, "the canonical secret",
                   failure->finding);
        }
    }
}

/* Who else keeps it in Secret Manager says how the secret is called there. */
static const struct entry *reference_of(const struct report *report)
{
    for (size_t i = 0; i < report->count && report->entries[i].role != ROLE_OTHER; i++) {
        const struct resolved *resolved = report->entries[i].resolved;
        if (resolved && resolved->vault) {
            return &report->entries[i];
        }
    }
    return NULL;
}

static void add_finding(json_t *list, const char *rule, bool fails, const char *finding,
                        const char *remedy)
{
    json_array_append_new(list,
                          json_pack("{s:s, s:b, s:s, s:s}", "rule", rule, "fails",
                                    (int)fails, "finding", finding, "remedy", remedy));
}

static struct holder holder_of(const struct entry *entry)
{
    return (struct holder){entry->name, entry->source, entry->resolved};
}

static void compare_service(struct report *report, const struct entry *entry,
                            json_t *list)
{
    const struct entry *right = reference_of(report);
    const struct holder canonical = holder_of(&report->entries[0]);
    const struct holder reference = right ? holder_of(right) : (struct holder){0};
    const struct holder holder = holder_of(entry);
    struct agreement agreement;
    agreement_judge(&canonical, right ? &reference : NULL, &holder, &agreement);
    if (agreement.finding) {
        bool unproven = agreement.unproven || agreement.kind == AGREEMENT_ITSELF;
        object(report, !unproven, agreement.remedy, entry->name, agreement.finding);
        add_finding(list, "sync", true, agreement.finding, agreement.remedy);
    }
    agreement_finish(&agreement);
}

static void judge_service(struct report *report, const struct entry *entry, json_t *list)
{
    if (!entry->resolved) {
        const char *finding = "is not compared: nothing says where its secret is kept";
        const char *remedy = "set services.NAME.jwt_secret, or see jwt_sync";
        object(report, false, remedy, entry->name, finding);
        add_finding(list, "sync", true, finding, remedy);
    } else if (value_of(&report->entries[0])) {
        compare_service(report, entry, list);
    } else {
        add_finding(list, "sync", true, "there is no canonical secret to compare it with",
                    "see the canonical secret first");
    }
}

/* Judges one, and lists what is wrong with it. */
static json_t *list_findings(struct report *report, const struct entry *entry)
{
    json_t *list = json_array();
    const struct secret *secret = value_of(entry);
    if (entry->role == ROLE_CANONICAL) {
        judge_canonical(report, entry);
    } else if (entry->role == ROLE_SERVICE) {
        judge_service(report, entry, list);
    }
    for (size_t i = 0; secret && i < hygiene_rule_count; i++) {
        const struct hygiene_rule *rule = &hygiene_rules[i];
        if (applies(rule, entry) && hygiene_broken(rule, secret)) {
            add_finding(list, rule->name, rule->fails, rule->finding, rule->remedy);
        }
    }
    const struct hygiene_rule *shared = hygiene_shared();
    char *twin = entry->role == ROLE_SERVICE
                     ? NULL
                     : twin_find(report->environment, report->secrets, entry->source);
    if (twin) {
        char *same = mem_format("%s %s", shared->finding, twin);
        add_finding(list, shared->name, shared->fails, same, shared->remedy);
        free(same);
    }
    free(twin);
    return list;
}

/* ---- told ---- */

static void describe_value(const struct resolved *resolved, json_t *out)
{
    char fingerprint[FINGERPRINT], stamp[CLOCK_STAMP];
    fingerprint_show(fingerprint, resolved->secret);
    json_object_set_new(out, "fingerprint", json_string(fingerprint));
    json_object_set_new(out, "bytes",
                        json_integer((json_int_t)secret_length(resolved->secret)));
    if (resolved->version) {
        json_object_set_new(out, "version", json_string(resolved->version));
    }
    if (resolved->created) {
        clock_stamp(stamp, resolved->created);
        json_object_set_new(out, "created", json_string(stamp));
        json_object_set_new(out, "age_s",
                            json_integer((clock_wall() - resolved->created) / 1000));
    }
}

static json_t *describe(struct report *report, const struct entry *entry)
{
    static const char *const states[] = {"found", "absent", "broken"};
    const struct resolved *resolved = entry->resolved;
    json_t *out = json_pack("{s:s, s:s, s:s, s:s?, s:o}", "name", entry->name, "role",
                            role_words[entry->role], "state",
                            resolved ? states[resolved->state] : "not configured",
                            "source", resolved ? resolved->label : NULL, "findings",
                            list_findings(report, entry));
    if (resolved && value_of(entry)) {
        describe_value(resolved, out);
    } else if (resolved) {
        json_object_set_new(out, "error", json_string(resolved->error.message));
    }
    if (resolved && resolved->tried && *resolved->tried) {
        json_object_set_new(out, "passed_over", json_string(resolved->tried));
    }
    return out;
}

static void tell_line(const json_t *line, struct buf *out)
{
    char age[TEXT_SPAN] = "";
    const json_t *seconds = json_object_get(line, "age_s");
    const char *source = json_get_text(line, "source");
    const char *version = json_get_text(line, "version");
    const char *error = json_get_text(line, "error");
    const char *passed_over = json_get_text(line, "passed_over");
    if (seconds) {
        int64_t old = json_integer_value(seconds);
        text_span(age, (old > 1 ? old : 1) * CLOCK_SECOND);
    }
    const char *fingerprint = json_get_text(line, "fingerprint");
    buf_format(out, "%-12s  %s  %s%s%s%s%s%s%s\n", fingerprint ? fingerprint : "-",
               json_get_text(line, "name"), source ? source : "not configured",
               version ? ", version " : "", version ? version : "", seconds ? ", " : "",
               age, seconds ? " old" : "", error ? ":" : "");
    if (error) {
        buf_format(out, "                %s\n", error);
    }
    if (passed_over) {
        buf_format(out, "                passed over: %s\n", passed_over);
    }
    size_t i;
    json_t *finding;
    json_array_foreach(json_object_get(line, "findings"), i, finding)
    {
        buf_format(out, "                %s%s\n",
                   json_is_true(json_object_get(finding, "fails")) ? "" : "note: ",
                   json_get_text(finding, "finding"));
    }
}

static void tell(const struct report *report, const json_t *document, struct buf *out)
{
    size_t i;
    json_t *line;
    json_array_foreach(json_object_get(document, "secrets"), i, line)
    {
        tell_line(line, out);
    }
    buf_format(out, "%s\n", buf_string(&report->verdict));
}

static int status_of(const struct report *report)
{
    return report->unsafe ? EXIT_UNSAFE : report->unproven ? EXIT_UNPROVEN : EXIT_GO;
}

/* Nothing here holds a value; the mask is behind that, not instead of it. */
static void print(struct report *report, enum output output)
{
    json_t *list = json_array();
    for (size_t i = 0; i < report->count; i++) {
        json_array_append_new(list, describe(report, &report->entries[i]));
    }
    if (status_of(report) == EXIT_GO) {
        buf_text(&report->verdict, "canonical, auth and backend hold the same secret");
    }
    json_t *document = json_pack(
        "{s:s, s:s, s:b, s:s, s:o}", "system", report->environment->system, "environment",
        report->environment->name, "agree", status_of(report) == EXIT_GO, "verdict",
        buf_string(&report->verdict), "secrets", list);
    struct buf text;
    buf_init(&text, 0);
    if (output == OUTPUT_JSON) {
        char *pretty = json_pretty(document);
        buf_format(&text, "%s\n", pretty);
        free(pretty);
    } else {
        tell(report, document, &text);
    }
    mask_buf(&text);
    fputs(buf_string(&text), stdout);
    buf_finish(&text);
    json_decref(document);
}

int secret_check(const struct cli *cli, enum output output)
{
    struct report report = {.environment = cli->environment};
    http_begin();
    report.secrets = secrets_resolve(cli->environment, clock_now() + SECRET_PATIENCE);
    secrets_publish(report.secrets);
    buf_init(&report.verdict, 0);
    add_all(&report);
    print(&report, output);
    int status = status_of(&report);
    for (size_t i = 0; i < report.count; i++) {
        free(report.entries[i].name);
    }
    free(report.entries);
    buf_finish(&report.verdict);
    secrets_unref(report.secrets);
    return status;
}
