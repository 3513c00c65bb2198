#include "config/fields.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "config/notices.h"

#include <stdio.h>
#include <string.h>

#define MINUTE (60 * CLOCK_SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static const char *const classes[] = {"development", "test", "staging", "production",
                                      NULL};
static const char *const parts[] = {
    "jwt", "services.auth", "services.backend", "auth_flow", "clickhouse", "redis", NULL};
static const char *const algorithms[] = {"HS256", "HS384", "HS512", NULL};
static const char *const methods[] = {"GET", "POST", NULL};
static const char *const http_methods[] = {"GET", "HEAD", "POST", NULL};
static const char *const record_types[] = {"A", "AAAA", NULL};
static const char *const print_formats[] = {"json", "dotenv", NULL};
static const char *const output_formats[] = {"nagios", "json", NULL};
static const char *const types[] = {"health_json", "http",      "tcp",       "tls", "dns",
                                    "command",     "cloud_run", "promotion", NULL};
static const char *const remedies[] = {"ask", "rollback", NULL};
static const char *const record_failures[] = {"stop", "continue", NULL};
static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL};
static const char *const lease_places[] = {"environment", NULL};
static const char *const notices[] = {
#define NOTICES_WORD(id, word, help) word,
    NOTICES(NOTICES_WORD)
#undef NOTICES_WORD
        NULL};
static const char *const notify_formats[] = {"json", "slack", NULL};
static const char *const lease_modes[] = {"standalone", "cluster", NULL};
static const char *const redis_modes[] = {"standalone", "sentinel", "cluster", NULL};

/* What every section that is a check takes beside its own keys. */
#define CHECK(section, every)                                                            \
    {section ".deadline", FIELD_SPAN,                                                    \
     .preset = "\"2s\"",  .low = 10 * CLOCK_MS,                                          \
     .high = 5 * MINUTE,  .help = "the answer must be complete within this time"},       \
        {section ".period",     FIELD_SPAN,  .preset = "\"" every "\"",                  \
         .low = 100 * CLOCK_MS, .high = DAY, .help = "time between two askings"},        \
        {section ".thresholds", FIELD_OBJECT, .preset = "{}",                            \
         .help = "a figure past its threshold makes a good answer WARN"},                \
    {                                                                                    \
        section ".thresholds.duration", FIELD_SPAN,                                      \
            .low = CLOCK_MS, .high = 5 * MINUTE,                                         \
            .help = "the longest that the whole asking may take"                         \
    }

/* tls_options_of() reads it. */
#define TLS(section)                                                                     \
    {section ".tls", FIELD_TLS, .preset = "false",                                       \
     .help = "true, false, or an object that says how"},                                 \
        {section ".tls.ca", FIELD_PATH,                                                  \
         .help = "CA certificates (PEM) instead of the system's"},                       \
        {section ".tls.cert", FIELD_PATH, .help = "our own certificate (PEM)"},          \
        {section ".tls.key", FIELD_PATH,                                                 \
         .help = "the key of our own certificate (PEM)"},                                \
    {                                                                                    \
        section ".tls.server_name", FIELD_HOST, FIELD_FILLED,                            \
            .help = "the name that the certificate must bear, where it is not the host"  \
    }

/* How a data store is reached. */
#define PEER(section)                                                                    \
    {section ".host", FIELD_HOST, .preset = "\"\"", .help = "name or address"},          \
        TLS(section),                                                                    \
        {section ".via", FIELD_ROUTE, .preset = "\"here\"",                              \
         .help = "from where it is asked: here, tunnel:NAME or service:NAME"},           \
    {                                                                                    \
        section ".told_by", FIELD_TEXT,                                                  \
            .help = "with service:NAME: which entry of checks tells of it"               \
    }

/* A request that carries our credentials. */
#define REQUEST(section, verb)                                                           \
    {section ".path", FIELD_ENDPOINT, FIELD_REQUIRED, .help = "where, below the URL"},   \
        {section ".method", FIELD_WORD, .preset = "\"" verb "\"", .words = methods,      \
         .help = "how it is asked"},                                                     \
    {                                                                                    \
        section ".headers", FIELD_HEADERS,                                               \
            .preset = "{}", .help = "header fields, each a text or a source of a secret" \
    }

#define ENV         FIELD_ENVIRONMENT "."
#define ENTRY(type) ENV "checks[" type "]"

