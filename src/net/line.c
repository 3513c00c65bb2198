#include "net/line.h"

#include "base/mem.h"

#include <pthread.h>
#include <stdlib.h>

struct http_lines {
    pthread_mutex_t lock;
    struct line *idle;
};

struct http_lines *http_lines_create(void)
{
    struct http_lines *lines = mem_alloc(sizeof *lines);
    pthread_mutex_init(&lines->lock, NULL);
    return lines;
}

static void line_close(struct line *line)
{
    curl_multi_cleanup(line->multi);
    free(line);
}

void http_lines_destroy(struct http_lines *lines)
{
    if (!lines) {
        return;
    }
    while (lines->idle) {
        struct line *line = lines->idle;
        lines->idle = line->next;
        line_close(line);
    }
    pthread_mutex_destroy(&lines->lock);
    free(lines);
}

static struct line *line_create(void)
{
    struct line *line = mem_alloc(sizeof *line);
    line->multi = curl_multi_init();
    if (!line->multi) {
        free(line);
        return NULL;
    }
    return line;
}

struct line *line_take(struct http_lines *lines)
{
    struct line *line = NULL;
    if (lines) {
        pthread_mutex_lock(&lines->lock);
        line = lines->idle;
        lines->idle = line ? line->next : NULL;
        pthread_mutex_unlock(&lines->lock);
    }
    if (!line) {
        return line_create();
    }
    line->seen = (struct trust_seen){.refused = 0};
    return line;
}

void line_give(struct http_lines *lines, struct line *line, bool good)
{
    if (!line) {
        return;
    }
    if (!lines || !good) {
        line_close(line);
        return;
    }
    pthread_mutex_lock(&lines->lock);
    line->next = lines->idle;
    lines->idle = line;
    pthread_mutex_unlock(&lines->lock);
}
