/* Tokens as the RFCs print them, and each caution of RFC 8725 (JWT Best Current
 * Practices) that concerns who verifies: what is refused here carries a signature that is
 * right. */
#include "tests/unit/unit.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "secret/base64.h"
#include "secret/hygiene.h"
#include "secret/jwt.h"
#include "secret/keep.h"
#include "secret/rs256.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

/* ---- RFC 7515 appendix A, RFC 7519 section 6.1 ---- */

#define PAYLOAD                                                                          \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"                   \
    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

#define RS256_HEADER "eyJhbGciOiJSUzI1NiJ9"
#define RS256_SIGNATURE                                                                  \
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7"                   \
    "AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4"                   \
    "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K"                   \
    "0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv"                   \
    "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB"                   \
    "p0igcN_IoypGlUPQGe77Rw"

#define ES256_HEADER "eyJhbGciOiJFUzI1NiJ9"
#define ES256_SIGNATURE                                                                  \
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"                   \
    "pmWQxfKTUJqPP3-Kg6NU1Q"

/* Of appendix A.4 the payload is the text "Payload", which is no claims set. */
#define ES512_HEADER  "eyJhbGciOiJFUzUxMiJ9"
#define ES512_PAYLOAD "UGF5bG9hZA"
#define ES512_SIGNATURE                                                                  \
    "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZq"                   \
    "wqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8Kp"                   \
    "EHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn"

#define NONE_TOKEN "eyJhbGciOiJub25lIn0." PAYLOAD "."

/* Appendix A.2.1: the key as a JSON Web Key. */
static const struct {
    const char *name, *base64url;
} rsa_key[] = {
    {OSSL_PKEY_PARAM_RSA_N,
     "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp"
     "-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOW"
     "vG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUs"
     "LA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9k"
     "G4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2"
     "PAcDTW9gb54h4FRWyuXpoQ"},
    {OSSL_PKEY_PARAM_RSA_E, "AQAB"},
    {OSSL_PKEY_PARAM_RSA_D,
     "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_G"
     "Q5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKV"
     "RUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9J"
     "YanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoF"
     "aFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjn"
     "czT0QU91p1DhOVRuOopznQ"},
    {OSSL_PKEY_PARAM_RSA_FACTOR1,
     "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3Khoo"
     "KeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPg"
     "tldC-KDV5z-y2XDwGUc"},
    {OSSL_PKEY_PARAM_RSA_FACTOR2,
     "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zF"
     "YHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBype"
     "eF6689rjcJIDEz9RWdc"},
    {OSSL_PKEY_PARAM_RSA_EXPONENT1,
     "BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBf"
     "pT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5"
     "Mbr1C1XsmvkxHQAdYo0"},
    {OSSL_PKEY_PARAM_RSA_EXPONENT2,
     "h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrm"
     "I2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLB"
     "Sp3nssTdlqvd0tIiTHU"},
    {OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
     "IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7"
     "fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2"
     "-ZQwVK0JKSHuLFkuQ3U"},
};

static EVP_PKEY *read_rsa_key(void)
{
    enum { NUMBERS = sizeof rsa_key / sizeof rsa_key[0] };
    BIGNUM *numbers[NUMBERS];
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    for (size_t i = 0; i < NUMBERS; i++) {
        unsigned char bytes[256];
        size_t used = 0;
        assert_true(base64url_decode(rsa_key[i].base64url, strlen(rsa_key[i].base64url),
                                     bytes, sizeof bytes, &used));
        numbers[i] = BN_bin2bn(bytes, (int)used, NULL);
        assert_true(OSSL_PARAM_BLD_push_BN(builder, rsa_key[i].name, numbers[i]));
    }
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *key = NULL;
    assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
    assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params), 1);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    for (size_t i = 0; i < NUMBERS; i++) {
        BN_free(numbers[i]);
    }
    return key;
}

/* The key in PEM: the private half, or the one that everybody may have. */
static struct secret *keep_rsa_key(bool private)
{
    EVP_PKEY *key = read_rsa_key();
    BIO *memory = BIO_new(BIO_s_mem());
    int written = private
                      ? PEM_write_bio_PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL)
                      : PEM_write_bio_PUBKEY(memory, key);
    assert_int_equal(written, 1);
    char *text = NULL;
    long length = BIO_get_mem_data(memory, &text);
    assert_int_equal(text[length - 1], '\n'); /* which a source takes off */
    struct secret *pem = secret_create(text, (size_t)length - 1, NULL);
    assert_non_null(pem);
    BIO_free(memory);
    EVP_PKEY_free(key);
    return pem;
}

