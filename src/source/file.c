#include "source/kinds.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"

#include <stdlib.h>
#include <sys/stat.h>

size_t source_strip_newline(const char *data, size_t length)
{
    return length > 0 && data[length - 1] == '\n' ? length - 1 : length;
}

int64_t source_written_at(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 ? about.st_mtim.tv_sec * INT64_C(1000) : 0;
}

static void resolve(const json_t *source, const struct source_context *context,
                    struct resolved *out)
{
    const char *name = json_get_text(source, "file");
    char *path = fs_within(context->directory, name);
    out->label = mem_format("file %s", name);
    struct buf bytes;
    struct error error;
    buf_init_secret(&bytes, SECRET_MAX + 1);
    if (fs_read(path, &bytes, &error)) {
        resolved_found(out, buf_string(&bytes),
                       source_strip_newline(buf_string(&bytes), bytes.length));
        out->created = source_written_at(path);
    } else if (error.code == ERROR_ABSENT) {
        resolved_absent(out, "not there");
        error_hint(&out->error, "create %s, or correct its path in the configuration",
                   path);
    } else {
        resolved_broken(out, error.code, "%s", error.message);
        error_hint(&out->error, "make %s readable for the user that runs greenboard",
                   path);
    }
    buf_finish(&bytes);
    free(path);
}

const struct source_kind source_file = {
    .name = "file",
    .help =
        "a file that holds the secret and nothing else; one final newline is stripped",
    .resolve = resolve,
};
