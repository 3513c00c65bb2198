/* Fills a manual page's template on stdin with what the tables say: each line that is a
 * mark becomes a list. Runs in the build alone. */
#include "man/pages.h"

#include <stdio.h>
#include <string.h>

static const struct page_mark *find(const char *line)
{
    for (size_t i = 0; i < page_mark_count; i++) {
        size_t length = strlen(page_marks[i].mark);
        if (strncmp(line, page_marks[i].mark, length) == 0 && line[length] == '\n') {
            return &page_marks[i];
        }
    }
    return NULL;
}

int main(void)
{
    char line[1000];
    while (fgets(line, sizeof line, stdin)) {
        const struct page_mark *mark = find(line);
        struct buf out;
        buf_init(&out, 0);
        if (mark) {
            mark->fill(&out);
        } else if (line[0] == '@') {
            fprintf(stderr, "no such mark: %s", line);
            return 1;
        } else {
            buf_text(&out, line);
        }
        fputs(buf_string(&out), stdout);
        buf_finish(&out);
    }
    return ferror(stdin) || fflush(stdout) != 0;
}
