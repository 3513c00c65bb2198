#include "net/resp.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* hiredis 1.0 counts elements in size_t, 0.14 in int. */
#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif

/* An array is allocated from its announced length, before any element came: refuse large
 * ones, and many small ones. */
static void *make_array(const redisReadTask *task, element_count count)
{
    struct resp *resp = task->privdata;
    if (count > 0 && (size_t)count > RESP_ELEMENTS - resp->elements) {
        resp->over = true;
        return NULL;
    }
    resp->elements += count > 0 ? (size_t)count : 0;
    return resp->own->createArray(task, count);
}

void resp_begin(struct resp *resp, struct dial *dial)
{
    *resp = (struct resp){.dial = dial, .reader = redisReaderCreate()};
    if (!resp->reader) {
        panic("out of memory (hiredis)");
    }
    resp->own = resp->reader->fn;
    resp->functions = *resp->own;
    resp->functions.createArray = make_array;
    resp->reader->fn = &resp->functions;
    resp->reader->privdata = resp;
    buf_init_secret(&resp->out, 0);
}

void resp_finish(struct resp *resp)
{
    if (resp) {
        if (resp->reader) {
            redisReaderFree(resp->reader);
        }
        resp->reader = NULL;
        buf_finish(&resp->out);
    }
}

void resp_add(struct resp *resp, const char *const *arguments)
{
    const char *list[RESP_ARGUMENTS];
    int count = 0;
    while (arguments[count] && count < RESP_ARGUMENTS) {
        list[count] = arguments[count];
        count++;
    }
    char *command = NULL;
    long long length = redisFormatCommandArgv(&command, count, list, NULL);
    if (length < 0) {
        panic("out of memory (command)");
    }
    buf_add(&resp->out, command, (size_t)length);
    explicit_bzero(command, (size_t)length);
    redisFreeCommand(command);
}

bool resp_send(struct resp *resp, struct error *error)
{
    bool done = dial_write(resp->dial, buf_string(&resp->out), resp->out.length, error);
    buf_finish(&resp->out);
    return done;
}

static bool begins(const struct resp *resp, const char *with, size_t length)
{
    return resp->first_count >= length && memcmp(resp->first, with, length) == 0;
}

/* What the peer is instead, judged by the first bytes it sent. */
static void hint_other(const struct resp *resp, struct error *error)
{
    if (begins(resp, "HTTP", 4) || begins(resp, "<", 1)) {
        error_hint(error, "a web server listens there: correct host and port");
    } else if (begins(resp, "\x15\x03", 2)) {
        error_hint(error, "it wants TLS: set redis.tls");
    } else if (begins(resp, "SSH-", 4)) {
        error_hint(error, "an SSH server listens there: correct host and port");
    } else if (begins(resp, "%", 1) || begins(resp, "_", 1) || begins(resp, ">", 1)) {
        error_hint(error,
                   "it answers in RESP3, which nobody asked for: see what proxy that is");
    } else {
        error_hint(error, "something else listens there: correct host and port");
    }
}

/* Redis's TLS port and a load balancer with nobody behind it close without a word. */
static void hint_closed(const struct resp *resp, struct error *error)
{
    if (!resp->first_count) {
        error_hint(error, resp->dial->ssl
                              ? "it may refuse our address or certificate: see its log"
                              : "it may want TLS (redis.tls), or refuse our address: "
                                "see its log");
    } else if (resp->first[0] && strchr("+-:$*", resp->first[0])) {
        error_hint(error, "see the log of Redis, and of what stands in front of it");
    } else {
        hint_other(resp, error);
    }
}

static redisReply *refuse(struct resp *resp, struct error *error)
{
    if (resp->over) {
        error_set(error, ERROR_LIMIT,
                  "%s answered with more than we take (%d KiB, %d elements)",
                  resp->dial->address, RESP_BYTES / 1024, RESP_ELEMENTS);
    } else {
        error_set(error, ERROR_PROTOCOL, "%s answered, but not as Redis does",
                  resp->dial->address);
    }
    hint_other(resp, error);
    return NULL;
}

static bool feed(struct resp *resp, struct error *error)
{
    char chunk[4096];
    ssize_t got = dial_read(resp->dial, chunk, sizeof chunk, error);
    if (got < 0) {
        return false;
    }
    if (got == 0) {
        error_set(error, ERROR_PROTOCOL, "%s closed the connection without %s",
                  resp->dial->address, resp->first_count ? "a whole reply" : "a reply");
        hint_closed(resp, error);
        return false;
    }
    for (ssize_t i = 0; i < got && resp->first_count < sizeof resp->first; i++) {
        resp->first[resp->first_count++] = chunk[i];
    }
    if (resp->dial->received > RESP_BYTES) {
        resp->over = true;
        refuse(resp, error);
        return false;
    }
    redisReaderFeed(resp->reader, chunk, (size_t)got);
    return true;
}

redisReply *resp_receive(struct resp *resp, struct error *error)
{
    for (;;) {
        void *reply = NULL;
        if (redisReaderGetReply(resp->reader, &reply) != REDIS_OK) {
            return refuse(resp, error);
        }
        if (reply) {
            return reply;
        }
        if (!feed(resp, error)) {
            return NULL;
        }
    }
}
