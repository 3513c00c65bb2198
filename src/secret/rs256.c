#include "secret/rs256.h"

#include "base/json.h"
#include "base/mem.h"
#include "secret/base64.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

/* OpenSSL would ask for the password on the terminal. */
static int no_password(char *room, int size, int writing, void *self)
{
    (void)room;
    (void)size;
    (void)writing;
    (void)self;
    return -1;
}

static EVP_PKEY *read_key(const struct secret *pem, struct error *error)
{
    BIO *memory = BIO_new_mem_buf(secret_data(pem), (int)secret_length(pem));
    EVP_PKEY *key =
        memory ? PEM_read_bio_PrivateKey(memory, NULL, no_password, NULL) : NULL;
    BIO_free(memory);
    if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
        error_set(error, ERROR_CONFIG, "its private key is no RSA key in PEM");
        EVP_PKEY_free(key);
        key = NULL;
    }
    ERR_clear_error();
    return key;
}

static void add_part(struct buf *out, const json_t *object)
{
    char *text = json_compact(object);
    base64url_encode(out, text, strlen(text));
    free(text);
}

static bool sign(struct buf *token, EVP_PKEY *key)
{
    unsigned char *signature = NULL;
    size_t length = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const unsigned char *text = (const unsigned char *)token->data;
    bool done = context &&
                EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(context, NULL, &length, text, token->length) == 1;
    if (done) {
        signature = mem_alloc(length);
        done = EVP_DigestSign(context, signature, &length, text, token->length) == 1;
    }
    if (done) {
        buf_text(token, ".");
        base64url_encode(token, signature, length);
    }
    free(signature);
    EVP_MD_CTX_free(context);
    return done;
}

bool rs256_add_signature(struct buf *token, const struct secret *pem, struct error *error)
{
    EVP_PKEY *key = read_key(pem, error);
    if (!key) {
        return false;
    }
    bool done = sign(token, key);
    if (!done) {
        error_set(error, ERROR_SYSTEM, "OpenSSL cannot sign with RS256");
        ERR_clear_error();
    }
    EVP_PKEY_free(key);
    return done;
}

bool rs256_sign(const json_t *claims, const char *key_id, const struct secret *pem,
                struct buf *out, struct error *error)
{
    struct buf token;
    buf_init_secret(&token, 0); /* whoever has it is given an access token for it */
    json_t *header =
        json_pack("{s:s, s:s, s:s*}", "alg", "RS256", "typ", "JWT", "kid", key_id);
    add_part(&token, header);
    buf_text(&token, ".");
    add_part(&token, claims);
    bool done = rs256_add_signature(&token, pem, error);
    if (done) {
        buf_add(out, token.data, token.length);
    }
    json_decref(header);
    buf_finish(&token);
    return done;
}
