/* A snapshot of every secret that an environment names, each distinct source resolved
 * once.
 *
 * Immutable and counted: a job keeps the snapshot it was given while main replaces the
 * current one. Any thread may read. */
#ifndef GREENBOARD_BOARD_SECRETS_H
#define GREENBOARD_BOARD_SECRETS_H

#include "config/config.h"
#include "source/source.h"

#include <stddef.h>
#include <stdint.h>

struct secrets;

/* Each distinct source of the environment, borrowed from it. The caller frees the
 * array. */
const json_t **secrets_sources(const struct environment *environment, size_t *count);

/* Takes over the `resolved` entries, one for each source. */
struct secrets *secrets_create(const json_t *const *sources,
                               struct resolved *take_resolved, size_t count);
struct secrets *secrets_ref(const struct secrets *secrets);
void secrets_unref(const struct secrets *secrets);

/* NULL where the source is not one of the environment's. */
const struct resolved *secrets_find(const struct secrets *secrets, const json_t *source);

/* Each in turn, with the source_identity() of its source; NULL behind the last. */
const struct resolved *secrets_at(const struct secrets *secrets, size_t index,
                                  const char **identity);

/* Asks every source of the environment at once, each on a thread of its own, and returns
 * when all have answered: where nobody else is waiting. */
struct secrets *secrets_resolve(const struct environment *environment, int64_t deadline);

/* Tells the process's mask about all of them. */
void secrets_publish(const struct secrets *secrets);

#endif
