#include "checks/command/nagios.h"

#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIGURES = 32, NOTES = 20 }; /* of one output; what is more is left out */

/* Takes the value of "TIME=0.004s;1;2;0;5" with its unit; what follows are thresholds,
 * which the status tells already. */
static void take_figure(const char *label, size_t length, const char *value,
                        struct result *result)
{
    char *key = mem_format("%.*s", (int)length, label);
    char *end = NULL;
    double number = strtod(value, &end);
    if (end > value && isfinite(number) && *key) {
        size_t all = strcspn(value, "; \t\r\n");
        result_evidence(result, key, "%.*s", (int)all, value);
        if (!result->has_figure) {
            double scale = text_starts(end, "s")    ? 1000
                           : text_starts(end, "us") ? 0.001
                                                    : 1;
            result_figure(result, number * scale);
        }
    }
    free(key);
}

/* 'a label with blanks'=VALUE[UNIT];[WARN];[CRITICAL];[MIN];[MAX], with blanks between
 * them; '' within a quoted label is one quote. */
static const char *next_figure(const char *at, struct result *result)
{
    bool quoted = *at == '\'';
    const char *label = at + quoted;
    size_t length = strcspn(label, quoted ? "'\n" : "= \t\r\n");
    const char *behind = label + length;
    if (quoted && *behind == '\'') {
        behind++;
    }
    if (*behind == '=') {
        take_figure(label, length, behind + 1, result);
    }
    behind += strcspn(behind, " \t\r\n");
    return behind + strspn(behind, " \t\r\n");
}

static void take_figures(const char *text, struct result *result)
{
    const char *at = text + strspn(text, " \t\r\n");
    for (size_t i = 0; *at && i < FIGURES; i++) {
        at = next_figure(at, result);
    }
}

/* The lines behind the first are notes, up to a second "|", behind which all is
 * figures. */
static void take_more(char *more, struct result *result)
{
    char *figures = strchr(more, '|');
    if (figures) {
        *figures = '\0';
        take_figures(figures + 1, result);
    }
    size_t notes = 0;
    for (char *line; (line = strsep(&more, "\n")) && notes < NOTES;) {
        if (line[strspn(line, " \t\r")]) {
            result_note(result, "%s", line);
            notes++;
        }
    }
}

static void give_verdict(const char *program, const char *words, int status,
                         struct result *result)
{
    static const enum state states[] = {STATE_OK, STATE_WARN, STATE_FAIL, STATE_UNKNOWN};
    char *remedy = mem_format("see what it says, or run it by hand: %s", program);
    if (status < 0 || status >= (int)(sizeof states / sizeof states[0])) {
        result_set(result, STATE_UNKNOWN, remedy,
                   "%s exited with status %d, and only 0 to 3 mean something%s%s",
                   program, status, *words ? ": " : "", words);
    } else if (!*words) {
        result_set(result, STATE_UNKNOWN, remedy, "%s exited with status %d and no word",
                   program, status);
    } else if (status == 0) {
        result_reach(result, RUNG_USABLE);
        result_ok(result, "%s", words);
    } else {
        result_set(result, states[status], remedy, "%s", words);
    }
    free(remedy);
}

void nagios_judge(const char *program, const char *output, int status,
                  struct result *result)
{
    char *first = mem_text(output);
    char *more = strchr(first, '\n');
    if (more) {
        *more = '\0';
    }
    char *figures = strchr(first, '|');
    if (figures) {
        *figures = '\0';
        take_figures(figures + 1, result);
    }
    size_t length = strlen(first);
    while (length > 0 && strchr(" \t\r", first[length - 1])) {
        first[--length] = '\0';
    }
    give_verdict(program, first + strspn(first, " \t"), status, result);
    if (more) {
        take_more(more + 1, result);
    }
    free(first);
}
