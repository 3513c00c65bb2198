#include "run/plan.h"

#include "base/clock.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "config/route.h"
#include "board/asking.h"
#include "source/capture.h"

#include <stdlib.h>
#include <string.h>

/* ---- what is confirmed ---- */

/* Who answered and as what; no timings, no figures. */
static json_t *confirm_light(const struct light *light)
{
    json_t *identity = json_object();
    const struct result *result = light->result;
    for (size_t i = 0; result && i < result->evidence_count; i++) {
        const struct evidence *evidence = &result->evidence[i];
        if (evidence->identity) {
            json_object_set_new(identity, evidence->key, json_string(evidence->value));
        }
    }
    /* Each process has tunnels of its own, whose ports say nothing of who is asked. */
    bool tunnel = route_of(light->section).kind == ROUTE_TUNNEL;
    const char *address =
        result && !tunnel ? result_evidence_of(result, "address") : NULL;
    return json_pack("{s:s, s:s, s:o, s:o, s:o}", "name", light->name, "type",
                     light->check->name, "state",
                     json_text(result ? state_rows[result->state].word : NULL), "address",
                     json_text(address), "identity", identity);
}

/* Whether the checks belong to what is confirmed: a run that is let through because they
 * are green is bound to them; one that mends what is red is not. */
static bool binds_checks(const struct plan *plan)
{
    return plan->kind == KIND_DEPLOY;
}

static json_t *confirm(const struct plan *plan, const struct board *board)
{
    json_t *checks = json_array();
    for (size_t i = 0; binds_checks(plan) && i < board->count; i++) {
        json_array_append_new(checks, confirm_light(&board->lights[i]));
    }
    const struct environment *environment = plan->environment;
    json_t *document =
        json_pack("{s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "kind",
                  run_kind_words[plan->kind], "repair", json_text(plan->repair), "target",
                  json_text(plan->target), "system", environment->system, "environment",
                  environment->name, "config", environment->file, "configuration",
                  environment->digest, "steps", steps_json(&plan->steps), "verification",
                  inquiry_json(&plan->inquiry), "release", json_text(plan->release),
                  "checks", checks);
    if (!document) {
        panic("what is confirmed cannot be written as JSON");
    }
    return document;
}

/* ---- made from a board ---- */

static bool has_placeholder(char *const *argv, const char *placeholder)
{
    for (size_t i = 0; argv[i]; i++) {
        if (strstr(argv[i], placeholder)) {
            return true;
        }
    }
    return false;
}

static bool wants_release(const struct plan *plan)
{
    for (size_t i = 0; i < plan->steps.count; i++) {
        char *const *argv = plan->steps.rows[i].argv;
        if (argv && has_placeholder(argv, "{release}")) {
            return true;
        }
    }
    return false;
}

static bool take_release(struct plan *plan, const struct board *board, const char *given,
                         struct error *error)
{
    bool needed = wants_release(plan);
    if (plan->kind == KIND_REPAIR && !needed) {
        return true; /* it ships none */
    }
    if (!given && board->release_error.code) {
        if (error) {
            *error = board->release_error;
        }
        return false;
    }
    plan->given = given != NULL;
    plan->release = mem_text(given ? given : board->release);
    if (plan->release && !release_valid(plan->release, error)) {
        error->code = ERROR_USAGE;
        return false;
    }
    if (!plan->release && needed) {
        error_set(error, ERROR_CONFIG,
                  "the command wants {release}, and nobody names one");
        error_hint(error, "configure `release`, or give --release");
        return false;
    }
    return true;
}

static void add_withheld(void *self, const char *name, struct secret *secret)
{
    (void)secret;
    argv_add(self, name);
}

static int by_name(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;
    return strcmp(*left, *right);
}

