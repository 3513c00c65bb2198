/* What a lease in a Redis Cluster promises, of peers that play its nodes: the node that
 * serves the slot is asked, whoever names it, and nobody is asked whom the cluster did
 * not tell of. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "lock/coordinator.h"
#include "lock/lease.h"
#include "secret/keep.h"
#include "tests/unit/peer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char home[] = "/tmp/gb-lease-cluster-XXXXXX";
static struct config *config;
static struct coordinator at;

static const int64_t PATIENCE = 5 * CLOCK_SECOND;

/* ---- nodes ---- */

/* The slot of greenboard:lease:{shop/test}, as redis-cli CLUSTER KEYSLOT tells it. */
enum { SLOT = 8153, SCRIPTS = 3, STEPS = 4, TEXT = 512 };

#define FREE "*2\r\n$-1\r\n:-2\r\n" /* what is said of a lease that nobody holds */

/* One node: what it says to each question in turn, and to all that follow the last. */
struct node_peer {
    char text[SCRIPTS][TEXT];
    struct peer_step steps[SCRIPTS][STEPS];
    const struct peer_step *scripts[SCRIPTS];
    size_t count;
    struct peer *peer;
};

/* Where it reads up to `marker` it says `text`. */
static void node_says(struct node_peer *node, const char *marker, const char *text)
{
    size_t i = node->count++;
    snprintf(node->text[i], TEXT, "%s", text);
    const struct peer_step steps[STEPS] = {{PEER_READ, marker, 0, NULL},
                                           {PEER_SEND, node->text[i], strlen(text), NULL},
                                           STALL};
    memcpy(node->steps[i], steps, sizeof steps);
    node->scripts[i] = node->steps[i];
}

static void node_start(struct node_peer *node)
{
    node->peer = peer_start(node->scripts, node->count);
}

static void node_answers(struct node_peer *node, const char *text)
{
    *node = (struct node_peer){0};
    node_says(node, "{shop/test}:fence", text);
    node_start(node);
}

/* What CLUSTER SLOTS says where `first` serves every slot from `from` on and `replica`
 * follows it. */
static const char *slots_of(int from, const char *host, int first, int replica)
{
    static char text[TEXT];
    snprintf(text, sizeof text,
             "*1\r\n*4\r\n:%d\r\n:16383\r\n*2\r\n$%zu\r\n%s\r\n:%d\r\n*2\r\n$9\r\n"
             "127.0.0.1\r\n:%d\r\n",
             from, strlen(host), host, first, replica);
    return text;
}

static void node_tells(struct node_peer *node, const char *slots)
{
    *node = (struct node_peer){0};
    node_says(node, "SLOTS\r\n", slots);
    node_start(node);
}

/* ---- asking ---- */

static void configure(int port, const char *more)
{
    char *text = mem_format(
        "{\"version\": 1, \"system\": \"shop\", \"environments\": {\"test\": "
        "{\"coordination\": {\"redis\": {\"mode\": \"cluster\", \"host\": \"127.0.0.1\", "
        "\"port\": %d%s}}}}}",
        port, more);
    char *path = fs_join(home, "greenboard.json");
    struct error error = {0};
    coordinator_finish(&at);
    config_destroy(config);
    assert_true(fs_replace(path, text, strlen(text), 0600, NULL));
    config = config_load(path);
    if (!config_usable(config)) {
        fail_msg("%s", config_complaint(config));
    }
    if (!coordinator_begin(&at, config->environments[0], clock_now() + PATIENCE, NULL,
                           &error)) {
        fail_msg("%s", error.message);
    }
    free(path);
    free(text);
}

static bool look(struct error *error)
{
    struct lease_view view;
    *error = (struct error){0};
    bool done = lease_look(&at, clock_now() + PATIENCE, &view, error);
    lease_view_finish(&view);
    return done;
}

static void looks(void)
{
    struct error error;
    if (!look(&error)) {
        fail_msg("%s", error.message);
    }
}

static void fails(const char *message, const char *hint)
{
    struct error error;
    assert_false(look(&error));
    if (!strstr(error.message, message) || !strstr(error.hint, hint)) {
        fail_msg("%s (%s)", error.message, error.hint);
    }
}

/* ---- the node of the slot ---- */

