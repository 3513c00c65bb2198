#!/bin/bash
# A lease in a real Redis behind Sentinels: at the master that most of them name, also after a failover. A
# state directory of its own stands for a machine.
# Some functions are called by name.
# shellcheck disable=SC2317
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in
# shellcheck source=tests/e2e/servers.sh
. "${0%/*}/servers.sh"
# shellcheck source=tests/e2e/machines.sh
. "${0%/*}/machines.sh"

server first
server second --replicaof 127.0.0.1 "${PORTS[first]}"
for name in one two three; do sentinel $name first; done
ok 'three Sentinels find each other' wait_for all_know
knows_replica() { [[ $(cli one SENTINEL replicas shop) == *"${PORTS[second]}"* ]]; }
ok 'and the replica' wait_for knows_replica
ok 'which is in step' wait_for in_step first

places=$(for name in one two three; do echo "{host: \"127.0.0.1\", port: ${PORTS[$name]}},"; done)
configure ".redis = {mode: \"sentinel\", master: \"shop\", sentinels: [${places%,}]}
    | .coordination = {redis: \"environment\", ttl: \"5s\"}
    | del(.services.backend.settings) | .deploy.command = [\"./ship\"]"
leased_at() { [ "$(cli "$1" exists "$KEY")" = 1 ]; }

# ---- at the master ----

before=$(started)
begin a deploy a 'from machine a'
ok 'machine a runs its command' wait_for ships "$before"
ok 'the lease is at the master' leased_at first
run deploy b 'from machine b'
is "$status" 75 'machine b is refused meanwhile'
like "$err" 'held by .*from machine a' 'and told who has it'

# ---- a failover in the run ----

cli one SENTINEL failover shop >/dev/null
promoted() { [[ $(cli second role) == master* ]]; }
ok 'the replica becomes the master' wait_for promoted
ok 'and has the lease, which its holder renews there' wait_for leased_at second
run deploy b 'after the failover'
is "$status" 75 'machine b is still refused'
ok 'its old master follows' wait_for in_step second
touch "$SB/go"
finish a
is "$status" 0 'machine a verifies'
ok 'and gives the lease back' not leased_at second
before=$(tail -n 1 "$SB/started")
run deploy b 'now from machine b'
is "$status" 0 'then machine b may'
ok 'with a greater fence' [ "$(tail -n 1 "$SB/started")" -gt "$before" ]

# ---- not most of them ----

stop two
stop three
run deploy b 'with one Sentinel of three'
like "$status" '^(2|75)$' 'one of three is not believed: nothing is deployed'
like "$err" '1 of 3 Sentinels name' 'which is said'
stop one
run deploy b 'without Sentinels'
like "$status" '^(2|75)$' 'without any nothing is deployed'
like "$err" 'Sentinel 127.0.0.1:[0-9]+: connection refused' 'and why'
done_testing
