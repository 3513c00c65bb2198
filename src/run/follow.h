/* Follows a run through its files, whoever started it: from the first byte, and live.
 *
 * One thread. Nothing waits: poll follow_fd() and call the two when it is readable (and
 * now and then besides, since a supervisor that died writes nothing). */
#ifndef GREENBOARD_RUN_FOLLOW_H
#define GREENBOARD_RUN_FOLLOW_H

#include "base/buf.h"
#include "store/runs.h"

struct follow;

struct follow *follow_create(const struct statedir *dir, const char *id,
                             struct error *error);
void follow_destroy(struct follow *follow);
int follow_fd(const struct follow *follow);

/* Appends what the steps printed since the last call, about 64 KiB of it at most; false
 * where nothing was there. It is masked, and UTF-8 unless an older greenboard kept it,
 * but otherwise as it came: clean it before a terminal sees it. */
bool follow_output(struct follow *follow, struct buf *out);

/* The newest record, read again when it changed; borrowed until the next call. */
const struct run *follow_run(struct follow *follow);

/* False where the record has no end and its supervisor is gone: `runs resolve` is next.
 * Reads /proc: call it once a second at most. */
bool follow_alive(struct follow *follow);

#endif
