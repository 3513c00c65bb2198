#include "lock/hold.h"

#include "base/buf.h"
#include "base/calendar.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "secret/mask.h"
#include "store/events.h"
#include "store/said.h"
#include "store/who.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { HOLD_BYTES = 16 * 1024, REASON_LONGEST = 400 };

/* ---- the file ---- */

static struct hold *from_json(const json_t *object)
{
    const char *id = json_get_text(object, "id"), *who = json_get_text(object, "who");
    const char *reason = json_get_text(object, "reason");
    int64_t since = moment_of(object, "since");
    if (!id || strlen(id) != HOLD_ID - 1 || !who || !reason || since == 0) {
        return NULL;
    }
    struct hold *hold = mem_alloc(sizeof *hold);
    memcpy(hold->id, id, HOLD_ID);
    hold->who = mem_text(who);
    hold->reason = mem_text(reason);
    hold->run = text_of(object, "run");
    hold->since = since;
    return hold;
}

struct hold *hold_read(const struct statedir *dir, struct error *error)
{
    struct buf text;
    struct error why = {0};
    struct hold *hold = NULL;
    *error = why;
    buf_init(&text, HOLD_BYTES);
    if (fs_read(dir->hold, &text, &why)) {
        json_t *object = json_parse(buf_string(&text), text.length, &why);
        hold = object ? from_json(object) : NULL;
        json_decref(object);
        if (!hold) {
            error_set(error, ERROR_PROTOCOL, "nobody can read who locked it: %s is %s",
                      dir->hold, why.code ? why.message : "no record of a lock");
            error_hint(error, "find out why, then move that file away");
        }
    } else if (why.code != ERROR_ABSENT) {
        *error = why;
    }
    buf_finish(&text);
    return hold;
}

void hold_destroy(struct hold *hold)
{
    if (hold) {
        free(hold->who);
        free(hold->reason);
        free(hold->run);
        free(hold);
    }
}

char *hold_words(const struct hold *hold)
{
    char since[CALENDAR_WORDS];
    calendar_words(since, hold->since);
    return mem_format("%s since %s%s%s%s: %s", hold->who, since,
                      hold->run ? " (run " : "", hold->run ? hold->run : "",
                      hold->run ? ")" : "", hold->reason);
}

static bool write_hold(const struct statedir *dir, const struct hold *hold,
                       struct error *error)
{
    json_t *object =
        json_pack("{s:s, s:o, s:o, s:o, s:o}", "id", hold->id, "who",
                  json_text(hold->who), "since", moment_json(hold->since), "reason",
                  json_text(hold->reason), "run", json_text(hold->run));
    char *text = json_pretty(object);
    bool done = fs_replace(dir->hold, text, strlen(text), 0600, error);
    free(text);
    json_decref(object);
    return done;
}

/* ---- changing it ---- */

/* Whoever changes a hold has the state directory itself locked, for as long as that
 * takes. Its descriptor, -1 on error. */
static int enter(const struct statedir *dir, struct error *error)
{
    int fd = open(dir->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX) != 0) {
        error_system(error, errno, "cannot lock %s", dir->directory);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

static bool announce(const struct statedir *dir, enum event_kind kind,
                     const char *environment, const char *who, const char *reason,
                     const struct hold *hold, struct error *error)
{
    json_t *data =
        json_pack("{s:s, s:o}", "id", hold->id, "holder", json_text(hold->who));
    json_t *facts = who_facts();
    struct event event = {.kind = kind,
                          .environment = environment,
                          .operator_name = who,
                          .run = hold->run,
                          .text = reason,
                          .data = data,
                          .who = facts};
    bool done = events_append_to(dir->events, &event, error);
    json_decref(data);
    json_decref(facts);
    return done;
}

static bool refuse_second(const struct hold *held, struct error *error)
{
    char *words = hold_words(held);
    error_set(error, ERROR_BUSY, "it is locked already (%s) by %s", held->id, words);
    error_hint(error, "lift it first: `greenboard unlock --reason TEXT %s`", held->id);
    free(words);
    return false;
}

static bool take(const struct statedir *dir, const char *environment,
                 const struct hold *wanted, struct error *error)
{
    struct error why = {0};
    struct hold *held = hold_read(dir, &why);
    bool free_now = !held && why.code == ERROR_NONE;
    if (held) {
        refuse_second(held, error);
    } else if (!free_now) {
        *error = why;
    }
    hold_destroy(held);
    return free_now &&
           announce(dir, EVENT_LOCK_TAKEN, environment, wanted->who, wanted->reason,
                    wanted, error) &&
           write_hold(dir, wanted, error);
}

static bool wants_reason(const char *reason, struct error *error)
{
    return (reason && *reason) ||
           error_set(error, ERROR_USAGE, "a reason is needed, for whoever meets it");
}

bool hold_take(const struct statedir *dir, const char *environment, const char *who,
               const char *reason, const char *run, struct error *error)
{
    if (!wants_reason(reason, error)) {
        return false;
    }
    int fd = enter(dir, error);
    if (fd < 0) {
        return false;
    }
    char *shown = mask_clean(reason, REASON_LONGEST);
    struct hold wanted = {.who = (char *)(uintptr_t)who,
                          .reason = shown,
                          .run = (char *)(uintptr_t)run,
                          .since = clock_wall()};
    hex_random(wanted.id, HOLD_ID - 1);
    bool done = take(dir, environment, &wanted, error);
    free(shown);
    close(fd);
    return done;
}

static bool may_lift(const struct hold *held, const char *who, const char *id,
                     struct error *error)
{
    if (id && strcmp(id, held->id) != 0) {
        error_set(error, ERROR_DENIED, "the lock is not %.40s but %s", id, held->id);
        error_hint(error, "see `greenboard check` for who holds it");
        return false;
    }
    if (!id && strcmp(who, held->who) != 0) {
        char *words = hold_words(held);
        error_set(error, ERROR_DENIED, "it was locked by %s", words);
        error_hint(error,
                   "lifting what somebody else holds needs its ID and a reason: "
                   "`greenboard unlock --reason TEXT %s`",
                   held->id);
        free(words);
        return false;
    }
    return true;
}

/* `fd` is the directory: what is gone must be gone on disk too. */
static bool remove_hold(const struct statedir *dir, int fd, struct error *error)
{
    return (unlink(dir->hold) == 0 && fsync(fd) == 0) ||
           error_system(error, errno, "cannot remove %s", dir->hold);
}

bool hold_lift(const struct statedir *dir, const char *environment, const char *who,
               const char *reason, const char *id, struct hold **was, struct error *error)
{
    if (!wants_reason(reason, error)) {
        return false;
    }
    int fd = enter(dir, error);
    if (fd < 0) {
        return false;
    }
    struct hold *held = hold_read(dir, error);
    bool done = false;
    if (!held && error->code == ERROR_NONE) {
        error_set(error, ERROR_ABSENT, "nobody has locked it");
    } else if (held && may_lift(held, who, id, error)) {
        enum event_kind kind =
            strcmp(who, held->who) == 0 ? EVENT_LOCK_LIFTED : EVENT_LOCK_STOLEN;
        done = announce(dir, kind, environment, who, reason, held, error) &&
               remove_hold(dir, fd, error);
    }
    close(fd);
    if (done && was) {
        *was = held;
    } else {
        hold_destroy(held);
    }
    return done;
}