static struct secret *keep_key(void)
{
    static const char text[] = "q7Zk3vX0mT9sLr2YfB8nWc5HdJ1uGp6EaQxRzN4oKiVtSyCwAhDjFbMe";
    struct secret *key = secret_create(text, strlen(text), NULL);
    assert_non_null(key);
    return key;
}

static void the_rs256_of_rfc_7515_a2_is_signed_to_the_byte(void **state)
{
    (void)state;
    struct secret *pem = keep_rsa_key(true);
    struct buf token = {0};
    struct error error;
    buf_text(&token, RS256_HEADER "." PAYLOAD);
    assert_true(rs256_add_signature(&token, pem, &error));
    assert_string_equal(token.data, RS256_HEADER "." PAYLOAD "." RS256_SIGNATURE);
    buf_finish(&token);
    secret_unref(pem);
}

/* True where the token holds under `key` as HS256 within its time. */
static bool holds(const char *token, const struct secret *key, struct error *error)
{
    struct jwt jwt;
    bool good = jwt_parse(token, &jwt, error) && jwt_verify(&jwt, key, "HS256", error) &&
                jwt_timely(&jwt, 1300819379, 0, error);
    jwt_finish(&jwt);
    return good;
}

static void what_rfc_7515_signs_otherwise_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *token, *why;
    } rows[] = {
        /* A.2, A.3, A.4 with a claims set, and A.5, which is also RFC 7519 section 6.1 */
        {RS256_HEADER "." PAYLOAD "." RS256_SIGNATURE, "algorithm RS256, not HS256"},
        {ES256_HEADER "." PAYLOAD "." ES256_SIGNATURE, "algorithm ES256, not HS256"},
        {ES512_HEADER "." PAYLOAD "." ES512_SIGNATURE, "algorithm ES512, not HS256"},
        {NONE_TOKEN, "algorithm none, not HS256"},
        /* A.4 as it is printed */
        {ES512_HEADER "." ES512_PAYLOAD "." ES512_SIGNATURE, "not a JSON Web Token"},
    };
    struct secret *keys[] = {keep_key(), keep_rsa_key(false), keep_rsa_key(true)};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t k = 0; k < 3; k++) {
            struct error error;
            assert_false(holds(rows[i].token, keys[k], &error));
            assert_non_null(strstr(error.message, rows[i].why));
        }
    }
    for (size_t k = 0; k < 3; k++) {
        secret_unref(keys[k]);
    }
}

static void a_token_in_json_is_no_compact_token(void **state)
{
    (void)state;
    static const char *const rows[] = {
        /* A.6.4, A.7 */
        "{\"payload\":\"" PAYLOAD "\",\"signatures\":["
        "{\"protected\":\"" RS256_HEADER "\",\"header\":{\"kid\":\"2010-12-29\"},"
        "\"signature\":\"" RS256_SIGNATURE "\"},"
        "{\"protected\":\"" ES256_HEADER "\","
        "\"header\":{\"kid\":\"e9bc097a-ce51-4036-9562-d2ade882db0d\"},"
        "\"signature\":\"" ES256_SIGNATURE "\"}]}",
        "{\"payload\":\"" PAYLOAD "\",\"protected\":\"" ES256_HEADER "\","
        "\"header\":{\"kid\":\"e9bc097a-ce51-4036-9562-d2ade882db0d\"},"
        "\"signature\":\"" ES256_SIGNATURE "\"}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jwt jwt;
        struct error error;
        assert_false(jwt_parse(rows[i], &jwt, &error));
        assert_int_equal(error.code, ERROR_PROTOCOL);
        assert_null(jwt.claims);
    }
}

/* ---- RFC 8725 section 3 ---- */

/* Signs whatever bytes it is given: HS256 by OpenSSL alone. */
static void sign(struct buf *token, const char *header, size_t header_length,
                 const char *payload, size_t payload_length, const struct secret *key)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    base64url_encode(token, header, header_length);
    buf_text(token, ".");
    base64url_encode(token, payload, payload_length);
    assert_non_null(HMAC(EVP_sha256(), secret_data(key), (int)secret_length(key),
                         (const unsigned char *)token->data, token->length, mac,
                         &length));
    buf_text(token, ".");
    base64url_encode(token, mac, length);
}

