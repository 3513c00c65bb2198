#include "tests/unit/outlive_help.h"

#include "base/fs.h"
#include "base/text.h"
#include "run/follow.h"
#include "store/events.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

enum { LINES = 40, SEED = 20261125 };

/* How often: in full, and in `make check`. */
static bool full;
static int64_t soak_span = INT64_MAX; /* ns that each of the long tests has */
static int64_t soak_until = INT64_MAX;
enum { LONG_TESTS = 3 }; /* of all programs together */

size_t rounds(size_t all, size_t some)
{
    return full ? all : some;
}

bool time_is_up(void)
{
    return clock_now() > soak_until;
}

int64_t random_below(int64_t limit)
{
    return limit > 0 ? (int64_t)((uint64_t)random() % (uint64_t)limit) : 0;
}

size_t starts_of(const char *run)
{
    size_t count = 0;
    char *shipped = place_read("shipped");
    for (const char *at = shipped; (at = strstr(at, run)); at++) {
        count++;
    }
    free(shipped);
    return count;
}

/* ---- what a run left ---- */

size_t events_of(const char *run, const char *type)
{
    struct events events;
    struct entries entries;
    size_t count = 0;
    assert_true(events_open(&events, place.dir.events, DB_READ, NULL));
    assert_true(
        events_list(&events, &(struct events_filter){.run = run}, &entries, NULL));
    for (size_t i = 0; i < entries.count; i++) {
        count += strcmp(entries.rows[i].type, type) == 0;
    }
    entries_finish(&entries);
    events_close(&events);
    return count;
}

void assert_whole_trail(void)
{
    struct events events;
    struct error error = {0};
    int64_t count = 0;
    assert_true(events_open(&events, place.dir.events, DB_READ, &error));
    if (!events_verify(&events, &count, &error)) {
        fail_msg("%s", error.message);
    }
    events_close(&events);
}

/* As a console does that attaches to it. */
static void assert_every_byte(const char *run)
{
    struct buf shown, expected;
    buf_init(&shown, 0);
    buf_init(&expected, 0);
    struct follow *follow = follow_create(&place.dir, run, NULL);
    assert_non_null(follow);
    while (follow_output(follow, &shown)) {
    }
    for (int i = 0; i < LINES; i++) {
        buf_format(&expected, "line %d\r\n", i);
    }
    assert_string_equal(buf_string(&shown), buf_string(&expected));
    follow_destroy(follow);
    buf_finish(&shown);
    buf_finish(&expected);
}

/* So many of a kind since it began, else what they say. (One that was forgotten may have
 * had its name: two in a second have the same once in 65,536 times.) */
static void assert_events(const struct run *run, const char *type, size_t wanted)
{
    struct events events;
    struct entries entries;
    struct buf said;
    size_t count = 0;
    char began[CLOCK_STAMP];
    clock_stamp(began, run->started);
    const struct events_filter filter = {.run = run->id, .since = began};
    buf_init(&said, 0);
    assert_true(events_open(&events, place.dir.events, DB_READ, NULL));
    assert_true(events_list(&events, &filter, &entries, NULL));
    for (size_t i = 0; i < entries.count; i++) {
        const struct entry *entry = &entries.rows[i];
        count += strcmp(entry->type, type) == 0;
        buf_format(&said, "\n%lld %s: %s", (long long)entry->seq, entry->type,
                   entry->text);
    }
    if (count != wanted) {
        fail_msg("run %s has %zu of %s, not %zu:%s", run->id, count, type, wanted,
                 buf_string(&said));
    }
    buf_finish(&said);
    entries_finish(&entries);
    events_close(&events);
}

void assert_unharmed(const struct run *run)
{
    assert_int_equal(run->phase, PHASE_ENDED);
    assert_string_equal(run_word(run), "verified");
    assert_int_equal(starts_of(run->id), 1);
    size_t attempts =
        (size_t)run_step_main(run)->attempts; /* more where it was too late */
    assert_events(run, "run.started", attempts);
    assert_events(run, "run.step", attempts);
    assert_events(run, "run.ended", 1);
    assert_every_byte(run->id);
}

/* What was looked at goes, so that the next round does not read it again. */
void forget_run(const char *run)
{
    char *path = run_path(&place.dir, run, "");
    fs_remove_tree(path);
    free(path);
    place_write("shipped", "");
}

/* Whoever loses its parent becomes our child: until nobody is left. */
void await_everybody(void)
{
    int64_t until = clock_now() + PATIENCE;
    for (pid_t got; (got = waitpid(-1, NULL, WNOHANG)) >= 0;) {
        assert_true(clock_now() < until);
        if (got == 0) {
            poll(NULL, 0, 1);
        }
    }
}

void wait_for(int64_t span)
{
    struct timespec time = {.tv_sec = span / CLOCK_SECOND,
                            .tv_nsec = span % CLOCK_SECOND};
    nanosleep(&time, NULL);
}

int outlive_begin_one(void **state)
{
    soak_until = full ? clock_now() + soak_span : INT64_MAX;
    return place_begin(state);
}

void outlive_begin(int argc, char **argv)
{
    const char *seconds = getenv("SOAK_SECONDS"), *seed = getenv("SEED");
    int64_t limit = 3600, number = SEED;
    full = argc > 1 && strcmp(argv[1], "full") == 0;
    text_integer(seconds ? seconds : "", 1, INT32_MAX, &limit);
    text_integer(seed ? seed : "", 0, INT32_MAX, &number);
    soak_span = full ? limit * CLOCK_SECOND / LONG_TESTS : INT64_MAX;
    srandom((unsigned)number);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    printf("# SEED=%lld\n", (long long)number);
    fflush(stdout);
}
