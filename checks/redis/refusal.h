/* What Redis says where it will not do something, and what an operator does about it.
 * Pure. */
#ifndef GREENBOARD_CHECKS_REDIS_REFUSAL_H
#define GREENBOARD_CHECKS_REDIS_REFUSAL_H

#define REDIS_PREFIX "greenboard:probe:" /* of every key that is ours */

struct told {
    char *message;
    char *remedy;
};

/* Who was asked: the names of the fields of its login begin with `fields`, and `mode`
 * says who named it, `redis.host` or others. Borrowed. */
struct refused {
    const char *environment, *mode, *fields;
};

/* Of an error reply to `command`; the caller frees with told_finish(). */
struct told refusal_tell(const struct refused *refused, const char *command,
                         const char *reply);
/* What to do where a replica was asked for its primary; the caller frees. */
char *refusal_of_replica(const struct refused *refused);
void told_finish(struct told *told);

#endif
