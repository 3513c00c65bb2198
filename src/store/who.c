#include "store/who.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "secret/mask.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

const struct who_row who_rows[WHO_COUNT] = {
#define WHO_FACTS_ROW(id, key, certainty, help) [id] = {key, certainty, help},
    WHO_FACTS(WHO_FACTS_ROW)
#undef WHO_FACTS_ROW
};

enum { VALUE_LONGEST = 200, PTS_FIRST = 136, PTS_LAST = 143, CONSOLES = 4, MINORS = 256 };

/* ---- finding them ---- */

char *who_user(uid_t uid)
{
    struct passwd record, *found = NULL;
    char room[4096];
    getpwuid_r(uid, &record, room, sizeof room, &found);
    return found ? mem_text(found->pw_name) : mem_format("uid %u", (unsigned)uid);
}

static char *find_user(void)
{
    return who_user(getuid());
}

static char *find_uid(void)
{
    return mem_format("%u", (unsigned)getuid());
}

static char *find_effective(void)
{
    return geteuid() == getuid() ? NULL : who_user(geteuid());
}

static char *read_proc(const char *path)
{
    struct buf text;
    buf_init(&text, 4096);
    if (!fs_read(path, &text, NULL)) {
        buf_clear(&text);
    }
    return text.length ? buf_take(&text) : (buf_finish(&text), NULL);
}

/* proc(5): 4294967295 where nobody logged in (a service, a container). */
static char *find_login(void)
{
    char *text = read_proc("/proc/self/loginuid");
    int64_t uid = 0;
    bool set = text && (text[strcspn(text, "\n")] = '\0',
                        text_integer(text, 0, UINT32_MAX - INT64_C(1), &uid));
    free(text);
    return set ? who_user((uid_t)uid) : NULL;
}

/* Field 7 of /proc/self/stat, the device; its name by Documentation/admin-guide/devices
 * of Linux: major 4 are consoles, 136 to 143 the ends of pseudo-terminals. */
static char *find_tty(void)
{
    char *text = read_proc("/proc/self/stat");
    const char *rest = text ? strrchr(text, ')') : NULL;
    int device = 0;
    bool found = rest && sscanf(rest + 1, " %*c %*d %*d %*d %d", &device) == 1 && device;
    free(text);
    if (!found) {
        return NULL;
    }
    unsigned high = major((dev_t)(unsigned)device), low = minor((dev_t)(unsigned)device);
    if (high >= PTS_FIRST && high <= PTS_LAST) {
        return mem_format("pts/%u", (high - PTS_FIRST) * MINORS + low);
    }
    return high == CONSOLES ? mem_format("tty%u", low)
                            : mem_format("device %u:%u", high, low);
}

char *who_host(void)
{
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    return mem_text(host);
}

static char *find_sudo_user(void)
{
    return mem_text(getenv("SUDO_USER"));
}

static char *find_sudo_uid(void)
{
    return mem_text(getenv("SUDO_UID"));
}

/* ssh(1): client address, client port, server address, server port. */
static char *find_ssh_peer(void)
{
    const char *connection = getenv("SSH_CONNECTION");
    return connection ? mem_bytes(connection, strcspn(connection, " ")) : NULL;
}

static char *(*const finders[WHO_COUNT])(void) = {
    [WHO_USER] = find_user,
    [WHO_UID] = find_uid,
    [WHO_EFFECTIVE] = find_effective,
    [WHO_LOGIN] = find_login,
    [WHO_TTY] = find_tty,
    [WHO_HOST] = who_host,
    [WHO_SUDO_USER] = find_sudo_user,
    [WHO_SUDO_UID] = find_sudo_uid,
    [WHO_SSH_PEER] = find_ssh_peer,
};

json_t *who_facts(void)
{
    json_t *facts = json_pack("{s:{}, s:{}}", WHO_PROVEN, WHO_CLAIMED);
    for (size_t i = 0; i < WHO_COUNT; i++) {
        char *found = finders[i]();
        char *clean = found && *found ? mask_clean(found, VALUE_LONGEST) : NULL;
        if (clean) {
            json_object_set_new(json_object_get(facts, who_rows[i].certainty),
                                who_rows[i].key, json_text(clean));
        }
        free(clean);
        free(found);
    }
    return facts;
}

/* ---- showing them ---- */

static void show_part(struct buf *out, const json_t *who, const char *certainty,
                      const char *intro)
{
    const json_t *part = json_object_get(who, certainty);
    const char *before = intro;
    for (size_t i = 0; i < WHO_COUNT; i++) {
        const char *value = json_get_text(part, who_rows[i].key);
        if (value && text_equal(who_rows[i].certainty, certainty)) {
            buf_format(out, "%s%s %s", before, who_rows[i].key, value);
            before = ", ";
        }
    }
}

void who_show(struct buf *out, const json_t *who)
{
    show_part(out, who, WHO_PROVEN, "");
    show_part(out, who, WHO_CLAIMED, out->length ? "; claimed: " : "claimed: ");
}
