/* The store of a console: a thread that owns both databases, fed by a bounded queue.
 *
 * Main thread calls; nothing here waits for a disk but store_close(), which writes what
 * is queued. A write that failed, or a queue that ran full of events, makes the store
 * failed for good: who deploys asks store_failed() and refuses. One process an
 * environment holds the recorder lock and writes samples and transitions; in any other
 * store_recorder() is false and those calls do nothing. */
#ifndef GREENBOARD_STORE_STORE_H
#define GREENBOARD_STORE_STORE_H

#include "board/board.h"
#include "store/events.h"
#include "store/statedir.h"

#include <stdbool.h>

struct store;

/* Starts the thread, which opens the databases. NULL where `read_only`, which every call
 * accepts. */
struct store *store_create(const struct statedir *dir, bool read_only);
void store_destroy(struct store *store); /* writes what is queued */

/* True where something could not be written, and why. */
bool store_failed(struct store *store, struct error *error);
bool store_recorder(struct store *store);

/* What the trail says of alerts, newest of each, once it was read: when the thread
 * starts, and again when this process becomes the recorder. `recorder` says that it was,
 * so that nobody else adds to them from then on. False where nothing new was read; else
 * the caller finishes `alerts`. */
bool store_take_alerts(struct store *store, struct entries *alerts, bool *recorder);

void store_event(struct store *store, const struct event *event); /* copies */
/* What the trail is to know of the configuration (invalid.h), recorder or not: once. */
void store_config(struct store *store, const struct environment *environment);

/* For the scheduler's observer, and after board_judge() said that the decision
 * changed. */
void store_answer(struct store *store, const struct board *board,
                  const struct light *light, bool changed);
void store_gate(struct store *store, const struct board *board, int64_t now);

#endif
