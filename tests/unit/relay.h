/* A relay on loopback that counts round trips at the socket: one for each connection, and
 * one each time that the server answers what the client said. What
 * belongs to one flight is gathered for a moment before it is passed on, as it would be
 * on a line with a delay, so that a client that does not wait is not counted as one that
 * does. A thread of its own; the caller stops it. */
#ifndef GREENBOARD_TESTS_RELAY_H
#define GREENBOARD_TESTS_RELAY_H

struct relay;

struct relay *
relay_start(int port); /* to this port of loopback; panics where it cannot */
int relay_port(const struct relay *relay);
int relay_stop(struct relay *relay); /* the round trips; frees */

#endif
