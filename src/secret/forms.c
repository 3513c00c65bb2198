#include "secret/forms.h"

#include "base/digest.h"
#include "base/mem.h"
#include "secret/base64.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static void add_buf(struct patterns *patterns, struct buf *text)
{
    patterns_add(patterns, buf_string(text), text->length);
    OPENSSL_cleanse(text->data, text->room);
    buf_finish(text);
}

static void add_hex(struct patterns *patterns, const char *data, size_t length)
{
    char *hex = mem_alloc(2 * length + 1);
    hex_encode(hex, (const unsigned char *)data, length);
    patterns_add(patterns, hex, 2 * length);
    for (char *digit = hex; *digit; digit++) {
        *digit = (char)(*digit >= 'a' ? *digit - 32 : *digit);
    }
    patterns_add(patterns, hex, 2 * length);
    OPENSSL_cleanse(hex, 2 * length);
    free(hex);
}

/* The digits that depend on the secret alone when it stands at `offset` in a larger
 * text. */
static void add_base64(struct patterns *patterns, const char *data, size_t length,
                       size_t offset)
{
    char *shifted = mem_alloc(length + offset);
    memcpy(shifted + offset, data, length);
    static void (*const encoders[])(struct buf *, const void *,
                                    size_t) = {base64_encode, base64url_encode};
    for (size_t i = 0; i < 2; i++) {
        struct buf text;
        buf_init(&text, 0);
        encoders[i](&text, shifted, length + offset);
        size_t first = (offset * 8 + 5) / 6;
        size_t last = (length + offset) * 8 / 6;
        patterns_add(patterns, text.data + first, last - first);
        OPENSSL_cleanse(text.data, text.room);
        buf_finish(&text);
    }
    OPENSSL_cleanse(shifted, length + offset);
    free(shifted);
}

/* Who leaves which bytes as they are in a URL or a form, and whether a blank becomes
 * "+". */
static const struct url_style {
    const char *plain;
    bool plus;
} url_styles[] = {
    {"-._~", false},      /* RFC 3986 section 2.3, Python's quote() of a whole value */
    {"-._~/", false},     /* Python's quote() as it comes */
    {"-._", false},       /* Go, older Python */
    {"-._~!*'()", false}, /* JavaScript's encodeURIComponent() */
    {"-._~", true},       /* Python's quote_plus() */
    {"-._*", true},       /* forms, as browsers write them */
};

static void add_url(struct patterns *patterns, const char *data, size_t length,
                    const struct url_style *style, bool upper)
{
    struct buf text;
    buf_init(&text, 0);
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)data[i];
        bool alphanumeric = (byte >= '0' && byte <= '9') ||
                            (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
        if (alphanumeric || (byte && strchr(style->plain, byte))) {
            buf_add(&text, &byte, 1);
        } else if (byte == ' ' && style->plus) {
            buf_text(&text, "+");
        } else {
            buf_format(&text, upper ? "%%%02X" : "%%%02x", byte);
        }
    }
    add_buf(patterns, &text);
}

/* As Go writes JSON, so that it can stand in HTML. */
static void add_json_for_html(struct patterns *patterns, const char *text, size_t length)
{
    struct buf escaped;
    buf_init(&escaped, 0);
    for (size_t i = 0; i < length; i++) {
        if (strchr("<>&", text[i])) {
            buf_format(&escaped, "\\u%04x", (unsigned char)text[i]);
        } else {
            buf_add(&escaped, text + i, 1);
        }
    }
    add_buf(patterns, &escaped);
}

static void add_json(struct patterns *patterns, const char *data, size_t length,
                     size_t flags)
{
    json_t *string = json_stringn(data, length);
    char *text = string ? json_dumps(string, JSON_ENCODE_ANY | flags) : NULL;
    if (text && strlen(text) > 2) {
        patterns_add(patterns, text + 1, strlen(text) - 2);
        add_json_for_html(patterns, text + 1, strlen(text) - 2);
        OPENSSL_cleanse(text, strlen(text));
    }
    json_free_t release = NULL;
    json_malloc_t unused = NULL;
    json_get_alloc_funcs(&unused, &release);
    release(text);
    json_decref(string);
}

static void add_lines(struct patterns *patterns, const char *data, size_t length)
{
    const char *end = data + length;
    for (const char *line = data; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t size = (size_t)((stop ? stop : end) - line);
        size_t bare = size > 0 && line[size - 1] == '\r' ? size - 1 : size;
        if (bare >= FORMS_LEAST) {
            patterns_add(patterns, line, bare);
        }
        line += size + 1;
    }
}

void forms_add(struct patterns *patterns, const struct secret *secret)
{
    const char *data = secret_data(secret);
    size_t length = secret_length(secret);
    patterns_add(patterns, data, length);
    if (length < FORMS_LEAST) {
        return;
    }
    add_lines(patterns, data, length);
    add_hex(patterns, data, length);
    for (size_t offset = 0; offset < 3; offset++) {
        add_base64(patterns, data, length, offset);
    }
    for (size_t i = 0; i < sizeof url_styles / sizeof url_styles[0]; i++) {
        add_url(patterns, data, length, &url_styles[i], true);
        add_url(patterns, data, length, &url_styles[i], false);
    }
    static const size_t flags[] = {0, JSON_ENSURE_ASCII, JSON_ESCAPE_SLASH,
                                   JSON_ENSURE_ASCII | JSON_ESCAPE_SLASH};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        add_json(patterns, data, length, flags[i]);
    }
}
