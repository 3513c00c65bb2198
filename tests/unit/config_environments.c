/* What environments, their demands, finding and trusting promise. */
#include "tests/unit/config_help.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "config/demand.h"
#include "config/locate.h"
#include "config/trust.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void defaults_lie_below_every_environment(void **state)
{
    (void)state;
    struct config *config =
        load_usable("{\"version\": 1, \"system\": \"n\", \"defaults\": {"
                    " \"private\": [\"a\", \"b\"],"
                    " \"redis\": {\"host\": \"shared\", \"port\": 7000, \"password\": "
                    "{\"env_file\": \"f\", \"key\": \"K\"}},"
                    " \"auth_flow\": {\"login\": {\"path\": \"/l\", \"headers\": {\"A\": "
                    "\"1\", \"B\": \"2\"}},"
                    "                \"user\": {\"path\": \"/u\"}},"
                    " \"auth_rate\": {\"source\": {\"probe\": {}}}},"
                    "\"environments\": {\"test\": {},"
                    " \"development\": {\"private\": [\"c\"],"
                    "  \"redis\": {\"port\": 7001, \"password\": {\"file\": \"p\"}},"
                    "  \"services\": {\"s\": {\"url\": \"http://h\"}},"
                    "  \"auth_flow\": {\"login\": {\"headers\": {\"B\": \"3\"}}},"
                    "  \"auth_rate\": {\"source\": {\"json\": {\"service\": \"s\", "
                    "\"path\": \"/\", \"good\": \"/g\","
                    "   \"total\": \"/t\"}}}}}}");
    const struct environment *test = config_environment(config, "test", NULL);
    assert_string_equal(config_text(config_section(test, "/redis"), "host"), "shared");
    const struct environment *dev = config_environment(config, "development", NULL);
    const json_t *redis = config_section(dev, "/redis");
    assert_string_equal(config_text(redis, "host"), "shared");
    assert_int_equal(config_integer(redis, "port"), 7001);
    assert_int_equal(json_array_size(config_section(dev, "/private")), 1); /* replaced */
    assert_string_equal(config_text(config_section(dev, "/auth_flow/login"), "path"),
                        "/l");
    assert_string_equal(config_text(config_section(dev, "/auth_flow/login/headers"), "A"),
                        "1");
    assert_string_equal(config_text(config_section(dev, "/auth_flow/login/headers"), "B"),
                        "3");
    assert_null(config_section(dev, "/auth_rate/source/probe")); /* one of, not both */
    char *source = json_compact(config_section(dev, "/redis/password"));
    assert_string_equal(source, "{\"file\":\"p\"}"); /* not half of each */
    free(source);
    config_destroy(config);
}

static void what_ships_belongs_to_one_environment(void **state)
{
    (void)state;
    struct config *config = load_changed(
        "{\"defaults\": {\"deploy\": {\"command\": [\"a\"]}, \"class\": \"test\","
        " \"rollback\": {\"command\": [\"a\"]}, \"repairs\": []}}");
    assert_problem(config, "defaults.deploy", "belongs to one environment", "");
    assert_problem(config, "defaults.rollback", "belongs to one environment", "");
    assert_problem(config, "defaults.class", "belongs to one environment", "");
    assert_problem(config, "defaults.repairs", "belongs to one environment", "");
    config_destroy(config);
    config = load_changed("{\"defaults\": {\"redis\": {\"hots\": \"a\", \"port\": 0}}}");
    assert_problem(config, "defaults.redis.hots", "unknown key", "\"host\"");
    assert_problem(config, "defaults.redis.port", "from 1 to 65535, not 0", "");
    config_destroy(config);
}

static void an_environment_has_a_class(void **state)
{
    (void)state;
    for (int i = 0; i < CLASS_COUNT; i++) {
        char *text = mem_format(
            "{\"version\": 1, \"system\": \"n\", \"environments\": {\"%s\": {},"
            " \"other\": {\"class\": \"%s\"}}}",
            env_class_words[i], env_class_words[i]);
        struct config *config = load_usable(text);
        assert_int_equal(config->environments[0]->env_class, i);
        assert_int_equal(config->environments[1]->env_class, i);
        config_destroy(config);
        free(text);
    }
    assert_false(env_class_demands(CLASS_DEVELOPMENT) || env_class_demands(CLASS_TEST));
    assert_true(env_class_demands(CLASS_STAGING) && env_class_demands(CLASS_PRODUCTION));
}

