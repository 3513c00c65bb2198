#include "run/supervisor.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "run/course.h"
#include "run/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const int64_t LINGER = 15 * CLOCK_SECOND; /* for announcements, at the end */

static bool turn_away(struct course *course, const struct error *error)
{
    journal_turn_away(&course->journal, course_status_of(error), error);
    return false;
}

/* ---- the record and the lock ---- */

/* What the newest verified run of this kind took: for whoever watches. */
static int64_t usual(const struct statedir *dir, const char *kind)
{
    struct runs runs;
    int64_t span = 0;
    run_list(dir, &runs, NULL);
    for (size_t i = 0; i < runs.count && span == 0; i++) {
        const struct run *run = runs.rows[i];
        if (run->outcome == OUTCOME_VERIFIED && text_equal(run->kind, kind)) {
            span = run->ended - run->started;
        }
    }
    runs_finish(&runs);
    return span;
}

static void fill_record(struct course *course)
{
    const struct handover *wanted = &course->wanted;
    struct run *run = course->run;
    char *canonical = json_compact(wanted->confirmation);
    char digest[DIGEST_HEX];
    digest_hex(digest, canonical, strlen(canonical));
    free(canonical);
    run->kind = mem_text(run_kind_words[course->intent.kind]);
    run->repair = mem_text(course->intent.repair);
    run->target = mem_text(course->intent.target);
    run->system = mem_text(wanted->system);
    run->environment = mem_text(wanted->environment);
    run->release = mem_text(json_get_text(wanted->confirmation, "release"));
    run->operator_name = mem_text(wanted->operator_name);
    run->reason = mem_text(wanted->reason);
    run->who = wanted->who ? json_deep_copy(wanted->who) : NULL;
    run->digest = mem_text(digest);
    run->config = mem_text(wanted->config);
    run->started = clock_wall();
    run->scope = mem_text(wanted->scope);
    run->boot = process_boot();
    run->supervisor = process_find(getpid());
}

/* What a run has besides its lock. */
static bool open_run(struct course *course, struct error *error)
{
    struct run *run = course->run;
    struct journal *journal = &course->journal;
    free(course->directory);
    course->directory = mem_format("%s/%s", journal->dir.runs, run->id);
    run->usual = usual(&journal->dir, run->kind);
    run->output = fs_join(course->directory, RECORDING_NAME);
    control_close(&course->watch.control);
    if (!lock_fence(&journal->dir, &run->fence, error) ||
        !fs_make_dirs(course->directory, error) ||
        !control_open(&course->watch.control, &journal->dir, run->id, error)) {
        return false;
    }
    run->control = mem_text(course->watch.control.path);
    return head_take(&run->head_start, &journal->events, error) &&
           journal_enter(journal, PHASE_LOCKED, error);
}

static bool take_lock(struct course *course)
{
    const struct handover *wanted = &course->wanted;
    struct journal *journal = &course->journal;
    struct error error = {0};
    if (!statedir_open_named(&journal->dir, wanted->home, wanted->system,
                             wanted->environment, wanted->lock_dir, &error) ||
        !events_open(&journal->events, journal->dir.events, DB_WRITE, &error) ||
        !db_writable(&journal->events.db, &error) ||
        !admission_lock(&course->admission, &journal->dir, &error) ||
        !open_run(course, &error)) {
        return turn_away(course, &error);
    }
    return true;
}

/* What would have stopped a deploy is on the trail. */
static bool record_passed(struct course *course, struct error *error)
{
    char *const *passed = course->admission.passed;
    bool done = true;
    for (size_t i = 0; done && passed && passed[i]; i++) {
        done =
            journal_append(&course->journal, EVENT_LOCK_PASSED, passed[i], NULL, error);
    }
    return done;
}

/* Its fence is that of the lease from now on. */
static bool be_admitted(struct course *course)
{
    struct error error = {0};
    int status = EXIT_INTERNAL;
    bool done = admission_enter(&course->admission, course->environment,
                                &course->journal.dir, course->run, &status, &error);
    if (done) {
        status = EXIT_INTERNAL;
        done = record_passed(course, &error) && journal_record(&course->journal, &error);
    }
    if (!done) {
        course_refuse_error(course, status, &error);
    }
    return done;
}

/* A run that another one follows keeps the lease for it, as it keeps the lock. */
static void settle(void *argument)
{
    struct course *course = argument;
    if (!course->run->next) {
        admission_settle(&course->admission);
    }
}

/* ---- one run, and the one that it ended in ---- */

/* False where it ended in the decision to roll back. */
static bool conduct(struct course *course)
{
    return !interlock_read(course) || !be_admitted(course) || walk_steps(course);
}