static void the_node_of_the_slot_is_asked(void **state)
{
    (void)state;
    struct node_peer seed, master;
    node_answers(&master, FREE);
    node_tells(&seed,
               slots_of(SLOT, "127.0.0.1", peer_port(master.peer), peer_free_port()));
    configure(peer_port(seed.peer), "");
    looks();
    assert_int_equal(peer_accepted(seed.peer), 1);
    assert_int_equal(peer_accepted(master.peer), 1);
    peer_stop(seed.peer);
    peer_stop(master.peer);
}

static void a_slot_that_nobody_serves_keeps_no_lease(void **state)
{
    (void)state;
    struct node_peer seed, master;
    node_answers(&master, FREE);
    node_tells(&seed,
               slots_of(SLOT + 1, "127.0.0.1", peer_port(master.peer), peer_free_port()));
    configure(peer_port(seed.peer), "");
    fails("no node of the cluster serves slot 8153", "redis-cli --cluster fix");
    assert_int_equal(peer_accepted(master.peer), 0);
    peer_stop(seed.peer);
    peer_stop(master.peer);
}

static void a_node_without_a_name_is_told(void **state)
{
    (void)state;
    struct node_peer seed;
    node_tells(&seed, slots_of(0, "?", peer_free_port(), peer_free_port()));
    configure(peer_port(seed.peer), "");
    fails("no name for it yet", "cluster-announce-hostname");
    peer_stop(seed.peer);
}

/* The configured node told once, and is gone. */
static void
a_node_that_was_told_of_names_the_master_after_the_configured_one(void **state)
{
    (void)state;
    struct node_peer seed, master, promoted, other;
    node_answers(&master, FREE);
    node_answers(&promoted, FREE);
    node_tells(&other, slots_of(0, "127.0.0.1", peer_port(promoted.peer), 1));
    node_tells(&seed,
               slots_of(0, "127.0.0.1", peer_port(master.peer), peer_port(other.peer)));
    configure(peer_port(seed.peer), "");
    looks();
    peer_stop(seed.peer);
    peer_stop(master.peer);
    looks();
    assert_int_equal(peer_accepted(promoted.peer), 1);
    peer_stop(other.peer);
    peer_stop(promoted.peer);
}

static void without_any_node_the_configured_one_is_to_blame(void **state)
{
    (void)state;
    int port = peer_free_port();
    char *where = mem_format("node 127.0.0.1:%d: ", port);
    configure(port, "");
    fails(where, "");
    free(where);
}

/* ---- redirections ---- */

static const char *sends(const char *word, int slot, int port)
{
    static char text[TEXT];
    snprintf(text, sizeof text, "-%s %d 127.0.0.1:%d\r\n", word, slot, port);
    return text;
}

static void who_moved_is_followed_to_a_node_that_was_told_of(void **state)
{
    (void)state;
    struct node_peer seed, old, promoted;
    node_answers(&promoted, FREE);
    node_answers(&old, sends("MOVED", SLOT, peer_port(promoted.peer)));
    node_tells(&seed,
               slots_of(0, "127.0.0.1", peer_port(old.peer), peer_port(promoted.peer)));
    configure(peer_port(seed.peer), "");
    looks();
    peer_halt(promoted.peer);
    assert_null(strstr(peer_received(promoted.peer), "ASKING"));
    peer_stop(promoted.peer);
    peer_stop(old.peer);
    peer_stop(seed.peer);
}

static void who_is_sent_for_one_command_asks_for_it(void **state)
{
    (void)state;
    struct node_peer seed, from, to;
    node_answers(&to, "+OK\r\n" FREE);
    node_answers(&from, sends("ASK", SLOT, peer_port(to.peer)));
    node_tells(&seed, slots_of(0, "127.0.0.1", peer_port(from.peer), peer_port(to.peer)));
    configure(peer_port(seed.peer), "");
    looks();
    peer_halt(to.peer);
    assert_non_null(strstr(peer_received(to.peer), "ASKING"));
    peer_stop(to.peer);
    peer_stop(from.peer);
    peer_stop(seed.peer);
}

static void nobody_is_followed_to_a_stranger(void **state)
{
    (void)state;
    struct node_peer seed, master, stranger;
    node_answers(&stranger, FREE);
    node_answers(&master, sends("MOVED", SLOT, peer_port(stranger.peer)));
    node_tells(&seed, slots_of(0, "127.0.0.1", peer_port(master.peer), peer_free_port()));
    configure(peer_port(seed.peer), "");
    fails("which CLUSTER SLOTS does not name", "CLUSTER NODES");
    assert_int_equal(peer_accepted(stranger.peer), 0);
    peer_stop(stranger.peer);
    peer_stop(master.peer);
    peer_stop(seed.peer);
}

