#include "man/mdoc.h"

#include <ctype.h>
#include <string.h>

enum { FILL = 66 }; /* columns after which a line of the source is broken */

void mdoc_text(struct buf *out, const char *text)
{
    int column = 0;
    for (; *text; text++, column++) {
        if (*text == '\\') {
            buf_text(out, "\\e");
        } else if (*text == ' ' && column >= FILL && text[1] != '.' && text[1] != '\'') {
            buf_text(out, "\n");
            column = 0;
        } else {
            buf_add(out, text, 1);
        }
    }
}

void mdoc_sentence(struct buf *out, const char *help)
{
    char first[2] = {(char)toupper((unsigned char)help[0]), '\0'};
    buf_text(out, first);
    mdoc_text(out, help + 1);
    buf_text(out, ".\n");
}

/* A macro takes each word apart and would read a lone "|" or "?" as punctuation. */
void mdoc_item(struct buf *out, const char *macro, const char *text)
{
    buf_format(out, ".It %s", macro);
    while (*text) {
        size_t length = strcspn(text, " ");
        buf_text(out, " \\&");
        for (size_t i = 0; i < length; i++) {
            buf_text(out, text[i] == '-' ? "\\-" : (char[]){text[i], '\0'});
        }
        text += length + strspn(text + length, " ");
    }
    buf_text(out, "\n");
}