static void a_class_is_never_guessed(void **state)
{
    (void)state;
    struct config *config = load_changed(
        "{\"environments\": {\"canary\": {}, \"eu\": {\"class\": \"prodction\"},"
        " \"staging\": {\"class\": \"development\"}}}");
    assert_problem(config, "environments.canary.class", "is missing", "staging");
    assert_problem(config, "environments.eu.class", "not \"prodction\"",
                   "\"production\"?");
    assert_problem(config, "environments.staging.class", "contradicts", "");
    config_destroy(config);
}

static void other_letters_make_no_other_class(void **state)
{
    (void)state;
    struct config *config =
        load_changed("{\"environments\": {\"Staging\": {\"class\": \"development\"},"
                     " \"PRODUCTION\": {\"class\": \"test\"}}}");
    assert_problem(config, "environments.Staging.class", "contradicts", "");
    assert_problem(config, "environments.PRODUCTION.class", "contradicts", "");
    config_destroy(config);
    config = load_usable(
        "{\"version\": 1, \"system\": \"n\", \"environments\": {\"Production\": {}}}");
    assert_int_equal(config->environments[0]->env_class, CLASS_PRODUCTION);
    config_destroy(config);
}

static void an_environment_is_named_unless_it_is_the_only_one(void **state)
{
    (void)state;
    struct config *config = load_changed("{\"environments\": {\"test\": {}}}");
    struct error error;
    assert_null(config_environment(config, NULL, &error));
    assert_int_equal(error.code, ERROR_USAGE);
    assert_string_equal(error.hint, "say which with -e: staging, test");
    assert_null(config_environment(config, "stagin", &error));
    assert_string_equal(error.hint, "did you mean \"staging\"?");
    assert_null(config_environment(config, "production-eu", &error));
    assert_string_equal(error.hint, "there are: staging, test");
    assert_string_equal(config_environment(config, "test", &error)->name, "test");
    config_destroy(config);
}

static void what_is_not_used_is_nowhere_configured(void **state)
{
    (void)state;
    struct config *config = load_changed("{\"not_used\": {\"redis\": \"no cache\"}}");
    assert_problem(config, "not_used.redis",
                   "but environments.staging.redis configures it", "");
    config_destroy(config);
    config = load_changed("{\"not_used\": {\"services.auth\": \"none\", \"deploy\": "
                          "\"x\", \"jwt\": \"\"}}");
    assert_problem(config, "not_used.services.auth", "environments.staging.services.auth",
                   "");
    assert_problem(config, "not_used.deploy", "must be \"jwt\"", "");
    assert_problem(config, "not_used.jwt", "not empty", "");
    config_destroy(config);
}

static bool has_finding(const struct findings *findings, bool fails, const char *message)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (findings->rows[i].fails == fails &&
            strstr(findings->rows[i].message, message)) {
            assert_true(*findings->rows[i].remedy && *findings->rows[i].path);
            return true;
        }
    }
    return false;
}

/* How many findings fail; `message` must be among those that do, or among the notes. */
static size_t examine(const char *change, const char *name, bool fails,
                      const char *message)
{
    struct config *config = load_changed(change);
    if (!config_usable(config)) {
        fail_msg("%s", config_complaint(config));
    }
    struct findings findings;
    demand_examine(config_environment(config, name, NULL), &findings);
    size_t count = 0;
    for (size_t i = 0; i < findings.count; i++) {
        count += findings.rows[i].fails;
    }
    if (message && !has_finding(&findings, fails, message)) {
        fail_msg("%s: no \"%s\" among %zu findings, the first: %s", change, message,
                 findings.count, findings.count ? findings.rows[0].message : "");
    }
    findings_finish(&findings);
    config_destroy(config);
    return count;
}

static void a_whole_staging_meets_every_demand(void **state)
{
    (void)state;
    assert_int_equal(examine("{}", NULL, false, NULL), 0);
}

