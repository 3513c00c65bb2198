/* A text without its secrets: what is kept of a file, and how it becomes whole again.
 *
 * Where a secret stood the kept text has a hole, a marker with the fingerprint of what
 * was there. Filling it takes the value that the secret has now, so that nothing kept
 * holds a secret and nothing that is put back holds an old one. The caller owns a struct
 * cut. Wants fingerprint_begin(), and a mask that knows the secrets. Any thread. */
#ifndef GREENBOARD_RELEASE_CUT_H
#define GREENBOARD_RELEASE_CUT_H

#include "base/buf.h"
#include "base/error.h"
#include "release/known.h"
#include "release/members.h"
#include "secret/fingerprint.h"

#include <jansson.h>
#include <stdbool.h>

struct hole {
    char *name;        /* of the member; NULL: a place between them */
    size_t nth, count; /* of a line: how many of its name came before it, and were */
    size_t at, length; /* of its marker in the kept text */
    char fingerprint[FINGERPRINT];
    char *source; /* source_identity() of what held the same value then, or NULL */
};

struct cut {
    enum form form;
    struct buf text;
    struct hole *holes; /* in order */
    size_t count;
};

enum cut_use {
    CUT_BACK, /* it will be put back: what cannot be cut so that it can is refused */
    CUT_SHOW  /* it is only looked at: what the mask knows is masked */
};

/* `path` is what errors call it, and what its form is told by. */
bool cut_make(struct cut *cut, const char *path, const char *text, size_t length,
              const struct known *known, enum cut_use use, struct error *error);
void cut_finish(struct cut *cut);

/* Appends a text as people may see it, line by line: of one whose name or value is a
 * secret's, as far as anybody can tell, a fingerprint in place of the value. */
bool cut_shown(const char *text, struct buf *out, struct error *error);

/* The hole that is this member of the kept text, or NULL. */
const struct hole *cut_hole(const struct cut *cut, const struct member *member);

/* How a place is shown that the present secret will take, whatever it was. */
#define CUT_HOLE "[secret]"

/* The whole text again: `out` is a secret buffer. `present` is the text of that file now,
 * NULL where there is none. False where a secret has no present value: which, and what to
 * do. */
bool cut_fill(const struct cut *cut, const char *path, const struct buf *present,
              const struct known *known, struct buf *out, struct error *error);

/* The holes for a manifest, and back: false where they do not fit the text. */
json_t *cut_holes_json(const struct cut *cut);
bool cut_holes_read(struct cut *cut, const json_t *array);

#endif
