/* Does the tunnel stand through which a store is asked? Nobody is asked: what its command
 * did is known already. A port that answers proves nothing of what is behind it, so this
 * light opens no gate; but it is the cause where a store cannot be asked. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "checks/probe.h"
#include "tunnel/tunnels.h"

#include <stdlib.h>

static void show(const struct tunnel_view *view, struct result *result)
{
    static const char *const words[] = {"on its way", "up", "down"};
    char *key = mem_format("to %s:%d", view->host, view->remote_port);
    char span[TEXT_SPAN];
    text_span(span, clock_now() - view->since);
    result_evidence(result, key, "127.0.0.1:%d, for %s, %s since %s, start %u",
                    view->port, view->store, words[view->state], span, view->starts);
    if (view->last[0]) {
        result_evidence(result, "last line", "%s", view->last);
    }
    free(key);
}

static void show_command(const struct job *job, struct result *result)
{
    char **argv = json_argv(json_object_get(job->section, "command"));
    char *shown = argv_show(argv);
    result_evidence(result, "command", "%s", shown);
    free(shown);
    argv_free(argv);
}

static void ask(const struct job *job, struct result *result)
{
    struct tunnel_view view;
    size_t count = 0;
    bool up = true;
    show_command(job, result);
    while (tunnels_look(job->tunnels, job->section, count, &view)) {
        count++;
        show(&view, result);
        if (up && view.state != TUNNEL_UP) {
            up = false;
            probe_tunnel_fails(&view, result);
        }
    }
    if (count == 0) {
        result_set(result, STATE_UNKNOWN, "report this: it is a defect of greenboard",
                   "nobody started it");
    } else if (up) {
        result_ok(result, "127.0.0.1:%d leads to %s:%d", view.port, view.host,
                  view.remote_port);
    }
}

const struct check check_tunnel = {
    .name = "tunnel",
    .title = "Tunnel",
    .help =
        "does the tunnel stand through which a store is asked, and listen at its port",
    .section = "/tunnels/*",
    .asks_nobody = true,
    .period = CLOCK_SECOND,
    .deadline = CLOCK_SECOND,
    .ask = ask,
};
