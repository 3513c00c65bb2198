/* The tunnels that an environment's stores are asked through: started, watched until
 * their port answers, started again when they end, and ended with us.
 *
 * A thread of its own owns the processes (forwarder.h), because who forks must live as
 * long as they do, and main never waits. There is one for each port that a store has,
 * since a command carries one. All functions may be called from any thread but create and
 * destroy, which belong to whoever asks through them: checks (board/sched), or a lease
 * (lock/coordinator). */
#ifndef GREENBOARD_TUNNEL_TUNNELS_H
#define GREENBOARD_TUNNEL_TUNNELS_H

#include "base/error.h"
#include "config/config.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tunnels;

enum tunnel_state {
    TUNNEL_COMING, /* started for the first time, and still within its time */
    TUNNEL_UP,     /* its port answers: which says nothing of what is behind it */
    TUNNEL_DOWN,
};

enum { TUNNEL_WORDS = 200 };

/* A copy of what one is at this moment. */
struct tunnel_view {
    const char *name;  /* as in `tunnels`; borrowed from the environment, as all texts */
    const char *store; /* which section it is for */
    const char *host;  /* where it leads: the section's host and port */
    int remote_port;
    int port; /* where it listens, of 127.0.0.1 */
    enum tunnel_state state;
    unsigned starts;
    int64_t since;           /* clock_now(), of the state */
    int64_t again;           /* TUNNEL_DOWN: clock_now() time of the next start */
    char why[TUNNEL_WORDS];  /* TUNNEL_DOWN: "ended with status 255" */
    char last[TUNNEL_WORDS]; /* the last line that it printed, masked and cleaned */
};

/* NULL, which every function accepts, where no store is asked through one. */
struct tunnels *tunnels_create(const struct environment *environment);
/* The same for one store's section alone. */
struct tunnels *tunnels_create_for(const struct environment *environment,
                                   const json_t *section);
void tunnels_destroy(struct tunnels *tunnels); /* waits for their end, 3 s at most */

/* The one through which the store's port (a key of its section) is reached; false where
 * there is none. */
bool tunnels_find(struct tunnels *tunnels, const json_t *section, const char *port,
                  struct tunnel_view *view);

/* Those of a store's section or of an entry of `tunnels`, by number; false past the
 * last. */
bool tunnels_look(struct tunnels *tunnels, const json_t *of, size_t number,
                  struct tunnel_view *view);

/* Whether one of these is still on its way, so that asking now would ask too soon. */
bool tunnels_coming(struct tunnels *tunnels, const json_t *of);

/* The port at which the store's is reached; 0 where its tunnel is not up. One that is
 * still on its way is waited for until the deadline, or until *cancelled (or NULL). */
int tunnels_await(struct tunnels *tunnels, const json_t *section, const char *port,
                  int64_t deadline, const atomic_bool *cancelled, struct error *error);

/* Says why one that is not up carries nothing: ERROR_TIMEOUT where it may come yet. */
void tunnel_complain(const struct tunnel_view *view, struct error *error);

#endif
