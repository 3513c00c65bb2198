#include "config/demand.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/fields.h"
#include "config/route.h"
#include "config/value.h"
#include "net/resolve.h"
#include "net/trust.h"
#include "source/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What staging and production cannot be without. The words are the fix
 * plan's. */
static const struct {
    const char *part; /* as in not_used */
    const char *pointer;
    const char *title;
    bool host;        /* a section with a host, which must not be empty */
    const char *with; /* demanded only where this section is there */
} required[] = {
    {"jwt", "/jwt", "JWT", false, NULL},
    {"services.auth", "/services/auth", "Auth service", false, NULL},
    {"services.backend", "/services/backend", "Backend service", false, NULL},
    {"auth_flow", "/auth_flow", "Auth flow", false, NULL},
    {"auth_rate", "/auth_rate", "Auth rate", false, "/auth_flow"},
    {"clickhouse", "/clickhouse", "ClickHouse", true, NULL},
    {"redis", "/redis", "Redis", true, NULL},
    {"deploy", "/deploy", "Deploy", false, NULL},
    {"rollback", "/rollback", "Rollback", false, NULL},
};
enum { REQUIRED_COUNT = sizeof required / sizeof required[0] };

/* Somebody that we talk to. */
struct peer {
    char *path; /* of its host or URL */
    char *host;
    bool store;     /* ClickHouse or Redis; else a service */
    bool outside;   /* somebody that a check asks, and no part of the system */
    bool encrypted; /* TLS */
    bool secret;    /* we send it one */
};

struct examination {
    const struct environment *environment;
    struct findings *findings;
    struct peer *peers;
    size_t count;
};

static void add(struct examination *examination, bool fails, const char *path,
                char *take_message, char *take_remedy)
{
    struct findings *findings = examination->findings;
    findings->rows =
        mem_resize(findings->rows, (findings->count + 1) * sizeof *findings->rows);
    findings->rows[findings->count++] =
        (struct finding){fails, mem_text(path), take_message, take_remedy};
}

char *findings_summary(const struct findings *findings)
{
    const char *first = NULL;
    size_t failing = 0;
    for (size_t i = 0; i < findings->count; i++) {
        if (findings->rows[i].fails && failing++ == 0) {
            first = findings->rows[i].message;
        }
    }
    return failing > 1 ? mem_format("%s, and %zu more", first, failing - 1)
                       : mem_text(first);
}

void findings_finish(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->rows[i].path);
        free(findings->rows[i].message);
        free(findings->rows[i].remedy);
    }
    free(findings->rows);
    *findings = (struct findings){0};
}

static bool is_private(const struct environment *environment, const char *host)
{
    const json_t *list = config_section(environment, "/private");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *known = json_string_value(json_array_get(list, i));
        if (known && strcasecmp(known, host) == 0) {
            return true;
        }
    }
    return false;
}

static bool behind_sentinels(const json_t *store)
{
    return text_equal(config_text(store, "mode"), "sentinel");
}

bool demand_placed(const json_t *store)
{
    const char *host = config_text(store, "host");
    return behind_sentinels(store)
               ? json_array_size(json_object_get(store, "sentinels")) > 0
               : (host && *host) || config_text(store, "socket");
}

bool demand_plain(const struct environment *environment, const char *host)
{
    return host[0] == '/' || resolve_loopback(host) || is_private(environment, host);
}

static char *path_of(const struct environment *environment, const char *part)
{
    return mem_format("environments.%s.%s", environment->name, part);
}

/* Only parts of a system can be absent from it; a way to ship and a way back cannot. */
static char *remedy_for(const char *part, const char *path)
{
    const struct field *list = field_find("not_used");
    for (const char *const *word = list->words; *word; word++) {
        if (strcmp(*word, part) == 0) {
            return mem_format("configure %s, or say in not_used why this system has none",
                              path);
        }
    }
    return strcmp(part, "auth_rate") == 0 ? mem_format("add %s, where {} suffices", path)
                                          : mem_format("configure %s", path);
}

static void examine_required(struct examination *examination)
{
    const struct environment *environment = examination->environment;
    bool demands = env_class_demands(environment->env_class);
    const char *word = env_class_words[environment->env_class];
    for (size_t i = 0; i < REQUIRED_COUNT; i++) {
        const json_t *section = config_section(environment, required[i].pointer);
        const char *reason = config_text(environment->not_used, required[i].part);
        bool wanted = demands && (!required[i].with ||
                                  config_section(environment, required[i].with));
        char *path = path_of(environment, required[i].part);
        if (!section && reason) {
            add(examination, false, path,
                mem_format("%s is not used: %s", required[i].title, reason),
                mem_format("take it out of not_used once the system has it"));
        } else if (!section && wanted) {
            add(examination, true, path,
                mem_format("%s is REQUIRED in %s", required[i].title, word),
                remedy_for(required[i].part, path));
        } else if (section && required[i].host && !demand_placed(section)) {
            bool behind = behind_sentinels(section);
            const char *what = behind ? "Sentinels are" : "host is";
            add(examination, true, path,
                demands
                    ? mem_format("%s %s REQUIRED in %s", required[i].title, what, word)
                    : mem_format("%s has no %s", required[i].title,
                                 behind ? "Sentinels" : "host"),
                mem_format("set %s.%s", path, behind ? "sentinels" : "host"));
        } else if (section && behind_sentinels(section) &&
                   !config_text(section, "master")) {
            add(examination, true, path,
                mem_format("%s has Sentinels, and no master", required[i].title),
                mem_format("set %s.master to how the Sentinels call it", path));
        }
        free(path);
    }
}

