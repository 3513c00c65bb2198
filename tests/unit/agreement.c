/* What is promised of comparing a service's secret with the canonical one: what counts as
 * the same, and what is said of each way in which it is not. */
#include "tests/unit/unit.h"

#include "base/json.h"
#include "base/mem.h"
#include "board/agreement.h"

#include <string.h>

#define VAULT "projects/42/secrets/jwt-secret-staging"

/* A source, and what it resolved to. */
struct kept {
    json_t *source;
    struct resolved resolved;
    struct holder holder;
};

static void keep(struct kept *kept, const char *name, const char *source,
                 const char *value)
{
    *kept = (struct kept){.source = json_parse(source, strlen(source), NULL)};
    kept->resolved.label = mem_text("Secret Manager jwt");
    if (value) {
        resolved_found(&kept->resolved, value, strlen(value));
    }
    kept->holder = (struct holder){name, kept->source, &kept->resolved};
}

static void mount(struct kept *kept, const char *vault, const char *version)
{
    kept->resolved.vault = mem_text(vault);
    kept->resolved.version = mem_text(version);
}

static void let_go(struct kept *kept)
{
    resolved_finish(&kept->resolved);
    json_decref(kept->source);
}

static void assert_judged(const struct kept *canonical, const struct kept *reference,
                          const struct kept *held, enum agreement_kind kind,
                          const char *finding, const char *remedy)
{
    struct agreement agreement;
    agreement_judge(&canonical->holder, reference ? &reference->holder : NULL,
                    &held->holder, &agreement);
    assert_int_equal(agreement.kind, kind);
    if (kind == AGREEMENT_SAME) {
        assert_null(agreement.finding);
    } else if (!strstr(agreement.finding, finding) || !strstr(agreement.remedy, remedy)) {
        fail_msg("%s (%s); wanted %s (%s)", agreement.finding, agreement.remedy, finding,
                 remedy);
    }
    agreement_finish(&agreement);
}

static bool is_mismatch(const struct kept *canonical, const struct kept *held,
                        bool *unproven)
{
    struct agreement agreement;
    agreement_judge(&canonical->holder, &canonical->holder, &held->holder, &agreement);
    bool mismatch = agreement.mismatch;
    *unproven = agreement.unproven;
    agreement_finish(&agreement);
    return mismatch;
}

static void the_same_value_from_another_place_is_the_same(void **state)
{
    (void)state;
    struct kept canonical, held;
    keep(&canonical, "canonical", "{\"file\":\"a\"}", "one");
    keep(&held, "auth", "{\"file\":\"b\"}", "one");
    assert_judged(&canonical, NULL, &held, AGREEMENT_SAME, "", "");
    let_go(&held);
    keep(&held, "auth", "{\"file\":\"b\"}", "other");
    assert_judged(&canonical, NULL, &held, AGREEMENT_OTHER_VALUE, "holds another secret",
                  "give auth the canonical secret");
    let_go(&held);
    let_go(&canonical);
}

static void a_place_compared_with_itself_proves_nothing(void **state)
{
    (void)state;
    static const char *const places[] = {"{\"file\":\"a\"}",
                                         "[{\"file\":\"a\"},{\"env\":\"B\"}]",
                                         "[{\"env\":\"C\"},{\"file\":\"a\"}]"};
    for (size_t i = 0; i < 9; i++) {
        struct kept canonical, held;
        keep(&canonical, "canonical", places[i / 3], "one");
        keep(&held, "auth", places[i % 3], "one");
        assert_judged(&canonical, NULL, &held, AGREEMENT_ITSELF, "proves nothing",
                      "where the service itself reads it");
        let_go(&held);
        let_go(&canonical);
    }
}

static void a_look_alike_with_the_same_value_is_not_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *vault, *version, *finding;
    } rows[] = {
        {"projects/42/secrets/jwt-secret-key", "7",
         "is given secret jwt-secret-key, version 7, not jwt-secret-staging, version 7"},
        {VAULT, "6", "version 6, not " VAULT ", version 7"},
        {"projects/43/secrets/jwt-secret-staging", "7",
         "projects/43/secrets/jwt-secret-staging, version 7, not " VAULT},
    };
    struct kept canonical, held;
    keep(&canonical, "canonical", "{\"gcp_secret\":\"x\"}", "one");
    mount(&canonical, VAULT, "7");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        keep(&held, "backend", "{\"cloud_run\":\"y\"}", "one");
        mount(&held, rows[i].vault, rows[i].version);
        assert_judged(&canonical, &canonical, &held, AGREEMENT_OTHER_NAME,
                      rows[i].finding, "in backend and redeploy it");
        let_go(&held);
    }
    keep(&held, "backend", "{\"cloud_run\":\"y\"}", "one");
    mount(&held, VAULT, "7");
    assert_judged(&canonical, &canonical, &held, AGREEMENT_SAME, "", "");
    let_go(&held);
    keep(&held, "backend", "{\"cloud_run\":\"y\"}", "other");
    mount(&held, "projects/42/secrets/jwt-secret-key", "1");
    assert_judged(&canonical, &canonical, &held, AGREEMENT_OTHER_VALUE,
                  "holds another secret than the canonical one: it is given "
                  "jwt-secret-key, version 1, not jwt-secret-staging, version 7",
                  "mount jwt-secret-staging, version 7, in backend and redeploy it");
    let_go(&held);
    let_go(&canonical);
}

