#include "net/http.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "config.h"
#include "net/transfer.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* libcurl's memory: overwritten when freed, since headers and bodies pass through it. */
static void *resize_cleansed(void *old, size_t size)
{
    void *memory = malloc(size);
    if (memory && old) {
        size_t before = malloc_usable_size(old);
        memcpy(memory, old, before < size ? before : size);
        mem_cleanse(old);
    }
    return memory;
}

void http_begin(void)
{
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, mem_cleanse, resize_cleansed,
                             strdup, calloc) != CURLE_OK) {
        panic("libcurl does not start");
    }
}

void http_end(void)
{
    curl_global_cleanup();
}

static bool add_header(struct transfer *transfer, const char *name, const char *value,
                       struct error *error)
{
    if (strpbrk(value, "\r\n")) {
        return error_set(error, ERROR_CONFIG, "the header %s has a line end in its value",
                         name);
    }
    struct buf line;
    buf_init_secret(&line, 0);
    buf_format(&line, *value ? "%s: %s" : "%s;", name, value);
    struct curl_slist *grown = curl_slist_append(transfer->headers, buf_string(&line));
    buf_finish(&line);
    if (!grown) {
        panic("out of memory (header)");
    }
    transfer->headers = grown;
    return true;
}

static bool add_headers(struct transfer *transfer, struct error *error)
{
    const struct http_request *request = transfer->request;
    for (size_t i = 0; i < request->header_count; i++) {
        if (!add_header(transfer, request->headers[i].name, request->headers[i].value,
                        error)) {
            return false;
        }
    }
    const char *type = request->content_type ? request->content_type : "application/json";
    if (request->body && !add_header(transfer, "Content-Type", type, error)) {
        return false;
    }
    transfer->headers =
        curl_slist_append(transfer->headers, "Expect:"); /* never 100-continue */
    return true;
}

static size_t take_body(char *data, size_t size, size_t count, void *self)
{
    struct transfer *transfer = self;
    if (!buf_add(&transfer->reply->body, data, size * count)) {
        transfer->over = true;
        return 0;
    }
    return size * count;
}

/* The value of the header line where it is the named one, without blanks around it. */
static const char *find_value(const char *line, size_t length, const char *name,
                              size_t *size)
{
    size_t skip = strlen(name);
    if (length <= skip || strncasecmp(line, name, skip) != 0 || line[skip] != ':') {
        return NULL;
    }
    const char *from = line + skip + 1, *to = line + length;
    while (from < to && (*from == ' ' || *from == '\t')) {
        from++;
    }
    while (to > from && strchr("\r\n \t", to[-1])) {
        to--;
    }
    *size = (size_t)(to - from);
    return from;
}

static bool header_value(const char *line, size_t length, const char *name, char *out,
                         size_t room)
{
    size_t size = 0;
    const char *from = find_value(line, length, name, &size);
    if (from) {
        snprintf(out, room, "%.*s", (int)size, from);
    }
    return from != NULL;
}

static size_t take_header(char *data, size_t size, size_t count, void *self)
{
    struct transfer *transfer = self;
    struct http_reply *reply = transfer->reply;
    size_t length = size * count;
    transfer->header_bytes += length;
    if (transfer->header_bytes > HTTP_HEADER_CAP) {
        transfer->over = true;
        return 0;
    }
    if (transfer->request->keep_headers) {
        if (length > 5 && strncmp(data, "HTTP/", 5) ==
                              0) { /* what came before was an interim reply's */
            buf_clear(&reply->headers);
        }
        buf_add(&reply->headers, data, length);
    }
    char date[64];
    header_value(data, length, "Content-Type", reply->content_type,
                 sizeof reply->content_type);
    header_value(data, length, "Location", reply->location, sizeof reply->location);
    if (transfer->request->wanted) {
        header_value(data, length, transfer->request->wanted, reply->wanted,
                     sizeof reply->wanted);
    }
    if (header_value(data, length, "Date", date, sizeof date)) {
        time_t seconds = curl_getdate(date, NULL);
        reply->date = seconds > 0 ? (int64_t)seconds * 1000 : 0;
    }
    return length;
}

static CURLcode prepare_tls(CURL *easy, void *context, void *self)
{
    (void)easy;
    struct transfer *transfer = self;
    transfer->tls_began = clock_now();
    return trust_apply(context, transfer->request->tls, transfer->host,
                       &transfer->line->seen, &transfer->own_error)
               ? CURLE_OK
               : CURLE_ABORTED_BY_CALLBACK;
}

static CURLcode set_tls(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    code = code ? code : curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    code = code ? code : curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, prepare_tls);
    return code ? code : curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, transfer);
}

/* The list is borrowed by libcurl and read when the request is made, after this. */
static int before_request(void *self, char *to, char *from, int to_port, int from_port)
{
    (void)to;
    (void)from;
    (void)to_port;
    (void)from_port;
    struct transfer *transfer = self;
    const struct http_request *request = transfer->request;
    struct http_header header = {NULL, NULL};
    int64_t began = clock_now();
    bool goes = request->late(request->late_context, &header);
    transfer->let_go = clock_now();
    transfer->held = transfer->let_go - began;
    if (!goes) {
        error_set(&transfer->own_error, ERROR_CANCELLED, "nothing was asked");
        return CURL_PREREQFUNC_ABORT;
    }
    return add_header(transfer, header.name, header.value, &transfer->own_error)
               ? CURL_PREREQFUNC_OK
               : CURL_PREREQFUNC_ABORT;
}

