#include "tests/catalogue/certificate.h"

#include "base/mem.h"
#include "base/text.h"
#include "tests/unit/peer.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY = 86400 };

static const struct manner {
    const char *word;
    int days;         /* until it ends */
    bool future;      /* begins tomorrow */
    bool disbelieved; /* we are told to believe another one */
    bool foreign;     /* signed with the key of another one, in its name */
    bool old;         /* speaks TLS 1.1 and nothing later */
} manners[] = {
    {"", 30, false, false, false, false},
    {"expired", -1, false, false, false, false},
    {"future", 30, true, false, false, false},
    {"soon", 5, false, false, false, false},
    {"itself", 30, false, true, false, false},
    {"old", 30, false, false, false, true},
    {"stranger", 30, false, true, true, false},
};

static const struct manner *find_manner(const char *word)
{
    for (size_t i = 0; i < sizeof manners / sizeof manners[0]; i++) {
        if (strcmp(manners[i].word, word) == 0) {
            return &manners[i];
        }
    }
    return NULL;
}

static void write_believed(const char *path, X509 *certificate)
{
    FILE *file = fopen(path, "w");
    if (!file || !PEM_write_X509(file, certificate) || fclose(file) != 0) {
        panic("cannot write %s", path);
    }
}

static SSL_CTX *make(const char *host, const struct manner *manner, const char *path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256"), *other_key = EVP_EC_gen("P-256");
    X509 *certificate = peer_certificate(key, host, manner->days);
    X509 *other = peer_certificate(other_key, "authority.example", 30);
    if (manner->future) {
        X509_gmtime_adj(X509_getm_notBefore(certificate), DAY);
    }
    if (manner->foreign) {
        X509_set_issuer_name(certificate, X509_get_subject_name(other));
    }
    X509_sign(certificate, manner->foreign ? other_key : key, EVP_sha256());
    if (manner->foreign) { /* nor do we believe who signed it */
        X509_free(other);
        other = peer_certificate(key, "elsewhere.example", 30);
    }
    write_believed(path, manner->disbelieved ? other : certificate);
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (manner->old) { /* which OpenSSL's usual level of security refuses */
        SSL_CTX_set_security_level(context, 0);
        SSL_CTX_set_min_proto_version(context, TLS1_1_VERSION);
        SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
    }
    SSL_CTX_use_certificate(context, certificate);
    SSL_CTX_use_PrivateKey(context, key);
    X509_free(certificate);
    X509_free(other);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other_key);
    return context;
}

SSL_CTX *certificate_context(const char *how, const char *path)
{
    size_t length = strcspn(how, " ");
    const struct manner *manner = find_manner(how + length + (how[length] == ' '));
    char *host = mem_bytes(how, length);
    SSL_CTX *context = manner && *host ? make(host, manner, path) : NULL;
    free(host);
    return context;
}
