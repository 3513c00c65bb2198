#!/bin/bash
# From where a store is asked: through a tunnel that is started, watched, started again and ended,
# and as a service tells of it. Exactly that view decides.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in

PEER=$GREENBOARD_TESTS/peer
redis_port=$(jq -r .environments.staging.redis.port "$GREENBOARD_CONFIG")
http_port=$(jq -r .environments.staging.clickhouse.http_port "$GREENBOARD_CONFIG")

# The processes of tunnels that run now: the forwarders, and the guardians above them.
forwarders() { pgrep -f "^$PEER forward" | sort; }
guardians() { pgrep -x greenboard-tun; }
count_is() { [ "$("$1" | wc -l)" = "$2" ]; }

# ---- through a tunnel ----

# shellcheck disable=SC2016 # jq's variables
through='.tunnels = {"bastion": {"command": [$peer, "forward", "{port}", "{remote_port}"]}}
    | (.redis, .clickhouse) |= (.via = "tunnel:bastion")'
configure "$through" --arg peer "$PEER"
TUNNELLED=$CONFIG
run greenboard -c "$TUNNELLED" check -o json
is "$status $(json .verdict)" '0 GO' 'green through tunnels'
json_is '.checks[] | select(.name == "redis") | .evidence.via' 'asked through tunnel bastion' 'redis says so'
json_is '.checks[] | select(.name == "clickhouse") | .evidence.via' 'asked through tunnel bastion' \
    'clickhouse says so'
json_is '.checks[] | select(.name == "redis") | .evidence.target' "127.0.0.1:$redis_port" \
    'the evidence says where the store is'
json_like '.checks[] | select(.name == "redis") | .evidence.address' '^127\.0\.0\.1:[0-9]+$' 'and what was dialled'
unlike "$(json '.checks[] | select(.name == "redis") | .evidence.address')" ":$redis_port\$" \
    'which is the end of the tunnel'
json_is '.checks[] | select(.name == "tunnel bastion") | .state' OK 'the tunnel is a light'
json_like '.checks[] | select(.name == "tunnel bastion") | .evidence["to 127.0.0.1:'"$http_port"'"]' \
    '^127\.0\.0\.1:[0-9]+, for clickhouse, up' 'which says for whom and where'
ok 'nothing of it is left' wait_for count_is forwarders 0
ok 'nor a guardian' wait_for count_is guardians 0

run greenboard check -o json
json_is '[.checks[] | select(.type == "tunnel")] | length' 0 'without via there is no such light'

configure ".tunnels = {\"spare\": {\"command\": [\"touch\", \"$GREENBOARD_SANDBOX/spare-{port}\"]}}"
run greenboard -c "$CONFIG" check -o json
is "$status" 0 'a tunnel that nobody uses does not matter'
is "$(find "$GREENBOARD_SANDBOX" -name 'spare-*')" '' 'and is not started'

# ---- one that does not come up ----

configure "$through"' | .tunnels.bastion.command =
    ["sh", "-c", "echo first; echo \"no route to $0, $1\" >&2; exit 3", "{port}", "{host}"]
    | .clickhouse.via = "here"' --arg peer ''
run greenboard -c "$CONFIG" check -o json
is "$status" 1 'a tunnel that ends at once: NO-GO'
json_like '.checks[] | select(.name == "redis") | .summary' \
    '^tunnel bastion ended with status 3: no route to [0-9]+, 127\.0\.0\.1$' 'its last words are the cause'
json_is '.causes | map(.check) | join(" ")' 'tunnel bastion' 'the tunnel is the one cause'
json_is '.causes[0].explains | join(" ")' redis 'which explains the store'

configure "$through"' | .tunnels.bastion = {"command": ["sh", "-c", "echo waiting; exec sleep 600", "{port}"],
    "within": "300ms"} | .clickhouse.via = "here"' --arg peer ''
run greenboard -c "$CONFIG" check -o json
is "$status" 1 'a tunnel that does not listen: NO-GO'
json_like '.checks[] | select(.name == "redis") | .summary' \
    '^tunnel bastion did not listen at 127\.0\.0\.1:[0-9]+ within 300 ms: waiting$' 'it says so'
ok 'it is ended' not pgrep -f '^sleep 600'

# shellcheck disable=SC2016
configure "$through"' | .tunnels.bastion.command = ["sh", "-c", "cat secrets/redis; exit 1", "{port}"]
    | .clickhouse.via = "here"' --arg peer ''
