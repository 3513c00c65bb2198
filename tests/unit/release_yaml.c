/* YAML promises: no secret in what is kept of it, the same structure still, and back come
 * the secrets of now and everything else of then. */
#include "tests/unit/release_help.h"

#include "base/json.h"
#include "base/mem.h"
#include "secret/keep.h"

#include <stdlib.h>
#include <string.h>

/* Every secret holds `old`; rotated it holds `new`. What is not one holds `plain`. */
#define OLD "s3cret-old"
#define NEW "s3cret-new"

#define PEM_LINES(indent, word)                                                          \
    indent "-----BEGIN PRIVATE KEY-----\n" indent word "+/AbC==\n" indent                \
           "-----END PRIVATE KEY-----\n"

struct sample {
    const char *what, *text;
};

static const struct sample samples[] = {
    {"plain", "db:\n  password: " OLD "\n  host: plain\n"},
    {"quotes", "a_token: \"" OLD " \\\" \\u00e9 # x\"\nb_token: 'it''s " OLD "' # why\n"},
    {"no end of line", "a: plain\npassword: " OLD},
    {"blanks and ends of DOS", "a: plain\r\npassword:   " OLD "  \r\nb: plain\r\n"},
    {"characters that are several bytes",
     "\xef\xbb\xbf"
     "\xc3\xa9: \xe2\x82\xac \xf0\x9f\x98\x80\n# \xe2\x82\xac\npassword: \xc3\xa9" OLD
     "\xe2\x82\xac\nb: plain\n"},
    {"anchor, tag and comment before a scalar",
     "password: &pw !!str # of the shop\n  " OLD "\nagain: {token: *pw}\n"
     "api_key: !<tag:yaml.org,2002:str> &k \"" OLD "\"\n"},
    {"an anchor that is used as a secret", "x: &x " OLD "\npassword: *x\n"},
    {"a list that is used as secrets", "x: &x [" OLD ", b" OLD "]\npasswords: *x\n"},
    {"a pair that is given an anchor",
     "x: &x " OLD "\nenv:\n  - name: DB_PASSWORD\n    value: *x\n"},
    {"a secret that is used elsewhere", "password: &x " OLD "\nb: [*x]\nc: *x\n"},
    {"literal block", "key:\n  private_key: |\n" PEM_LINES("    ", OLD) "  a: plain\n"},
    {"literal block at the end", "private_key: |-\n" PEM_LINES("  ", OLD)},
    {"literal block that keeps its ends",
     "token: |+ # all of it\n  " OLD "\n\n\nb: plain\n"},
    {"literal block with an indent of its own",
     "token: |2-\n   " OLD "\n  b\nc: plain\n"},
    {"folded block", "token: >\n  a " OLD "\n  b\n\n  c\nb: plain\n"},
    {"a block of DOS", "token: |\r\n  " OLD "\r\n  b\r\nc: plain\r\n"},
    {"a secret in the comment of a block", "a: | # password: " OLD "\n  plain\n"},
    {"plain over lines", "password: a\n  " OLD "\n  b\nb: plain\n"},
    {"quotes over lines", "password: \"a \\\n  " OLD "\n\n  b\"\nb: plain\n"},
    {"several documents",
     "---\npassword: " OLD "\n...\n---\npassword: 2" OLD "\n--- # three\n- plain\n"},
    {"a directive", "%YAML 1.1\n---\npassword: " OLD "\n"},
    {"flow", "db: {password: " OLD ", hosts: [plain, {token: '" OLD "'}], \"key\": 1}\n"
             "passwords: [" OLD ",b" OLD "]\n"},
    {"JSON", "{\"db\": {\"password\": \"" OLD "\", \"port\": 1}}\n"},
    {"a list", "passwords:\n- " OLD "\n- - 2" OLD "\nb: plain\n"},
    {"variables as a list", "services:\n  db:\n    environment:\n"
                            "      - MODE=plain\n      - DB_PASSWORD=" OLD "\n"
                            "      - \"API_TOKEN=" OLD " x\"\n      - 'A_TOKEN=" OLD
                            "'\n    command: [serve, \"--password=" OLD "\", --plain]\n"},
    {"variables as pairs",
     "env:\n- name: DB_PASSWORD\n  value: " OLD "\n- name: MODE\n  value: plain\n"
     "- value: \"" OLD "\"\n  name: API_KEY\n"},
    {"what looks like a secret", "url: postgres://ada:" OLD "@db/shop\n"
                                 "args: [\"host=db password=" OLD "\"]\n"},
    {"a file within",
     "data:\n  app.ini: |\n    [db]\n    password = " OLD "\n  mode: plain\n"},
    {"comments", "# password: " OLD "\na: plain # token=" OLD "\n# - DB_PASSWORD=" OLD
                 "\nb_token: " OLD "\n"},
    {"nothing", "password:\ntoken: ~\nb_token: \"\"\nc_token: !!str\nd: {e_token: }\n"
                "f: {g_token, h: plain}\n? i_token\n"},
    {"merged", "x: &x\n  password: " OLD "\n  a: plain\ny:\n  <<: *x\n  b: plain\n"},
    {"names", "\"a/b~c password\": " OLD "\n'': plain\n? long_token\n: " OLD "\n"
              "1: plain\n~: plain\n"},
};

