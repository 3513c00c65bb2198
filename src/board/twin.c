#include "board/twin.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"

static bool find_place(const json_t *at, const json_t *source, struct buf *place)
{
    size_t length = place->length;
    const char *key;
    json_t *value;
    size_t i;
    if (at == source) {
        return true;
    }
    json_object_foreach((json_t *)(uintptr_t)at, key, value)
    {
        buf_format(place, "%s%s", length ? "." : "", key);
        if (find_place(value, source, place)) {
            return true;
        }
        place->length = length;
    }
    json_array_foreach(at, i, value)
    {
        buf_format(place, "[%zu]", i);
        if (find_place(value, source, place)) {
            return true;
        }
        place->length = length;
    }
    return false;
}

char *twin_place(const struct environment *environment, const json_t *source)
{
    struct buf place;
    buf_init(&place, 0);
    if (!find_place(environment->root, source, &place)) {
        panic("a source is not in the environment that names it");
    }
    return buf_take(&place);
}

/* The canonical secret again, as a setting that the service must be given. */
static bool is_expected_of(const struct environment *environment, const json_t *service,
                           const json_t *source)
{
    const char *name;
    json_t *expected;
    bool among = false;
    json_object_foreach((json_t *)(uintptr_t)json_at(service, "/settings/expect"), name,
                        expected)
    {
        among = among || expected == source;
    }
    return among &&
           json_equal((json_t *)(uintptr_t)config_section(environment, "/jwt/canonical"),
                      (json_t *)(uintptr_t)source);
}

static bool signs_tokens(const struct environment *environment, const json_t *source)
{
    const char *name;
    json_t *service;
    json_object_foreach((json_t *)(uintptr_t)config_section(environment, "/services"),
                        name, service)
    {
        if (json_object_get(service, "jwt_secret") == source ||
            is_expected_of(environment, service, source)) {
            return true;
        }
    }
    return json_object_get(config_section(environment, "/jwt"), "canonical") == source;
}

struct search {
    const struct environment *environment;
    const struct secrets *secrets;
    const json_t *source;
    bool signs;
    const struct secret *value;
    const json_t *twin;
};

static const struct secret *value_of(const struct secrets *secrets, const json_t *source)
{
    const struct resolved *resolved = secrets_find(secrets, source);
    return resolved && resolved->state == SOURCE_FOUND ? resolved->secret : NULL;
}

static void compare(void *self, const json_t *source)
{
    struct search *search = self;
    bool signs = signs_tokens(search->environment, source);
    bool one_purpose = search->signs || signs ? search->signs == signs
                                              : json_equal(search->source, source);
    const struct secret *value = value_of(search->secrets, source);
    if (!search->twin && !one_purpose && value && secret_equal(value, search->value)) {
        search->twin = source;
    }
}

char *twin_find(const struct environment *environment, const struct secrets *secrets,
                const json_t *source)
{
    struct search search = {.environment = environment,
                            .secrets = secrets,
                            .source = source,
                            .signs = signs_tokens(environment, source),
                            .value = value_of(secrets, source)};
    if (search.value) {
        config_sources(environment, compare, &search);
    }
    return search.twin ? twin_place(environment, search.twin) : NULL;
}
