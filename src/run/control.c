#include "run/control.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/who.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { MESSAGE_MAX = 8192, ANSWER_MS = 2000 };

/* The directory, ours and for us alone: in /tmp somebody else may have made it first. */
static int open_directory(const char *path, struct error *error)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) != 0) {
        error_system(error, errno, "cannot open %s", path);
    } else if (about.st_uid != geteuid() || (about.st_mode & 0077)) {
        error_set(error, ERROR_DENIED, "%s is not for us alone", path);
        error_hint(error, "remove it, or set XDG_RUNTIME_DIR to a directory of your own");
    } else {
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

/* By way of the open directory: no other path can be slipped in, and none is too long. */
static void address(struct sockaddr_un *out, int directory, const char *name)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d/%s", directory, name);
}

static bool peer_is_us(int fd, pid_t *pid)
{
    struct ucred peer;
    socklen_t length = sizeof peer;
    bool ours = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
                (peer.uid == geteuid() || peer.uid == 0);
    *pid = ours ? peer.pid : 0;
    return ours;
}

/* ---- the supervisor's side ---- */

bool control_open(struct control *control, const struct statedir *dir, const char *run,
                  struct error *error)
{
    *control = (struct control){.listener = -1, .peer = -1, .directory = -1};
    struct sockaddr_un where;
    char digest[DIGEST_HEX];
    char *path = fs_runtime_dir();
    digest_hex(digest, dir->directory, strlen(dir->directory));
    control->name = mem_format("%s-%.8s", run, digest);
    control->path = fs_join(path, control->name);
    bool done = fs_make_dirs(path, error) &&
                (control->directory = open_directory(path, error)) >= 0;
    if (done) {
        address(&where, control->directory, control->name);
        control->listener =
            socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        done = control->listener >= 0 &&
               bind(control->listener, (struct sockaddr *)&where, sizeof where) == 0 &&
               listen(control->listener, 4) == 0;
        if (!done) {
            error_system(error, errno, "cannot listen at %s", control->path);
        }
    }
    free(path);
    if (!done) {
        control_close(control);
    }
    return done;
}

void control_close(struct control *control)
{
    if (control->listener >= 0) {
        unlinkat(control->directory, control->name, 0);
        close(control->listener);
    }
    if (control->peer >= 0) {
        close(control->peer);
    }
    if (control->directory >= 0) {
        close(control->directory);
    }
    free(control->name);
    free(control->path);
    *control = (struct control){.listener = -1, .peer = -1, .directory = -1};
}

/* A new peer takes the place of one that has not said anything yet. */
static void take_peer(struct control *control)
{
    pid_t pid;
    int peer = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (peer < 0) {
        return;
    }
    if (control->peer >= 0) {
        close(control->peer);
    }
    control->peer = peer;
    if (!peer_is_us(peer, &pid)) {
        close(peer);
        control->peer = -1;
    }
}

static void drop_peer(struct control *control)
{
    close(control->peer);
    control->peer = -1;
}

static const char *const request_words[] = {[REQUEST_STATUS] = "status",
                                            [REQUEST_CANCEL] = "cancel",
                                            [REQUEST_DECIDE] = "decide",
                                            [REQUEST_GUARD] = "guard"};

static bool read_request(const json_t *document, struct request *request)
{
    const char *what = json_get_text(document, "do");
    size_t kind = 0, count = sizeof request_words / sizeof *request_words;
    while (kind < count && !text_equal(request_words[kind], what)) {
        kind++;
    }
    request->kind = (enum request_kind)kind;
    request->operator_name = mem_text(json_get_text(document, "operator"));
    request->reason = mem_text(json_get_text(document, "reason"));
    request->who = json_incref(json_object_get(document, "who"));
    request->confirm = mem_text(json_get_text(document, "confirm"));
    return kind < count &&
           (kind != REQUEST_DECIDE ||
            ruling_of(json_object_get(document, "decision"), &request->decision));
}

bool control_take(struct control *control, struct request *request)
{
    *request = (struct request){0};
    if (control->listener < 0) {
        return false;
    }
    take_peer(control);
    if (control->peer < 0) {
        return false;
    }
    char message[MESSAGE_MAX];
    ssize_t got = recv(control->peer, message, sizeof message, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    json_t *document = got > 0 ? json_parse(message, (size_t)got, NULL) : NULL;
    bool known = read_request(document, request);
    json_decref(document);
    if (!known || !peer_is_us(control->peer, &request->peer)) {
        request_finish(request);
        drop_peer(control);
        return false;
    }
    return true;
}

void control_answer(struct control *control, json_t *take_answer)
{
    char *text = json_compact(take_answer);
    send(control->peer, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
    free(text);
    json_decref(take_answer);
    drop_peer(control);
}

void request_finish(struct request *request)
{
    free(request->operator_name);
    free(request->reason);
    json_decref(request->who);
    free(request->confirm);
    ruling_finish(&request->decision);
    *request = (struct request){0};
}

/* ---- the client's side ---- */

static int connect_to(const char *path, struct error *error)
{
    struct sockaddr_un where;
    pid_t pid;
    char *parent = fs_directory(path);
    int directory = open_directory(parent, error);
    free(parent);
    if (directory < 0) {
        return -1;
    }
    address(&where, directory, strrchr(path, '/') + 1);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&where, sizeof where) != 0) {
        error_system(error, errno, "nobody answers at %s", path);
        close(fd);
        fd = -1;
    } else if (fd >= 0 && !peer_is_us(fd, &pid)) {
        error_set(error, ERROR_DENIED, "somebody else answers at %s", path);
        close(fd);
        fd = -1;
    }
    close(directory);
    return fd;
}

