/* What the room of secrets promises: kept, encoded, judged and fingerprinted. */
#include "tests/unit/unit.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "secret/base64.h"
#include "secret/fingerprint.h"
#include "secret/hygiene.h"
#include "secret/keep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct secret *keep(const char *text)
{
    struct error error;
    struct secret *secret = secret_create(text, strlen(text), &error);
    assert_non_null(secret);
    return secret;
}

/* ---- keep ---- */

static void secrets_are_equal_by_bytes_and_length(void **state)
{
    (void)state;
    struct secret *a = secret_create("one\0two", 7, NULL);
    struct secret *b = secret_create("one\0two", 7, NULL);
    struct secret *shorter = keep("one");
    struct secret *other = secret_create("one\0tw0", 7, NULL);
    assert_true(secret_equal(a, b));
    assert_false(secret_equal(a, shorter));
    assert_false(secret_equal(a, other));
    assert_int_equal(secret_length(a), 7);
    assert_memory_equal(secret_data(a), "one\0two", 8);
    secret_unref(a);
    secret_unref(b);
    secret_unref(shorter);
    secret_unref(other);
}

static void a_secret_lives_until_its_last_reference(void **state)
{
    (void)state;
    struct secret *secret = keep("still here");
    struct secret *second = secret_ref(secret);
    secret_unref(secret);
    assert_string_equal(secret_data(second), "still here");
    secret_unref(second);
    assert_null(secret_ref(NULL));
    secret_unref(NULL);
}

static void a_secret_past_the_limit_is_refused(void **state)
{
    (void)state;
    char *large = mem_alloc(SECRET_MAX + 1);
    struct error error;
    struct secret *fits = secret_create(large, SECRET_MAX, &error);
    assert_non_null(fits);
    assert_null(secret_create(large, SECRET_MAX + 1, &error));
    assert_int_equal(error.code, ERROR_LIMIT);
    secret_unref(fits);
    free(large);
}

static void a_full_keep_fails_closed(void **state)
{
    (void)state;
    enum { MANY = 64 };
    struct secret *held[MANY] = {NULL};
    char *large = mem_alloc(SECRET_MAX);
    struct error error = {0};
    size_t count = 0;
    while (count < MANY && (held[count] = secret_create(large, SECRET_MAX, &error))) {
        count++;
    }
    assert_true(count > 0 && count < MANY);
    assert_int_equal(error.code, ERROR_LIMIT);
    for (size_t i = 0; i < count; i++) {
        secret_unref(held[i]);
    }
    struct secret *again = secret_create(large, SECRET_MAX, &error);
    assert_non_null(again);
    secret_unref(again);
    free(large);
}

/* ---- base64: RFC 4648 section 10 ---- */

static void base64_follows_rfc_4648(void **state)
{
    (void)state;
    static const struct {
        const char *plain, *padded, *bare;
    } rows[] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foob", "Zm9vYg==", "Zm9vYg"},
        {"fooba", "Zm9vYmE=", "Zm9vYmE"},
        {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
        {"\xfb\xff\xfe", "+//+", "-__-"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t length = strlen(rows[i].plain);
        struct buf padded = {0}, bare = {0};
        base64_encode(&padded, rows[i].plain, length);
        base64url_encode(&bare, rows[i].plain, length);
        assert_string_equal(buf_string(&padded), rows[i].padded);
        assert_string_equal(buf_string(&bare), rows[i].bare);
        unsigned char out[16];
        size_t used = 0;
        assert_true(base64_decode(padded.data, padded.length, out, sizeof out, &used));
        assert_int_equal(used, length);
        assert_memory_equal(out, rows[i].plain, length);
        assert_true(base64url_decode(bare.data, bare.length, out, sizeof out, &used));
        assert_int_equal(used, length);
        assert_memory_equal(out, rows[i].plain, length);
        buf_finish(&padded);
        buf_finish(&bare);
    }
}

static void base64_refuses_what_is_not_exactly_that(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Zg=",  "Zg===", "Zg==\n", " Zg==", "Z",        "Z===",    "=",       "==",
        "====", "Zh==",  "Zm9=",   "Zm-_",  "Zg==Zg==", "Zm9vYg=", "Zm\x80v",
    };
    unsigned char out[16];
    size_t used;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (base64_decode(bad[i], strlen(bad[i]), out, sizeof out, &used)) {
            fail_msg("\"%s\" was taken for base64", bad[i]);
        }
    }
    static const char *const bad_url[] = {"Zg==", "Zm8=", "+//+", "Z", "Zh", "Zm9v Zm9v"};
    for (size_t i = 0; i < sizeof bad_url / sizeof bad_url[0]; i++) {
        if (base64url_decode(bad_url[i], strlen(bad_url[i]), out, sizeof out, &used)) {
            fail_msg("\"%s\" was taken for base64url", bad_url[i]);
        }
    }
    assert_false(base64_decode("Zm9vYmFy", 8, out, 5, &used));
    assert_false(base64_decode("Zm\0v", 4, out, sizeof out, &used));
    assert_true(base64_decode("Zm8", 3, out, sizeof out, &used));
}

