/* What the audit trail is told of configurations: each that fails its validation, with
 * path and reason, and each part that a system is said not to have. Once for each
 * distinct failure, whoever meets it first, however often it is met.
 *
 * A file that loads but lacks what its class demands has an environment, whose trail it
 * goes to. A file that cannot be used has none that could be trusted: what it says of
 * itself may be what is wrong with it, and a mistyped name would begin a trail that
 * nobody reads. Those go to a trail of their own beside the systems, which `audit
 * --configurations` reads without a configuration.
 *
 * Nothing that a file holds where it should not is repeated: what problems quote is left
 * out, since it may be the secret that somebody wrote there. */
#ifndef GREENBOARD_STORE_INVALID_H
#define GREENBOARD_STORE_INVALID_H

#include "config/config.h"
#include "store/events.h"
#include "store/statedir.h"

#include <stdbool.h>

/* The directory of the trail of files that could not be used. */
bool invalid_dir(struct statedir *dir, const char *home, struct error *error);

/* Of a file that config_usable() refused. Durable where it returns true. */
bool invalid_record_file(const char *home, const struct config *config,
                         struct error *error);

/* Of one environment of a usable file; touches nothing where there is nothing to tell. */
bool invalid_record(const char *home, const struct environment *environment,
                    struct error *error);

/* The same, handed to a console's store: calls back with each event. */
void invalid_tell(const struct environment *environment, const char *operator_name,
                  bool (*tell)(void *self, const struct event *event), void *self);

#endif
