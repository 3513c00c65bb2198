/* What Redis says where it will not do something, and what an operator does about it.
 * Pure. */
#ifndef GREENBOARD_NET_REFUSAL_H
#define GREENBOARD_NET_REFUSAL_H

#define REDIS_PREFIX "greenboard:probe:" /* of every key that is ours */

struct told {
    char *message;
    char *remedy;
};

/* Who was asked: `section` of an environment says where it is, the names of the fields of
 * its login begin with `fields`, and `mode` (or NULL) says who named it, `host` or
 * others. Borrowed. */
struct refused {
    const char *environment, *section, *mode, *fields;
};

/* Of an error reply to `command`; the caller frees with told_finish(). */
struct told refusal_tell(const struct refused *refused, const char *command,
                         const char *reply);
/* What to do where a replica was asked for its primary; the caller frees. */
char *refusal_of_replica(const struct refused *refused);
void told_finish(struct told *told);

#endif
