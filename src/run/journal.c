#include "run/journal.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "run/announce.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* The launcher may be gone, or not read: then the record has to do. */
static void report(const struct journal *journal, char *const *reasons, const char *hint)
{
    const struct run *run = journal->run;
    json_t *document =
        json_pack("{s:s, s:s, s:s, s:i, s:o, s:o}", "run", run->id, "phase",
                  run_phase_words[run->phase], "outcome", outcome_rows[run->outcome].word,
                  "status", journal->status, "reasons", json_texts(reasons), "hint",
                  hint && *hint ? json_string(hint) : json_null());
    char *text = json_compact(document);
    char *line = mem_format("%s\n", text);
    send(journal->launcher, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT);
    free(line);
    free(text);
    json_decref(document);
}

bool journal_record(struct journal *journal, struct error *error)
{
    return run_write(&journal->dir, journal->run, error);
}

bool journal_enter(struct journal *journal, enum run_phase phase, struct error *error)
{
    journal->run->phase = phase;
    if (!journal_record(journal, error)) {
        return false;
    }
    report(journal, NULL, NULL);
    return true;
}

/* What only a living machine needs to know: a phase, the number of a process. */
bool journal_note(struct journal *journal, enum run_phase phase, struct error *error)
{
    journal->run->phase = phase;
    if (!run_write_soon(&journal->dir, journal->run, error)) {
        return false;
    }
    report(journal, NULL, NULL);
    return true;
}

static bool append_as(struct journal *journal, const char *operator_name,
                      const json_t *who, enum event_kind kind, const char *text,
                      const json_t *data, struct error *error)
{
    const struct run *run = journal->run;
    struct event event = {.kind = kind,
                          .environment = run->environment,
                          .operator_name = operator_name,
                          .run = run->id,
                          .release = run->release,
                          .text = text,
                          .data = data,
                          .who = who};
    return events_append(&journal->events, &event, NULL, error);
}

/* Never in the way of the run: what could not be put out is trouble, and no more. */
void journal_announce(struct journal *journal, enum notice_kind kind,
                      char *const *reasons)
{
    struct head head;
    struct error error = {0};
    if (!journal->environment) {
        return;
    }
    head_take(&head, &journal->events, NULL);
    if (!announce_run(journal->dir.outbox, journal->environment, journal->run, kind,
                      reasons, &head, &error) &&
        !journal->run->trouble) {
        error_prefix(&error, "nobody is told that it %s", notice_rows[kind].word);
        journal->run->trouble = mem_text(error.message);
    }
    courier_wake(journal->courier);
}

void journal_tell_people(struct journal *journal, const struct environment *environment)
{
    if (!journal->environment) {
        journal->environment = environment_ref(environment);
        journal->courier = courier_create(environment, &journal->dir, true);
    }
}

bool journal_append(struct journal *journal, enum event_kind kind, const char *text,
                    json_t *take_data, struct error *error)
{
    const struct run *run = journal->run;
    bool done =
        append_as(journal, run->operator_name, run->who, kind, text, take_data, error);
    json_decref(take_data);
    return done;
}

void journal_cancel(struct journal *journal, const char *operator_name, const json_t *who,
                    const char *reason)
{
    struct run *run = journal->run;
    run->cancelled_by = mem_text(operator_name ? operator_name : "a signal");
    run->cancel_reason = mem_text(reason);
    /* It stops, written or not. */
    append_as(journal, run->cancelled_by, who, EVENT_RUN_CANCELLED, reason, NULL, NULL);
    journal_record(journal, NULL);
}

void journal_end(struct journal *journal, enum run_outcome outcome, int status,
                 enum event_kind kind, char *const *reasons, const char *hint)
{
    struct run *run = journal->run;
    struct error error = {0};
    const char *word = outcome_rows[outcome].word;
    char *text =
        reasons && reasons[0] ? mem_format("%s: %s", word, reasons[0]) : mem_text(word);
    json_t *data = json_pack("{s:s, s:i, s:o}", "outcome", word, "status", status,
                             "reasons", json_texts(reasons));
    journal->status = status;
    bool done = journal_append(journal, kind, text, data, &error);
    run->phase = PHASE_ENDED;
    done = done && head_take(&run->head_end, &journal->events, &error);
    if (done) {
        run->outcome = outcome;
        run->status = status;
        run->ended = clock_wall();
        journal_announce(journal, announce_end_kind(run), reasons);
        done = journal_record(journal, &error);
    }
    if (done) {
        if (journal->settle) {
            journal->settle(journal->self);
        }
        report(journal, reasons, hint);
    } else {
        char *const trouble[] = {error.message, NULL};
        journal->status = EXIT_INTERNAL;
        run->outcome = OUTCOME_NONE;
        report(journal, trouble, error.hint);
    }
    free(text);
}

void journal_turn_away(struct journal *journal, int status, const struct error *error)
{
    char *message = mem_text(error->message);
    char *const reasons[] = {message, NULL};
    journal->status = status;
    journal->run->phase = PHASE_ENDED;
    journal->run->outcome = OUTCOME_REFUSED;
    if (journal->events.db.handle) {
        journal_append(journal, EVENT_REFUSED, message, NULL, NULL);
    }
    report(journal, reasons, error->hint);
    free(message);
}
