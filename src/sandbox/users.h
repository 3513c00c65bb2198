/* The users that the sandbox pretends to have: a steady stream of logins as a function of
 * time, as the backend would have counted them since it started, and the logins that
 * really came in. */
#ifndef GREENBOARD_SANDBOX_USERS_H
#define GREENBOARD_SANDBOX_USERS_H

#include "base/error.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum users_login { LOGIN_GOOD, LOGIN_FAILED, LOGIN_WRONG_PASSWORD };

struct users {
    pthread_mutex_t mutex;
    int64_t since;   /* when these counters began; clock_now() */
    int64_t history; /* attempts that they began with */
    int64_t real[LOGIN_WRONG_PASSWORD + 1];
};

struct users_count {
    int64_t total, good, failed,
        wrong_password; /* total = good + failed; wrong is part of failed */
    int64_t uptime;     /* ns */
};

struct sandbox;

void users_init(struct users *users, int64_t now);
void users_finish(struct users *users);
void users_add(struct users *users, enum users_login login); /* any thread */
void users_count(struct sandbox *sandbox, int64_t now, struct users_count *count);

/* The faults about users are those of a backend that was restarted with them: its
 * counters begin again below where they were, already in the new ratio. */
bool users_follow(struct sandbox *sandbox, struct error *error);

#endif
