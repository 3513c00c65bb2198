/* A Cloud Run service is ready, its newest revision is what became ready, and the traffic
 * goes where it should. A new revision that is healthy and gets no traffic looks well
 * everywhere else. */
#include "base/clock.h"
#include "base/mem.h"
#include "board/board.h"
#include "checks/checks.h"
#include "checks/probe.h"
#include "source/rollout.h"

#include <stdlib.h>

/* A rollback binds traffic to the revision of an earlier release, whatever became of the
 * newest: right then, and still unusual afterwards. */
struct prepared {
    bool going_back;
};

static void prepare(const struct board *board, struct job *job)
{
    struct prepared *prepared = mem_alloc(sizeof *prepared);
    prepared->going_back = board->going_back;
    job->prepared = prepared;
}

static void show(const struct rollout *rollout, struct result *result)
{
    char *traffic = rollout_words(rollout);
    result_evidence(result, "traffic", "%s", traffic);
    result_identity(result, "revision", "%s",
                    rollout->created ? rollout->created : "not told");
    result_evidence(result, "ready", "%s", rollout->ready ? rollout->ready : "not told");
    free(traffic);
}

static void judge(const struct job *job, const struct rollout *rollout,
                  struct result *result)
{
    const struct prepared *prepared = job->prepared;
    bool back = prepared && prepared->going_back;
    const char *service = rollout->service.parts[RUN_SERVICE];
    const struct rollout_wish wish = {.traffic = json_object_get(job->section, "traffic"),
                                      .pinned = config_bool(job->section, "pinned")};
    struct error error = {0};
    result_reach(result, RUNG_AUTHENTICATED);
    show(rollout, result);
    bool good =
        back ? rollout_went_back(rollout, &error)
             : rollout_ready(rollout, &error) && rollout_serves(rollout, &wish, &error);
    if (!good) {
        result_error(result, &error, "see what Cloud Run says of that service");
        return;
    }
    if (rollout_pinned(rollout) && (back || !wish.traffic)) {
        result_note(result, "its traffic is pinned: the next deploy gets none until "
                            "somebody moves it to the latest");
    }
    char *traffic = rollout_words(rollout);
    result_reach(result, RUNG_USABLE);
    result_ok(result, "%s is ready, and %s serves", service, traffic);
    free(traffic);
}

static void ask(const struct job *job, struct result *result)
{
    const struct source_context context = job_source(job);
    int64_t began = clock_now();
    struct rollout rollout;
    struct error error = {0};
    const char *name = config_text(job->section, "cloud_run");
    result_reach(result, RUNG_CONFIGURED);
    result_evidence(result, "service", "%s", name);
    if (rollout_read(&rollout, name, &context, &error)) {
        result_figure(result, clock_ms(clock_now() - began));
        judge(job, &rollout, result);
    } else {
        probe_source_fails(&error, "correct the name of the service in the configuration",
                           true, result);
    }
    rollout_finish(&rollout);
}

const struct check check_cloud_run = {
    .name = "cloud_run",
    .title = "Cloud Run",
    .help = "is a Cloud Run service ready, and does its newest revision get the traffic",
    .section = NULL,
    .period = 25 * CLOCK_SECOND,
    .deadline = 2 * CLOCK_SECOND,
    .prepare = prepare,
    .ask = ask,
};
