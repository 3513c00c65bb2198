/* The assignments of a dotenv file for release/members.h. */
#include "release/members_forms.h"

#include "base/buf.h"
#include "base/mem.h"
#include "source/env_file.h"

#include <ctype.h>
#include <string.h>

static bool is_name(const char *name, size_t length)
{
    if (length == 0 || isdigit((unsigned char)name[0])) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)name[i]) && !strchr("_.-", name[i])) {
            return false;
        }
    }
    return true;
}

static void add_line(struct members *members, const char *text,
                     const struct dotenv_line *line, const struct buf *value,
                     bool comment)
{
    struct member *row = members_add(members);
    row->name = mem_bytes(line->name, line->name_length);
    row->leaf = row->name;
    row->at = (size_t)(line->written - text);
    row->length = line->written_length;
    row->value = mem_text(buf_string(value));
    row->comment = comment;
}

/* "# NAME=value": what was commented out may still be a secret. */
static void read_comment(struct members *members, const char *text, const char *at,
                         struct buf *value)
{
    struct dotenv_line line;
    const char *inner = at + strspn(at, "# \t");
    size_t rest = strcspn(inner, "\n");
    dotenv_read(inner, &line, value);
    if (line.name && is_name(line.name, line.name_length)) {
        line.written_length = rest - (size_t)(line.written - inner);
        add_line(members, text, &line, value, true);
    }
}

/* False where a line is neither blank, nor a comment, nor an assignment. */
bool members_add_dotenv(struct members *members, const char *text, struct error *error)
{
    struct buf value;
    struct dotenv_line line = {0};
    buf_init_secret(&value, 0);
    size_t number = 1;
    bool good = true;
    for (const char *at = dotenv_first(text); good && *at; at += *at == '\n') {
        const char *start = at + strspn(at, " \t");
        at = dotenv_read(at, &line, &value);
        good = !line.trouble && (!line.name || is_name(line.name, line.name_length));
        if (!good) {
            error_set(error, ERROR_CONFIG, "line %zu: %s", number,
                      line.trouble ? line.trouble : "this is no name of a variable");
        } else if (line.name) {
            add_line(members, text, &line, &value, false);
        } else if (*start == '#') {
            read_comment(members, text, start, &value);
        } else if (!strchr("\r\n", *start)) {
            good =
                error_set(error, ERROR_CONFIG, "line %zu: this is no assignment", number);
        }
        for (; start < at; start++) {
            number += *start == '\n';
        }
        number++;
    }
    buf_finish(&value);
    return good;
}
