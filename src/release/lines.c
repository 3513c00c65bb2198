/* The part of release/diff.h for texts without names: the longest common subsequence of
 * their lines, with what stands around each difference. */
#include "release/diff.h"

#include "base/mem.h"
#include "secret/mask.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { AROUND = 2, LINES_MOST = 2000, LINE_SHOWN = 200 };

struct lines {
    const char **at; /* each within the text */
    size_t *length;
    size_t count;
};

static void split(struct lines *lines, const char *text)
{
    size_t room = 1;
    for (const char *at = text; *at; at++) {
        room += *at == '\n';
    }
    *lines = (struct lines){mem_alloc(room * sizeof(char *)),
                            mem_alloc(room * sizeof(size_t)), 0};
    for (const char *at = text; *at;) {
        size_t length = strcspn(at, "\n");
        lines->at[lines->count] = at;
        lines->length[lines->count++] = length;
        at += length + (at[length] == '\n');
    }
}

static void let_go(struct lines *lines)
{
    free(lines->at);
    free(lines->length);
}

static bool same(const struct lines *a, size_t i, const struct lines *b, size_t j)
{
    return a->length[i] == b->length[j] && memcmp(a->at[i], b->at[j], a->length[i]) == 0;
}

struct script {
    const struct diff_to *to;
    const struct lines *now, *then;
    size_t after; /* lines of context still owed to the last difference */
    size_t seen;  /* lines of `now` that were told or passed over */
};

static void tell(const struct script *script, enum diff_mark mark,
                 const struct lines *lines, size_t i)
{
    char *line = mem_bytes(lines->at[i], lines->length[i]);
    char *clean = mask_clean(line, LINE_SHOWN);
    script->to->line(script->to->self, mark, clean);
    free(clean);
    mem_cleanse(line);
}

/* A line that both have. */
static void pass(struct script *script, size_t i)
{
    if (script->after > 0) {
        script->after--;
        tell(script, DIFF_CONTEXT, script->now, i);
        script->seen = i + 1;
    }
}

/* `i`: where in `now` it stands. */
static void differ(struct script *script, enum diff_mark mark, size_t i,
                   const struct lines *lines, size_t index)
{
    size_t from = i > AROUND ? i - AROUND : 0;
    for (from = from > script->seen ? from : script->seen; from < i; from++) {
        tell(script, DIFF_CONTEXT, script->now, from);
    }
    tell(script, mark, lines, index);
    script->seen = mark == DIFF_GONE ? i + 1 : i;
    script->after = AROUND;
}

/* longest[i][j]: of what is left from line i and line j on. */
static void walk(struct script *script, size_t start, size_t rows, size_t columns)
{
    const struct lines *now = script->now, *then = script->then;
    size_t width = columns + 1;
    uint16_t *longest = mem_alloc((rows + 1) * width * sizeof *longest);
    for (size_t i = rows; i-- > 0;) {
        for (size_t j = columns; j-- > 0;) {
            uint16_t down = longest[(i + 1) * width + j];
            uint16_t right = longest[i * width + j + 1];
            longest[i * width + j] =
                same(now, start + i, then, start + j)
                    ? (uint16_t)(longest[(i + 1) * width + j + 1] + 1)
                : down > right ? down
                               : right;
        }
    }
    size_t i = 0, j = 0;
    while (i < rows || j < columns) {
        if (i < rows && j < columns && same(now, start + i, then, start + j)) {
            pass(script, start + i);
            i++;
            j++;
        } else if (i < rows && (j == columns || longest[(i + 1) * width + j] >=
                                                    longest[i * width + j + 1])) {
            differ(script, DIFF_GONE, start + i, now, start + i);
            i++;
        } else {
            differ(script, DIFF_COMES, start + i, then, start + j);
            j++;
        }
    }
    free(longest);
}

void diff_lines(const char *from, const char *to_text, const struct diff_to *to)
{
    struct lines now, then;
    split(&now, from);
    split(&then, to_text);
    struct script script = {.to = to, .now = &now, .then = &then};
    size_t start = 0, end = 0;
    while (start < now.count && start < then.count && same(&now, start, &then, start)) {
        start++;
    }
    while (end < now.count - start && end < then.count - start &&
           same(&now, now.count - 1 - end, &then, then.count - 1 - end)) {
        end++;
    }
    size_t rows = now.count - start - end, columns = then.count - start - end;
    if (rows > LINES_MOST || columns > LINES_MOST) {
        char *text = mem_format("%zu lines become %zu others", rows, columns);
        to->line(to->self, DIFF_CHANGES, text);
        free(text);
    } else {
        walk(&script, start, rows, columns);
        for (size_t i = now.count - end; i < now.count && script.after > 0; i++) {
            pass(&script, i);
        }
    }
    let_go(&now);
    let_go(&then);
}
