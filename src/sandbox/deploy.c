#include "sandbox/deploy.h"

#include "base/buf.h"
#include "base/exits.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "sandbox/control.h"
#include "sandbox/faults.h"
#include "sandbox/google.h"
#include "sandbox/place.h"
#include "sandbox/revisions.h"
#include "sandbox/secrets.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STEP_MS = 420, STEP_FAST_MS = 35, LINE_MAX_BYTES = 256, LIST_MAX = 1024 * 1024 };

#define GREEN  "\033[32m"
#define RED    "\033[31m"
#define YELLOW "\033[33m"
#define BOLD   "\033[1m"
#define PLAIN  "\033[0m"

struct deploy {
    char *dir; /* of the sandbox: where greenboard.json is, hence where commands run */
    char *release;
    int step_ms;
    struct buf faults; /* names, one a line */
};

static int complain(const struct error *error)
{
    fprintf(stderr, RED "%s" PLAIN "%s%s\n", error->message, error->hint[0] ? ": " : "",
            error->hint);
    return EXIT_UNSAFE;
}

/* The first line of a file of the sandbox; NULL where there is none. The caller frees. */
static char *read_line(const char *dir, const char *name)
{
    char *path = fs_join(dir, name);
    struct buf text;
    buf_init(&text, LINE_MAX_BYTES);
    bool there = fs_read(path, &text, NULL);
    char *line =
        there ? mem_bytes(buf_string(&text), strcspn(buf_string(&text), "\n")) : NULL;
    buf_finish(&text);
    free(path);
    return line;
}

static bool begin(struct deploy *deploy, struct error *error)
{
    struct process self;
    char *pace = NULL;
    char *control = NULL;
    deploy->dir = fs_absolute(".");
    buf_init(&deploy->faults, LIST_MAX);
    if (!deploy->dir) {
        return error_system(error, errno, "no current directory");
    }
    control = fs_join(deploy->dir, "control");
    bool done = fs_exists(control);
    free(control);
    if (!done) {
        error_set(error, ERROR_USAGE, "%s is not the directory of a sandbox",
                  deploy->dir);
        error_hint(error, "greenboard runs this command there");
        return false;
    }
    if (!process_identify(getpid(), &self) ||
        !place_record(deploy->dir, "deploy", &self, error)) {
        return false;
    }
    const char *release = getenv("GREENBOARD_RELEASE");
    deploy->release =
        release && *release ? mem_text(release) : read_line(deploy->dir, "release");
    const char *from_env = getenv("GREENBOARD_SANDBOX_PACE");
    pace = from_env ? mem_text(from_env) : read_line(deploy->dir, "pace");
    deploy->step_ms = text_equal(pace, "fast") ? STEP_FAST_MS : STEP_MS;
    free(pace);
    if (!deploy->release) {
        return error_set(error, ERROR_ABSENT, "no release: %s/release is missing",
                         deploy->dir);
    }
    return control_ask(deploy->dir, "list", &deploy->faults, error);
}

static void finish(struct deploy *deploy)
{
    buf_finish(&deploy->faults);
    free(deploy->release);
    free(deploy->dir);
}

static bool has_fault(const struct deploy *deploy, enum fault fault)
{
    char *line = mem_format("%s\n", fault_rows[fault].name);
    const char *faults = buf_string(&deploy->faults);
    const char *at = strstr(faults, line);
    while (at && at != faults && at[-1] != '\n') {
        at = strstr(at + 1, line);
    }
    free(line);
    return at != NULL;
}

static void step(const struct deploy *deploy, const char *text)
{
    printf(GREEN "==>" PLAIN " %s\n", text);
    fflush(stdout);
    poll(NULL, 0, deploy->step_ms);
}

static bool add_line(const struct deploy *deploy, const char *name, struct error *error)
{
    char *path = fs_join(deploy->dir, name);
    char *line = mem_format("%s\n", deploy->release);
    bool done = fs_append(path, line, strlen(line), error);
    free(line);
    free(path);
    return done;
}

static bool write_release(const struct deploy *deploy, const char *name,
                          struct error *error)
{
    char *path = fs_join(deploy->dir, name);
    char *line = mem_format("%s\n", deploy->release);
    bool done = fs_replace(path, line, strlen(line), 0600, error);
    free(line);
    free(path);
    return done;
}

/* As many a deploy script does: its own line of the configuration becomes another one,
 * and one more worker is started. */
static bool configure(const struct deploy *deploy, struct error *error)
{
    struct buf was, is;
    char *path = fs_join(deploy->dir, SECRETS_APP);
    buf_init_secret(&was, LIST_MAX);
    buf_init_secret(&is, 0);
    bool done = fs_read(path, &was, error);
    char *rest = was.data;
    for (char *line; done && rest && (line = strsep(&rest, "\n"));) {
        if (text_starts(line, "RELEASE=")) {
            buf_format(&is, "RELEASE=%s\n", deploy->release);
        } else if (text_starts(line, "WORKERS=")) {
            buf_format(&is, "WORKERS=%ld\n", strtol(line + 8, NULL, 10) + 1);
        } else if (*line) {
            buf_format(&is, "%s\n", line);
        }
    }
    done = done && fs_replace(path, buf_string(&is), is.length, 0600, error);
    buf_finish(&was);
    buf_finish(&is);
    free(path);
    return done;
}

static void move_traffic(const struct deploy *deploy)
{
    for (int percent = 25; percent <= 100; percent += 25) {
        printf("\r    traffic " BOLD "%3d %%" PLAIN, percent);
        fflush(stdout);
        poll(NULL, 0, deploy->step_ms / 2);
    }
    printf("\n");
}

