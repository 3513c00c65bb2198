/* Does a service hold the canonical secret, as far as can be told from where both are
 * kept? The same value is not enough: a look-alike that is the same today parts at the
 * next rotation, an instance that was started before the last one runs with the old
 * value, and a value that is compared with itself proves nothing. Pure; any thread. */
#ifndef GREENBOARD_BOARD_AGREEMENT_H
#define GREENBOARD_BOARD_AGREEMENT_H

#include "source/source.h"

#include <jansson.h>
#include <stdbool.h>

struct holder {
    const char *name; /* canonical, auth, backend */
    const json_t *source;
    const struct resolved *resolved; /* NULL: nobody asked */
};

enum agreement_kind {
    AGREEMENT_SAME,
    AGREEMENT_ITSELF,     /* both are read from one place */
    AGREEMENT_UNREADABLE, /* nothing to compare */
    AGREEMENT_OTHER_VALUE,
    AGREEMENT_OTHER_NAME, /* the same value, of another secret or another version */
    AGREEMENT_DOUBTFUL,   /* the same, but what runs may hold another */
};

struct agreement {
    enum agreement_kind kind;
    bool mismatch; /* another value is known to be in use */
    bool unproven; /* could not be asked; else what is not the same is bad */
    char *finding; /* goes behind the holder's name; NULL where it is the same */
    char *remedy;  /* NULL with it */
};

/* `reference` is the canonical one, which was found, or, where that is not kept in Secret
 * Manager, NULL or a service that is given its secret from there: whose name of the
 * secret is the right one. To be finished. */
void agreement_judge(const struct holder *canonical, const struct holder *reference,
                     const struct holder *holder, struct agreement *out);
void agreement_finish(struct agreement *agreement);

#endif
