/* The head of the audit trail as it was at one time: the number and hash of its newest
 * event. Kept elsewhere (a run's record, an announcement, a file), it proves that nothing
 * up to it was taken away or written anew, which the chain alone cannot. Any thread. */
#ifndef GREENBOARD_STORE_HEAD_H
#define GREENBOARD_STORE_HEAD_H

#include "base/error.h"
#include "store/events.h"

#include <jansson.h>
#include <stdbool.h>

struct head {
    int64_t seq;           /* 0: of an empty trail */
    char hash[DIGEST_HEX]; /* "": not known */
};

bool head_take(struct head *head, struct events *events, struct error *error);

/* {"seq": 7, "hash": "…"}, null where it is not known; the caller's. */
json_t *head_json(const struct head *head);
void head_from_json(struct head *head, const json_t *object);

/* "SEQ:HASH", "SEQ HASH" or the JSON above, blanks around it; else the path of a file
 * that holds one of these. */
bool head_parse(struct head *head, const char *text, struct error *error);

/* That the trail has this event, as it was. False with ERROR_PROTOCOL where it has not;
 * the chain is events_verify()'s. */
bool head_holds(const struct head *head, struct events *events, struct error *error);

#endif
