/* What a run keeps of the configuration, as it was before anything happens and as the
 * release ran with it; and what a rollback puts back of it. */
#include "run/course.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "lock/hold.h"
#include "release/back.h"
#include "release/backup.h"

#include <stdlib.h>

enum step_end keeping_before(struct course *course, struct step *step)
{
    struct error error = {0};
    char digest[DIGEST_HEX];
    if (!backup_wanted(course->environment)) {
        return STEP_DONE;
    }
    if (backup_make(course->environment, course->directory, KEPT_BEFORE, digest,
                    &error)) {
        free(course->run->backup);
        course->run->backup = mem_text(digest);
        return STEP_DONE;
    }
    run_step_end(step, 1);
    return course_refuse_error(course, course_status_of(&error), &error);
}

void keeping_after(struct course *course, struct step *step)
{
    struct error error = {0};
    char digest[DIGEST_HEX];
    if (!backup_wanted(course->environment)) {
        return;
    }
    if (!backup_make(course->environment, course->directory, KEPT_AFTER, digest,
                     &error)) {
        free(step->note);
        step->note =
            mem_format("what it ran with is not kept, and cannot be gone back to: %s",
                       error.message);
        return;
    }
    free(course->run->shipped);
    course->run->shipped = mem_text(digest);
    backup_retain(&course->journal.dir, course->environment, &error);
}

/* ---- a rollback ---- */

/* False where it cannot be worked out; `back` is to be finished either way. */
static bool find_back(const struct course *course, struct back *back, struct error *error)
{
    const char *target = course->intent.target;
    *back = (struct back){0};
    struct run *run = run_read(&course->journal.dir, target ? target : "", error);
    bool done =
        run &&
        (text_equal(run->release, course->plan->release) ||
         error_set(error, ERROR_USAGE, "run %s shipped another release", target)) &&
        back_prepare(back, &course->journal.dir, run, course->environment, error);
    run_destroy(run);
    return done;
}

/* One that another run ended in was confirmed without its files. */
bool keeping_foresee(struct course *course, struct error *error)
{
    struct back back;
    if (course->intent.kind != KIND_ROLLBACK || course->run->follows) {
        return true;
    }
    bool done = find_back(course, &back, error);
    if (done) {
        plan_go_back(course->plan, &back);
    }
    back_finish(&back);
    return done;
}

static bool write_down(struct course *course, const struct back *back,
                       struct error *error)
{
    char *words = back_words(back);
    json_t *lines = json_array();
    for (size_t i = 0; i < back->count; i++) {
        json_array_append_new(lines, json_text(back->lines[i].text));
    }
    char *text = mem_format("restore: %s", words);
    bool done = journal_append(&course->journal, EVENT_RUN_STEP, text,
                               json_pack("{s:o}", "files", lines), error);
    free(text);
    free(words);
    return done;
}

/* Worked out anew: what ran before this step may have changed the files again. */
enum step_end keeping_restore(struct course *course, struct step *step)
{
    struct error error = {0};
    struct back back;
    bool found = find_back(course, &back, &error);
    const char *confirmed = json_get_text(course->wanted.confirmation, "files");
    if (found && !course->run->follows && !text_equal(confirmed, back.changes)) {
        char reason[] = "the files are not as they were when this was confirmed";
        char *const reasons[] = {reason, NULL};
        back_finish(&back);
        return course_refuse(course, EXIT_USAGE, reasons,
                             "look at what would come back again");
    }
    bool done = found && write_down(course, &back, &error) &&
                restore_commit(&back.restore, &error);
    free(step->note);
    step->note =
        done ? back_words(&back) : mem_format("%s; %s", error.message, error.hint);
    course->restored = course->restored || (done && restore_changes(&back.restore) > 0);
    back_finish(&back);
    run_step_end(step, done ? 0 : 1);
    return done ? STEP_DONE : STEP_FAILED;
}

/* What is unusual now stops further deploys until somebody lifts it. */
void keeping_unusual(struct course *course)
{
    struct run *run = course->run;
    struct error error = {0};
    if (course->intent.kind == KIND_ROLLBACK && (course->shipped || course->restored)) {
        free(run->unusual);
        run->unusual = back_reason(run->release, course->shipped, course->restored);
        if (!hold_take(&course->journal.dir, run->environment, run->operator_name,
                       run->unusual, run->id, &error) &&
            error.code != ERROR_BUSY) {
            free(run->trouble);
            run->trouble = mem_text(error.message);
        }
    }
}
