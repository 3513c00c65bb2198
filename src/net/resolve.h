/* Names to addresses, with a deadline that holds also where the system's resolver hangs:
 * it runs in a thread of its own, which is abandoned. An address needs no thread. Any
 * thread. */
#ifndef GREENBOARD_NET_RESOLVE_H
#define GREENBOARD_NET_RESOLVE_H

#include "base/error.h"
#include "net/wait.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum {
    RESOLVE_MOST = 64, /* addresses that are kept of a name */
    RESOLVE_TRIED = 8, /* and of these, for who wants to connect */
    RESOLVE_STUCK = 16 /* resolvers that may hang */
};

union address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
};

struct addresses {
    union address row[RESOLVE_MOST];
    size_t count; /* at least 1 where it was resolved */
};

bool resolve_host(const char *host, int port, const struct wait *wait,
                  struct addresses *out, struct error *error);
/* All addresses of a name, of one family (AF_INET, AF_INET6). */
bool resolve_name(const char *host, int family, const struct wait *wait,
                  struct addresses *out, struct error *error);
bool resolve_literal(const char *host, int port,
                     union address *out); /* an IP address only */
/* Whether the host is this machine by its name or address alone; nobody is asked. */
bool resolve_loopback(const char *host);
socklen_t address_length(const union address *address);

#define ADDRESS_TEXT 64
void address_text(const union address *address,
                  char out[ADDRESS_TEXT]); /* "[::1]:8123" */
void address_host(const union address *address, char out[ADDRESS_TEXT]); /* "::1" */

#endif
