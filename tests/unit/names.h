/* A name service for tests, in place of the C library's getaddrinfo(): "peer.example" is
 * 127.0.0.1, "missing.example" is not there, "stalled.example" hangs. */
#ifndef GREENBOARD_TESTS_NAMES_H
#define GREENBOARD_TESTS_NAMES_H

void names_release(void); /* lets one question that hangs go */

#endif
