#include "base/digest.h"

#include "base/mem.h"

#include <openssl/evp.h>
#include <sys/random.h>

void hex_encode(char *out, const unsigned char *data, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * length] = '\0';
}

void hex_random(char *out, size_t digits)
{
    unsigned char bytes[32];
    if (digits / 2 > sizeof bytes ||
        getrandom(bytes, digits / 2, 0) != (ssize_t)(digits / 2)) {
        panic("this system has no random bytes");
    }
    hex_encode(out, bytes, digits / 2);
}

void digest_hex(char out[DIGEST_HEX], const void *data, size_t length)
{
    unsigned char hash[32];
    unsigned int size = sizeof hash;
    if (!EVP_Digest(data, length, hash, &size, EVP_sha256(), NULL)) {
        panic("SHA-256 is not available in this OpenSSL");
    }
    hex_encode(out, hash, size);
}
