/* The screen of a plan: how another pane opens it for a repair. Main thread. */
#ifndef GREENBOARD_UI_PLAN_SCREEN_H
#define GREENBOARD_UI_PLAN_SCREEN_H

struct ui;

/* The repairs that are for this check, the first of them. The name is copied. */
void plan_screen_repair(struct ui *ui, const char *check);

#endif
