/* turns PORT [PORT]: relays to these ports of loopback, prints the ports to use instead,
 * one a line, and at the end of its input how many round trips a client waited for. */
#include "tests/unit/relay.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int ports[RELAY_PORTS] = {0}, count = argc - 1;
    if (count < 1 || count > RELAY_PORTS) {
        fprintf(stderr, "usage: turns PORT [PORT]\n");
        return 64;
    }
    for (int i = 0; i < count; i++) {
        ports[i] = (int)strtol(argv[i + 1], NULL, 10);
    }
    struct relay *relay = relay_start(ports, count);
    for (int i = 0; i < count; i++) {
        printf("%d\n", relay_port(relay, i));
    }
    fflush(stdout);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    printf("%d\n", relay_stop(relay));
    return 0;
}
