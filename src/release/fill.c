/* The other half of release/cut.h: holes are filled with what a secret is now. */
#include "release/cut.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "source/env_file.h"

#include <stdlib.h>
#include <string.h>

/* ---- a value as a form writes it ---- */

static bool write_json(struct buf *out, const char *value)
{
    json_t *text = json_string(value);
    char *written = text ? json_dumps(text, JSON_ENCODE_ANY) : NULL;
    if (written) {
        buf_text(out, written);
    }
    mem_cleanse(written);
    json_decref(text);
    return written != NULL;
}

/* Between double quotes, and read back to see that a service will read the same. */
static bool write_dotenv(struct buf *out, const char *value)
{
    struct buf written, read;
    struct dotenv_line line;
    buf_init_secret(&written, 0);
    buf_init_secret(&read, 0);
    buf_text(&written, "N=\"");
    for (const char *at = value; *at; at++) {
        buf_text(&written, strchr("\"\\", *at) ? "\\" : "");
        buf_add(&written, at, 1);
    }
    buf_text(&written, "\"");
    dotenv_read(buf_string(&written), &line, &read);
    bool same = !line.trouble && strcmp(buf_string(&read), value) == 0;
    if (same) {
        buf_add(out, line.written, line.written_length);
    }
    buf_finish(&written);
    buf_finish(&read);
    return same;
}

static bool write_value(struct buf *out, enum form form, const struct secret *secret)
{
    const char *value = secret_data(secret);
    bool text = strlen(value) == secret_length(secret);
    return form == FORM_JSON     ? text && write_json(out, value)
           : form == FORM_DOTENV ? text && write_dotenv(out, value)
                                 : buf_add(out, value, secret_length(secret));
}

/* ---- the present value ---- */

static const struct resolved *present_source(const struct hole *hole,
                                             const struct known *known)
{
    json_t *source =
        hole->source ? json_parse(hole->source, strlen(hole->source), NULL) : NULL;
    const struct resolved *found = secrets_find(known->secrets, source);
    json_decref(source);
    return found && found->state == SOURCE_FOUND ? found : NULL;
}

static bool no_value(const struct hole *hole, const char *path, struct error *error)
{
    error_set(error, ERROR_ABSENT,
              "%s in %s is a secret, and nothing says what it is now",
              hole->name ? hole->name : "what stands between other text", path);
    error_hint(error, "put its present value into %s, then roll back again", path);
    return false;
}

static bool fill_hole(const struct cut *cut, const struct hole *hole, const char *path,
                      const struct members *now, const struct buf *present,
                      const struct known *known, struct buf *out, struct error *error)
{
    bool alike = hole->name && now->form == cut->form;
    const struct member *member = alike ? members_find(now, hole->name) : NULL;
    if (member && present) {
        return buf_add(out, present->data + member->at, member->length);
    }
    const struct resolved *source = present_source(hole, known);
    return (source && write_value(out, cut->form, source->secret)) ||
           no_value(hole, path, error);
}

bool cut_fill(const struct cut *cut, const char *path, const struct buf *present,
              const struct known *known, struct buf *out, struct error *error)
{
    struct members now = {0};
    size_t from = 0;
    bool done =
        !present || members_read(&now, path, buf_string(present), present->length, error);
    if (!done) {
        error_hint(error, "mend %s: the secrets in it are taken from there", path);
    }
    for (size_t i = 0; done && i < cut->count; i++) {
        const struct hole *hole = &cut->holes[i];
        buf_add(out, cut->text.data + from, hole->at - from);
        done = fill_hole(cut, hole, path, &now, present, known, out, error);
        from = hole->at + hole->length;
    }
    if (done) {
        buf_add(out, buf_string(&cut->text) + from, cut->text.length - from);
    }
    members_finish(&now);
    return done;
}

/* ---- in a manifest ---- */

json_t *cut_holes_json(const struct cut *cut)
{
    json_t *array = json_array();
    for (size_t i = 0; i < cut->count; i++) {
        const struct hole *hole = &cut->holes[i];
        json_array_append_new(
            array, json_pack("{s:o, s:I, s:I, s:s, s:o}", "name", json_text(hole->name),
                             "at", (json_int_t)hole->at, "length",
                             (json_int_t)hole->length, "fingerprint", hole->fingerprint,
                             "source", json_text(hole->source)));
    }
    return array;
}

static bool read_hole(struct cut *cut, const json_t *row, size_t *from)
{
    json_int_t at = json_integer_value(json_object_get(row, "at"));
    json_int_t length = json_integer_value(json_object_get(row, "length"));
    const char *fingerprint = json_get_text(row, "fingerprint");
    size_t size = cut->text.length;
    if (at < 0 || length <= 0 || (size_t)at < *from || (size_t)at > size ||
        (size_t)length > size - (size_t)at || !fingerprint ||
        strlen(fingerprint) != FINGERPRINT - 1) {
        return false;
    }
    cut->holes = mem_resize(cut->holes, (cut->count + 1) * sizeof *cut->holes);
    struct hole *hole = &cut->holes[cut->count++];
    *hole = (struct hole){.name = mem_text(json_get_text(row, "name")),
                          .at = (size_t)at,
                          .length = (size_t)length,
                          .source = mem_text(json_get_text(row, "source"))};
    memcpy(hole->fingerprint, fingerprint, FINGERPRINT);
    *from = (size_t)at + (size_t)length;
    return true;
}

bool cut_holes_read(struct cut *cut, const json_t *array)
{
    size_t i, from = 0;
    json_t *row;
    bool fits = json_is_array(array);
    json_array_foreach(array, i, row)
    {
        fits = fits && read_hole(cut, row, &from);
    }
    return fits;
}
