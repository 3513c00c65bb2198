#include "run/handover.h"

#include "base/json.h"
#include "base/mem.h"
#include "secret/base64.h"
#include "secret/mask.h"
#include "source/capture.h"
#include "store/runs.h"
#include "store/who.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add_captured(void *self, const char *name, struct secret *secret)
{
    struct buf value;
    buf_init(&value, 0);
    base64_encode(&value, secret_data(secret), secret_length(secret));
    json_array_append_new(
        self, json_pack("{s:s, s:s}", "name", name, "value", buf_string(&value)));
    handover_cleanse(&value);
}

void handover_write(struct buf *out, const struct plan *plan, const struct order *order,
                    const char *run, const char *scope)
{
    const struct environment *environment = plan->environment;
    const struct intent intent = plan_intent(plan);
    json_t *captured = json_array();
    capture_each(add_captured, captured);
    json_t *document = json_pack(
        "{s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:b, s:b, s:o, s:o, s:o, "
        "s:o, "
        "s:O, s:o}",
        "home", order->home, "system", environment->system, "environment",
        environment->name, "lock_dir",
        json_text(config_text(config_section(environment, "/lock"), "dir")), "config",
        environment->file, "kind", run_kind_words[plan->kind], "run", run, "operator",
        order->operator_name, "who", who_facts(), "reason", json_text(order->reason),
        "headless", (int)order->headless, "without_lease", (int)order->without_lease,
        "repair", json_text(intent.repair), "scope", json_text(scope), "release",
        json_text(intent.release), "target", json_text(intent.target), "confirmation",
        plan->confirmation, "captured", captured);
    if (!document) {
        panic("a plan cannot be written as JSON");
    }
    char *text = json_compact(document);
    buf_text(out, text);
    explicit_bzero(text, strlen(text));
    free(text);
    json_decref(document);
}

void handover_cleanse(struct buf *buf)
{
    if (buf->data) {
        explicit_bzero(buf->data, buf->room);
    }
    buf_finish(buf);
}

static bool read_all(int fd, struct buf *text, struct error *error)
{
    char chunk[16384];
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return error_system(error, errno, "cannot hear the launcher");
        }
        if (got == 0) {
            explicit_bzero(chunk, sizeof chunk);
            return true;
        }
        if (!buf_add(text, chunk, (size_t)got)) {
            return error_set(error, ERROR_LIMIT, "the launcher said too much");
        }
    }
}

static bool put_captured(const json_t *captured, struct error *error)
{
    size_t i;
    json_t *entry;
    json_array_foreach(captured, i, entry)
    {
        const char *name = json_get_text(entry, "name");
        const char *value = json_get_text(entry, "value");
        size_t room = value ? strlen(value) : 0, used = 0;
        unsigned char *bytes = mem_alloc(room + 1);
        bool decoded = name && value && base64_decode(value, room, bytes, room, &used);
        struct secret *secret = decoded ? secret_create(bytes, used, error) : NULL;
        explicit_bzero(bytes, room);
        free(bytes);
        if (!secret) {
            return decoded ? false
                           : error_set(error, ERROR_PROTOCOL, "a variable is garbled");
        }
        capture_put(name, secret);
        mask_publish(&secret, 1); /* before anything is recorded */
        secret_unref(secret);
    }
    return true;
}

bool handover_read(struct handover *handover, int fd, struct error *error)
{
    *handover = (struct handover){0};
    struct buf text;
    buf_init(&text, JSON_SIZE_MAX);
    json_t *document = NULL;
    if (read_all(fd, &text, error)) {
        document = json_parse(buf_string(&text), text.length, error);
    }
    handover_cleanse(&text);
    *handover = (struct handover){
        .document = document,
        .home = json_get_text(document, "home"),
        .system = json_get_text(document, "system"),
        .environment = json_get_text(document, "environment"),
        .lock_dir = json_get_text(document, "lock_dir"),
        .config = json_get_text(document, "config"),
        .run = json_get_text(document, "run"),
        .operator_name = json_get_text(document, "operator"),
        .reason = json_get_text(document, "reason"),
        .who = json_object_get(document, "who"),
        .scope = json_get_text(document, "scope"),
        .headless = json_is_true(json_object_get(document, "headless")),
        .without_lease = json_is_true(json_object_get(document, "without_lease")),
        .intent = {.repair = json_get_text(document, "repair"),
                   .release = json_get_text(document, "release"),
                   .target = json_get_text(document, "target")},
        .confirmation = json_object_get(document, "confirmation")};
    if (!document) {
        return false;
    }
    const struct handover *got = handover;
    if (!got->home || !got->system || !got->environment || !got->config ||
        !run_kind_from_word(json_get_text(document, "kind"), &handover->intent.kind) ||
        !got->run || !run_name_valid(got->run) || !got->operator_name ||
        !got->confirmation) {
        return error_set(error, ERROR_PROTOCOL, "the launcher did not say what to run");
    }
    bool done = put_captured(json_object_get(document, "captured"), error);
    json_object_del(document, "captured");
    return done;
}

void handover_finish(struct handover *handover)
{
    json_decref(handover->document);
    *handover = (struct handover){0};
}
