/* Does the URL that announcements are sent to keep its secret on the way there? It is a
 * secret itself, so that the file cannot tell and the light does. Nobody is asked: a
 * receiver that does not answer is in no deploy's way. */
#include "board/check.h"

#include "alert/sink.h"
#include "base/clock.h"

static void ask(const struct job *job, struct result *result)
{
    struct error error = {0};
    struct secret *url = job_secret(job, json_object_get(job->section, "url"), result);
    if (!url) {
        return;
    }
    result_reach(result, RUNG_CONFIGURED);
    if (sink_url_safe(job->environment, secret_data(url), &error)) {
        result_ok(result, "announcements keep their URL secret on the way");
    } else {
        result_set(result, STATE_FAIL, error.hint, "%s", error.message);
    }
}

const struct check check_webhook = {
    .name = "webhook",
    .title = "Announcements",
    .help = "does the URL that announcements are sent to keep its secret on the way",
    .section = "/*/webhook", /* a light where there is one: "notify webhook" */
    .asks_nobody = true,
    .period = 25 * CLOCK_SECOND,
    .deadline = 2 * CLOCK_SECOND,
    .ask = ask,
};
