#include "board/result.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "secret/mask.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct state_row state_rows[STATE_COUNT] = {
#define STATES_ROW(id, word, shown, glyph, ascii, rank, help)                            \
    {word, shown, glyph, ascii, rank, help},
    STATES(STATES_ROW)
#undef STATES_ROW
};

const char *const rung_words[RUNG_COUNT] = {
    NULL, "configured", "reachable", "authenticated", "usable",
};

bool state_from_word(const char *word, enum state *state)
{
    for (size_t i = 0; i < STATE_COUNT; i++) {
        if (text_equal(state_rows[i].word, word)) {
            *state = (enum state)i;
            return true;
        }
    }
    return false;
}

enum state state_worse(enum state a, enum state b)
{
    return state_rows[b].rank > state_rows[a].rank ? b : a;
}

struct result *result_create(void)
{
    struct result *result = mem_alloc(sizeof *result);
    result->references = 1;
    result->state = STATE_UNKNOWN;
    result->summary = mem_text("no answer");
    result->remedy = mem_text("ask again; if it stays so, report the check");
    return result;
}

struct result *result_ref(struct result *result)
{
    if (result) {
        __atomic_add_fetch(&result->references, 1, __ATOMIC_RELAXED);
    }
    return result;
}

void result_destroy(struct result *result)
{
    if (!result || __atomic_sub_fetch(&result->references, 1, __ATOMIC_ACQ_REL) > 0) {
        return;
    }
    for (size_t i = 0; i < result->evidence_count; i++) {
        free(result->evidence[i].key);
        free(result->evidence[i].value);
    }
    for (size_t i = 0; i < result->note_count; i++) {
        free(result->notes[i]);
    }
    free(result->evidence);
    free(result->notes);
    free(result->summary);
    free(result->remedy);
    free(result->blames);
    free(result);
}

static void replace(char **text, char *take_text)
{
    free(*text);
    *text = take_text;
}

static void settle(struct result *result, enum state state, const char *remedy,
                   const char *format, va_list args)
{
    char *summary = mem_format_list(format, args);
    replace(&result->remedy, mem_text(remedy)); /* the texts may be its own old ones */
    replace(&result->summary, summary);
    result->state = state;
}

void result_ok(struct result *result, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    settle(result, STATE_OK, NULL, format, args);
    va_end(args);
}

void result_skip(struct result *result, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    settle(result, STATE_SKIP, NULL, format, args);
    va_end(args);
}

void result_set(struct result *result, enum state state, const char *remedy,
                const char *format, ...)
{
    assert(remedy || state == STATE_OK || state == STATE_SKIP);
    va_list args;
    va_start(args, format);
    settle(result, state, remedy, format, args);
    va_end(args);
}

void result_error(struct result *result, const struct error *error, const char *remedy)
{
    bool ours = error->code == ERROR_SYSTEM || error->code == ERROR_CANCELLED;
    result_set(result, ours ? STATE_UNKNOWN : STATE_FAIL,
               error->hint[0] ? error->hint : remedy, "%s", error->message);
}

void result_block(struct result *result, const char *by, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    replace(&result->summary, mem_format_list(format, args));
    va_end(args);
    replace(&result->remedy, mem_format("mend %s first", by));
    replace(&result->blames, mem_text(by));
    result->state = STATE_BLOCKED;
}

void result_reach(struct result *result, enum rung rung)
{
    result->rung = rung > result->rung ? rung : result->rung;
}

void result_blame(struct result *result, const char *check)
{
    replace(&result->blames, mem_text(check));
}

static void put_evidence(struct result *result, const char *key, char *take_value,
                         bool identity)
{
    for (size_t i = 0; i < result->evidence_count; i++) {
        if (strcmp(result->evidence[i].key, key) == 0) {
            replace(&result->evidence[i].value, take_value);
            result->evidence[i].identity = identity;
            return;
        }
    }
    result->evidence = mem_resize(result->evidence, (result->evidence_count + 1) *
                                                        sizeof *result->evidence);
    result->evidence[result->evidence_count++] =
        (struct evidence){mem_text(key), take_value, identity};
}

void result_evidence(struct result *result, const char *key, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put_evidence(result, key, mem_format_list(format, args), false);
    va_end(args);
}

void result_identity(struct result *result, const char *key, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put_evidence(result, key, mem_format_list(format, args), true);
    va_end(args);
}

void result_note(struct result *result, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    result->notes =
        mem_resize(result->notes, (result->note_count + 1) * sizeof *result->notes);
    result->notes[result->note_count++] = mem_format_list(format, args);
    va_end(args);
}

void result_phase(struct result *result, const char *name, int64_t span)
{
    for (size_t i = 0; i < result->phase_count; i++) {
        if (strcmp(result->phases[i].name, name) == 0) {
            result->phases[i].span += span;
            return;
        }
    }
    if (result->phase_count < RESULT_PHASES) {
        result->phases[result->phase_count++] = (struct phase){name, span};
    }
}

void result_figure(struct result *result, double figure)
{
    result->has_figure = true;
    result->figure = figure;
}

const char *result_evidence_of(const struct result *result, const char *key)
{
    for (size_t i = 0; result && i < result->evidence_count; i++) {
        if (strcmp(result->evidence[i].key, key) == 0) {
            return result->evidence[i].value;
        }
    }
    return NULL;
}

int64_t result_duration(const struct result *result)
{
    return result->ended - result->began;
}

/* The marks of lights are ours alone: a text from outside must not look like one. */
static void unmark(char *text)
{
    for (size_t i = 0; i < STATE_COUNT; i++) {
        const char *glyph = state_rows[i].glyph;
        size_t length = strlen(glyph);
        for (char *at = text; length > 1 && (at = strstr(at, glyph)); at++) {
            *at = '?';
            memmove(at + 1, at + length, strlen(at + length) + 1);
        }
    }
}

static void seal(char **text)
{
    enum { LONGEST = 1000 };
    if (*text) {
        replace(text, mask_clean(*text, LONGEST));
        unmark(*text);
    }
}

void result_seal(struct result *result)
{
    seal(&result->summary);
    seal(&result->remedy);
    for (size_t i = 0; i < result->evidence_count; i++) {
        seal(&result->evidence[i].key); /* a command's own words, some of them */
        seal(&result->evidence[i].value);
    }
    for (size_t i = 0; i < result->note_count; i++) {
        seal(&result->notes[i]);
    }
}
