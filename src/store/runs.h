/* The records of runs: runs/ID/run.json, replaced whole each time it changes.
 *
 * The supervisor writes it; anybody reads it. A record without an end is a run whose
 * supervisor lives, or died: it blocks new runs until it ended or was resolved. The
 * caller owns what these functions return. Any thread. */
#ifndef GREENBOARD_STORE_RUNS_H
#define GREENBOARD_STORE_RUNS_H

#include "store/run.h"
#include "store/statedir.h"

void run_name(char id[RUN_ID], int64_t wall);
bool run_name_valid(const char *id);
char *run_path(const struct statedir *dir, const char *id,
               const char *file); /* caller frees */

struct run *run_read(const struct statedir *dir, const char *id, struct error *error);
bool run_write(const struct statedir *dir, const struct run *run, struct error *error);
/* Seen by everybody at once, on disk later: for what dies with the machine anyway. */
bool run_write_soon(const struct statedir *dir, const struct run *run,
                    struct error *error);
struct runs {
    struct run **rows; /* newest first */
    size_t count;
};
/* Records that cannot be read are left out and told in `error` while the rest is still
 * there. */
bool run_list(const struct statedir *dir, struct runs *runs, struct error *error);
void runs_finish(struct runs *runs);

/* The newest run without an end; NULL with ERROR_NONE where there is none, and with
 * another code where a record cannot be read: then nobody knows, and nothing may
 * start. */
struct run *run_latest_open(const struct statedir *dir, struct error *error);

#endif
