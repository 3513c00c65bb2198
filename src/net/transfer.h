/* One transfer of http.c: what it consists of, and what became of it in an operator's
 * words. Only for http.c and transfer.c; belongs to the thread that asks. */
#ifndef GREENBOARD_NET_TRANSFER_H
#define GREENBOARD_NET_TRANSFER_H

#include "net/http.h"
#include "net/line.h"
#include "net/wait.h"

#include <curl/curl.h>

/* One transfer. Names are resolved here and handed to libcurl, whose own resolver cannot
 * be left at a deadline before 7.87; a multi handle gives us the poll, so that deadline
 * and cancellation are ours. */
struct transfer {
    const struct http_request *request;
    struct http_reply *reply;
    struct wait wait;
    CURL *easy;
    struct http_lines *lines; /* where the line belongs, or NULL */
    struct line *line;
    struct curl_slist *headers, *resolved, *connect_to;
    char *host; /* of the URL, without brackets */
    char *url;  /* that is asked: with tls.server_name as its host where there is one */
    int port;
    bool encrypted;
    size_t header_bytes;
    bool over;            /* a cap was reached */
    bool ready;           /* connected, with TLS where that is wanted: now or before */
    int64_t held, let_go; /* ns that `late` waited; until when, clock_now() */
    int64_t asked, tls_began; /* clock_now(); libcurl has no time of a failed handshake */
    struct error own_error;   /* of a callback of ours */
    char words[CURL_ERROR_SIZE];
};

/* Takes the URL apart and resolves its host. */
bool transfer_aim(struct transfer *transfer, struct error *error);

/* What libcurl measured, made into the length of each phase. */
void transfer_measure(struct transfer *transfer);

/* Why it failed; both return false. */
bool transfer_late(struct transfer *transfer, struct error *error);
bool transfer_explain(struct transfer *transfer, CURLcode code, struct error *error);

#endif
