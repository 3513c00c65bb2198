#include "config/hosted.h"

#include "base/json.h"

#include <stddef.h>

static const char *first_of(const json_t *source)
{
    const char *found = json_get_text(source, "cloud_run");
    for (size_t i = 0; i < json_array_size(source) && !found; i++) {
        found = json_get_text(json_array_get(source, i), "cloud_run");
    }
    return found;
}

const char *hosted_cloud_run(const json_t *root, const char *service)
{
    const json_t *entry = json_object_get(json_object_get(root, "services"), service);
    const char *from = json_get_text(
        json_object_get(json_object_get(entry, "settings"), "from"), "cloud_run");
    return from ? from : first_of(json_object_get(entry, "jwt_secret"));
}
