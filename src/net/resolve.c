#include "net/resolve.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Held by the asker and by the resolver's thread; the last one frees it. */
struct query {
    pthread_mutex_t lock;
    pthread_cond_t done_now;
    char *host;
    int family;
    int references;
    bool done;
    int code;   /* of getaddrinfo() */
    int number; /* errno of EAI_SYSTEM */
    struct addresses found;
};

static atomic_int running;

static struct query *query_create(const char *host, int family)
{
    struct query *query = mem_alloc(sizeof *query);
    wait_condition(&query->done_now);
    pthread_mutex_init(&query->lock, NULL);
    query->host = mem_text(host);
    query->family = family;
    query->references = 2;
    return query;
}

static void query_unref(struct query *query)
{
    pthread_mutex_lock(&query->lock);
    bool last = --query->references == 0;
    pthread_mutex_unlock(&query->lock);
    if (last) {
        pthread_mutex_destroy(&query->lock);
        pthread_cond_destroy(&query->done_now);
        free(query->host);
        free(query);
    }
}

static void take_found(struct addresses *out, const struct addrinfo *list)
{
    for (; list && out->count < RESOLVE_MOST; list = list->ai_next) {
        if (list->ai_addrlen <= sizeof(union address)) {
            memcpy(&out->row[out->count++], list->ai_addr, list->ai_addrlen);
        }
    }
}