static void add_peer(struct examination *examination, char *take_path, char *take_host,
                     struct peer about)
{
    if (!take_host || !*take_host) {
        free(take_path);
        free(take_host);
        return;
    }
    examination->peers = mem_resize(examination->peers, (examination->count + 1) *
                                                            sizeof *examination->peers);
    about.path = take_path;
    about.host = take_host;
    examination->peers[examination->count++] = about;
}

static void note_source(void *self, const json_t *source)
{
    (void)source;
    *(bool *)self = true;
}

/* Whether an entry of `checks` sends a secret in its headers or its body. */
static bool sends_secret(const json_t *entry)
{
    bool sends = false;
    source_walk(json_object_get(entry, "headers"), note_source, &sends);
    source_walk(json_object_get(entry, "body"), note_source, &sends);
    return sends;
}

static bool is_sent_secret(const struct environment *environment, const char *name)
{
    const json_t *entries = config_section(environment, "/checks");
    bool sent = false;
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        sent = sent ||
               (text_equal(config_text(entry, "service"), name) && sends_secret(entry));
    }
    return sent;
}

/* auth gets the login, backend its token, and who validates gets that too; who else is
 * told something is told it by an entry of `checks`. */
static bool is_told_secrets(const struct environment *environment, const char *name,
                            const json_t *service)
{
    return json_object_get(service, "validate") || is_sent_secret(environment, name) ||
           (config_section(environment, "/auth_flow") &&
            (text_equal(name, "auth") || text_equal(name, "backend")));
}

static void collect_asked(struct examination *examination)
{
    const struct environment *environment = examination->environment;
    const json_t *entries = config_section(environment, "/checks");
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        const char *url = config_text(entry, "url");
        struct peer peer = {.outside = true, .secret = sends_secret(entry)};
        char *host = url ? value_url_host(url, &peer.encrypted) : NULL;
        add_peer(examination,
                 mem_format("environments.%s.checks[%zu].url", environment->name, i),
                 host, peer);
    }
}

static void collect_coordination(struct examination *examination)
{
    const struct environment *environment = examination->environment;
    const json_t *redis = config_section(environment, "/coordination/redis");
    const json_t *tls = json_object_get(redis, "tls");
    struct peer peer = {.outside = true,
                        .encrypted = tls_options_of(tls, NULL).on,
                        .secret = json_object_get(redis, "password") != NULL};
    const char *host = config_text(redis, "host");
    add_peer(examination,
             mem_format("environments.%s.coordination.redis.host", environment->name),
             mem_text(host), peer);
}

/* A store is where its host or socket is; behind Sentinels it is where they are. */
static void collect_store(struct examination *examination, const char *name)
{
    const struct environment *environment = examination->environment;
    const json_t *section = json_object_get(environment->root, name);
    const json_t *tls = json_object_get(section, "tls");
    struct peer peer = {.store = true, .encrypted = tls_options_of(tls, NULL).on};
    if (!section || !demand_placed(section)) {
        return;
    }
    if (!behind_sentinels(section)) {
        const char *key = config_text(section, "socket") ? "socket" : "host";
        peer.secret = json_object_get(section, "password") &&
                      route_of(section).kind != ROUTE_SERVICE;
        add_peer(
            examination,
            mem_format("environments.%s.%s.%s", environment->name, name, key),
            mem_text(text_equal(key, "socket") ? "localhost" : config_text(section, key)),
            peer);
        return;
    }
    size_t i;
    const json_t *entry;
    peer.secret = json_object_get(section, "sentinel_password") != NULL;
    json_array_foreach(json_object_get(section, "sentinels"), i, entry)
    {
        add_peer(examination,
                 mem_format("environments.%s.%s.sentinels[%zu].host", environment->name,
                            name, i),
                 mem_text(config_text(entry, "host")), peer);
    }
}

static void collect_peers(struct examination *examination)
{
    const struct environment *environment = examination->environment;
    const char *name;
    json_t *service;
    json_object_foreach((json_t *)(uintptr_t)config_section(environment, "/services"),
                        name, service)
    {
        struct peer peer = {.secret = is_told_secrets(environment, name, service)};
        const char *url = config_text(service, "url");
        char *host = url ? value_url_host(url, &peer.encrypted) : NULL;
        add_peer(examination,
                 mem_format("environments.%s.services.%s.url", environment->name, name),
                 host, peer);
    }
    static const char *const stores[] = {"clickhouse", "redis"};
    for (size_t i = 0; i < sizeof stores / sizeof stores[0]; i++) {
        collect_store(examination, stores[i]);
    }
    collect_asked(examination);
    collect_coordination(examination);
}

