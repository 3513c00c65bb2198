/* The command of a tunnel in order: what is said to a port of loopback is passed on to
 * another one. A process of its own. */
#ifndef GREENBOARD_TESTS_FORWARD_H
#define GREENBOARD_TESTS_FORWARD_H

/* Until it is ended; else a status for exit(3). */
int forward_run(const char *port, const char *to);

#endif
