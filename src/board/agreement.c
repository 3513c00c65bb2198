#include "board/agreement.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static bool lists(const json_t *sources, const json_t *source)
{
    bool found = json_equal(sources, source);
    for (size_t i = 0; i < json_array_size(sources) && !found; i++) {
        found = json_equal(json_array_get(sources, i), source);
    }
    return found;
}

static bool is_same_place(const json_t *one, const json_t *other)
{
    bool same = lists(one, other);
    for (size_t i = 0; i < json_array_size(other) && !same; i++) {
        same = lists(one, json_array_get(other, i));
    }
    return same;
}

static void say(struct agreement *out, enum agreement_kind kind, char *take_finding,
                char *take_remedy)
{
    out->kind = kind;
    out->finding = take_finding;
    out->remedy = take_remedy;
}

static void tell_unreadable(const struct resolved *held, struct agreement *out)
{
    const struct error *why = held ? &held->error : NULL;
    out->unproven = !why || why->code == ERROR_SYSTEM || why->code == ERROR_CANCELLED;
    say(out, AGREEMENT_UNREADABLE,
        mem_format("has no JWT secret that can be read: %s: %s",
                   held ? held->label : "source", why ? why->message : "not resolved"),
        mem_text(why && why->hint[0]
                     ? why->hint
                     : "mount the canonical secret there, or let us read it"));
}

static const char *last_part(const char *vault)
{
    const char *slash = strrchr(vault, '/');
    return slash ? slash + 1 : vault;
}

/* "jwt-secret" alone would read like the same where only the projects differ. The caller
 * frees. */
static char *name_of(const struct holder *of, const struct holder *beside)
{
    const char *vault = of->resolved->vault, *other = beside->resolved->vault;
    bool alike = text_equal(last_part(vault), last_part(other));
    return mem_format("%s, version %s", alike ? vault : last_part(vault),
                      of->resolved->version);
}

static void tell_other_name(const struct holder *reference, const struct holder *holder,
                            struct agreement *out)
{
    char *given = name_of(holder, reference), *right = name_of(reference, holder);
    if (out->mismatch) {
        say(out, AGREEMENT_OTHER_VALUE,
            mem_format("holds another secret than the canonical one: it is given %s, not "
                       "%s",
                       given, right),
            NULL);
    } else {
        say(out, AGREEMENT_OTHER_NAME,
            mem_format("is given secret %s, not %s: the same value now, but the next "
                       "rotation parts them",
                       given, right),
            NULL);
    }
    out->remedy = mem_format("mount %s, in %s and redeploy it", right, holder->name);
    free(right);
    free(given);
}

static bool is_other_name(const struct holder *reference, const struct holder *holder)
{
    if (!reference || !reference->resolved || !reference->resolved->vault ||
        !holder->resolved->vault) {
        return false;
    }
    return !text_equal(reference->resolved->vault, holder->resolved->vault) ||
           !text_equal(reference->resolved->version, holder->resolved->version);
}

void agreement_judge(const struct holder *canonical, const struct holder *reference,
                     const struct holder *holder, struct agreement *out)
{
    const struct resolved *held = holder->resolved;
    *out = (struct agreement){.kind = AGREEMENT_SAME};
    if (!held || held->state != SOURCE_FOUND) {
        tell_unreadable(held, out);
    } else if (!secret_equal(held->secret, canonical->resolved->secret)) {
        out->mismatch = true;
        if (is_other_name(reference, holder)) {
            tell_other_name(reference, holder, out);
            return;
        }
        say(out, AGREEMENT_OTHER_VALUE,
            mem_text("holds another secret than the canonical one"),
            mem_format("give %s the canonical secret and redeploy it", holder->name));
    } else if (is_same_place(canonical->source, holder->source)) {
        say(out, AGREEMENT_ITSELF,
            mem_text("is read from where the canonical one is, so that comparing them "
                     "proves nothing"),
            mem_text("say where the service itself reads it"));
    } else if (is_other_name(reference, holder)) {
        tell_other_name(reference, holder, out);
    } else if (held->doubt.code) {
        out->mismatch = held->doubt.code == ERROR_CONFIG;
        out->unproven = held->doubt.code == ERROR_SYSTEM;
        say(out, AGREEMENT_DOUBTFUL,
            mem_format("may run with another secret: %s", held->doubt.message),
            mem_text(held->doubt.hint));
    }
}

void agreement_finish(struct agreement *agreement)
{
    free(agreement->finding);
    free(agreement->remedy);
    *agreement = (struct agreement){.kind = AGREEMENT_SAME};
}
