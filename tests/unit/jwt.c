/* What is promised of tokens: which hold, which do not, and the forgeries made of them.
 */
#include "tests/unit/unit.h"

#include "base/buf.h"
#include "base/json.h"
#include "secret/base64.h"
#include "secret/forge.h"
#include "secret/jwt.h"
#include "secret/keep.h"

#include <string.h>

static struct secret *keep(const char *text)
{
    struct secret *secret = secret_create(text, strlen(text), NULL);
    assert_non_null(secret);
    return secret;
}

/* RFC 7515 appendix A.1: the key's bytes, and the token as it is printed there. */
static const char rfc_key[] =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4"
    "hcgUuTwjAzZr1Z9CAow";
static const char rfc_token[] =
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

static struct secret *keep_rfc_key(void)
{
    unsigned char key[64];
    size_t used = 0;
    assert_true(base64url_decode(rfc_key, strlen(rfc_key), key, sizeof key, &used));
    assert_int_equal(used, 64);
    return secret_create(key, used, NULL);
}

static void the_token_of_rfc_7515_verifies(void **state)
{
    (void)state;
    struct secret *key = keep_rfc_key();
    struct error error;
    struct jwt jwt;
    assert_true(jwt_parse(rfc_token, &jwt, &error));
    assert_true(jwt_verify(&jwt, key, "HS256", &error));
    assert_string_equal(json_get_text(jwt.claims, "iss"), "joe");
    assert_true(jwt_timely(&jwt, 1300819379, 0, &error));
    assert_false(jwt_timely(&jwt, 1300819380, 0, &error));
    assert_int_equal(error.code, ERROR_DENIED);
    assert_true(jwt_timely(&jwt, 1300819379 + 60, 60, &error));
    jwt_finish(&jwt);
    secret_unref(key);
}

static void a_token_verifies_under_its_secret_alone(void **state)
{
    (void)state;
    static const char *const algorithms[] = {"HS256", "HS384", "HS512"};
    struct secret *right = keep("0123456789abcdef0123456789abcdef");
    struct secret *wrong = keep("0123456789abcdef0123456789abcdeg");
    json_t *claims = json_pack("{s:s}", "sub", "probe");
    for (size_t i = 0; i < 3; i++) {
        struct buf token = {0};
        struct error error;
        struct jwt jwt;
        assert_true(jwt_sign(claims, right, algorithms[i], &token, &error));
        assert_true(jwt_parse(token.data, &jwt, &error));
        assert_true(jwt_verify(&jwt, right, algorithms[i], &error));
        assert_false(jwt_verify(&jwt, wrong, algorithms[i], &error));
        assert_int_equal(error.code, ERROR_DENIED);
        assert_false(jwt_verify(&jwt, right, algorithms[(i + 1) % 3], &error));
        assert_int_equal(error.code, ERROR_PROTOCOL);
        jwt_finish(&jwt);
        buf_finish(&token);
    }
    struct buf token = {0};
    struct error error;
    assert_false(jwt_sign(claims, right, "none", &token, &error));
    assert_int_equal(token.length, 0);
    buf_finish(&token);
    json_decref(claims);
    secret_unref(right);
    secret_unref(wrong);
}

static void a_token_that_names_no_algorithm_is_refused(void **state)
{
    (void)state;
    static const char *const tokens[] = {
        "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UifQ.", /* {"alg":"none"} */
        "e30.eyJpc3MiOiJqb2UifQ.",                 /* {} */
    };
    struct secret *key = keep_rfc_key();
    for (size_t i = 0; i < 2; i++) {
        struct jwt jwt;
        struct error error;
        assert_true(jwt_parse(tokens[i], &jwt, &error));
        assert_false(jwt_verify(&jwt, key, "HS256", &error));
        assert_non_null(strstr(error.message, "none"));
        jwt_finish(&jwt);
    }
    secret_unref(key);
}

