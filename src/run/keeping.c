/* What a run keeps of the configuration: as it was before anything happens, and as the
 * release ran with it. */
#include "run/course.h"

#include "base/mem.h"
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
