/* The recording of a run's commands, in the run's course. */
#include "run/course.h"

#include "base/mem.h"
#include "base/text.h"
#include "run/command.h"

#include <stdlib.h>

bool record_begin(struct course *course)
{
    const struct run *run = course->run;
    struct error error = {0};
    char *title =
        mem_format("%s of %s to %s", run->kind,
                   run->release ? run->release : "no release", run->environment);
    bool open = recording_open(&course->recording, run->output, title, COMMAND_COLUMNS,
                               COMMAND_ROWS, &error);
    free(title);
    course->recording.goes_on = text_equal(
        config_text(config_section(course->environment, "/deploy"), "on_record_failure"),
        "continue");
    if (!open) {
        course_refuse_error(course, EXIT_INTERNAL, &error);
    }
    return open;
}

void record_note(struct course *course)
{
    const struct recording *recording = &course->recording;
    if (recording->trouble != 0) {
        struct error error = {0};
        error_system(&error, recording->trouble, "cannot record to %s", recording->path);
        free(course->run->trouble);
        course->run->trouble = mem_text(error.message);
    }
}

void record_end(struct course *course)
{
    record_note(course);
    recording_close(&course->recording);
}
