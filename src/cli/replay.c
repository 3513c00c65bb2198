#include "cli/replay.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/stream.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const double SLOWEST = 0.01, FASTEST = 1e6;

bool replay_options(struct pace *pace, const char *speed, const char *idle_limit,
                    struct error *error)
{
    char *end = NULL;
    *pace = (struct pace){.speed = 1};
    if (speed) {
        pace->speed = strtod(speed, &end);
        if (end == speed || *end || !(pace->speed >= SLOWEST && pace->speed <= FASTEST)) {
            error_set(error, ERROR_USAGE, "--speed is no number from 0.01 to 1000000: %s",
                      speed);
            return false;
        }
    }
    if (idle_limit && !text_duration(idle_limit, &pace->idle_limit, error)) {
        return false;
    }
    return true;
}

/* False where it was told to end. */
static bool wait_until(int64_t when)
{
    int left;
    while (!cli_cancelled && (left = clock_left(when)) > 0) {
        poll(NULL, 0, left);
    }
    return !cli_cancelled;
}

static void show(struct stream *stream, const struct played *event, const char *run)
{
    struct buf text;
    buf_init(&text, 0);
    if (event->code == 'o') {
        stream_feed(stream, event->text, event->length, &text);
    } else if (event->code == 'm') {
        stream_pause(stream, &text);
    }
    stream_write(&text);
    if (event->code == 'm') {
        text_clean(&text, event->text, event->length);
        fprintf(stderr, "run %s: %s\n", run, buf_string(&text));
    }
    buf_finish(&text);
}

static void play(struct replay *replay, struct stream *stream, const char *run)
{
    struct played event;
    while (!replay_over(replay) && wait_until(replay_due(replay))) {
        if (replay_next(replay, clock_now(), &event)) {
            show(stream, &event, run);
        }
    }
}

int replay_run(const struct cli *cli, const struct run *run, const struct pace *pace)
{
    struct error error = {0};
    struct replay *replay =
        run->output ? replay_open(run->output, pace, clock_now()) : NULL;
    if (!replay) {
        error_system(&error, run->output ? errno : ENOENT, "run %s has no recording",
                     run->id);
        error_hint(&error, "its command was never started: greenboard runs show %s",
                   run->id);
        return cli_fail(EXIT_USAGE, &error);
    }
    struct buf text;
    struct stream stream = stream_for(STDOUT_FILENO, cli->colour, cli->plain);
    buf_init(&text, 0);
    play(replay, &stream, run->id);
    stream_end(&stream, &text);
    stream_write(&text);
    buf_finish(&text);
    replay_close(replay);
    if (run->phase != PHASE_ENDED) {
        fprintf(stderr, "run %s has no end yet: greenboard runs attach %s\n", run->id,
                run->id);
    }
    return cli_cancelled ? EXIT_UNPROVEN : EXIT_GO;
}
