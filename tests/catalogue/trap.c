#include "tests/catalogue/trap.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 64 * 1024, DEEP = 4 };

struct parser {
    const char *root;
    struct trap *trap;
    char *complaint;
    const char *name;       /* of the file at hand */
    int line, deep;         /* deep: 0 is the file itself */
    size_t front;           /* where its next rule goes: before those it inherits */
    struct trap_rule *rule; /* that takes steps, or NULL */
};

static bool complain(struct parser *parser, const char *what, const char *text)
{
    if (!parser->complaint) {
        parser->complaint = mem_format("%s:%d: %s%s%s", parser->name, parser->line, what,
                                       *text ? ": " : "", text);
    }
    return false;
}

/* ---- texts ---- */

static bool add_escape(struct buf *out, const char **at)
{
    static const char names[] = "rnt\\0", bytes[] = "\r\n\t\\";
    const char *found = strchr(names, **at);
    if (**at && found) {
        buf_add(out, &bytes[found - names], 1);
        *at += 1;
        return true;
    }
    char digits[3] = {(*at)[0] ? (*at)[1] : '\0', (*at)[0] && (*at)[1] ? (*at)[2] : '\0'};
    if (**at != 'x' || !isxdigit((unsigned char)digits[0]) ||
        !isxdigit((unsigned char)digits[1])) {
        return false;
    }
    char byte = (char)strtol(digits, NULL, 16);
    buf_add(out, &byte, 1);
    *at += 3;
    return true;
}

static bool unescape(struct parser *parser, const char *text, struct trap_step *step)
{
    struct buf out = {0};
    for (const char *at = text; *at;) {
        if (*at != '\\') {
            buf_add(&out, at++, 1);
            continue;
        }
        at++;
        if (!add_escape(&out, &at)) {
            buf_finish(&out);
            return complain(parser, "no such escape", at - 1);
        }
    }
    step->length = out.length;
    step->text = out.length ? buf_take(&out) : mem_text("");
    return true;
}

static bool take_number(struct parser *parser, const char **text, long *number)
{
    size_t length = strcspn(*text, " ");
    char *word = mem_bytes(*text, length);
    int64_t value = -1;
    bool good = text_equal(word, "forever") || text_integer(word, 1, INT32_MAX, &value);
    *number = (long)value;
    *text += length + ((*text)[length] == ' ');
    good = good || complain(parser, "a number is wanted", word);
    free(word);
    return good;
}

/* ---- steps ---- */

enum shape { NOTHING, TEXT, NUMBER, NUMBER_AND_TEXT };

static const struct {
    const char *word;
    enum trap_act act;
    enum shape shape;
} acts[] = {
    {"send", TRAP_SEND, TEXT},
    {"line", TRAP_LINE, TEXT},
    {"bulk", TRAP_BULK, TEXT},
    {"string", TRAP_STRING, TEXT},
    {"header", TRAP_HEADER, TEXT},
    {"http", TRAP_HTTP, NUMBER_AND_TEXT},
    {"fill", TRAP_FILL, NUMBER_AND_TEXT},
    {"drip", TRAP_DRIP, NUMBER_AND_TEXT},
    {"gzip", TRAP_GZIP, NUMBER},
    {"read", TRAP_READ, TEXT},
    {"pause", TRAP_PAUSE, NUMBER},
    {"keep", TRAP_KEEP, NOTHING},
    {"times", TRAP_TIMES, NUMBER},
    {"close", TRAP_CLOSE, NOTHING},
    {"reset", TRAP_RESET, NOTHING},
    {"stall", TRAP_STALL, NOTHING},
};

static bool fill_step(struct parser *parser, enum shape shape, const char *text,
                      struct trap_step *step)
{
    if ((shape == NUMBER || shape == NUMBER_AND_TEXT) &&
        !take_number(parser, &text, &step->number)) {
        return false;
    }
    if ((shape == NOTHING || shape == NUMBER) && *text) {
        return complain(parser, "nothing more belongs here", text);
    }
    bool endless = step->act == TRAP_FILL || step->act == TRAP_DRIP;
    if ((shape == TEXT || endless) && !*text) {
        return complain(parser, "a text is wanted", "");
    }
    return unescape(parser, text, step);
}

static bool take_step(struct parser *parser, const char *word, const char *text)
{
    struct trap_rule *rule = parser->rule;
    if (!rule) {
        return complain(parser, "a step without its rule", word);
    }
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        if (strcmp(acts[i].word, word) != 0) {
            continue;
        }
        struct trap_step step = {.act = acts[i].act};
        if (!fill_step(parser, acts[i].shape, text, &step)) {
            return false;
        }
        rule->times = step.act == TRAP_TIMES ? step.number : rule->times;
        rule->steps = mem_resize(rule->steps, (rule->count + 1) * sizeof step);
        rule->steps[rule->count++] = step;
        return true;
    }
    return complain(parser, "no such step", word);
}