/* What every entry of `checks` has, whatever its type. */
#define GENERIC(type, about)                                                             \
    {ENTRY(type), FIELD_OBJECT, .help = about},                                          \
        {ENTRY(type) ".type", FIELD_WORD, FIELD_REQUIRED,                                \
         .words = (const char *const[]){type, NULL}, .help = "what it asks"},            \
        {ENTRY(type) ".name", FIELD_TEXT, FIELD_REQUIRED | FIELD_UNIQUE,                 \
         .help = "how the board calls it"},                                              \
        CHECK(ENTRY(type), "25s")

/* Whom an entry connects to. */
#define ADDRESS(type, usual)                                                             \
    {ENTRY(type) ".host", FIELD_HOST, FIELD_REQUIRED | FIELD_FILLED,                     \
     .help = "name or address"},                                                         \
    {                                                                                    \
        ENTRY(type)                                                                      \
        ".port", FIELD_INTEGER, usual, .low = 1, .high = 65535, .help = "port"           \
    }

/* A command that a run starts, with its bounds. */
#define STEP(section, span, about)                                                       \
    {section ".command", FIELD_ARGV, FIELD_REQUIRED, .help = about},                     \
        {section ".title", FIELD_TEXT, .help = "what people are told that it does"},     \
        {section ".timeout",  FIELD_SPAN,  .preset = "\"" span "\"",                     \
         .low = CLOCK_SECOND, .high = DAY, .help = "it is ended after this time"},       \
    {                                                                                    \
        section ".silence", FIELD_SPAN,                                                  \
            .preset = "\"5m\"", .low = CLOCK_SECOND, .high = DAY,                        \
            .help = "when it printed nothing for so long, whoever "                      \
                    "watches is asked"                                                   \
    }

/* Commands around the one of a run. */
#define STEPS_AT(section, list, when)                                                    \
    {section "." list, FIELD_LIST, .preset = "[]", .high = 32,                           \
     .help = "commands " when ", in order"},                                             \
        {section "." list "[]", FIELD_OBJECT, .help = "one command"},                    \
        {section "." list "[].name", FIELD_NAME, FIELD_REQUIRED | FIELD_UNIQUE,          \
         .help = "how the step is called"},                                              \
        {section "." list "[].required", FIELD_BOOL, .preset = "true",                   \
         .help = "false: whoever watches may skip it when it fails"},                    \
        STEP(section "." list "[]", "10m", "what is run")

/* A command that verification runs besides the checks. */
#define PROVES(section, list, about, what)                                               \
    {section ".verify." list, FIELD_LIST, .preset = "[]", .high = 32, .help = about},    \
        {section ".verify." list "[]", FIELD_OBJECT, .help = "one command"},             \
        {section ".verify." list "[].name", FIELD_NAME, FIELD_REQUIRED | FIELD_UNIQUE,   \
         .help = "how it is called"},                                                    \
        {section ".verify." list "[].command", FIELD_ARGV, FIELD_REQUIRED,               \
         .help = what},                                                                  \
    {                                                                                    \
        section ".verify." list "[].timeout", FIELD_SPAN,                                \
            .preset = "\"1m\"", .low = 100 * CLOCK_MS, .high = HOUR,                     \
            .help = "it is ended after this time, and has not answered"                  \
    }

/* What a deploy, a rollback and a repair have in common. */
#define RUN(section, about)                                                              \
    STEP(section, "30m", about),                                                         \
        {section ".env", FIELD_LIST, .preset = "[]",                                     \
         .help = "names of secret sources that its commands are given all the same"},    \
        {section ".env[]", FIELD_TEXT, .help = "name of a variable"},                    \
        STEPS_AT(section, "before", "before it"),                                        \
        STEPS_AT(section, "after", "after it and before verification"),                  \
        {section ".verify", FIELD_OBJECT, .preset = "{}", .help = "the proof after it"}, \
        {section ".verify.within",                                                       \
         FIELD_SPAN,                                                                     \
         .preset = "\"5m\"",                                                             \
         .low = CLOCK_SECOND,                                                            \
         .high = DAY,                                                                    \
         .help = "every check must be green by then"},                                   \
        {section ".verify.hold", FIELD_SPAN,                                             \
         .preset = "\"30s\"",    .low = 0,                                               \
         .high = HOUR,           .help = "and stay green for this long"},                \
        PROVES(section, "commands",                                                      \
               "commands that prove it: each must exit 0 in time, "                      \
               "and again at the end of hold",                                           \
               "exits 0 where it works; tried again until then"),                        \
        PROVES(section, "logs",                                                          \
               "commands that print logs, in which nothing forbidden "                   \
               "may stand",                                                              \
               "prints the log since {since}, when the run began (RFC 3339)"),           \
        {section ".verify.logs[].forbid", FIELD_LIST, FIELD_REQUIRED | FIELD_FILLED,     \
         .high = 64, .help = "what no line of it may match"},                            \
    {                                                                                    \
        section ".verify.logs[].forbid[]", FIELD_PATTERN,                                \
            .help = "an extended regular expression (POSIX)"                             \
    }

