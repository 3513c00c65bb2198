#include "secret/mask.h"

#include "base/digest.h"
#include "base/mem.h"
#include "base/text.h"
#include "secret/base64.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct pattern {
    char *data;
    size_t length;
    struct pattern *next; /* with the same first two bytes */
};

/* Patterns are found by their first two bytes: a byte of plain text costs one look. */
struct mask {
    atomic_int references;
    size_t longest;
    struct pattern **starts; /* 65536, by the first two bytes */
    bool first[256];         /* whether any secret starts with this byte */
    struct secret **secrets; /* what it was made of */
    size_t count;
};

static size_t slot(const char *at)
{
    return (size_t)(unsigned char)at[0] << 8 | (unsigned char)at[1];
}

static void add_pattern(struct mask *mask, const char *data, size_t length)
{
    if (length < MASK_LEAST) {
        return;
    }
    struct pattern **list = &mask->starts[slot(data)];
    for (struct pattern *known = *list; known; known = known->next) {
        if (known->length == length && memcmp(known->data, data, length) == 0) {
            return;
        }
    }
    struct pattern *pattern = mem_alloc(sizeof *pattern);
    pattern->data = keep_derived(data, length);
    pattern->length = length;
    /* The longest first, so that a value inside another does not leave its tail. */
    while (*list && (*list)->length > length) {
        list = &(*list)->next;
    }
    pattern->next = *list;
    *list = pattern;
    mask->first[(unsigned char)data[0]] = true;
    mask->longest = length > mask->longest ? length : mask->longest;
}

static void add_buf(struct mask *mask, struct buf *text)
{
    add_pattern(mask, buf_string(text), text->length);
    OPENSSL_cleanse(text->data, text->room);
    buf_finish(text);
}

static void add_hex(struct mask *mask, const char *data, size_t length)
{
    char *hex = mem_alloc(2 * length + 1);
    hex_encode(hex, (const unsigned char *)data, length);
    add_pattern(mask, hex, 2 * length);
    for (char *digit = hex; *digit; digit++) {
        *digit = (char)(*digit >= 'a' ? *digit - 32 : *digit);
    }
    add_pattern(mask, hex, 2 * length);
    OPENSSL_cleanse(hex, 2 * length);
    free(hex);
}

/* The digits that depend on the secret alone when it stands at `offset` in a larger
 * text. */
static void add_base64(struct mask *mask, const char *data, size_t length, size_t offset)
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
        add_pattern(mask, text.data + first, last - first);
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

static void add_url(struct mask *mask, const char *data, size_t length,
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
    add_buf(mask, &text);
}

/* As Go writes JSON, so that it can stand in HTML. */
static void add_json_for_html(struct mask *mask, const char *text, size_t length)
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
    add_buf(mask, &escaped);
}

static void add_json(struct mask *mask, const char *data, size_t length, size_t flags)
{
    json_t *string = json_stringn(data, length);
    char *text = string ? json_dumps(string, JSON_ENCODE_ANY | flags) : NULL;
    if (text && strlen(text) > 2) {
        add_pattern(mask, text + 1, strlen(text) - 2);
        add_json_for_html(mask, text + 1, strlen(text) - 2);
        OPENSSL_cleanse(text, strlen(text));
    }
    json_free_t release = NULL;
    json_malloc_t unused = NULL;
    json_get_alloc_funcs(&unused, &release);
    release(text);
    json_decref(string);
}

static void add_lines(struct mask *mask, const char *data, size_t length)
{
    const char *end = data + length;
    for (const char *line = data; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t size = (size_t)((stop ? stop : end) - line);
        size_t bare = size > 0 && line[size - 1] == '\r' ? size - 1 : size;
        if (bare >= MASK_LEAST_ENCODED) {
            add_pattern(mask, line, bare);
        }
        line += size + 1;
    }
}