run greenboard -c "$CONFIG" check -o json
json_like '.checks[] | select(.name == "redis") | .summary' 'status 1: \[masked\]$' \
    'a secret that it prints is masked'
unlike "$out" "$(<"$GREENBOARD_SANDBOX/secrets/redis")" 'everywhere'

# ---- a console ----

mkfifo "$TMPDIR/keys"
exec 9<>"$TMPDIR/keys"
stream=$TMPDIR/stream
watch() {
    : >"$stream"
    greenboard -c "$TUNNELLED" --plain <&9 >>"$stream" 2>&1 9<&- &
    console=$!
    ok "the console's board is green" wait_for says "$stream" '^GO'
}
watch
ok 'it has a forwarder for each port' test "$(forwarders | wc -l)" -ge 2
first=$(pgrep -f "^$PEER forward [0-9]+ $redis_port\$")
kill -USR1 "$first"
ok 'a forwarder that ends: the tunnel is red with its last words' \
    wait_for says "$stream" 'tunnel bastion went from OK to FAIL: tunnel bastion ended with status 255: '
like "$(grep 'tunnel bastion went from OK to FAIL' "$stream")" 'the bastion went away' 'cleaned for a terminal'
unlike "$(<"$stream")" $'\e' 'no escape of it reaches the terminal'
ok 'it is started again and green again' wait_for says "$stream" 'tunnel bastion went from FAIL to OK'
ok 'the gate opens again' wait_for says "$stream" '(gate open|NO-GO to GO|GO$)'
ok 'by another process' not lives "$first"

# ---- a deploy while the console runs ----

before=$(forwarders | tr '\n' ' ')
jq ".environments.staging |= (.deploy.command = [\"sh\", \"-c\", \$look] | $E2E_BARE)" \
    --arg look "pgrep -f '^$PEER forward' >seen.forwarders; pgrep -x greenboard-tun | wc -l >seen.guardians" \
    "$TUNNELLED" >"$GREENBOARD_SANDBOX/deploying.json"
run greenboard -c "$GREENBOARD_SANDBOX/deploying.json" deploy --confirm staging --reason 'through a tunnel'
is "$status" 0 'a deploy through tunnels is done and verified'
mine=$(grep -cvxF -f <(tr ' ' '\n' <<<"$before" | sed '/^$/d') "$GREENBOARD_SANDBOX/seen.forwarders")
ok "its supervisor had forwarders of its own ($mine)" test "$mine" -ge 2
is "$(forwarders | tr '\n' ' ')" "$before" "the console's are still there, and no other"

# ---- a killed console ----

kill -9 "$console"
wait "$console" 2>/dev/null
ok 'a killed console leaves no forwarder' wait_for count_is forwarders 0
ok 'and no guardian' wait_for count_is guardians 0

# ---- as told by a service ----

configure '.redis |= (.via = "service:backend" | .told_by = "backend ready")'
run greenboard -c "$CONFIG" check -o json
is "$status $(json .verdict)" '0 GO' 'green as told by the backend'
json_like '.checks[] | select(.name == "redis") | .summary' '^as told by backend: ' 'it says who told'
json_is '.checks[] | select(.name == "redis") | .evidence["/checks/redis/connected"]' true 'and what was said'
json_is '.checks[] | select(.name == "redis") | .evidence.target' null 'nobody dialled it'
run greenboard -c "$CONFIG" check redis -o json
is "$status" 0 'asked for alone it asks whom it is told by'
fault redis_down on
run greenboard -c "$CONFIG" check -o json
is "$status" 1 'red as told by the backend'
json_like '.checks[] | select(.name == "redis") | .state + " " + .summary' '^FAIL as told by backend: .*redis' \
    'with what it says'
fault redis_down off
fault backend_redis_not_configured on
run greenboard -c "$CONFIG" check -o json
is "$status" 1 'not_configured is red'
json_like '.checks[] | select(.name == "redis") | .state + " " + .summary' '^FAIL as told by backend: .*not_configured' \
    'in that word'
fault backend_redis_not_configured off

wrong() { # FILTER REGEX
    configure "$1"
    run greenboard -c "$CONFIG" config check
    is "$status" 78 "refused: $2"
    like "$err" "$2" "it says so: $2"
}
wrong '.redis.via = "tunnel:nowhere"' 'redis\.via: names a tunnel that is not configured'
wrong '.redis.via = "service:backend"' 'redis\.told_by: is missing'
wrong '.redis |= (.via = "service:backend" | .told_by = "backend ready")
    | .checks[0].expect = {"/status": "ready"}' 'redis\.told_by: names a check that expects nothing of redis'
done_testing
