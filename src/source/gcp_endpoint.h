/* Where Google's services are asked. Elsewhere by environment only, never by a
 * configuration, and then on this machine or in Google's own domain: our access token
 * goes there. Any thread; the caller frees what is returned. */
#ifndef GREENBOARD_SOURCE_GCP_ENDPOINT_H
#define GREENBOARD_SOURCE_GCP_ENDPOINT_H

#include "base/error.h"

#include <stdbool.h>

enum gcp_service { GCP_SECRETMANAGER, GCP_RUN, GCP_SERVICES };

/* "https://secretmanager.googleapis.com", or what the variable of the gcloud CLI says;
 * NULL with ERROR_CONFIG where that is not allowed. */
char *gcp_endpoint(enum gcp_service service, struct error *error);
const char *gcp_api_name(enum gcp_service service); /* "secretmanager.googleapis.com" */

/* "http://metadata.google.internal", or what GCE_METADATA_HOST says. */
char *gcp_metadata(struct error *error);

/* What a credentials file may name. Where a token of Google's, or one for which Google
 * gives one, is sent to: https in googleapis.com, or this machine. */
bool gcp_google_url(const char *url);
/* Where what the file itself holds is sent to: https, or this machine. */
bool gcp_token_url(const char *url);
/* Where a token of somebody else's comes from: the same, or http at a link-local address
 * (169.254.0.0/16), which nobody can route to. */
bool gcp_subject_url(const char *url);
char *gcp_url_place(const char *url); /* its host alone: the rest may hold a secret */

#endif
