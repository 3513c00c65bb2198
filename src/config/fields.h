/* THE field table: one row for each key that a configuration may hold. Validation,
 * defaults, merge, dump, JSON Schema and the manual page read these rows, so that a new
 * key is one row here.
 *
 * A path is written with "*" for the name of a map's entry and "[]" for an entry of a
 * list; "[http]" is an entry whose `type` is "http", which has rows of its own. Below
 * `defaults` the rows of "environments.*" apply. Constant data; any thread. */
#ifndef GREENBOARD_CONFIG_FIELDS_H
#define GREENBOARD_CONFIG_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_type {
    FIELD_OBJECT,   /* its keys are rows of their own */
    FIELD_MAP,      /* free names, each entry as the row "….*" says */
    FIELD_LIST,     /* each entry as the row "…[]" says */
    FIELD_TEXT,     /* not empty */
    FIELD_NAME,     /* fit for a directory: letters, digits and "._-" */
    FIELD_HOST,     /* a name or an IP address; may be empty, which demand.h answers */
    FIELD_URL,      /* http or https, without user, query or fragment */
    FIELD_ENDPOINT, /* the path of a URL: "/auth/login" */
    FIELD_ADDRESS,  /* an IP address */
    FIELD_BYTES,    /* as text, with the escapes of text_unescape() */
    FIELD_STATUSES, /* of HTTP: "200", "2xx", or a list of them */
    FIELD_PATH,     /* of a file */
    FIELD_MOMENT,   /* RFC 3339, with its zone: "2026-12-24T00:00:00+01:00" */
    FIELD_HOUR,     /* of a day: "09:00", up to "24:00" */
    FIELD_ZONE,     /* "UTC", or an offset: "+02:00" */
    FIELD_POINTER,  /* RFC 6901 */
    FIELD_PATTERN,  /* a POSIX extended regular expression */
    FIELD_ROUTE,    /* here, tunnel:NAME or service:NAME */
    FIELD_INTEGER,  /* bounds: low, high */
    FIELD_NUMBER,   /* bounds: low, high */
    FIELD_BOOL,
    FIELD_SPAN,    /* a duration; bounds in nanoseconds */
    FIELD_WORD,    /* one of `words` */
    FIELD_ARGV,    /* a command: a list of texts, the first not empty */
    FIELD_TEXTS,   /* a text or a list of them */
    FIELD_SOURCE,  /* where a secret comes from, or a list to be tried in order */
    FIELD_HEADERS, /* header fields, each a text or a source */
    FIELD_BODY, /* any object, in which an object with exactly a source's keys is one */
    FIELD_SETTING, /* what a setting must be: a text, a source, {"not": …}, {"one_of": …}
                    */
    FIELD_TLS,     /* true, false, or an object of the rows below it */
    FIELD_PLACE, /* one of `words`, or an object of the rows below it */
    FIELD_ANY,
    FIELD_TYPES
};

enum field_flags {
    FIELD_REQUIRED = 1, /* its object is refused without it */
    FIELD_OWN = 2,      /* belongs to one environment: refused in `defaults` */
    FIELD_ONE = 4,      /* an object with exactly one of its keys */
    FIELD_SERVICE = 16, /* the name of an entry of `services` */
    FIELD_UNIQUE = 32,  /* two entries of the list may not have the same */
    FIELD_FILLED = 64,  /* a map, list or host that may not be empty */
    FIELD_TYPED = 128,  /* an entry of a list: its `type` says which rows apply */
};

struct field {
    const char *path;
    enum field_type type;
    unsigned flags;
    const char *preset;       /* the default as JSON text, NULL: none */
    const char *preset_tls;   /* the default where `tls` beside it is on */
    int64_t low, high;        /* bounds, both 0: none; of a map or list, its entries */
    const char *const *words; /* FIELD_WORD, FIELD_PLACE: the values; FIELD_MAP: the
                                 names; NULL-terminated */
    enum field_type
        keys;         /* FIELD_MAP: what its names must be, where there are no `words` */
    const char *help; /* one line, no final dot */
};

extern const struct field fields[];
extern const size_t field_count;

enum { FIELD_ENTRIES_MAX = 1000 }; /* of a map or list whose row says nothing */

#define FIELD_ENVIRONMENT "environments.*"

const struct field *field_find(const char *path);

/* The row of one key of an object or map, of an entry of a list (key NULL); NULL where
 * none is. Of `defaults` it gives the rows of an environment. */
const struct field *field_child(const struct field *parent, const char *key);

/* The row of an entry of a list: the one for its `type` where the list has such rows. */
const struct field *field_entry(const struct field *list, const json_t *entry);

/* The types of the list in whose entries a key is known, as "http, tcp"; false where no
 * other type than that of `entry` has it. */
struct buf;
bool field_types_with(const struct field *entry, const char *key, struct buf *out);

/* Walks the rows right below: start with NULL, ends with NULL. */
const struct field *field_next(const struct field *parent, const struct field *last);

const char *field_key(const struct field *field); /* the last part of its path */

#endif