static void *resolve_thread(void *argument)
{
    struct query *query = argument;
    struct addrinfo hints = {.ai_family = query->family, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int code = getaddrinfo(query->host, NULL, &hints, &list);
    int number = errno;
    pthread_mutex_lock(&query->lock);
    query->code = code;
    query->number = number;
    take_found(&query->found, code == 0 ? list : NULL);
    query->done = true;
    pthread_cond_signal(&query->done_now);
    pthread_mutex_unlock(&query->lock);
    if (code == 0) {
        freeaddrinfo(list);
    }
    atomic_fetch_sub(&running, 1);
    query_unref(query);
    return NULL;
}

static bool start(struct query *query, struct error *error)
{
    if (atomic_fetch_add(&running, 1) >= RESOLVE_STUCK) {
        atomic_fetch_sub(&running, 1);
        error_set(error, ERROR_TIMEOUT, "the resolver has left %d questions unanswered",
                  RESOLVE_STUCK);
        error_hint(error, "see whether the name servers in /etc/resolv.conf answer");
        return false;
    }
    int number = thread_start(NULL, resolve_thread, query);
    if (number != 0) {
        atomic_fetch_sub(&running, 1);
        return error_system(error, number, "cannot start a resolver");
    }
    return true;
}

static bool await(struct query *query, const struct wait *wait, struct error *error)
{
    bool stopped = false;
    pthread_mutex_lock(&query->lock);
    while (!query->done && !stopped) {
        if (wait_cancelled(wait, error)) {
            stopped = true;
        } else if (wait_slice(wait) == 0) {
            char words[WAIT_WORDS];
            wait_words(wait, words);
            error_set(error, ERROR_TIMEOUT,
                      "cannot resolve %s: the resolver said nothing in %s", query->host,
                      words);
            error_hint(error, "see whether the name servers in /etc/resolv.conf answer");
            stopped = true;
        } else {
            wait_signal(wait, &query->done_now, &query->lock);
        }
    }
    pthread_mutex_unlock(&query->lock);
    return !stopped;
}

static bool judge(const struct query *query, struct error *error)
{
    if (query->code == EAI_MEMORY || query->code == EAI_SYSTEM) {
        return error_system(error, query->code == EAI_MEMORY ? ENOMEM : query->number,
                            "cannot resolve %s", query->host);
    }
    if (query->code != 0 || query->found.count == 0) {
        error_set(error, ERROR_UNREACHABLE, "cannot resolve %s%s", query->host,
                  query->code == EAI_AGAIN ? ": the name server does not answer" : "");
        error_hint(error, "check how the host is written, and this machine's DNS");
        return false;
    }
    return true;
}

socklen_t address_length(const union address *address)
{
    return address->any.sa_family == AF_INET6 ? sizeof address->six
                                              : sizeof address->four;
}

static void set_port(union address *address, int port)
{
    if (address->any.sa_family == AF_INET6) {
        address->six.sin6_port = htons((uint16_t)port);
    } else {
        address->four.sin_port = htons((uint16_t)port);
    }
}

bool resolve_literal(const char *host, int port, union address *out)
{
    *out = (union address){.six = {0}};
    if (inet_pton(AF_INET, host, &out->four.sin_addr) == 1) {
        out->any.sa_family = AF_INET;
    } else if (inet_pton(AF_INET6, host, &out->six.sin6_addr) == 1) {
        out->any.sa_family = AF_INET6;
    } else {
        return false;
    }
    set_port(out, port);
    return true;
}

bool resolve_name(const char *host, int family, const struct wait *wait,
                  struct addresses *out, struct error *error)
{
    *out = (struct addresses){.count = 0};
    struct query *query = query_create(host, family);
    if (!start(query, error)) {
        query_unref(query); /* the thread's, which did not begin */
        query_unref(query); /* NOLINT(clang-analyzer-unix.Malloc): there were two */
        return false;
    }
    bool found = await(query, wait, error) && judge(query, error);
    if (found) {
        *out = query->found;
    }
    query_unref(query);
    return found;
}

bool resolve_host(const char *host, int port, const struct wait *wait,
                  struct addresses *out, struct error *error)
{
    *out = (struct addresses){.count = 0};
    if (resolve_literal(host, port, &out->row[0])) {
        out->count = 1;
        return true;
    }
    bool found = resolve_name(host, AF_UNSPEC, wait, out, error);
    out->count = out->count < RESOLVE_TRIED ? out->count : RESOLVE_TRIED;
    for (size_t i = 0; i < out->count; i++) {
        set_port(&out->row[i], port);
    }
    return found;
}

void address_host(const union address *address, char out[ADDRESS_TEXT])
{
    const void *raw = address->any.sa_family == AF_INET6
                          ? (const void *)&address->six.sin6_addr
                          : (const void *)&address->four.sin_addr;
    if (!inet_ntop(address->any.sa_family, raw, out, ADDRESS_TEXT)) {
        out[0] = '\0';
    }
}

void address_text(const union address *address, char out[ADDRESS_TEXT])
{
    char host[ADDRESS_TEXT];
    address_host(address, host);
    bool six = address->any.sa_family == AF_INET6;
    int port = ntohs(six ? address->six.sin6_port : address->four.sin_port);
    snprintf(out, ADDRESS_TEXT, six ? "[%.46s]:%d" : "%.46s:%d", host, port);
}

/* Linux connects to this machine where the address is 0 ("any"). */
static bool is_loopback_4(const unsigned char address[4])
{
    static const unsigned char any[4] = {0};
    return address[0] == 127 || memcmp(address, any, sizeof any) == 0;
}

static bool is_loopback_6(const unsigned char address[16])
{
    static const unsigned char any[16] = {0}, one[16] = {[15] = 1};
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(address, one, sizeof one) == 0 ||
           memcmp(address, any, sizeof any) == 0 ||
           (memcmp(address, mapped, sizeof mapped) == 0 && is_loopback_4(address + 12));
}

bool resolve_loopback(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    struct in_addr four;
    size_t length = strlen(host);
    length -= length > 0 && host[length - 1] == '.'; /* the root of the name system */
    static const char name[] = "localhost";          /* RFC 6761 section 6.3 */
    static const size_t tail = sizeof name - 1;
    if (length >= tail && strncasecmp(host + length - tail, name, tail) == 0 &&
        (length == tail || host[length - tail - 1] == '.')) {
        return true;
    }
    if (inet_aton(host, &four)) { /* as the resolver reads it: "127.1", "0x7f000001" */
        memcpy(address, &four, sizeof four);
        return is_loopback_4(address);
    }
    return inet_pton(AF_INET6, host, address) == 1 && is_loopback_6(address);
}
