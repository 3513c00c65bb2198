#include "checks/redis/slot.h"

#include "checks/probe.h"
#include "net/refusal.h"
#include "net/slots.h"

#include <stdio.h>

/* A tag is tried after another one: 16384 of them for a single slot, on average. */
void slot_key(char out[SLOT_KEY], int first, int last)
{
    char word[PROBE_WORD];
    int slot = -1;
    probe_word(word);
    for (unsigned tag = 0; slot < first || slot > last; tag++) {
        int length = snprintf(out, SLOT_KEY, REDIS_PREFIX "{%x}%s", tag, word);
        slot = slot_of(out, (size_t)length);
    }
}
