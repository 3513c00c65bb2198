/* Fills a manual page's template on stdin with what the tables say: a line @FIELDS@
 * becomes the fields of the configuration, @SOURCES@ the kinds of sources. Runs in the
 * build alone. */
#include "base/buf.h"
#include "config/schema.h"

#include <stdio.h>
#include <string.h>

int main(void)
{
    char line[1000];
    while (fgets(line, sizeof line, stdin)) {
        struct buf out;
        buf_init(&out, 0);
        if (strcmp(line, "@FIELDS@\n") == 0) {
            schema_manual_fields(&out);
        } else if (strcmp(line, "@SOURCES@\n") == 0) {
            schema_manual_sources(&out);
        } else {
            buf_text(&out, line);
        }
        fputs(buf_string(&out), stdout);
        buf_finish(&out);
    }
    return ferror(stdin) || fflush(stdout) != 0;
}
