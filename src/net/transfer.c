#include "net/transfer.h"

#include "base/clock.h"
#include "base/mem.h"
#include "net/dial.h"
#include "net/resolve.h"
#include "net/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool bad_url(const char *url, const char *why, struct error *error)
{
    return error_set(error, ERROR_CONFIG, "cannot ask %s: %s", url, why);
}

static char *part_of(CURLU *parts, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    return curl_url_get(parts, part, &text, flags) == CURLUE_OK ? text : NULL;
}

/* Takes host, port and scheme out of the URL, and puts tls.server_name into it. */
static bool dissect(struct transfer *transfer, struct error *error)
{
    const struct http_request *request = transfer->request;
    CURLU *parts = curl_url();
    bool good = curl_url_set(parts, CURLUPART_URL, request->url, 0) == CURLUE_OK;
    char *scheme = good ? part_of(parts, CURLUPART_SCHEME, 0) : NULL;
    char *host = good ? part_of(parts, CURLUPART_HOST, 0) : NULL;
    char *port = good ? part_of(parts, CURLUPART_PORT, CURLU_DEFAULT_PORT) : NULL;
    if (!scheme || !host || !port) {
        bad_url(request->url, "it is no URL", error);
        good = false;
    } else if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0) {
        good = bad_url(request->url, "it is neither http nor https", error);
    } else {
        size_t length = strlen(host);
        bool bracketed = host[0] == '[' && length > 2;
        transfer->host = bracketed ? mem_bytes(host + 1, length - 2) : mem_text(host);
        transfer->port = (int)strtol(port, NULL, 10);
        transfer->encrypted = strcmp(scheme, "https") == 0;
        for (const char *at = host; *at && good; at++) {
            good = (unsigned char)*at < 0x80 ||
                   bad_url(request->url, "write its host in ASCII (xn--…)", error);
        }
    }
    const char *name = request->tls ? request->tls->server_name : NULL;
    if (good && transfer->encrypted && name) {
        good = curl_url_set(parts, CURLUPART_HOST, name, 0) == CURLUE_OK ||
               error_set(error, ERROR_CONFIG, "tls.server_name %s is no host name", name);
    }
    char *url = good ? part_of(parts, CURLUPART_URL, 0) : NULL;
    transfer->url = mem_text(url);
    curl_free(url);
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parts);
    return good;
}

/* Resolves the host and tells libcurl, so that it never resolves itself. */
static bool resolve(struct transfer *transfer, struct error *error)
{
    struct addresses found;
    int64_t began = clock_now();
    const struct tls_options *tls = transfer->request->tls;
    if (tls && tls->through) {
        snprintf(transfer->reply->address, sizeof transfer->reply->address,
                 "127.0.0.1:%d", tls->through);
        char *end = mem_format("::%s", transfer->reply->address);
        transfer->connect_to = curl_slist_append(NULL, end);
        free(end);
        return true;
    }
    if (!resolve_host(transfer->host, transfer->port, &transfer->wait, &found, error)) {
        return false;
    }
    transfer->reply->resolve = clock_now() - began;
    address_text(&found.row[0], transfer->reply->address);
    struct buf entry;
    buf_init(&entry, 0);
    buf_format(&entry, "%s:%d:", transfer->host, transfer->port);
    for (size_t i = 0; i < found.count; i++) {
        char address[ADDRESS_TEXT];
        address_host(&found.row[i], address);
        bool six = found.row[i].any.sa_family == AF_INET6;
        buf_format(&entry, six ? "%s[%s]" : "%s%s", i ? "," : "", address);
    }
    union address literal;
    if (!resolve_literal(transfer->host, transfer->port, &literal)) {
        transfer->resolved = curl_slist_append(NULL, buf_string(&entry));
    }
    buf_finish(&entry);
    if (transfer->encrypted && tls && tls->server_name) {
        char *to = mem_format(strchr(transfer->host, ':') ? "::[%s]:%d" : "::%s:%d",
                              transfer->host, transfer->port);
        transfer->connect_to = curl_slist_append(NULL, to);
        free(to);
    }
    return true;
}

bool transfer_aim(struct transfer *transfer, struct error *error)
{
    return dissect(transfer, error) && resolve(transfer, error);
}

static int64_t span_of(CURL *easy, CURLINFO info)
{
    curl_off_t microseconds = 0;
    curl_easy_getinfo(easy, info, &microseconds);
    return (int64_t)microseconds * 1000;
}

static int64_t between(int64_t from, int64_t to)
{
    return to > from ? to - from : 0;
}

