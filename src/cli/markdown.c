#include "cli/markdown.h"

#include "base/text.h"

#include <string.h>

static size_t longest_ticks(const char *text, size_t length)
{
    size_t longest = 0, now = 0;
    for (size_t i = 0; i < length; i++) {
        now = text[i] == '`' ? now + 1 : 0;
        longest = now > longest ? now : longest;
    }
    return longest;
}

static void add_ticks(struct buf *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_text(out, "`");
    }
}

/* CommonMark 6.1: a span ends at a run of exactly as many backticks as began it; one
 * blank at each end is taken away, which keeps a backtick there apart from them. */
void markdown_code(struct buf *out, const char *text)
{
    struct buf line;
    buf_init(&line, 0);
    text_clean(&line, text ? text : "", text ? strlen(text) : 0);
    const char *shown = buf_string(&line);
    if (shown[strspn(shown, " ")] == '\0') {
        buf_text(out, "-");
    } else {
        size_t ticks = longest_ticks(shown, line.length) + 1;
        const char *pad = ticks > 1 || *shown == ' ' ? " " : "";
        add_ticks(out, ticks);
        buf_format(out, "%s%s%s", pad, shown, pad);
        add_ticks(out, ticks);
    }
    buf_finish(&line);
}

/* CommonMark 4.5: a fence ends at one at least as long as that which began it. */
void markdown_fence(struct buf *out, const char *text, size_t length)
{
    size_t ticks = longest_ticks(text, length) + 1;
    ticks = ticks < 3 ? 3 : ticks;
    add_ticks(out, ticks);
    buf_text(out, "text\n");
    buf_add(out, text, length);
    buf_text(out, length && text[length - 1] != '\n' ? "\n" : "");
    add_ticks(out, ticks);
    buf_text(out, "\n");
}
