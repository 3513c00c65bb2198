/* Files with credentials for Google below the HOME of a struct google, and what comes of
 * taking a token with them. One thread. */
#ifndef GREENBOARD_TESTS_CREDENTIALS_H
#define GREENBOARD_TESTS_CREDENTIALS_H

#include "tests/unit/google.h"

#include "base/error.h"
#include "source/source.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdint.h>

extern const char login_file[]; /* where gcloud leaves a login */

struct source_context context_for(int64_t span);
char *take(struct error *error); /* the bearer as text, or the error; the caller frees */
void assert_token(const char *wanted);
void assert_refused(enum error_code code, const char *words, const char *hint);
void assert_masked(const char *const *secrets, size_t count);

EVP_PKEY *account_key(void);
void account_key_free(void);
json_t *key_json(EVP_PKEY *key, const char *token_url); /* a file of deploy@netra */
void write_key(struct google *google); /* named by GOOGLE_APPLICATION_CREDENTIALS */
void write_login(struct google *google, const char *extra); /* further fields */
/* Any login, with @/ for this Google ("http://@/token"). */
void write_any(struct google *google, const char *text);
/* The same with one field else ("" as value: without it). */
void write_but(struct google *google, const char *text, const char *key,
               const char *value);

/* At /token. */
void say_token(struct google *google, const char *token);

#endif
