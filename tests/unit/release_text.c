/* Texts of no form that is known promise the same as YAML and JSON, line by line. */
#include "tests/unit/release_help.h"

#include "base/json.h"
#include "base/mem.h"
#include "secret/keep.h"

#include <stdlib.h>
#include <string.h>

/* Every secret holds `old`; rotated it holds `new`. What is not one holds `plain`. */
#define OLD "s3cret-old"
#define NEW "s3cret-new"

/* What follows such a line is no dotenv file. */
#define NO_DOTENV "of the shop\n"

static const struct {
    const char *path, *text;
} samples[] = {
    {"app.ini", "; of the shop\n[db]\nhost = plain\npassword = " OLD
                "\n\n[mail]\npassword=" OLD "  \nuser = plain"},
    {"dos.ini", "[db]\r\npassword = " OLD "\r\nhost = plain\r\n"},
    {"app.toml", "title = \"plain\"\n[db]\npassword = \"" OLD " \\\" x\" # plain\n"
                 "tokens = [\"" OLD "\", \"b" OLD "\"]\n[[db.more]]\ntoken = '" OLD "'\n"
                 "api_key = \"\"\"\na " OLD "\nb = c\n\"\"\"\nport = \"plain\"\n"},
    {"nginx.conf",
     "server {\n  listen plain;\n  set $api_token \"" OLD "\";\n"
     "  proxy_pass http://ada:" OLD "@app:80/;\n  auth_token " OLD ";\n}\n"},
    {"app.properties", "! plain\nspring.datasource.password=" OLD "\n"
                       "spring.datasource.url=jdbc:postgresql://ada:" OLD "@db/shop\n"
                       "long.password = a \\\n    b=" OLD " \\\nc\nmode: plain\n"},
    {"redis.conf", "port plain\nrequirepass " OLD "\nmasterauth \"" OLD "\"\n"},
    {"settings.py", "DEBUG = 'plain'\nCONFIG = {\n    'password': '" OLD "',\n"
                    "    \"token\": \"" OLD "\",\n}\n"},
    {"config.php",
     "<?php\nreturn [\n  'password' => '" OLD "',\n  'mode' => 'plain',\n];\n"},
    {"ado.config", "of plain\nConnection = Server=db;User Id=ada;Password=" OLD ";\n"
                   "mode = plain\n"},
    {"key.txt", "mode plain\n-----BEGIN RSA PRIVATE KEY-----\n" OLD "==\n" OLD
                "\n-----END RSA PRIVATE KEY-----\nmode plain\n"},
    {"chart.tpl", "{{- if .Values.on }}\nenv:\n  - name: DB_PASSWORD\n    value: " OLD
                  "\n  - name: MODE\n    value: plain\n  private_key: |\n    " OLD
                  "\n    b\n  mode: {{ plain }}\n{{- end }}\n"},
    {"keys.txt",
     "plain\nkey: \"-----BEGIN PRIVATE KEY-----\n" OLD
     "\n-----END PRIVATE KEY-----\"\nplain\n  put -----BEGIN PRIVATE KEY-----\n" OLD
     "\n-----END PRIVATE KEY-----\nthe last\n-----BEGIN EC PRIVATE KEY-----\n" OLD},
    {"empty.ini", "password =\ntoken=\nmode=plain\n[a]\n"},
    {"latin1.txt", "plain \xfc\nschl\xfcssel password = \xfc" OLD "\n"
                   "b = \xfc postgres://ada:" OLD "@db/shop\n"},
    {"looks.txt",
     "use postgres://ada:" OLD "@db:5432/shop or so\n"
     "postgres://ada:" OLD "@db/shop\nAuthorization: Bearer " OLD "\nmode plain\n"},
};

static void nothing_kept_of_a_text_holds_a_secret(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct cut kept;
        shop_cut(&kept, samples[i].path, samples[i].text);
        const char *text = buf_string(&kept.text);
        if (strstr(text, "s3cret") || !strstr(text, "plain") || kept.form != FORM_TEXT) {
            fail_msg("%s: %s", samples[i].path, text);
        }
        cut_finish(&kept);
    }
}

static void a_text_comes_back_with_the_secrets_of_now(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        const char *path = samples[i].path, *text = samples[i].text;
        char *same = shop_back(path, text, text);
        shop_assert_same(path, same, text);
        char *rotated = shop_replaced(text, OLD, NEW);
        char *now = shop_replaced(rotated, "plain", "another");
        char *back = shop_back(path, text, now);
        shop_assert_same(path, back, rotated);
        free(back);
        free(now);
        free(rotated);
        free(same);
    }
}

static void assert_kept(const char *text, const char *wanted)
{
    struct cut kept;
    struct buf shown;
    size_t from = 0;
    shop_cut(&kept, "app.conf", text);
    assert_int_equal(kept.form, FORM_TEXT);
    buf_init(&shown, 0);
    for (size_t i = 0; i < kept.count; i++) {
        buf_add(&shown, kept.text.data + from, kept.holes[i].at - from);
        buf_format(&shown, "<%s>", kept.holes[i].name ? kept.holes[i].name : "");
        from = kept.holes[i].at + kept.holes[i].length;
    }
    buf_text(&shown, buf_string(&kept.text) + from);
    shop_assert_same(text, buf_string(&shown), wanted);
    buf_finish(&shown);
    cut_finish(&kept);
}

