/* The field table and the kinds of sources as lists of greenboard.json(5). */
#include "man/pages.h"

#include "config/fields.h"
#include "config/value.h"
#include "man/mdoc.h"
#include "source/source.h"

static void add_field(const struct field *field, struct buf *out)
{
    struct buf wants;
    buf_init(&wants, 0);
    value_describe(field, &wants);
    buf_format(out, ".It Cm %s\n", field->path);
    mdoc_sentence(out, field->help);
    buf_text(out, ".br\nIs ");
    mdoc_text(out, buf_string(&wants));
    if (field->flags & FIELD_REQUIRED) {
        buf_text(out, ";\nmay not be missing");
    }
    if (field->flags & FIELD_OWN) {
        buf_text(out, ";\nnot in defaults");
    }
    bool section = field->type == FIELD_OBJECT && field->preset;
    if (field->preset && !section) {
        buf_text(out, ";\ndefault ");
        mdoc_text(out, field->preset);
    }
    if (field->preset_tls) {
        buf_format(out, ", with TLS %s", field->preset_tls);
    }
    buf_text(out, ".\n");
    buf_finish(&wants);
}

void pages_fields(struct buf *out)
{
    buf_text(out, ".Bl -tag -width Ds\n");
    for (size_t i = 0; i < field_count; i++) {
        add_field(&fields[i], out);
    }
    buf_text(out, ".El\n");
}

void pages_sources(struct buf *out)
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
        mdoc_sentence(out, kind->help);
        for (size_t n = 0; kind->takes && kind->takes[n]; n++) {
            buf_format(out, "Takes\n.Qq %s\ntoo.\n", kind->takes[n]);
        }
    }
    buf_text(out, ".El\n");
}