/* ---- round trips ---- */

/* Errors call a file by its path: so it is called as its sample. The caller frees. */
static char *path_of(const struct sample *sample)
{
    return mem_format("%s.yaml", sample->what);
}

static void nothing_kept_of_yaml_holds_a_secret(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct cut kept;
        struct members members;
        struct error error = {0};
        char *path = path_of(&samples[i]);
        shop_cut(&kept, path, samples[i].text);
        const char *text = buf_string(&kept.text);
        if (strstr(text, "s3cret") || kept.form != FORM_YAML) {
            fail_msg("%s: %s", samples[i].what, text);
        }
        if (strstr(samples[i].text, "plain") && !strstr(text, "plain")) {
            fail_msg("%s: too much is cut: %s", samples[i].what, text);
        }
        if (!members_read_as(&members, FORM_YAML, text, kept.text.length, &error)) {
            fail_msg("%s: %s: %s", samples[i].what, error.message, text);
        }
        members_finish(&members);
        cut_finish(&kept);
        free(path);
    }
}

/* What was commented out is not kept, and does not come back. */
static char *without_comments(const char *text)
{
    char *one = shop_replaced(text, "# password: " OLD, "# password: [not kept]");
    char *two = shop_replaced(one, "# token=" OLD, "# token=[not kept]");
    char *all = shop_replaced(two, "# - DB_PASSWORD=" OLD, "# - DB_PASSWORD=[not kept]");
    free(one);
    free(two);
    return all;
}

static void yaml_comes_back_byte_for_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char *path = path_of(&samples[i]);
        char *text = shop_back(path, samples[i].text, samples[i].text);
        char *wanted = without_comments(samples[i].text);
        shop_assert_same(path, text, wanted);
        free(wanted);
        free(text);
        free(path);
    }
}

static void yaml_comes_back_with_the_secrets_of_now(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char *rotated = shop_replaced(samples[i].text, OLD, NEW);
        char *now = shop_replaced(rotated, "plain", "another");
        char *kept = without_comments(samples[i].text);
        char *wanted = shop_replaced(kept, OLD, NEW);
        char *path = path_of(&samples[i]);
        char *text = shop_back(path, samples[i].text, now);
        shop_assert_same(path, text, wanted);
        free(path);
        free(text);
        free(wanted);
        free(kept);
        free(now);
        free(rotated);
    }
}

/* ---- what each is called ---- */

