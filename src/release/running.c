#include "release/running.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "release/ask.h"

#include <stdlib.h>
#include <string.h>

void running_ask(struct running *running, const struct environment *environment)
{
    const json_t *section = config_section(environment, "/release");
    json_t *commands = json_object_get(section, "running"), *command;
    size_t i = 0, count = json_object_size(commands);
    const char *service;
    *running = (struct running){mem_alloc((count + 1) * sizeof *running->rows), count};
    struct asked *asked = mem_alloc((count + 1) * sizeof *asked);
    json_object_foreach(commands, service, command)
    {
        running->rows[i].service = mem_text(service);
        asked[i++].argv = json_argv(command);
    }
    ask_all(asked, count, environment->directory,
            clock_now() + config_span(section, "deadline"));
    for (i = 0; i < count; i++) {
        running->rows[i].release = asked_line(&asked[i], &running->rows[i].error);
    }
    asked_finish(asked, count);
    free(asked);
}

void running_finish(struct running *running)
{
    for (size_t i = 0; i < running->count; i++) {
        free(running->rows[i].service);
        free(running->rows[i].release);
    }
    free(running->rows);
    *running = (struct running){0};
}

bool running_agrees(const struct running *running, const char *release,
                    struct error *error)
{
    for (size_t i = 0; i < running->count; i++) {
        const struct running_row *row = &running->rows[i];
        if (!row->release) {
            *error = row->error;
            error_prefix(error, "nobody knows what %s runs", row->service);
            return false;
        }
        if (!text_equal(row->release, release)) {
            error_set(error, ERROR_PROTOCOL, "%s runs %s, not %s", row->service,
                      row->release, release ? release : "what was shipped");
            error_hint(error, "see whether its traffic went to the new revision");
            return false;
        }
    }
    return true;
}

const char *running_release(const struct running *running)
{
    const char *release = running->count ? running->rows[0].release : NULL;
    for (size_t i = 1; i < running->count; i++) {
        if (!text_equal(running->rows[i].release, release)) {
            return NULL;
        }
    }
    return release;
}

json_t *running_json(const struct running *running)
{
    json_t *object = json_object();
    for (size_t i = 0; i < running->count; i++) {
        json_object_set_new(object, running->rows[i].service,
                            json_text(running->rows[i].release));
    }
    return object;
}
