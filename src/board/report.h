/* The board as data: the object that `check -o json` prints and that a run keeps as its
 * verdict before and after. Main thread; masked already, since results are. */
#ifndef GREENBOARD_BOARD_REPORT_H
#define GREENBOARD_BOARD_REPORT_H

#include "board/board.h"

#include <jansson.h>

/* `partial`: only the named lights were asked, so there is no verdict. `duration` of the
 * whole preflight, ns. The caller owns the object. */
json_t *report_board(const struct board *board, int64_t now, bool partial,
                     int64_t duration);
json_t *report_light(const struct light *light, int64_t now);

#endif
