/* What the check of Redis promises of Sentinels and of a cluster, of peers that play
 * them: who is dialled, who is not, and what is said where they disagree. */
#include "tests/unit/checks_help.h"

#include "base/mem.h"
#include "checks/redis/slot.h"
#include "net/slots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
#define INFO_OF(mode)  "redis_version:7.0.15\r\nredis_mode:" mode "\r\nrole:master\r\n"
#define MASTER_INFO    "$58\r\n" INFO_OF("standalone") "\r\n"
#define CLUSTER_INFO   "$55\r\n" INFO_OF("cluster") "\r\n"
#define ROLE_MASTER    "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"
#define ROLE_SLAVE     "*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:1\r\n$9\r\nconnected\r\n:1\r\n"
#define STATE_FINE     "cluster_state:ok\r\ncluster_slots_assigned:16384\r\n" \
                       "cluster_slots_ok:16384\r\ncluster_slots_fail:0\r\n"
#define STATE_BAD      "cluster_state:fail\r\ncluster_slots_assigned:16384\r\n" \
                       "cluster_slots_ok:10923\r\ncluster_slots_fail:5461\r\n"
#define STATE_UNOWNED  "cluster_state:ok\r\ncluster_slots_assigned:16383\r\n" \
                       "cluster_slots_ok:16383\r\ncluster_slots_fail:0\r\n"
/* clang-format on */

static void keep_value(const char *received, struct buf *out)
{
    const char *at = must_find(received, "SET\r\n");
    for (int line = 0; line < 4; line++) {
        at = strchr(at, '\n') + 1;
    }
    buf_format(out, "+OK\r\n$32\r\n%.32s\r\n:29999\r\n:1\r\n", at);
}

/* The same also where ASKING comes before each of the four commands, as it must. */
static void keep_asked(const char *received, struct buf *out)
{
    size_t asked = 0;
    for (const char *at = received; (at = strstr(at, "ASKING\r\n")); at++) {
        asked++;
    }
    if (asked == 0) {
        keep_value(received, out);
        return;
    }
    const char *at = must_find(received, "SET\r\n");
    for (int line = 0; line < 4; line++) {
        at = strchr(at, '\n') + 1;
    }
    buf_format(out,
               "+OK\r\n+OK\r\n+OK\r\n$32\r\n%.32s\r\n+OK\r\n:29999\r\n+OK\r\n:%d\r\n", at,
               asked == 4 ? 1 : 0);
}

/* ---- hash slots ---- */

static void a_slot_is_as_the_specification_has_it(void **state)
{
    (void)state;
    assert_int_equal(slot_of("123456789", 9), 0x31c3);
    assert_int_equal(slot_of("foo", 3), 12182);
    assert_int_equal(slot_of("{user1000}.following", 20), slot_of("user1000", 8));
    assert_int_equal(slot_of("foo{bar}{zap}", 13), slot_of("bar", 3));
    assert_int_equal(slot_of("foo{}{bar}", 10), 8363);
    assert_int_equal(slot_of("foo{{bar}}zap", 13), slot_of("{bar", 4));
}

static void a_key_of_ours_is_in_the_slot_that_was_wanted(void **state)
{
    (void)state;
    static const int ranges[][2] = {{0, 16383}, {0, 0}, {16383, 16383}, {5461, 10922}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        char key[SLOT_KEY];
        slot_key(key, ranges[i][0], ranges[i][1]);
        assert_in_range(slot_of(key, strlen(key)), ranges[i][0], ranges[i][1]);
        assert_int_equal(strncmp(key, "greenboard:probe:{", 18), 0);
    }
}

/* ---- peers that know each other's ports ---- */

enum { TEXT_SIZE = 65536, SCRIPT = 6 };

struct stage {
    char text[TEXT_SIZE];
    struct peer_step steps[SCRIPT];
    const struct peer_step *scripts[1];
    struct peer *peer;
};

