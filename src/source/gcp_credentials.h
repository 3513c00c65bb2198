/* The credentials of this machine for Google Cloud, where its own libraries look for them
 * ("application default credentials"): GOOGLE_APPLICATION_CREDENTIALS, the file that
 * `gcloud auth application-default login` leaves, the metadata server. Reads a file, asks
 * nobody: any thread. */
#ifndef GREENBOARD_SOURCE_GCP_CREDENTIALS_H
#define GREENBOARD_SOURCE_GCP_CREDENTIALS_H

#include "base/digest.h"
#include "base/error.h"
#include "secret/keep.h"

#include <jansson.h>
#include <stdbool.h>

#define GCP_LOGIN "gcloud auth application-default login"
#define GCP_SCOPE "https://www.googleapis.com/auth/cloud-platform"

enum {
    GCP_LIFETIME = 3600
}; /* s of a token: the most that Google gives without asking */

enum gcp_kind { GCP_METADATA, GCP_SERVICE_ACCOUNT, GCP_USER, GCP_KINDS };

/* A service account that the credentials may act as; without a URL they act as
 * themselves. */
struct gcp_impersonation {
    char *url, *account;
    char *quota_project; /* that asking for it is charged to, or NULL */
    json_t *delegates;   /* an array of names that are safe to be shown, or NULL */
    int lifetime;        /* s, to be asked for */
};

struct gcp_credentials {
    enum gcp_kind kind;
    char *origin;              /* the file, or "http://metadata.google.internal" */
    char identity[DIGEST_HEX]; /* changes where they are replaced by others */
    char *principal;     /* whom they stand for, in words; NULL: only the metadata server
                            knows */
    char *quota_project; /* that what they ask is charged to, or NULL */
    char *token_url;
    char *key_id;                 /* service account, or NULL */
    char *client_id;              /* user */
    struct secret *client_secret; /* user */
    struct secret *refresh_token; /* user */
    struct secret *private_key;   /* service account: PEM */
    struct gcp_impersonation impersonation;
};

/* False: a file that is named but not there, cannot be read, or is of a kind that is not
 * supported yet. Without any file it is the metadata server, which nobody asked so far.
 * To be finished in any case; `error` is not NULL. */
bool gcp_credentials_find(struct gcp_credentials *out, struct error *error);
void gcp_credentials_finish(struct gcp_credentials *credentials);

/* Whom tokens of them stand for: the impersonated account, else their principal. */
const char *gcp_credentials_actor(const struct gcp_credentials *credentials);

#endif
