/* Diagnostics for the developer and the curious, one line each, off unless
 * $GREENBOARD_LOG names a file. Not the audit trail (store/events). Any thread; a line is
 * one write(2). */
#ifndef GREENBOARD_BASE_LOG_H
#define GREENBOARD_BASE_LOG_H

#include "base/buf.h"

void log_open(const char *path); /* NULL: off; the file is made 0600 */
/* runs over every line: the mask, set from above */
void log_filter(void (*filter)(struct buf *line));
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
