#include "net/slots.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* CRC16 as XMODEM has it: polynomial 1021, beginning with 0, not reflected (cluster-spec,
 * appendix A). */
static unsigned crc16(const char *data, size_t length)
{
    unsigned crc = 0;
    for (size_t i = 0; i < length; i++) {
        crc ^= (unsigned)(unsigned char)data[i] << 8;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 0x8000U) ? (crc << 1) ^ 0x1021U : crc << 1;
        }
        crc &= 0xffffU;
    }
    return crc;
}

int slot_of(const char *key, size_t length)
{
    const char *open = memchr(key, '{', length);
    size_t rest = open ? length - (size_t)(open + 1 - key) : 0;
    const char *shut = open ? memchr(open + 1, '}', rest) : NULL;
    if (shut && shut > open + 1) {
        key = open + 1;
        length = (size_t)(shut - key);
    }
    return (int)(crc16(key, length) % SLOTS);
}

/* ---- CLUSTER SLOTS ---- */

const struct node *nodes_find(const struct nodes *nodes, const char *host, int port)
{
    for (size_t i = 0; i < nodes->count; i++) {
        if (nodes->rows[i].port == port && strcmp(nodes->rows[i].host, host) == 0) {
            return &nodes->rows[i];
        }
    }
    return NULL;
}

const struct node *nodes_serving(const struct nodes *nodes, int slot)
{
    size_t owner = nodes->owners ? nodes->owners[slot] : 0;
    return owner ? &nodes->rows[owner - 1] : NULL;
}

/* "unknown endpoint" (CLUSTER SLOTS, since 7.0) */
bool node_named(const struct node *node, struct error *error)
{
    if (strcmp(node->host, "?") != 0) {
        return true;
    }
    error_set(error, ERROR_ABSENT, "the cluster knows no name for it yet");
    error_hint(error, "set cluster-announce-hostname there, or prefer another endpoint "
                      "type");
    return false;
}

static struct node *add_node(struct nodes *nodes, const char *host, int port)
{
    const struct node *known = nodes_find(nodes, host, port);
    if (known) {
        return &nodes->rows[known - nodes->rows];
    }
    nodes->rows = mem_resize(nodes->rows, (nodes->count + 1) * sizeof *nodes->rows);
    struct node *node = &nodes->rows[nodes->count++];
    *node = (struct node){.port = port, .first = -1, .last = -1};
    memcpy(node->host, host, strlen(host) + 1);
    return node;
}

/* Host, port, id, and since 7.0 a list of further names. A host that is not known is nil
 * or empty: the one that was asked; "?" is one that has no name yet. */
static struct node *read_node(struct nodes *nodes, const redisReply *reply,
                              const char *host)
{
    bool shaped = reply->type == REDIS_REPLY_ARRAY && reply->elements >= 2 &&
                  reply->element[1]->type == REDIS_REPLY_INTEGER;
    const redisReply *name = shaped ? reply->element[0] : NULL;
    if (!name || (name->type != REDIS_REPLY_STRING && name->type != REDIS_REPLY_NIL) ||
        reply->element[1]->integer < 1 || reply->element[1]->integer > 65535) {
        return NULL;
    }
    const char *own = name->type == REDIS_REPLY_STRING && *name->str ? name->str : host;
    if (strlen(own) >= sizeof nodes->rows->host || (own != host && *own == '/')) {
        return NULL;
    }
    return add_node(nodes, own, (int)reply->element[1]->integer);
}

static void give_range(struct nodes *nodes, struct node *node, int first, int last)
{
    nodes->masters += node->slots == 0;
    node->slots += last - first + 1;
    node->first = first;
    node->last = last;
    for (int slot = first; slot <= last; slot++) {
        nodes->covered += nodes->owners[slot] == 0;
        nodes->owners[slot] = (uint16_t)(node - nodes->rows + 1);
    }
}

static bool read_range(struct nodes *nodes, const redisReply *reply, const char *host)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 3 ||
        reply->element[0]->type != REDIS_REPLY_INTEGER ||
        reply->element[1]->type != REDIS_REPLY_INTEGER) {
        return false;
    }
    long long first = reply->element[0]->integer, last = reply->element[1]->integer;
    if (first < 0 || last < first || last >= SLOTS) {
        return false;
    }
    for (size_t i = 2; i < reply->elements; i++) {
        struct node *node = read_node(nodes, reply->element[i], host);
        if (!node) {
            return false;
        }
        if (i == 2) {
            give_range(nodes, node, (int)first, (int)last);
        }
    }
    return true;
}

bool nodes_read(struct nodes *nodes, const redisReply *reply, const char *host)
{
    *nodes = (struct nodes){.owners = mem_alloc(SLOTS * sizeof *nodes->owners)};
    bool shaped = reply->type == REDIS_REPLY_ARRAY;
    for (size_t i = 0; shaped && i < reply->elements; i++) {
        shaped = read_range(nodes, reply->element[i], host);
    }
    return shaped;
}

void nodes_finish(struct nodes *nodes)
{
    free(nodes->rows);
    free(nodes->owners);
    *nodes = (struct nodes){0};
}

/* ---- redirections ---- */

/* "MOVED 3999 127.0.0.1:6381"; the port is after the last colon, since a host may be an
 * IPv6 address. */
bool redirect_read(const char *text, struct redirect *redirect)
{
    bool asking = text_starts(text, "ASK ");
    if (!asking && !text_starts(text, "MOVED ")) {
        return false;
    }
    const char *slot = strchr(text, ' ') + 1, *host = strchr(slot, ' ');
    const char *port = host ? strrchr(host, ':') : NULL;
    int64_t number = 0, at = 0;
    char digits[8];
    if (!port || port - host - 1 >= (int)sizeof redirect->host) {
        return false;
    }
    snprintf(digits, sizeof digits, "%.*s", (int)strcspn(slot, " "), slot);
    if (!text_integer(digits, 0, SLOTS - 1, &at) ||
        !text_integer(port + 1, 1, 65535, &number)) {
        return false;
    }
    *redirect = (struct redirect){
        .given = true, .asking = asking, .slot = (int)at, .port = (int)number};
    memcpy(redirect->host, host + 1, (size_t)(port - host - 1));
    return true;
}

const struct node *nodes_follow(const struct nodes *nodes, const struct node *from,
                                const struct redirect *redirect, int hop,
                                struct error *error)
{
    if (hop >= HOPS_MOST) {
        error_set(error, ERROR_DENIED,
                  "the masters send each other a slot that none of them takes");
        error_hint(error, "see CLUSTER NODES on each of them");
        return NULL;
    }
    const char *host = *redirect->host ? redirect->host : from->host;
    const struct node *to = nodes_find(nodes, host, redirect->port);
    if (!to) {
        error_set(error, ERROR_DENIED,
                  "%s slot %d to %s:%d, which CLUSTER SLOTS does not name",
                  redirect->asking ? "asks to look for" : "moved", redirect->slot, host,
                  redirect->port);
        error_hint(error, "see CLUSTER NODES for who that is: nobody is followed there");
    }
    return to;
}
