#include "source/kinds.h"

#include "base/json.h"
#include "base/mem.h"
#include "source/capture.h"

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

const struct source_kind source_env = {
    .name = "env",
    .help = "an environment variable of greenboard's own, taken out of it at the start",
    .resolve = resolve,
};
