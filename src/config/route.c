#include "config/route.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"

#include <string.h>

#define TUNNEL  "tunnel:"
#define SERVICE "service:"

struct route route_of(const json_t *section)
{
    const char *via = json_get_text(section, "via");
    if (via && text_starts(via, TUNNEL)) {
        return (struct route){ROUTE_TUNNEL, via + strlen(TUNNEL)};
    }
    if (via && text_starts(via, SERVICE)) {
        return (struct route){ROUTE_SERVICE, via + strlen(SERVICE)};
    }
    return (struct route){ROUTE_HERE, NULL};
}

bool route_valid(const char *via)
{
    return strcmp(via, "here") == 0 ||
           (text_starts(via, TUNNEL) && via[strlen(TUNNEL)]) ||
           (text_starts(via, SERVICE) && via[strlen(SERVICE)]);
}

bool route_mentions(const char *pointer, const char *store)
{
    return strcasestr(pointer, store) != NULL;
}

static bool has_word(const json_t *tunnel, const char *word)
{
    const json_t *command = json_object_get(tunnel, "command");
    bool has = false;
    for (size_t i = 0; i < json_array_size(command); i++) {
        const char *argument = json_string_value(json_array_get(command, i));
        has = has || (argument && strstr(argument, word));
    }
    return has;
}

bool route_told(const json_t *tunnel)
{
    return has_word(tunnel, ROUTE_REMOTE_PORT);
}

/* "tunnels here: a b" */
static void hint_names(struct error *error, const char *what, const json_t *map)
{
    struct buf names;
    buf_init(&names, 160);
    const char *key;
    json_t *entry;
    json_object_foreach((json_t *)(uintptr_t)map, key, entry)
    {
        buf_format(&names, " %s", key);
    }
    error_hint(error, "%s here:%s", what, names.length ? buf_string(&names) : " none");
    buf_finish(&names);
}

/* How many stores other than `but` (or NULL) are asked through it. */
static size_t count_users(const json_t *root, const char *tunnel, const char *but)
{
    static const char *const stores[] = {"clickhouse", "redis"};
    size_t count = 0;
    for (size_t i = 0; i < sizeof stores / sizeof stores[0]; i++) {
        struct route other = route_of(json_object_get(root, stores[i]));
        count += !text_equal(stores[i], but) && other.kind == ROUTE_TUNNEL &&
                 text_equal(other.name, tunnel);
    }
    return count;
}

bool route_used(const json_t *root, const char *tunnel)
{
    return count_users(root, tunnel, NULL) > 0;
}

static bool has_port(const json_t *section, const char *key)
{
    return json_integer_value(json_object_get(section, key)) > 0;
}

/* A tunnel carries one port of one host; what else the store is asked at would be asked
 * of the wrong one. */
static bool check_reach(const json_t *section, const json_t *tunnel, struct error *error)
{
    const char *mode = json_get_text(section, "mode");
    if (json_object_get(section, "socket") || (mode && strcmp(mode, "standalone") != 0)) {
        error_set(error, ERROR_CONFIG,
                  "names a tunnel, which leads to one host and port alone");
        error_hint(error, "ask %s from here, or let a service tell of it",
                   mode ? mode : "a socket");
        return false;
    }
    if (!route_told(tunnel) && has_port(section, "http_port") &&
        has_port(section, "native_port")) {
        error_set(error, ERROR_CONFIG,
                  "names a tunnel that leads to one port, and two are asked");
        error_hint(error, "write {remote_port} into its command");
        return false;
    }
    return true;
}