static void each_required_section_is_demanded_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *change, *message;
        size_t fails;
    } rows[] = {
        {"{\"jwt\": null}", "JWT is REQUIRED in staging", 1},
        {"{\"services\": {\"auth\": null}}", "Auth service is REQUIRED in staging", 1},
        {"{\"services\": {\"backend\": null}}", "Backend service is REQUIRED in staging",
         1},
        {"{\"auth_flow\": null, \"auth_rate\": null}", "Auth flow is REQUIRED in staging",
         1},
        {"{\"auth_rate\": null}", "Auth rate is REQUIRED in staging", 1},
        {"{\"clickhouse\": null}", "ClickHouse is REQUIRED in staging", 1},
        {"{\"redis\": null}", "Redis is REQUIRED in staging", 1},
        {"{\"deploy\": null}", "Deploy is REQUIRED in staging", 1},
        {"{\"rollback\": null}", "Rollback is REQUIRED in staging", 1},
        {"{\"clickhouse\": {\"host\": \"\"}}", "ClickHouse host is REQUIRED in staging",
         1},
        {"{\"redis\": {\"host\": null}}", "Redis host is REQUIRED in staging", 1},
        {"{\"redis\": {\"mode\": \"sentinel\", \"master\": \"m\"}}",
         "Redis Sentinels are REQUIRED in staging", 1},
        {"{\"redis\": {\"mode\": \"sentinel\", \"sentinels\": [{\"host\": \"s\"}]}}",
         "Redis has Sentinels, and no master", 1},
        {"{\"clickhouse\": {\"http_port\": 0, \"native_port\": 0}}",
         "neither port of ClickHouse is asked", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *change =
            mem_format("{\"environments\": {\"staging\": %s}}", rows[i].change);
        assert_int_equal(examine(change, NULL, true, rows[i].message), rows[i].fails);
        free(change);
    }
    static const char nothing[] =
        "{\"environments\": {\"staging\": null, \"production\": {},"
        " \"eu\": {\"class\": \"production\"}, \"test\": {},"
        " \"development\": {}}}";
    assert_int_equal(
        examine(nothing, "production", true, "Redis is REQUIRED in production"), 8);
    assert_int_equal(examine(nothing, "eu", true, "ClickHouse is REQUIRED in production"),
                     8);
    assert_int_equal(examine(nothing, "test", false, NULL), 0);
    assert_int_equal(examine(nothing, "development", false, NULL), 0);
}

static void what_is_not_used_is_not_demanded_but_noted(void **state)
{
    (void)state;
    assert_int_equal(examine("{\"not_used\": {\"clickhouse\": \"no analytics\"},"
                             " \"environments\": {\"staging\": {\"clickhouse\": null}}}",
                             NULL, false, "ClickHouse is not used: no analytics"),
                     0);
}

static void a_section_needs_what_it_asks(void **state)
{
    (void)state;
    static const char change[] =
        "{\"environments\": {\"staging\": null, \"test\": {\"auth_rate\": {}, "
        "\"auth_flow\":"
        " {\"login\": {\"path\": \"/\"}, \"user\": {\"path\": \"/\"}}}}}";
    assert_int_equal(examine(change, NULL, true, "auth_flow needs services.auth"), 2);
    assert_int_equal(
        examine("{\"environments\": {\"staging\": null, \"test\": {\"auth_rate\": {}}}}",
                NULL, true, "auth_rate needs auth_flow"),
        1);
}

static void a_store_on_this_machine_beside_services_elsewhere_fails(void **state)
{
    (void)state;
    static const char *const hosts[] = {"localhost",        "LOCALHOST", "db.localhost",
                                        "127.0.0.1",        "127.8.9.1", "::1",
                                        "::ffff:127.0.0.1", "127.1",     "0.0.0.0",
                                        "0x7f000001",       "::",        "localhost."};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        char *change = mem_format(
            "{\"environments\": {\"staging\": {\"clickhouse\": {\"host\": \"%s\"}}}}",
            hosts[i]);
        assert_int_equal(examine(change, NULL, true, "is this machine"), 1);
        free(change);
    }
    assert_int_equal(
        examine(
            "{\"environments\": {\"staging\": {\"redis\": {\"host\": null, \"socket\":"
            " \"/run/redis.sock\"}}}}",
            NULL, true, "localhost is this machine"),
        1);
    assert_int_equal(
        examine("{\"environments\": {\"staging\": {\"class\": null, \"redis\":"
                " {\"host\": \"localhost.example.com\"}}}}",
                NULL, false, NULL),
        0);
    assert_int_equal(examine("{\"environments\": {\"staging\": null, \"test\": {"
                             " \"redis\": {\"host\": \"localhost\"},"
                             " \"services\": {\"s\": {\"url\": \"https://h\"}}}}}",
                             NULL, false, "is this machine"),
                     0);
}

