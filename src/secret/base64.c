#include "secret/base64.h"

#include <stdint.h>
#include <string.h>

static const char standard[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode(struct buf *out, const unsigned char *data, size_t length,
                   const char *alphabet, bool pad)
{
    for (size_t i = 0; i < length; i += 3) {
        size_t have = length - i < 3 ? length - i : 3;
        uint32_t group = (uint32_t)data[i] << 16;
        group |= have > 1 ? (uint32_t)data[i + 1] << 8 : 0;
        group |= have > 2 ? data[i + 2] : 0;
        char digits[4];
        for (int d = 0; d < 4; d++) {
            digits[d] = (size_t)d > have ? '=' : alphabet[group >> (18 - 6 * d) & 63];
        }
        buf_add(out, digits, pad ? 4 : have + 1);
    }
    buf_add(out, "", 0);
}

void base64_encode(struct buf *out, const void *data, size_t length)
{
    encode(out, data, length, standard, true);
}

void base64url_encode(struct buf *out, const void *data, size_t length)
{
    encode(out, data, length, url_safe, false);
}

static bool decode(const char *text, size_t length, const char *alphabet,
                   unsigned char *out, size_t room, size_t *used)
{
    uint32_t bits = 0;
    int count = 0;
    *used = 0;
    for (size_t i = 0; i < length; i++) {
        const char *digit = text[i] ? strchr(alphabet, text[i]) : NULL;
        if (!digit) {
            return false;
        }
        bits = bits << 6 | (uint32_t)(digit - alphabet);
        count += 6;
        if (count >= 8) {
            count -= 8;
            if (*used == room) {
                return false;
            }
            out[(*used)++] = (unsigned char)(bits >> count);
            bits &= (1u << count) - 1;
        }
    }
    return count < 6 && bits == 0;
}

bool base64_decode(const char *text, size_t length, unsigned char *out, size_t room,
                   size_t *used)
{
    size_t digits = length;
    while (digits > 0 && length - digits < 2 && text[digits - 1] == '=') {
        digits--;
    }
    bool padded = digits == length || length % 4 == 0;
    return padded && decode(text, digits, standard, out, room, used);
}

bool base64url_decode(const char *text, size_t length, unsigned char *out, size_t room,
                      size_t *used)
{
    return decode(text, length, url_safe, out, room, used);
}
