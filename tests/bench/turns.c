/* turns PORT: relays to that port of loopback, prints the port to use instead, and at the
 * end of its input how many round trips went through. */
#include "tests/unit/relay.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: turns PORT\n");
        return 64;
    }
    struct relay *relay = relay_start((int)strtol(argv[1], NULL, 10));
    char byte;
    printf("%d\n", relay_port(relay));
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    printf("%d\n", relay_stop(relay));
    return 0;
}
