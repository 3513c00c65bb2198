/* What is kept of a text promises: no secret in it, nothing else lost, and only present
 * secrets put back. */
#include "tests/unit/release_help.h"

#include "base/json.h"
#include "base/mem.h"
#include "release/sensitive.h"
#include "secret/keep.h"
#include "secret/mask.h"

#include <stdlib.h>
#include <string.h>

static void assert_back(const char *path, const char *then, const char *now,
                        const char *wanted)
{
    char *text = shop_back(path, then, now);
    assert_string_equal(text, wanted);
    free(text);
}

/* ---- what is a secret ---- */

static void names_tell_secrets_in_any_spelling(void **state)
{
    (void)state;
    static const char *const secret[] = {
        "JWT_SECRET_KEY", "DB_PASSWORD", "apiKey",         "client-secret",
        "SMTP_PASS",      "SENTRY_DSN",  "E2E_BYPASS_KEY", "Authorization",
        "accessToken",    "mysql_pwd",   "privateKey",     "SLACK_WEBHOOK_URL"};
    static const char *const plain[] = {"ENVIRONMENT",    "CLICKHOUSE_HOST", "LOG_LEVEL",
                                        "JWT_ALGORITHM",  "KEYBOARD",        "TOKEN_TTL",
                                        "JWT_PUBLIC_KEY", "compass",         "bypass"};
    for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++) {
        if (!sensitive_name(secret[i])) {
            fail_msg("%s is a secret", secret[i]);
        }
    }
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (sensitive_name(plain[i])) {
            fail_msg("%s is none", plain[i]);
        }
    }
}

static void values_tell_secrets_by_their_look(void **state)
{
    (void)state;
    assert_true(sensitive_value("postgres://ada:hunter2@db:5432/shop"));
    assert_true(sensitive_value("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n"));
    assert_true(sensitive_value("Bearer eyJhbGciOi.eyJzdWIi.c2ln"));
    assert_true(sensitive_value("see redis://:hunter2@cache:6379"));
    assert_true(sensitive_value("host=db password=hunter2"));
    assert_true(sensitive_value("schl\xfcssel: postgres://ada:hunter2@db"));
    assert_false(sensitive_value("https://api.example.com/a@b"));
    assert_false(sensitive_value("-----BEGIN CERTIFICATE-----"));
}

/* ---- cutting ---- */

static void a_dotenv_file_is_kept_without_its_secrets(void **state)
{
    (void)state;
    struct cut kept;
    shop_cut(&kept, "staging.env",
             "# of staging\n"
             "export JWT_SECRET_KEY=\"" SHOP_JWT "\" # the one\n"
             "HOST=db.example.com\n"
             "CACHE=redis=" SHOP_REDIS "\n"
             "DB_PASSWORD='never configured anywhere'\n"
             "# OLD_TOKEN=left behind by somebody\n");
    assert_int_equal(kept.form, FORM_DOTENV);
    assert_int_equal(kept.count, 3);
    const char *text = buf_string(&kept.text);
    assert_null(strstr(text, SHOP_JWT));
    assert_null(strstr(text, SHOP_REDIS));
    assert_null(strstr(text, "never configured"));
    assert_null(strstr(text, "left behind"));
    assert_non_null(strstr(text, "\nHOST=db.example.com\n"));
    assert_non_null(strstr(text, "export JWT_SECRET_KEY=[kept back "));
    assert_non_null(strstr(text, "] # the one\n"));
    assert_non_null(strstr(text, "# OLD_TOKEN=[not kept]\n"));
    cut_finish(&kept);
}

