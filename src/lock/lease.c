#include "lock/lease.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/thread.h"
#include "lock/coordinator.h"
#include "lock/lease_value.h"
#include "store/events.h"
#include "store/who.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    RENEWALS = 3, /* in the time of a lease */
    RETRIES = 10, /* in the same time, while Redis does not answer */
    DRIFT = 20,   /* the share of its time by which Redis's clock may be faster */
};

struct lease {
    struct coordinator at;
    char id[LEASE_ID];
    char *value;
    int64_t fence;
    char fence_words[24], ttl_words[24];
    pthread_t thread;
    int leave; /* eventfd(2): the thread ends */
    atomic_bool cancelled;
    pthread_mutex_t mutex; /* of what follows */
    int64_t until;         /* clock_now() time */
    bool lost;
    struct error why;     /* where it is lost */
    struct error trouble; /* of the last renewal, ERROR_NONE: it went well */
};

/* Until when what was asked for at `asked` is surely held. */
static int64_t held_until(const struct lease *lease, int64_t asked)
{
    return asked + lease->at.ttl - lease->at.ttl / DRIFT;
}

/* ---- renewing: the thread ---- */

static bool lose(struct lease *lease, const char *message)
{
    lease->lost = true;
    error_set(&lease->why, ERROR_BUSY, "the lease %s is lost: %s", lease->id, message);
    error_hint(&lease->why, "another run may be under way: look who has the lease now "
                            "(`greenboard check`) before anything else is done");
    return false;
}

/* With the mutex held; before anybody is asked. */
static bool in_time(struct lease *lease)
{
    int64_t late = clock_now() - lease->until;
    if (lease->lost || late < 0) {
        return !lease->lost;
    }
    char span[TEXT_SPAN];
    text_span(span, late);
    struct error trouble = lease->trouble;
    char *message =
        trouble.code
            ? mem_format("it ran out %s ago, since it could not be renewed: %.300s", span,
                         trouble.message)
            : mem_format("it ran out %s ago: this machine, or this process, slept", span);
    lose(lease, message);
    free(message);
    return false;
}

/* What Redis said to SCRIPT_RENEW; false where the lease is another's. */
static bool take_renewal(struct lease *lease, const redisReply *reply, int64_t asked)
{
    bool ours = reply->type == REDIS_REPLY_INTEGER;
    pthread_mutex_lock(&lease->mutex);
    if (ours && !lease->lost) {
        lease->until = held_until(lease, asked);
        lease->trouble = (struct error){0};
    } else if (reply->type == REDIS_REPLY_STRING) {
        struct lease_view view;
        lease_read_value(reply->str, 0, &view);
        char *words = lease_view_words(&view);
        char *message = mem_format("it is now held by %s", words);
        lose(lease, message);
        free(message);
        free(words);
        lease_view_finish(&view);
    } else if (!ours) {
        lose(lease, "Redis answers its renewal as it never does");
    }
    pthread_mutex_unlock(&lease->mutex);
    return ours;
}

enum renewal { RENEWED, AGAIN, LOST };

static enum renewal renew(struct lease *lease)
{
    struct error error = {0};
    pthread_mutex_lock(&lease->mutex);
    bool good = in_time(lease);
    int64_t asked = clock_now(), until = lease->until;
    pthread_mutex_unlock(&lease->mutex);
    if (!good) {
        return LOST;
    }
    int64_t deadline = asked + lease->at.ttl / RENEWALS;
    const char *const arguments[3] = {lease->value, lease->ttl_words, lease->fence_words};
    redisReply *reply = coordinator_ask(&lease->at, SCRIPT_RENEW, arguments,
                                        deadline < until ? deadline : until, &error);
    if (reply) {
        good = take_renewal(lease, reply, asked);
        freeReplyObject(reply);
        return good ? RENEWED : LOST;
    }
    pthread_mutex_lock(&lease->mutex);
    lease->trouble = error;
    pthread_mutex_unlock(&lease->mutex);
    return AGAIN;
}

