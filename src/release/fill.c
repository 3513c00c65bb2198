/* The other half of release/cut.h: holes are filled with what a secret is now, and what
 * was made of it is read again: it must say the same, but for the secrets. */
#include "release/cut.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "source/env_file.h"

#include <stdlib.h>
#include <string.h>

/* ---- a value as a form writes it ---- */

static bool write_json(struct buf *out, const char *before, const char *value)
{
    char *whole = mem_format("%s%s", before ? before : "", value);
    json_t *text = json_string(whole);
    char *written = text ? json_dumps(text, JSON_ENCODE_ANY) : NULL;
    if (written) {
        buf_text(out, written);
    }
    mem_cleanse(whole);
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

/* One character between double quotes (YAML 1.2 section 5.7). */
static void write_point(struct buf *out, const char *bytes, size_t used, uint32_t point)
{
    if (point == '"' || point == '\\') {
        buf_format(out, "\\%c", (char)point);
    } else if (point == '\n' || point == '\t') {
        buf_text(out, point == '\n' ? "\\n" : "\\t");
    } else if (point < ' ' || (point >= 0x7f && point < 0xa0)) {
        buf_format(out, "\\x%02x", (unsigned)point);
    } else if (point == 0x2028 || point == 0x2029 || point == 0xfeff) {
        buf_format(out, "\\u%04x", (unsigned)point);
    } else {
        buf_add(out, bytes, used);
    }
}

static bool reads_back(const struct buf *written, enum form form, const char *value)
{
    struct members members;
    bool same =
        members_read_as(&members, form, buf_string(written), written->length, NULL) &&
        members.count == 1 && strcmp(members.rows[0].value, value) == 0;
    members_finish(&members);
    return same;
}

static bool write_yaml(struct buf *out, const char *before, const char *value)
{
    struct buf whole, written;
    uint32_t point;
    buf_init_secret(&whole, 0);
    buf_init_secret(&written, 0);
    buf_text(&whole, before ? before : "");
    buf_text(&whole, value);
    buf_text(&written, "\"");
    for (size_t at = 0, used = 0; at < whole.length; at += used) {
        const char *bytes = whole.data + at;
        used = text_decode(bytes, whole.length - at, &point);
        if (used == 0) {
            used = 1; /* no UTF-8: it will not read back */
            point = ' ';
        }
        write_point(&written, bytes, used, point);
    }
    buf_text(&written, "\"");
    bool same = reads_back(&written, FORM_YAML, buf_string(&whole));
    if (same) {
        buf_add(out, buf_string(&written), written.length);
    }
    buf_finish(&whole);
    buf_finish(&written);
    return same;
}

static bool write_value(struct buf *out, enum form form, const char *before,
                        const char *value)
{
    return form == FORM_JSON     ? write_json(out, before, value)
           : form == FORM_DOTENV ? write_dotenv(out, value)
           : form == FORM_YAML   ? write_yaml(out, before, value)
                                 : buf_text(out, value);
}

/* ---- the present value ---- */

/* What a hole becomes. Of a source alone there is no member. */
struct filling {
    const struct member *member;
    const struct secret *secret;
};

struct fill {
    const struct cut *cut;
    const char *path;
    const struct buf *present; /* or NULL */
    struct members now, kept;
    struct filling *fillings; /* one a hole */
};

static const struct secret *present_source(const struct hole *hole,
                                           const struct known *known)
{
    json_t *source =
        hole->source ? json_parse(hole->source, strlen(hole->source), NULL) : NULL;
    const struct resolved *found = secrets_find(known->secrets, source);
    json_decref(source);
    return found && found->state == SOURCE_FOUND ? found->secret : NULL;
}

static bool no_value(const struct hole *hole, const char *path, struct error *error)
{
    error_set(error, ERROR_ABSENT,
              "%s in %s is a secret, and nothing says what it is now",
              hole->name ? hole->name : "what stands between other text", path);
    error_hint(error, "put its present value into %s, then roll back again", path);
    return false;
}

/* The lines of a text may bear one name several times: then the present text must have as
 * many, so that nothing is guessed. */
static const struct member *present_line(const struct fill *fill, const struct hole *hole)
{
    size_t count;
    const struct member *found = members_nth(&fill->now, hole->name, hole->nth, &count);
    return count == hole->count ? found : NULL;
}

static bool find_filling(struct fill *fill, const struct hole *hole,
                         const struct known *known, struct filling *filling,
                         struct error *error)
{
    bool alike = hole->name && fill->present;
    filling->member = !alike ? NULL
                      : fill->cut->form == FORM_TEXT
                          ? present_line(fill, hole)
                          : members_find(&fill->now, hole->name);
    filling->secret = filling->member ? NULL : present_source(hole, known);
    return filling->member || filling->secret || no_value(hole, fill->path, error);
}

static const char *value_of(const struct filling *filling)
{
    return filling->member ? filling->member->value : secret_data(filling->secret);
}

/* ---- writing ---- */

/* Where YAML stands decides what may be plain, and how far to the right lines begin. */
static bool depends_on_place(const char *written, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (strchr("\n,[]{}", written[i])) {
            return true;
        }
    }
    return false;
}

