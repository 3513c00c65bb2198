/* Who acts: each fact about the person and the place, and whether anything but that
 * person's own word speaks for it.
 *
 * Gathered once, by the process that a person started: a supervisor has no terminal and
 * is handed these facts with the operator's name. Any thread, while nobody changes the
 * environment. */
#ifndef GREENBOARD_STORE_WHO_H
#define GREENBOARD_STORE_WHO_H

#include "base/buf.h"

#include <jansson.h>
#include <sys/types.h>

/* THE table of facts: id, key, word for how sure it is, what it is. Proven is what the
 * kernel keeps and its user cannot change; claimed is what a variable says. */
#define WHO_PROVEN  "proven"
#define WHO_CLAIMED "claimed"
#define WHO_FACTS(X)                                                                     \
    X(WHO_USER, "user", WHO_PROVEN, "the name of the real user id")                      \
    X(WHO_UID, "uid", WHO_PROVEN, "the real user id")                                    \
    X(WHO_EFFECTIVE, "effective_user", WHO_PROVEN,                                       \
      "the name of the effective user id, where it is another one")                      \
    X(WHO_LOGIN, "login_user", WHO_PROVEN,                                               \
      "who logged in, whatever they became since: /proc/self/loginuid")                  \
    X(WHO_TTY, "tty", WHO_PROVEN, "the terminal that controls the session")              \
    X(WHO_HOST, "host", WHO_PROVEN, "the name of the machine")                           \
    X(WHO_SUDO_USER, "sudo_user", WHO_CLAIMED, "who called sudo: SUDO_USER")             \
    X(WHO_SUDO_UID, "sudo_uid", WHO_CLAIMED, "the user id of who called it: SUDO_UID")   \
    X(WHO_SSH_PEER, "ssh_peer", WHO_CLAIMED,                                             \
      "from where a session of SSH came: SSH_CONNECTION")

enum who_fact {
#define WHO_FACTS_ENUM(id, key, certainty, help) id,
    WHO_FACTS(WHO_FACTS_ENUM)
#undef WHO_FACTS_ENUM
        WHO_COUNT
};
struct who_row {
    const char *key, *certainty, *help;
};
extern const struct who_row who_rows[WHO_COUNT];

/* The name of a user, "uid 1000" where it has none, and that of the machine; the caller
 * frees. */
char *who_user(uid_t uid);
char *who_host(void);

/* {"proven": {"user": "ada", …}, "claimed": {…}}, without what is not there; the
 * caller's. */
json_t *who_facts(void);

/* "user ada, host ops-1; claimed: sudo_user bob", or nothing where `who` is NULL. */
void who_show(struct buf *out, const json_t *who);

#endif
