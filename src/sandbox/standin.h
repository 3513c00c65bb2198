/* Stands in for ClickHouse where the system has no package of it: its HTTP interface, as
 * far as a check goes, with the version "stand-in" so that nobody takes it for the real
 * one. */
#ifndef GREENBOARD_SANDBOX_STANDIN_H
#define GREENBOARD_SANDBOX_STANDIN_H

#include "sandbox/http.h"

struct sandbox;

struct http_server *standin_start(struct sandbox *sandbox, uint16_t port,
                                  struct error *error);

#endif