/* As it is written now; a line's value with its quotes where none are around the hole. */
static void write_member(const struct fill *fill, const struct hole *hole,
                         const struct member *member, struct buf *out)
{
    const char *written = fill->present->data + member->at;
    bool line = fill->cut->form == FORM_TEXT && member->at > 0;
    bool quoted =
        line && strchr("\"'", written[-1]) && written[-1] == written[member->length];
    bool outside = hole->at > 0 && strchr("\"'", fill->cut->text.data[hole->at - 1]);
    bool squeezed = fill->cut->text.data[hole->at] == ' ' && member->length;
    buf_text(out, squeezed ? " " : "");
    if (quoted && !outside) {
        buf_add(out, written - 1, member->length + 2);
    } else {
        buf_add(out, written, member->length);
    }
}

static const struct member *kept_member(const struct fill *fill, const struct hole *hole)
{
    const struct member *end = fill->kept.rows + fill->kept.count, *row = fill->kept.rows;
    while (row < end && row->at < hole->at) {
        row++;
    }
    return row < end && row->at < hole->at + hole->length ? row : NULL;
}

static bool write_filling(const struct fill *fill, size_t i, bool anywhere,
                          struct buf *out)
{
    const struct hole *hole = &fill->cut->holes[i];
    const struct filling *filling = &fill->fillings[i];
    const struct member *member = filling->member;
    if (member && !(anywhere &&
                    depends_on_place(fill->present->data + member->at, member->length))) {
        write_member(fill, hole, member, out);
        return true;
    }
    const struct member *was = kept_member(fill, hole);
    const char *value = value_of(filling);
    size_t length = member ? strlen(value) : secret_length(filling->secret);
    buf_text(out, fill->cut->text.data[hole->at] == ' ' ? " " : "");
    return strlen(value) == length
               ? write_value(out, fill->cut->form, was ? was->before : NULL, value)
               : fill->cut->form == FORM_TEXT && buf_add(out, value, length);
}

/* `anywhere`: nothing that depends on where it stands is taken as it is written. */
static bool write_whole(const struct fill *fill, bool anywhere, struct buf *out,
                        struct error *error)
{
    const struct cut *cut = fill->cut;
    size_t from = 0;
    bool done = true;
    buf_clear(out);
    for (size_t i = 0; done && i < cut->count; i++) {
        const struct hole *hole = &cut->holes[i];
        buf_add(out, cut->text.data + from, hole->at - from);
        done = write_filling(fill, i, anywhere, out) || no_value(hole, fill->path, error);
        from = hole->at + hole->length;
    }
    buf_add(out, buf_string(&cut->text) + from, cut->text.length - from);
    return done;
}

/* ---- and it says the same ---- */

static bool same_lines(const struct fill *fill, const struct members *made)
{
    bool same = true;
    for (size_t i = 0; same && i < fill->cut->count; i++) {
        const struct hole *hole = &fill->cut->holes[i];
        size_t count;
        const struct member *is =
            hole->name ? members_nth(made, hole->name, hole->nth, &count) : NULL;
        same = !hole->name || (is && count == hole->count &&
                               strcmp(is->value, value_of(&fill->fillings[i])) == 0);
    }
    return same;
}

