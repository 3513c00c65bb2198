#include "checks/clickhouse/health.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/clickhouse/exception.h"
#include "checks/clickhouse/signs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_ROOM = 32 };

struct survey {
    struct line *line;
    struct health *health;
    bool offered[SIGNS_MAX], told[SIGNS_MAX];
    struct buf lacking; /* titles of what the version does not offer */
};

void health_tell(struct health *health, struct result *result, enum state state,
                 char *take_summary, char *take_remedy)
{
    bool worse = state_rows[state].rank > state_rows[health->state].rank;
    bool first = health->state == STATE_OK;
    if (!first) {
        health->more++;
        result_note(result, "%s: %s", worse ? health->summary : take_summary,
                    worse ? health->remedy : take_remedy);
    }
    if (worse) {
        free(health->summary);
        free(health->remedy);
        health->state = state;
        health->summary = take_summary;
        health->remedy = take_remedy;
    } else {
        free(take_summary);
        free(take_remedy);
    }
}

/* `TABLES` in a statement is the list of the configured ones; ('') where there is none.
 */
static void add_tables(struct buf *out, const json_t *section)
{
    const json_t *tables = json_object_get(section, "tables");
    size_t count = json_array_size(tables);
    buf_text(out, count ? "" : "''");
    for (size_t i = 0; i < count; i++) {
        const char *table = json_string_value(json_array_get(tables, i));
        char *name = strchr(table, '.')
                         ? mem_text(table)
                         : mem_format("%s.%s", config_text(section, "database"), table);
        buf_text(out, i ? ", '" : "'");
        for (const char *at = name; *at; at++) {
            buf_text(out, *at == '\'' || *at == '\\' ? "\\" : "");
            buf_add(out, at, 1);
        }
        buf_text(out, "'");
        free(name);
    }
}

static void add_statement(struct buf *out, const struct sign *sign, const json_t *section)
{
    static const char mark[] = "TABLES";
    const char *from = sign->statement;
    for (const char *at; (at = strstr(from, mark)); from = at + sizeof mark - 1) {
        buf_add(out, from, (size_t)(at - from));
        add_tables(out, section);
    }
    buf_text(out, from);
}

/* The next name of a list with blanks between; false at its end. */
static bool next_name(const char **at, char name[NAME_ROOM])
{
    *at += strspn(*at, " ");
    size_t length = strcspn(*at, " ");
    memcpy(name, *at, length < NAME_ROOM ? length : NAME_ROOM - 1);
    name[length < NAME_ROOM ? length : NAME_ROOM - 1] = '\0';
    *at += length;
    return length > 0;
}

static char *offer_statement(void)
{
    struct buf out;
    buf_init(&out, 0);
    buf_text(&out, "SELECT concat(table, ' ', name) AS line FROM system.columns WHERE "
                   "database = 'system' AND table IN (");
    for (size_t i = 0; i < sign_count; i++) {
        buf_format(&out, "%s'%s'", i ? ", " : "", signs[i].table);
    }
    buf_text(&out, ") AND name IN (");
    const char *comma = "";
    for (size_t i = 0; i < sign_count; i++) {
        char name[NAME_ROOM];
        for (const char *at = signs[i].columns; next_name(&at, name); comma = ", ") {
            buf_format(&out, "%s'%s'", comma, name);
        }
    }
    buf_text(&out, ")");
    return buf_take(&out);
}

/* `offers` are lines "TABLE COLUMN". */
static bool is_offered(const struct sign *sign, const char *offers)
{
    char name[NAME_ROOM];
    for (const char *at = sign->columns; next_name(&at, name);) {
        char line[2 * NAME_ROOM + 4];
        snprintf(line, sizeof line, "\n%s %s\n", sign->table, name);
        if (!strstr(offers, line)) {
            return false;
        }
    }
    return true;
}

static void tell_lacking(struct survey *survey, const struct sign *sign)
{
    buf_format(&survey->lacking, "%s%s", survey->lacking.length ? ", " : "", sign->title);
}

/* Each line begins with the name of its sign; numbers follow, and a text. */
static void read_answer(struct survey *survey, const char *answer)
{
    struct reading reading = {
        .result = survey->line->result,
        .health = survey->health,
        .thresholds = json_object_get(survey->line->job->section, "thresholds"),
    };
    while (*answer) {
        size_t length = strcspn(answer, "\n");
        char *text = mem_bytes(answer, length);
        answer += length + (answer[length] == '\n');
        for (size_t i = 0; i < sign_count; i++) {
            size_t name = strlen(signs[i].name);
            if (strncmp(text, signs[i].name, name) == 0 && text[name] == ' ' &&
                signs_read(&signs[i], &reading, text + name + 1)) {
                survey->told[i] = true;
            }
        }
        free(text);
    }
}

