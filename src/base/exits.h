/* Exit statuses: THE table. Code, `--help`, the manual and the tests read these rows. */
#ifndef GREENBOARD_BASE_EXITS_H
#define GREENBOARD_BASE_EXITS_H

#include <stddef.h>

#define EXITS(X)                                                                         \
    X(EXIT_GO, 0, "GO", "every check is green; or the run is done and verified")         \
    X(EXIT_UNSAFE, 1, "NO-GO, unsafe", "something that was asked answered badly")        \
    X(EXIT_UNPROVEN, 2, "NO-GO, unproven",                                               \
      "something could not be asked, or is too old")                                     \
    X(EXIT_COMMAND, 3, "command failed",                                                 \
      "the deploy, rollback or repair command failed")                                   \
    X(EXIT_UNVERIFIED, 4, "not verified",                                                \
      "the command succeeded, the checks after it did not")                              \
    X(EXIT_USAGE, 64, "usage",                                                           \
      "the command line, or what was to be confirmed, is wrong")                         \
    X(EXIT_INTERNAL, 70, "internal",                                                     \
      "greenboard's own machine failed it: disk, process")                               \
    X(EXIT_BUSY, 75, "busy",                                                             \
      "a lock, a freeze or another run is in the way, or a run is unresolved")           \
    X(EXIT_CONFIG, 78, "configuration",                                                  \
      "the configuration cannot be read or is not trusted")                              \
    X(EXIT_NOT_RUN, 126, "not run",                                                      \
      "secret exec: the command was found, but cannot be executed")                      \
    X(EXIT_NOT_FOUND, 127, "not found", "secret exec: there is no such command")

enum exit_status {
#define EXITS_ENUM(id, number, word, help) id = number,
    EXITS(EXITS_ENUM)
#undef EXITS_ENUM
};

struct exit_row {
    int number;
    const char *word;
    const char *help;
};

extern const struct exit_row exit_rows[];
extern const size_t exit_count;

const char *exit_word(int number); /* "exit 9" is NULL: not ours */

#endif
