/* What is about to ship was proven elsewhere first: the newest run that shipped that
 * release to another environment of the system left it known good. It is read from the
 * records of runs in this state directory, and nobody is asked. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "board/asking.h"
#include "board/board.h"
#include "checks/checks.h"
#include "store/runs.h"

#include <stdio.h>
#include <stdlib.h>

struct prepared {
    bool wanted; /* the configuration says how the release is known */
    char release[RELEASE_MAX + 1];
    struct error error; /* why it is not known */
};

static void prepare(const struct board *board, struct job *job)
{
    struct prepared *prepared = mem_alloc(sizeof *prepared);
    const char *release = board->given ? board->given : board->release;
    prepared->wanted = board->release_wanted;
    prepared->error = board->release_error;
    snprintf(prepared->release, sizeof prepared->release, "%s", release ? release : "");
    job->prepared = prepared;
}

/* ---- the run that decides ---- */

/* A run that was refused or cancelled before its command shipped nothing, and says
 * nothing of the release. */
static bool decides(const struct run *run, const char *release)
{
    const struct step *main = run_step_main(run);
    bool ships = text_equal(run->kind, run_kind_words[KIND_DEPLOY]) ||
                 text_equal(run->kind, run_kind_words[KIND_ROLLBACK]);
    bool shipped = run->phase != PHASE_ENDED ||
                   (run->outcome != OUTCOME_REFUSED && main && main->attempts > 0);
    return ships && shipped && text_equal(run->release, release);
}

static const struct run *newest(const struct runs *runs, const char *release)
{
    for (size_t i = 0; i < runs->count; i++) {
        if (decides(runs->rows[i], release)) {
            return runs->rows[i];
        }
    }
    return NULL;
}

/* ---- judged ---- */

static char *deploy_there(const char *from, const char *release)
{
    return mem_format("deploy it to %s first: greenboard -e %s deploy --release %s", from,
                      from, release);
}

static void judge_age(const struct job *job, const struct run *run, const char *advice,
                      struct result *result)
{
    const char *from = config_text(job->section, "from");
    int64_t age = (clock_wall() - run->ended) * CLOCK_MS;
    int64_t most = config_span(job->section, "max_age");
    char words[TEXT_SPAN], limit[TEXT_SPAN];
    text_span(words, age);
    text_span(limit, most);
    if (most > 0 && age < 0) {
        result_set(result, STATE_UNKNOWN, "set the clock of this machine",
                   "run %s ended in the future", run->id);
    } else if (most > 0 && age > most) {
        result_set(result, STATE_FAIL, advice,
                   "%s was verified in %s %s ago, and max_age is %s", run->release, from,
                   words, limit);
    } else {
        result_reach(result, RUNG_USABLE);
        result_ok(result, "%s is known good in %s since %s", run->release, from, words);
    }
}

static void judge(const struct job *job, const struct run *run, const char *release,
                  struct result *result)
{
    const char *from = config_text(job->section, "from");
    char *advice = deploy_there(from, release);
    if (!run) {
        result_set(result, STATE_FAIL, advice, "%s was never deployed to %s", release,
                   from);
    } else if (run->phase != PHASE_ENDED) {
        result_set(result, STATE_UNKNOWN,
                   "wait until that run has ended, and was verified",
                   "run %s of %s in %s has no end", run->id, release, from);
    } else if (!run->known_good) {
        result_set(result, STATE_FAIL, advice,
                   "%s is not known good in %s: run %s was %s", release, from, run->id,
                   run_word(run));
    } else {
        judge_age(job, run, advice, result);
    }
    if (run) {
        result_evidence(result, "run", "%s", run->id);
    }
    free(advice);
}

static bool read_runs(const struct job *job, struct runs *runs, struct error *error)
{
    struct statedir dir;
    const char *home = statedir_told();
    *runs = (struct runs){0};
    if (!home) {
        return error_set(error, ERROR_SYSTEM, "nobody said where records are kept");
    }
    if (!statedir_open_named(&dir, home, job->environment->system,
                             config_text(job->section, "from"), NULL, error)) {
        return false;
    }
    bool done = run_list(&dir, runs, error);
    statedir_finish(&dir);
    return done;
}

static void ask_records(const struct job *job, const char *release, struct result *result)
{
    struct runs runs;
    struct error error = {0};
    const char *from = config_text(job->section, "from");
    result_identity(result, "release", "%s", release);
    result_evidence(result, "from", "%s", from);
    if (read_runs(job, &runs, &error)) {
        judge(job, newest(&runs, release), release, result);
    } else {
        result_set(result, STATE_UNKNOWN,
                   error.hint[0] ? error.hint
                                 : "mend or remove that record: the newest run decides",
                   "the runs of %s cannot all be read: %s", from, error.message);
    }
    runs_finish(&runs);
}

static void ask(const struct job *job, struct result *result)
{
    const struct prepared *prepared = job->prepared;
    result_reach(result, RUNG_CONFIGURED);
    if (prepared->release[0]) {
        ask_records(job, prepared->release, result);
    } else if (prepared->error.code) {
        result_set(result, STATE_UNKNOWN,
                   prepared->error.hint[0] ? prepared->error.hint
                                           : "see why `release` does not tell it",
                   "which release is about to ship is not known: %s",
                   prepared->error.message);
    } else {
        result_set(result, STATE_FAIL,
                   prepared->wanted ? "ask again" : "say in `release` how it is known",
                   "nobody says which release is about to ship");
    }
}

const struct check check_promotion = {
    .name = "promotion",
    .title = "Promotion",
    .help = "is the release that is about to ship known good in another environment",
    .section = NULL,
    .of_release = true,
    .period = 25 * CLOCK_SECOND,
    .deadline = 2 * CLOCK_SECOND,
    .prepare = prepare,
    .ask = ask,
};
