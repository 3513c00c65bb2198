#include "store/head.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 4096 };

bool head_take(struct head *head, struct events *events, struct error *error)
{
    *head = (struct head){0};
    if (events_head(events, &head->seq, head->hash, error)) {
        return true;
    }
    *head = (struct head){0};
    return false;
}

json_t *head_json(const struct head *head)
{
    return head->hash[0]
               ? json_pack("{s:I, s:s}", "seq", (json_int_t)head->seq, "hash", head->hash)
               : json_null();
}

static bool set_head(struct head *head, int64_t seq, const char *hash)
{
    bool valid = seq >= 0 && hash && strlen(hash) == DIGEST_HEX - 1 &&
                 strspn(hash, "0123456789abcdef") == DIGEST_HEX - 1;
    *head = (struct head){.seq = valid ? seq : 0};
    snprintf(head->hash, sizeof head->hash, "%s", valid ? hash : "");
    return valid;
}

void head_from_json(struct head *head, const json_t *object)
{
    const json_t *seq = json_object_get(object, "seq");
    set_head(head, json_is_integer(seq) ? json_integer_value(seq) : -1,
             json_get_text(object, "hash"));
}

static bool read_words(struct head *head, const char *text)
{
    static const char blanks[] = " \t\r\n";
    char number[32];
    text += strspn(text, blanks);
    size_t digits = strspn(text, "0123456789"), gap = strspn(text + digits, ": \t");
    const char *hash = text + digits + gap;
    size_t length = strcspn(hash, blanks);
    int64_t seq = 0;
    if (digits == 0 || gap == 0 || digits >= sizeof number ||
        hash[length + strspn(hash + length, blanks)]) {
        return false;
    }
    snprintf(number, sizeof number, "%.*s", (int)digits, text);
    char *copy = mem_bytes(hash, length);
    bool done = text_integer(number, 0, INT64_MAX, &seq) && set_head(head, seq, copy);
    free(copy);
    return done;
}

static bool read_text(struct head *head, const char *text)
{
    json_t *object = json_parse(text, strlen(text), NULL);
    head_from_json(head, object);
    json_decref(object);
    return head->hash[0] || read_words(head, text);
}

bool head_parse(struct head *head, const char *text, struct error *error)
{
    if (read_text(head, text)) {
        return true;
    }
    struct buf file;
    struct error why = {0};
    buf_init(&file, TEXT_MAX);
    bool done = fs_read(text, &file, &why) && read_text(head, buf_string(&file));
    buf_finish(&file);
    if (!done) {
        error_set(error, ERROR_USAGE, "%s holds no head of an audit trail%s%s", text,
                  why.code ? ": " : "", why.message);
        error_hint(error, "write SEQ:HASH, as `greenboard audit head` prints them, or "
                          "name a file that holds them");
    }
    return done;
}

bool head_holds(const struct head *head, struct events *events, struct error *error)
{
    struct entries entries;
    struct head now;
    if (!head->hash[0] || head->seq == 0) {
        return true;
    }
    if (!head_take(&now, events, error)) {
        return false;
    }
    if (now.seq < head->seq) {
        error_set(error, ERROR_PROTOCOL,
                  "the trail ends at event %lld, and event %lld was published: its end "
                  "was cut off",
                  (long long)now.seq, (long long)head->seq);
        error_hint(error, "somebody changed the file; compare with a copy from before");
        return false;
    }
    if (!events_list(events, &(struct events_filter){.seq = head->seq}, &entries,
                     error)) {
        return false;
    }
    bool same = entries.count == 1 && text_equal(entries.rows[0].hash, head->hash);
    entries_finish(&entries);
    if (!same) {
        error_set(error, ERROR_PROTOCOL,
                  "event %lld is another one than was published: the trail was written "
                  "anew",
                  (long long)head->seq);
        error_hint(error, "somebody changed the file; compare with a copy from before");
    }
    return same;
}