/* The run after a run that ended in a rollback: under the same lock, which nobody else
 * can take in between. */
static void follow_up(struct course *course)
{
    struct error error = {0};
    struct run *before = course->run;
    struct run *run = run_create(before->next);
    course->run = course->journal.run = run;
    course->watch.run = run;
    course->watch.cancelled = false;
    course->shipped = course->timed_out = false;
    course->intent = (struct intent){.kind = KIND_ROLLBACK,
                                     .release = course->back_release,
                                     .target = course->back_run};
    course->admission.starter.gated = false;
    fill_record(course);
    free(run->release);
    run->release = mem_text(course->back_release);
    run->follows = mem_text(before->id);
    if (before->decision_count > 0) {
        const struct ruling *decision = &before->decisions[before->decision_count - 1];
        free(run->operator_name);
        free(run->reason);
        run->operator_name = mem_text(decision->by);
        if (course->decided_by) {
            json_decref(run->who);
            run->who = json_incref(course->decided_by);
        }
        run->reason = mem_text(decision->reason);
    }
    if (!open_run(course, &error)) {
        turn_away(course, &error);
    } else {
        conduct(course);
    }
    run_destroy(before);
}

/* ---- the whole life ---- */

static void on_cancel(void *argument, const char *operator_name, const json_t *who,
                      const char *reason)
{
    struct course *course = argument;
    journal_cancel(&course->journal, operator_name, who, reason);
}

/* Only from beneath the command that ships, while it runs. */
static bool guards(void *argument, pid_t peer)
{
    const struct course *course = argument;
    const struct run *run = course->run;
    const struct step *step = run_step_current(run);
    bool running = run->phase == PHASE_RUNNING || run->phase == PHASE_STOPPING;
    return running && step == run_step_main(run) && process_beneath(peer, &run->group);
}

/* Nobody may read our memory, no terminal may end us, and a reader that is gone is no
 * reason to. */
static void harden(void)
{
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NAME, "greenboard-run");
    fcntl(SUPERVISOR_FD, F_SETFD,
          FD_CLOEXEC); /* a command that held it would look like us */
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit on files is an error to handle */
    if (chdir("/") != 0) {
        panic("cannot enter /");
    }
}

/* What is left to tell is told once everything else is free, the launcher too: the run
 * is over, and nobody waits for this. */
static void let_go(struct course *course)
{
    struct courier *courier = course->journal.courier;
    environment_unref(course->journal.environment);
    watch_finish(&course->watch);
    events_close(&course->journal.events);
    recording_close(&course->recording);
    proof_finish(&course->proof);
    plan_destroy(course->plan);
    config_destroy(course->config);
    run_destroy(course->run);
    admission_leave(&course->admission); /* last of what others see */
    statedir_finish(&course->journal.dir);
    json_decref(course->decided_by);
    free(course->directory);
    free(course->remedy);
    free(course->back_release);
    free(course->back_run);
    handover_finish(&course->wanted);
    close(SUPERVISOR_FD);
    courier_destroy(courier, LINGER);
}

int supervisor_main(const struct check *const *checks)
{
    struct course course = {
        .checks = checks,
        .recording = {.file = -1},
        .watch = {.control = {.listener = -1, .peer = -1, .directory = -1},
                  .signals = -1,
                  .cancel = on_cancel,
                  .decide = guide_take,
                  .guards = guards},
        .journal = {.launcher = SUPERVISOR_FD,
                    .status = EXIT_INTERNAL,
                    .settle = settle,
                    .self = &course}};
    struct error error = {0};
    harden();
    send(SUPERVISOR_FD, "\n", 1, MSG_NOSIGNAL); /* no report: that we are who answers */
    if (!handover_read(&course.wanted, SUPERVISOR_FD, &error)) {
        handover_finish(&course.wanted);
        return EXIT_INTERNAL;
    }
    statedir_tell(course.wanted.home);
    course.intent = course.wanted.intent;
    course.run = course.journal.run = run_create(course.wanted.run);
    course.watch.run = course.run;
    course.watch.self = &course;
    fill_record(&course);
    admission_init(&course.admission,
                   (struct starter){.gated = course.intent.kind == KIND_DEPLOY,
                                    .without_lease = course.wanted.without_lease});
    if (!watch_begin(&course.watch, &error)) {
        turn_away(&course, &error);
    } else if (take_lock(&course) && !conduct(&course)) {
        int status = course.journal.status;
        follow_up(&course);
        course.journal.status = status; /* what was asked for did not succeed */
    }
    int status = course.journal.status;
    let_go(&course);
    return status;
}
