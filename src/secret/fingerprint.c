#include "secret/fingerprint.h"

#include "base/buf.h"
#include "base/digest.h"
#include "base/fs.h"
#include "base/mem.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>

enum { KEY_SIZE = 32 };
static struct secret *fingerprint_key;

static bool make_key(const char *directory, const char *path, struct error *error)
{
    unsigned char key[KEY_SIZE];
    if (RAND_bytes(key, sizeof key) != 1) {
        return error_set(error, ERROR_SYSTEM, "OpenSSL has no randomness to give");
    }
    bool done =
        fs_make_dirs(directory, error) && fs_create(path, key, sizeof key, 0600, error);
    OPENSSL_cleanse(key, sizeof key);
    return done;
}

bool fingerprint_begin(const char *directory, struct error *error)
{
    char *path = fs_join(directory, "fingerprint.key");
    struct buf key;
    buf_init(&key, KEY_SIZE);
    bool done = fs_exists(path) || make_key(directory, path, error);
    /* By a key that somebody else laid there, he could try what a fingerprint is of. */
    done = done && fs_is_ours(path, error);
    if (done && (done = fs_read(path, &key, error)) && key.length != KEY_SIZE) {
        done = error_set(error, ERROR_SYSTEM, "%s is not a fingerprint key", path);
        error_hint(error, "remove it: a new one is made, and fingerprints change once");
    }
    if (done) {
        fingerprint_end();
        fingerprint_key = secret_create(key.data, key.length, error);
        done = fingerprint_key != NULL;
    }
    if (key.data) {
        OPENSSL_cleanse(key.data, key.room);
    }
    buf_finish(&key);
    free(path);
    return done;
}

void fingerprint_end(void)
{
    secret_unref(fingerprint_key);
    fingerprint_key = NULL;
}

void fingerprint_show(char out[FINGERPRINT], const struct secret *secret)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    if (!fingerprint_key || !HMAC(EVP_sha256(), secret_data(fingerprint_key), KEY_SIZE,
                                  (const unsigned char *)secret_data(secret),
                                  secret_length(secret), mac, &length)) {
        panic("a fingerprint was asked for without a key");
    }
    hex_encode(out, mac, (FINGERPRINT - 1) / 2);
    OPENSSL_cleanse(mac, sizeof mac);
}
