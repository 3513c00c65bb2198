/* A JSON document together with the line on which each of its values stands: jansson
 * reads the values but keeps no positions, caps neither depth nor size, and lets a
 * duplicate key win silently.
 *
 * The caller owns the struct and finishes it; a zeroed one is empty. `root` and the nodes
 * live as long as it does. Not shared between threads. */
#ifndef GREENBOARD_CONFIG_SCAN_H
#define GREENBOARD_CONFIG_SCAN_H

#include "base/buf.h"
#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { SCAN_NONE = 0 }; /* node 0 is the root, so it is nobody's child or neighbour */

struct scan_node {
    char *key;         /* NULL in a list and at the root */
    json_t *value;     /* borrowed; of a duplicate key the last one */
    int line;          /* from 1: of the key, or of the value where there is no key */
    bool duplicate;    /* the same key came before it in the same object */
    size_t start, end; /* of the value in the text */
    size_t place;      /* position in its list or object */
    size_t parent;
    size_t first; /* child */
    size_t next;  /* neighbour */
};

struct scan {
    json_t *root;
    struct scan_node *nodes;
    size_t count;
    size_t room;
};

/* What cannot be JSON within json.h's limits is refused with one message; *line is where,
 * 0 where no line makes sense. */
bool scan_text(struct scan *scan, const char *data, size_t length, int *line,
               struct error *error);
void scan_finish(struct scan *scan);

/* The node of an object's key, SCAN_NONE where there is none. */
size_t scan_child(const struct scan *scan, size_t object, const char *key);

/* Appends the path as people write it: "environments.staging.checks[0].expect". */
void scan_path(const struct scan *scan, size_t node, struct buf *out);

#endif
