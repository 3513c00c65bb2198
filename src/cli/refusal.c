#include "cli/refusal.h"

#include "alert/courier.h"
#include "base/json.h"
#include "base/mem.h"
#include "run/announce.h"
#include "store/events.h"
#include "store/who.h"

void refusal_record(const struct starting *starting, char *const *reasons)
{
    struct error error = {0};
    const char *release = starting->intent.release;
    json_t *list = json_texts(reasons);
    json_t *data = json_pack("{s:o}", "reasons", list);
    json_t *who = who_facts();
    struct event event = {.kind = EVENT_REFUSED,
                          .environment = starting->cli->environment->name,
                          .operator_name = starting->operator_name,
                          .release = release           ? release
                                     : starting->board ? starting->board->release
                                                       : NULL,
                          .text = reasons[0] ? reasons[0] : "not green",
                          .data = data,
                          .who = who};
    if (!events_append_to(starting->dir.events, &event, &error)) {
        cli_fail(EXIT_INTERNAL, &error);
    }
    json_decref(data);
    json_decref(who);
}

void refusal_announce(const struct starting *starting, char *const *reasons, int status)
{
    struct error error = {0};
    struct head head = {0};
    struct run *run = run_create("");
    const struct environment *environment = starting->cli->environment;
    const char *release = starting->intent.release;
    run->phase = PHASE_ENDED;
    run->outcome = OUTCOME_REFUSED;
    run->status = status;
    run->kind = mem_text(run_kind_words[starting->intent.kind]);
    run->release = mem_text(release           ? release
                            : starting->board ? starting->board->release
                                              : NULL);
    run->operator_name = mem_text(starting->operator_name);
    run->reason = mem_text(starting->reason);
    run->who = who_facts();
    if (announce_run(starting->dir.outbox, environment, run, NOTICE_REFUSED, reasons,
                     &head, &error)) {
        courier_once(environment, &starting->dir);
    } else {
        cli_fail(EXIT_INTERNAL, &error);
    }
    run_destroy(run);
}