static void masters_that_send_each_other_the_slot_are_left(void **state)
{
    (void)state;
    struct node_peer seed, master;
    int port = 0;
    master = (struct node_peer){0};
    node_says(&master, "{shop/test}:fence", sends("MOVED", SLOT, 65535));
    node_start(&master);
    port = peer_port(master.peer);
    snprintf(master.text[0], TEXT, "-MOVED %d 127.0.0.1:%05d\r\n", SLOT, port);
    node_tells(&seed, slots_of(0, "127.0.0.1", port, peer_free_port()));
    configure(peer_port(seed.peer), "");
    fails("send each other a slot that none of them takes", "CLUSTER NODES");
    assert_int_equal(peer_accepted(master.peer), 3);
    peer_stop(master.peer);
    peer_stop(seed.peer);
}

/* ---- refusals ---- */

static void what_a_cluster_refuses_is_told_with_what_to_do(void **state)
{
    (void)state;
    static const struct {
        const char *reply, *message, *hint;
    } rows[] = {
        {"-TRYAGAIN Multiple keys request during rehashing of slot\r\n",
         "on its way to another node", "until its migration has ended"},
        {"-CLUSTERDOWN The cluster is down\r\n", "CLUSTERDOWN", "mend the cluster"},
        {"-NOPERM this user has no permissions to run the 'eval' command\r\n", "NOPERM",
         "+cluster|slots"},
        {"-READONLY You can't write against a read only replica.\r\n", "READONLY",
         "failover of the cluster has ended"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct node_peer seed, master;
        node_answers(&master, rows[i].reply);
        node_tells(&seed,
                   slots_of(0, "127.0.0.1", peer_port(master.peer), peer_free_port()));
        configure(peer_port(seed.peer), "");
        fails(rows[i].message, rows[i].hint);
        peer_stop(seed.peer);
        peer_stop(master.peer);
    }
}

static void one_server_where_a_cluster_was_expected_says_so(void **state)
{
    (void)state;
    struct node_peer seed;
    node_tells(&seed, "-ERR This instance has cluster support disabled\r\n");
    configure(peer_port(seed.peer), "");
    fails("no part of a cluster", "correct environments.test.coordination.redis.mode");
    peer_stop(seed.peer);
    node_tells(&seed, "+PONG\r\n");
    configure(peer_port(seed.peer), "");
    fails("none of a Redis Cluster", "see what listens there");
    peer_stop(seed.peer);
}

static void a_password_goes_to_no_node_that_may_not_have_it(void **state)
{
    (void)state;
    struct node_peer seed;
    char *password = fs_join(home, "password");
    char *more = mem_format(", \"password\": {\"file\": \"%s\"}", password);
    assert_true(fs_replace(password, "correct horse", 13, 0600, NULL));
    seed = (struct node_peer){0};
    node_says(&seed, "SLOTS\r\n", "");
    snprintf(seed.text[0], TEXT, "+OK\r\n%s", slots_of(0, "redis.example.com", 6379, 1));
    seed.steps[0][1].length = strlen(seed.text[0]);
    node_start(&seed);
    configure(peer_port(seed.peer), more);
    fails("would travel in plain text to redis.example.com", "coordination.redis.tls");
    peer_stop(seed.peer);
    free(more);
    free(password);
}

static int begin(void **state)
{
    (void)state;
    json_begin();
    keep_begin();
    return mkdtemp(home) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    coordinator_finish(&at);
    config_destroy(config);
    return fs_remove_tree(home) ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_node_of_the_slot_is_asked),
        cmocka_unit_test(a_slot_that_nobody_serves_keeps_no_lease),
        cmocka_unit_test(a_node_without_a_name_is_told),
        cmocka_unit_test(
            a_node_that_was_told_of_names_the_master_after_the_configured_one),
        cmocka_unit_test(without_any_node_the_configured_one_is_to_blame),
        cmocka_unit_test(who_moved_is_followed_to_a_node_that_was_told_of),
        cmocka_unit_test(who_is_sent_for_one_command_asks_for_it),
        cmocka_unit_test(nobody_is_followed_to_a_stranger),
        cmocka_unit_test(masters_that_send_each_other_the_slot_are_left),
        cmocka_unit_test(what_a_cluster_refuses_is_told_with_what_to_do),
        cmocka_unit_test(one_server_where_a_cluster_was_expected_says_so),
        cmocka_unit_test(a_password_goes_to_no_node_that_may_not_have_it),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_IGN);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("lease_cluster", tests, begin, end);
}
