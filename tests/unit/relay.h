/* A relay on loopback that counts the round trips that a client waits for: one for each
 * connection, and one each time that the server answers what the client said. Those that
 * go on at the same time are one: each event is a trip later than the newest one that the
 * client had seen when it spoke (Lamport, "Time, Clocks, and the Ordering of Events").
 *
 * What belongs to one flight is gathered for a moment before it is passed on, as it would
 * be on a line with a delay, so that a client that does not wait is not counted as one
 * that does. A thread of its own; the caller stops it. */
#ifndef GREENBOARD_TESTS_RELAY_H
#define GREENBOARD_TESTS_RELAY_H

struct relay;

enum { RELAY_PORTS = 2 };

/* To these ports of loopback, `count` of them; panics where it cannot. */
struct relay *relay_start(const int *ports, int count);
int relay_port(const struct relay *relay, int index); /* that stands for ports[index] */
int relay_stop(struct relay *relay);                  /* the round trips; frees */

#endif
