#include "source/kinds.h"

#include "base/json.h"
#include "base/mem.h"
#include "source/capture.h"

#include <string.h>

static void resolve(const json_t *source, const struct source_context *context,
                    struct resolved *out)
{
    (void)context;
    const char *name = json_get_text(source, "env");
    out->label = mem_format("environment %s", name);
    out->secret = capture_find(name);
    if (out->secret) {
        out->state = SOURCE_FOUND;
        return;
    }
    resolved_absent(out, "not set");
    error_hint(&out->error, "export %s before starting greenboard", name);
}

/* Whoever takes "env" for the place of the value itself must not read it in our
 * messages. */
static bool fits(const json_t *source, struct error *error)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    static const char all[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    const char *name = json_get_text(source, "env");
    return (strchr(letters, name[0]) && strspn(name, all) == strlen(name)) ||
           error_set(error, ERROR_CONFIG,
                     "\"env\" wants the name of a variable, not a value");
}

const struct source_kind source_env = {
    .name = "env",
    .help = "an environment variable of greenboard's own, taken out of it at the start",
    .fits = fits,
    .resolve = resolve,
};
