/* The configuration that a trap is asked with. Main thread. */
#ifndef GREENBOARD_TESTS_DOCUMENT_H
#define GREENBOARD_TESTS_DOCUMENT_H

#include "base/error.h"
#include "tests/catalogue/trap.h"

/* What is filled in for {port}, {refused} and {deaf}. */
struct document_ports {
    int peer, refused, deaf;
};

/* greenboard.json with one environment "staging" as the trap sets it; `deadline` is that
 * of the light that is asked. NULL with an error; the caller frees it. */
char *document_make(const struct trap *trap, const struct document_ports *ports,
                    const char *deadline, struct error *error);

#endif
