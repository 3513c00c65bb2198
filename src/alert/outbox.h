/* Announcements on their way out: written to disk first, a file for each sink, and
 * delivered by whoever has the secrets (courier.h).
 *
 * What is written is masked and holds no secret: a webhook's URL is resolved when it is
 * sent to. Any thread. */
#ifndef GREENBOARD_ALERT_OUTBOX_H
#define GREENBOARD_ALERT_OUTBOX_H

#include "alert/letter.h"
#include "alert/sink.h"
#include "base/buf.h"
#include "config/config.h"
#include "config/notices.h"

#include <jansson.h>
#include <stdbool.h>

struct notice_row {
    const char *word, *help;
};
extern const struct notice_row notice_rows[NOTICE_COUNT];

struct notice {
    enum notice_kind kind;
    const char *text;    /* one line for a person */
    const json_t *facts; /* further members of our object, or NULL */
};

/* Whether `notify` has a sink for it. */
bool outbox_wants(const struct environment *environment, enum notice_kind kind);

/* Durable for each sink where it returns true; nothing where nobody is to be told. Of
 * more than OUTBOX_MAX that wait none is added. */
enum { OUTBOX_MAX = 1000 };
bool outbox_post(const char *outbox, const struct environment *environment,
                 const struct notice *notice, struct error *error);

/* One line each about what waits and what was given up of a run (NULL: of all). */
void outbox_tell(const char *outbox, const char *run,
                 void (*line)(void *self, const char *sink, const char *text),
                 void *self);

#endif
