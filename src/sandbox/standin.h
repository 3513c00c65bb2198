/* Stands in for ClickHouse where the system has no package of it: its HTTP interface, as
 * far as a check goes, with a version that says so: nobody shall take it for the real
 * one. */
#ifndef GREENBOARD_SANDBOX_STANDIN_H
#define GREENBOARD_SANDBOX_STANDIN_H

#include "sandbox/http.h"

#define STANDIN_VERSION "0 (stand-in)"

struct sandbox;

struct http_server *standin_start(struct sandbox *sandbox, uint16_t port,
                                  struct error *error);

#endif