_Noreturn static void hang(void)
{
    printf(YELLOW "waiting for the revision to become ready" PLAIN "\n");
    fflush(stdout);
    for (;;) {
        pause(); /* SIGTERM's default action ends it */
    }
}

/* Where the traffic shall stay, it stays before there is another one that it could go
 * to. */
static bool make_revisions(const struct deploy *deploy, bool with_faults,
                           struct error *error)
{
    bool stays = with_faults && has_fault(deploy, FAULT_deploy_no_traffic);
    return (!stays ||
            revisions_pin(deploy->dir, revisions_read(deploy->dir).serving, error)) &&
           revisions_add(deploy->dir, deploy->release, error);
}

/* The traffic, as told and as it is. */
static bool serve(const struct deploy *deploy, bool with_faults, struct error *error)
{
    if (with_faults && has_fault(deploy, FAULT_deploy_no_traffic)) {
        printf(YELLOW "    traffic stays where it is" PLAIN "\n");
        return true;
    }
    move_traffic(deploy);
    return revisions_unpin(deploy->dir, error) && write_release(deploy, "serving", error);
}

static int refuse_rollback(void)
{
    fflush(stdout);
    fprintf(stderr, RED "ERROR: the revision of that release is gone" PLAIN "\n");
    return 1;
}

static int roll_out(const struct deploy *deploy, const char *journal, bool with_faults,
                    struct error *error)
{
    if (!add_line(deploy, journal, error)) {
        return complain(error);
    }
    printf(BOLD "%s %s to sandbox staging" PLAIN "\n",
           with_faults ? "deploying" : "rolling back to", deploy->release);
    step(deploy, "reading the configuration of both services");
    if (!with_faults && has_fault(deploy, FAULT_rollback_fails)) {
        return refuse_rollback();
    }
    step(deploy, "building netra-auth-service");
    step(deploy, "building netra-backend-staging");
    if (with_faults && has_fault(deploy, FAULT_deploy_fails)) {
        fflush(stdout);
        fprintf(stderr, RED "ERROR: the image of netra-backend-staging cannot be pushed: "
                            "quota exceeded" PLAIN "\n");
        return 1;
    }
    step(deploy, "pushing 2 images");
    step(deploy, "creating revisions");
    if (with_faults && has_fault(deploy, FAULT_deploy_hangs)) {
        hang();
    }
    /* A rollback finds its configuration put back. */
    if ((with_faults && !configure(deploy, error)) ||
        !make_revisions(deploy, with_faults, error) ||
        !serve(deploy, with_faults, error) || !write_release(deploy, "deployed", error)) {
        return complain(error);
    }
    /* The release mounts the secret: a broken one the wrong secret, a known good one the
     * right. */
    bool breaks = with_faults && has_fault(deploy, FAULT_deploy_breaks);
    if ((breaks || !with_faults) &&
        !control_ask(deploy->dir, breaks ? "on jwt_mismatch" : "off jwt_mismatch", NULL,
                     error)) {
        return complain(error);
    }
    printf(GREEN BOLD "done:" PLAIN " %s serves all traffic\n", deploy->release);
    return 0;
}

static int run(const char *journal, const char *release)
{
    struct deploy deploy = {0};
    struct error error = {0};
    int status = 1;
    if (!begin(&deploy, &error)) {
        status = complain(&error);
    } else {
        if (release) {
            free(deploy.release);
            deploy.release = mem_text(release);
        }
        status = roll_out(&deploy, journal, release == NULL, &error);
    }
    finish(&deploy);
    return status;
}

int deploy_run(void)
{
    return run("deploys", NULL);
}

int deploy_roll_back(const char *release)
{
    return run("rollbacks", release);
}

int deploy_running(void)
{
    char *line = revisions_release(".", revisions_read(".").serving);
    if (!line) {
        fputs("nothing was deployed here yet\n", stderr);
        return 1;
    }
    puts(line);
    free(line);
    return 0;
}

/* The release that runs, with the newest version of its secret. */
static int redeploy(const struct deploy *deploy, struct error *error)
{
    char *running = revisions_release(deploy->dir, revisions_read(deploy->dir).serving);
    const char *release = running ? running : "as-it-came";
    printf(BOLD "redeploying %s" PLAIN "\n", release);
    step(deploy, "mounting " GOOGLE_SECRET ":latest in " GOOGLE_AUTH);
    step(deploy, "mounting " GOOGLE_SECRET ":latest in " GOOGLE_BACKEND);
    step(deploy, "starting the worker anew");
    bool done = revisions_add(deploy->dir, release, error) &&
                control_ask(deploy->dir, "remount", NULL, error);
    free(running);
    if (!done) {
        return complain(error);
    }
    printf(GREEN BOLD "done:" PLAIN " the new revisions serve all traffic\n");
    return 0;
}

int deploy_repair(void)
{
    struct deploy deploy = {0};
    struct error error = {0};
    int status = begin(&deploy, &error) ? redeploy(&deploy, &error) : complain(&error);
    finish(&deploy);
    return status;
}

/* Newest first, each once. */
int deploy_list(void)
{
    struct buf text;
    buf_init(&text, LIST_MAX);
    fs_read("deploys", &text, NULL);
    char **lines = mem_alloc(sizeof *lines);
    char *rest = text.data;
    for (char *line; rest && (line = strsep(&rest, "\n"));) {
        if (*line) {
            argv_add(&lines, line);
        }
    }
    for (size_t i = argv_count(lines); i-- > 0;) {
        bool again = false;
        for (size_t j = i + 1; lines[j]; j++) {
            again = again || text_equal(lines[i], lines[j]);
        }
        if (!again) {
            printf("%s\n", lines[i]);
        }
    }
    argv_free(lines);
    buf_finish(&text);
    return 0;
}