static void assert_holes(const char *text, const char *const *names)
{
    struct cut kept;
    size_t i = 0;
    shop_cut(&kept, "app.yaml", text);
    for (; names[i] && i < kept.count; i++) {
        assert_string_equal(kept.holes[i].name, names[i]);
    }
    assert_null(names[i]);
    assert_int_equal(kept.count, i);
    cut_finish(&kept);
}

static void each_scalar_has_a_name_of_its_own(void **state)
{
    (void)state;
    assert_holes("a/b: {c~d_token: x}\n", (const char *[]){"/a~1b/c~0d_token", NULL});
    assert_holes("passwords: [x, {token: y}]\n",
                 (const char *[]){"/passwords/0", "/passwords/1/token", NULL});
    assert_holes("password: x\n---\npassword: y\n",
                 (const char *[]){"/password", "1/password", NULL});
    assert_holes("env:\n- {name: A_KEY, value: x}\n- {value: y, name: B_KEY}\n"
                 "- {name: A_KEY, value: z}\n",
                 (const char *[]){"/env/name=A_KEY/value", "/env/name=B_KEY/value",
                                  "/env/2/value", NULL});
    assert_holes("env: [A_KEY=x, MODE=y, B_KEY=, A_KEY=z]\n",
                 (const char *[]){"/env/A_KEY=", "/env/B_KEY=", "/env/3", NULL});
}

/* ---- what is YAML ---- */

static enum form form_of(const char *path, const char *text)
{
    struct cut kept;
    shop_cut(&kept, path, text);
    enum form form = kept.form;
    cut_finish(&kept);
    return form;
}

static void what_is_called_otherwise_is_yaml_by_its_look(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum form form;
    } rows[] = {
        {"apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata:\n  name: shop\n",
         FORM_YAML},
        {"---\na:\n- 1\n", FORM_YAML},
        {"A=1\nB=2\n", FORM_DOTENV},
        {"{\"a\": {\"b\": 1}}", FORM_JSON},
        {"Dear operator,\nnote: this is prose.\n", FORM_TEXT},
        {"Note: this is prose\n", FORM_TEXT},
        {"a.b: 1\na.c: 2\n", FORM_TEXT}, /* as well properties */
        {"[db]\nhost = plain\n", FORM_TEXT},
        {"- one\n- two\n", FORM_TEXT},
        {"server {\n  listen 80;\n}\n", FORM_TEXT},
        {"a:\n  b: 1\n  b: 2\n", FORM_TEXT},
        {"", FORM_TEXT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (form_of("gcloud run services describe", rows[i].text) != rows[i].form) {
            fail_msg("this is no %s:\n%s", form_words[rows[i].form], rows[i].text);
        }
    }
    assert_int_equal(form_of("a.yml", "just a word\n"), FORM_YAML);
    assert_int_equal(form_of("a.yaml", "# nothing\n"), FORM_YAML);
}

static void what_is_called_yaml_and_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"a: 1\nb: {\n", "line 3"},
        {"a: 1\n\tb: 2\n", "line 2"},
        {"a: 1\nb: 2\na: 3\n", "line 3: the key is there twice"},
        {"a: 1\n\"a\": 3\n", "line 2: the key is there twice"},
        {"a: 1\n? [b, c]\n: 2\n", "line 2: a key that is no scalar"},
        {"a: &a 1\n*a : 2\n", "line 2: a key that is an alias"},
        {"a: *b\n", "line 1: no anchor"},
        {"a: &b 1\n---\na: *b\n", "line 3: no anchor"},
        {"a: \"\\0\"\n", "line 1: a NUL byte"},
        {"a: 1\nb: \xff\n", "line 2: "},
        {"\xff\xfe"
         "a:",
         "UTF-16"},
        {"a: 1\nimage: {{ .Values.image }}\n", "line 2: a key that is no scalar has no "
                                               "name; of a template"},
        {"{{- if .Values.on }}\na: 1\n{{- end }}\n", "of a template, keep what is made"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        shop_assert_refused("app.yaml", rows[i][0], rows[i][1]);
    }
}

