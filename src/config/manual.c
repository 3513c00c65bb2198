/* The tables as lists of greenboard.json(5), in mdoc(7). */
#include "config/schema.h"

#include "config/fields.h"
#include "config/value.h"
#include "source/source.h"

#include <ctype.h>

enum { FILL = 66 }; /* columns after which a line of the source is broken */

/* Text as mdoc takes it: in short lines, of which none starts with a control character.
 */
static void add_text(struct buf *out, const char *text)
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

/* A table's help as a sentence. */
static void add_sentence(struct buf *out, const char *help)
{
    char first[2] = {(char)toupper((unsigned char)help[0]), '\0'};
    buf_text(out, first);
    add_text(out, help + 1);
    buf_text(out, ".\n");
}

static void add_field(const struct field *field, struct buf *out)
{
    struct buf wants;
    buf_init(&wants, 0);
    value_describe(field, &wants);
    buf_format(out, ".It Cm %s\n", field->path);
    add_sentence(out, field->help);
    buf_text(out, ".br\nIs ");
    add_text(out, buf_string(&wants));
    if (field->flags & FIELD_REQUIRED) {
        buf_text(out, ";\nmay not be missing");
    }
    if (field->flags & FIELD_OWN) {
        buf_text(out, ";\nnot in defaults");
    }
    bool section = field->type == FIELD_OBJECT && field->preset;
    if (field->preset && !section) {
        buf_text(out, ";\ndefault ");
        add_text(out, field->preset);
    }
    if (field->preset_tls) {
        buf_format(out, ", with TLS %s", field->preset_tls);
    }
    buf_text(out, ".\n");
    buf_finish(&wants);
}

void schema_manual_fields(struct buf *out)
{
    buf_text(out, ".Bl -tag -width Ds\n");
    for (size_t i = 0; i < field_count; i++) {
        if (!(fields[i].flags & FIELD_LATER)) {
            add_field(&fields[i], out);
        }
    }
    buf_text(out, ".El\n");
}

void schema_manual_sources(struct buf *out)
{
    buf_text(out, ".Bl -tag -width Ds\n");
    for (size_t i = 0; source_kinds[i]; i++) {
        const struct source_kind *kind = source_kinds[i];
        buf_format(out, ".It Li {\\(dq%s\\(dq: %s", kind->name,
                   kind->wants_argv ? "[ARGUMENTS]" : "TEXT");
        for (size_t n = 0; kind->needs && kind->needs[n]; n++) {
            buf_format(out, ", \\(dq%s\\(dq: TEXT", kind->needs[n]);
        }
        buf_text(out, "}\n");
        add_sentence(out, kind->help);
        for (size_t n = 0; kind->takes && kind->takes[n]; n++) {
            buf_format(out, "Takes\n.Qq %s\ntoo.\n", kind->takes[n]);
        }
    }
    buf_text(out, ".El\n");
}
