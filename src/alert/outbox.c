#include "alert/outbox.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "secret/mask.h"

#include <stdlib.h>

enum { TEXT_LONGEST = 4000 };

const struct notice_row notice_rows[NOTICE_COUNT] = {
#define NOTICES_ROW(id, word, help) [id] = {word, help},
    NOTICES(NOTICES_ROW)
#undef NOTICES_ROW
};

bool outbox_wants(const struct environment *environment, enum notice_kind kind)
{
    const json_t *on = config_section(environment, "/notify/on");
    bool listed = on == NULL, somebody = false;
    for (size_t i = 0; i < json_array_size(on); i++) {
        listed = listed || text_equal(json_string_value(json_array_get(on, i)),
                                      notice_rows[kind].word);
    }
    for (size_t i = 0; i < SINK_COUNT; i++) {
        somebody = somebody || sink_configured(sinks[i], environment);
    }
    return listed && somebody;
}

/* ---- making ---- */

static json_t *sealed_text(const char *text)
{
    char *clean = mask_clean(text, TEXT_LONGEST);
    json_t *string = json_text(clean ? clean : "");
    free(clean);
    return string;
}

/* A copy with every text masked one by one, so that a secret such as "1" never breaks
 * what we write around it. */
static json_t *sealed(const json_t *value)
{
    if (json_is_string(value)) {
        return sealed_text(json_string_value(value));
    }
    if (json_is_array(value)) {
        json_t *copy = json_array();
        for (size_t i = 0; i < json_array_size(value); i++) {
            json_array_append_new(copy, sealed(json_array_get(value, i)));
        }
        return copy;
    }
    if (!json_is_object(value)) {
        return json_deep_copy(value);
    }
    json_t *copy = json_object();
    const char *key;
    json_t *entry;
    json_object_foreach((json_t *)(uintptr_t)value, key, entry)
    {
        json_object_set_new(copy, key, sealed(entry));
    }
    return copy;
}

/* https://docs.slack.dev/messaging/formatting-message-text, "Escaping text": these three
 * begin a link or the mention of a channel. */
static json_t *slack_text(const char *text)
{
    struct buf out;
    buf_init(&out, 0);
    char *clean = mask_clean(text, TEXT_LONGEST);
    for (const char *at = clean ? clean : ""; *at; at++) {
        const char *name = *at == '&'   ? "&amp;"
                           : *at == '<' ? "&lt;"
                           : *at == '>' ? "&gt;"
                                        : NULL;
        if (name) {
            buf_text(&out, name);
        } else {
            buf_add(&out, at, 1);
        }
    }
    json_t *string = json_text(buf_string(&out));
    buf_finish(&out);
    free(clean);
    return string;
}

/* {"text": …, "greenboard": {…}}, every text of it masked and cleaned; the text is
 * escaped as Slack wants it. */
static json_t *message_of(const struct environment *environment,
                          const struct notice *notice, const char *id, int64_t wall)
{
    char at[CLOCK_STAMP];
    clock_stamp(at, wall);
    json_t *object = notice->facts ? sealed(notice->facts) : json_object();
    json_t *ours =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "id", id, "kind",
                  notice_rows[notice->kind].word, "at", at, "system", environment->system,
                  "environment", environment->name, "text", sealed_text(notice->text));
    json_object_update(object, ours);
    json_decref(ours);
    return json_pack("{s:o, s:o}", "text", slack_text(notice->text), "greenboard",
                     object);
}

/* ---- posting ---- */

static bool post_to(const char *directory, const struct letter *letter,
                    struct error *error)
{
    size_t count;
    if (!letters_count(directory, &count, error)) {
        return false;
    }
    if (count >= OUTBOX_MAX) {
        return error_set(error, ERROR_LIMIT, "%zu announcements wait in %s", count,
                         directory);
    }
    return letter_write(directory, letter, error);
}

bool outbox_post(const char *outbox, const struct environment *environment,
                 const struct notice *notice, struct error *error)
{
    if (!outbox_wants(environment, notice->kind)) {
        return true;
    }
    int64_t wall = clock_wall();
    struct letter letter = {.written = wall};
    letter_name(letter.id, wall);
    letter.message = message_of(environment, notice, letter.id, wall);
    bool done = true;
    for (size_t i = 0; i < SINK_COUNT; i++) {
        if (sink_configured(sinks[i], environment)) {
            char *directory = sink_directory(sinks[i], outbox);
            done = post_to(directory, &letter, error) && done;
            free(directory);
        }
    }
    letter_finish(&letter);
    return done;
}

/* ---- telling ---- */

static void tell_letter(const struct letter *letter, bool dead, const char *sink,
                        void (*line)(void *self, const char *sink, const char *text),
                        void *self)
{
    const json_t *kind = json_at(letter->message, "/greenboard/kind");
    char *text =
        mem_format("%s %s after %lld %s%s%s", kind ? json_string_value(kind) : "message",
                   dead ? "given up" : "waits", (long long)letter->tries,
                   letter->tries == 1 ? "try" : "tries", letter->error ? ": " : "",
                   letter->error ? letter->error : "");
    line(self, sink, text);
    free(text);
}

static void tell_sink(const struct sink *sink, const char *outbox, const char *run,
                      void (*line)(void *self, const char *sink, const char *text),
                      void *self)
{
    char *directory = sink_directory(sink, outbox);
    for (int dead = 0; dead < 2; dead++) {
        struct letters letters;
        letters_list(directory, dead, &letters, NULL);
        for (size_t i = 0; i < letters.count; i++) {
            const json_t *id = json_at(letters.rows[i].message, "/greenboard/run/id");
            if (!run || text_equal(json_string_value(id), run)) {
                tell_letter(&letters.rows[i], dead, sink->name, line, self);
            }
        }
        letters_finish(&letters);
    }
    free(directory);
}

void outbox_tell(const char *outbox, const char *run,
                 void (*line)(void *self, const char *sink, const char *text), void *self)
{
    for (size_t i = 0; i < SINK_COUNT; i++) {
        tell_sink(sinks[i], outbox, run, line, self);
    }
}
