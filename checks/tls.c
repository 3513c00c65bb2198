/* A certificate is good and stays so for a while: its chain ends at an authority that we
 * believe, it bears the name, and there is time left to renew it before a release that
 * works today stops working. */
#include "base/clock.h"
#include "base/text.h"
#include "checks/checks.h"
#include "checks/probe.h"
#include "net/dial.h"

static void show(const struct dial *dial, int64_t left, struct result *result)
{
    const struct trust_seen *seen = &dial->seen;
    result_identity(result, "names", "%s", seen->names);
    result_identity(result, "issuer", "%s", seen->issuer);
    result_identity(result, "ends", "%s", seen->ends);
    result_evidence(result, "days left", "%lld", (long long)(left / (24 * 3600000)));
    result_evidence(result, "protocol", "%s", dial_protocol(dial));
    result_evidence(result, "cipher", "%s", dial_cipher(dial));
}

static void judge(const struct job *job, const struct dial *dial, struct result *result)
{
    const json_t *thresholds = json_object_get(job->section, "thresholds");
    const char *name = config_text(job->section, "server_name");
    name = name ? name : config_text(job->section, "host");
    int64_t left = dial->seen.until - clock_wall();
    show(dial, left, result);
    bool fails = left * CLOCK_MS < config_span(thresholds, "fail");
    bool warns = left * CLOCK_MS < config_span(thresholds, "warn");
    char span[TEXT_SPAN];
    text_span(span, left * CLOCK_MS);
    result_reach(result, RUNG_AUTHENTICATED);
    if (!fails) {
        result_reach(result, RUNG_USABLE);
        result_figure(result, clock_ms(clock_now() - dial->wait.since));
        result_ok(result, "certificate of %s is good for %s, %s", name, span,
                  dial_protocol(dial));
    }
    if (fails || warns) {
        result_set(result, fails ? STATE_FAIL : STATE_WARN,
                   "renew the certificate, and see why nothing renewed it by itself",
                   "certificate of %s ends in %s (%s), threshold %s", name, span,
                   dial->seen.ends, config_text(thresholds, fails ? "fail" : "warn"));
    }
}

static void ask(const struct job *job, struct result *result)
{
    const struct tls_options tls = {
        .on = true,
        .directory = job->environment->directory,
        .ca = config_text(job->section, "ca"),
        .server_name = config_text(job->section, "server_name"),
    };
    struct dial dial;
    struct error error = {0};
    result_reach(result, RUNG_CONFIGURED);
    bool open = dial_open(&dial, config_text(job->section, "host"),
                          (int)config_integer(job->section, "port"), &tls, job->deadline,
                          job->cancelled, &error);
    probe_dial(result, &dial);
    if (open) {
        judge(job, &dial, result);
    } else {
        result_error(result, &error, "see whether the service runs");
    }
    dial_close(&dial);
}

const struct check check_tls = {
    .name = "tls",
    .title = "TLS",
    .help = "is a certificate believed, does it bear the name, and how long is it good",
    .section = NULL,
    .period = 25 * CLOCK_SECOND,
    .deadline = 2 * CLOCK_SECOND,
    .ask = ask,
};
