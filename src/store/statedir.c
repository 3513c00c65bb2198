#include "store/statedir.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_LONGEST = 200 }; /* below NAME_MAX, with room for suffixes */

char *statedir_home(const char *given, struct error *error)
{
    const char *wanted = given ? given : getenv("GREENBOARD_STATE_DIR");
    if (!wanted || !*wanted) {
        char *home = fs_state_home();
        if (!home) {
            error_set(error, ERROR_SYSTEM,
                      "no place for state: neither HOME nor XDG_STATE_HOME");
            error_hint(error, "set HOME, or name a directory with --state-dir");
        }
        return home;
    }
    if (wanted[0] == '/') {
        return mem_text(wanted);
    }
    char *here = getcwd(NULL, 0);
    if (!here) {
        error_system(error, errno, "cannot tell the current directory");
        return NULL;
    }
    char *home = fs_join(here, wanted);
    free(here);
    return home;
}

static char *told;

void statedir_tell(const char *home)
{
    char *copy = mem_text(home);
    free(told);
    told = copy;
}

const char *statedir_told(void)
{
    return told;
}

/* Percent-encodes what is not plain, so that two names never share a directory. */
static char *safe_name(const char *name)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    struct buf out;
    buf_init(&out, 0);
    for (const char *at = name; *at; at++) {
        if (strchr(plain, *at) || (*at == '.' && at != name)) {
            buf_add(&out, at, 1);
        } else {
            buf_format(&out, "%%%02x", (unsigned)(unsigned char)*at);
        }
    }
    if (out.length == 0) {
        buf_text(&out, "%");
    }
    return buf_take(&out);
}

bool statedir_open(struct statedir *dir, const char *home,
                   const struct environment *environment, struct error *error)
{
    return statedir_open_named(dir, home, environment->system, environment->name,
                               config_text(config_section(environment, "/lock"), "dir"),
                               error);
}

bool statedir_open_named(struct statedir *dir, const char *home, const char *system_name,
                         const char *environment, const char *lock_dir,
                         struct error *error)
{
    *dir = (struct statedir){0};
    char *system = safe_name(system_name);
    char *name = safe_name(environment);
    bool done = false;
    if (strlen(system) > NAME_LONGEST || strlen(name) > NAME_LONGEST) {
        error_set(error, ERROR_LIMIT,
                  "the name of the system or environment is too long");
        goto out;
    }
    dir->home = mem_text(home);
    dir->directory = mem_format("%s/%s/%s", home, system, name);
    dir->events = fs_join(dir->directory, "events.db");
    dir->samples = fs_join(dir->directory, "samples.db");
    dir->lock = fs_join(dir->directory, "lock");
    dir->recorder = fs_join(dir->directory, "recorder.lock");
    dir->fence = fs_join(dir->directory, "fence");
    dir->hold = fs_join(dir->directory, "hold.json");
    dir->runs = fs_join(dir->directory, "runs");
    dir->outbox = fs_join(dir->directory, "outbox");
    dir->shared_lock =
        lock_dir ? mem_format("%s/%s-%s.lock", lock_dir, system, name) : NULL;
    char *above = fs_directory(dir->directory);
    done = fs_make_dirs(dir->runs, error) && fs_is_ours(home, error) &&
           fs_is_ours(above, error) && fs_is_ours(dir->directory, error);
    free(above);
out:
    free(system);
    free(name);
    if (!done) {
        statedir_finish(dir);
    }
    return done;
}

void statedir_finish(struct statedir *dir)
{
    char *paths[] = {dir->home, dir->directory, dir->events,     dir->samples,
                     dir->lock, dir->recorder,  dir->fence,      dir->hold,
                     dir->runs, dir->outbox,    dir->shared_lock};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        free(paths[i]);
    }
    *dir = (struct statedir){0};
}
