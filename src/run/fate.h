/* A run that has no end on record: does anybody still work on it, and what is known of it
 * where nobody does. Reads /proc and the run's files. Any thread. */
#ifndef GREENBOARD_RUN_FATE_H
#define GREENBOARD_RUN_FATE_H

#include "store/runs.h"

#include <stdbool.h>

/* How a run is called whose supervisor is gone and that has no end: never a success. */
#define FATE_UNKNOWN "UNKNOWN"

/* Processes of an earlier boot are gone, whatever bears their numbers now. */
bool fate_supervised(const struct run *run);
bool fate_leftovers(const struct run *run); /* does a process of its command live? */

/* True where it has no end and its supervisor is gone. Reads the record again before it
 * says so, since the end may just have been written; *run is then the newer one. */
bool fate_unknown(const struct statedir *dir, struct run **run);

/* run_word(), or FATE_UNKNOWN. */
const char *fate_word(const struct run *run, bool unknown);

/* What is known of such a run, a line each: since when, in which step, what is left of
 * it, what it printed last. argv_free(). */
char **fate_facts(const struct run *run);

#endif
