#include "run/inquiry.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "config/hosted.h"
#include "run/steps.h"

#include <stdlib.h>

/* Two questions of Google, each of which may want an access token first. */
static const int64_t REVISION_TIMEOUT = 10 * CLOCK_SECOND;

static struct inquired *add(struct inquiry *inquiry, enum inquiry_kind kind,
                            char *take_name)
{
    inquiry->rows =
        mem_resize(inquiry->rows, (inquiry->count + 1) * sizeof *inquiry->rows);
    struct inquired *row = &inquiry->rows[inquiry->count++];
    *row =
        (struct inquired){.kind = kind, .name = take_name, .timeout = REVISION_TIMEOUT};
    return row;
}

static bool add_commands(struct inquiry *inquiry, enum inquiry_kind kind,
                         const json_t *list, const struct environment *environment,
                         struct error *error)
{
    size_t i;
    json_t *entry;
    json_array_foreach(list, i, entry)
    {
        struct inquired *row = add(inquiry, kind,
                                   mem_format("%s%s", kind == INQUIRY_LOG ? "log " : "",
                                              config_text(entry, "name")));
        row->argv = steps_argv(entry, row->name, environment, error);
        row->forbid = json_object_get(entry, "forbid");
        row->timeout = config_span(entry, "timeout");
        if (!row->argv) {
            return false;
        }
    }
    return true;
}

static bool is_wanted(const json_t *listed, const char *service)
{
    bool found = listed == NULL;
    for (size_t i = 0; i < json_array_size(listed); i++) {
        found =
            found || text_equal(json_string_value(json_array_get(listed, i)), service);
    }
    return found;
}

static bool is_there(const struct inquiry *inquiry, const char *cloud_run)
{
    bool found = false;
    for (size_t i = 0; i < inquiry->count; i++) {
        found = found || text_equal(inquiry->rows[i].cloud_run, cloud_run);
    }
    return found;
}

/* A rollback is of the services that a deploy ships. */
static void add_revisions(struct inquiry *inquiry, const struct environment *environment,
                          enum inquiry_kind kind)
{
    const json_t *listed = config_section(environment, "/deploy/verify/revisions");
    const char *service;
    json_t *entry;
    json_object_foreach((json_t *)(uintptr_t)config_section(environment, "/services"),
                        service, entry)
    {
        const char *cloud_run = hosted_cloud_run(environment->root, service);
        if (cloud_run && is_wanted(listed, service) && !is_there(inquiry, cloud_run)) {
            add(inquiry, kind, mem_format("revision %s", service))->cloud_run = cloud_run;
        }
    }
}

bool inquiry_create(struct inquiry *inquiry, const struct environment *environment,
                    const json_t *section, enum run_kind kind, struct error *error)
{
    const json_t *verify = json_object_get(section, "verify");
    const json_t *release = config_section(environment, "/release");
    *inquiry = (struct inquiry){0};
    if (kind != KIND_REPAIR) {
        add_revisions(inquiry, environment,
                      kind == KIND_DEPLOY ? INQUIRY_REVISION : INQUIRY_SERVING);
    }
    if (kind != KIND_REPAIR && json_object_size(json_object_get(release, "running"))) {
        add(inquiry, INQUIRY_RUNNING, mem_text("running"))->timeout =
            config_span(release, "deadline");
    }
    if (!add_commands(inquiry, INQUIRY_COMMAND, json_object_get(verify, "commands"),
                      environment, error) ||
        !add_commands(inquiry, INQUIRY_LOG, json_object_get(verify, "logs"), environment,
                      error)) {
        inquiry_finish(inquiry);
        return false;
    }
    return true;
}

void inquiry_finish(struct inquiry *inquiry)
{
    for (size_t i = 0; i < inquiry->count; i++) {
        free(inquiry->rows[i].name);
        argv_free(inquiry->rows[i].argv);
    }
    free(inquiry->rows);
    *inquiry = (struct inquiry){0};
}

json_t *inquiry_json(const struct inquiry *inquiry)
{
    json_t *list = json_array();
    for (size_t i = 0; i < inquiry->count; i++) {
        const struct inquired *row = &inquiry->rows[i];
        json_array_append_new(list, steps_argv_json(row->name, row->argv));
    }
    return list;
}