static struct peer_step send_of(const char *text)
{
    return (struct peer_step){PEER_SEND, text, strlen(text), NULL};
}

/* A peer that reads up to `marker` and sends the text; then what a master does with the
 * proof, where `keep` is not NULL. */
static void stage_open(struct stage *stage, const char *marker,
                       void (*keep)(const char *received, struct buf *out))
{
    const struct peer_step steps[SCRIPT] = {
        READ("PING"),    {PEER_READ, marker, 0, NULL}, send_of(stage->text),
        READ("DEL\r\n"), {PEER_CALL, NULL, 0, keep},   STALL};
    memcpy(stage->steps, steps, sizeof steps);
    if (!keep) {
        stage->steps[3] = (struct peer_step)STALL;
    }
    stage->scripts[0] = stage->steps;
    stage->peer = peer_start(stage->scripts, 1);
}

static void judge(struct result *result, enum state state, const char *summary,
                  const char *remedy)
{
    if (result->state != state) {
        fail_msg("%s: %s", state_rows[result->state].word, result->summary);
    }
    assert_contains(result->summary, summary);
    if (remedy) {
        assert_contains(result->remedy, remedy);
    }
}

/* ---- Sentinels ---- */

static void sentinel_of(struct stage *stage, int port, const char *quorum)
{
    char digits[8];
    snprintf(digits, sizeof digits, "%d", port);
    snprintf(stage->text, TEXT_SIZE,
             "+PONG\r\n*2\r\n$9\r\n127.0.0.1\r\n$%zu\r\n%s\r\n%s\r\n", strlen(digits),
             digits, quorum);
    stage_open(stage, "CKQUORUM", NULL);
}

#define QUORUM "+OK 2 usable Sentinels. Quorum and failover authorization can be reached"

static struct result *ask_sentinels(const struct stage *one, const struct stage *two)
{
    char *json =
        mem_format("{\"redis\":{\"mode\":\"sentinel\",\"master\":\"shop\",\"tls\":"
                   "false,\"sentinels\":[{\"host\":\"127.0.0.1\",\"port\":%d},"
                   "{\"host\":\"127.0.0.1\",\"port\":%d}]}}",
                   peer_port(one->peer), peer_port(two->peer));
    int64_t elapsed = 0;
    struct result *result = ask(find_check("redis"), json, "/redis", &elapsed);
    assert_true(elapsed <= DEADLINE + LATE_MS * CLOCK_MS);
    free(json);
    return result;
}

static void master_says(struct stage *stage, const char *role)
{
    snprintf(stage->text, TEXT_SIZE, "+PONG\r\n%s%s", MASTER_INFO, role);
    stage_open(stage, "ROLE\r\n", keep_value);
}

static void the_master_of_the_sentinels_is_proven(void **state)
{
    (void)state;
    static struct stage master, one, two;
    master_says(&master, ROLE_MASTER);
    sentinel_of(&one, peer_port(master.peer), QUORUM);
    sentinel_of(&two, peer_port(master.peer), QUORUM);
    struct result *result = ask_sentinels(&one, &two);
    judge(result, STATE_OK, "Redis 7.0.15", NULL);
    assert_int_equal(result->rung, RUNG_USABLE);
    assert_string_equal(result_evidence_of(result, "sentinels"), "2 of 2");
    assert_string_equal(result_evidence_of(result, "mode"), "sentinel");
    result_destroy(result);
    peer_stop(one.peer);
    peer_stop(two.peer);
    peer_stop(master.peer);
}

static void a_replica_under_the_master_s_name_is_red(void **state)
{
    (void)state;
    static struct stage master, one, two;
    master_says(&master, ROLE_SLAVE);
    sentinel_of(&one, peer_port(master.peer), QUORUM);
    sentinel_of(&two, peer_port(master.peer), QUORUM);
    struct result *result = ask_sentinels(&one, &two);
    judge(result, STATE_FAIL, "is no master but a replica",
          "failover of the Sentinels has ended");
    result_destroy(result);
    peer_stop(one.peer);
    peer_stop(two.peer);
    peer_halt(master.peer);
    assert_null(strstr(peer_received(master.peer), "SET\r\n"));
    peer_stop(master.peer);
}

