/* The board as text, for check and for what else shows it on a command line. */
#ifndef GREENBOARD_CLI_CHECK_H
#define GREENBOARD_CLI_CHECK_H

#include "board/board.h"
#include "cli/cli.h"

#include <stdbool.h>

void check_print_board(const struct cli *cli, const struct board *board, bool partial);
/* What stops a deploy now, on stderr; nothing where it may start. */
struct standing;
void check_print_standing(const struct standing *standing);
void check_print_light(const struct cli *cli, const struct light *light);

#endif