static void everything_on_this_machine_is_a_note(void **state)
{
    (void)state;
    assert_int_equal(
        examine("{\"environments\": {\"staging\": {\"redis\": {\"host\": \"127.0.0.1\"},"
                " \"clickhouse\": {\"host\": \"::1\"}, \"services\": {"
                "  \"auth\": {\"url\": \"http://127.0.0.1:81\"},"
                "  \"backend\": {\"url\": \"http://[::1]:82/\"}}}}}",
                NULL, false, "every service and data store is on this machine"),
        0);
}

static void a_secret_does_not_travel_in_plain_text(void **state)
{
    (void)state;
    static const struct {
        const char *staging;
        size_t fails;
    } rows[] = {
        {"{\"redis\": {\"password\": {\"env\": \"P\"}}}", 1},
        {"{\"redis\": {\"password\": {\"env\": \"P\"}, \"tls\": true}}", 0},
        {"{\"redis\": {\"password\": {\"env\": \"P\"}, \"tls\": {\"ca\": \"c\"}}}", 0},
        {"{\"redis\": {\"password\": {\"env\": \"P\"}}, \"private\": [\"10.0.0.3\"]}", 0},
        {"{\"redis\": {\"password\": {\"env\": \"P\"}}, \"private\": [\"10.0.0.4\"]}", 1},
        {"{\"redis\": {\"mode\": \"sentinel\", \"master\": \"m\", \"sentinels\": ["
         "{\"host\": \"s\"}, {\"host\": \"10.0.0.3\"}], \"sentinel_password\":"
         " {\"env\": \"P\"}}, \"private\": [\"10.0.0.3\"]}",
         1},
        {"{\"clickhouse\": {\"password\": {\"env\": \"P\"}, \"tls\": false}}", 1},
        {"{\"services\": {\"auth\": {\"url\": \"http://a\"}}}", 1},
        {"{\"services\": {\"backend\": {\"url\": \"http://a\"}}}", 1},
        {"{\"services\": {\"other\": {\"url\": \"http://a\"}}}", 0},
        {"{\"services\": {\"auth\": {\"url\": \"http://A\"}}, \"private\": [\"a\"]}", 0},
#define HTTP(url, with)                                                                  \
    "{\"checks\": [{\"type\": \"http\", \"name\": \"a\", \"url\": \"" url "\", " with    \
    " \"expect\": {\"contains\": \"x\"}}]}"
#define KEY "\"headers\": {\"X-Key\": {\"env\": \"P\"}},"
        {HTTP("http://a", KEY), 1},
        {HTTP("https://a", KEY), 0},
        {HTTP("http://a", ""), 0},
        {HTTP("http://127.0.0.1:80", KEY), 0},
#undef HTTP
#undef KEY
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *change =
            mem_format("{\"environments\": {\"staging\": %s}}", rows[i].staging);
        assert_int_equal(
            examine(change, NULL, true, rows[i].fails ? "in plain text" : NULL),
            rows[i].fails);
        free(change);
    }
}