static void *renewing(void *argument)
{
    struct lease *lease = argument;
    enum renewal last = RENEWED;
    while (last != LOST) {
        int64_t rest = lease->at.ttl / (last == RENEWED ? RENEWALS : RETRIES);
        struct pollfd ready = {lease->leave, POLLIN, 0};
        if (poll(&ready, 1, (int)(rest / CLOCK_MS)) > 0) {
            break;
        }
        last = renew(lease);
    }
    return NULL;
}

/* ---- taking ---- */

static void refuse_busy(const struct lease *lease, const struct lease_view *view,
                        struct error *error)
{
    char *words = lease_view_words(view);
    char span[TEXT_SPAN];
    text_span(span, view->left);
    error_set(error, ERROR_BUSY, "the lease %s is held by %s", lease->at.name, words);
    if (view->stolen_by) {
        error_hint(error, "it is free in %s", span);
    } else {
        error_hint(error,
                   "wait for that run; where its machine is gone, the lease ends in %s; "
                   "to take it away: `greenboard unlock --lease %.40s --reason TEXT`",
                   span, view->id ? view->id : "ID");
    }
    free(words);
}

/* False where it is somebody else's, or where nobody can say. */
static bool ask_for_it(struct lease *lease, int64_t least, int64_t deadline,
                       struct error *error)
{
    char number[24];
    snprintf(number, sizeof number, "%lld", (long long)least);
    int64_t asked = clock_now();
    const char *const arguments[3] = {lease->value, lease->ttl_words, number};
    redisReply *reply =
        coordinator_ask(&lease->at, SCRIPT_TAKE, arguments, deadline, error);
    if (reply && reply->type == REDIS_REPLY_INTEGER) {
        lease->fence = reply->integer;
        lease->until = held_until(lease, asked);
        freeReplyObject(reply);
        return true;
    }
    struct lease_view view;
    if (reply && lease_read_reply(reply, &view, error)) {
        refuse_busy(lease, &view, error);
        lease_view_finish(&view);
    }
    return false;
}

static void free_lease(struct lease *lease)
{
    coordinator_finish(&lease->at);
    if (lease->leave >= 0) {
        close(lease->leave);
    }
    pthread_mutex_destroy(&lease->mutex);
    free(lease->value);
    free(lease);
}

static struct lease *make_lease(const char *who, const char *run, const char *reason)
{
    struct lease *lease = mem_alloc(sizeof *lease);
    char token[LEASE_TOKEN], *host = who_host();
    hex_random(lease->id, LEASE_ID - 1);
    hex_random(token, LEASE_TOKEN - 1);
    const struct lease_words words = {.id = lease->id,
                                      .token = token,
                                      .who = who,
                                      .host = host,
                                      .run = run,
                                      .reason = reason,
                                      .since = clock_wall()};
    lease->value = lease_value(&words);
    free(host);
    lease->leave = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    atomic_init(&lease->cancelled, false);
    pthread_mutex_init(&lease->mutex, NULL);
    return lease;
}

struct lease *lease_take(const struct environment *environment, const char *who,
                         const char *run, const char *reason, int64_t least,
                         int64_t deadline, struct error *error)
{
    struct lease *lease = make_lease(who, run, reason);
    bool done =
        lease->leave >= 0 || error_system(error, errno, "the lease cannot be renewed");
    done = done &&
           coordinator_begin(&lease->at, environment, deadline, &lease->cancelled, error);
    snprintf(lease->ttl_words, sizeof lease->ttl_words, "%lld",
             (long long)(lease->at.ttl / CLOCK_MS));
    done = done && ask_for_it(lease, least, deadline, error);
    if (!done) {
        free_lease(lease);
        return NULL;
    }
    snprintf(lease->fence_words, sizeof lease->fence_words, "%lld",
             (long long)lease->fence);
    int number = thread_start(&lease->thread, renewing, lease);
    if (number != 0) {
        panic("no thread to renew a lease: %s", strerror(number));
    }
    return lease;
}

int64_t lease_fence(const struct lease *lease)
{
    return lease->fence;
}

bool lease_still_held(struct lease *lease, struct error *error)
{
    pthread_mutex_lock(&lease->mutex);
    bool held = in_time(lease);
    if (!held && error) {
        *error = lease->why;
    }
    pthread_mutex_unlock(&lease->mutex);
    return held;
}

