#include "board/cause.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static bool is_red(const struct board *board, const struct light *light, int64_t now)
{
    return light && gate_light(board, light, now) >= CLOSURE_UNPROVEN;
}

/* What the check itself blames, else the first red one among those that it needs. */
static const struct light *reason_of(const struct board *board, const struct light *light,
                                     int64_t now)
{
    const char *blamed = light->result ? light->result->blames : NULL;
    const struct light *other = blamed ? board_find(board, blamed) : NULL;
    if (other != light && is_red(board, other, now)) {
        return other;
    }
    const char *const *needs = light->check->needs;
    for (; needs && *needs; needs++) {
        other = board_find(board, *needs);
        if (other != light && is_red(board, other, now)) {
            return other;
        }
    }
    return NULL;
}

/* Follows the reasons to one that stands for itself; a circle ends at where it was
 * entered. */
static const struct light *last_reason(const struct board *board,
                                       const struct light *light, int64_t now)
{
    const struct light *at = light;
    for (size_t steps = 0; steps < board->count; steps++) {
        const struct light *reason = reason_of(board, at, now);
        if (!reason) {
            return at;
        }
        at = reason;
    }
    return light;
}

/* Who says word for word what an earlier one says ("backend: connection refused
 * by 10.0.0.3:443") adds no cause. */
static const struct light *root_of(const struct board *board, const struct light *light,
                                   int64_t now)
{
    const struct light *root = last_reason(board, light, now);
    for (const struct light *other = board->lights; other < root; other++) {
        if (root->result && other->result && is_red(board, other, now) &&
            !reason_of(board, other, now) &&
            text_equal(other->result->summary, root->result->summary)) {
            return other;
        }
    }
    return root;
}

static struct cause *cause_for(struct causes *causes, const struct light *light)
{
    for (size_t i = 0; i < causes->count; i++) {
        if (causes->rows[i].light == light) {
            return &causes->rows[i];
        }
    }
    causes->rows = mem_resize(causes->rows, (causes->count + 1) * sizeof *causes->rows);
    causes->rows[causes->count] = (struct cause){.light = light};
    return &causes->rows[causes->count++];
}

void cause_find(const struct board *board, int64_t now, struct causes *causes)
{
    *causes = (struct causes){0};
    size_t *order = mem_alloc(board->count * sizeof *order);
    board_order(board, now, order);
    for (size_t i = 0; i < board->count; i++) {
        const struct light *light = &board->lights[order[i]];
        if (!is_red(board, light, now)) {
            continue;
        }
        const struct light *root = root_of(board, light, now);
        struct cause *cause = cause_for(causes, root);
        if (root != light) {
            cause->explains =
                mem_resize(cause->explains, (cause->count + 1) * sizeof *cause->explains);
            cause->explains[cause->count++] = light;
        }
    }
    free(order);
}

void causes_finish(struct causes *causes)
{
    for (size_t i = 0; i < causes->count; i++) {
        free(causes->rows[i].explains);
    }
    free(causes->rows);
    *causes = (struct causes){0};
}

char *causes_line(const struct causes *causes)
{
    if (causes->count == 0) {
        return NULL;
    }
    struct buf line;
    buf_init(&line, 0);
    buf_format(&line, "%zu cause%s: ", causes->count, causes->count == 1 ? "" : "s");
    for (size_t i = 0; i < causes->count; i++) {
        const struct cause *cause = &causes->rows[i];
        buf_format(&line, "%s%s: %s", i ? "; " : "", cause->light->name,
                   cause->light->result ? cause->light->result->summary
                                        : "no answer yet");
        for (size_t j = 0; j < cause->count; j++) {
            buf_format(&line, "%s%s", j ? ", " : ", explains ", cause->explains[j]->name);
        }
    }
    return buf_take(&line);
}

const struct light *causes_of(const struct causes *causes, const struct light *light)
{
    for (size_t i = 0; i < causes->count; i++) {
        for (size_t j = 0; j < causes->rows[i].count; j++) {
            if (causes->rows[i].explains[j] == light) {
                return causes->rows[i].light;
            }
        }
    }
    return NULL;
}