static void a_json_file_is_kept_without_its_secrets(void **state)
{
    (void)state;
    struct cut kept;
    shop_cut(&kept, "app.json",
             "{\"db\": {\"password\": \"abc\", \"host\": \"db\", \"port\": 5432},\n"
             " \"env\": [{\"name\": \"API_KEY\", \"value\": \"k-1\"},\n"
             "         {\"name\": \"MODE\", \"value\": \"live\"}],\n"
             " \"url\": \"x/" SHOP_REDIS "\"}\n");
    assert_int_equal(kept.form, FORM_JSON);
    assert_int_equal(kept.count, 3);
    assert_string_equal(kept.holes[0].name, "/db/password");
    assert_string_equal(kept.holes[1].name, "/env/name=API_KEY/value");
    assert_string_equal(kept.holes[2].name, "/url");
    json_t *still = json_parse(buf_string(&kept.text), kept.text.length, NULL);
    assert_non_null(still);
    assert_string_equal(json_get_text(json_at(still, "/env/1"), "value"), "live");
    assert_null(strstr(buf_string(&kept.text), SHOP_REDIS));
    json_decref(still);
    cut_finish(&kept);
}

static void a_text_is_kept_without_what_the_sources_give(void **state)
{
    (void)state;
    struct cut kept;
    shop_cut(&kept, "redis.conf",
             "port 6379\nrequirepass " SHOP_REDIS "\nmaxclients 9\n");
    assert_int_equal(kept.form, FORM_TEXT);
    assert_int_equal(kept.count, 1);
    assert_null(strstr(buf_string(&kept.text), SHOP_REDIS));
    assert_non_null(strstr(buf_string(&kept.text), "\nmaxclients 9\n"));
    cut_finish(&kept);
}

static void a_secret_that_cannot_be_cut_is_refused(void **state)
{
    (void)state;
    /* redis-0815-word in base64 (RFC 4648 section 4): no value can be put back there */
    shop_assert_refused("deploy.conf", "a\nauth cmVkaXMtMDgxNS13b3Jk\n", "line 2");
    shop_assert_refused("a.env", "A=1\n# it is " SHOP_REDIS "\n", "line 2");
    shop_assert_refused("a.json", "{\"a\": 1, // no JSON\n}", "cannot be read");
    shop_assert_refused("b.env", "A='open\nB=2\n", "never closed");
}

static void output_that_is_only_looked_at_is_masked_line_by_line(void **state)
{
    (void)state;
    static const char yaml[] = "spec:\n"
                               "  - name: API_KEY\n"
                               "    value: k-1-secret\n"
                               "  - name: MODE\n"
                               "    value: live\n"
                               "  dbPassword: hunter2\n"
                               "  note: it was " SHOP_REDIS "\n";
    struct cut kept;
    struct error error = {0};
    assert_true(
        cut_make(&kept, "describe", yaml, strlen(yaml), &shop.known, CUT_SHOW, &error));
    const char *text = buf_string(&kept.text);
    assert_null(strstr(text, "k-1-secret"));
    assert_null(strstr(text, "hunter2"));
    assert_null(strstr(text, SHOP_REDIS));
    assert_non_null(strstr(text, "    value: live\n"));
    assert_non_null(strstr(text, "  note: it was [masked]\n"));
    cut_finish(&kept);
}

/* ---- filling ---- */

static void what_did_not_change_comes_back_byte_for_byte(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"a.env", "\xef\xbb\xbf"
                  "export A = \"x\\ty\"  # note\r\nB=\n\nDB_PASSWORD='p # q'\nC=1"},
        {"a.json", "{ \"token\" : \"a\\u00e9\\\"b\",\t\"n\": [1, 2.50, null] }"},
        {"a.conf", "no newline at the end, and " SHOP_JWT " in it"},
        {"empty.conf", ""},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_back(texts[i][0], texts[i][1], texts[i][1], texts[i][1]);
    }
}

