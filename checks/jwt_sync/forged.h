/* Sends every forgery to everybody who judges tokens, and asks the backend without any
 * token, all at once. For workers. */
#ifndef GREENBOARD_CHECKS_JWT_SYNC_FORGED_H
#define GREENBOARD_CHECKS_JWT_SYNC_FORGED_H

#include "board/check.h"
#include "secret/keep.h"

#include <stdbool.h>

/* The evidence that remembers how it went; forged_settled() reads it. */
#define FORGED_EVIDENCE "forgery"

/* `token` is one that was just accepted everywhere, else a refusal would prove nothing.
 * True where all were refused. Otherwise the result is set, and *accepted tells whether
 * it is because of one that was accepted: nothing is worse. */
bool forged_send(const struct job *job, const char *token, const struct secret *canonical,
                 struct result *result, bool *accepted);

/* Each service that says how it is asked whether a token is good. */
const char *forged_next_judge(const struct job *job, const char *last);

void forged_postpone(struct result *result);   /* a routine asking sends none */
void forged_keep_owing(struct result *result); /* the genuine token did not pass */
bool forged_settled(const char *evidence);

#endif
