/* What stands for each mark of a page's template: lists of mdoc(7) made from the tables,
 * so that a page cannot say anything else than the program. Runs in the build alone. */
#ifndef GREENBOARD_MAN_PAGES_H
#define GREENBOARD_MAN_PAGES_H

#include "base/buf.h"

#include <stddef.h>

struct page_mark {
    const char *mark; /* "@FIELDS@" */
    void (*fill)(struct buf *out);
};
extern const struct page_mark page_marks[];
extern const size_t page_mark_count;

void pages_fields(struct buf *out);
void pages_sources(struct buf *out);

#endif