static void sentinels_that_disagree_are_red_and_nobody_is_dialled(void **state)
{
    (void)state;
    static struct stage master, one, two;
    master_says(&master, ROLE_MASTER);
    sentinel_of(&one, peer_port(master.peer), QUORUM);
    sentinel_of(&two, peer_free_port(), QUORUM);
    struct result *result = ask_sentinels(&one, &two);
    judge(result, STATE_FAIL, "name two masters", "failover");
    assert_int_equal(peer_accepted(master.peer), 0);
    result_destroy(result);
    peer_stop(one.peer);
    peer_stop(two.peer);
    peer_stop(master.peer);
}

static void a_sentinel_without_quorum_is_red_though_another_has_it(void **state)
{
    (void)state;
    static struct stage one, two;
    int port = peer_free_port();
    sentinel_of(&one, port, QUORUM);
    sentinel_of(&two, port,
                "-NOQUORUM 1 usable Sentinels. Not enough available Sentinels");
    struct result *result = ask_sentinels(&one, &two);
    judge(result, STATE_FAIL, "NOQUORUM 1 usable", "start the Sentinels");
    result_destroy(result);
    peer_stop(one.peer);
    peer_stop(two.peer);
}

static void a_sentinel_that_hangs_leaves_time_for_the_master(void **state)
{
    (void)state;
    static struct stage master, one, two;
    master_says(&master, ROLE_MASTER);
    sentinel_of(&two, peer_port(master.peer), QUORUM);
    one.text[0] = '\0';
    stage_open(&one, "never", NULL);
    struct result *result = ask_sentinels(&one, &two);
    judge(result, STATE_OK, "wrote, read back", NULL);
    assert_true(result->note_count > 0);
    assert_contains(result->notes[0], "no reply");
    result_destroy(result);
    peer_stop(one.peer);
    peer_stop(two.peer);
    peer_stop(master.peer);
}

/* ---- a cluster ---- */

static void add_bulk(char *out, const char *text)
{
    size_t used = strlen(out);
    snprintf(out + used, TEXT_SIZE - used, "$%zu\r\n%s\r\n", strlen(text), text);
}

static void add_text(char *out, const char *text)
{
    size_t used = strlen(out);
    snprintf(out + used, TEXT_SIZE - used, "%s", text);
}

static void add_range(char *out, int first, int last, int port)
{
    size_t used = strlen(out);
    snprintf(
        out + used, TEXT_SIZE - used,
        "*3\r\n:%d\r\n:%d\r\n*4\r\n$9\r\n127.0.0.1\r\n:%d\r\n$2\r\nid\r\n*2\r\n$8\r\n"
        "hostname\r\n$1\r\nh\r\n",
        first, last, port);
}

/* The node that is asked first: its state, and who serves the two halves of the slots. */
static void seed_of(struct stage *stage, const char *cluster_state, int lower, int upper)
{
    snprintf(stage->text, TEXT_SIZE, "+PONG\r\n%s", CLUSTER_INFO);
    add_bulk(stage->text, cluster_state);
    add_text(stage->text, upper ? "*2\r\n" : "*1\r\n");
    add_range(stage->text, 0, 8191, lower);
    if (upper) {
        add_range(stage->text, 8192, 16383, upper);
    }
    stage_open(stage, "SLOTS\r\n", NULL);
}

/* A master; `set` is what it says to the proof instead of keeping it, or NULL. */
static void node_of(struct stage *stage, const char *set,
                    void (*keep)(const char *received, struct buf *out))
{
    snprintf(stage->text, TEXT_SIZE, "+PONG\r\n%s", CLUSTER_INFO);
    stage_open(stage, "INFO\r\n", keep);
    if (set) {
        stage->steps[4] = send_of(set);
    }
}