static json_t *hear(int fd, struct error *error)
{
    char message[MESSAGE_MAX];
    struct pollfd ready = {fd, POLLIN, 0};
    int64_t deadline = clock_now() + ANSWER_MS * CLOCK_MS;
    int count;
    while ((count = poll(&ready, 1, clock_left(deadline))) < 0 && errno == EINTR) {
    }
    ssize_t got = count > 0 ? recv(fd, message, sizeof message, 0) : -1;
    if (got <= 0) {
        error_set(error, ERROR_TIMEOUT, "the supervisor of the run does not answer");
        return NULL;
    }
    return json_parse(message, (size_t)got, error);
}

/* Puts the question; the answer comes at the descriptor. */
static int put(const struct statedir *dir, const char *run, json_t *take_question,
               struct error *error)
{
    int fd = -1;
    char *text = take_question ? json_compact(take_question) : NULL;
    json_decref(take_question);
    struct run *record = text ? run_read(dir, run, error) : NULL;
    if (!text) {
        error_set(error, ERROR_USAGE, "what is said is not UTF-8 text");
    } else if (record && (record->phase == PHASE_ENDED || !record->control)) {
        error_set(error, ERROR_ABSENT, "run %s is over (%s)", run, run_word(record));
    } else if (record && (fd = connect_to(record->control, error)) < 0) {
        error_prefix(error, "run %s", run);
        error_hint(error,
                   "if its supervisor died: greenboard runs resolve %s --reason TEXT",
                   run);
    } else if (record && send(fd, text, strlen(text), MSG_NOSIGNAL) < 0) {
        error_system(error, errno, "cannot ask the supervisor of %s", run);
        close(fd);
        fd = -1;
    }
    run_destroy(record);
    free(text);
    return fd;
}

static json_t *ask(const struct statedir *dir, const char *run, json_t *take_question,
                   struct error *error)
{
    int fd = put(dir, run, take_question, error);
    json_t *answer = fd >= 0 ? hear(fd, error) : NULL;
    if (fd >= 0) {
        close(fd);
    }
    return answer;
}

/* False with what the supervisor has against it. */
static bool granted(json_t *take_answer, struct error *error)
{
    const char *refused = json_get_text(take_answer, "error");
    const char *hint = json_get_text(take_answer, "hint");
    bool done = take_answer && !refused;
    if (refused) {
        error_set(error, ERROR_USAGE, "%s", refused);
        error_hint(error, "%s", hint ? hint : "");
    }
    json_decref(take_answer);
    return done;
}

bool control_cancel(const struct statedir *dir, const char *run,
                    const char *operator_name, const char *reason, struct error *error)
{
    return granted(ask(dir, run,
                       json_pack("{s:s, s:s, s:o, s:s}", "do",
                                 request_words[REQUEST_CANCEL], "operator", operator_name,
                                 "who", who_facts(), "reason", reason ? reason : ""),
                       error),
                   error);
}

static json_t *decision_question(const struct ruling *ruling, const char *confirm)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "do", request_words[REQUEST_DECIDE],
                     "operator", json_text(ruling->by), "who", who_facts(), "confirm",
                     json_text(confirm), "decision", ruling_json(ruling));
}

bool control_decide(const struct statedir *dir, const char *run,
                    const struct ruling *ruling, const char *confirm, struct error *error)
{
    return granted(ask(dir, run, decision_question(ruling, confirm), error), error);
}

int control_send_decision(const struct statedir *dir, const char *run,
                          const struct ruling *ruling, const char *confirm,
                          struct error *error)
{
    return put(dir, run, decision_question(ruling, confirm), error);
}

bool control_readable(int fd)
{
    struct pollfd ready = {fd, POLLIN, 0};
    return poll(&ready, 1, 0) > 0;
}

bool control_answered(int fd, struct error *error)
{
    bool done = granted(hear(fd, error), error);
    close(fd);
    return done;
}

bool control_guard(const struct statedir *dir, const char *run, struct error *error)
{
    return granted(
        ask(dir, run, json_pack("{s:s}", "do", request_words[REQUEST_GUARD]), error),
        error);
}

json_t *control_status(const struct statedir *dir, const char *run, struct error *error)
{
    return ask(dir, run, json_pack("{s:s}", "do", request_words[REQUEST_STATUS]), error);
}