static void add_secret(struct mask *mask, struct secret *secret)
{
    const char *data = secret_data(secret);
    size_t length = secret_length(secret);
    add_pattern(mask, data, length);
    if (length < MASK_LEAST_ENCODED) {
        return;
    }
    add_lines(mask, data, length);
    add_hex(mask, data, length);
    for (size_t offset = 0; offset < 3; offset++) {
        add_base64(mask, data, length, offset);
    }
    for (size_t i = 0; i < sizeof url_styles / sizeof url_styles[0]; i++) {
        add_url(mask, data, length, &url_styles[i], true);
        add_url(mask, data, length, &url_styles[i], false);
    }
    static const size_t flags[] = {0, JSON_ENSURE_ASCII, JSON_ESCAPE_SLASH,
                                   JSON_ENSURE_ASCII | JSON_ESCAPE_SLASH};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        add_json(mask, data, length, flags[i]);
    }
}

struct mask *mask_create(struct secret *const *secrets, size_t count)
{
    struct mask *mask = mem_alloc(sizeof *mask);
    atomic_init(&mask->references, 1);
    mask->starts = mem_alloc(65536 * sizeof(struct pattern *));
    mask->secrets = mem_alloc((count + 1) * sizeof *mask->secrets);
    for (size_t i = 0; i < count; i++) {
        mask->secrets[mask->count++] = secret_ref(secrets[i]);
        add_secret(mask, secrets[i]);
    }
    return mask;
}

struct mask *mask_ref(struct mask *mask)
{
    atomic_fetch_add(&mask->references, 1);
    return mask;
}

void mask_unref(struct mask *mask)
{
    if (!mask || atomic_fetch_sub(&mask->references, 1) != 1) {
        return;
    }
    for (size_t i = 0; i < 65536; i++) {
        while (mask->starts[i]) {
            struct pattern *next = mask->starts[i]->next;
            keep_release(mask->starts[i]->data, mask->starts[i]->length);
            free(mask->starts[i]);
            mask->starts[i] = next;
        }
    }
    for (size_t i = 0; i < mask->count; i++) {
        secret_unref(mask->secrets[i]);
    }
    free(mask->secrets);
    free(mask->starts);
    free(mask);
}

static pthread_mutex_t current_guard = PTHREAD_MUTEX_INITIALIZER;
static struct mask *current;

static bool is_known(const struct mask *mask, const struct secret *secret)
{
    for (size_t i = 0; i < mask->count; i++) {
        if (secret_equal(mask->secrets[i], secret)) {
            return true;
        }
    }
    return false;
}

static struct mask *current_locked(void)
{
    if (!current) {
        current = mask_create(NULL, 0);
    }
    return current;
}

/* Old secrets stay masked: what was rotated away may still be in somebody's output. */
void mask_publish(struct secret *const *secrets, size_t count)
{
    pthread_mutex_lock(&current_guard);
    struct mask *old = current_locked();
    struct secret **all = mem_alloc((old->count + count) * sizeof(struct secret *));
    size_t total = old->count;
    if (total) {
        memcpy(all, old->secrets, total * sizeof *all);
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_known(old, secrets[i])) {
            all[total++] = secrets[i];
        }
    }
    if (total > old->count) {
        current = mask_create(all, total);
        mask_unref(old);
    }
    free(all);
    pthread_mutex_unlock(&current_guard);
}

struct mask *mask_current(void)
{
    pthread_mutex_lock(&current_guard);
    struct mask *mask = mask_ref(current_locked());
    pthread_mutex_unlock(&current_guard);
    return mask;
}

void mask_forget(void)
{
    pthread_mutex_lock(&current_guard);
    mask_unref(current);
    current = NULL;
    pthread_mutex_unlock(&current_guard);
}

enum match { MATCH_NONE, MATCH_FULL, MATCH_PARTIAL };

/* The longest secret that starts at `at`. PARTIAL: the text ends while one still could,
 * and it is not the whole text yet. */
static enum match match_at(const struct mask *mask, const char *at, size_t left,
                           bool whole, size_t *length)
{
    enum match best = MATCH_NONE;
    if (left == 1) {
        return mask->first[(unsigned char)at[0]] ? MATCH_PARTIAL : MATCH_NONE;
    }
    for (const struct pattern *pattern = mask->starts[slot(at)]; pattern;
         pattern = pattern->next) {
        size_t size = pattern->length;
        size_t common = size < left ? size : left;
        if (memcmp(pattern->data, at, common) != 0) {
            continue;
        }
        if (size > left && !whole) {
            return MATCH_PARTIAL;
        }
        if (size <= left && best == MATCH_NONE) {
            best = MATCH_FULL;
            *length = size;
        }
    }
    return best;
}

