/* THE table of sinks: the ways in which an announcement leaves. For threads of the
 * courier: sending blocks until the deadline. */
#ifndef GREENBOARD_ALERT_SINK_H
#define GREENBOARD_ALERT_SINK_H

#include "alert/letter.h"
#include "config/config.h"

#include <stdatomic.h>
#include <stdbool.h>

/* What became of a try. */
enum sending {
    SENT,
    SENT_NOT,     /* nobody takes anything at present: others wait as well */
    SENT_REFUSED, /* this one was answered, and not taken */
};

struct sending_job {
    const struct environment *environment;
    const struct letter *letter;
    int64_t deadline; /* clock_now() time */
    const atomic_bool *cancelled;
};

struct sink {
    const char *name; /* of its section in `notify`, and of its directory */
    /* `error` may name a secret: the courier masks it before it is kept. */
    enum sending (*send)(const struct sending_job *job, struct error *error);
};

enum { SINK_COUNT = 2 };
extern const struct sink *const sinks[SINK_COUNT];
extern const struct sink sink_webhook, sink_command;

bool sink_configured(const struct sink *sink, const struct environment *environment);
char *sink_directory(const struct sink *sink, const char *outbox); /* the caller frees */

/* Whether a URL may be asked that a secret travels to: by https, or to this machine or a
 * private host. False with the reason and the remedy, which tell the host alone. */
bool sink_url_safe(const struct environment *environment, const char *url,
                   struct error *error);

/* The header that tells a second delivery from another message. */
#define SINK_ID_HEADER "X-Greenboard-Id"

#endif
