/* The sandbox's Google Cloud: one project with a Secret Manager, two Cloud Run services,
 * and a metadata server and a token endpoint that give access tokens for both. Main
 * thread starts, changes and stops it; handlers run on the servers' threads. */
#ifndef GREENBOARD_SANDBOX_GOOGLE_H
#define GREENBOARD_SANDBOX_GOOGLE_H

#include "base/error.h"
#include "sandbox/http.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define GOOGLE_PROJECT    "netra-staging"
#define GOOGLE_NUMBER     "701105466528" /* of the project: how Google itself calls it */
#define GOOGLE_LOCATION   "us-central1"
#define GOOGLE_SECRET     "jwt-secret-staging"
#define GOOGLE_LOOK_ALIKE "jwt-secret-key" /* another one, with another value */
#define GOOGLE_AUTH       "netra-auth-service"
#define GOOGLE_BACKEND    "netra-backend-staging"
#define GOOGLE_VARIABLE   "JWT_SECRET_KEY"
#define GOOGLE_LOGIN                                                                     \
    "google/user.json" /* below the sandbox: a login by refresh token                    \
                        */

enum { GOOGLE_TOKEN = 80, GOOGLE_VERSION = 7 }; /* of the secret, before it is rotated */

struct sandbox;

struct google {
    struct http_server *metadata, *api;
    uint16_t metadata_port, api_port; /* behind their doors */
    char client_secret[64], refresh_token[64];
    int64_t began;                /* clock_wall() */
    atomic_int_least64_t rotated; /* clock_wall() when the secret last was */
    atomic_bool remounted;        /* and whether the services were redeployed since */
    pthread_mutex_t mutex;        /* guards: */
    char token[GOOGLE_TOKEN];     /* the access token that holds now */
};

bool google_start(struct sandbox *sandbox, struct error *error);
void google_stop(struct sandbox *sandbox); /* also where it was never started */

/* The secret, its versions, who may read it, the metadata server's door. A token that was
 * given out before holds no longer, so that the change reaches who kept one. */
bool google_follow(struct sandbox *sandbox, struct error *error);

/* Traffic that a deploy left where it was goes to the newest revisions once
 * deploy_no_traffic is off. */
bool google_traffic_follow(struct sandbox *sandbox, struct error *error);

/* What runs was deployed anew: it holds the newest version of the secret. */
bool google_remount(struct sandbox *sandbox, struct error *error);

/* {"error": {"code", "message", "status"}} (google.rpc.Status). */
void google_refuse(struct http_reply *reply, unsigned code, const char *status,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* False with the refusal in the reply: no access token, or one that holds no longer. */
bool google_lets_in(struct sandbox *sandbox, const struct http_request *request,
                    struct http_reply *reply);

/* The caller frees. RFC 3339, `ago` seconds before the sandbox began. */
char *google_stamp(const struct sandbox *sandbox, int64_t ago);

extern const struct http_route google_metadata_routes[];

/* Handlers, whose context is the struct sandbox. */
http_handler google_token;     /* POST: a refresh token for an access token */
http_handler google_secrets;   /* the list of the project's secrets */
http_handler google_version;   /* a version, or with ":access" its value */
http_handler google_service;   /* a Cloud Run service */
http_handler google_revisions; /* its revisions */
http_handler google_revision;  /* one of them */
http_handler google_knative;   /* a service as v1 tells it, which is what gcloud asks */
http_handler google_knative_revision; /* and a revision */

#endif
