#include "release/backup.h"

#include "base/fs.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { BACKUP_MAX = 16 * 1024 * 1024 };

static bool keep(const char *from, const char *name, const char *directory,
                 struct error *error)
{
    struct buf bytes;
    buf_init(&bytes, BACKUP_MAX);
    char *flat = mem_text(name);
    for (char *at = flat; *at; at++) {
        *at = (char)(*at == '/' ? '%' : *at);
    }
    char *to = fs_join(directory, flat);
    bool done = fs_read(from, &bytes, error) &&
                fs_replace(to, buf_string(&bytes), bytes.length, 0600, error);
    if (bytes.data) {
        explicit_bzero(bytes.data, bytes.room); /* an env file is full of secrets */
    }
    buf_finish(&bytes);
    free(to);
    free(flat);
    return done;
}

bool backup_files(const struct environment *environment, char *const *files,
                  const char *directory, struct error *error)
{
    char *into = fs_join(directory, "backup");
    bool done = fs_make_dirs(into, error);
    for (size_t i = 0; done && files[i]; i++) {
        char *from = files[i][0] == '/' ? mem_text(files[i])
                                        : fs_join(environment->directory, files[i]);
        done = keep(from, files[i], into, error);
        if (!done) {
            error_prefix(error, "backup");
            error_hint(error, "make %s readable, or take it out of `backup.files`",
                       files[i]);
        }
        free(from);
    }
    free(into);
    return done;
}
