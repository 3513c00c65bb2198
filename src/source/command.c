#include "source/kinds.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "secret/base64.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static void take_output(const json_t *source, const struct buf *printed,
                        struct resolved *out)
{
    const char *text = buf_string(printed);
    size_t length = source_strip_newline(text, printed->length);
    const char *decode = json_get_text(source, "decode");
    if (!decode) {
        resolved_found(out, text, length);
        return;
    }
    unsigned char *bytes = mem_alloc(length);
    size_t used = 0;
    if (base64_decode(text, length, bytes, length, &used)) {
        resolved_found(out, bytes, used);
    } else {
        resolved_broken(out, ERROR_PROTOCOL, "printed something that is not base64");
    }
    OPENSSL_cleanse(bytes, length);
    free(bytes);
}

/* An exit status that is not 0 is broken, never absent: nobody knows what the command
 * meant. What it wrote to stderr is for the operator, but may hold anything: it is not
 * shown. */
static void resolve(const json_t *source, const struct source_context *context,
                    struct resolved *out)
{
    char **argv = json_argv(json_object_get(source, "command"));
    out->label = mem_format("command %s", argv[0]);
    struct spawn spawn = {.argv = argv,
                          .directory = context->directory,
                          .deadline = context->deadline,
                          .cancelled = context->cancelled};
    struct buf printed;
    struct error error;
    int status = 0;
    buf_init_secret(&printed, SECRET_MAX + 1);
    if (!spawn_capture(&spawn, &printed, NULL, &status, &error)) {
        resolved_broken(out, error.code, "%s", error.message);
    } else if (status != 0) {
        resolved_broken(out, ERROR_DENIED, "exited with status %d", status);
        error_hint(&out->error, "run it by hand to see why: %s", argv[0]);
    } else if (printed.length == 0) {
        resolved_broken(out, ERROR_PROTOCOL, "printed nothing");
    } else {
        take_output(source, &printed, out);
    }
    buf_finish(&printed);
    argv_free(argv);
}

static bool fits(const json_t *source, struct error *error)
{
    const char *decode = json_get_text(source, "decode");
    return !decode || text_equal(decode, "base64") ||
           error_set(error, ERROR_CONFIG, "decode \"%.40s\" is not known: base64 is",
                     decode);
}

static const char *const takes[] = {"decode", NULL};

const struct source_kind source_command = {
    .name = "command",
    .help = "what a command prints on stdout, less one final newline; decode: base64 "
            "undoes that",
    .wants_argv = true,
    .takes = takes,
    .fits = fits,
    .resolve = resolve,
};
