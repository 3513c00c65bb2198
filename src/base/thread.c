#include "base/thread.h"

#include <signal.h>

enum { STACK = 512 * 1024 }; /* bytes: name service modules want more than the least */

int thread_start(pthread_t *thread, void *(*work)(void *self), void *self)
{
    pthread_attr_t attributes;
    pthread_t nobodys;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    if (!thread) {
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    }
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int number = pthread_create(thread ? thread : &nobodys, &attributes, work, self);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return number;
}