void transfer_measure(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    struct http_reply *reply = transfer->reply;
    int64_t looked = span_of(easy, CURLINFO_NAMELOOKUP_TIME_T);
    int64_t connected = span_of(easy, CURLINFO_CONNECT_TIME_T);
    int64_t secured = span_of(easy, CURLINFO_APPCONNECT_TIME_T);
    transfer->ready = span_of(easy, CURLINFO_PRETRANSFER_TIME_T) > 0;
    reply->connected = connected > 0 || transfer->tls_began || transfer->ready;
    reply->connect = connected ? between(looked, connected)
                               : between(transfer->asked, transfer->tls_began);
    reply->tls = between(connected, secured);
    int64_t sent = span_of(easy, CURLINFO_PRETRANSFER_TIME_T);
    int64_t let_go = between(transfer->asked, transfer->let_go);
    reply->first_byte = between(sent > let_go ? sent : let_go,
                                span_of(easy, CURLINFO_STARTTRANSFER_TIME_T));
    long status = 0, port = 0;
    char *ip = NULL;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &ip);
    curl_easy_getinfo(easy, CURLINFO_PRIMARY_PORT, &port);
    reply->status = (int)status;
    if (reply->connected && ip && *ip) {
        snprintf(reply->address, sizeof reply->address,
                 strchr(ip, ':') ? "[%s]:%ld" : "%s:%ld", ip, port);
    }
}

bool transfer_late(struct transfer *transfer, struct error *error)
{
    const struct http_reply *reply = transfer->reply;
    char words[WAIT_WORDS];
    wait_words(&transfer->wait, words);
    if (!reply->connected) {
        error_set(error, ERROR_TIMEOUT, "no connection to %s in %s", reply->address,
                  words);
        error_hint(error, "see whether a firewall drops it, and whether the host is up");
    } else if (transfer->encrypted && !transfer->ready) {
        error_set(error, ERROR_TIMEOUT, "connected to %s, TLS was not agreed on in %s",
                  reply->address, words);
        error_hint(error, TRUST_NO_TLS_HINT);
    } else if (transfer->header_bytes || reply->body.length) {
        error_set(error, ERROR_TIMEOUT,
                  "connected to %s, only %zu bytes of a reply in %s", reply->address,
                  transfer->header_bytes + reply->body.length, words);
        error_hint(error, "the service is too slow, or is something else");
    } else {
        error_set(error, ERROR_TIMEOUT, "connected to %s, no reply in %s", reply->address,
                  words);
        error_hint(error, "the service hangs, or something else listens there");
    }
    return false;
}

static bool too_much(const struct transfer *transfer, bool headers, struct error *error)
{
    const struct http_reply *reply = transfer->reply;
    if (headers) {
        error_set(error, ERROR_LIMIT, "%s answered with endless headers", reply->address);
    } else {
        error_set(error, ERROR_LIMIT, "%s answered with more than %zu bytes",
                  reply->address, reply->body.cap);
    }
    error_hint(error, "see what listens there: this is not the expected service");
    return false;
}

static bool not_connected(const struct transfer *transfer, struct error *error)
{
    const char *address = transfer->reply->address;
    long number = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &number);
    if (number) {
        return dial_refused(address, (int)number, error);
    }
    error_set(error, ERROR_UNREACHABLE, "cannot connect to %s: %s", address,
              transfer->words);
    error_hint(error, "see whether the host is up and there is a route to it");
    return false;
}

/* The name that the certificate was to bear. */
static const char *proven_name(const struct transfer *transfer)
{
    const struct tls_options *tls = transfer->request->tls;
    return tls && tls->server_name ? tls->server_name : transfer->host;
}

/* A TLS port closes on a plain word. */
static void hint_broken(const struct transfer *transfer, struct error *error)
{
    bool early = !transfer->encrypted && !transfer->header_bytes;
    error_hint(error,
               early ? "it may want TLS, or refuse our address: see its log"
                     : "see the log of the service, and of what stands in front of it");
}

bool transfer_explain(struct transfer *transfer, CURLcode code, struct error *error)
{
    const struct http_reply *reply = transfer->reply;
    const char *address = reply->address;
    if (transfer->over || code == CURLE_FILESIZE_EXCEEDED) {
        return too_much(transfer, transfer->header_bytes > HTTP_HEADER_CAP, error);
    }
    if (code == CURLE_OUT_OF_MEMORY &&
        reply->connected) { /* a header line past libcurl's cap */
        return too_much(transfer, true, error);
    }
    switch (code) {
    case CURLE_COULDNT_CONNECT:
        return not_connected(transfer, error);
    case CURLE_OPERATION_TIMEDOUT:
        return transfer_late(transfer, error);
    case CURLE_ABORTED_BY_CALLBACK:
        *error = transfer->own_error;
        return false;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
        return trust_complain(&transfer->line->seen, proven_name(transfer), error);
    case CURLE_GOT_NOTHING:
        error_set(error, ERROR_PROTOCOL, "%s closed the connection without a reply",
                  address);
        break;
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        error_set(error, ERROR_PROTOCOL, "%s broke the connection", address);
        break;
    case CURLE_PARTIAL_FILE:
        error_set(error, ERROR_PROTOCOL, "reply of %s was cut off after %zu bytes",
                  address, reply->body.length);
        break;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
        error_set(error, ERROR_PROTOCOL, "%s answered, but not in HTTP", address);
        error_hint(error, "something else listens there: correct the port");
        return false;
    default:
        error_set(error, ERROR_PROTOCOL, "%s: %s", address,
                  *transfer->words ? transfer->words : curl_easy_strerror(code));
        break;
    }
    hint_broken(transfer, error);
    return false;
}