void lease_release(struct lease *lease, int64_t deadline)
{
    if (!lease) {
        return;
    }
    atomic_store(&lease->cancelled, true);
    uint64_t one = 1;
    if (write(lease->leave, &one, sizeof one) != (ssize_t)sizeof one) {
        panic("the thread of a lease cannot be told to end");
    }
    pthread_join(lease->thread, NULL);
    lease->at.cancelled = NULL;
    struct error error;
    const char *const arguments[3] = {lease->value, "", ""};
    redisReply *reply =
        coordinator_ask(&lease->at, SCRIPT_RELEASE, arguments, deadline, &error);
    if (reply) {
        freeReplyObject(reply);
    }
    free_lease(lease);
}

/* ---- stealing ---- */

static bool announce_theft(const struct environment *environment,
                           const struct statedir *dir, const char *who,
                           const char *reason, const struct lease_view *view,
                           struct error *error)
{
    json_t *data = json_pack("{s:o, s:o, s:o}", "lease", json_text(view->id), "holder",
                             json_text(view->who), "host", json_text(view->host));
    json_t *facts = who_facts();
    struct event event = {.kind = EVENT_LOCK_STOLEN,
                          .environment = environment->name,
                          .operator_name = who,
                          .run = view->run,
                          .text = reason,
                          .data = data,
                          .who = facts};
    bool done = events_append_to(dir->events, &event, error);
    json_decref(data);
    json_decref(facts);
    return done;
}

static bool may_steal(const struct lease_view *view, const char *id, struct error *error)
{
    if (!view->held) {
        return error_set(error, ERROR_ABSENT, "nobody holds the lease");
    }
    if (!text_equal(view->id, id)) {
        char *words = lease_view_words(view);
        error_set(error, ERROR_DENIED, "the lease is not %.40s but %.40s, held by %s", id,
                  view->id ? view->id : "unreadable", words);
        error_hint(error, "whoever takes it names it: --lease %.40s",
                   view->id ? view->id : "ID");
        free(words);
        return false;
    }
    return !view->stolen_by ||
           error_set(error, ERROR_BUSY, "%s has taken it away already", view->stolen_by);
}

/* `value` is what Redis had when it was looked at: one that was renewed meanwhile is the
 * same, one that changed hands is not touched. */
static bool replace(struct coordinator *at, const char *value, const char *who,
                    struct lease_view *view, int64_t deadline, struct error *error)
{
    char token[LEASE_TOKEN];
    hex_random(token, LEASE_TOKEN - 1);
    const struct lease_words words = {.id = view->id,
                                      .token = token,
                                      .who = view->who,
                                      .host = view->host,
                                      .run = view->run,
                                      .reason = view->reason,
                                      .stolen_by = who,
                                      .since = view->since};
    char *instead = lease_value(&words);
    const char *const arguments[3] = {value, instead, ""};
    redisReply *reply = coordinator_ask(at, SCRIPT_STEAL, arguments, deadline, error);
    bool done = reply && reply->type == REDIS_REPLY_INTEGER && reply->integer > 0;
    if (done) {
        view->left = reply->integer * CLOCK_MS;
    } else if (reply) {
        error_set(error, ERROR_BUSY, "the lease changed hands while it was looked at");
        error_hint(error, "look again who has it: `greenboard check`");
    }
    if (reply) {
        freeReplyObject(reply);
    }
    free(instead);
    return done;
}

bool lease_steal(const struct environment *environment, const struct statedir *dir,
                 const char *who, const char *reason, const char *id, int64_t deadline,
                 struct lease_view *was, struct error *error)
{
    static const char *const nothing[3] = {"", "", ""};
    struct coordinator at;
    *was = (struct lease_view){0};
    if (!coordinator_begin(&at, environment, deadline, NULL, error)) {
        coordinator_finish(&at);
        return false;
    }
    redisReply *reply = coordinator_ask(&at, SCRIPT_LOOK, nothing, deadline, error);
    bool array = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2;
    char *value = array ? mem_text(reply->element[0]->str) : NULL;
    bool done = reply && lease_read_reply(reply, was, error) &&
                may_steal(was, id, error) &&
                announce_theft(environment, dir, who, reason, was, error) &&
                replace(&at, value, who, was, deadline, error);
    free(value);
    coordinator_finish(&at);
    return done;
}