#define BYTES(text) text, sizeof(text) - 1
#define GOOD_HEADER BYTES("{\"alg\":\"HS256\"}")
#define GOOD_CLAIMS BYTES("{\"exp\":1300819380}")

/* NULL: it holds. */
static const struct caution {
    const char *header;
    size_t header_length;
    const char *claims;
    size_t claims_length;
    const char *why;
} cautions[] = {
    {GOOD_HEADER, GOOD_CLAIMS, NULL},
    /* 3.1, 3.2: the one algorithm that is expected, by its exact name */
    {BYTES("{\"alg\":\"none\"}"), GOOD_CLAIMS, "algorithm none, not HS256"},
    {BYTES("{\"alg\":\"None\"}"), GOOD_CLAIMS, "algorithm None, not HS256"},
    {BYTES("{\"alg\":\"NONE\"}"), GOOD_CLAIMS, "algorithm NONE, not HS256"},
    {BYTES("{\"alg\":\"nOnE\"}"), GOOD_CLAIMS, "algorithm nOnE, not HS256"},
    {BYTES("{\"alg\":\"\"}"), GOOD_CLAIMS, "algorithm , not HS256"},
    {BYTES("{\"alg\":\"hs256\"}"), GOOD_CLAIMS, "algorithm hs256, not HS256"},
    {BYTES("{\"alg\":\"HS256 \"}"), GOOD_CLAIMS, "algorithm HS256 , not HS256"},
    {BYTES("{\"alg\":\"RS256\"}"), GOOD_CLAIMS, "algorithm RS256, not HS256"},
    {BYTES("{\"alg\":[\"HS256\"]}"), GOOD_CLAIMS, "not HS256"},
    {BYTES("{\"alg\":256}"), GOOD_CLAIMS, "not HS256"},
    {BYTES("{\"alg\":null}"), GOOD_CLAIMS, "not HS256"},
    {BYTES("{\"ALG\":\"HS256\"}"), GOOD_CLAIMS, "not HS256"},
    {BYTES("{\"alg\":\"HS256\\u0000\"}"), GOOD_CLAIMS, "not JSON"},
    /* RFC 7515 section 4: names are unique, however they are written */
    {BYTES("{\"alg\":\"HS256\",\"alg\":\"none\"}"), GOOD_CLAIMS, "duplicate"},
    {BYTES("{\"alg\":\"HS256\",\"\\u0061lg\":\"none\"}"), GOOD_CLAIMS, "duplicate"},
    {GOOD_HEADER, BYTES("{\"exp\":1300819380,\"exp\":1}"), "duplicate"},
    /* 3.3: a token within is not taken for claims */
    {BYTES("{\"alg\":\"HS256\",\"cty\":\"JWT\"}"), BYTES(NONE_TOKEN), "not JSON"},
    {GOOD_HEADER, BYTES("[{\"exp\":1300819380}]"), "not a JSON object"},
    {GOOD_HEADER, BYTES("{\"exp\":1300819380}{}"), "not JSON"},
    {GOOD_HEADER, BYTES(""), "not JSON"},
    /* 3.7: UTF-8 and nothing else */
    {GOOD_HEADER, BYTES("{\"exp\":1300819380,\"n\":\"\xff\"}"), "not JSON"},
    {GOOD_HEADER, BYTES("{\"exp\":1300819380,\"n\":\"\xc0\xaf\"}"), "not JSON"},
    {GOOD_HEADER, BYTES("{\"exp\":1300819380,\"n\":\"\xed\xa0\x80\"}"), "not JSON"},
    {GOOD_HEADER, BYTES("\xef\xbb\xbf{\"exp\":1300819380}"), "not JSON"},
    {GOOD_HEADER,
     BYTES("{\0\"\0e\0x\0p\0\"\0:\0"
           "9\0}\0"),
     "not JSON"},
    {BYTES("\xfe\xff\0{\0\"\0a\0l\0g\0\"\0:\0\"\0H\0\"\0}"), GOOD_CLAIMS, "not JSON"},
    {GOOD_HEADER, BYTES("{\"exp\":1300819380,\"n\":\"J\xc3\xb6rg\"}"), NULL},
    /* 3.8 to 3.10: a key that the token brings or names is not asked */
    {BYTES("{\"alg\":\"HS256\",\"kid\":\"../../dev/null\"}"), GOOD_CLAIMS, NULL},
    {BYTES("{\"alg\":\"HS256\",\"jku\":\"http://127.0.0.1:1/\"}"), GOOD_CLAIMS, NULL},
    {BYTES("{\"alg\":\"HS256\",\"x5u\":\"http://127.0.0.1:1/\"}"), GOOD_CLAIMS, NULL},
    /* 3.11: a type that names another kind of token; RFC 7515 4.1.9 for the prefix */
    {BYTES("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"), GOOD_CLAIMS, NULL},
    {BYTES("{\"alg\":\"HS256\",\"typ\":\"jwt\"}"), GOOD_CLAIMS, NULL},
    {BYTES("{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}"), GOOD_CLAIMS, NULL},
    {BYTES("{\"alg\":\"HS256\",\"typ\":\"application/AT+JWT\"}"), GOOD_CLAIMS, NULL},
    {BYTES("{\"alg\":\"HS256\",\"typ\":\"secevent+jwt\"}"), GOOD_CLAIMS, "secevent+jwt"},
    {BYTES("{\"alg\":\"HS256\",\"typ\":\"application/dpop+jwt\"}"), GOOD_CLAIMS,
     "application/dpop+jwt"},
    {BYTES("{\"alg\":\"HS256\",\"typ\":\"Logout+JWT\"}"), GOOD_CLAIMS, "Logout+JWT"},
    {BYTES("{\"alg\":\"HS256\",\"typ\":[\"JWT\"]}"), GOOD_CLAIMS, "typ"},
    /* RFC 7515 4.1.11: what must be understood and is not; RFC 7797 section 7 */
    {BYTES("{\"alg\":\"HS256\",\"crit\":[\"exp\"],\"exp\":1}"), GOOD_CLAIMS, "crit"},
    {BYTES("{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":true}"), GOOD_CLAIMS, "crit"},
    {BYTES("{\"alg\":\"HS256\",\"crit\":[]}"), GOOD_CLAIMS, "crit"},
    {BYTES("{\"alg\":\"HS256\",\"crit\":null}"), GOOD_CLAIMS, "crit"},
    {BYTES("{\"alg\":\"HS256\",\"b64\":false}"), GOOD_CLAIMS, "b64"},
    {BYTES("{\"alg\":\"HS256\",\"b64\":true}"), GOOD_CLAIMS, NULL},
    /* RFC 7519 4.1.4, 4.1.5, 4.1.6: before exp, not before nbf, and each a number */
    {GOOD_HEADER, BYTES("{\"exp\":1300819379}"), "expired"},
    {GOOD_HEADER, BYTES("{\"exp\":1300819379.5}"), NULL},
    {GOOD_HEADER, BYTES("{\"exp\":1300819380,\"nbf\":1300819379}"), NULL},
    {GOOD_HEADER, BYTES("{\"exp\":1300819380,\"nbf\":1300819379.5}"), "nbf"},
    {GOOD_HEADER, BYTES("{\"exp\":1300819380,\"nbf\":\"1\"}"), "nbf"},
    {GOOD_HEADER, BYTES("{\"exp\":1300819380,\"nbf\":null}"), "nbf"},
    {GOOD_HEADER, BYTES("{\"exp\":1300819380,\"iat\":\"now\"}"), "iat"},
    {GOOD_HEADER, BYTES("{\"exp\":true}"), "exp"},
};

static void each_caution_of_rfc_8725_is_heeded(void **state)
{
    (void)state;
    struct secret *key = keep_key();
    size_t unheeded = 0;
    for (size_t i = 0; i < sizeof cautions / sizeof cautions[0]; i++) {
        const struct caution *row = &cautions[i];
        struct buf token = {0};
        struct error error = {0};
        sign(&token, row->header, row->header_length, row->claims, row->claims_length,
             key);
        bool good = holds(token.data, key, &error);
        if (good != !row->why || (row->why && !strstr(error.message, row->why))) {
            print_error("%s %s: %s\n", row->header, row->claims,
                        good ? "was accepted" : error.message);
            unheeded++;
        }
        buf_finish(&token);
    }
    assert_int_equal(unheeded, 0);
    secret_unref(key);
}

static void a_public_key_is_no_secret_to_sign_with(void **state)
{
    (void)state;
    struct secret *public = keep_rsa_key(false);
    struct secret *key = keep_key();
    struct buf token = {0};
    struct error error;
    struct jwt jwt;
    sign(&token, GOOD_HEADER, GOOD_CLAIMS, public);
    assert_false(holds(token.data, key, &error));
    assert_true(jwt_parse(token.data, &jwt, &error));
    assert_false(jwt_verify(&jwt, public, "RS256", &error));
    assert_string_equal(error.message, "the token says algorithm HS256, not RS256");
    jwt_finish(&jwt);
    buf_clear(&token);
    sign(&token, BYTES("{\"alg\":\"RS256\"}"), GOOD_CLAIMS, public);
    assert_true(jwt_parse(token.data, &jwt, &error));
    assert_false(jwt_verify(&jwt, public, "RS256", &error));
    assert_string_equal(error.message, "the algorithm RS256 is not supported");
    jwt_finish(&jwt);
    const struct hygiene_rule *rule = hygiene_failure(public);
    assert_non_null(rule);
    assert_string_equal(rule->name, "public");
    buf_finish(&token);
    secret_unref(public);
    secret_unref(key);
}

static void a_key_that_the_token_brings_is_not_believed(void **state)
{
    (void)state;
    static const char theirs[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    struct secret *key = keep_key();
    struct secret *other = secret_create(theirs, strlen(theirs), NULL);
    struct buf header = {0}, token = {0};
    struct error error;
    buf_text(&header, "{\"alg\":\"HS256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"");
    base64url_encode(&header, theirs, strlen(theirs));
    buf_text(&header, "\"}}");
    sign(&token, header.data, header.length, GOOD_CLAIMS, other);
    assert_true(holds(token.data, other, &error));
    assert_false(holds(token.data, key, &error));
    assert_string_equal(error.message, "signed with another secret");
    buf_finish(&header);
    buf_finish(&token);
    secret_unref(other);
    secret_unref(key);
}

static void an_empty_secret_signs_and_verifies_nothing(void **state)
{
    (void)state;
    struct secret *empty = secret_create("", 0, NULL);
    struct buf token = {0};
    struct error error;
    json_t *claims = json_pack("{s:i}", "exp", 1300819380);
    sign(&token, GOOD_HEADER, GOOD_CLAIMS, empty);
    assert_false(holds(token.data, empty, &error));
    assert_string_equal(error.message, "the secret is empty");
    buf_clear(&token);
    assert_false(jwt_sign(claims, empty, "HS256", &token, &error));
    assert_int_equal(token.length, 0);
    buf_finish(&token);
    json_decref(claims);
    secret_unref(empty);
}

/* RFC 7515 section 2: no padding, line break, white space or other character; and one
 * signature is written in one way only. */
static void a_token_is_written_in_one_way_only(void **state)
{
    (void)state;
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n";
    struct secret *key = keep_key();
    struct buf token = {0};
    struct error error;
    sign(&token, GOOD_HEADER, GOOD_CLAIMS, key);
    size_t taken = 0;
    for (size_t i = 0; i <= token.length; i++) {
        for (const char *digit = alphabet; *digit; digit++) {
            char *changed = mem_format("%.*s%c%s", (int)i, token.data, *digit,
                                       i < token.length ? token.data + i + 1 : "");
            taken += holds(changed, key, &error);
            free(changed);
        }
    }
    assert_int_equal(taken, token.length); /* each byte as it was, and no other */
    for (size_t i = 0; i < token.length; i++) {
        char *shorter = mem_format("%.*s", (int)i, token.data);
        assert_false(holds(shorter, key, &error));
        free(shorter);
    }
    buf_finish(&token);
    secret_unref(key);
}

int main(void)
{
    json_begin();
    keep_begin();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rs256_of_rfc_7515_a2_is_signed_to_the_byte),
        cmocka_unit_test(what_rfc_7515_signs_otherwise_is_refused_by_name),
        cmocka_unit_test(a_token_in_json_is_no_compact_token),
        cmocka_unit_test(each_caution_of_rfc_8725_is_heeded),
        cmocka_unit_test(a_public_key_is_no_secret_to_sign_with),
        cmocka_unit_test(a_key_that_the_token_brings_is_not_believed),
        cmocka_unit_test(an_empty_secret_signs_and_verifies_nothing),
        cmocka_unit_test(a_token_is_written_in_one_way_only),
    };
    return unit_run("jwt_rfc", tests);
}