static bool listed(char *const *names, const char *name)
{
    for (size_t i = 0; names && names[i]; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void take_names(struct plan *plan, const json_t *section)
{
    char **captured = NULL;
    char **wanted = json_argv(json_object_get(section, "env"));
    capture_each(add_withheld, &captured);
    for (size_t i = 0; captured && captured[i]; i++) {
        argv_add(listed(wanted, captured[i]) ? &plan->given_back : &plan->withheld,
                 captured[i]);
    }
    if (plan->withheld) {
        qsort(plan->withheld, argv_count(plan->withheld), sizeof(char *), by_name);
    }
    argv_free(wanted);
    argv_free(captured);
}

static void take_verification(struct plan *plan)
{
    const json_t *verify = json_object_get(plan->section, "verify");
    plan->within = config_span(verify, "within");
    plan->hold = config_span(verify, "hold");
    plan->rolls_back =
        plan->kind == KIND_DEPLOY &&
        text_equal(config_text(plan->section, "on_verify_failure"), "rollback");
}

static void seal(struct plan *plan)
{
    char *canonical = json_compact(plan->confirmation);
    digest_hex(plan->digest, canonical, strlen(canonical));
    free(canonical);
}

struct plan *plan_create(const struct board *board, const struct intent *intent,
                         struct error *error)
{
    const struct environment *environment = board->environment;
    struct plan *plan = mem_alloc(sizeof *plan);
    plan->environment = environment_ref(environment);
    plan->kind = intent->kind;
    plan->repair = mem_text(intent->repair);
    plan->target = mem_text(intent->target);
    if (!steps_create(&plan->steps, environment, intent, error) ||
        !take_release(plan, board, intent->release, error)) {
        plan_destroy(plan);
        return NULL;
    }
    plan->section = steps_section(environment, intent, NULL);
    if (!inquiry_create(&plan->inquiry, environment, plan->section, plan->kind, error)) {
        plan_destroy(plan);
        return NULL;
    }
    take_names(plan, plan->section);
    take_verification(plan);
    plan->backup =
        json_argv(json_object_get(config_section(environment, "/backup"), "files"));
    plan->confirmation = confirm(plan, board);
    seal(plan);
    return plan;
}

void plan_go_back(struct plan *plan, const struct back *back)
{
    json_object_set_new(plan->confirmation, "files", json_text(back->changes));
    seal(plan);
}

struct intent plan_intent(const struct plan *plan)
{
    return (struct intent){.kind = plan->kind,
                           .repair = plan->repair,
                           .release = plan->given ? plan->release : NULL,
                           .target = plan->target};
}

void plan_destroy(struct plan *plan)
{
    if (!plan) {
        return;
    }
    environment_unref(plan->environment);
    free(plan->repair);
    free(plan->release);
    free(plan->target);
    steps_finish(&plan->steps);
    inquiry_finish(&plan->inquiry);
    argv_free(plan->withheld);
    argv_free(plan->given_back);
    argv_free(plan->backup);
    json_decref(plan->confirmation);
    free(plan);
}

/* ---- shown ---- */

struct shown {
    void (*line)(void *self, const char *label, const char *text);
    void *self;
};

static void show(const struct shown *to, const char *label, char *take_text)
{
    to->line(to->self, label, take_text);
    free(take_text);
}

static void show_names(const struct shown *to, const char *label, char *const *names)
{
    if (names && names[0]) {
        show(to, label, argv_show(names));
    }
}

static void show_steps(const struct shown *to, const struct steps *steps)
{
    struct buf names;
    buf_init(&names, 0);
    for (size_t i = 0; i < steps->count; i++) {
        buf_format(&names, "%s%s", i ? ", " : "", steps->rows[i].name);
    }
    show(to, "steps", buf_take(&names));
    for (size_t i = 0; i < steps->count; i++) {
        const struct planned *planned = &steps->rows[i];
        if (planned->argv) {
            show(to, planned->id == STEP_COMMAND ? "command" : planned->name,
                 argv_show(planned->argv));
        }
    }
}

static void show_inquiry(const struct shown *to, const struct inquiry *inquiry)
{
    for (size_t i = 0; i < inquiry->count; i++) {
        const struct inquired *row = &inquiry->rows[i];
        char *argv = row->argv                       ? argv_show(row->argv)
                     : row->kind == INQUIRY_REVISION ? mem_text("is new, and serves")
                                                     : mem_text("what was shipped");
        show(to, i ? "" : "and by", mem_format("%s: %s", row->name, argv));
        free(argv);
    }
}

static char *headline(const struct plan *plan)
{
    const char *release = plan->release ? plan->release : "no release";
    const char *environment = plan->environment->name;
    return plan->kind == KIND_REPAIR ? mem_format("%s in %s", plan->repair, environment)
                                     : mem_format("%s to %s", release, environment);
}

void plan_show(const struct plan *plan,
               void (*line)(void *self, const char *label, const char *text), void *self)
{
    const struct shown to = {line, self};
    const struct environment *environment = plan->environment;
    const struct planned *command = steps_main(&plan->steps);
    char timeout[TEXT_SPAN], within[TEXT_SPAN], hold[TEXT_SPAN], silence[TEXT_SPAN];
    text_span(timeout, command->timeout);
    text_span(silence, command->silence);
    text_span(within, plan->within);
    text_span(hold, plan->hold);
    show(&to, run_kind_words[plan->kind], headline(plan));
    show_steps(&to, &plan->steps);
    show(&to, "config", mem_format("%s (%.12s)", environment->file, environment->digest));
    show(&to, "ends",
         mem_format("after %s at the latest; asks after %s without output", timeout,
                    silence));
    show(&to, "verified",
         mem_format("when every check holds green for %s within %s%s", hold, within,
                    plan->rolls_back ? "; else goes back to the last known good" : ""));
    show_inquiry(&to, &plan->inquiry);
    show_names(&to, "keeps", plan->backup);
    show_names(&to, "withholds", plan->withheld);
    show_names(&to, "gives", plan->given_back);
    if (!plan->release && plan->kind != KIND_REPAIR) {
        show(&to, "note", mem_text("without a release it will never be known good"));
    }
    show(&to, "digest", mem_format("%.12s", plan->digest));
}

/* ---- compared ---- */

static void differ(char ***list, const char *where, const char *key, const json_t *was,
                   const json_t *is)
{
    if (json_equal(was, is)) {
        return;
    }
    char *before = json_show(was), *after = json_show(is);
    char *line =
        mem_format("%s%s%s was %s, is %s", where, *where ? ": " : "", key, before, after);
    argv_add(list, line);
    free(line);
    free(before);
    free(after);
}

/* Each key of either object but those that hold more. */
static void differ_in(char ***list, const char *where, const json_t *was,
                      const json_t *is)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)was, key, value)
    {
        if (strcmp(key, "checks") != 0 && strcmp(key, "identity") != 0) {
            differ(list, where, key, value, json_object_get(is, key));
        }
    }
    json_object_foreach((json_t *)(uintptr_t)is, key, value)
    {
        if (!json_object_get(was, key) && strcmp(key, "checks") != 0 &&
            strcmp(key, "identity") != 0) {
            differ(list, where, key, NULL, value);
        }
    }
}