/* ---- lines ---- */

static bool add_rule(struct parser *parser, bool at_once, const char *text)
{
    struct trap *trap = parser->trap;
    if (trap->count == TRAP_RULES) {
        return complain(parser, "too many rules", "");
    }
    struct trap_rule *rule = &trap->rules[parser->front];
    memmove(rule + 1, rule, (trap->count - parser->front) * sizeof *rule);
    *rule = (struct trap_rule){.at_once = at_once, .line = parser->line};
    while (*text) {
        size_t length = strcspn(text, " ");
        char *word = mem_bytes(text, length);
        argv_add(&rule->words, word);
        free(word);
        text += length;
        text += strspn(text, " ");
    }
    trap->count++;
    parser->front++;
    parser->rule = rule;
    return at_once == !rule->words ||
           complain(parser, at_once ? "takes no words" : "words are wanted", "");
}

static void add_pair(struct trap_list *list, char *take_name, const char *text)
{
    list->rows = mem_resize(list->rows, (list->count + 1) * sizeof *list->rows);
    list->rows[list->count++] = (struct trap_pair){take_name, mem_text(text)};
}

/* "NAME REST" */
static bool take_pair(struct parser *parser, struct trap_list *list, const char *text)
{
    size_t length = strcspn(text, " ");
    if (!length || !text[length]) {
        return complain(parser, "a name and a text are wanted", text);
    }
    add_pair(list, mem_bytes(text, length), text + length + 1);
    return true;
}

/* Bytes of a file, so with escapes. */
static bool take_secret(struct parser *parser, const char *text)
{
    struct trap_list *secrets = &parser->trap->secrets;
    struct trap_step bytes = {0};
    if (!take_pair(parser, secrets, text)) {
        return false;
    }
    struct trap_pair *row = &secrets->rows[secrets->count - 1];
    if (!unescape(parser, row->text, &bytes)) {
        return false;
    }
    free(row->text);
    row->text = bytes.text;
    return true;
}

static bool take_text(struct parser *parser, char **field, const char *text)
{
    free(*field);
    *field = mem_text(text);
    return *text || complain(parser, "a text is wanted", "");
}

/* What a file says of itself: nothing of it is handed down. Else false. */
static bool take_own(struct parser *parser, const char *word, const char *text,
                     bool *good)
{
    struct trap *trap = parser->trap;
    bool own = parser->deep == 0;
    *good = true;
    if (text_equal(word, "trap") || text_equal(word, "from")) {
        char **field = text_equal(word, "trap") ? &trap->tells : &trap->from;
        *good = !own || take_text(parser, field, text);
    } else if (text_equal(word, "says") || text_equal(word, "do")) {
        if (own) {
            add_pair(text_equal(word, "do") ? &trap->does : &trap->says, NULL, text);
        }
        *good = *text || complain(parser, "a text is wanted", word);
    } else if (text_equal(word, "want")) {
        *good = !own || state_from_word(text, &trap->want) ||
                complain(parser, "no such state", text);
        trap->judged = trap->judged || own;
    } else if (text_equal(word, "hangs")) {
        *good = !own || take_text(parser, &trap->hangs, *text ? text : "300ms");
    } else if (text_equal(word, "google")) {
        trap->google = true;
    } else if (text_equal(word, "unreached")) {
        trap->unreached = trap->unreached || own;
    } else {
        return false;
    }
    return true;
}

static bool take_line(struct parser *parser, const char *word, const char *text)
{
    struct trap *trap = parser->trap;
    bool good;
    parser->rule = NULL;
    if (text_equal(word, "like")) {
        return parser->line == 1 || complain(parser, "belongs into the first line", word);
    }
    if (take_own(parser, word, text, &good)) {
        return good;
    }
    trap->changes += parser->deep == 0;
    if (text_equal(word, "connect") || text_equal(word, "on")) {
        return add_rule(parser, text_equal(word, "connect"), text);
    } else if (text_equal(word, "set")) {
        return take_pair(parser, &trap->settings, text);
    } else if (text_equal(word, "secret")) {
        return take_secret(parser, text);
    } else if (text_equal(word, "unset")) {
        add_pair(&trap->settings, mem_text(text), NULL);
        return *text == '/' || complain(parser, "a pointer is wanted", text);
    }
    const struct {
        const char *word;
        char **field;
    } texts[] = {{"ask", &trap->ask},      {"speak", &trap->speak},   {"tls", &trap->tls},
                 {"token", &trap->claims}, {"signed", &trap->signer}, {NULL, NULL}};
    for (size_t i = 0; texts[i].word; i++) {
        if (strcmp(texts[i].word, word) == 0) {
            return take_text(parser, texts[i].field, text);
        }
    }
    return complain(parser, "no such word", word);
}

