/* What the mask promises: of a secret that leaves in any usual form, whole or cut,
 * nothing is seen; and everything else is. */
#include "tests/unit/unit.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "secret/base64.h"
#include "secret/keep.h"
#include "secret/mask.h"

#include <stdlib.h>
#include <string.h>

static struct secret *keep(const char *text)
{
    struct secret *secret = secret_create(text, strlen(text), NULL);
    assert_non_null(secret);
    return secret;
}

static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

static uint32_t draw(uint32_t below) /* xorshift64*: the same tests on every machine */
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (uint32_t)((seed * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % below;
}

static struct buf masked(const struct mask *mask, const char *text, size_t length)
{
    struct buf buf = {0};
    buf_add(&buf, text, length);
    mask_apply(mask, &buf);
    return buf;
}

static void assert_masked(const struct mask *mask, const char *in, const char *out)
{
    struct buf text = masked(mask, in, strlen(in));
    assert_string_equal(buf_string(&text), out);
    buf_finish(&text);
}

static const char canary[] = "S3cr\"t/va+lue<&'>\\with every kind of ~byte%";

static char *percent(const char *text, const char *plain)
{
    struct buf out = {0};
    for (; *text; text++) {
        bool is_plain = (*text >= '0' && *text <= '9') ||
                        (*text >= 'a' && *text <= 'z') ||
                        (*text >= 'A' && *text <= 'Z') || strchr(plain, *text);
        if (is_plain) {
            buf_add(&out, text, 1);
        } else {
            buf_format(&out, "%%%02X", (unsigned char)*text);
        }
    }
    return buf_take(&out);
}

/* Form n of a leak of the canary, as somebody else's encoder would write it. */
enum { FORMS = 15 };
static void leak(size_t form, struct buf *out)
{
    struct buf raw = {0};
    char *text = NULL;
    json_t *json = json_string(canary);
    switch (form) {
    case 0:
        buf_text(out, canary);
        break;
    case 1:
        base64_encode(out, canary, strlen(canary));
        break;
    case 2:
        base64url_encode(out, canary, strlen(canary));
        break;
    case 3: /* as HTTP's Basic scheme would: with a name of any length before it */
    case 4:
    case 5:
        for (size_t i = 0; i < form - 2; i++) {
            buf_text(&raw, "u");
        }
        buf_format(&raw, ":%s and more", canary);
        base64_encode(out, raw.data, raw.length);
        break;
    case 6:
    case 7:
        for (const char *at = canary; *at; at++) {
            buf_format(out, form == 6 ? "%02x" : "%02X", (unsigned char)*at);
        }
        break;
    case 8:
        text = percent(canary, "-._~");
        buf_text(out, text);
        break;
    case 9: /* JavaScript's encodeURIComponent() */
        text = percent(canary, "-._~!*'()");
        buf_text(out, text);
        break;
    case 10:
    case 11:
        text = json_dumps(json, JSON_ENCODE_ANY | (form == 11 ? JSON_ESCAPE_SLASH : 0));
        buf_text(out, text);
        break;
    case 12: /* PHP's json_encode() */
        text = json_dumps(json, JSON_ENCODE_ANY | JSON_ESCAPE_SLASH | JSON_ENSURE_ASCII);
        buf_text(out, text);
        break;
    case 13: /* Go's encoding/json */
        text = json_dumps(json, JSON_ENCODE_ANY);
        for (const char *at = text; *at; at++) {
            if (strchr("<>&", *at)) {
                buf_format(out, "\\u%04x", (unsigned char)*at);
            } else {
                buf_add(out, at, 1);
            }
        }
        break;
    default: /* application/x-www-form-urlencoded */
        text = percent(canary, "-._*");
        for (char *at; (at = strstr(text, "%20"));) {
            *at = '+';
            memmove(at + 1, at + 3, strlen(at + 3) + 1);
        }
        buf_text(out, text);
    }
    free(text);
    json_decref(json);
    buf_finish(&raw);
}

/* What of each form depends on the canary alone and must not be seen: its middle. */
static bool survives(const struct buf *seen, size_t form)
{
    struct buf whole = {0};
    leak(form, &whole);
    size_t from = whole.length / 3;
    char *middle = mem_bytes(whole.data + from, whole.length / 3);
    bool there = seen->length && memmem(seen->data, seen->length, middle, strlen(middle));
    free(middle);
    buf_finish(&whole);
    return there;
}

static void add_plain(struct buf *out, struct buf *plain)
{
    static const char *const words[] = {
        "deploying ",    "\n", "S3c",     "revision 00042-abc ", "==",
        "\xe2\x9c\x93 ", "c",  "[masked",
    };
    for (uint32_t i = draw(6); i > 0; i--) {
        const char *word = words[draw(sizeof words / sizeof words[0])];
        buf_text(out, word);
        buf_text(plain, word);
    }
}

static void feed_in_chunks(const struct mask *mask, const struct buf *in, uint32_t most,
                           struct buf *out)
{
    struct buf held = {0};
    for (size_t at = 0; at < in->length;) {
        size_t size = 1 + draw(most);
        size = size < in->length - at ? size : in->length - at;
        mask_feed(mask, &held, in->data + at, size, out);
        at += size;
    }
    mask_end(mask, &held, out);
}

/* Everything that was around a leak must come through as it was. */
static void assert_plain_is_whole(const struct buf *seen, const struct buf *plain)
{
    struct buf rest = {0};
    for (const char *at = seen->data; at < seen->data + seen->length;) {
        const char *end = seen->data + seen->length;
        const char *hit = memmem(at, (size_t)(end - at), MASK_TEXT, strlen(MASK_TEXT));
        buf_add(&rest, at, (size_t)((hit ? hit : end) - at));
        at = hit ? hit + strlen(MASK_TEXT) : end;
    }
    assert_string_equal(buf_string(&rest), buf_string(plain));
    buf_finish(&rest);
}

static void no_leak_of_ten_thousand_survives_any_cut(void **state)
{
    (void)state;
    struct secret *secrets[] = {keep(canary), keep("pin4"), keep("S3cr-another-value")};
    struct mask *mask = mask_create(secrets, 3);
    size_t leaks = 0;
    while (leaks < 10000) {
        struct buf text = {0}, seen = {0}, plain = {0};
        bool had[FORMS] = {false};
        /* Forms that carry more than the secret leave their rest: plain is asked of the
         * others. */
        bool exact = true;
        for (uint32_t i = 1 + draw(4); i > 0; i--, leaks++) {
            add_plain(&text, &plain);
            buf_text(&text, " ");
            buf_text(&plain, " ");
            size_t form = draw(FORMS);
            leak(form, &text);
            had[form] = true;
            exact = exact && (form == 0 || (form >= 6 && form <= 9) || form == 14);
            buf_text(&text, " ");
            buf_text(&plain, " ");
        }
        add_plain(&text, &plain);
        feed_in_chunks(mask, &text, 1 + draw(40), &seen);
        for (size_t form = 0; form < FORMS; form++) {
            if (had[form] && survives(&seen, form)) {
                fail_msg("form %zu survived: %s", form, buf_string(&seen));
            }
        }
        if (exact) {
            assert_plain_is_whole(&seen, &plain);
        }
        struct buf whole = masked(mask, text.data, text.length);
        assert_string_equal(buf_string(&whole), buf_string(&seen));
        buf_finish(&whole);
        buf_finish(&text);
        buf_finish(&seen);
        buf_finish(&plain);
    }
    mask_unref(mask);
    for (size_t i = 0; i < 3; i++) {
        secret_unref(secrets[i]);
    }
}

static void plain_text_passes_untouched(void **state)
{
    (void)state;
    struct secret *secret = keep(canary);
    struct mask *mask = mask_create(&secret, 1);
    for (int i = 0; i < 2000; i++) {
        struct buf text = {0}, seen = {0};
        for (uint32_t left = draw(300); left > 0; left--) {
            char byte = (char)draw(256);
            buf_add(&text, &byte, 1);
        }
        feed_in_chunks(mask, &text, 50, &seen);
        assert_int_equal(seen.length, text.length);
        assert_true(text.length == 0 || memcmp(seen.data, text.data, text.length) == 0);
        buf_finish(&text);
        buf_finish(&seen);
    }
    mask_unref(mask);
    secret_unref(secret);
}

static void what_cannot_become_a_secret_is_not_held_back(void **state)
{
    (void)state;
    struct secret *secret = keep("hunter22");
    struct mask *mask = mask_create(&secret, 1);
    struct buf held = {0}, out = {0};
    mask_feed(mask, &held, "progress 10 %\rhun", 17, &out);
    assert_string_equal(buf_string(&out), "progress 10 %\r");
    mask_feed(mask, &held, "gry\n", 4, &out);
    assert_string_equal(buf_string(&out), "progress 10 %\rhungry\n");
    mask_feed(mask, &held, "hunter2", 7, &out);
    assert_string_equal(buf_string(&out), "progress 10 %\rhungry\n");
    mask_feed(mask, &held, "", 0, &out);
    mask_end(mask, &held, &out);
    assert_string_equal(buf_string(&out), "progress 10 %\rhungry\nhunter2");
    buf_finish(&out);
    mask_unref(mask);
    secret_unref(secret);
}

static void short_secrets_are_masked_raw_alone(void **state)
{
    (void)state;
    struct secret *secrets[] = {keep("abc"), keep("wxyz"), keep("")};
    struct mask *mask = mask_create(secrets, 3);
    assert_masked(mask, "abc wxyz d3h5eg 7778797a", "abc [masked] d3h5eg 7778797a");
    mask_unref(mask);
    for (size_t i = 0; i < 3; i++) {
        secret_unref(secrets[i]);
    }
}

static void overlapping_secrets_leave_no_tail(void **state)
{
    (void)state;
    struct secret *secrets[] = {keep("token"), keep("token-and-more"),
                                keep("more-of-it")};
    struct mask *mask = mask_create(secrets, 3);
    assert_masked(mask, "token token-and-more", "[masked] [masked]");
    assert_masked(mask, "token-and-more-of-it.", "[masked].");
    assert_masked(mask, "token-and-mor", "[masked]-and-mor");
    struct buf held = {0}, out = {0};
    mask_feed(mask, &held, "a token-and-", 12, &out);
    mask_feed(mask, &held, "more-of-", 8, &out);
    mask_feed(mask, &held, "it.", 3, &out);
    mask_end(mask, &held, &out);
    assert_string_equal(buf_string(&out), "a [masked].");
    buf_finish(&out);
    mask_unref(mask);
    for (size_t i = 0; i < 3; i++) {
        secret_unref(secrets[i]);
    }
}

static void each_line_of_a_long_secret_is_one(void **state)
{
    (void)state;
    struct secret *secret = keep("-----BEGIN KEY-----\r\nMIIBVwIBADANBg\nshort\n");
    struct mask *mask = mask_create(&secret, 1);
    assert_masked(mask, "  MIIBVwIBADANBg|short", "  [masked]|short");
    mask_unref(mask);
    secret_unref(secret);
}

static void large_secrets_are_masked_and_leave_room_for_more(void **state)
{
    (void)state;
    enum { MANY = 4 };
    struct secret *secrets[MANY];
    for (size_t i = 0; i < MANY; i++) {
        struct buf bytes = {0};
        while (bytes.length < 40000) {
            buf_format(&bytes, "%08x", draw(0x7fffffff));
        }
        secrets[i] = secret_create(bytes.data, bytes.length, NULL);
        buf_finish(&bytes);
    }
    struct mask *mask = mask_create(secrets, MANY);
    struct buf hex = {0};
    for (const char *at = secret_data(secrets[3]); *at; at++) {
        buf_format(&hex, "%02x", (unsigned char)*at);
    }
    assert_masked(mask, hex.data, MASK_TEXT);
    struct secret *another = secret_create(hex.data, SECRET_MAX, NULL);
    assert_non_null(another);
    buf_finish(&hex);
    secret_unref(another);
    mask_unref(mask);
    for (size_t i = 0; i < MANY; i++) {
        secret_unref(secrets[i]);
    }
}

static void what_was_rotated_away_stays_masked(void **state)
{
    (void)state;
    struct secret *old = keep("yesterday's-value"), *new = keep("today's-value");
    mask_forget();
    mask_publish(&old, 1);
    struct mask *snapshot = mask_current();
    mask_publish(&new, 1);
    mask_publish(&new, 1);
    struct buf text = {0};
    buf_text(&text, "yesterday's-value today's-value");
    mask_buf(&text);
    assert_string_equal(buf_string(&text), "[masked] [masked]");
    buf_finish(&text);
    assert_masked(snapshot, "yesterday's-value today's-value", "[masked] today's-value");
    mask_unref(snapshot);
    mask_forget();
    secret_unref(old);
    secret_unref(new);
}

static bool is_masked(const char *value)
{
    struct buf text = {0};
    buf_text(&text, value);
    mask_buf(&text);
    bool masked = strcmp(buf_string(&text), "[masked]") == 0;
    buf_finish(&text);
    return masked;
}

/* A token an hour, for weeks: the keep has room for 512 of that length. */
static void tokens_make_room_for_the_next_and_secrets_do_not(void **state)
{
    (void)state;
    enum { TOKENS = 600, LENGTH = 1100 };
    struct secret *lasting = keep("a-secret-that-lasts");
    mask_forget();
    mask_publish(&lasting, 1);
    char value[LENGTH + 1];
    memset(value, 'x', LENGTH);
    value[LENGTH] = '\0';
    for (int i = 0; i < TOKENS; i++) {
        snprintf(value, 12, "ya29.%06d", i);
        value[11] = '-';
        struct secret *token = keep(value);
        assert_non_null(token);
        mask_publish_passing(&token, 1);
        secret_unref(token);
    }
    assert_true(is_masked(value));
    assert_true(is_masked("a-secret-that-lasts"));
    char oldest[12];
    snprintf(oldest, sizeof oldest, "ya29.%06d", TOKENS - MASK_PASSING);
    memcpy(value, oldest, 11);
    assert_true(is_masked(value));
    snprintf(oldest, sizeof oldest, "ya29.%06d", TOKENS - MASK_PASSING - 1);
    memcpy(value, oldest, 11);
    assert_false(is_masked(value));
    mask_forget();
    secret_unref(lasting);
}

/* ---- held against a plain search ---- */

enum { VALUES = 6, VALUE_MOST = 40, PLAIN_TEXT = 400 };

struct plain_search {
    struct secret *secrets[VALUES];
    const char *at, *end; /* what was fed and not yet shown */
    struct buf shown;
};

/* The longest value at `at`; SIZE_MAX where one could still become whole. */
static size_t value_at(const struct plain_search *search, const char *at, bool whole)
{
    size_t best = 0, left = (size_t)(search->end - at);
    for (size_t i = 0; i < VALUES; i++) {
        size_t length = secret_length(search->secrets[i]);
        size_t common = length < left ? length : left;
        if (memcmp(secret_data(search->secrets[i]), at, common) != 0) {
            continue;
        }
        if (length > left && !whole) {
            return SIZE_MAX;
        }
        best = length <= left && length > best ? length : best;
    }
    return best;
}

/* The end of all that hang together from `at`, or NULL where that is not known yet. */
static const char *values_end(const struct plain_search *search, const char *at,
                              bool whole)
{
    const char *end = at + 1;
    bool any = false;
    for (const char *next = at; next < end; next++) {
        size_t length = value_at(search, next, whole);
        if (length == SIZE_MAX) {
            return NULL;
        }
        any = any || length > 0;
        end = next + length > end ? next + length : end;
    }
    return any ? end : at;
}

static void show_plainly(struct plain_search *search, bool whole)
{
    while (search->at < search->end) {
        const char *end = values_end(search, search->at, whole);
        if (!end) {
            return;
        }
        if (end == search->at) {
            buf_add(&search->shown, search->at++, 1);
        } else {
            buf_text(&search->shown, MASK_TEXT);
            search->at = end;
        }
    }
}

/* Few letters: values begin, end and hang together everywhere. These, since an encoding
 * of a value then begins as the value itself does, or with what is in no text here. */
static void add_letters(struct buf *out, uint32_t letters, uint32_t count)
{
    for (; count > 0; count--) {
        buf_add(out, &"!*(),;:"[draw(letters)], 1);
    }
}

static void add_pieces(struct buf *out, struct secret *const *secrets, uint32_t letters)
{
    while (out->length < PLAIN_TEXT) {
        const struct secret *secret = secrets[draw(VALUES)];
        size_t length = secret_length(secret);
        add_letters(out, letters, draw(2) ? draw(30) : 0);
        buf_add(out, secret_data(secret), draw(3) ? length : draw((uint32_t)length));
    }
}

/* What is shown, and what is held back, after each piece. */
static void compare_with_plain_search(struct secret *const *secrets, uint32_t letters)
{
    struct mask *mask = mask_create(secrets, VALUES);
    struct plain_search search = {0};
    struct buf text = {0}, held = {0}, out = {0};
    memcpy(search.secrets, secrets, sizeof search.secrets);
    add_pieces(&text, secrets, letters);
    search.at = search.end = text.data;
    uint32_t most = 1 + draw(100);
    while (search.end < text.data + text.length) {
        size_t left = (size_t)(text.data + text.length - search.end);
        size_t size = 1 + draw(most);
        size = size < left ? size : left;
        mask_feed(mask, &held, search.end, size, &out);
        search.end += size;
        show_plainly(&search, false);
        assert_string_equal(buf_string(&out), buf_string(&search.shown));
        assert_int_equal(held.length, search.end - search.at);
    }
    mask_end(mask, &held, &out);
    show_plainly(&search, true);
    assert_string_equal(buf_string(&out), buf_string(&search.shown));
    buf_finish(&search.shown);
    buf_finish(&text);
    buf_finish(&out);
    mask_unref(mask);
}

static void it_shows_and_holds_back_what_a_plain_search_would(void **state)
{
    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct secret *secrets[VALUES];
        uint32_t letters = 2 + draw(6);
        /* It decides how the text is stepped through. */
        uint32_t shortest = 4 + draw(20);
        for (size_t i = 0; i < VALUES; i++) {
            struct buf value = {0};
            add_letters(&value, letters, shortest + draw(VALUE_MOST - shortest));
            secrets[i] = keep(value.data);
            buf_finish(&value);
        }
        compare_with_plain_search(secrets, letters);
        for (size_t i = 0; i < VALUES; i++) {
            secret_unref(secrets[i]);
        }
    }
}

int main(void)
{
    json_begin();
    keep_begin();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_leak_of_ten_thousand_survives_any_cut),
        cmocka_unit_test(plain_text_passes_untouched),
        cmocka_unit_test(what_cannot_become_a_secret_is_not_held_back),
        cmocka_unit_test(short_secrets_are_masked_raw_alone),
        cmocka_unit_test(overlapping_secrets_leave_no_tail),
        cmocka_unit_test(each_line_of_a_long_secret_is_one),
        cmocka_unit_test(large_secrets_are_masked_and_leave_room_for_more),
        cmocka_unit_test(it_shows_and_holds_back_what_a_plain_search_would),
        cmocka_unit_test(what_was_rotated_away_stays_masked),
        cmocka_unit_test(tokens_make_room_for_the_next_and_secrets_do_not),
    };
    return unit_run("mask", tests);
}
