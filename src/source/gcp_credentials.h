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
#include <stddef.h>

#define GCP_LOGIN "gcloud auth application-default login"
#define GCP_SCOPE "https://www.googleapis.com/auth/cloud-platform"

enum {
    GCP_LIFETIME = 3600
}; /* s of a token: the most that Google gives without asking */

enum gcp_kind {
    GCP_METADATA,
    GCP_SERVICE_ACCOUNT,
    GCP_USER,
    GCP_FEDERATED,      /* who has a token of somebody else's, to be exchanged */
    GCP_FEDERATED_USER, /* a user whom somebody else knows */
    GCP_KINDS
};

enum { GCP_HEADERS = 16 };

/* Where the token that is exchanged comes from: a file or a URL, and what it is. */
struct gcp_subject {
    char *file, *url; /* the other one is NULL */
    char *field;      /* of the JSON there; NULL: all of it is the token */
    struct {
        char *name;
        struct secret *value;
    } headers[GCP_HEADERS]; /* for the URL */
    size_t header_count;
    char *audience, *type;
    char *user_project; /* of a workforce pool, or NULL */
};

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
    char *client_id;              /* user; federated: or NULL */
    struct secret *client_secret; /* the same */
    struct secret *refresh_token; /* user */
    struct secret *private_key;   /* service account: PEM */
    struct gcp_subject subject;   /* federated */
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
