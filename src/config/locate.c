#include "config/locate.h"

#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>

static bool settle(const char *path, bool found, struct located *located,
                   struct error *error)
{
    char *absolute = fs_absolute(path);
    if (!absolute) {
        error_system(error, errno, "cannot read %s", path);
        return false;
    }
    *located = (struct located){absolute, found};
    return true;
}

bool locate_config(const char *said, struct located *located, struct error *error)
{
    const char *variable = getenv("GREENBOARD_CONFIG");
    *located = (struct located){0};
    if (said) {
        return settle(said, false, located, error);
    }
    if (variable && *variable) {
        bool settled = settle(variable, false, located, error);
        if (!settled) {
            error_prefix(error, "$GREENBOARD_CONFIG");
        }
        return settled;
    }
    if (fs_exists("./" LOCATE_NAME)) {
        return settle("./" LOCATE_NAME, true, located, error);
    }
    char *home = fs_config_home();
    char *own = home ? fs_join(home, LOCATE_NAME) : NULL;
    bool settled = false;
    if (own && fs_exists(own)) {
        settled = settle(own, false, located, error);
    } else {
        error_set(error, ERROR_CONFIG, "no configuration: neither ./%s nor %s is there",
                  LOCATE_NAME, own ? own : "one in a home directory");
        error_hint(error,
                   "name one with -c FILE, or try it out with: greenboard sandbox");
    }
    free(home);
    free(own);
    return settled;
}