static void a_rotated_secret_is_never_brought_back(void **state)
{
    (void)state;
    assert_back("a.env", "MODE=old\nJWT_SECRET_KEY=" SHOP_JWT "\n",
                "JWT_SECRET_KEY=\"rotated # since\"\nMODE=new\n",
                "MODE=old\nJWT_SECRET_KEY=\"rotated # since\"\n");
    assert_back("a.json", "{\"mode\": 1, \"password\": \"before\"}",
                "{\"password\": \"after\", \"mode\": 2}",
                "{\"mode\": 1, \"password\": \"after\"}");
    /* also where others came before it in its list */
    assert_back("a.json",
                "[{\"name\": \"A_KEY\", \"value\": \"a\"},"
                " {\"name\": \"B_KEY\", \"value\": \"b\"}]",
                "[{\"name\": \"B_KEY\", \"value\": \"B\"},"
                " {\"name\": \"A_KEY\", \"value\": \"A\"}]",
                "[{\"name\": \"A_KEY\", \"value\": \"A\"},"
                " {\"name\": \"B_KEY\", \"value\": \"B\"}]");
    assert_back("a.json", "{\"Env\": [\"A_KEY=a\", \"MODE=old\", \"B_KEY=b\"]}",
                "{\"Env\": [\"B_KEY=B\", \"A_KEY=A\"]}",
                "{\"Env\": [\"A_KEY=A\", \"MODE=old\", \"B_KEY=B\"]}");
}

static void names_that_entries_share_leave_them_their_places(void **state)
{
    (void)state;
    struct cut kept;
    shop_cut(&kept, "app.json",
             "{\"env\": [{\"name\": \"S_KEY\", \"value\": \"a\"},"
             " {\"name\": \"S_KEY\", \"value\": \"b\"}, \"T_KEY=c\", \"T_KEY=d\"]}");
    assert_int_equal(kept.count, 4);
    assert_string_equal(kept.holes[0].name, "/env/name=S_KEY/value");
    assert_string_equal(kept.holes[1].name, "/env/1/value");
    assert_string_equal(kept.holes[2].name, "/env/T_KEY=");
    assert_string_equal(kept.holes[3].name, "/env/3");
    cut_finish(&kept);
}

static void a_secret_that_is_gone_from_the_file_comes_from_its_source(void **state)
{
    (void)state;
    struct cut kept;
    struct buf out;
    struct error error = {0};
    shop_cut(&kept, "a.env", "MODE=old\nREDIS_PASSWORD=" SHOP_REDIS "\n");
    shop_write("redis.pass", "new \"word\" of redis\\\n");
    shop_learn();
    buf_init_secret(&out, 0);
    assert_true(cut_fill(&kept, "a.env", NULL, &shop.known, &out, &error));
    assert_string_equal(buf_string(&out),
                        "MODE=old\nREDIS_PASSWORD=\"new \\\"word\\\" of redis\\\\\"\n");
    buf_finish(&out);
    cut_finish(&kept);
}

static void a_secret_of_a_text_comes_from_its_source(void **state)
{
    (void)state;
    struct cut kept;
    struct buf out;
    struct error error = {0};
    shop_cut(&kept, "redis.conf", "requirepass " SHOP_REDIS "\nport 1\n");
    shop_write("redis.pass", "another-word\n");
    shop_learn();
    buf_init_secret(&out, 0);
    assert_true(cut_fill(&kept, "redis.conf", NULL, &shop.known, &out, &error));
    assert_string_equal(buf_string(&out), "requirepass another-word\nport 1\n");
    buf_finish(&out);
    cut_finish(&kept);
}

static void without_a_present_value_nothing_is_restored(void **state)
{
    (void)state;
    struct cut kept;
    struct buf out, now;
    struct error error = {0};
    buf_init_secret(&out, 0);
    buf_init(&now, 0);
    buf_text(&now, "MODE=new\n# SMTP_PASSWORD=a comment is no value\n");
    shop_cut(&kept, "a.env", "MODE=old\nSMTP_PASSWORD=unknown to every source\n");
    assert_false(cut_fill(&kept, "a.env", &now, &shop.known, &out, &error));
    assert_non_null(strstr(error.message, "SMTP_PASSWORD in a.env"));
    assert_string_not_equal(error.hint, "");
    buf_finish(&out);
    buf_finish(&now);
    cut_finish(&kept);
}