static struct result *ask_cluster(const struct stage *seed)
{
    char *json = mem_format("{\"redis\":{\"mode\":\"cluster\",\"host\":\"127.0.0.1\","
                            "\"port\":%d,\"tls\":false}}",
                            peer_port(seed->peer));
    int64_t elapsed = 0;
    struct result *result = ask(find_check("redis"), json, "/redis", &elapsed);
    assert_true(elapsed <= DEADLINE + LATE_MS * CLOCK_MS);
    free(json);
    return result;
}

static void every_master_of_a_cluster_takes_a_key_of_its_own_slots(void **state)
{
    (void)state;
    static struct stage seed, lower, upper;
    node_of(&lower, NULL, keep_value);
    node_of(&upper, NULL, keep_value);
    seed_of(&seed, STATE_FINE, peer_port(lower.peer), peer_port(upper.peer));
    struct result *result = ask_cluster(&seed);
    judge(result, STATE_OK, "at each of 2 masters", NULL);
    assert_int_equal(result->rung, RUNG_USABLE);
    assert_string_equal(result_evidence_of(result, "masters"), "2 of 2");
    result_destroy(result);
    peer_stop(seed.peer);
    struct peer *const peers[] = {lower.peer, upper.peer};
    for (int i = 0; i < 2; i++) {
        peer_halt(peers[i]);
        const char *key = must_find(peer_received(peers[i]), "greenboard:probe:");
        assert_int_equal(slot_of(key, strcspn(key, "\r")) / 8192, i);
        peer_stop(peers[i]);
    }
}

/* As a cluster looks that was resharded often. */
static void a_cluster_may_be_cut_into_many_ranges(void **state)
{
    (void)state;
    enum { RANGES = 512, WIDE = SLOTS / RANGES };
    static struct stage seed, lower, upper;
    node_of(&lower, NULL, keep_value);
    node_of(&upper, NULL, keep_value);
    snprintf(seed.text, TEXT_SIZE, "+PONG\r\n%s", CLUSTER_INFO);
    add_bulk(seed.text, STATE_FINE);
    add_text(seed.text, "*512\r\n");
    for (int i = 0; i < RANGES; i++) {
        add_range(seed.text, i * WIDE, (i + 1) * WIDE - 1,
                  peer_port(i % 2 ? upper.peer : lower.peer));
    }
    stage_open(&seed, "SLOTS\r\n", NULL);
    struct result *result = ask_cluster(&seed);
    judge(result, STATE_OK, "at each of 2 masters", NULL);
    result_destroy(result);
    peer_stop(seed.peer);
    peer_stop(lower.peer);
    peer_stop(upper.peer);
}

static void a_master_that_hangs_is_red_by_the_one_deadline(void **state)
{
    (void)state;
    static struct stage seed, lower, upper;
    node_of(&lower, NULL, keep_value);
    upper.text[0] = '\0';
    stage_open(&upper, "never", NULL);
    seed_of(&seed, STATE_FINE, peer_port(lower.peer), peer_port(upper.peer));
    struct result *result = ask_cluster(&seed);
    judge(result, STATE_FAIL, "no reply", NULL);
    assert_contains(result->summary, "master 127.0.0.1:");
    assert_string_equal(result_evidence_of(result, "masters"), "1 of 2");
    result_destroy(result);
    peer_stop(seed.peer);
    peer_stop(lower.peer);
    peer_stop(upper.peer);
}

static void a_cluster_that_failed_is_red_though_it_says_pong(void **state)
{
    (void)state;
    static const char *const words[][2] = {{STATE_BAD, "cluster_state:fail"},
                                           {STATE_UNOWNED, "16383 of 16384 slots"}};
    for (size_t i = 0; i < 2; i++) {
        static struct stage seed;
        seed_of(&seed, words[i][0], peer_free_port(), peer_free_port());
        struct result *result = ask_cluster(&seed);
        judge(result, STATE_FAIL, words[i][1], NULL);
        assert_int_equal(result->rung, RUNG_AUTHENTICATED);
        result_destroy(result);
        peer_stop(seed.peer);
    }
}

