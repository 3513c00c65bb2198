#include "config/entries.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "config/fields.h"
#include "config/hosted.h"
#include "source/cloud_run.h"

enum { WHOLE = 100 }; /* percent */

static bool blame(const char **key, const char *which, struct error *error,
                  const char *hint, const char *message)
{
    *key = which;
    error_set(error, ERROR_CONFIG, "%s", message);
    error_hint(error, "%s", hint);
    return false;
}

/* Which revision serves is asked of Cloud Run. */
static bool check_verify(const struct entry *entry, const char **key, struct error *error)
{
    const json_t *list = json_object_get(entry->value, "revisions");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (name && !hosted_cloud_run(entry->root, name)) {
            return blame(key, "revisions", error,
                         "say in settings.from or jwt_secret of that service which it is",
                         "names what is no service with a cloud_run source");
        }
    }
    return true;
}

static bool check_traffic(const struct entry *entry, const char **key,
                          struct error *error)
{
    const json_t *traffic = json_object_get(entry->value, "traffic");
    const char *revision;
    json_t *percent;
    json_int_t sum = 0;
    json_object_foreach((json_t *)(uintptr_t)traffic, revision, percent)
    {
        sum += json_integer_value(percent);
    }
    if (traffic && sum != WHOLE) {
        return blame(key, "traffic", error, "say where all of it goes",
                     "must be 100 percent together");
    }
    if (traffic && json_is_true(json_object_get(entry->value, "pinned"))) {
        return blame(key, "pinned", error, "take it out: traffic says what is bound",
                     "belongs to a service whose traffic goes to one revision");
    }
    return true;
}

static bool check_cloud_run(const struct entry *entry, const char **key,
                            struct error *error)
{
    const char *name = json_get_text(entry->value, "cloud_run");
    *key = "cloud_run";
    return (!name || run_service_name_valid(name, error)) &&
           check_traffic(entry, key, error);
}

/* One file has all the environments of a system. */
static bool check_promotion(const struct entry *entry, const char **key,
                            struct error *error)
{
    const char *from = json_get_text(entry->value, "from"), *name;
    json_t *environments = json_object_get(entry->file, "environments"), *environment;
    bool own = text_equal(from, entry->environment);
    struct buf hint;
    if (!from || (json_object_get(environments, from) && !own)) {
        return true;
    }
    buf_init(&hint, 200);
    buf_text(&hint, "environments here:");
    json_object_foreach(environments, name, environment)
    {
        buf_format(&hint, " %s", name);
    }
    blame(key, "from", error, buf_string(&hint),
          own ? "is this environment: nothing would be promoted"
              : "names no environment of this file");
    buf_finish(&hint);
    return false;
}

bool entries_check(const struct entry *entry, const char **key, struct error *error)
{
    static const struct {
        const char *path;
        bool (*check)(const struct entry *entry, const char **key, struct error *error);
    } rows[] = {
        {FIELD_ENVIRONMENT ".deploy.verify", check_verify},
        {FIELD_ENVIRONMENT ".checks[cloud_run]", check_cloud_run},
        {FIELD_ENVIRONMENT ".checks[promotion]", check_promotion},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (text_equal(entry->path, rows[i].path)) {
            return rows[i].check(entry, key, error);
        }
    }
    return true;
}
