/* What Redis says where it will not do something, and what an operator does about it.
 * Pure. */
#ifndef GREENBOARD_CHECKS_REDIS_REFUSAL_H
#define GREENBOARD_CHECKS_REDIS_REFUSAL_H

#define REDIS_PREFIX "greenboard:probe:" /* of every key that is ours */

struct told {
    char *message;
    char *remedy;
};

/* Of an error reply to `command`; the caller frees with told_finish(). The names of the
 * fields of the login begin with `fields`. */
struct told refusal_tell(const char *environment, const char *fields, const char *command,
                         const char *reply);
void told_finish(struct told *told);

#endif
