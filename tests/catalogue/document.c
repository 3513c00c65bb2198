#include "tests/catalogue/document.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/checks.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A number, or the path of this program. */
static void add_hole(struct buf *out, int port)
{
    char path[PATH_MAX];
    ssize_t length = port ? 0 : readlink("/proc/self/exe", path, sizeof path);
    if (port) {
        buf_format(out, "%d", port);
    } else {
        buf_add(out, path, length > 0 ? (size_t)length : 0);
    }
}

static char *fill_ports(const struct document_ports *ports, const char *text)
{
    const struct {
        const char *name;
        int port;
    } holes[] = {{"{port}", ports->peer},
                 {"{refused}", ports->refused},
                 {"{deaf}", ports->deaf},
                 {"{self}", 0}};
    struct buf out = {0};
    while (*text) {
        size_t taken = 0;
        for (size_t i = 0; i < sizeof holes / sizeof holes[0] && !taken; i++) {
            if (text_starts(text, holes[i].name)) {
                add_hole(&out, holes[i].port);
                taken = strlen(holes[i].name);
            }
        }
        if (!taken) {
            buf_add(&out, text, 1);
            taken = 1;
        }
        text += taken;
    }
    return buf_take(&out);
}

/* The object that holds what the pointer names, made where it is not there. */
static json_t *parent_of(json_t *root, const char *pointer, const char **key)
{
    json_t *at = root;
    const char *from = pointer + (*pointer == '/');
    for (const char *slash; (slash = strchr(from, '/')); from = slash + 1) {
        char *name = mem_bytes(from, (size_t)(slash - from));
        json_t *next = json_is_array(at) ? json_array_get(at, strtoul(name, NULL, 10))
                                         : json_object_get(at, name);
        if (!next && json_is_object(at)) {
            next = json_object();
            json_object_set_new(at, name, next);
        }
        free(name);
        at = next;
    }
    *key = from;
    return at;
}

static bool apply(json_t *environment, const struct trap_pair *row,
                  const struct document_ports *ports, struct error *error)
{
    const char *key;
    json_t *parent = parent_of(environment, row->name, &key);
    if (!json_is_object(parent)) {
        return error_set(error, ERROR_CONFIG, "no such place");
    }
    if (!row->text) {
        json_object_del(parent, key);
        return true;
    }
    char *text = fill_ports(ports, row->text);
    char *array = mem_format("[%s]", text); /* any value may stand there */
    json_t *holder = json_parse(array, strlen(array), error);
    if (holder) {
        json_object_set(parent, key, json_array_get(holder, 0));
    }
    json_decref(holder);
    free(array);
    free(text);
    return holder != NULL;
}

/* Of a check whose section is "/services/NAME/settings" that of the light "NAME
 * settings", else NULL. That of a tunnel has no deadline. */
static json_t *named_section(const struct check *check, const char *light,
                             json_t *environment)
{
    const char *star = check->section ? strchr(check->section, '*') : NULL;
    const char *blank = strrchr(light, ' ');
    if (!star || !star[1] || !blank || strcmp(blank + 1, check->name) != 0) {
        return NULL;
    }
    char *pointer = mem_format("%.*s%.*s%s", (int)(star - check->section), check->section,
                               (int)(blank - light), light, star + 1);
    json_t *section = json_at(environment, pointer);
    free(pointer);
    return section;
}

/* Where the section of the light that is asked stands. */
static json_t *asked_section(const struct trap *trap, json_t *environment)
{
    for (size_t i = 0; checks_all[i]; i++) {
        if (text_equal(checks_all[i]->name, trap->ask) && checks_all[i]->section) {
            return json_at(environment, checks_all[i]->section);
        }
        json_t *named = named_section(checks_all[i], trap->ask, environment);
        if (named) {
            return named;
        }
    }
    json_t *entries = json_object_get(environment, "checks"), *found = NULL;
    for (size_t i = 0; i < json_array_size(entries); i++) {
        json_t *entry = json_array_get(entries, i);
        found = text_equal(json_get_text(entry, "name"), trap->ask) ? entry : found;
    }
    return found;
}

char *document_make(const struct trap *trap, const struct document_ports *ports,
                    const char *deadline, struct error *error)
{
    json_t *root = json_pack("{s:i, s:s, s:{s:{}}}", "version", 1, "system", "trap",
                             "environments", "staging");
    json_t *environment = json_at(root, "/environments/staging");
    char *text = NULL;
    for (size_t i = 0; i < trap->settings.count; i++) {
        const struct trap_pair *row = &trap->settings.rows[i];
        if (!apply(environment, row, ports, error)) {
            error_prefix(error, "%s", row->name);
            goto out;
        }
    }
    json_t *section = asked_section(trap, environment);
    if (section) {
        json_object_set_new(section, "deadline", json_string(deadline));
    }
    text = json_pretty(root);
out:
    json_decref(root);
    return text;
}
