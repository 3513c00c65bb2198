#include "config/trust.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRUST_SIZE_MAX = 1024 * 1024, DIGEST_LENGTH = 64, TRUST_GAP = 2 };

/* The path of a line "SHA256  PATH", or NULL. */
static const char *line_path(const char *line)
{
    bool whole = strspn(line, "0123456789abcdef") == DIGEST_LENGTH &&
                 strncmp(line + DIGEST_LENGTH, "  /", TRUST_GAP + 1) == 0;
    return whole ? line + DIGEST_LENGTH + TRUST_GAP : NULL;
}

bool trust_known(const char *directory, const char *path, const char *digest,
                 struct error *error)
{
    char *file = fs_join(directory, "trusted");
    struct buf data;
    buf_init(&data, TRUST_SIZE_MAX);
    bool known = false, changed = false;
    /* A list that somebody else could have written proves nothing. */
    if (fs_is_ours(file, NULL) && fs_read(file, &data, NULL)) {
        char *copy = mem_text(buf_string(&data)), *rest = copy;
        for (char *line; (line = strsep(&rest, "\n"));) {
            bool same_path = text_equal(line_path(line), path);
            bool same_bytes = same_path && strncmp(line, digest, DIGEST_LENGTH) == 0;
            known = known || (same_bytes && strlen(digest) == DIGEST_LENGTH);
            changed = changed || (same_path && !same_bytes);
        }
        free(copy);
    }
    if (!known) {
        error_set(error, ERROR_DENIED, "%s was found here and %s", path,
                  changed ? "has changed since it was trusted" : "is not trusted yet");
        error_hint(error, "read it, then: greenboard config trust; or name it with -c");
    }
    buf_finish(&data);
    free(file);
    return known;
}

bool trust_add(const char *directory, const char *path, const char *digest,
               struct error *error)
{
    if (strchr(path, '\n') || path[0] != '/' || strlen(digest) != DIGEST_LENGTH) {
        return error_set(error, ERROR_USAGE,
                         "the path of this file cannot be kept in a list");
    }
    char *file = fs_join(directory, "trusted"),
         *lock = fs_join(directory, "trusted.lock");
    struct buf old, new;
    buf_init(&old, TRUST_SIZE_MAX);
    buf_init(&new, 0);
    bool done = false;
    int held = fs_make_dirs(directory, error) ? fs_lock(lock, error) : -1;
    if (held < 0) {
        goto out;
    }
    if (fs_is_ours(file, NULL) && !fs_read(file, &old, error)) {
        goto out;
    }
    char *copy = mem_text(buf_string(&old)), *rest = copy;
    for (char *line; (line = strsep(&rest, "\n"));) {
        const char *other = line_path(line);
        if (other && strcmp(other, path) != 0) {
            buf_format(&new, "%s\n", line);
        }
    }
    free(copy);
    buf_format(&new, "%s  %s\n", digest, path);
    done = fs_replace(file, buf_string(&new), new.length, 0600, error);
out:
    if (held >= 0) {
        close(held);
    }
    buf_finish(&old);
    buf_finish(&new);
    free(file);
    free(lock);
    return done;
}