/* A data store on this machine beside services elsewhere is a default that nobody
 * changed. */
static void examine_loopback(struct examination *examination)
{
    const struct environment *environment = examination->environment;
    bool demands = env_class_demands(environment->env_class);
    size_t local = 0, parts = 0, remote_services = 0;
    for (size_t i = 0; i < examination->count; i++) {
        const struct peer *peer = &examination->peers[i];
        bool loopback = resolve_loopback(peer->host);
        parts += !peer->outside;
        local += loopback && !peer->outside;
        remote_services += !loopback && !peer->store && !peer->outside;
    }
    for (size_t i = 0; i < examination->count && remote_services > 0; i++) {
        const struct peer *peer = &examination->peers[i];
        if (peer->store && resolve_loopback(peer->host)) {
            add(examination, demands, peer->path,
                mem_format("%s is this machine, but the services are not", peer->host),
                mem_format("set %s to the host that the services use", peer->path));
        }
    }
    if (local > 0 && local == parts) {
        char *path = mem_format("environments.%s", environment->name);
        add(examination, false, path,
            mem_text("every service and data store is on this machine"),
            mem_text("fine for a sandbox; a real environment is elsewhere"));
        free(path);
    }
}

static void examine_plain_text(struct examination *examination)
{
    for (size_t i = 0; i < examination->count; i++) {
        const struct peer *peer = &examination->peers[i];
        if (peer->secret && !peer->encrypted &&
            !demand_plain(examination->environment, peer->host)) {
            add(examination, true, peer->path,
                mem_format("a secret would travel in plain text to %s", peer->host),
                mem_format("%s, or list the host in environments.%s.private",
                           peer->store ? "turn tls on" : "use https",
                           examination->environment->name));
        }
    }
}

/* What a section asks of another one. */
static void examine_needs(struct examination *examination)
{
    const struct environment *environment = examination->environment;
    static const struct {
        const char *part, *pointer, *needs, *needs_pointer;
    } rows[] = {
        {"auth_flow", "/auth_flow", "services.auth", "/services/auth"},
        {"auth_flow", "/auth_flow", "services.backend", "/services/backend"},
        {"auth_rate", "/auth_rate", "auth_flow", "/auth_flow"},
    };
    bool demands = env_class_demands(environment->env_class);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool told = demands && !config_text(environment->not_used, rows[i].needs);
        if (config_section(environment, rows[i].pointer) &&
            !config_section(environment, rows[i].needs_pointer) && !told) {
            char *path = path_of(environment, rows[i].part);
            add(examination, true, path,
                mem_format("%s needs %s", rows[i].part, rows[i].needs),
                mem_format("configure environments.%s.%s", environment->name,
                           rows[i].needs));
            free(path);
        }
    }
}

/* A port of 0 is not asked; a store of which nothing is asked proves nothing. */
static void examine_ports(struct examination *examination)
{
    const struct environment *environment = examination->environment;
    const json_t *section = config_section(environment, "/clickhouse");
    if (section && config_integer(section, "http_port") == 0 &&
        config_integer(section, "native_port") == 0) {
        char *path = path_of(environment, "clickhouse.http_port");
        add(examination, true, path, mem_text("neither port of ClickHouse is asked"),
            mem_format("set %s or native_port", path));
        free(path);
    }
}

/* The plan's order: where Secret Manager has the secret, nothing on this machine is asked
 * before it, since what somebody left in a shell would ship. */
static void examine_order(struct examination *examination)
{
    const struct environment *environment = examination->environment;
    const json_t *sources = config_section(environment, "/jwt/canonical");
    for (size_t i = 1; i < json_array_size(sources); i++) {
        const json_t *first = json_array_get(sources, 0);
        if (json_object_get(json_array_get(sources, i), "gcp_secret") &&
            !json_object_get(first, "gcp_secret")) {
            char *path = path_of(environment, "jwt.canonical");
            add(examination, env_class_demands(environment->env_class), path,
                mem_format(
                    "Secret Manager must be asked first in %s, not after {\"%s\": …}",
                    env_class_words[environment->env_class], source_kind(first)->name),
                mem_format("put {\"gcp_secret\": …} first in %s", path));
            free(path);
            return;
        }
    }
}

void demand_examine(const struct environment *environment, struct findings *findings)
{
    *findings = (struct findings){0};
    struct examination examination = {.environment = environment, .findings = findings};
    collect_peers(&examination);
    examine_required(&examination);
    examine_needs(&examination);
    examine_loopback(&examination);
    examine_plain_text(&examination);
    examine_ports(&examination);
    examine_order(&examination);
    for (size_t i = 0; i < examination.count; i++) {
        free(examination.peers[i].path);
        free(examination.peers[i].host);
    }
    free(examination.peers);
}
