/* A sandbox in this process, without the servers of somebody else: the services and
 * Google's, behind their doors. */
#ifndef GREENBOARD_TESTS_SANDBOX_HELP_H
#define GREENBOARD_TESTS_SANDBOX_HELP_H

#include "base/buf.h"
#include "sandbox/sandbox.h"

#include <stdint.h>

struct sandbox *sandbox_make(void);
void sandbox_unmake(struct sandbox *sandbox);
void sandbox_turn(struct sandbox *sandbox, enum fault fault, bool on);

int64_t sandbox_soon(void); /* a deadline that only what hangs reaches */
/* The status, or the negative code of the error; `out` is begun here. */
int sandbox_ask(uint16_t port, const char *method, const char *target,
                const char *headers, const char *body, struct buf *out);

#endif
