#include "tests/unit/unit.h"

#include "tests/unit/board_help.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

struct environment *make_environment(enum env_class env_class, const char *json)
{
    json_t *root = json_parse(json, strlen(json), NULL);
    assert_non_null(root);
    struct environment *environment = mem_alloc(sizeof *environment);
    *environment = (struct environment){.system = mem_text("netra"),
                                        .name = mem_text("here"),
                                        .env_class = env_class,
                                        .file = mem_text("/nowhere/greenboard.json"),
                                        .directory = mem_text("/"),
                                        .root = root,
                                        .references = 1};
    return environment;
}

void answer_fine(const struct job *job, struct result *result)
{
    (void)job;
    result_reach(result, RUNG_USABLE);
    result_ok(result, "fine");
}

const struct check check_a = {.name = "a",
                              .section = "/a",
                              .period = CLOCK_SECOND,
                              .deadline = CLOCK_SECOND,
                              .ask = answer_fine};
static const char *const b_needs[] = {"a", NULL};
const struct check check_b = {.name = "b",
                              .section = "/b",
                              .needs = b_needs,
                              .period = CLOCK_SECOND,
                              .deadline = CLOCK_SECOND,
                              .ask = answer_fine};
static const char *const c_needs[] = {"b", NULL};
const struct check check_c = {.name = "c",
                              .section = "/c",
                              .needs = c_needs,
                              .period = CLOCK_SECOND,
                              .deadline = CLOCK_SECOND,
                              .ask = answer_fine};
const struct check check_d = {.name = "d",
                              .section = "/d",
                              .period = CLOCK_SECOND,
                              .deadline = CLOCK_SECOND,
                              .ask = answer_fine};
const struct check *const three[] = {&check_a, &check_b, &check_c, NULL};
const struct check *const one[] = {&check_a, NULL};
const struct check *const two[] = {&check_a, &check_b, NULL};
const struct check *const apart[] = {&check_a, &check_d, NULL};

void put(struct board *board, size_t index, enum state state, int64_t age)
{
    struct result *result = result_create();
    result_set(result, state, "mend it", "it is %s", state_rows[state].word);
    result->began = result->ended = NOW - age;
    board_take(board, &board->lights[index], result);
}
