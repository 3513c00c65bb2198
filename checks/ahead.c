#include "checks/ahead.h"

#include "base/clock.h"
#include "base/thread.h"
#include "checks/login.h"
#include "net/wait.h"

/* Called when the connection stands. */
static const char *await_token(void *self)
{
    struct ahead *ahead = self;
    const struct wait wait = wait_begin(ahead->job.deadline, ahead->job.cancelled);
    pthread_mutex_lock(&ahead->lock);
    while (!ahead->decided && clock_left(wait.deadline) > 0) {
        wait_signal(&wait, &ahead->moved, &ahead->lock);
    }
    const char *token = ahead->decided ? ahead->token : NULL;
    pthread_mutex_unlock(&ahead->lock);
    return token;
}

static void *run(void *self)
{
    struct ahead *ahead = self;
    ahead->answered =
        request_ask(&ahead->job, &ahead->request, ahead->result, &ahead->answer);
    pthread_mutex_lock(&ahead->lock);
    ahead->done = true;
    pthread_cond_signal(&ahead->moved);
    pthread_mutex_unlock(&ahead->lock);
    return NULL;
}

/* Where no thread is to be had it is asked when there is a token. */
void ahead_begin(struct ahead *ahead, const struct job *job)
{
    *ahead = (struct ahead){.outer = job, .job = *job, .result = result_create()};
    ahead->job.cancelled = &ahead->given_up;
    ahead->request = login_user_request(job, "user");
    ahead->request.bearer_of = await_token;
    ahead->request.context = ahead;
    pthread_mutex_init(&ahead->lock, NULL);
    wait_condition(&ahead->moved);
    ahead->threaded = thread_start(&ahead->thread, run, ahead) == 0;
}

static void decide(struct ahead *ahead, const char *token)
{
    pthread_mutex_lock(&ahead->lock);
    ahead->token = token;
    ahead->decided = true;
    ahead->let_go = clock_now();
    if (!token) {
        atomic_store(&ahead->given_up, true);
    }
    pthread_cond_signal(&ahead->moved);
    pthread_mutex_unlock(&ahead->lock);
}

/* The thread keeps the deadline itself: here only a cancellation is passed on to it. */
static void await_end(struct ahead *ahead)
{
    const struct wait wait = wait_begin(INT64_MAX, ahead->outer->cancelled);
    pthread_mutex_lock(&ahead->lock);
    while (!ahead->done) {
        if (wait_cancelled(&wait, NULL)) {
            atomic_store(&ahead->given_up, true);
        }
        wait_signal(&wait, &ahead->moved, &ahead->lock);
    }
    pthread_mutex_unlock(&ahead->lock);
    pthread_join(ahead->thread, NULL);
}

static void take_over(const struct ahead *ahead, struct result *result)
{
    const struct result *from = ahead->result;
    for (size_t i = 0; i < from->evidence_count; i++) {
        result_evidence(result, from->evidence[i].key, "%s", from->evidence[i].value);
    }
    for (size_t i = 0; i < from->phase_count; i++) {
        result_phase(result, from->phases[i].name, from->phases[i].span);
    }
    result_phase(result, "user", clock_now() - ahead->let_go);
    if (!ahead->answered) {
        result_set(result, from->state, from->remedy, "%s", from->summary);
    }
}

bool ahead_end(struct ahead *ahead, const char *token, struct result *result)
{
    decide(ahead, token);
    if (ahead->threaded) {
        await_end(ahead);
    } else if (token) {
        run(ahead);
    }
    if (token) {
        ahead->request.bearer = token; /* what is never quoted */
        take_over(ahead, result);
    }
    return token && ahead->answered;
}

void ahead_finish(struct ahead *ahead)
{
    answer_finish(&ahead->answer);
    result_destroy(ahead->result);
    pthread_cond_destroy(&ahead->moved);
    pthread_mutex_destroy(&ahead->lock);
}