static void yaml_that_is_too_deep_is_refused(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 0);
    for (size_t i = 0; i < 200; i++) {
        buf_text(&text, "[");
    }
    shop_assert_refused("app.yaml", buf_string(&text), "too deep");
    buf_clear(&text);
    for (size_t i = 0; i < 100000; i++) {
        buf_text(&text, "[");
    }
    shop_assert_refused("app.yaml", buf_string(&text), "line 1");
    buf_finish(&text);
}

static void yaml_that_could_not_come_back_is_refused_before_it_is_wanted(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "token:\n>\n  a\n", /* no scalar of another style may stand there */
        "- name: db_passw=x\n  value: y\n", /* the name of the other is a secret */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        shop_assert_refused("app.yaml", rows[i], "another text without its secrets");
    }
}

static void a_known_secret_in_a_key_is_refused(void **state)
{
    (void)state;
    shop_assert_refused("app.yaml", "a: 1\n" SHOP_REDIS ": 2\n", "line 2");
    struct cut kept;
    shop_cut(&kept, "app.yaml", "a: plain # it is " SHOP_REDIS "\nb: x" SHOP_REDIS "x\n");
    assert_null(strstr(buf_string(&kept.text), SHOP_REDIS));
    assert_non_null(strstr(buf_string(&kept.text), "plain # [not kept]\n"));
    cut_finish(&kept);
}

/* ---- filling ---- */

