/* What Google answered within one resolution of all secrets, in which several sources
 * lead to the same question: it is asked once, and who has it meanwhile waits for that
 * answer. Counted: it ends with the last asker of its resolution and is given to no
 * other. Any thread; blocks, for workers. */
#ifndef GREENBOARD_SOURCE_GCP_MEMO_H
#define GREENBOARD_SOURCE_GCP_MEMO_H

#include "base/error.h"
#include "source/gcp_answer.h"
#include "source/source.h"

#include <stdbool.h>

struct gcp_memo;

struct gcp_memo *gcp_memo_create(void);
struct gcp_memo *gcp_memo_ref(struct gcp_memo *memo);
void gcp_memo_unref(struct gcp_memo *memo);

/* Connections to Google, of this resolution too; NULL without a memo. */
struct http_lines *gcp_memo_lines(const struct source_context *context);

/* As gcp_get(): the answer is a copy of the caller's own. */
typedef bool gcp_ask(const void *question, struct gcp_answer *out, struct error *error);

/* `url` tells the question from others. Without a memo in the context it is asked. */
bool gcp_memo_ask(const struct source_context *context, const char *url, gcp_ask *ask,
                  const void *question, struct gcp_answer *out, struct error *error);

#endif
