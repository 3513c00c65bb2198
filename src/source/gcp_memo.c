#include "source/gcp_memo.h"

#include "base/mem.h"
#include "net/wait.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct question {
    char *url;
    bool told; /* what follows is there, and changes no more */
    bool done;
    struct gcp_answer answer;
    struct error error;
    struct question *next;
};

struct gcp_memo {
    atomic_int references;
    pthread_mutex_t lock;
    pthread_cond_t told_now;
    struct question *first;
    struct http_lines *lines;
};

struct gcp_memo *gcp_memo_create(void)
{
    struct gcp_memo *memo = mem_alloc(sizeof *memo);
    atomic_init(&memo->references, 1);
    pthread_mutex_init(&memo->lock, NULL);
    wait_condition(&memo->told_now);
    memo->lines = http_lines_create();
    return memo;
}

struct gcp_memo *gcp_memo_ref(struct gcp_memo *memo)
{
    atomic_fetch_add(&memo->references, 1);
    return memo;
}

void gcp_memo_unref(struct gcp_memo *memo)
{
    if (!memo || atomic_fetch_sub(&memo->references, 1) != 1) {
        return;
    }
    while (memo->first) {
        struct question *question = memo->first;
        memo->first = question->next;
        gcp_answer_finish(&question->answer);
        free(question->url);
        free(question);
    }
    http_lines_destroy(memo->lines);
    pthread_cond_destroy(&memo->told_now);
    pthread_mutex_destroy(&memo->lock);
    free(memo);
}

struct http_lines *gcp_memo_lines(const struct source_context *context)
{
    return context->memo ? context->memo->lines : NULL;
}

static struct question *find(const struct gcp_memo *memo, const char *url)
{
    struct question *question = memo->first;
    while (question && strcmp(question->url, url) != 0) {
        question = question->next;
    }
    return question;
}

static struct question *add(struct gcp_memo *memo, const char *url)
{
    struct question *question = mem_alloc(sizeof *question);
    question->url = mem_text(url);
    question->next = memo->first;
    memo->first = question;
    return question;
}

/* With the lock held; false at our own deadline, or where we were cancelled. */
static bool await(struct gcp_memo *memo, const struct question *question,
                  const struct source_context *context, struct error *error)
{
    struct wait wait = wait_begin(context->deadline, context->cancelled);
    while (!question->told) {
        if (wait_cancelled(&wait, error)) {
            return false;
        }
        if (wait_slice(&wait) == 0) {
            return error_set(error, ERROR_TIMEOUT, "no answer of Google's in time");
        }
        wait_signal(&wait, &memo->told_now, &memo->lock);
    }
    return true;
}

static bool copy(const struct question *question, struct gcp_answer *out,
                 struct error *error)
{
    gcp_answer_copy(out, &question->answer);
    *error = question->error;
    return question->done;
}

bool gcp_memo_ask(const struct source_context *context, const char *url, gcp_ask *ask,
                  const void *question, struct gcp_answer *out, struct error *error)
{
    struct gcp_memo *memo = context->memo;
    *out = (struct gcp_answer){.status = 0};
    if (!memo) {
        return ask(question, out, error);
    }
    pthread_mutex_lock(&memo->lock);
    struct question *row = find(memo, url);
    bool done = false;
    if (row) {
        done = await(memo, row, context, error) && copy(row, out, error);
    } else {
        row = add(memo, url);
        pthread_mutex_unlock(&memo->lock);
        row->done = ask(question, &row->answer, &row->error);
        pthread_mutex_lock(&memo->lock);
        row->told = true;
        pthread_cond_broadcast(&memo->told_now);
        done = copy(row, out, error);
    }
    pthread_mutex_unlock(&memo->lock);
    return done;
}