static void a_secret_is_written_as_its_place_allows(void **state)
{
    (void)state;
    static const char *const rows[][4] = {
        {"a block becomes a line where lines begin elsewhere", "a:\n      password: x\n",
         "a:\n password: |\n   one\n   two\n", "a:\n      password: \"one\\ntwo\\n\"\n"},
        {"a block into braces", "a: {password: x, b: 1}\n", "a:\n  password: |-\n    y\n",
         "a: {password: \"y\", b: 1}\n"},
        {"a comma into braces", "a: {password: x, b: 1}\n", "a:\n  password: y, z\n",
         "a: {password: \"y, z\", b: 1}\n"},
        {"brackets into brackets", "a: {password: x}\n", "a:\n  password: y],{z\n",
         "a: {password: \"y],{z\"}\n"},
        {"a number stays one", "a: {password: x, token: u}\n",
         "a:\n  password: 12\n  token: a]\n", "a: {password: 12, token: \"a]\"}\n"},
        {"nothing then, something now", "password:\nb: {c_token: }\n",
         "password: x\nb: {c_token: y}\n", "password: x\nb: {c_token:  y}\n"},
        {"something then, nothing now", "password: x\n", "password:\n", "password: \n"},
        {"what stays in a list though others come before it", "e: [A_KEY=x, B_KEY=y]\n",
         "e: [NEW_KEY=0, B_KEY=2, A_KEY=1]\n", "e: [A_KEY=1, B_KEY=2]\n"},
        {"and in pairs", "e:\n- name: B_KEY\n  value: y\n",
         "e:\n- name: A_KEY\n  value: 1\n- name: B_KEY\n  value: 2\n",
         "e:\n- name: B_KEY\n  value: 2\n"},
        {"an alias whose anchor is there", "x: &x 1\npassword: y\n",
         "x: &x 1\npassword: *x\n", "x: &x 1\npassword: *x\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = shop_back("app.yaml", rows[i][1], rows[i][2]);
        shop_assert_same(rows[i][0], text, rows[i][3]);
        free(text);
    }
}

static void a_secret_of_yaml_comes_from_its_source(void **state)
{
    (void)state;
    static const char then[] =
        "url: " SHOP_REDIS "\nenv: [REDIS_PASSWORD=" SHOP_REDIS ", MODE=plain]\n";
    static const char *const words[][2] = {
        {"new-word",
         "url: \"new-word\"\nenv: [\"REDIS_PASSWORD=new-word\", MODE=plain]\n"},
        {"a \"b\" \\ \t\xc3\xa9 # : [\x7f",
         "url: \"a \\\"b\\\" \\\\ \\t\xc3\xa9 # : "
         "[\\x7f\"\nenv: [\"REDIS_PASSWORD=a \\\"b\\\" "
         "\\\\ \\t\xc3\xa9 # : [\\x7f\", MODE=plain]\n"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct cut kept;
        struct buf out;
        struct error error = {0};
        shop_write("redis.pass", SHOP_REDIS);
        shop_learn();
        shop_cut(&kept, "app.yaml", then);
        shop_write("redis.pass", words[i][0]);
        shop_learn();
        buf_init_secret(&out, 0);
        if (!cut_fill(&kept, "app.yaml", NULL, &shop.known, &out, &error)) {
            fail_msg("%s", error.message);
        }
        shop_assert_same("of a source", buf_string(&out), words[i][1]);
        buf_finish(&out);
        cut_finish(&kept);
    }
}

static void yaml_that_would_say_something_else_does_not_come_back(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"password: x\n", "mode: 1\n", "/password in app.yaml is a secret"},
        {"passwords: [x, y]\n", "passwords: [x]\n", "/passwords/1 in app.yaml"},
        {"e:\n- name: A_KEY\n  value: 1\n", "e:\n- name: B_KEY\n  value: 2\n",
         "/e/name=A_KEY/value"},
        {"password: x\n", "password: [\n", "cannot be read"},
        {"password: &p x\nb: *p\n", "password: {a: 1}\nb: 2\n", "/password in app.yaml"},
        {"password: y\n", "x: &x 1\npassword: *x\n", "would not say the same"},
        {"x: &x 1\npassword: y\n", "x: &x 2\npassword: *x\n", "would not say the same"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        shop_assert_stays("app.yaml", rows[i][0], rows[i][1], rows[i][2]);
    }
}

/* ---- differences ---- */

static void assert_diff(const char *now, const char *then, const char *wanted)
{
    char *lines = shop_diff("app.yaml", now, then);
    assert_string_equal(lines, wanted);
    free(lines);
}

static void yaml_differs_value_by_value(void **state)
{
    (void)state;
    assert_diff("a:\n  b: 1\nc: [x, y]\n", "c: [x, z]\na: {b: \"1\"}\nd: true\n",
                "~ /a/b = 1 becomes \"1\"\n~ /c/1 = y becomes z\n+ /d = true\n");
    assert_diff("a: |\n  one\n  two\n", "a: |\n  one\n",
                "~ /a = \"one two \" becomes "
                "\"one \"\n");
    assert_diff("a: 1\n", "a: 1\n", "");
    assert_diff("# one\na: 1\n", "# two\na: 1\n", "- # one\n+ # two\n  a: 1\n");
    char *lines = shop_diff("app.yaml", "password: " NEW "\n", "password: " OLD "\n");
    assert_true(strncmp(lines, "! /password stays secret ", 25) == 0);
    assert_null(strstr(lines, "s3cret"));
    free(lines);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_begin, shop_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_kept_of_yaml_holds_a_secret),
        TEST(yaml_comes_back_byte_for_byte),
        TEST(yaml_comes_back_with_the_secrets_of_now),
        TEST(each_scalar_has_a_name_of_its_own),
        TEST(what_is_called_otherwise_is_yaml_by_its_look),
        TEST(what_is_called_yaml_and_is_none_is_refused),
        TEST(yaml_that_is_too_deep_is_refused),
        TEST(yaml_that_could_not_come_back_is_refused_before_it_is_wanted),
        TEST(a_known_secret_in_a_key_is_refused),
        TEST(a_secret_is_written_as_its_place_allows),
        TEST(a_secret_of_yaml_comes_from_its_source),
        TEST(yaml_that_would_say_something_else_does_not_come_back),
        TEST(yaml_differs_value_by_value),
    };
    json_begin();
    keep_begin();
    return unit_run("release_yaml", tests);
}
