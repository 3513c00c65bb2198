/* Boards made by hand for the golden screens: fixed words, fixed clock, nothing asked. */
#ifndef GREENBOARD_TESTS_BOARDS_H
#define GREENBOARD_TESTS_BOARDS_H

#include "alert/alerts.h"
#include "board/board.h"

/* The moment at which every golden screen is drawn. */
#define BOARDS_NOW  (INT64_C(1000) * 1000000000)
#define BOARDS_WALL INT64_C(1769861071218) /* 2026-01-31T12:04:31.218Z */

struct board *boards_waiting(void); /* nothing has answered yet */
struct board *boards_green(void);
struct board *boards_red(void); /* Redis refuses the password, and what hangs on it */
struct board *boards_mismatch(void); /* the backend holds another JWT secret */
struct board *boards_unproven(void); /* stale, and one that could not be asked */
struct board *
boards_foreign(void); /* a peer's text with escapes, bidi and wide characters */
struct board *boards_elsewhere(void); /* stores that are not asked from here */
struct board *boards_without(void);   /* a system that has no Redis */
struct board *boards_mixed(void);     /* every state there is */
struct board *boards_ten(void);       /* as many lights as the sandbox has */
struct board *boards_ten_red(void);
struct board *boards_many(void);  /* more than fit, few of them red */
struct board *boards_storm(void); /* and most of them */
void boards_judge(const struct board *board,
                  struct alerts *alerts); /* three minutes ago */
void boards_free(struct board *board);

#endif