static void what_is_no_token_is_refused_without_a_trace(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",         ".",         "..",        "...",
        "a.b",      "a.b.c.d",   "e30.e30",   "e30.e30.e30.e30",
        "e30.W10.", "W10.e30.",  "e30.e30.!", "e30.eyJ4Ijox.",
        "=.e30.",   "e30 .e30.", "e30.MQ.",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct jwt jwt;
        struct error error;
        if (jwt_parse(bad[i], &jwt, &error)) {
            fail_msg("\"%s\" was taken for a token", bad[i]);
        }
        assert_int_equal(error.code, ERROR_PROTOCOL);
        assert_null(jwt.header);
    }
    struct buf large = {0};
    buf_text(&large, "e30.e30.");
    while (large.length <= JWT_MAX) {
        buf_text(&large, "AAAA");
    }
    struct jwt jwt;
    assert_false(jwt_parse(large.data, &jwt, NULL));
    buf_finish(&large);
}

static void a_flipped_token_keeps_everything_but_its_signature(void **state)
{
    (void)state;
    struct secret *key = keep_rfc_key();
    struct buf forged = {0};
    struct error error;
    struct jwt jwt;
    assert_true(jwt_flip(rfc_token, &forged, &error));
    assert_int_equal(forged.length, strlen(rfc_token));
    assert_memory_equal(forged.data, rfc_token, strrchr(rfc_token, '.') - rfc_token + 1);
    assert_true(jwt_parse(forged.data, &jwt, &error));
    assert_false(jwt_verify(&jwt, key, "HS256", &error));
    jwt_finish(&jwt);
    buf_finish(&forged);
    assert_false(jwt_flip("e30.e30.", &forged, &error));
    assert_false(jwt_flip("no token", &forged, &error));
    secret_unref(key);
}

/* One that a verifier refuses for one reason alone, which its row names. */
static void each_forgery_fails_for_its_own_reason(void **state)
{
    (void)state;
    static const struct {
        const char *name, *why;
    } wanted[] = {
        {"flipped", "signed with another secret"},
        {"other key", "signed with another secret"},
        {"alg none", "the token says algorithm none, not HS256"},
        {"other algorithm", "the token says algorithm HS512, not HS256"},
        {"expired", "expired 3600 s ago"},
    };
    struct secret *key = keep_rfc_key();
    struct buf genuine = {0};
    struct error error;
    json_t *claims = json_pack("{s:i, s:i, s:i, s:s}", "iat", 100000, "nbf", 100000,
                               "exp", 100900, "sub", "probe");
    assert_true(jwt_sign(claims, key, "HS256", &genuine, &error));
    json_decref(claims);
    const struct forge_source source = {genuine.data, key, "HS256", 100000};
    assert_int_equal(forgery_count, sizeof wanted / sizeof wanted[0]);
    for (size_t i = 0; i < forgery_count; i++) {
        struct buf forged = {0};
        struct jwt jwt;
        assert_string_equal(forgeries[i].name, wanted[i].name);
        assert_true(forgeries[i].make(&source, &forged, &error));
        assert_true(jwt_parse(forged.data, &jwt, &error));
        assert_string_equal(json_get_text(jwt.claims, "sub"), "probe");
        bool holds = jwt_verify(&jwt, key, "HS256", &error) &&
                     jwt_timely(&jwt, 100000, 60, &error);
        assert_false(holds);
        assert_string_equal(error.message, wanted[i].why);
        assert_int_equal(jwt.signature_length == 0, i == 2);
        jwt_finish(&jwt);
        buf_finish(&forged);
        const struct forge_source none = {"no token", key, "HS256", 100000};
        assert_false(forgeries[i].make(&none, &forged, &error));
        assert_int_equal(forged.length, 0);
    }
    buf_finish(&genuine);
    secret_unref(key);
}