static void set_late(struct transfer *transfer)
{
    if (transfer->request->late) {
        curl_easy_setopt(transfer->easy, CURLOPT_PREREQFUNCTION, before_request);
        curl_easy_setopt(transfer->easy, CURLOPT_PREREQDATA, transfer);
    }
}

static void set_request(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    const struct http_request *request = transfer->request;
    curl_easy_setopt(easy, CURLOPT_URL, transfer->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
    if (request->body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)request->body_length);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
    }
    if (request->method && strcmp(request->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (request->method) {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    }
}

static bool set_options(struct transfer *transfer, struct error *error)
{
    CURL *easy = transfer->easy;
    set_request(transfer);
    set_late(transfer);
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_RESOLVE, transfer->resolved);
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, transfer->connect_to);
    /* Several addresses share this time; the deadline itself is kept by run(). */
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                     (long)clock_left(transfer->wait.deadline) + 50);
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE,
                     (curl_off_t)transfer->reply->body.cap);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->words);
    if (transfer->encrypted && set_tls(transfer) != CURLE_OK) {
        return error_set(error, ERROR_SYSTEM,
                         "this libcurl does not do TLS with OpenSSL");
    }
    return true;
}

/* Drives the transfer to its end, the deadline, or a cancellation. */
static bool run(struct transfer *transfer, struct error *error)
{
    for (;;) {
        int running = 0, left = 0;
        curl_multi_perform(transfer->line->multi, &running);
        const CURLMsg *message = curl_multi_info_read(transfer->line->multi, &left);
        if (message && message->msg == CURLMSG_DONE) {
            transfer_measure(transfer);
            return message->data.result == CURLE_OK ||
                   transfer_explain(transfer, message->data.result, error);
        }
        if (wait_cancelled(&transfer->wait, error)) {
            return false;
        }
        int slice = wait_slice(&transfer->wait);
        if (slice == 0) {
            transfer_measure(transfer);
            return transfer_late(transfer, error);
        }
        curl_multi_poll(transfer->line->multi, NULL, 0, slice, NULL);
    }
}

/* A line where something went wrong is not one for the next request. */
static void finish(struct transfer *transfer, bool good)
{
    if (transfer->line && transfer->easy) {
        curl_multi_remove_handle(transfer->line->multi, transfer->easy);
    }
    curl_easy_cleanup(transfer->easy);
    line_give(transfer->lines, transfer->line, good);
    curl_slist_free_all(transfer->headers);
    curl_slist_free_all(transfer->resolved);
    curl_slist_free_all(transfer->connect_to);
    free(transfer->host);
    mem_cleanse(transfer->url); /* that of a webhook is a secret */
}

bool http_ask(const struct http_request *request, struct http_reply *reply,
              struct error *error)
{
    *reply = (struct http_reply){.status = 0};
    buf_init_secret(&reply->body, request->cap ? request->cap : HTTP_CAP);
    buf_init_secret(&reply->headers, HTTP_HEADER_CAP);
    struct transfer transfer = {
        .request = request,
        .reply = reply,
        /* libcurl would not tell connections of one `tls` from those of another */
        .lines = request->tls ? NULL : request->lines,
        .wait = wait_begin(request->deadline, request->cancelled),
    };
    bool done = false;
    if (!transfer_aim(&transfer, error) || !add_headers(&transfer, error)) {
        goto out;
    }
    transfer.easy = curl_easy_init();
    transfer.line = line_take(transfer.lines);
    if (!transfer.easy || !transfer.line) {
        error_set(error, ERROR_SYSTEM, "libcurl has no memory or no descriptor left");
        goto out;
    }
    if (set_options(&transfer, error)) {
        transfer.asked = clock_now();
        curl_multi_add_handle(transfer.line->multi, transfer.easy);
        done = run(&transfer, error);
        reply->certificate_ends = transfer.line->seen.until;
    }
out:
    finish(&transfer, done);
    reply->total = clock_now() - transfer.wait.since - transfer.held;
    return done;
}

void http_reply_finish(struct http_reply *reply)
{
    if (reply) {
        buf_finish(&reply->body);
        buf_finish(&reply->headers);
    }
}

char *http_header_of(const struct http_reply *reply, const char *name)
{
    const char *at = buf_string(&reply->headers);
    for (size_t length; *at; at += length) {
        length = strcspn(at, "\n");
        length += at[length] == '\n';
        size_t size = 0;
        const char *value = find_value(at, length, name, &size);
        if (value) {
            return mem_bytes(value, size);
        }
    }
    return NULL;
}

void http_escape(struct buf *out, const char *text)
{
    char *escaped = curl_easy_escape(NULL, text, 0);
    if (!escaped) {
        panic("out of memory (URL)");
    }
    buf_text(out, escaped);
    curl_free(escaped);
}