static void slots_that_nobody_serves_are_red(void **state)
{
    (void)state;
    static struct stage seed;
    seed_of(&seed, STATE_FINE, peer_free_port(), 0);
    struct result *result = ask_cluster(&seed);
    judge(result, STATE_FAIL, "nobody serves 8192 of 16384 slots", "--cluster fix");
    result_destroy(result);
    peer_stop(seed.peer);
}

/* The upper master sends its slot to the lower one, or to a stranger. */
static struct result *ask_redirected(const char *verb, bool stranger, size_t *strangers)
{
    static struct stage seed, lower, upper, other;
    static char set[256];
    node_of(&other, NULL, keep_value);
    node_of(&lower, NULL, keep_asked);
    int to = peer_port(stranger ? other.peer : lower.peer);
    snprintf(set, sizeof set,
             "-%s 9000 127.0.0.1:%d\r\n-%s 9000 127.0.0.1:%d\r\n-%s 9000 127.0.0.1:%d\r\n"
             "-%s 9000 127.0.0.1:%d\r\n",
             verb, to, verb, to, verb, to, verb, to);
    node_of(&upper, set, keep_value);
    seed_of(&seed, STATE_FINE, peer_port(lower.peer), peer_port(upper.peer));
    struct result *result = ask_cluster(&seed);
    *strangers = peer_accepted(other.peer);
    peer_stop(seed.peer);
    peer_stop(lower.peer);
    peer_stop(upper.peer);
    peer_stop(other.peer);
    return result;
}

static void a_master_is_not_followed_to_a_stranger(void **state)
{
    (void)state;
    size_t strangers = 0;
    struct result *result = ask_redirected("MOVED", true, &strangers);
    judge(result, STATE_FAIL, "which CLUSTER SLOTS does not name", "CLUSTER NODES");
    assert_int_equal(strangers, 0);
    result_destroy(result);
    result = ask_redirected("ASK", true, &strangers);
    judge(result, STATE_FAIL, "which CLUSTER SLOTS does not name", "CLUSTER NODES");
    assert_int_equal(strangers, 0);
    result_destroy(result);
}

static void a_slot_on_its_way_is_proven_at_the_master_that_is_named(void **state)
{
    (void)state;
    static const char *const verbs[] = {"MOVED", "ASK"};
    for (size_t i = 0; i < 2; i++) {
        size_t strangers = 0;
        struct result *result = ask_redirected(verbs[i], false, &strangers);
        judge(result, STATE_OK, "at each of 2 masters", NULL);
        assert_true(result->note_count > 0);
        assert_contains(result->notes[0], "is on its way to 127.0.0.1:");
        result_destroy(result);
    }
}

void add_redis_modes_tests(void)
{
    ADD(a_slot_is_as_the_specification_has_it);
    ADD(a_key_of_ours_is_in_the_slot_that_was_wanted);
    ADD(the_master_of_the_sentinels_is_proven);
    ADD(a_replica_under_the_master_s_name_is_red);
    ADD(sentinels_that_disagree_are_red_and_nobody_is_dialled);
    ADD(a_sentinel_without_quorum_is_red_though_another_has_it);
    ADD(a_sentinel_that_hangs_leaves_time_for_the_master);
    ADD(every_master_of_a_cluster_takes_a_key_of_its_own_slots);
    ADD(a_cluster_may_be_cut_into_many_ranges);
    ADD(a_master_that_hangs_is_red_by_the_one_deadline);
    ADD(a_cluster_that_failed_is_red_though_it_says_pong);
    ADD(slots_that_nobody_serves_are_red);
    ADD(a_master_is_not_followed_to_a_stranger);
    ADD(a_slot_on_its_way_is_proven_at_the_master_that_is_named);
}