static const json_t *check_named(const json_t *document, const char *name)
{
    size_t i;
    json_t *check;
    json_array_foreach(json_object_get(document, "checks"), i, check)
    {
        if (text_equal(json_get_text(check, "name"), name)) {
            return check;
        }
    }
    return NULL;
}

char **plan_differences(const json_t *confirmed, const json_t *now)
{
    char **list = mem_alloc(sizeof *list);
    const json_t *documents[] = {confirmed, now};
    differ_in(&list, "", confirmed, now);
    for (int side = 0; side < 2; side++) {
        size_t i;
        json_t *check;
        json_array_foreach(json_object_get(documents[side], "checks"), i, check)
        {
            const char *name = json_get_text(check, "name");
            const json_t *other = check_named(documents[!side], name);
            if (!other) {
                char *line =
                    mem_format("%s: %s", name ? name : "?",
                               side == 0 ? "is no longer asked" : "was not asked then");
                argv_add(&list, line);
                free(line);
            } else if (side == 0) {
                differ_in(&list, name ? name : "?", check, other);
                differ_in(&list, name ? name : "?", json_object_get(check, "identity"),
                          json_object_get(other, "identity"));
            }
        }
    }
    if (!list[0] && !json_equal(confirmed, now)) {
        argv_add(&list, "the order of the checks changed");
    }
    return list;
}