/* Secrets may overlap: one that starts inside another must not leave its tail. Grows
 * *size over all that hang together; PARTIAL where the last of them could still become
 * one. What hangs together for longer than any sane text does is cut, so that nobody
 * makes us hold a stream without end. */
static enum match grow_match(const struct mask *mask, const char *at, size_t left,
                             bool whole, size_t *size)
{
    size_t most = 4 * SECRET_MAX + mask->longest;
    for (size_t i = 1; i < *size && i < most; i++) {
        size_t more = 0;
        enum match match = match_at(mask, at + i, left - i, whole, &more);
        if (match == MATCH_PARTIAL && !whole) {
            return MATCH_PARTIAL;
        }
        if (match == MATCH_FULL && i + more > *size) {
            *size = i + more;
        }
    }
    return MATCH_FULL;
}

/* The next place where two bytes start some secret, or the last byte: nearly all text is
 * stepped over here. */
static size_t next_start(const struct mask *mask, const char *data, size_t length,
                         size_t at)
{
    while (at + 1 < length &&
           !(mask->first[(unsigned char)data[at]] && mask->starts[slot(data + at)])) {
        at++;
    }
    return at;
}

/* Appends `data` masked to `out`; returns what was used up. Unless `whole`, stops at the
 * first byte that could be the start of a secret that is not all there yet. */
static size_t run_mask(const struct mask *mask, const char *data, size_t length,
                       bool whole, struct buf *out)
{
    size_t plain = 0;
    size_t at = 0;
    while ((at = next_start(mask, data, length, at)) < length) {
        size_t size = 0;
        enum match match = match_at(mask, data + at, length - at, whole, &size);
        if (match == MATCH_FULL) {
            match = grow_match(mask, data + at, length - at, whole, &size);
        }
        if (match == MATCH_PARTIAL && !whole) {
            break;
        }
        if (match != MATCH_FULL) {
            at++;
            continue;
        }
        buf_add(out, data + plain, at - plain);
        buf_text(out, MASK_TEXT);
        at += size;
        plain = at;
    }
    buf_add(out, data + plain, at - plain);
    return at;
}

void mask_feed(const struct mask *mask, struct buf *held, const void *data, size_t length,
               struct buf *out)
{
    buf_add(held, data, length);
    buf_drop(held, run_mask(mask, held->data, held->length, false, out));
}

/* At the end a partial match is no secret, but a full one inside it may be. */
void mask_end(const struct mask *mask, struct buf *held, struct buf *out)
{
    run_mask(mask, buf_string(held), held->length, true, out);
    buf_finish(held);
}

void mask_apply(const struct mask *mask, struct buf *text)
{
    if (mask->longest == 0 || text->length == 0) {
        return;
    }
    struct buf out;
    buf_init(&out, 0);
    run_mask(mask, text->data, text->length, true, &out);
    size_t cap = text->cap;
    OPENSSL_cleanse(text->data, text->length);
    buf_finish(text);
    *text = out;
    text->cap = cap && cap < text->length ? text->length : cap;
}

void mask_buf(struct buf *text)
{
    struct mask *mask = mask_current();
    mask_apply(mask, text);
    mask_unref(mask);
}

/* Masked first: cleaning could otherwise break a secret apart so that the mask misses
 * it. */
char *mask_clean(const char *text, size_t longest)
{
    struct buf raw, clean;
    buf_init_secret(&raw, 0);
    buf_init(&clean, longest);
    buf_text(&raw, text);
    mask_buf(&raw);
    text_clean(&clean, raw.data, raw.length);
    buf_finish(&raw);
    while (clean.length > 0 && clean.data[clean.length - 1] == ' ') {
        clean.data[--clean.length] = '\0'; /* what was the last line's end */
    }
    return buf_take(&clean);
}
