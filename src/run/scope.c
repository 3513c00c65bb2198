#include "run/scope.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/spawn.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 4096 };

/* Of a user session: the socket that systemd-run(1) --user speaks to. */
static bool systemd_listens(void)
{
    struct stat about;
    const char *directory = getenv("XDG_RUNTIME_DIR");
    if (!directory || directory[0] != '/') {
        return false;
    }
    char *path = fs_join(directory, "systemd/private");
    bool there = stat(path, &about) == 0 && S_ISSOCK(about.st_mode);
    free(path);
    return there;
}

char *scope_runner(void)
{
    return systemd_listens() ? fs_executable("systemd-run", "/", NULL) : NULL;
}

char *scope_name(const char *run)
{
    return mem_format("greenboard-%s.scope", run);
}

/* /proc/self/exe would be systemd-run there; and a file that was replaced since is
 * another greenboard than the one that made the plan. */
static bool find_self(char path[PATH_ROOM])
{
    struct stat running, named;
    ssize_t length = readlink("/proc/self/exe", path, PATH_ROOM - 1);
    if (length <= 0) {
        return false;
    }
    path[length] = '\0';
    return stat("/proc/self/exe", &running) == 0 && stat(path, &named) == 0 &&
           running.st_dev == named.st_dev && running.st_ino == named.st_ino;
}

char **scope_argv(const char *runner, const char *run, const char *order)
{
    char self[PATH_ROOM];
    if (!find_self(self)) {
        return NULL;
    }
    char *unit = mem_format("--unit=greenboard-%s", run);
    const char *const words[] = {runner, "--user", "--scope", "--quiet", "--collect",
                                 unit,   "--",     self,      order,     NULL};
    char **argv = mem_alloc(sizeof *argv);
    for (size_t i = 0; words[i]; i++) {
        argv_add(&argv, words[i]);
    }
    free(unit);
    return argv;
}
