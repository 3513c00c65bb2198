#!/bin/bash
# A lease in a real Redis Cluster: at the master that serves its slot, also after that one died in the run,
# and nowhere while the cluster is not whole. A state directory of its own stands for a machine.
# Some functions are called by name.
# shellcheck disable=SC2317
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in
# shellcheck source=tests/e2e/servers.sh
. "${0%/*}/servers.sh"
# shellcheck source=tests/e2e/machines.sh
. "${0%/*}/machines.sh"

# ---- a cluster: the keeper serves the slot of the lease, and the spare follows it ----

NODES='keeper left right spare'
for name in $NODES; do
    server "$name" --cluster-enabled yes --cluster-port BUS --cluster-node-timeout 3000 \
        --cluster-replica-validity-factor 0
done
slot=$(cli keeper CLUSTER KEYSLOT "$KEY")
cli keeper CLUSTER ADDSLOTSRANGE "$slot" "$slot" >/dev/null
cli left CLUSTER ADDSLOTSRANGE 0 $((slot - 1)) >/dev/null
cli right CLUSTER ADDSLOTSRANGE $((slot + 1)) 16383 >/dev/null
epoch=0
for name in $NODES; do
    cli "$name" CLUSTER SET-CONFIG-EPOCH $((++epoch)) >/dev/null
    cli keeper CLUSTER MEET 127.0.0.1 "${PORTS[$name]}" $((PORTS[$name] + 20000)) >/dev/null
done
all() { # COMMAND…: true of each node
    local name
    for name in $NODES; do "$@" "$name" || return 1; done
}
knows_all() { [[ $(cli "$1" CLUSTER INFO) == *cluster_known_nodes:4* ]]; } # NAME
whole() { [[ $(cli "$1" CLUSTER INFO) == *cluster_state:ok* ]]; }           # NAME
follows() { [ "$(cli spare CLUSTER REPLICATE "$(cli keeper CLUSTER MYID)")" = OK ]; }
told_of_spare() { cli "$1" CLUSTER SLOTS | grep -qx "${PORTS[spare]}"; } # NAME
ok 'four nodes meet' wait_for all knows_all
ok 'one follows the keeper' wait_for follows
ok 'and is in step' wait_for in_step keeper
ok 'the cluster is whole' wait_for all whole
ok 'and each node tells of the replica' wait_for all told_of_spare

leased_at() { [ "$(cli "$1" exists "$KEY")" = 1 ]; }
leases() { # COORDINATION [FILTER]
    configure "${2:-.} | .coordination = {ttl: \"20s\", redis: $1}
        | del(.services.backend.settings) | .deploy.command = [\"./ship\"]"
}
node() { echo "{mode: \"cluster\", host: \"127.0.0.1\", port: ${PORTS[$1]}}"; } # NAME

# ---- at the master of its slot, which another node tells ----

leases "$(node left)"
before=$(started)
begin a deploy a 'from machine a'
ok 'machine a runs its command' wait_for ships "$before"
ok 'the lease is at the node of its slot' leased_at keeper
leases "$(node right)"
run deploy b 'from machine b'
is "$status" 75 'machine b is refused meanwhile'
like "$err" 'held by .*from machine a' 'and told who has it'
touch "$SB/go"
finish a
is "$status" 0 'machine a verifies'
ok 'and gives the lease back' not leased_at keeper
rm "$SB/go"

# ---- the master dies in the run, which is also the node that is configured ----

leases "$(node keeper)"
before=$(started)
begin a deploy a 'through a failover'
ok 'machine a runs its command again' wait_for ships "$before"
replicated() { [[ $(cli spare INFO keyspace) == *keys=2* ]]; }
ok 'the replica has both keys' wait_for replicated
stop keeper
NODES='left right spare'
promoted() { [[ $(cli spare role) == master* ]] && all whole; }
ok 'the replica becomes the master' wait_for promoted
left() { cli spare PTTL "$KEY"; }
ok 'and has the lease' test "$(left)" -gt 0
least=$(left)
ok 'which its holder renews there' wait_for renewed
run deploy b 'by the node that is gone'
is "$status" 2 'who knows but the node that died takes no lease'
like "$err" "no lease can be had: node 127.0.0.1:${PORTS[keeper]}: connection refused" 'and says which that is'
leases '"environment"' ".redis = $(node left)"
run deploy b 'by a node that lives'
is "$status" 75 'by another node it is told who has it still'
touch "$SB/go"
finish a
is "$status" 0 'machine a verifies after the failover'
ok 'and gives the lease back at the new master' not leased_at spare
before=$(tail -n 1 "$SB/started")
run deploy b 'now from machine b'
is "$status" 0 'then machine b may, in the cluster of the environment'
ok 'with a greater fence' [ "$(tail -n 1 "$SB/started")" -gt "$before" ]

# ---- not while its slot is on its way, nor in a cluster that is down ----

refused() { # REGEX NAME
    local count
    count=$(started)
    run deploy b "$2"
    is "$status" 2 "$2: refused"
    like "$err" "$1" "$2: and why"
    is "$(started)" "$count" "$2: nothing is started"
}
cli spare CLUSTER SETSLOT "$slot" MIGRATING "$(cli left CLUSTER MYID)" >/dev/null
refused "the slot is on its way.*migration has ended" 'its slot is on its way'
cli spare CLUSTER SETSLOT "$slot" STABLE >/dev/null
leases "{host: \"127.0.0.1\", port: ${PORTS[left]}}"
refused 'node of a Redis Cluster.*coordination.redis.mode to cluster' 'one server was expected'
leases "$(node left)"
stop right
failing() { [[ $(cli spare CLUSTER INFO) == *cluster_state:fail* ]]; }
ok 'the cluster finds that a master is gone' wait_for failing
refused 'CLUSTERDOWN.*mend the cluster' 'the cluster is down'
done_testing
