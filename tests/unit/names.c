#include "tests/unit/names.h"

#include <dlfcn.h>
#include <netdb.h>
#include <semaphore.h>
#include <string.h>

static sem_t stalled; /* zeroed is a semaphore of 0 */

/* This definition comes before the C library's. */
int getaddrinfo(const char *restrict host, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict list)
{
    if (strcmp(host, "stalled.example") == 0) {
        while (sem_wait(&stalled) != 0) {
        }
        return EAI_AGAIN;
    }
    if (strcmp(host, "missing.example") == 0) {
        return EAI_NONAME;
    }
    /* ISO C has no cast from an object to a function pointer; POSIX dlsym() wants one. */
    int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&next, &symbol, sizeof next);
    return next(strstr(host, ".example") ? "127.0.0.1" : host, service, hints, list);
}

void names_release(void)
{
    sem_post(&stalled);
}
