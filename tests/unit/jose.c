/* Another implementation of RFC 7515, José's command (Debian: jose), and ours: each
 * accepts the other's tokens, and neither a token that was touched. Skipped where it is
 * not installed. */
#include "tests/unit/unit.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "secret/base64.h"
#include "secret/jwt.h"
#include "secret/keep.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BYTES = 64, SECONDS = 20 };

static char scratch[] = "/tmp/greenboard-jose-XXXXXX";
static const char *const algorithms[] = {"HS256", "HS384", "HS512"};
enum { ALGORITHMS = sizeof algorithms / sizeof algorithms[0] };

static void want_jose(void)
{
    char *path = fs_executable("jose", NULL, NULL);
    if (!path) {
        print_message("jose is not installed\n");
        skip();
    }
    free(path);
}

static void put(const char *name, const char *text)
{
    char *path = fs_join(scratch, name);
    assert_true(fs_replace(path, text, strlen(text), 0600, NULL));
    free(path);
}

/* A random secret, and José's form of it in the file "key": a JSON Web Key (RFC 7518
 * section 6.4). */
static struct secret *make_key(const char *algorithm)
{
    unsigned char bytes[KEY_BYTES];
    struct buf encoded = {0};
    assert_int_equal(RAND_bytes(bytes, sizeof bytes), 1);
    base64url_encode(&encoded, bytes, sizeof bytes);
    char *key = mem_format("{\"kty\":\"oct\",\"alg\":\"%s\",\"k\":\"%s\"}", algorithm,
                           encoded.data);
    put("key", key);
    free(key);
    buf_finish(&encoded);
    struct secret *secret = secret_create(bytes, sizeof bytes, NULL);
    assert_non_null(secret);
    return secret;
}

/* The exit status of jose, run among the files of `scratch`; NULL ends the words. */
static int run_jose(const char *const *words, struct buf *out)
{
    char **argv = mem_alloc(sizeof *argv);
    for (; *words; words++) {
        argv_add(&argv, *words);
    }
    struct buf complaints = {0};
    struct error error;
    int status = -1;
    const struct spawn spawn = {.argv = argv,
                                .directory = scratch,
                                .deadline = clock_now() + SECONDS * CLOCK_SECOND};
    assert_true(spawn_capture(&spawn, out, &complaints, &status, &error));
    buf_finish(&complaints);
    argv_free(argv);
    return status;
}

/* Whether José takes it, and finds `claims` in it. */
static bool jose_accepts(const char *token, const char *claims)
{
    static const char *const words[] = {"jose", "jws", "ver", "-i", "token",
                                        "-k",   "key", "-O",  "-",  NULL};
    struct buf out = {0};
    put("token", token);
    bool good = run_jose(words, &out) == 0;
    assert_true(!good || strcmp(buf_string(&out), claims) == 0);
    buf_finish(&out);
    return good;
}

static bool we_accept(const char *token, const struct secret *secret,
                      const char *algorithm, const char *claims)
{
    struct jwt jwt;
    struct error error;
    bool good = jwt_parse(token, &jwt, &error) &&
                jwt_verify(&jwt, secret, algorithm, &error) &&
                jwt_timely(&jwt, 1800000000, 0, &error);
    if (good) {
        char *got = json_compact(jwt.claims);
        assert_string_equal(got, claims);
        free(got);
    } else {
        assert_string_equal(error.message, "signed with another secret");
    }
    jwt_finish(&jwt);
    return good;
}

/* Both take it, and neither with one bit of its claims or its signature turned. */
static void both_judge(const char *token, const struct secret *secret,
                       const char *algorithm, const char *claims)
{
    assert_true(we_accept(token, secret, algorithm, claims));
    assert_true(jose_accepts(token, claims));
    struct buf flipped = {0};
    assert_true(jwt_flip(token, &flipped, NULL));
    assert_false(we_accept(flipped.data, secret, algorithm, claims));
    assert_false(jose_accepts(flipped.data, claims));
    buf_finish(&flipped);
    /* The claims live longer: the first "000" of exp becomes "001". */
    char *changed = mem_text(token);
    char *digit = strchr(changed, '.') + 16;
    assert_int_equal(*digit, 'w');
    *digit = 'x';
    assert_false(we_accept(changed, secret, algorithm, claims));
    assert_false(jose_accepts(changed, claims));
    free(changed);
}

static const char claims_text[] = "{\"exp\":1800000001,\"sub\":\"probe\"}";

static void a_token_of_jose_is_accepted_here(void **state)
{
    (void)state;
    static const char *const words[] = {
        "jose", "jws", "sig", "-I", "claims",
        "-k",   "key", "-c",  "-s", "{\"protected\":{\"typ\":\"JWT\"}}",
        "-o",   "-",   NULL};
    want_jose();
    put("claims", claims_text);
    for (size_t i = 0; i < ALGORITHMS; i++) {
        struct secret *secret = make_key(algorithms[i]);
        struct buf token = {0};
        assert_int_equal(run_jose(words, &token), 0);
        both_judge(token.data, secret, algorithms[i], claims_text);
        buf_finish(&token);
        secret_unref(secret);
    }
}

static void a_token_of_ours_is_accepted_by_jose(void **state)
{
    (void)state;
    want_jose();
    json_t *claims = json_parse(claims_text, strlen(claims_text), NULL);
    for (size_t i = 0; i < ALGORITHMS; i++) {
        struct secret *secret = make_key(algorithms[i]);
        struct buf token = {0};
        assert_true(jwt_sign(claims, secret, algorithms[i], &token, NULL));
        both_judge(token.data, secret, algorithms[i], claims_text);
        buf_finish(&token);
        secret_unref(secret);
    }
    json_decref(claims);
}

static void another_secret_is_refused_by_both(void **state)
{
    (void)state;
    want_jose();
    json_t *claims = json_parse(claims_text, strlen(claims_text), NULL);
    for (size_t i = 0; i < ALGORITHMS; i++) {
        struct secret *theirs = make_key(algorithms[i]);
        struct buf token = {0};
        assert_true(jwt_sign(claims, theirs, algorithms[i], &token, NULL));
        struct secret *secret = make_key(algorithms[i]);
        assert_false(we_accept(token.data, secret, algorithms[i], claims_text));
        assert_false(jose_accepts(token.data, claims_text));
        buf_finish(&token);
        secret_unref(theirs);
        secret_unref(secret);
    }
    json_decref(claims);
}

int main(void)
{
    json_begin();
    keep_begin();
    if (!mkdtemp(scratch)) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_of_jose_is_accepted_here),
        cmocka_unit_test(a_token_of_ours_is_accepted_by_jose),
        cmocka_unit_test(another_secret_is_refused_by_both),
    };
    int failed = unit_run("jose", tests);
    fs_remove_tree(scratch);
    return failed;
}
