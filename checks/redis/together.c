#include "checks/redis/together.h"

#include "base/thread.h"

#include <pthread.h>
#include <stdatomic.h>

struct crowd {
    char *array;
    size_t count, size;
    void (*each)(void *element);
    atomic_size_t next;
};

static void *take_turns(void *self)
{
    struct crowd *crowd = self;
    for (size_t i; (i = atomic_fetch_add(&crowd->next, 1)) < crowd->count;) {
        crowd->each(crowd->array + i * crowd->size);
    }
    return NULL;
}

/* The calling thread takes its turns too, so that it goes on where no other can be
 * had. */
void together(void *array, size_t count, size_t size, void (*each)(void *element))
{
    struct crowd crowd = {array, count, size, each, 0};
    pthread_t threads[TOGETHER_MOST];
    size_t started = 0;
    while (started + 1 < count && started < TOGETHER_MOST &&
           thread_start(&threads[started], take_turns, &crowd) == 0) {
        started++;
    }
    take_turns(&crowd);
    while (started > 0) {
        pthread_join(threads[--started], NULL);
    }
}