static void services_agree_on_the_name_where_the_canonical_one_has_none(void **state)
{
    (void)state;
    struct kept canonical, auth, backend;
    keep(&canonical, "canonical", "{\"env\":\"JWT_SECRET_KEY\"}", "one");
    keep(&auth, "auth", "{\"cloud_run\":\"a\"}", "one");
    keep(&backend, "backend", "{\"cloud_run\":\"b\"}", "one");
    mount(&auth, VAULT, "7");
    mount(&backend, "projects/42/secrets/jwt-secret", "1");
    assert_judged(&canonical, &auth, &auth, AGREEMENT_SAME, "", "");
    assert_judged(&canonical, &auth, &backend, AGREEMENT_OTHER_NAME,
                  "is given secret jwt-secret, version 1", "mount jwt-secret-staging");
    let_go(&backend);
    let_go(&auth);
    let_go(&canonical);
}

static void what_may_run_with_an_older_value_is_doubtful(void **state)
{
    (void)state;
    struct kept canonical, held;
    bool unproven = true;
    keep(&canonical, "canonical", "{\"gcp_secret\":\"x\"}", "one");
    keep(&held, "auth", "{\"cloud_run\":\"y\"}", "one");
    error_set(&held.resolved.doubt, ERROR_CONFIG, "rotated, but not redeployed");
    error_hint(&held.resolved.doubt, "redeploy it");
    assert_judged(&canonical, &canonical, &held, AGREEMENT_DOUBTFUL,
                  "may run with another secret: rotated", "redeploy it");
    assert_true(is_mismatch(&canonical, &held, &unproven));
    assert_false(unproven);
    error_set(&held.resolved.doubt, ERROR_DENIED, "lacks run.revisions.get");
    assert_false(is_mismatch(&canonical, &held, &unproven));
    assert_false(unproven);
    error_set(&held.resolved.doubt, ERROR_SYSTEM, "no credentials");
    assert_false(is_mismatch(&canonical, &held, &unproven));
    assert_true(unproven);
    let_go(&held);
    let_go(&canonical);
}

static void what_cannot_be_read_says_why_and_what_to_do(void **state)
{
    (void)state;
    struct kept canonical, held;
    bool unproven = true;
    keep(&canonical, "canonical", "{\"file\":\"a\"}", "one");
    keep(&held, "auth", "{\"cloud_run\":\"y\"}", NULL);
    resolved_absent(&held.resolved, "JWT_SECRET_KEY is not mounted in auth");
    error_hint(&held.resolved.error, "gcloud run services update");
    assert_judged(
        &canonical, NULL, &held, AGREEMENT_UNREADABLE,
        "has no JWT secret that can be read: Secret Manager jwt: JWT_SECRET_KEY is",
        "gcloud run services update");
    assert_false(is_mismatch(&canonical, &held, &unproven));
    assert_false(unproven);
    resolved_broken(&held.resolved, ERROR_SYSTEM, "no Google credentials");
    held.resolved.error.hint[0] = '\0';
    assert_judged(&canonical, NULL, &held, AGREEMENT_UNREADABLE, "no Google credentials",
                  "mount the canonical secret there");
    is_mismatch(&canonical, &held, &unproven);
    assert_true(unproven);
    held.holder.resolved = NULL;
    is_mismatch(&canonical, &held, &unproven);
    assert_true(unproven);
    let_go(&held);
    let_go(&canonical);
}

int main(void)
{
    json_begin();
    keep_begin();
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_value_from_another_place_is_the_same),
        cmocka_unit_test(a_place_compared_with_itself_proves_nothing),
        cmocka_unit_test(a_look_alike_with_the_same_value_is_not_the_same),
        cmocka_unit_test(services_agree_on_the_name_where_the_canonical_one_has_none),
        cmocka_unit_test(what_may_run_with_an_older_value_is_doubtful),
        cmocka_unit_test(what_cannot_be_read_says_why_and_what_to_do),
    };
    return unit_run("agreement", tests);
}
