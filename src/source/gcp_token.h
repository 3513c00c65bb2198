/* An access token for Google's services, had from the credentials of this machine in the
 * way of their kind (gcp_grant.h). Kept until shortly before it expires, for all threads:
 * who asks while somebody else fetches one waits for that. Blocks: for workers. */
#ifndef GREENBOARD_SOURCE_GCP_TOKEN_H
#define GREENBOARD_SOURCE_GCP_TOKEN_H

#include "base/error.h"
#include "secret/keep.h"
#include "source/source.h"

#include <stdbool.h>

struct gcp_token {
    struct secret *bearer;
    char *principal; /* whom it stands for: "ada@example.com"; NULL: gcp_token_name() */
    char *quota_project; /* to be named with each request, or NULL */
};

/* To be finished in any case. On false: ERROR_SYSTEM where there are no credentials to
 * ask with, ERROR_DENIED where they are refused, else as http_ask(). */
bool gcp_token_take(const struct source_context *context, struct gcp_token *out,
                    struct error *error);
void gcp_token_finish(struct gcp_token *token);

/* Whom it stands for, to be said where it is refused; asks the metadata server where only
 * that knows. The caller frees. */
char *gcp_token_name(const struct gcp_token *token, const struct source_context *context);

/* The service did not believe it: the next one who takes gets a new one. */
void gcp_token_refuse(const struct gcp_token *token);
void gcp_token_forget(void); /* at the very end, and in tests */

#endif
