#include "config/fields.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

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
static const char *const types[] = {"health_json", "http",    "tcp", "tls",
                                    "dns",         "command", NULL};
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

/* How a data store is reached. */
#define PEER(section)                                                                    \
    {section ".host", FIELD_HOST, .preset = "\"\"", .help = "name or address"},          \
        {section ".tls", FIELD_TLS, .preset = "false",                                   \
         .help = "true, false, or an object that says how"},                             \
        {section ".tls.ca", FIELD_PATH,                                                  \
         .help = "CA certificates (PEM) instead of the system's"},                       \
        {section ".tls.cert", FIELD_PATH, .help = "our own certificate (PEM)"},          \
        {section ".tls.key", FIELD_PATH,                                                 \
         .help = "the key of our own certificate (PEM)"},                                \
        {section ".tls.server_name", FIELD_HOST, FIELD_FILLED,                           \
         .help = "the name that the certificate must bear, where it is not the host"},   \
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

/* clang-format off */
const struct field fields[] = {
    {"version", FIELD_INTEGER, FIELD_REQUIRED, .low = 1, .high = 1,
     .help = "of the configuration's own format: 1"},
    {"system", FIELD_NAME, FIELD_REQUIRED,
     .help = "what is deployed; its state is kept under this name"},
    {"not_used", FIELD_MAP, .words = parts,
     .help = "parts that this system does not have at all, each with the reason"},
    {"not_used.*", FIELD_TEXT, .help = "the reason"},
    {"defaults", FIELD_OBJECT,
     .help = "below every environment: objects merge, everything else is replaced"},
    {"environments", FIELD_MAP, FIELD_REQUIRED | FIELD_FILLED, .keys = FIELD_NAME,
     .high = 64, .help = "the environments by name"},
    {"environments.*", FIELD_OBJECT, .help = "one environment"},

    {ENV "class", FIELD_WORD, FIELD_OWN, .words = classes,
     .help = "what is demanded of it; an environment named like a class has that class"},
    {ENV "private", FIELD_LIST, .preset = "[]",
     .help = "hosts that secrets may reach without encryption"},
    {ENV "private[]", FIELD_HOST,
     .help = "a host as it is written elsewhere in this file"},
    {ENV "gate", FIELD_OBJECT, .preset = "{}", .help = "when the gate trusts a result"},
    {ENV "gate.max_age", FIELD_SPAN, .preset = "\"60s\"", .low = CLOCK_SECOND,
     .high = DAY,
     .help = "an older result closes the gate; periods and deadlines fit into it"},
    {ENV "secrets", FIELD_OBJECT, .preset = "{}", .help = "how secrets are kept"},
    {ENV "secrets.max_age", FIELD_SPAN, .preset = "\"60s\"", .low = CLOCK_SECOND,
     .high = HOUR,
     .help = "how long a secret is kept before its source is asked again"},
    {ENV "lock", FIELD_OBJECT, .preset = "{}", .help = "who may run at a time"},
    {ENV "lock.dir", FIELD_PATH,
     .help = "a directory for the lock, shared by users of this host"},

    {ENV "release", FIELD_OBJECT, .help = "what is about to be shipped"},
    {ENV "release.command", FIELD_ARGV, FIELD_REQUIRED,
     .help = "prints the release as one line"},

    {ENV "jwt", FIELD_OBJECT, .help = "the secret that all services must share"},
    {ENV "jwt.canonical", FIELD_SOURCE, .preset = "[{\"env\": \"JWT_SECRET_KEY\"}]",
     .help = "where the one true secret is kept"},
    {ENV "jwt.algorithm", FIELD_WORD, .preset = "\"HS256\"", .words = algorithms,
     .help = "how tokens are signed"},
    {ENV "jwt.issuer", FIELD_TEXT, .help = "what the claim iss of a token must be"},
    {ENV "jwt.audience", FIELD_TEXTS,
     .help = "what the claim aud of a token must hold one of"},
    CHECK(ENV "jwt", "25s"),

    {ENV "services", FIELD_MAP, .preset = "{}", .keys = FIELD_NAME,
     .help = "the services by name; auth and backend are the two that checks ask"},
    {ENV "services.*", FIELD_OBJECT, .help = "one service"},
    {ENV "services.*.url", FIELD_URL,
     .help = "where it answers; one that nobody asks, such as a worker, needs none"},
    {ENV "services.*.jwt_secret", FIELD_SOURCE,
     .help = "where this service's own secret can be read"},
    {ENV "services.*.validate", FIELD_OBJECT,
     .help = "how it is asked whether a token is good; forgeries are shown to it too"},
    REQUEST(ENV "services.*.validate", "POST"),
    {ENV "services.*.validate.body", FIELD_BODY, .preset = "{}",
     .help = "what is sent beside the token"},
    {ENV "services.*.validate.token", FIELD_POINTER, .preset = "\"/token\"",
     .help = "where in the body the token is put"},
    {ENV "services.*.validate.valid", FIELD_POINTER, .preset = "\"/valid\"",
     .help = "where the reply says true or false"},
    {ENV "services.*.settings", FIELD_OBJECT, .help = "what it must be given"},
    {ENV "services.*.settings.from", FIELD_OBJECT, FIELD_REQUIRED,
     .help = "where all that it is given can be read: one of the three"},
    {ENV "services.*.settings.from.cloud_run", FIELD_TEXT,
     .help = "a service of Cloud Run, projects/PROJECT/locations/LOCATION/services/NAME"},
    {ENV "services.*.settings.from.env_file", FIELD_PATH, .help = "a dotenv file"},
    {ENV "services.*.settings.from.command", FIELD_ARGV, .help = "what a command prints"},
    {ENV "services.*.settings.from.format", FIELD_WORD, .words = print_formats,
     .help = "how the command prints it: one JSON object, or lines KEY=value"},
    {ENV "services.*.settings.expect", FIELD_MAP, FIELD_REQUIRED | FIELD_FILLED,
     .keys = FIELD_TEXT, .help = "what it must be given, by name"},
    {ENV "services.*.settings.expect.*", FIELD_SETTING,
     .help = "the value, never shown where it is a secret"},
    CHECK(ENV "services.*.settings", "25s"),

    {ENV "auth_flow", FIELD_OBJECT, .help = "log in, and be recognised"},
    {ENV "auth_flow.login", FIELD_OBJECT, FIELD_REQUIRED,
     .help = "asked of the service auth"},
    REQUEST(ENV "auth_flow.login", "POST"),
    {ENV "auth_flow.login.body", FIELD_BODY, .preset = "{}",
     .help = "what is sent; an object with exactly a source's keys is a secret"},
    {ENV "auth_flow.login.token", FIELD_POINTER, .preset = "\"/access_token\"",
     .help = "where the reply holds the token"},
    {ENV "auth_flow.user", FIELD_OBJECT, FIELD_REQUIRED,
     .help = "asked of the service backend with that token"},
    REQUEST(ENV "auth_flow.user", "GET"),
    {ENV "auth_flow.user.email", FIELD_POINTER, .preset = "\"/email\"",
     .help = "where the reply holds the email, which must be the one that logged in"},
    CHECK(ENV "auth_flow", "25s"),

    {ENV "auth_rate", FIELD_OBJECT, .help = "how many logins succeed"},
    {ENV "auth_rate.source", FIELD_OBJECT, FIELD_ONE, .preset = "{\"probe\": {}}",
     .help = "where users' logins are counted"},
    {ENV "auth_rate.source.probe", FIELD_OBJECT, .help = "nowhere: our own logins alone"},
    {ENV "auth_rate.source.json", FIELD_OBJECT, .help = "counters that a service shows"},
    {ENV "auth_rate.source.json.service", FIELD_TEXT, FIELD_REQUIRED | FIELD_SERVICE,
     .help = "which service"},
    {ENV "auth_rate.source.json.path", FIELD_ENDPOINT, FIELD_REQUIRED,
     .help = "where, below its URL"},
    {ENV "auth_rate.source.json.good", FIELD_POINTER, FIELD_REQUIRED,
     .help = "logins that succeeded"},
    {ENV "auth_rate.source.json.total", FIELD_POINTER, FIELD_REQUIRED,
     .help = "logins that were tried"},
    {ENV "auth_rate.source.json.excluded", FIELD_POINTER,
     .help = "logins that failed by the user's own mistake"},
    {ENV "auth_rate.source.json.counts_probes", FIELD_BOOL, .preset = "false",
     .help = "whether the counters include our own logins"},
    {ENV "auth_rate.objective", FIELD_NUMBER, .preset = "0.99", .low = 0, .high = 1,
     .help = "the share of logins that must succeed"},
    {ENV "auth_rate.window", FIELD_SPAN, .preset = "\"5m\"", .low = CLOCK_SECOND,
     .high = DAY,
     .help = "the time that is looked at"},
    {ENV "auth_rate.min_attempts", FIELD_INTEGER, .preset = "5", .low = 1, .high = 100,
     .help = "our own logins that a preflight tops up to"},
    CHECK(ENV "auth_rate", "25s"),

    {ENV "clickhouse", FIELD_OBJECT,
     .help = "ClickHouse"},
    PEER(ENV "clickhouse"),
    {ENV "clickhouse.http_port", FIELD_INTEGER, .preset = "8123", .preset_tls = "8443",
     .low = 0, .high = 65535, .help = "port of the HTTP interface; 0: it is not asked"},
    {ENV "clickhouse.native_port", FIELD_INTEGER, .preset = "9000", .preset_tls = "9440",
     .low = 0, .high = 65535,
     .help = "port of the native protocol; 0: it is not asked, but one of the two is"},
    {ENV "clickhouse.user", FIELD_TEXT, .preset = "\"default\"", .help = "user"},
    {ENV "clickhouse.password", FIELD_SOURCE, .help = "where the password is kept"},
    {ENV "clickhouse.database", FIELD_TEXT, .preset = "\"default\"", .help = "database"},
    {ENV "clickhouse.tables", FIELD_LIST, .preset = "[]",
     .help = "tables that must exist"},
    {ENV "clickhouse.tables[]", FIELD_TEXT, .help = "TABLE or DATABASE.TABLE"},
    {ENV "clickhouse.write_table", FIELD_TEXT,
     .help = "a table with a column word, made for this: a row is written and read back"},
    CHECK(ENV "clickhouse", "5s"),
    {ENV "clickhouse.thresholds.latency", FIELD_SPAN, .preset = "\"1s\"",
     .low = CLOCK_MS, .high = 5 * MINUTE,
     .help = "the longest that the proving query may take"},
    {ENV "clickhouse.thresholds.lag", FIELD_SPAN, .preset = "\"5m\"",
     .low = CLOCK_SECOND, .high = 30 * DAY,
     .help = "the longest that a replica may lag behind"},
    {ENV "clickhouse.thresholds.queue", FIELD_INTEGER, .preset = "100", .low = 0,
     .high = 1000000, .help = "the most entries in the queue of a replica"},
    {ENV "clickhouse.thresholds.cluster_errors", FIELD_INTEGER, .preset = "5", .low = 0,
     .high = 1000000, .help = "the most errors of late in reaching a host of a cluster"},
    {ENV "clickhouse.thresholds.merge_age", FIELD_SPAN, .preset = "\"6h\"",
     .low = CLOCK_SECOND, .high = 30 * DAY, .help = "the longest that a merge may run"},
    {ENV "clickhouse.thresholds.mutation_age", FIELD_SPAN, .preset = "\"1h\"",
     .low = CLOCK_SECOND, .high = 30 * DAY,
     .help = "the longest that a mutation may be undone"},
    {ENV "clickhouse.thresholds.parts", FIELD_INTEGER, .preset = "300", .low = 1,
     .high = 1000000, .help = "the most active parts in a partition"},
    {ENV "clickhouse.thresholds.disk_free", FIELD_NUMBER, .preset = "0.1", .low = 0,
     .high = 1, .help = "the least free share of a disk"},
    {ENV "clickhouse.thresholds.queries", FIELD_INTEGER, .preset = "80", .low = 0,
     .high = 1000000, .help = "the most queries that may be running"},

    {ENV "redis", FIELD_OBJECT, .help = "Redis"},
    PEER(ENV "redis"),
    {ENV "redis.port", FIELD_INTEGER, .preset = "6379", .low = 1, .high = 65535,
     .help = "port"},
    {ENV "redis.socket", FIELD_PATH,
     .help = "path of its Unix socket, instead of host and port"},
    {ENV "redis.mode", FIELD_WORD, .preset = "\"standalone\"", .words = redis_modes,
     .help = "what there is: one server, a master that Sentinels name, or a Redis "
             "Cluster, of which every master is asked"},
    {ENV "redis.sentinels", FIELD_LIST, .preset = "[]", .high = 32,
     .help = "the Sentinels, where that is the mode"},
    {ENV "redis.sentinels[]", FIELD_OBJECT, .help = "one Sentinel"},
    {ENV "redis.sentinels[].host", FIELD_HOST, FIELD_REQUIRED | FIELD_FILLED,
     .help = "name or address"},
    {ENV "redis.sentinels[].port", FIELD_INTEGER, .preset = "26379", .low = 1,
     .high = 65535, .help = "port"},
    {ENV "redis.sentinel_user", FIELD_TEXT, .help = "user at the Sentinels"},
    {ENV "redis.sentinel_password", FIELD_SOURCE,
     .help = "where the password of the Sentinels is kept"},
    {ENV "redis.master", FIELD_TEXT,
     .help = "how the Sentinels call the master"},
    {ENV "redis.user", FIELD_TEXT, .help = "user, where the server has access lists"},
    {ENV "redis.password", FIELD_SOURCE, .help = "where the password is kept"},
    {ENV "redis.database", FIELD_INTEGER, .preset = "0", .low = 0, .high = 65535,
     .help = "number of the database"},
    CHECK(ENV "redis", "5s"),
    {ENV "redis.thresholds.memory", FIELD_NUMBER, .preset = "0.9", .low = 0, .high = 1,
     .help = "the largest share of maxmemory in use, where nothing is evicted"},
    {ENV "redis.thresholds.clients", FIELD_NUMBER, .preset = "0.9", .low = 0, .high = 1,
     .help = "the largest share of maxclients that is connected"},
    {ENV "redis.thresholds.rejected_connections", FIELD_INTEGER, .preset = "0",
     .low = 0, .high = INT32_MAX,
     .help = "the most connections rejected between two askings"},
    {ENV "redis.thresholds.evicted_keys", FIELD_INTEGER, .low = 0, .high = INT32_MAX,
     .help = "the most keys evicted between two askings"},
    {ENV "redis.thresholds.blocked_clients", FIELD_INTEGER, .low = 0, .high = INT32_MAX,
     .help = "the most clients that wait in a blocking command"},
    {ENV "redis.thresholds.replicas", FIELD_INTEGER, .low = 0, .high = INT32_MAX,
     .help = "the fewest replicas that a master may have"},
    {ENV "redis.thresholds.replica_lag", FIELD_SPAN, .preset = "\"10s\"",
     .low = CLOCK_SECOND, .high = DAY,
     .help = "the longest that a replica may be silent"},
    {ENV "redis.thresholds.replica_behind", FIELD_INTEGER, .preset = "67108864",
     .low = 0, .high = INT64_C(1) << 40,
     .help = "the most bytes of writes that a replica may not have yet"},
    {ENV "redis.thresholds.save_age", FIELD_SPAN, .low = CLOCK_SECOND, .high = 30 * DAY,
     .help = "the oldest that the last save to disk may be, where something changed "
             "since"},
    {ENV "redis.thresholds.hit_rate", FIELD_NUMBER, .low = 0, .high = 1,
     .help = "the smallest share of keys asked for that are there"},
    {ENV "redis.thresholds.operations", FIELD_INTEGER, .low = 0, .high = INT32_MAX,
     .help = "the most operations a second"},

    {ENV "checks", FIELD_LIST, .preset = "[]", .help = "further checks"},
    {ENV "checks[]", FIELD_OBJECT, FIELD_TYPED, .help = "one check"},
    {ENV "checks[].type", FIELD_WORD, FIELD_REQUIRED, .words = types,
     .help = "what it asks, and which of the keys below it has"},

    GENERIC("health_json", "a service says of itself what is expected"),
    {ENTRY("health_json") ".service", FIELD_TEXT, FIELD_REQUIRED | FIELD_SERVICE,
     .help = "which service is asked"},
    {ENTRY("health_json") ".path", FIELD_ENDPOINT, FIELD_REQUIRED,
     .help = "where, below its URL"},
    {ENTRY("health_json") ".method", FIELD_WORD, .preset = "\"GET\"", .words = methods,
     .help = "how it is asked"},
    {ENTRY("health_json") ".expect", FIELD_MAP, FIELD_REQUIRED | FIELD_FILLED,
     .keys = FIELD_POINTER,
     .help = "what the reply must hold, by JSON pointer"},
    {ENTRY("health_json") ".expect.*", FIELD_ANY,
     .help = "the value, compared with its type"},

    GENERIC("http", "something answers over HTTP as is expected"),
    {ENTRY("http") ".url", FIELD_URL, .help = "who is asked, where it is no service"},
    {ENTRY("http") ".service", FIELD_TEXT, FIELD_SERVICE,
     .help = "which service is asked, instead of a url"},
    {ENTRY("http") ".path", FIELD_ENDPOINT,
     .help = "where, below the URL; a service needs one"},
    {ENTRY("http") ".method", FIELD_WORD, .preset = "\"GET\"", .words = http_methods,
     .help = "how it is asked"},
    {ENTRY("http") ".headers", FIELD_HEADERS, .preset = "{}",
     .help = "header fields, each a text or a source of a secret"},
    {ENTRY("http") ".body", FIELD_BODY,
     .help = "what is sent, as JSON; an object with exactly a source's keys is a secret"},
    {ENTRY("http") ".ca", FIELD_PATH,
     .help = "CA certificates (PEM) instead of the system's"},
    {ENTRY("http") ".expect", FIELD_OBJECT, FIELD_REQUIRED,
     .help = "what the answer must be; a status alone proves nothing"},
    {ENTRY("http") ".expect.status", FIELD_STATUSES, .preset = "\"2xx\"",
     .help = "the status"},
    {ENTRY("http") ".expect.contains", FIELD_TEXTS,
     .help = "what stands in the body, each of them"},
    {ENTRY("http") ".expect.json", FIELD_MAP, FIELD_FILLED, .keys = FIELD_POINTER,
     .help = "what the body holds, by JSON pointer"},
    {ENTRY("http") ".expect.json.*", FIELD_ANY,
     .help = "the value, compared with its type"},
    {ENTRY("http") ".expect.headers", FIELD_MAP, FIELD_FILLED, .keys = FIELD_TEXT,
     .help = "header fields of the answer"},
    {ENTRY("http") ".expect.headers.*", FIELD_TEXT, .help = "what its value contains"},

    GENERIC("tcp", "something answers on a port as is expected"),
    ADDRESS("tcp", FIELD_REQUIRED),
    {ENTRY("tcp") ".tls", FIELD_TLS, .preset = "false",
     .help = "true, false, or an object that says how"},
    {ENTRY("tcp") ".tls.ca", FIELD_PATH,
     .help = "CA certificates (PEM) instead of the system's"},
    {ENTRY("tcp") ".tls.cert", FIELD_PATH, .help = "our own certificate (PEM)"},
    {ENTRY("tcp") ".tls.key", FIELD_PATH, .help = "the key of our own certificate (PEM)"},
    {ENTRY("tcp") ".tls.server_name", FIELD_HOST, FIELD_FILLED,
     .help = "the name that the certificate must bear, where it is not the host"},
    {ENTRY("tcp") ".send", FIELD_BYTES, .help = "what is sent first"},
    {ENTRY("tcp") ".expect", FIELD_BYTES, FIELD_REQUIRED,
     .help = "what the answer begins with; an open port alone proves nothing"},

    GENERIC("tls", "a certificate is good, and stays so for a while"),
    ADDRESS("tls", .preset = "443"),
    {ENTRY("tls") ".server_name", FIELD_HOST, FIELD_FILLED,
     .help = "the name that the certificate must bear, where it is not the host"},
    {ENTRY("tls") ".ca", FIELD_PATH,
     .help = "CA certificates (PEM) instead of the system's"},
    {ENTRY("tls") ".thresholds.warn", FIELD_SPAN, .preset = "\"21d\"", .low = 0,
     .high = 3650 * DAY, .help = "a certificate that ends sooner is WARN"},
    {ENTRY("tls") ".thresholds.fail", FIELD_SPAN, .preset = "\"7d\"", .low = 0,
     .high = 3650 * DAY, .help = "a certificate that ends sooner is FAIL"},

    GENERIC("dns", "a name has the addresses that are expected"),
    {ENTRY("dns") ".host", FIELD_HOST, FIELD_REQUIRED | FIELD_FILLED,
     .help = "the name that is resolved, as every program of this machine does"},
    {ENTRY("dns") ".record", FIELD_WORD, .preset = "\"A\"", .words = record_types,
     .help = "which of its records"},
    {ENTRY("dns") ".expect", FIELD_LIST, FIELD_FILLED, .high = 64,
     .help = "exactly these addresses, in whatever order"},
    {ENTRY("dns") ".expect[]", FIELD_ADDRESS, .help = "an address"},
    {ENTRY("dns") ".contains", FIELD_LIST, FIELD_FILLED, .high = 64,
     .help = "these addresses and maybe more"},
    {ENTRY("dns") ".contains[]", FIELD_ADDRESS, .help = "an address"},

    GENERIC("command", "a command of yours judges"),
    {ENTRY("command") ".command", FIELD_ARGV, FIELD_REQUIRED,
     .help = "what is run, in the directory of this file"},
    {ENTRY("command") ".format", FIELD_WORD, .preset = "\"nagios\"",
     .words = output_formats, .help = "how it tells its verdict"},

    {ENV "deploy", FIELD_OBJECT, FIELD_OWN, .help = "what the gate lets through"},
    {ENV "deploy.command", FIELD_ARGV, FIELD_REQUIRED,
     .help = "ships the release; {release} {environment} {run} {fence} are replaced"},
    {ENV "deploy.timeout", FIELD_SPAN, .preset = "\"30m\"", .low = CLOCK_SECOND,
     .high = DAY,
     .help = "it is ended after this time"},
    {ENV "deploy.env", FIELD_LIST, .preset = "[]",
     .help = "names of secret sources that the command is given all the same"},
    {ENV "deploy.env[]", FIELD_TEXT, .help = "name of a variable"},
    {ENV "deploy.verify", FIELD_OBJECT, .preset = "{}",
     .help = "the proof after the deploy"},
    {ENV "deploy.verify.within", FIELD_SPAN, .preset = "\"5m\"", .low = CLOCK_SECOND,
     .high = DAY, .help = "every check must be green by then"},
    {ENV "deploy.verify.hold", FIELD_SPAN, .preset = "\"30s\"", .low = 0, .high = HOUR,
     .help = "and stay green for this long"},

    {ENV "rollback", FIELD_OBJECT, FIELD_OWN, .help = "the way back"},
    {ENV "rollback.command", FIELD_ARGV, FIELD_REQUIRED,
     .help = "ships a known good release; {release} is replaced"},
    {ENV "rollback.list", FIELD_ARGV,
     .help = "prints the releases that can be gone back to"},
    {ENV "backup", FIELD_OBJECT, .help = "what is saved before a run"},
    {ENV "backup.files", FIELD_LIST, .preset = "[]", .help = "files that are copied"},
    {ENV "backup.files[]", FIELD_PATH, .help = "a file"},
    {ENV "backup.commands", FIELD_ANY, FIELD_LATER,
     .help = "commands whose output is kept"},

    {ENV "repairs", FIELD_ANY, FIELD_LATER | FIELD_OWN, .help = "commands that mend"},
    {ENV "tunnels", FIELD_MAP, .preset = "{}", .keys = FIELD_NAME,
     .help = "ways to private addresses by name; one that no via names is not started"},
    {ENV "tunnels.*", FIELD_OBJECT, .help = "one tunnel"},
    {ENV "tunnels.*.command", FIELD_ARGV, FIELD_REQUIRED,
     .help = "listens at {port} of 127.0.0.1, which is replaced, as are {host} and "
             "{remote_port}; started again when it ends"},
    {ENV "tunnels.*.within", FIELD_SPAN, .preset = "\"10s\"", .low = 100 * CLOCK_MS,
     .high = 5 * MINUTE, .help = "the port must answer within this time"},
    {ENV "notify", FIELD_ANY, FIELD_LATER, .help = "who is told"},
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
