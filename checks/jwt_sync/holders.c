#include "checks/jwt_sync/holders.h"

#include "base/mem.h"
#include "base/text.h"
#include "board/agreement.h"
#include "secret/fingerprint.h"

#include <stdlib.h>
#include <string.h>

struct comparison {
    const struct job *job;
    struct holder canonical, first;
    const struct holder *reference;
    bool settled;
    struct result *result;
    struct holders *out;
};

static const json_t *services_of(const struct job *job)
{
    return config_section(job->environment, "/services");
}

static struct holder holder_of(const struct job *job, const char *name,
                               const json_t *service)
{
    const json_t *source = json_object_get(service, "jwt_secret");
    return (struct holder){name, source,
                           source ? secrets_find(job->secrets, source) : NULL};
}

/* Whose name of the secret is the right one: that of the canonical one, else of the first
 * service that is given its secret from Secret Manager. */
static void find_reference(struct comparison *comparison)
{
    const char *name;
    json_t *service;
    if (comparison->canonical.resolved->vault) {
        comparison->reference = &comparison->canonical;
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)services_of(comparison->job), name, service)
    {
        comparison->first = holder_of(comparison->job, name, service);
        if (comparison->first.resolved && comparison->first.resolved->vault) {
            comparison->reference = &comparison->first;
            return;
        }
    }
}

/* ---- shown ---- */

static void show_fingerprint(struct result *result, const struct holder *holder)
{
    char shown[FINGERPRINT];
    fingerprint_show(shown, holder->resolved->secret);
    result_evidence(result, holder->name, "%s", shown);
}

/* The source of the canonical one is evidence of jwt_secret. */
static void show_holder(struct result *result, const struct holder *holder)
{
    if (!holder->resolved || !holder->resolved->secret) {
        return;
    }
    show_fingerprint(result, holder);
    char *key = mem_format("%s source", holder->name);
    result_evidence(result, key, "%s", holder->resolved->label);
    free(key);
    if (holder->resolved->version) {
        key = mem_format("%s version", holder->name);
        result_identity(result, key, "%s", holder->resolved->version);
        free(key);
    }
}

/* ---- judged ---- */

void holders_mismatch(struct result *result, const char *name)
{
    const char *known = result_evidence_of(result, "mismatch");
    char *names = mem_format(" %s ", known ? known : "");
    char *one = mem_format(" %s ", name);
    if (!strstr(names, one)) {
        result_evidence(result, "mismatch", "%s%s%s", known ? known : "",
                        known ? " and " : "", name);
    }
    free(one);
    free(names);
}

static void blame(struct comparison *comparison, const struct holder *holder,
                  const struct agreement *agreement)
{
    struct result *result = comparison->result;
    if (comparison->out->differing++ == 0 && !comparison->settled) {
        result_set(result, agreement->unproven ? STATE_UNKNOWN : STATE_FAIL,
                   agreement->remedy, "%s %s", holder->name, agreement->finding);
        result_blame(result, NULL);
    }
}

static void compare(struct comparison *comparison, const struct holder *holder)
{
    struct agreement agreement;
    agreement_judge(&comparison->canonical, comparison->reference, holder, &agreement);
    show_holder(comparison->result, holder);
    if (agreement.kind == AGREEMENT_ITSELF) {
        result_note(comparison->result, "%s: its secret %s", holder->name,
                    agreement.finding);
    } else if (agreement.kind != AGREEMENT_SAME) {
        blame(comparison, holder, &agreement);
        if (agreement.mismatch) {
            holders_mismatch(comparison->result, holder->name);
        }
    } else if (holder->resolved->vault && !holder->resolved->created) {
        result_note(comparison->result,
                    "%s: when version %s of its secret was made may not be seen "
                    "(secretmanager.versions.get), so that its behaviour alone tells "
                    "whether it was redeployed since",
                    holder->name, holder->resolved->version);
    }
    if (agreement.kind != AGREEMENT_ITSELF && agreement.kind != AGREEMENT_UNREADABLE) {
        comparison->out->compared++;
        comparison->out->others +=
            !text_equal(holder->name, "auth") && !text_equal(holder->name, "backend");
    }
    agreement_finish(&agreement);
}

void holders_compare(const struct job *job, const struct resolved *canonical,
                     bool settled, struct result *result, struct holders *out)
{
    *out = (struct holders){0};
    struct comparison comparison = {
        .job = job,
        .canonical = {"canonical", json_object_get(job->section, "canonical"), canonical},
        .settled = settled,
        .result = result,
        .out = out};
    find_reference(&comparison);
    show_fingerprint(result, &comparison.canonical);
    if (canonical->version) {
        result_identity(result, "version", "%s", canonical->version);
    }
    const char *name;
    json_t *service;
    json_object_foreach((json_t *)(uintptr_t)services_of(job), name, service)
    {
        struct holder holder = holder_of(job, name, service);
        if (holder.source) {
            compare(&comparison, &holder);
        }
    }
}

bool holders_same(const struct job *job, const char *service,
                  const struct resolved *canonical)
{
    struct holder holder =
        holder_of(job, service, json_object_get(services_of(job), service));
    return holder.resolved && holder.resolved->state == SOURCE_FOUND &&
           secret_equal(holder.resolved->secret, canonical->secret);
}