static bool timely(const char *claims, int64_t now)
{
    struct jwt jwt = {.claims = json_parse(claims, strlen(claims), NULL)};
    struct error error;
    assert_non_null(jwt.claims);
    bool is = jwt_timely(&jwt, now, 60, &error);
    jwt_finish(&jwt);
    return is;
}

static void the_times_of_a_token_are_asked_with_a_leeway(void **state)
{
    (void)state;
    static const struct {
        const char *claims;
        bool timely;
    } rows[] = {
        {"{}", false},
        {"{\"exp\":\"1000\"}", false},
        {"{\"exp\":null}", false},
        {"{\"exp\":1000}", true},
        {"{\"exp\":941}", true},
        {"{\"exp\":940}", false},
        {"{\"exp\":1000.5}", true},
        {"{\"exp\":2000,\"iat\":1060}", true},
        {"{\"exp\":2000,\"iat\":1061}", false},
        {"{\"exp\":2000,\"nbf\":1061}", false},
        {"{\"exp\":2000,\"nbf\":999,\"iat\":999}", true},
        {"{\"exp\":9223372036854775807}", true},
        {"{\"exp\":-9223372036854775808}", false},
        {"{\"exp\":1e300}", true},
        {"{\"exp\":-1e300}", false},
        {"{\"exp\":2000,\"iat\":1e300}", false},
        {"{\"exp\":2000,\"iat\":-9223372036854775808}", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (timely(rows[i].claims, 1000) != rows[i].timely) {
            fail_msg("%s", rows[i].claims);
        }
    }
}

static void issuer_and_audience_must_be_the_expected_ones(void **state)
{
    (void)state;
    static const struct {
        const char *claims, *issuer, *audience;
        bool addressed;
    } rows[] = {
        {"{}", NULL, NULL, true},
        {"{}", "auth", NULL, false},
        {"{\"iss\":\"auth\"}", "auth", NULL, true},
        {"{\"iss\":\"AUTH\"}", "auth", NULL, false},
        {"{\"iss\":[\"auth\"]}", "auth", NULL, false},
        {"{\"aud\":\"p\"}", NULL, "\"p\"", true},
        {"{\"aud\":\"q\"}", NULL, "\"p\"", false},
        {"{}", NULL, "\"p\"", false},
        {"{\"aud\":[\"q\",\"p\"]}", NULL, "\"p\"", true},
        {"{\"aud\":\"p\"}", NULL, "[\"o\",\"p\"]", true},
        {"{\"aud\":[\"x\",\"y\"]}", NULL, "[\"o\",\"p\"]", false},
        {"{\"aud\":[]}", NULL, "[\"p\"]", false},
        {"{\"aud\":7}", NULL, "\"p\"", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jwt jwt = {.claims =
                              json_parse(rows[i].claims, strlen(rows[i].claims), NULL)};
        json_t *audience = NULL;
        if (rows[i].audience) {
            audience = json_parse(rows[i].audience, strlen(rows[i].audience), NULL);
        }
        struct error error;
        if (jwt_addressed(&jwt, rows[i].issuer, audience, &error) != rows[i].addressed) {
            fail_msg("%s", rows[i].claims);
        }
        json_decref(audience);
        jwt_finish(&jwt);
    }
}

int main(void)
{
    json_begin();
    keep_begin();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_token_of_rfc_7515_verifies),
        cmocka_unit_test(a_token_verifies_under_its_secret_alone),
        cmocka_unit_test(a_token_that_names_no_algorithm_is_refused),
        cmocka_unit_test(what_is_no_token_is_refused_without_a_trace),
        cmocka_unit_test(each_forgery_fails_for_its_own_reason),
        cmocka_unit_test(a_flipped_token_keeps_everything_but_its_signature),
        cmocka_unit_test(the_times_of_a_token_are_asked_with_a_leeway),
        cmocka_unit_test(issuer_and_audience_must_be_the_expected_ones),
    };
    return unit_run("jwt", tests);
}
