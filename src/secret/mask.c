#include "secret/mask.h"

#include "base/mem.h"
#include "base/text.h"
#include "secret/forms.h"
#include "secret/patterns.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct mask {
    atomic_int references;
    struct patterns *patterns;
    struct secret **secrets; /* what it was made of: those that last, then tokens */
    size_t count, lasting;
};

struct mask *mask_create(struct secret *const *secrets, size_t count)
{
    struct mask *mask = mem_alloc(sizeof *mask);
    atomic_init(&mask->references, 1);
    mask->patterns = patterns_create();
    mask->secrets = mem_alloc((count + 1) * sizeof *mask->secrets);
    for (size_t i = 0; i < count; i++) {
        mask->secrets[mask->count++] = secret_ref(secrets[i]);
        forms_add(mask->patterns, secrets[i]);
    }
    mask->lasting = count;
    patterns_ready(mask->patterns);
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
    for (size_t i = 0; i < mask->count; i++) {
        secret_unref(mask->secrets[i]);
    }
    free(mask->secrets);
    patterns_destroy(mask->patterns);
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

/* Appends those that `mask` does not know; how many there are then. */
static size_t add_unknown(const struct mask *mask, struct secret *const *secrets,
                          size_t count, struct secret **all, size_t total)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_known(mask, secrets[i])) {
            all[total++] = secrets[i];
        }
    }
    return total;
}

/* Old secrets stay masked: what was rotated away may still be in somebody's output. */
static void publish(struct secret *const *secrets, size_t count, bool passing)
{
    pthread_mutex_lock(&current_guard);
    struct mask *old = current_locked();
    struct secret **all = mem_alloc((old->count + count + 1) * sizeof(struct secret *));
    size_t total = 0, added = 0;
    for (; total < old->lasting; total++) {
        all[total] = old->secrets[total];
    }
    if (!passing) {
        added = add_unknown(old, secrets, count, all, total) - total;
        total += added;
    }
    size_t lasting = total;
    for (size_t i = old->lasting; i < old->count; i++) {
        all[total++] = old->secrets[i];
    }
    if (passing) {
        added = add_unknown(old, secrets, count, all, total) - total;
        total += added;
    }
    size_t dropped = total - lasting > MASK_PASSING ? total - lasting - MASK_PASSING : 0;
    memmove(all + lasting, all + lasting + dropped,
            (total - lasting - dropped) * sizeof *all);
    if (added > 0) {
        current = mask_create(all, total - dropped);
        current->lasting = lasting;
        mask_unref(old);
    }
    free(all);
    pthread_mutex_unlock(&current_guard);
}

void mask_publish(struct secret *const *secrets, size_t count)
{
    publish(secrets, count, false);
}

void mask_publish_passing(struct secret *const *tokens, size_t count)
{
    publish(tokens, count, true);
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

/* Secrets may overlap: one that starts inside another must not leave its tail. Grows
 * *size over all that hang together; PARTIAL where the last of them could still become
 * one. What hangs together for longer than any sane text does is cut, so that nobody
 * makes us hold a stream without end. */
static enum match grow_match(const struct mask *mask, const char *at, size_t left,
                             bool whole, size_t *size)
{
    size_t most = 4 * SECRET_MAX + patterns_longest(mask->patterns);
    for (size_t i = 1; i < *size && i < most; i++) {
        size_t more = 0;
        enum match match = patterns_match(mask->patterns, at + i, left - i, whole, &more);
        if (match == MATCH_PARTIAL) {
            return MATCH_PARTIAL;
        }
        if (match == MATCH_FULL && i + more > *size) {
            *size = i + more;
        }
    }
    return MATCH_FULL;
}

/* Appends `data` masked to `out`; returns what was used up. Unless `whole`, stops at the
 * first byte that could be the start of a secret that is not all there yet. */
static size_t run_mask(const struct mask *mask, const char *data, size_t length,
                       bool whole, struct buf *out)
{
    const char *at = data;
    for (;;) {
        enum match match;
        size_t size = 0, left = length - (size_t)(at - data);
        size_t plain = patterns_find(mask->patterns, at, left, whole, &match, &size);
        buf_add(out, at, plain);
        at += plain;
        left -= plain;
        if (match == MATCH_FULL) {
            match = grow_match(mask, at, left, whole, &size);
        }
        if (match != MATCH_FULL) {
            return (size_t)(at - data);
        }
        buf_text(out, MASK_TEXT);
        at += size;
    }
}

/* What was held back is settled first, with as much of the new as that can take; the rest
 * is masked where it lies. */
void mask_feed(const struct mask *mask, struct buf *held, const void *data, size_t length,
               struct buf *out)
{
    const char *at = data;
    while (held->length > 0 && length > 0) {
        size_t before = held->length;
        size_t longest = patterns_longest(mask->patterns);
        size_t more = length < longest ? length : longest;
        buf_add(held, at, more);
        size_t used = run_mask(mask, held->data, held->length, false, out);
        if (used >= before) {
            more = used - before;
            buf_clear(held);
        } else {
            buf_drop(held, used);
        }
        at += more;
        length -= more;
    }
    if (length > 0) {
        size_t used = run_mask(mask, at, length, false, out);
        buf_add(held, at + used, length - used);
    }
}

/* At the end a partial match is no secret, but a full one inside it may be. */
void mask_end(const struct mask *mask, struct buf *held, struct buf *out)
{
    run_mask(mask, buf_string(held), held->length, true, out);
    buf_finish(held);
}

void mask_apply(const struct mask *mask, struct buf *text)
{
    if (patterns_longest(mask->patterns) == 0 || text->length == 0) {
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
