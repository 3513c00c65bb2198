#include "run/fate.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "cast/playback.h"
#include "run/process.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    TAIL = 4096,
    SHOWN = 120,
    READ = 1024 * 1024, /* of a recording: TAIL, however it is escaped and cut up */
};

/* ---- who is left ---- */

static bool same_boot(const struct run *run)
{
    char *boot = process_boot();
    bool same = !run->boot || !boot || text_equal(run->boot, boot);
    free(boot);
    return same;
}

bool fate_supervised(const struct run *run)
{
    return same_boot(run) && process_lives(&run->supervisor);
}

bool fate_leftovers(const struct run *run)
{
    return same_boot(run) && process_group_lives(&run->group);
}

bool fate_unknown(const struct statedir *dir, struct run **run)
{
    if ((*run)->phase == PHASE_ENDED || fate_supervised(*run)) {
        return false;
    }
    struct run *newer = run_read(dir, (*run)->id, NULL);
    if (newer) {
        run_destroy(*run);
        *run = newer;
    }
    return (*run)->phase != PHASE_ENDED;
}

const char *fate_word(const struct run *run, bool unknown)
{
    return unknown ? FATE_UNKNOWN : run_word(run);
}

/* ---- what is known ---- */

static void take(char ***lines, char *take_line)
{
    argv_add(lines, take_line);
    free(take_line);
}

static void tell_supervisor(char ***lines, const struct run *run)
{
    char span[TEXT_SPAN];
    text_span(span, (clock_wall() - run->started) * CLOCK_MS);
    take(lines,
         same_boot(run)
             ? mem_format("its supervisor (process %d) is gone; it began %s ago",
                          (int)run->supervisor.pid, span)
             : mem_format("the machine was started anew since; it began %s ago", span));
}

static void tell_step(char ***lines, const struct run *run)
{
    char stamp[CLOCK_STAMP];
    const struct step *step = run_step_current(run);
    const struct step *main = run_step_main(run);
    if (!step) {
        argv_add(lines, "it had begun no step");
        return;
    }
    clock_stamp(stamp, step->ended ? step->ended : step->started);
    take(lines, step->ended ? mem_format("%s ended at %.19sZ with status %d, and nothing "
                                         "after it is recorded",
                                         step->name, stamp, step->status)
                            : mem_format("%s began at %.19sZ, and its end is not "
                                         "recorded",
                                         step->name, stamp));
    if (!main || main->attempts == 0) {
        take(lines, mem_format("its record knows of no start of the %s", run->kind));
    }
}

static void tell_leftovers(char ***lines, const struct run *run)
{
    if (run->group.pid == 0) {
        return;
    }
    if (fate_leftovers(run)) {
        char *names = process_group_names(&run->group);
        take(lines, mem_format("still running: %s", names));
        free(names);
    } else {
        argv_add(lines, "no process of its command is left");
    }
}

/* Less colours and movements (ECMA-48 5.4): of an escape sequence its letters too. */
static void add_plain(struct buf *out, const char *text, size_t length)
{
    struct buf plain;
    buf_init(&plain, 0);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\033' && i + 1 < length && text[i + 1] == '[') {
            for (i += 2; i < length && (text[i] < 0x40 || text[i] > 0x7e); i++) {
            }
        } else {
            buf_add(&plain, text + i, 1);
        }
    }
    text_clean(out, buf_string(&plain), plain.length > SHOWN ? SHOWN : plain.length);
    buf_finish(&plain);
}

/* The last line that holds anything; the caller frees. */
static char *last_line(const char *path)
{
    struct buf tail, clean;
    struct played event;
    buf_init(&tail, 0);
    buf_init(&clean, 0);
    buf_text(&clean, "");
    struct playback *playback = playback_create(path);
    if (playback) {
        playback_skip(playback, READ);
    }
    while (playback && playback_next(playback, &event)) {
        if (event.code == 'o') {
            buf_drop(&tail, tail.length > TAIL ? tail.length - TAIL : 0);
            buf_add(&tail, event.text, event.length);
        }
    }
    playback_destroy(playback);
    const char *text = buf_string(&tail);
    size_t end = tail.length;
    while (end > 0 && strchr("\r\n \t", text[end - 1])) {
        end--;
    }
    size_t start = end;
    while (start > 0 && text[start - 1] != '\n' && text[start - 1] != '\r') {
        start--;
    }
    add_plain(&clean, text + start, end - start);
    buf_finish(&tail);
    return buf_take(&clean);
}

static void tell_output(char ***lines, const struct run *run)
{
    struct stat about;
    if (!run->output || stat(run->output, &about) != 0) {
        return;
    }
    char stamp[CLOCK_STAMP];
    char *line = last_line(run->output);
    clock_stamp(stamp, (int64_t)about.st_mtim.tv_sec * 1000);
    take(lines, *line ? mem_format("it printed last, at %.19sZ: %s", stamp, line)
                      : mem_text("it printed nothing"));
    free(line);
}

char **fate_facts(const struct run *run)
{
    char **lines = mem_alloc(sizeof *lines);
    tell_supervisor(&lines, run);
    tell_step(&lines, run);
    tell_leftovers(&lines, run);
    tell_output(&lines, run);
    return lines;
}
