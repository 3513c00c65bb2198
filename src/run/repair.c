#include "run/repair.h"

#include "base/text.h"
#include "board/gate.h"
#include "config/config.h"

bool repair_mends(const json_t *repair, const char *check)
{
    size_t i;
    json_t *name;
    json_array_foreach(json_object_get(repair, "for"), i, name)
    {
        if (text_equal(json_string_value(name), check)) {
            return true;
        }
    }
    return false;
}

const json_t *repair_offered(const struct board *board, const struct light *light,
                             size_t nth, int64_t now)
{
    size_t i;
    json_t *repair;
    if (!light || !light->result || light_green(light, board, now)) {
        return NULL;
    }
    json_array_foreach(config_section(board->environment, "/repairs"), i, repair)
    {
        if (repair_mends(repair, light->name) && nth-- == 0) {
            return repair;
        }
    }
    return NULL;
}

static bool verified_before(const struct statedir *dir)
{
    struct runs runs;
    bool found = false;
    run_list(dir, &runs, NULL);
    for (size_t i = 0; i < runs.count; i++) {
        found = found || runs.rows[i]->outcome == OUTCOME_VERIFIED;
    }
    runs_finish(&runs);
    return found;
}

bool repair_allowed(const json_t *repair, const struct board *board, int64_t now,
                    const struct statedir *dir, struct error *error)
{
    const char *name = config_text(repair, "name");
    for (size_t i = 0; i < board->count; i++) {
        const struct light *light = &board->lights[i];
        if (repair_mends(repair, light->name) && !light_green(light, board, now)) {
            return true;
        }
    }
    if (config_bool(repair, "bootstrap")) {
        if (!verified_before(dir)) {
            return true;
        }
        error_set(error, ERROR_USAGE,
                  "\"%s\" is for the time before the first verified run, which there "
                  "was",
                  name);
    } else {
        error_set(error, ERROR_USAGE, "\"%s\" mends nothing now: what it is for is green",
                  name);
    }
    error_hint(error, "see `greenboard check`");
    return false;
}
