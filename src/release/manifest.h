/* The manifest of what a run kept: backup.json beside the kept texts, hashed into the
 * run's record.
 *
 * The caller owns a struct manifest. Reading it proves it: its own SHA-256 is the
 * record's, and each text's is what it says. Any thread. */
#ifndef GREENBOARD_RELEASE_MANIFEST_H
#define GREENBOARD_RELEASE_MANIFEST_H

#include "base/digest.h"
#include "release/cut.h"

#include <sys/types.h>

enum { KEPT_MAX = 16 * 1024 * 1024 }; /* bytes of a file, whoever reads it */

struct kept {
    char *path;  /* as configured; of a command its argument vector in one line */
    char *real;  /* where that was, every link followed; NULL: a command */
    char **argv; /* NULL: a file */
    char *file;  /* its name in the directory */
    mode_t mode;
    size_t size;             /* of the file as it was, bytes */
    char sha256[DIGEST_HEX]; /* of the kept text: of the file itself it would let anybody
                                try secrets out */
    struct cut cut;
};

struct manifest {
    struct kept *rows;
    size_t count;
};

/* An empty row to be filled. */
struct kept *manifest_add(struct manifest *manifest);

/* Each text and then the manifest into DIRECTORY (0700, files 0600), durable when it
 * returns. `digest` becomes what the record is to hold. */
bool manifest_write(struct manifest *manifest, const char *directory,
                    char digest[DIGEST_HEX], struct error *error);
/* ERROR_ABSENT: nothing is kept there. */
bool manifest_read(struct manifest *manifest, const char *directory, const char *digest,
                   struct error *error);
void manifest_finish(struct manifest *manifest); /* a zeroed one is fine */

/* Of a file, by its path as configured; NULL: not kept. */
const struct kept *manifest_file(const struct manifest *manifest, const char *path);

#endif
