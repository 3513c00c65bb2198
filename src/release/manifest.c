#include "release/manifest.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 1 };
#define NAME "backup.json"

struct kept *manifest_add(struct manifest *manifest)
{
    manifest->rows =
        mem_resize(manifest->rows, (manifest->count + 1) * sizeof *manifest->rows);
    struct kept *row = &manifest->rows[manifest->count++];
    *row = (struct kept){0};
    return row;
}

void manifest_finish(struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->count; i++) {
        struct kept *row = &manifest->rows[i];
        free(row->path);
        free(row->real);
        free(row->file);
        argv_free(row->argv);
        cut_finish(&row->cut);
    }
    free(manifest->rows);
    *manifest = (struct manifest){0};
}

const struct kept *manifest_file(const struct manifest *manifest, const char *path)
{
    for (size_t i = 0; i < manifest->count; i++) {
        if (!manifest->rows[i].argv && strcmp(manifest->rows[i].path, path) == 0) {
            return &manifest->rows[i];
        }
    }
    return NULL;
}

/* ---- writing ---- */

/* "002-staging.env": a number, so that two of one name stay two. */
static char *file_name(size_t index, const char *path)
{
    const char *base = strrchr(path, '/');
    char *name = mem_format("%03zu-%.40s", index + 1, base ? base + 1 : path);
    for (char *at = name; *at; at++) {
        *at = (char)(isalnum((unsigned char)*at) || strchr("._-", *at) ? *at : '_');
    }
    return name;
}

static json_t *row_json(const struct kept *row)
{
    json_t *argv = row->argv ? json_texts(row->argv) : json_null();
    char mode[8];
    snprintf(mode, sizeof mode, "%04o", (unsigned)(row->mode & 07777));
    return json_pack("{s:s, s:o, s:o, s:o, s:s, s:s, s:I, s:s, s:s, s:o}", "kind",
                     row->argv ? "command" : "file", "path", json_text(row->path), "real",
                     json_text(row->real), "argv", argv, "kept", row->file, "mode", mode,
                     "size", (json_int_t)row->size, "sha256", row->sha256, "form",
                     form_words[row->cut.form], "holes", cut_holes_json(&row->cut));
}

static bool write_text(struct kept *row, size_t index, const char *directory,
                       struct error *error)
{
    const struct buf *text = &row->cut.text;
    row->file = file_name(index, row->path);
    digest_hex(row->sha256, buf_string(text), text->length);
    char *path = fs_join(directory, row->file);
    bool done = fs_replace(path, buf_string(text), text->length, 0600, error);
    free(path);
    return done;
}

bool manifest_write(struct manifest *manifest, const char *directory,
                    char digest[DIGEST_HEX], struct error *error)
{
    json_t *rows = json_array();
    bool done = fs_make_dirs(directory, error);
    for (size_t i = 0; done && i < manifest->count; i++) {
        done = write_text(&manifest->rows[i], i, directory, error);
        json_array_append_new(rows, done ? row_json(&manifest->rows[i]) : json_null());
    }
    json_t *document = json_pack("{s:i, s:o}", "version", VERSION, "kept", rows);
    char *text = json_pretty(document);
    char *path = fs_join(directory, NAME);
    digest_hex(digest, text, strlen(text));
    done = done && fs_replace(path, text, strlen(text), 0600, error);
    free(path);
    free(text);
    json_decref(document);
    return done;
}

/* ---- reading ---- */

static bool broken(const char *directory, const char *why, struct error *error)
{
    error_set(error, ERROR_PROTOCOL, "%s is not what was kept: %s", directory, why);
    error_hint(error, "choose another release; somebody changed or removed a file there");
    return false;
}

static bool read_file(const char *directory, const char *name, struct buf *out,
                      struct error *error)
{
    char *path = fs_join(directory, name);
    bool done = fs_read(path, out, error);
    free(path);
    return done;
}

static enum form form_of(const char *word)
{
    size_t form = 0;
    while (form < FORM_TEXT && !text_equal(form_words[form], word)) {
        form++;
    }
    return (enum form)form;
}

static bool read_row(struct kept *row, const json_t *object, const char *directory,
                     struct error *error)
{
    const char *mode = json_get_text(object, "mode");
    const char *sha256 = json_get_text(object, "sha256");
    const char *file = json_get_text(object, "kept");
    const json_t *argv = json_object_get(object, "argv");
    char actual[DIGEST_HEX];
    row->path = mem_text(json_get_text(object, "path"));
    row->real = mem_text(json_get_text(object, "real"));
    row->argv = json_is_array(argv) ? json_argv(argv) : NULL;
    row->file = mem_text(file);
    row->mode = mode ? (mode_t)strtoul(mode, NULL, 8) & 07777 : 0;
    row->size = (size_t)json_integer_value(json_object_get(object, "size"));
    row->cut.form = form_of(json_get_text(object, "form"));
    buf_init_secret(&row->cut.text, 0);
    if (!row->path || !file || strchr(file, '/') || !sha256 ||
        !read_file(directory, file, &row->cut.text, error)) {
        return broken(directory, "a text is missing", error);
    }
    digest_hex(actual, buf_string(&row->cut.text), row->cut.text.length);
    if (!text_equal(actual, sha256)) {
        return broken(directory, file, error);
    }
    memcpy(row->sha256, actual, DIGEST_HEX);
    return cut_holes_read(&row->cut, json_object_get(object, "holes")) ||
           broken(directory, file, error);
}

bool manifest_read(struct manifest *manifest, const char *directory, const char *digest,
                   struct error *error)
{
    struct buf text;
    char actual[DIGEST_HEX];
    json_t *document = NULL, *row;
    size_t i;
    *manifest = (struct manifest){0};
    buf_init(&text, JSON_SIZE_MAX);
    bool done = read_file(directory, NAME, &text, error);
    if (done) {
        digest_hex(actual, buf_string(&text), text.length);
        document = json_parse(buf_string(&text), text.length, NULL);
        done = (text_equal(actual, digest) && document) ||
               broken(directory, "its manifest is not the record's", error);
    }
    json_array_foreach(json_object_get(document, "kept"), i, row)
    {
        done = done && read_row(manifest_add(manifest), row, directory, error);
    }
    json_decref(document);
    buf_finish(&text);
    return done;
}
