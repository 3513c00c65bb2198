#include "base/exits.h"

const struct exit_row exit_rows[] = {
#define EXITS_ROW(id, number, word, help) {number, word, help},
    EXITS(EXITS_ROW)
#undef EXITS_ROW
};
const size_t exit_count = sizeof exit_rows / sizeof exit_rows[0];

const char *exit_word(int number)
{
    for (size_t i = 0; i < exit_count; i++) {
        if (exit_rows[i].number == number) {
            return exit_rows[i].word;
        }
    }
    return NULL;
}
