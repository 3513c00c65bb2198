/* A key for the proof of one master of a Redis Cluster. Pure. */
#ifndef GREENBOARD_CHECKS_REDIS_SLOT_H
#define GREENBOARD_CHECKS_REDIS_SLOT_H

enum { SLOT_KEY = 96 };

/* A key of ours that nobody else has, in one of the slots from `first` to `last`. */
void slot_key(char out[SLOT_KEY], int first, int last);

#endif
