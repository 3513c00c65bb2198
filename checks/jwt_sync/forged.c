#include "checks/jwt_sync/forged.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/thread.h"
#include "checks/jwt_sync/show.h"
#include "secret/forge.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define LATER         "sent at each preflight"
#define REJECTED_WITH "rejected with"

/* One token shown to one judge, with a result and a thread of its own. */
struct trial {
    const struct job *job;
    const struct forgery *forgery; /* NULL: no token at all */
    const char *service;           /* that validates; NULL: the backend's route */
    const char *token;             /* borrowed */
    struct shown shown;
    struct result *result;
    bool threaded;
    pthread_t thread;
};

struct trials {
    const struct job *job;
    struct buf *tokens; /* one a forgery */
    struct trial *rows;
    size_t count;
};

/* ---- made and sent ---- */

const char *forged_next_judge(const struct job *job, const char *last)
{
    const json_t *services = config_section(job->environment, "/services");
    bool found = last == NULL;
    const char *name;
    json_t *service;
    json_object_foreach((json_t *)(uintptr_t)services, name, service)
    {
        if (found && json_object_get(service, "validate")) {
            return name;
        }
        found = found || text_equal(name, last);
    }
    return NULL;
}

static void add(struct trials *trials, const struct forgery *forgery, const char *service,
                const char *token)
{
    trials->rows = mem_resize(trials->rows, (trials->count + 1) * sizeof *trials->rows);
    trials->rows[trials->count++] = (struct trial){.job = trials->job,
                                                   .forgery = forgery,
                                                   .service = service,
                                                   .token = token,
                                                   .result = result_create()};
}

static bool make_all(struct trials *trials, const char *token,
                     const struct secret *canonical, struct error *error)
{
    const struct forge_source source = {token, canonical,
                                        config_text(trials->job->section, "algorithm"),
                                        clock_wall() / 1000};
    add(trials, NULL, NULL, NULL);
    for (size_t i = 0; i < forgery_count; i++) {
        buf_init_secret(&trials->tokens[i], 0);
        if (!forgeries[i].make(&source, &trials->tokens[i], error)) {
            return false;
        }
        const char *forged = buf_string(&trials->tokens[i]);
        const char *service = NULL;
        do {
            add(trials, &forgeries[i], service, forged);
            service = forged_next_judge(trials->job, service);
        } while (service);
    }
    return true;
}

static void *show(void *self)
{
    struct trial *trial = self;
    if (trial->service) {
        show_to_validate(trial->job, trial->service, trial->token, &trial->shown,
                         trial->result);
    } else {
        show_to_backend(trial->job, "forged", trial->token, &trial->shown, trial->result);
    }
    return NULL;
}

static void show_all(struct trials *trials)
{
    for (size_t i = 0; i < trials->count; i++) {
        struct trial *trial = &trials->rows[i];
        trial->threaded = thread_start(&trial->thread, show, trial) == 0;
        if (!trial->threaded) {
            show(trial);
        }
    }
    for (size_t i = 0; i < trials->count; i++) {
        if (trials->rows[i].threaded) {
            pthread_join(trials->rows[i].thread, NULL);
        }
    }
}

static void finish(struct trials *trials)
{
    for (size_t i = 0; i < trials->count; i++) {
        shown_finish(&trials->rows[i].shown);
        result_destroy(trials->rows[i].result);
    }
    for (size_t i = 0; i < forgery_count; i++) {
        buf_finish(&trials->tokens[i]);
    }
    free(trials->rows);
    free(trials->tokens);
}

/* ---- judged ---- */

/* Who asks without a token may also be sent to a login page, or told that something is
 * missing. */
static bool is_refused(const struct trial *trial)
{
    int status = trial->shown.status;
    return trial->shown.reception == REJECTED ||
           (!trial->forgery && trial->shown.reception == UNCLEAR && status >= 300 &&
            status < 500);
}