static bool same_members(const struct fill *fill, const struct members *made)
{
    size_t at = 0, of = 0;
    const struct member *is, *was;
    bool same = true;
    while (same && (was = members_next(&fill->kept, &of))) {
        const struct hole *hole = cut_hole(fill->cut, was);
        const char *value =
            hole ? value_of(&fill->fillings[hole - fill->cut->holes]) : was->value;
        is = members_next(made, &at);
        same = is && strcmp(is->name, was->name) == 0 && strcmp(is->value, value) == 0;
    }
    return same && !members_next(made, &at);
}

static bool says_the_same(const struct fill *fill, const struct buf *out)
{
    struct members made;
    enum form form = fill->cut->form;
    bool same = members_read_as(&made, form, buf_string(out), out->length, NULL) &&
                (form == FORM_TEXT ? same_lines(fill, &made) : same_members(fill, &made));
    members_finish(&made);
    return same;
}

static bool refuse(const struct fill *fill, struct error *error)
{
    error_set(error, ERROR_CONFIG,
              "%s would not say the same with the secrets that it has now", fill->path);
    error_hint(error, "make it by hand what it was; its secrets are those that it has");
    return false;
}

bool cut_fill(const struct cut *cut, const char *path, const struct buf *present,
              const struct known *known, struct buf *out, struct error *error)
{
    struct fill fill = {.cut = cut, .path = path, .present = present};
    fill.fillings = mem_alloc((cut->count + 1) * sizeof *fill.fillings);
    bool done = !present || members_read_as(&fill.now, cut->form, buf_string(present),
                                            present->length, error);
    if (!done) {
        error_prefix(error, "%s cannot be read", path);
        error_hint(error, "mend %s: the secrets in it are taken from there", path);
    }
    done = done && (members_read_as(&fill.kept, cut->form, buf_string(&cut->text),
                                    cut->text.length, NULL) ||
                    refuse(&fill, error));
    for (size_t i = 0; done && i < cut->count; i++) {
        done = find_filling(&fill, &cut->holes[i], known, &fill.fillings[i], error);
    }
    done = done && write_whole(&fill, false, out, error);
    if (done && !says_the_same(&fill, out)) {
        done = (cut->form == FORM_YAML && write_whole(&fill, true, out, error) &&
                says_the_same(&fill, out)) ||
               refuse(&fill, error);
    }
    members_finish(&fill.now);
    members_finish(&fill.kept);
    free(fill.fillings);
    return done;
}

/* ---- in a manifest ---- */

json_t *cut_holes_json(const struct cut *cut)
{
    json_t *array = json_array();
    for (size_t i = 0; i < cut->count; i++) {
        const struct hole *hole = &cut->holes[i];
        json_array_append_new(
            array, json_pack("{s:o, s:I, s:I, s:I, s:I, s:s, s:o}", "name",
                             json_text(hole->name), "nth", (json_int_t)hole->nth, "of",
                             (json_int_t)hole->count, "at", (json_int_t)hole->at,
                             "length", (json_int_t)hole->length, "fingerprint",
                             hole->fingerprint, "source", json_text(hole->source)));
    }
    return array;
}

static bool read_hole(struct cut *cut, const json_t *row, size_t *from)
{
    json_int_t at = json_integer_value(json_object_get(row, "at"));
    json_int_t length = json_integer_value(json_object_get(row, "length"));
    const char *fingerprint = json_get_text(row, "fingerprint");
    json_int_t nth = json_integer_value(json_object_get(row, "nth"));
    json_int_t count = json_integer_value(json_object_get(row, "of"));
    size_t size = cut->text.length;
    if (at < 0 || nth < 0 || count < 0 || length <= 0 || (size_t)at < *from ||
        (size_t)at > size || (size_t)length > size - (size_t)at || !fingerprint ||
        strlen(fingerprint) != FINGERPRINT - 1) {
        return false;
    }
    cut->holes = mem_resize(cut->holes, (cut->count + 1) * sizeof *cut->holes);
    struct hole *hole = &cut->holes[cut->count++];
    *hole = (struct hole){.name = mem_text(json_get_text(row, "name")),
                          .nth = (size_t)nth,
                          .count = (size_t)count,
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