/* ---- hygiene ---- */

static void a_secret_that_must_not_ship_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *value, *rule;
    } rows[] = {
        {"", "empty"},
        {" ", "whitespace"},
        {"\n", "whitespace"},
        {" 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", "whitespace"},
        {"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b\n", "whitespace"},
        {"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b\r", "whitespace"},
        {"changeme", "placeholder"},
        {"REPLACE_WITH_A_REAL_SECRET_OF_32_BYTES_OR_MORE", "placeholder"},
        {"please-ChangeMe-please-ChangeMe-please", "placeholder"},
        {"your-super-secret-jwt-key-change-in-production", "placeholder"},
        {"${JWT_SECRET_KEY}-${JWT_SECRET_KEY}-${JWT", "placeholder"},
        {"9f86d081884c7d659a2feaa0c55ad01", "length"},
        {"9f86d081884c7d65", "length"},
        {"{{ jwt_secret_of_the_staging_environment }}", "placeholder"},
        {"<your-jwt-secret-goes-right-here-please>", "placeholder"},
        {"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0C", "public"},
        {"-----BEGIN CERTIFICATE-----\nMIIBhTCCASugAwIB", "public"},
        {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5fQ7Lx", "public"},
        {"ssh-2ed25519-no-key-but-a-name-of-32-bytes", NULL},
        {"9f86d081884c7d659a2feaa0c55ad015", NULL},
        {"k${9vQ#x!mT{{Lw2@r&8Zp^4sYb*7Nc-5Hd", NULL},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct secret *secret = keep(rows[i].value);
        const struct hygiene_rule *rule = hygiene_failure(secret);
        if (rows[i].rule) {
            assert_non_null(rule);
            assert_string_equal(rule->name, rows[i].rule);
            assert_true(rule->remedy[0] && rule->finding[0]);
        } else {
            assert_null(rule);
        }
        secret_unref(secret);
    }
}