static void holes_that_do_not_fit_their_text_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "[{\"at\": -1, \"length\": 2, \"fingerprint\": \"aaaaaaaaaaaa\"}]",
        "[{\"at\": 2, \"length\": 9, \"fingerprint\": \"aaaaaaaaaaaa\"}]",
        "[{\"at\": 1, \"length\": 2, \"fingerprint\": \"aaaaaaaaaaaa\"},"
        " {\"at\": 2, \"length\": 2, \"fingerprint\": \"aaaaaaaaaaaa\"}]",
        "[{\"at\": 1, \"length\": 2, \"fingerprint\": \"short\"}]",
        "{}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct cut kept = {.form = FORM_TEXT};
        buf_text(&kept.text, "eight by");
        json_t *array = json_parse(bad[i], strlen(bad[i]), NULL);
        assert_non_null(array);
        if (cut_holes_read(&kept, array)) {
            fail_msg("%s was taken", bad[i]);
        }
        json_decref(array);
        cut_finish(&kept);
    }
}

/* ---- differences ---- */

static void assert_diff(const char *path, const char *now, const char *then,
                        const char *wanted)
{
    char *lines = shop_diff(path, now, then);
    assert_string_equal(lines, wanted);
    free(lines);
}

static void differences_are_told_value_by_value(void **state)
{
    (void)state;
    assert_diff("a.env", "A=1\nB=2\nC=3\n", "A=1\nC=4\nD=5\n",
                "- B = 2\n~ C = 3 becomes 4\n+ D = 5\n");
    assert_diff("a.json", "{\"a\": {\"b\": 1}, \"c\": true}",
                "{\"a\": {\"b\": \"1\"}, \"c\": true}", "~ /a/b = 1 becomes \"1\"\n");
    assert_diff("a.env", "A=1\n", "A=1\n", "");
}

static void a_secret_that_differs_stays_and_is_told_by_its_fingerprint(void **state)
{
    (void)state;
    char *lines = shop_diff("a.env", "DB_PASSWORD=today\n", "DB_PASSWORD=yesterday\n");
    assert_true(strncmp(lines, "! DB_PASSWORD stays secret ", 27) == 0);
    assert_null(strstr(lines, "today"));
    free(lines);
    assert_diff("a.env", "DB_PASSWORD=one\n", "DB_PASSWORD=one\n", "");
}

static void texts_differ_line_by_line_with_what_is_around(void **state)
{
    (void)state;
    assert_diff("a.conf", "one\ntwo\nthree\nfour\nfive\nsix\nseven\n",
                "one\ntwo\nthree\n4\nfive\nsix\nseven\neight\n",
                "  two\n  three\n- four\n+ 4\n  five\n  six\n  seven\n+ eight\n");
    assert_diff("a.conf", "word " SHOP_REDIS "\n", "word " SHOP_REDIS "\nmore\n",
                "  word [secret]\n+ more\n");
    assert_diff("a.env", "# one\nA=1\n", "# two\nA=1\n", "- # one\n+ # two\n  A=1\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_begin, shop_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_tell_secrets_in_any_spelling),
        TEST(values_tell_secrets_by_their_look),
        TEST(a_dotenv_file_is_kept_without_its_secrets),
        TEST(a_json_file_is_kept_without_its_secrets),
        TEST(a_text_is_kept_without_what_the_sources_give),
        TEST(a_secret_that_cannot_be_cut_is_refused),
        TEST(output_that_is_only_looked_at_is_masked_line_by_line),
        TEST(what_did_not_change_comes_back_byte_for_byte),
        TEST(a_rotated_secret_is_never_brought_back),
        TEST(names_that_entries_share_leave_them_their_places),
        TEST(a_secret_that_is_gone_from_the_file_comes_from_its_source),
        TEST(a_secret_of_a_text_comes_from_its_source),
        TEST(without_a_present_value_nothing_is_restored),
        TEST(holes_that_do_not_fit_their_text_are_refused),
        TEST(differences_are_told_value_by_value),
        TEST(a_secret_that_differs_stays_and_is_told_by_its_fingerprint),
        TEST(texts_differ_line_by_line_with_what_is_around),
    };
    json_begin();
    keep_begin();
    return unit_run("release", tests);
}
