/* Nearly all text is stepped over by looking at one piece of four bytes in a dozen.
 *
 * The text is looked at every `step` bytes. A pattern that begins anywhere between two
 * looks has, within its first bytes, the piece that the second one finds; so a table by
 * the hash of a piece says how far before it a pattern may begin. A piece that is at none
 * of those places in any pattern, which is nearly every one, costs that one look, and no
 * look waits for the one before. Only what is left is compared.
 *
 * The shortest pattern sets the step: one of 4 bytes has each byte looked at. */
#include "secret/patterns.h"

#include "base/mem.h"
#include "secret/keep.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PIECE = PATTERN_LEAST, PIECE_BITS = 15, START_BITS = 12, STEP_MOST = 16 };
enum { PIECES = 1 << PIECE_BITS, STARTS = 1 << START_BITS };

struct pattern {
    char *data;
    size_t length;
    struct pattern *next; /* with the same hash of its first two bytes, shorter */
};

struct patterns {
    struct pattern *starts[STARTS]; /* by the hash of the first two bytes */
    bool first[256];                /* whether any starts with this byte */
    /* By the hash of a piece. Bit i: a pattern may begin at the i-th of the `step` bytes
     * that end with the first of the piece. */
    uint16_t places[PIECES];
    size_t step;
    size_t shortest, longest;
};

static size_t hash(uint32_t bytes, unsigned bits)
{
    return (bytes * UINT32_C(2654435761)) >> (32 - bits); /* 2^32 / golden ratio */
}

static size_t hash_start(const char *at)
{
    return hash((uint32_t)(unsigned char)at[0] << 8 | (unsigned char)at[1], START_BITS);
}

static size_t hash_piece(const char *at)
{
    uint32_t piece;
    memcpy(&piece, at, sizeof piece);
    return hash(piece, PIECE_BITS);
}

struct patterns *patterns_create(void)
{
    return mem_alloc(sizeof(struct patterns));
}

void patterns_add(struct patterns *patterns, const char *data, size_t length)
{
    if (length < PATTERN_LEAST) {
        return;
    }
    struct pattern **list = &patterns->starts[hash_start(data)];
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
    patterns->first[(unsigned char)data[0]] = true;
    if (patterns->shortest == 0 || length < patterns->shortest) {
        patterns->shortest = length;
    }
    patterns->longest = length > patterns->longest ? length : patterns->longest;
}

void patterns_ready(struct patterns *patterns)
{
    if (patterns->longest == 0) {
        return;
    }
    size_t most = patterns->shortest - PIECE + 1;
    patterns->step = most < STEP_MOST ? most : STEP_MOST;
    for (size_t i = 0; i < STARTS; i++) {
        for (struct pattern *at = patterns->starts[i]; at; at = at->next) {
            for (size_t into = 0; into < patterns->step; into++) {
                patterns->places[hash_piece(at->data + into)] |=
                    (uint16_t)(1U << (patterns->step - 1 - into));
            }
        }
    }
}

void patterns_destroy(struct patterns *patterns)
{
    if (!patterns) {
        return;
    }
    for (size_t i = 0; i < STARTS; i++) {
        while (patterns->starts[i]) {
            struct pattern *next = patterns->starts[i]->next;
            keep_release(patterns->starts[i]->data, patterns->starts[i]->length);
            free(patterns->starts[i]);
            patterns->starts[i] = next;
        }
    }
    mem_cleanse(patterns); /* the places tell much of what the patterns begin with */
}

size_t patterns_longest(const struct patterns *patterns)
{
    return patterns->longest;
}

enum match patterns_match(const struct patterns *patterns, const char *at, size_t left,
                          bool whole, size_t *size)
{
    enum match best = MATCH_NONE;
    if (left == 1) {
        bool live = patterns->first[(unsigned char)at[0]] && !whole;
        return live ? MATCH_PARTIAL : MATCH_NONE;
    }
    for (const struct pattern *pattern = patterns->starts[hash_start(at)]; pattern;
         pattern = pattern->next) {
        size_t common = pattern->length < left ? pattern->length : left;
        if (memcmp(pattern->data, at, common) != 0) {
            continue;
        }
        if (pattern->length > left && !whole) {
            return MATCH_PARTIAL;
        }
        if (pattern->length <= left && best == MATCH_NONE) {
            best = MATCH_FULL;
            *size = pattern->length;
        }
    }
    return best;
}

static bool may_begin(const struct patterns *patterns, const char *at)
{
    return patterns->places[hash_piece(at)] >> (patterns->step - 1);
}

/* Looks as long as a look fits in; returns the place that it came to. */
static size_t find_by_pieces(const struct patterns *patterns, const char *data,
                             size_t length, bool whole, enum match *match, size_t *size)
{
    size_t step = patterns->step;
    size_t at = 0;
    for (; at + step - 1 + PIECE <= length; at += step) {
        unsigned places = patterns->places[hash_piece(data + at + step - 1)];
        for (; places; places &= places - 1) {
            size_t start = at + (size_t)ffs((int)places) - 1;
            if (may_begin(patterns, data + start)) {
                *match =
                    patterns_match(patterns, data + start, length - start, whole, size);
            }
            if (*match != MATCH_NONE) {
                return start;
            }
        }
    }
    return at;
}

size_t patterns_find(const struct patterns *patterns, const char *data, size_t length,
                     bool whole, enum match *match, size_t *size)
{
    *match = MATCH_NONE;
    if (patterns->longest == 0) {
        return length;
    }
    size_t at = find_by_pieces(patterns, data, length, whole, match, size);
    if (*match == MATCH_NONE && whole) {
        return length; /* no pattern is so short as what is left */
    }
    while (*match == MATCH_NONE && at < length) {
        *match = patterns_match(patterns, data + at, length - at, whole, size);
        at += *match == MATCH_NONE;
    }
    return at;
}