static bool parse_line(struct parser *parser, const char *line)
{
    size_t indent = strspn(line, " ");
    const char *from = line + indent;
    if (!*from || *from == '#') {
        return true;
    }
    size_t length = strcspn(from, " ");
    char *word = mem_bytes(from, length);
    const char *text = from + length;
    text += strspn(text, " ");
    bool good = indent ? take_step(parser, word, text) : take_line(parser, word, text);
    free(word);
    return good;
}

/* ---- files ---- */

static bool read_file(struct parser *parser, const char *name);

/* The file that this one begins as, or NULL. */
static char *base_of(const char *name, const char *content)
{
    if (text_starts(content, "like ")) {
        return mem_bytes(content + 5, strcspn(content + 5, "\n"));
    }
    const char *slash = strchr(name, '/');
    if (!slash || strcmp(slash, "/honest") == 0) {
        return NULL;
    }
    return mem_format("%.*s/honest", (int)(slash - name), name);
}

static bool parse(struct parser *parser, const char *name, char *content)
{
    char *base = base_of(name, content);
    int deep = parser->deep;
    parser->deep++;
    bool good = !base || (deep < DEEP ? read_file(parser, base)
                                      : complain(parser, "like in a ring", base));
    free(base);
    parser->deep = deep;
    parser->name = name;
    parser->front = 0;
    parser->line = 0;
    parser->rule = NULL;
    for (char *line; good && (line = strsep(&content, "\n"));) {
        parser->line++;
        good = parse_line(parser, line);
    }
    return good;
}

static bool read_file(struct parser *parser, const char *name)
{
    struct error error;
    struct buf content;
    char *path = fs_join(parser->root, name);
    buf_init(&content, FILE_MAX);
    parser->name = name;
    bool good = fs_read(path, &content, &error);
    if (good) {
        char *text = mem_text(buf_string(&content));
        good = parse(parser, name, text);
        free(text);
    } else {
        complain(parser, "cannot be read", error.message);
    }
    parser->name = name;
    buf_finish(&content);
    free(path);
    return good;
}

/* A file that says too little would prove nothing. */
static bool complete(struct parser *parser)
{
    const struct trap *trap = parser->trap;
    const char *lacks = !trap->tells    ? "trap: what it is"
                        : !trap->from   ? "from: where it is known from"
                        : !trap->ask    ? "ask: which light"
                        : !trap->judged ? "want: what must come of it"
                                        : NULL;
    if (!lacks && trap->want != STATE_OK) {
        lacks = !trap->says.count   ? "says: a part of the summary"
                : !trap->does.count ? "do: a part of the remedy"
                : !trap->changes    ? "a word that differs from what it begins as"
                                    : NULL;
    }
    parser->line = 0;
    return !lacks || complain(parser, "lacks", lacks);
}

struct trap *trap_read(const char *root, const char *name, char **complaint)
{
    struct trap *trap = mem_alloc(sizeof *trap);
    struct parser parser = {.root = root, .trap = trap, .name = name};
    trap->name = mem_text(name);
    bool good = read_file(&parser, name);
    trap->own = parser.front;
    good = good && complete(&parser);
    *complaint = parser.complaint;
    if (!good) {
        trap_destroy(trap);
        return NULL;
    }
    return trap;
}

static void finish_list(struct trap_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->rows[i].name);
        free(list->rows[i].text);
    }
    free(list->rows);
}

void trap_destroy(struct trap *trap)
{
    if (!trap) {
        return;
    }
    for (size_t i = 0; i < trap->count; i++) {
        struct trap_rule *rule = &trap->rules[i];
        for (size_t j = 0; j < rule->count; j++) {
            free(rule->steps[j].text);
        }
        free(rule->steps);
        argv_free(rule->words);
    }
    finish_list(&trap->settings);
    finish_list(&trap->secrets);
    finish_list(&trap->says);
    finish_list(&trap->does);
    char *texts[] = {trap->name, trap->tells,  trap->from,   trap->ask,  trap->speak,
                     trap->tls,  trap->claims, trap->signer, trap->hangs};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        free(texts[i]);
    }
    free(trap);
}
