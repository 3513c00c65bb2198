/* Can Redis be used, and not merely reached: log in, and write, read back and expire a
 * key of ours. A PONG proves nothing, since many things say it. Two round trips to a
 * server (connect and ask, three with TLS); one more where the key has to wait for the
 * login. Which servers there are depends on the mode:
 *
 *   standalone  the one that is configured                                  single.c
 *   sentinel    the master that the Sentinels agree on, by ROLE too       sentinel.c
 *   cluster     each master that serves slots, all at once                 cluster.c */
#include "base/clock.h"
#include "base/mem.h"
#include "board/board.h"
#include "checks/probe.h"
#include "checks/redis/cluster.h"
#include "checks/redis/sentinel.h"
#include "checks/redis/single.h"
#include "config/store_place.h"

#include <stdlib.h>
#include <string.h>

static void ask(const struct job *job, struct result *result)
{
    const char *password = NULL;
    if (!probe_store(job, result, &password)) {
        return;
    }
    const char *mode = config_text(job->section, "mode");
    const struct login login = {config_text(job->section, "user"), password, ""};
    const struct counted *before = job->prepared;
    const struct redis_asking asking = {job, result, &login,
                                        before ? *before : figures_counted(NULL)};
    char *place = store_place(job->environment, job->section);
    int port = (int)config_integer(job->section, "port");
    if (mode && strcmp(mode, "sentinel") == 0) {
        sentinel_ask(&asking);
    } else if (mode && strcmp(mode, "cluster") == 0) {
        cluster_ask(&asking, place, port);
    } else {
        single_ask(&asking, place, port, false);
    }
    free(place);
}

/* Rejected connections and evicted keys are counted since the server started: what
 * matters is how many more they are than at the last asking, which the board has. */
static void prepare(const struct board *board, struct job *job)
{
    const struct light *light = board_find(board, job->name);
    struct counted *before = mem_alloc(sizeof *before);
    *before = figures_counted(light ? light->result : NULL);
    job->prepared = before;
}

const struct check check_redis = {
    .name = "redis",
    .title = "Redis",
    .test = "test_redis_is_accessible",
    .help = "can Redis be logged in to, and a key be written, read back and deleted",
    .section = "/redis",
    .period = 5 * CLOCK_SECOND,
    .deadline = 2 * CLOCK_SECOND,
    .prepare = prepare,
    .ask = ask,
};