static void secret_manager_is_asked_before_what_lies_on_this_machine(void **state)
{
    (void)state;
#define GCP "{\"gcp_secret\": \"projects/p/secrets/s\"}"
    static const struct {
        const char *canonical;
        bool fails;
    } rows[] = {
        {GCP, false},
        {"[" GCP ", {\"env\": \"E\"}]", false},
        {"[{\"env\": \"E\"}]", false},
        {"[{\"env\": \"E\"}, " GCP "]", true},
        {"[{\"file\": \"f\"}, {\"env\": \"E\"}, " GCP "]", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *change = mem_format(
            "{\"environments\": {\"staging\": {\"jwt\": {\"canonical\": %s}}}}",
            rows[i].canonical);
        assert_int_equal(examine(change, NULL, true,
                                 rows[i].fails
                                     ? "Secret Manager must be asked first in staging"
                                     : NULL),
                         rows[i].fails);
        free(change);
    }
#undef GCP
}

static void a_certificate_must_bear_a_name(void **state)
{
    (void)state;
    struct config *config = load_changed("{\"environments\": {\"staging\": {\"redis\": "
                                         "{\"tls\": {\"server_name\": \"\"}}}}}");
    assert_problem(config, "environments.staging.redis.tls.server_name", "a host name",
                   "");
    config_destroy(config);
}

static void touch(const char *path)
{
    assert_true(fs_replace(path, "{}", 2, 0600, NULL));
}

static void the_file_is_looked_for_in_order(void **state)
{
    (void)state;
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    char *work = fs_join(directory, "work"), *home = fs_join(directory, "home");
    char *own = mem_format("%s/greenboard/greenboard.json", home);
    char *said = fs_join(directory, "said.json"),
         *here = fs_join(work, "greenboard.json");
    char *folder = fs_directory(own);
    assert_true(fs_make_dirs(work, NULL) && fs_make_dirs(folder, NULL));
    assert_int_equal(chdir(work), 0);
    setenv("XDG_CONFIG_HOME", home, 1);
    unsetenv("GREENBOARD_CONFIG");
    struct located at;
    struct error error;
    assert_false(locate_config(NULL, &at, &error));
    assert_int_equal(error.code, ERROR_CONFIG);
    assert_non_null(strstr(error.hint, "-c FILE"));
    touch(own);
    assert_true(locate_config(NULL, &at, &error));
    assert_string_equal(at.path, own);
    assert_false(at.found);
    free(at.path);
    touch(here);
    assert_true(locate_config(NULL, &at, &error));
    assert_string_equal(at.path, here);
    assert_true(at.found); /* the only one that nobody named */
    free(at.path);
    setenv("GREENBOARD_CONFIG", said, 1);
    assert_false(locate_config(NULL, &at, &error)); /* no falling through */
    touch(said);
    assert_true(locate_config(NULL, &at, &error));
    assert_string_equal(at.path, said);
    assert_false(at.found);
    free(at.path);
    assert_true(locate_config("greenboard.json", &at, &error));
    assert_string_equal(at.path, here);
    assert_false(at.found);
    free(at.path);
    unsetenv("GREENBOARD_CONFIG");
    assert_int_equal(chdir(before), 0);
    free(work);
    free(home);
    free(own);
    free(said);
    free(here);
    free(folder);
}

static void a_found_file_is_trusted_until_it_changes(void **state)
{
    (void)state;
    char *home = fs_join(directory, "state"), *list = fs_join(home, "trusted");
    char first[DIGEST_HEX], second[DIGEST_HEX];
    digest_hex(first, "1", 1);
    digest_hex(second, "2", 1);
    struct error error;
    assert_false(trust_known(home, "/a/g.json", first, &error));
    assert_int_equal(error.code, ERROR_DENIED);
    assert_non_null(strstr(error.hint, "config trust"));
    assert_true(trust_add(home, "/a/g.json", first, &error));
    assert_true(trust_add(home, "/b c/g.json", first, &error));
    assert_true(trust_known(home, "/a/g.json", first, &error));
    assert_true(trust_known(home, "/b c/g.json", first, &error));
    assert_false(trust_known(home, "/a", first, &error));
    assert_false(trust_known(home, "/a/g.json", "", &error));
    assert_false(trust_known(home, "/a/g.json", second, &error));
    assert_non_null(strstr(error.message, "has changed"));
    assert_true(trust_add(home, "/a/g.json", second, &error));
    assert_true(trust_known(home, "/a/g.json", second, &error));
    assert_false(
        trust_known(home, "/a/g.json", first, &error)); /* the old content no more */
    assert_false(trust_add(home, "/a\n/g.json", first, &error));
    struct stat about;
    assert_int_equal(stat(list, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(chmod(list, 0620), 0); /* others may write it: it proves nothing */
    assert_false(trust_known(home, "/a/g.json", second, &error));
    free(home);
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_lie_below_every_environment),
        cmocka_unit_test(what_ships_belongs_to_one_environment),
        cmocka_unit_test(an_environment_has_a_class),
        cmocka_unit_test(a_class_is_never_guessed),
        cmocka_unit_test(other_letters_make_no_other_class),
        cmocka_unit_test(an_environment_is_named_unless_it_is_the_only_one),
        cmocka_unit_test(what_is_not_used_is_nowhere_configured),
        cmocka_unit_test(a_whole_staging_meets_every_demand),
        cmocka_unit_test(each_required_section_is_demanded_by_name),
        cmocka_unit_test(what_is_not_used_is_not_demanded_but_noted),
        cmocka_unit_test(a_section_needs_what_it_asks),
        cmocka_unit_test(a_store_on_this_machine_beside_services_elsewhere_fails),
        cmocka_unit_test(everything_on_this_machine_is_a_note),
        cmocka_unit_test(a_secret_does_not_travel_in_plain_text),
        cmocka_unit_test(secret_manager_is_asked_before_what_lies_on_this_machine),
        cmocka_unit_test(a_certificate_must_bear_a_name),
        cmocka_unit_test(the_file_is_looked_for_in_order),
        cmocka_unit_test(a_found_file_is_trusted_until_it_changes),
    };
    return help_run(unit_run("config_environments", tests));
}
