#include "checks/redis/slot.h"

#include "base/mem.h"
#include "checks/probe.h"
#include "net/refusal.h"

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

/* A tag is tried after another one: 16384 of them for a single slot, on average. */
void slot_key(char out[SLOT_KEY], int first, int last)
{
    char word[PROBE_WORD];
    int slot = -1;
    probe_word(word);
    for (unsigned tag = 0; slot < first || slot > last; tag++) {
        int length = snprintf(out, SLOT_KEY, REDIS_PREFIX "{%x}%s", tag, word);
        slot = slot_of(out, (size_t)length);
    }
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

static bool read_range(struct nodes *nodes, const redisReply *reply, const char *host,
                       bool taken[SLOTS])
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
            nodes->masters += node->slots == 0;
            node->slots += (int)(last - first + 1);
            node->first = (int)first;
            node->last = (int)last;
        }
    }
    for (long long slot = first; slot <= last; slot++) {
        nodes->covered += !taken[slot];
        taken[slot] = true;
    }
    return true;
}

bool nodes_read(struct nodes *nodes, const redisReply *reply, const char *host)
{
    bool taken[SLOTS] = {false};
    *nodes = (struct nodes){0};
    bool shaped = reply->type == REDIS_REPLY_ARRAY;
    for (size_t i = 0; shaped && i < reply->elements; i++) {
        shaped = read_range(nodes, reply->element[i], host, taken);
    }
    return shaped;
}

void nodes_finish(struct nodes *nodes)
{
    free(nodes->rows);
    *nodes = (struct nodes){0};
}