static void what_is_around_a_secret_stays(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"[a]\npassword = \"x y\"; # why\n", "[a]\npassword = \"<a/password>\"; # why\n"},
        {"token = x,\n", "token = <token>,\n"},
        {"token: 'x' ;\n", "token: '<token>' ;\n"},
        {"token = \"x\" + y\n", "token = <token>\n"},
        {"[a]\n[b]\nk.token=x\n", "[a]\n[b]\nk.token=<b/k.token>\n"},
        {"# password = x\n// token: x\n; a = 1\n",
         "# password = [not kept]\n// token: [not kept]\n; a = 1\n"},
        {"user default >" SHOP_REDIS " on\n", "user default ><> on\n"},
        {"url = a\ntoken_ttl = 1\n", "url = a\ntoken_ttl = 1\n"},
        {"Secrets:\n  are elsewhere\nThe password is not here\n",
         "Secrets:<Secrets>\nThe password is not here\n"},
        {"password = [kept back 0123456789ab]\n",
         "password = [kept back 0123456789ab]\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = mem_format(NO_DOTENV "%s", rows[i][0]);
        char *wanted = mem_format(NO_DOTENV "%s", rows[i][1]);
        assert_kept(text, wanted);
        free(wanted);
        free(text);
    }
}

static void lines_of_one_name_are_told_apart_by_their_order(void **state)
{
    (void)state;
    char *text = shop_back("app.conf", NO_DOTENV "token = a\nmode = 1\ntoken = b\n",
                           "token = c\ntoken = d\nmode = 2\n");
    assert_string_equal(text, NO_DOTENV "token = c\nmode = 1\ntoken = d\n");
    free(text);
}

static void quotes_of_then_and_now_fit(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {NO_DOTENV "token = \"a\"\nb=1\n", "token = c\n",
         NO_DOTENV "token = \"c\"\nb=1\n"},
        {NO_DOTENV "token = a\nb=1\n", "token = \"c;\"\n",
         NO_DOTENV "token = \"c;\"\nb=1\n"},
        {NO_DOTENV "token = 'a';\n", "token = \"c\"\n", NO_DOTENV "token = 'c';\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = shop_back("app.conf", rows[i][0], rows[i][1]);
        shop_assert_same("quotes", text, rows[i][2]);
        free(text);
    }
}

static void nothing_is_guessed_for_a_text(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"[a]\ntoken = x\n", "[b]\ntoken = x\n", "a/token in app.conf is a secret"},
        {"[a]\ntoken = x\n", "[a]\ntoken = x\ntoken = y\n", "a/token in app.conf"},
        {NO_DOTENV "token = x\ntoken = y\n", "token = x\n", "token in app.conf"},
        {NO_DOTENV "token = x\n", "# token = x\n", "token in app.conf"},
        {NO_DOTENV "token = 'x'\n", "token = \"it's\"\n", "would not say the same"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        shop_assert_stays("app.conf", rows[i][0], rows[i][1], rows[i][2]);
    }
}

static void a_line_whose_secret_is_gone_takes_it_from_its_source(void **state)
{
    (void)state;
    struct cut kept;
    struct buf out;
    struct error error = {0};
    shop_cut(&kept, "app.ini", "[redis]\npassword = \"" SHOP_REDIS "\";\n");
    shop_write("redis.pass", "new word");
    shop_learn();
    buf_init_secret(&out, 0);
    assert_true(cut_fill(&kept, "app.ini", NULL, &shop.known, &out, &error));
    assert_string_equal(buf_string(&out), "[redis]\npassword = \"new word\";\n");
    shop_write("redis.pass", "new \" word");
    shop_learn();
    assert_false(cut_fill(&kept, "app.ini", NULL, &shop.known, &out, &error));
    assert_non_null(strstr(error.message, "would not say the same"));
    buf_finish(&out);
    cut_finish(&kept);
}

/* ---- what is shown ---- */

static void a_text_is_shown_as_it_is_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct cut kept;
        struct buf shown;
        struct error error = {0};
        buf_init(&shown, 0);
        shop_cut(&kept, samples[i].path, samples[i].text);
        assert_true(cut_shown(samples[i].text, &shown, &error));
        shop_assert_same(samples[i].path, buf_string(&shown), buf_string(&kept.text));
        buf_clear(&shown);
        assert_true(cut_shown(buf_string(&kept.text), &shown, &error));
        shop_assert_same(samples[i].path, buf_string(&shown), buf_string(&kept.text));
        buf_finish(&shown);
        cut_finish(&kept);
    }
}

static void a_secret_of_a_text_that_differs_is_told_by_its_fingerprint(void **state)
{
    (void)state;
    char *lines = shop_diff("app.ini", "[db]\npassword = " NEW "\nmode = 2\n",
                            "[db]\npassword = " OLD "\nmode = 1\n");
    assert_null(strstr(lines, "s3cret"));
    assert_true(strncmp(lines, "! db/password stays secret ", 27) == 0);
    assert_non_null(strstr(lines, "\n  password = [secret]\n- mode = 2\n+ mode = 1\n"));
    free(lines);
    lines =
        shop_diff("app.ini", "[db]\nmode = 1\n", "[db]\npassword = " OLD "\nmode = 1\n");
    assert_string_equal(lines, "  [db]\n+ password = [secret]\n  mode = 1\n");
    free(lines);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_begin, shop_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_kept_of_a_text_holds_a_secret),
        TEST(a_text_comes_back_with_the_secrets_of_now),
        TEST(what_is_around_a_secret_stays),
        TEST(lines_of_one_name_are_told_apart_by_their_order),
        TEST(quotes_of_then_and_now_fit),
        TEST(nothing_is_guessed_for_a_text),
        TEST(a_line_whose_secret_is_gone_takes_it_from_its_source),
        TEST(a_text_is_shown_as_it_is_kept),
        TEST(a_secret_of_a_text_that_differs_is_told_by_its_fingerprint),
    };
    json_begin();
    keep_begin();
    return unit_run("release_text", tests);
}
