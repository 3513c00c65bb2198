/* What the screen of a run holds, and how it looks. Only for ui/view_run.c and
 * ui/run_page.c. */
#ifndef GREENBOARD_UI_RUN_PAGE_H
#define GREENBOARD_UI_RUN_PAGE_H

#include "run/follow.h"
#include "run/launch.h"
#include "ui/pane.h"
#include "ui/player.h"

struct run_screen {
    struct launch launch;
    bool launched; /* the launch is ours to hear */
    char id[RUN_ID];
    struct follow *follow;
    const struct run *run; /* follow's, as of the last update */
    struct output output;
    struct player player; /* of the output, once that is played again */
    size_t back;          /* lines scrolled up from the end; 0 follows */
    int64_t printed;      /* clock_now() of the last output, 0: none yet */
    int64_t looked;       /* when it was last asked whether the supervisor lives */
    bool past;            /* it had ended before it was opened: that one is shown */
    bool orphan;          /* no end is recorded and nobody is there to record one */
    bool ended;           /* the launcher's end is closed */
    enum run_phase told;  /* the phase that the timeline knows of */
    char said[RUN_ID];    /* the run that the reasons and the hint are of */
    char **reasons;       /* of a refusal or trouble */
    char *hint;
};

void run_page_draw(const struct run_screen *screen, const struct scene *scene,
                   struct canvas *canvas);

#endif