/* clang-format off */
const struct field fields[] = {
#include "config/rows/system.inc"
#include "config/rows/auth.inc"
#include "config/rows/stores.inc"
#include "config/rows/checks.inc"
#include "config/rows/runs.inc"
};
/* clang-format on */
const size_t field_count = sizeof fields / sizeof fields[0];

const struct field *field_find(const char *path)
{
    for (size_t i = 0; i < field_count; i++) {
        if (strcmp(fields[i].path, path) == 0) {
            return &fields[i];
        }
    }
    return NULL;
}

/* The path whose rows tell what stands below a field; "" is the file itself. */
static const char *below(const struct field *parent)
{
    if (!parent) {
        return "";
    }
    return strcmp(parent->path, "defaults") == 0 ? FIELD_ENVIRONMENT : parent->path;
}

const struct field *field_child(const struct field *parent, const char *key)
{
    char path[160];
    const char *start = below(parent);
    bool map = parent && parent->type == FIELD_MAP;
    if (key && !map && (strchr(key, '.') || strchr(key, '*') || strchr(key, '['))) {
        return NULL;
    }
    int length = snprintf(path, sizeof path, "%s%s%s", start,
                          !key     ? "[]"
                          : *start ? "."
                                   : "",
                          !key  ? ""
                          : map ? "*"
                                : key);
    return length < (int)sizeof path ? field_find(path) : NULL;
}

const struct field *field_entry(const struct field *list, const json_t *entry)
{
    char path[160];
    const struct field *any = field_child(list, NULL);
    const char *type = json_string_value(json_object_get(entry, "type"));
    if (!any || !(any->flags & FIELD_TYPED) || !type) {
        return any;
    }
    int length = snprintf(path, sizeof path, "%s[%s]", list->path, type);
    const struct field *own = length < (int)sizeof path ? field_find(path) : NULL;
    return own ? own : any;
}

bool field_types_with(const struct field *entry, const char *key, struct buf *out)
{
    const char *own = strrchr(entry->path, '[');
    if (!own || own[strcspn(own, "]") + 1]) {
        return false;
    }
    size_t start = (size_t)(own + 1 - entry->path), before = out->length;
    for (size_t i = 0; i < field_count; i++) {
        const struct field *at = &fields[i];
        if (at == entry || strncmp(at->path, entry->path, start) != 0) {
            continue;
        }
        const char *type = at->path + start;
        size_t length = strcspn(type, "]");
        if (length > 0 && !type[length + 1] && field_child(at, key)) {
            buf_format(out, "%s%.*s", out->length > before ? ", " : "", (int)length,
                       type);
        }
    }
    return out->length > before;
}

const struct field *field_next(const struct field *parent, const struct field *last)
{
    const char *start = below(parent);
    size_t length = strlen(start);
    for (const struct field *at = last ? last + 1 : fields; at < fields + field_count;
         at++) {
        if (strncmp(at->path, start, length) != 0) {
            continue;
        }
        const char *rest = at->path + length;
        rest += length && *rest == '.';
        bool entry = length && *rest == '[' && strcspn(rest, "]") + 1 == strlen(rest);
        bool own = length == 0 || at->path[length] == '.';
        if (entry || (own && *rest && !strpbrk(rest, ".["))) {
            return at;
        }
    }
    return NULL;
}

const char *field_key(const struct field *field)
{
    const char *dot = strrchr(field->path, '.');
    return dot ? dot + 1 : field->path;
}
