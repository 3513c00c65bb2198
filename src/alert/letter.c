#include "alert/letter.h"

#include "base/buf.h"
#include "base/digest.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STAMP_DIGITS = 13, SALT_DIGITS = 8, ID_LENGTH = STAMP_DIGITS + 1 + SALT_DIGITS };
static const char suffix[] = ".json";
static const int64_t DEAD_KEPT = INT64_C(30) * 24 * 3600 * 1000; /* ms */

void letter_name(char id[LETTER_ID], int64_t wall)
{
    char salt[SALT_DIGITS + 1];
    hex_random(salt, SALT_DIGITS);
    snprintf(id, LETTER_ID, "%013lld-%s", (long long)(wall % INT64_C(10000000000000)),
             salt);
}

/* The time of an id, from the name of a file. */
static bool parse_name(const char *name, int64_t *wall)
{
    char stamp[STAMP_DIGITS + 1];
    if (strlen(name) != ID_LENGTH + sizeof suffix - 1 || name[STAMP_DIGITS] != '-' ||
        strspn(name + STAMP_DIGITS + 1, "0123456789abcdef") != SALT_DIGITS ||
        !text_equal(name + ID_LENGTH, suffix)) {
        return false;
    }
    snprintf(stamp, sizeof stamp, "%.*s", STAMP_DIGITS, name);
    return text_integer(stamp, 0, INT64_MAX, wall);
}

static char *path_of(const char *directory, const char *id)
{
    return mem_format("%s/%s%s", directory, id, suffix);
}

void letter_finish(struct letter *letter)
{
    free(letter->error);
    json_decref(letter->message);
    *letter = (struct letter){0};
}

bool letter_write(const char *directory, const struct letter *letter, struct error *error)
{
    if (!fs_make_dirs(directory, error)) {
        return false;
    }
    json_t *document =
        json_pack("{s:s, s:I, s:I, s:o, s:O}", "id", letter->id, "due",
                  (json_int_t)letter->due, "tries", (json_int_t)letter->tries, "error",
                  json_text(letter->error), "message", letter->message);
    char *text = json_compact(document);
    char *path = path_of(directory, letter->id);
    bool done = fs_replace(path, text, strlen(text), 0600, error);
    free(path);
    free(text);
    json_decref(document);
    return done;
}

bool letter_remove(const char *directory, const struct letter *letter,
                   struct error *error)
{
    char *path = path_of(directory, letter->id);
    bool done = unlink(path) == 0 || errno == ENOENT ||
                error_system(error, errno, "cannot remove %s", path);
    free(path);
    return done;
}

static char *graveyard(const char *directory)
{
    return fs_join(directory, "dead");
}

static void forget_old(const char *dead, int64_t before)
{
    DIR *open = opendir(dead);
    for (struct dirent *entry; open && (entry = readdir(open));) {
        int64_t wall = 0;
        if (parse_name(entry->d_name, &wall) && wall < before) {
            unlinkat(dirfd(open), entry->d_name, 0);
        }
    }
    if (open) {
        closedir(open);
    }
}

/* One that cannot be read is moved as it is. */
bool letter_bury(const char *directory, const struct letter *letter, struct error *error)
{
    char *dead = graveyard(directory);
    bool done;
    if (letter->message) {
        done =
            letter_write(dead, letter, error) && letter_remove(directory, letter, error);
    } else {
        char *from = path_of(directory, letter->id), *to = path_of(dead, letter->id);
        done =
            fs_make_dirs(dead, error) &&
            (rename(from, to) == 0 || error_system(error, errno, "cannot move %s", from));
        free(from);
        free(to);
    }
    forget_old(dead, letter->written - DEAD_KEPT);
    free(dead);
    return done;
}

static void read_letter(const char *directory, struct letter *letter)
{
    struct buf text;
    struct error error = {0};
    buf_init(&text, JSON_SIZE_MAX);
    char *path = path_of(directory, letter->id);
    json_t *document = fs_read(path, &text, &error)
                           ? json_parse(buf_string(&text), text.length, &error)
                           : NULL;
    letter->message = json_incref(json_object_get(document, "message"));
    if (json_is_object(letter->message)) {
        letter->due = json_integer_value(json_object_get(document, "due"));
        letter->tries = json_integer_value(json_object_get(document, "tries"));
        letter->error = mem_text(json_get_text(document, "error"));
    } else {
        json_decref(letter->message);
        letter->message = NULL;
        letter->error = mem_format("%s cannot be read: %s", path,
                                   error.code ? error.message : "it holds no message");
    }
    json_decref(document);
    free(path);
    buf_finish(&text);
}

static int oldest_first(const void *a, const void *b)
{
    return strcmp(((const struct letter *)a)->id, ((const struct letter *)b)->id);
}

bool letters_count(const char *directory, size_t *count, struct error *error)
{
    *count = 0;
    DIR *open = opendir(directory);
    if (!open) {
        return errno == ENOENT || error_system(error, errno, "cannot read %s", directory);
    }
    for (struct dirent *entry; (entry = readdir(open));) {
        int64_t wall = 0;
        *count += parse_name(entry->d_name, &wall);
    }
    closedir(open);
    return true;
}

bool letters_list(const char *directory, bool dead, struct letters *letters,
                  struct error *error)
{
    *letters = (struct letters){0};
    char *place = dead ? graveyard(directory) : mem_text(directory);
    DIR *open = opendir(place);
    bool done =
        open || errno == ENOENT || error_system(error, errno, "cannot read %s", place);
    for (struct dirent *entry; open && (entry = readdir(open));) {
        int64_t wall = 0;
        if (!parse_name(entry->d_name, &wall)) {
            continue;
        }
        letters->rows =
            mem_resize(letters->rows, (letters->count + 1) * sizeof *letters->rows);
        struct letter *letter = &letters->rows[letters->count++];
        *letter = (struct letter){.written = wall};
        snprintf(letter->id, sizeof letter->id, "%.*s", ID_LENGTH, entry->d_name);
        read_letter(place, letter);
    }
    if (open) {
        closedir(open);
    }
    if (letters->count > 1) {
        qsort(letters->rows, letters->count, sizeof *letters->rows, oldest_first);
    }
    free(place);
    return done;
}

void letters_finish(struct letters *letters)
{
    for (size_t i = 0; i < letters->count; i++) {
        letter_finish(&letters->rows[i]);
    }
    free(letters->rows);
    *letters = (struct letters){0};
}
