#include "release/diff.h"

#include "base/mem.h"
#include "base/text.h"
#include "secret/mask.h"

#include <stdlib.h>
#include <string.h>

enum { VALUE_SHOWN = 160 };

const char diff_signs[DIFF_COUNT] = {
#define DIFFS_SIGN(id, sign, help) [id] = sign,
    DIFFS(DIFFS_SIGN)
#undef DIFFS_SIGN
};

struct side {
    const struct cut *cut;
    struct members members;
};

/* A value as a reader takes it; where "1" is not 1 it is told which it is: JSON as it is
 * written, YAML between quotes where it does not stand plain. The caller frees. */
static char *plain(const struct side *side, const struct member *member)
{
    const char *written = side->cut->text.data + member->at;
    bool bare = member->length == 0 || !strchr("\"'|>", *written);
    return side->cut->form == FORM_JSON           ? mem_bytes(written, member->length)
           : side->cut->form != FORM_YAML || bare ? mem_text(member->value)
                                                  : mem_format("\"%s\"", member->value);
}

/* As it may be shown; the caller frees. */
static char *shown(const struct side *side, const struct member *member)
{
    const struct hole *hole = cut_hole(side->cut, member);
    char *value = plain(side, member);
    char *text = hole ? mem_format("secret %s", hole->fingerprint)
                      : mask_clean(value, VALUE_SHOWN);
    free(value);
    return text;
}

static void tell(const struct diff_to *to, enum diff_mark mark, char *take_text)
{
    to->line(to->self, mark, take_text);
    free(take_text);
}

static bool tell_alone(const struct diff_to *to, enum diff_mark mark,
                       const struct side *side, const struct member *member)
{
    char *value = shown(side, member);
    tell(to, mark, mem_format("%s = %s", member->name, value));
    free(value);
    return true;
}

/* A secret of then is never brought back, so that it is the one of now that stays. */
static bool tell_both(const struct diff_to *to, const struct side *now,
                      const struct member *is, const struct side *then,
                      const struct member *was)
{
    const struct hole *secret = cut_hole(then->cut, was);
    char *before = shown(now, is), *after = shown(then, was);
    char *value_now = plain(now, is), *value_then = plain(then, was);
    bool differs = strcmp(value_now, value_then) != 0;
    if (differs && secret) {
        tell(to, DIFF_STAYS,
             mem_format("%s stays %s (then %s)", was->name, before, secret->fingerprint));
    } else if (differs) {
        tell(to, DIFF_CHANGES,
             mem_format("%s = %s becomes %s", was->name, before, after));
    }
    free(before);
    free(after);
    free(value_now);
    free(value_then);
    return differs;
}

static size_t diff_members(const struct side *now, const struct side *then,
                           const struct diff_to *to)
{
    size_t count = 0;
    for (size_t i = 0; i < now->members.count; i++) {
        const struct member *is = &now->members.rows[i];
        if (members_find(&now->members, is->name) != is) {
            continue;
        }
        const struct member *was = members_find(&then->members, is->name);
        count +=
            was ? tell_both(to, now, is, then, was) : tell_alone(to, DIFF_GONE, now, is);
    }
    for (size_t i = 0; i < then->members.count; i++) {
        const struct member *was = &then->members.rows[i];
        if (members_find(&then->members, was->name) == was &&
            !members_find(&now->members, was->name)) {
            count += tell_alone(to, DIFF_COMES, then, was);
        }
    }
    return count;
}

/* Where a secret stood in a text the present one will stand, whatever it was. A value
 * that nobody named as a secret and that looks like one is told by its fingerprint. */
static char *as_shown(const struct cut *cut)
{
    struct buf text, shown;
    struct error error;
    size_t from = 0;
    buf_init_secret(&text, 0);
    buf_init(&shown, 0);
    for (size_t i = 0; i < cut->count; i++) {
        buf_add(&text, cut->text.data + from, cut->holes[i].at - from);
        buf_text(&text, CUT_HOLE);
        from = cut->holes[i].at + cut->holes[i].length;
    }
    buf_add(&text, buf_string(&cut->text) + from, cut->text.length - from);
    if (!cut_shown(buf_string(&text), &shown, &error)) {
        buf_clear(&shown);
        buf_format(&shown, "it cannot be shown: %s", error.message);
    }
    buf_finish(&text);
    char *whole = buf_take(&shown);
    return whole ? whole : mem_text("");
}

/* The hole of the same line; NULL: there is none. */
static const struct hole *same_hole(const struct cut *cut, const struct hole *as)
{
    for (size_t i = 0; i < cut->count; i++) {
        if (text_equal(cut->holes[i].name, as->name) && cut->holes[i].nth == as->nth) {
            return &cut->holes[i];
        }
    }
    return NULL;
}

/* The secrets of a text's lines: what stands there now stays. */
static void tell_holes(const struct cut *now, const struct cut *then,
                       const struct diff_to *to)
{
    for (size_t i = 0; i < then->count; i++) {
        const struct hole *was = &then->holes[i];
        const struct hole *is = was->name ? same_hole(now, was) : NULL;
        if (is && strcmp(is->fingerprint, was->fingerprint) != 0) {
            tell(to, DIFF_STAYS,
                 mem_format("%s stays secret %s (then %s)", was->name, is->fingerprint,
                            was->fingerprint));
        }
    }
}

void diff_cuts(const struct cut *now, const struct cut *then, const struct diff_to *to)
{
    struct side is = {.cut = now}, was = {.cut = then};
    size_t count = 0;
    bool alike = now->form == then->form && now->form != FORM_TEXT &&
                 members_read_as(&is.members, now->form, buf_string(&now->text),
                                 now->text.length, NULL) &&
                 members_read_as(&was.members, then->form, buf_string(&then->text),
                                 then->text.length, NULL);
    if (alike) {
        count = diff_members(&is, &was, to);
    }
    if (now->form == FORM_TEXT && then->form == FORM_TEXT) {
        tell_holes(now, then, to);
    }
    if (count == 0) { /* only what has no name differs: comments, order, blanks */
        char *before = as_shown(now), *after = as_shown(then);
        diff_lines(before, after, to);
        free(before);
        free(after);
    }
    members_finish(&is.members);
    members_finish(&was.members);
}
