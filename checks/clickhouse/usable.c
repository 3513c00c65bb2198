#include "checks/clickhouse/usable.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/clickhouse/exception.h"

#include <stdlib.h>
#include <string.h>

static void add_identifier(struct buf *query, const char *name, size_t length)
{
    buf_text(query, "`");
    for (size_t i = 0; i < length; i++) {
        if (name[i] == '`' || name[i] == '\\') {
            buf_text(query, "\\");
        }
        buf_add(query, &name[i], 1);
    }
    buf_text(query, "`");
}

static void add_table(struct buf *query, const char *table)
{
    const char *dot = strchr(table, '.');
    if (dot) {
        add_identifier(query, table, (size_t)(dot - table));
        buf_text(query, ".");
        table = dot + 1;
    }
    add_identifier(query, table, strlen(table));
}

/* Our word, 1, uptime, how many of the tables hold a row (to count them each is read),
 * and the version. One column of text, which both protocols bring as the same line. */
static char *query_of(const json_t *tables, const char *word)
{
    size_t count = json_array_size(tables);
    struct buf query;
    buf_init(&query, 0);
    buf_format(&query,
               "SELECT concat('%s', ' ', toString(1), ' ', toString(uptime()), ' ', "
               "%sversion())",
               word, count ? "toString(count()), ' ', " : "");
    for (size_t i = 0; i < count; i++) {
        buf_format(&query, "%sSELECT 1 AS row FROM ", i ? " UNION ALL " : " FROM (");
        add_table(&query, json_string_value(json_array_get(tables, i)));
        buf_text(&query, " LIMIT 1");
    }
    buf_text(&query, count ? ")" : "");
    return buf_take(&query);
}

/* One line of `count` fields with a blank between them, cut in place; the last one may
 * hold blanks. Fewer fields, or anything behind the line, are not our reply. */
static bool split(char *line, char **fields, size_t count)
{
    size_t length = strlen(line);
    if (!length || strcspn(line, "\n\t") != length - 1) {
        return false;
    }
    line[length - 1] = '\0';
    for (size_t i = 0; i < count; i++) {
        fields[i] = i + 1 < count ? strsep(&line, " ") : line;
        if (!fields[i] || !*fields[i]) {
            return false;
        }
    }
    return true;
}

/* "24.8.4.13", "23.8.11.29.altinitystable": a digit first, and printable ASCII alone, so
 * that none looks like another light's line. */
static bool is_version(const char *text)
{
    bool good = text[0] >= '0' && text[0] <= '9';
    for (; *text; text++) {
        good = good && *text >= ' ' && *text <= '~';
    }
    return good;
}

static bool read_facts(struct result *result, const char *answer, const char *word,
                       size_t tables)
{
    char *fields[5] = {NULL};
    char *line = mem_text(answer);
    int64_t seconds = 0, filled = 0;
    size_t count = tables ? 5 : 4;
    const char *version = NULL;
    bool good = split(line, fields, count) && strcmp(fields[0], word) == 0 &&
                strcmp(fields[1], "1") == 0 &&
                text_integer(fields[2], 0, INT32_MAX, &seconds) &&
                (!tables || text_integer(fields[3], 0, (int64_t)tables, &filled));
    if (good) {
        version = fields[count - 1];
        good = is_version(version);
    }
    if (good) {
        result_identity(result, "version", "%s", version);
        probe_uptime(result, seconds);
    }
    if (good && tables) {
        result_evidence(result, "tables", "%zu readable, %lld of them with rows", tables,
                        (long long)filled);
    }
    free(line);
    return good;
}

static bool prove_reading(struct line *line)
{
    const json_t *tables = json_object_get(line->job->section, "tables");
    char word[PROBE_WORD];
    probe_word(word);
    char *query = query_of(tables, word);
    const char *answer = line_ask(line, query, false);
    free(query);
    if (!answer || !read_facts(line->result, answer, word, json_array_size(tables))) {
        line_refuse(line);
        return false;
    }
    return true;
}

/* Names the table with what went wrong, and its field where that is to blame, which the
 * exception alone does not. */
static bool refuse_writing(struct line *line, const char *table, const char *what)
{
    line_refuse(line);
    char *summary = mem_text(line->result->summary);
    char *remedy = line->code == EXCEPTION_UNKNOWN_TABLE
                       ? mem_format("create it as the manual says, or correct "
                                    "environments.%s.clickhouse.write_table",
                                    line->job->environment->name)
                   : line->code == EXCEPTION_ACCESS_DENIED
                       ? mem_format("GRANT INSERT, SELECT ON %s to the user", table)
                       : mem_text(line->result->remedy);
    result_set(line->result, line->result->state, remedy, "cannot %s %s: %s", what, table,
               summary);
    free(summary);
    free(remedy);
    return false;
}

static bool prove_writing(struct line *line, const char *table)
{
    char word[PROBE_WORD];
    probe_word(word);
    struct buf write, back;
    buf_init(&write, 0);
    buf_init(&back, 0);
    buf_text(&write, "INSERT INTO ");
    add_table(&write, table);
    buf_format(&write, " (word) SELECT '%s'", word);
    buf_text(&back, "SELECT toString(count()) FROM ");
    add_table(&back, table);
    buf_format(&back, " WHERE word = '%s'", word);
    int64_t began = clock_now();
    const char *answer = line_ask(line, buf_string(&write), true);
    bool written = answer && !*answer;
    bool good = written || refuse_writing(line, table, "write to");
    if (written) {
        answer = line_ask(line, buf_string(&back), false);
        good = answer && strcmp(answer, "1\n") == 0;
        if (!good && answer && strcmp(answer, "0\n") == 0) {
            result_set(line->result, STATE_FAIL,
                       "use a table whose rows can be read at once, as the manual says",
                       "wrote a row to %s, and it is not there", table);
        } else if (!good) {
            refuse_writing(line, table, "read back from");
        }
    }
    if (good) {
        char span[TEXT_SPAN];
        text_span(span, clock_now() - began);
        result_evidence(line->result, "written", "a row of %s, read back, in %s", table,
                        span);
    }
    buf_finish(&write);
    buf_finish(&back);
    return good;
}

bool usable_ask(struct line *line)
{
    struct result *result = line->result;
    const json_t *section = line->job->section;
    if (!prove_reading(line)) {
        return false;
    }
    result_reach(result, RUNG_AUTHENTICATED);
    result_figure(result, clock_ms(line->span));
    if (line->inside) {
        char inside[TEXT_SPAN];
        text_span(inside, line->inside);
        result_evidence(result, "of it in the server", "%s", inside);
    }
    const char *table = config_text(section, "write_table");
    if (table && !prove_writing(line, table)) {
        return false;
    }
    char span[TEXT_SPAN];
    size_t tables = json_array_size(json_object_get(section, "tables"));
    text_span(span, (int64_t)(result->figure * (double)CLOCK_MS));
    result_reach(result, RUNG_USABLE);
    if (tables) {
        result_ok(result, "queried in %s, %zu table%s readable, ClickHouse %s", span,
                  tables, tables == 1 ? "" : "s", result_evidence_of(result, "version"));
        return true;
    }
    result_ok(result, "queried in %s, ClickHouse %s", span,
              result_evidence_of(result, "version"));
    result_note(result,
                "no tables are configured: a database without its tables looks green");
    return true;
}