static void each_rule_can_be_asked_of_any_value_alone(void **state)
{
    (void)state;
    struct secret *empty = keep("");
    struct secret *dull = keep("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    struct secret *good = keep("q7Zk3vX0mT9sLr2YfB8nWc5HdJ1uGp6EaQxRzN4oKiV=");
    for (size_t i = 0; i < hygiene_rule_count; i++) {
        const struct hygiene_rule *rule = &hygiene_rules[i];
        (void)hygiene_broken(rule, empty);
        assert_false(hygiene_broken(rule, good));
        assert_int_equal(hygiene_broken(rule, dull),
                         !rule->fails && rule != hygiene_shared());
    }
    secret_unref(empty);
    secret_unref(dull);
    secret_unref(good);
}

/* ---- fingerprints ---- */

static char scratch[] = "/tmp/greenboard-secret-XXXXXX";

static void a_fingerprint_tells_same_from_different_and_nothing_else(void **state)
{
    (void)state;
    struct error error;
    char *first = fs_join(scratch, "state/first");
    char *second = fs_join(scratch, "second");
    struct secret *a = keep("0123456789abcdef"), *same = keep("0123456789abcdef");
    struct secret *other = keep("0123456789abcdeF");
    char shown[4][FINGERPRINT];
    assert_true(fingerprint_begin(first, &error));
    fingerprint_show(shown[0], a);
    fingerprint_show(shown[1], same);
    fingerprint_show(shown[2], other);
    assert_int_equal(strlen(shown[0]), 12);
    assert_int_equal(strspn(shown[0], "0123456789abcdef"), 12);
    assert_string_equal(shown[0], shown[1]);
    assert_string_not_equal(shown[0], shown[2]);
    fingerprint_end();
    assert_true(fingerprint_begin(first, &error));
    fingerprint_show(shown[3], a);
    assert_string_equal(shown[0], shown[3]);
    assert_true(fingerprint_begin(second, &error));
    fingerprint_show(shown[3], a);
    assert_string_not_equal(shown[0], shown[3]);
    fingerprint_end();
    secret_unref(a);
    secret_unref(same);
    secret_unref(other);
    free(first);
    free(second);
}

static void the_fingerprint_key_is_ours_alone_and_whole(void **state)
{
    (void)state;
    struct error error;
    char *directory = fs_join(scratch, "key");
    char *path = fs_join(directory, "fingerprint.key");
    struct stat about;
    assert_true(fingerprint_begin(directory, &error));
    fingerprint_end();
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(about.st_size, 32);
    assert_int_equal(chmod(path, 0666), 0); /* whoever wrote it knows it */
    assert_false(fingerprint_begin(directory, &error));
    assert_int_equal(error.code, ERROR_DENIED);
    assert_true(fs_replace(path, "short", 5, 0600, &error));
    assert_false(fingerprint_begin(directory, &error));
    assert_non_null(strstr(error.message, "fingerprint.key"));
    assert_true(fs_replace(path, "0123456789abcdef0123456789abcdef+", 33, 0600, &error));
    assert_false(fingerprint_begin(directory, &error));
    free(directory);
    free(path);
}

enum { AT_ONCE = 6, ROUNDS = 20 };

/* A child that shows the fingerprint of `secret` as soon as `start` ends. */
static void show_in_child(const char *directory, const struct secret *secret,
                          const int start[2], int answer)
{
    char shown[FINGERPRINT] = "", nothing;
    if (fork() == 0) {
        close(start[1]);
        ssize_t got = read(start[0], &nothing, 1);
        if (got == 0 && fingerprint_begin(directory, NULL)) {
            fingerprint_show(shown, secret);
        }
        _exit(write(answer, shown, sizeof shown) == sizeof shown ? 0 : 1);
    }
}

static void all_who_start_at_once_share_one_fingerprint_key(void **state)
{
    (void)state;
    struct secret *secret = keep("0123456789abcdef");
    for (int round = 0; round < ROUNDS; round++) {
        char *directory = mem_format("%s/at-once-%d", scratch, round);
        char shown[AT_ONCE][FINGERPRINT];
        int start[2], answers[2];
        assert_int_equal(pipe(start) + pipe(answers), 0);
        for (int i = 0; i < AT_ONCE; i++) {
            show_in_child(directory, secret, start, answers[1]);
        }
        close(start[0]);
        close(start[1]);
        for (int i = 0; i < AT_ONCE; i++) {
            assert_int_equal(read(answers[0], shown[i], FINGERPRINT), FINGERPRINT);
            assert_int_equal(strlen(shown[i]), FINGERPRINT - 1);
            assert_string_equal(shown[i], shown[0]);
            assert_true(wait(NULL) > 0);
        }
        close(answers[0]);
        close(answers[1]);
        free(directory);
    }
    secret_unref(secret);
}

int main(void)
{
    json_begin();
    keep_begin();
    if (!mkdtemp(scratch)) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_equal_by_bytes_and_length),
        cmocka_unit_test(a_secret_lives_until_its_last_reference),
        cmocka_unit_test(a_secret_past_the_limit_is_refused),
        cmocka_unit_test(a_full_keep_fails_closed),
        cmocka_unit_test(base64_follows_rfc_4648),
        cmocka_unit_test(base64_refuses_what_is_not_exactly_that),
        cmocka_unit_test(a_secret_that_must_not_ship_is_named),
        cmocka_unit_test(each_rule_can_be_asked_of_any_value_alone),
        cmocka_unit_test(a_fingerprint_tells_same_from_different_and_nothing_else),
        cmocka_unit_test(the_fingerprint_key_is_ours_alone_and_whole),
        cmocka_unit_test(all_who_start_at_once_share_one_fingerprint_key),
    };
    int failed = unit_run("secret", tests);
    fs_remove_tree(scratch);
    return failed;
}
