/* Asks a service of the configuration, fills in the secrets that the question carries,
 * and puts what came back into an operator's words. Every question bears
 * "X-Greenboard-Probe: 1", so that a service can tell our attempts from its users'. For
 * workers. */
#ifndef GREENBOARD_CHECKS_REQUEST_H
#define GREENBOARD_CHECKS_REQUEST_H

#include "board/check.h"
#include "net/http.h"

#include <jansson.h>
#include <stdbool.h>

struct request {
    /* put before evidence keys where a check asks more than once: "login" */
    const char *label;
    const char *service;   /* of `services`; with `url`: what it is called */
    const char *url;       /* instead of the service's, or NULL */
    const char *path;      /* below its url; "": the url is whole */
    const char *method;    /* NULL: GET, or POST with a body */
    const json_t *headers; /* name: text or source; may be NULL */
    const json_t *body;    /* each source in it is replaced by its secret; NULL: none */
    const char *bearer;    /* a token for Authorization, or NULL */
    /* or where it will be had while the connection is made: it waits, NULL gives up */
    const char *(*bearer_of)(void *context);
    void *context;
    const char *token; /* one in the body, or NULL: neither is ever quoted */
    const char *ca;    /* instead of the system's authorities, or NULL */
    bool keep_headers; /* of the answer, for http_header_of() */
};

struct answer {
    struct http_reply reply;
    json_t *json;          /* NULL where the body is not JSON */
    struct error not_json; /* why */
};

/* True where a whole reply came, of whatever status and content; the check judges it.
 * Otherwise the result says why not. Both ways it adds evidence (url, address, status)
 * and phases, and reaches the rung "configured", and "reachable" where somebody answered.
 * The answer is always to be finished. */
bool request_ask(const struct job *job, const struct request *request,
                 struct result *result, struct answer *answer);
void answer_finish(struct answer *answer);

/* Says FAIL of an answer whose status is not the wanted one. */
void answer_refuse(const struct request *request, const struct answer *answer,
                   struct result *result);

/* True for a status of 200 to 299 with JSON in it. Otherwise the result is FAIL and says
 * what answered instead: a redirect, a login page, an error of the service. */
bool answer_good(const struct request *request, const struct answer *answer,
                 struct result *result);

/* What the service itself says is wrong (detail, error or message), cut short; "" where
 * it says nothing or would repeat our token. The caller frees. */
char *answer_detail(const struct request *request, const struct answer *answer);

#endif