static bool check_tunnel(const json_t *root, const char *store, const char *name,
                         struct error *error)
{
    const json_t *tunnels = json_object_get(root, "tunnels");
    const json_t *tunnel = json_object_get(tunnels, name);
    if (!tunnel) {
        error_set(error, ERROR_CONFIG, "names a tunnel that is not configured");
        hint_names(error, "tunnels", tunnels);
        return false;
    }
    if (json_is_array(json_object_get(tunnel, "command")) &&
        !has_word(tunnel, ROUTE_PORT)) {
        error_set(error, ERROR_CONFIG, "names a tunnel whose command has no {port}");
        error_hint(error, "greenboard chooses the port: write {port} where the command "
                          "takes the port to listen at");
        return false;
    }
    /* A command that leads to one place leads another store astray. */
    if (!route_told(tunnel) && count_users(root, name, store) > 0) {
        error_set(error, ERROR_CONFIG,
                  "names a tunnel that another store uses, and that leads to one place");
        error_hint(error, "write {host} and {remote_port} into its command, or give each "
                          "store a tunnel of its own");
        return false;
    }
    return check_reach(json_object_get(root, store), tunnel, error);
}

/* What would hold for a service that runs without the store proves nothing. */
static bool proves_nothing(const json_t *expected)
{
    const char *word = json_string_value(expected);
    return json_is_false(expected) || json_is_null(expected) ||
           (word && strcmp(word, "not_configured") == 0);
}

static bool check_expect(const json_t *check, const char *store, struct error *error)
{
    const char *pointer;
    json_t *expected;
    size_t mentions = 0;
    json_object_foreach(json_object_get(check, "expect"), pointer, expected)
    {
        if (!route_mentions(pointer, store)) {
            continue;
        }
        mentions++;
        if (proves_nothing(expected)) {
            error_set(error, ERROR_CONFIG,
                      "names a check that expects of %s what proves nothing", pointer);
            error_hint(error, "expect there what only a %s in use makes true", store);
            return false;
        }
    }
    if (mentions == 0) {
        error_set(error, ERROR_CONFIG, "names a check that expects nothing of %s", store);
        error_hint(error,
                   "add to its expect a pointer that bears the name, such as "
                   "\"/checks/%s/connected\": true",
                   store);
    }
    return mentions > 0;
}

static const json_t *find_entry(const json_t *root, const char *name)
{
    const json_t *list = json_object_get(root, "checks");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        if (text_equal(json_get_text(entry, "name"), name)) {
            return entry;
        }
    }
    return NULL;
}

static bool check_teller(const json_t *root, const char *store, const char *service,
                         const char *name, struct error *error)
{
    const json_t *entry = find_entry(root, name);
    if (!entry) {
        error_set(error, ERROR_CONFIG, "names a check that is not configured");
        error_hint(error, "the name of an entry of checks, of type health_json");
        return false;
    }
    if (!text_equal(json_get_text(entry, "type"), "health_json") ||
        !text_equal(json_get_text(entry, "service"), service)) {
        error_set(error, ERROR_CONFIG, "names a check that is no health_json of %s",
                  service);
        error_hint(error, "the check and via must name the same service");
        return false;
    }
    return check_expect(entry, store, error);
}

static bool check_service(const json_t *root, const char *service, struct error *error)
{
    const json_t *services = json_object_get(root, "services");
    if (!json_object_get(services, service)) {
        error_set(error, ERROR_CONFIG, "names a service that is not configured");
        hint_names(error, "services", services);
        return false;
    }
    return true;
}

bool route_check(const json_t *root, const char *store, const char **key,
                 struct error *error)
{
    const json_t *section = json_object_get(root, store);
    struct route route = route_of(section);
    const char *teller = json_get_text(section, "told_by");
    *key = "via";
    if (route.kind == ROUTE_TUNNEL && !check_tunnel(root, store, route.name, error)) {
        return false;
    }
    if (route.kind != ROUTE_SERVICE) {
        *key = "told_by";
        error_set(error, ERROR_CONFIG, "is for via service:NAME alone");
        error_hint(error, "take it out, or name the service in via");
        return !teller;
    }
    if (!check_service(root, route.name, error)) {
        return false;
    }
    *key = "told_by";
    if (!teller) {
        error_set(error, ERROR_CONFIG, "is missing");
        error_hint(error, "the name of the entry of checks in which %s tells of %s",
                   route.name, store);
        return false;
    }
    return check_teller(root, store, route.name, teller, error);
}