/* No token comes first: a route that nothing protects accepts all the others too. */
static const struct trial *find(const struct trials *trials, bool accepted)
{
    for (size_t i = 0; i < trials->count; i++) {
        const struct trial *trial = &trials->rows[i];
        if (accepted ? trial->shown.reception == ACCEPTED : !is_refused(trial)) {
            return trial;
        }
    }
    return NULL;
}

static const char *judge_of(const struct trial *trial)
{
    return trial->service ? trial->service : "the backend";
}

static void tell_accepted(const struct trial *trial, struct result *result)
{
    const struct forgery *forgery = trial->forgery;
    result_evidence(result, FORGED_EVIDENCE, "accepted with %d: %s, at %s",
                    trial->shown.status, forgery ? forgery->name : "no token",
                    judge_of(trial));
    if (!forgery) {
        result_set(result, STATE_FAIL,
                   "ship nothing: the route must demand a token; or correct "
                   "auth_flow.user.path",
                   "the backend's route is not protected: it answers %d without a token",
                   trial->shown.status);
        return;
    }
    char *remedy = mem_format("ship nothing: %s", forgery->remedy);
    result_set(result, STATE_FAIL, remedy, "%s accepts a forged token: %s",
               judge_of(trial), forgery->what);
    free(remedy);
}

static void tell_unclear(const struct trial *trial, struct result *result)
{
    if (trial->shown.status) {
        result_set(result, STATE_FAIL, "see the log of that service",
                   "%s answered %d to %s, not 401 or 403", judge_of(trial),
                   trial->shown.status, trial->forgery ? "a forged token" : "no token");
    } else {
        result_set(result, trial->result->state, trial->result->remedy, "%s",
                   trial->result->summary);
    }
    result_evidence(result, FORGED_EVIDENCE, "not clearly rejected: %s", result->summary);
}

static void tell_refused(const struct trials *trials, struct result *result)
{
    struct buf names;
    buf_init(&names, 0);
    for (size_t i = 0; i < forgery_count; i++) {
        buf_format(&names, "%s, ", forgeries[i].name);
    }
    result_evidence(result, FORGED_EVIDENCE, REJECTED_WITH " %d: %sno token",
                    trials->rows[1].shown.status, buf_string(&names));
    for (const char *judge = NULL; (judge = forged_next_judge(trials->job, judge));) {
        char *key = mem_format("%s at %s", FORGED_EVIDENCE, judge);
        result_evidence(result, key, "all %zu rejected", forgery_count);
        free(key);
    }
    buf_finish(&names);
}

bool forged_send(const struct job *job, const char *token, const struct secret *canonical,
                 struct result *result, bool *accepted)
{
    struct trials trials = {.job = job,
                            .tokens = mem_alloc(forgery_count * sizeof(struct buf))};
    struct error error;
    bool refused = false;
    int64_t began = clock_now();
    if (make_all(&trials, token, canonical, &error)) {
        show_all(&trials);
        const struct trial *worst = find(&trials, true);
        const struct trial *unclear = find(&trials, false);
        *accepted = worst != NULL;
        refused = !worst && !unclear;
        if (worst) {
            tell_accepted(worst, result);
        } else if (unclear) {
            tell_unclear(unclear, result);
        } else {
            tell_refused(&trials, result);
        }
        result_phase(result, "forgeries", clock_now() - began);
    } else {
        result_error(result, &error, "see how auth signs its tokens");
    }
    finish(&trials);
    return refused;
}

/* ---- remembered ---- */

void forged_postpone(struct result *result)
{
    result_evidence(result, FORGED_EVIDENCE, LATER);
}

void forged_keep_owing(struct result *result)
{
    result_evidence(result, FORGED_EVIDENCE, "not sent: the token itself did not pass");
}

bool forged_settled(const char *evidence)
{
    return text_starts(evidence, REJECTED_WITH) || text_equal(evidence, LATER);
}
