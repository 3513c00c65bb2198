/* Markdown (CommonMark 0.31) around text that somebody else wrote: whatever it holds, it
 * stays text. In code nothing is a link, a mention, a tag or a cell, so that is where it
 * goes. Any thread. */
#ifndef GREENBOARD_CLI_MARKDOWN_H
#define GREENBOARD_CLI_MARKDOWN_H

#include "base/buf.h"

#include <stddef.h>

/* Appends a code span on one line; "-" where there is no text. */
void markdown_code(struct buf *out, const char *text);

/* Appends a fenced block that nothing in `text` can end; with line ends of its own. */
void markdown_fence(struct buf *out, const char *text, size_t length);

#endif