/* The server answers us, but not this: it is not well, and we cannot say how. */
static void warn_unasked(struct survey *survey, const char *table)
{
    char *words = line_words(survey->line);
    health_tell(survey->health, survey->line->result, STATE_WARN,
                mem_format("system.%s cannot be asked: %s", table, words),
                mem_text("see the log of ClickHouse"));
    free(words);
}

/* Each statement brings a row whatever the server holds. */
static void warn_untold(struct survey *survey, size_t i)
{
    if (!survey->told[i]) {
        health_tell(survey->health, survey->line->result, STATE_WARN,
                    mem_format("system.%s answered with something else than the %s",
                               signs[i].table, signs[i].title),
                    mem_text("see what listens there: a proxy, a stand-in"));
    }
}

/* Why one was refused: what is no error is told, everything else is a warning. */
static void judge_refusal(struct survey *survey, const struct sign *sign)
{
    int code = survey->line->code;
    if (code == EXCEPTION_UNKNOWN_TABLE || code == EXCEPTION_UNKNOWN_IDENTIFIER) {
        tell_lacking(survey, sign);
    } else if (code == EXCEPTION_ACCESS_DENIED) {
        result_note(survey->line->result,
                    "our user may not read system.%s: GRANT SELECT ON system.%s shows "
                    "the %s here",
                    sign->table, sign->table, sign->title);
    } else {
        warn_unasked(survey, sign->table);
    }
}

/* False where nothing more can be asked on the line. */
static bool is_alive(const struct line *line)
{
    return line->code && !(line->native && line->chnative.broken);
}

/* Where the joined statement is refused, each by itself: one that our user may not read
 * does not hide the others. */
static bool ask_each(struct survey *survey)
{
    struct line *line = survey->line;
    for (size_t i = 0; i < sign_count; i++) {
        if (!survey->offered[i]) {
            continue;
        }
        struct buf statement;
        buf_init(&statement, 0);
        add_statement(&statement, &signs[i], line->job->section);
        const char *answer = line_ask(line, buf_string(&statement), false);
        buf_finish(&statement);
        if (answer) {
            read_answer(survey, answer);
            warn_untold(survey, i);
        } else if (is_alive(line)) {
            judge_refusal(survey, &signs[i]);
        } else {
            line_refuse(line);
            return false;
        }
    }
    return true;
}

/* Each as a scalar of one SELECT: UNION ALL starts threads for each, and took half as
 * long again (18.16). A scalar may be Nullable, and a line of ours is a String. */
static bool ask_joined(struct survey *survey)
{
    struct line *line = survey->line;
    struct buf statement;
    buf_init(&statement, 0);
    for (size_t i = 0; i < sign_count; i++) {
        if (survey->offered[i]) {
            buf_text(&statement, statement.length ? ", " : "SELECT arrayJoin([");
            buf_text(&statement, "ifNull((");
            add_statement(&statement, &signs[i], line->job->section);
            buf_text(&statement, "), '')");
        }
    }
    bool any = statement.length > 0;
    buf_text(&statement, "]) AS line");
    const char *answer = any ? line_ask(line, buf_string(&statement), false) : "";
    buf_finish(&statement);
    if (!answer && is_alive(line)) {
        return ask_each(survey);
    }
    if (!answer) {
        line_refuse(line);
        return false;
    }
    read_answer(survey, answer);
    for (size_t i = 0; i < sign_count; i++) {
        if (survey->offered[i]) {
            warn_untold(survey, i);
        }
    }
    return true;
}

/* What the version offers; false where the line broke. Where it will not say, nothing is
 * offered. */
static bool ask_offers(struct survey *survey)
{
    struct line *line = survey->line;
    char *statement = offer_statement();
    const char *answer = line_ask(line, statement, false);
    free(statement);
    if (!answer && !is_alive(line)) {
        line_refuse(line);
        return false;
    }
    if (!answer && line->code == EXCEPTION_ACCESS_DENIED) {
        result_note(line->result, "our user may not read system.columns: how the server "
                                  "is doing is not shown here");
        return true;
    }
    if (!answer) {
        warn_unasked(survey, "columns");
        return true;
    }
    char *offers = mem_format("\n%s", answer);
    for (size_t i = 0; i < sign_count; i++) {
        survey->offered[i] = is_offered(&signs[i], offers);
        if (!survey->offered[i]) {
            tell_lacking(survey, &signs[i]);
        }
    }
    free(offers);
    return true;
}

bool health_ask(struct line *line, struct health *health)
{
    struct survey survey = {.line = line, .health = health};
    int64_t began = clock_now();
    bool done = ask_offers(&survey) && ask_joined(&survey);
    if (survey.lacking.length) {
        result_evidence(line->result, "not offered",
                        "%s: not by this version, or not to our user",
                        buf_string(&survey.lacking));
    }
    result_phase(line->result, "health", clock_now() - began);
    buf_finish(&survey.lacking);
    return done;
}

void health_finish(struct health *health)
{
    free(health->summary);
    free(health->remedy);
    *health = (struct health){0};
}
