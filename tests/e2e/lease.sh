#!/bin/bash
# A lease in a real Redis: machines exclude each other, and who slept past it starts nothing more. A
# state directory of its own stands for a machine.
# Some functions are called by name.
# shellcheck disable=SC2317
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in

# shellcheck source=tests/e2e/keeper.sh
. "${0%/*}/keeper.sh"
# shellcheck source=tests/e2e/machines.sh
. "${0%/*}/machines.sh"

leased() { [ "$(redis exists "$KEY")" = 1 ]; }
lease_id() { redis get "$KEY" | jq -r .id; }

leases() { # TTL [FILTER]
    configure ".coordination = {redis: {host: \"127.0.0.1\", port: $PORT}, ttl: \"$1\"}
        | .deploy.command = [\"./ship\", \"{fence}\"] | ${2:-.}"
}
keeper || { ok 'a redis-server starts' false; done_testing; }
leases 10s

# ---- one at a time ----

before=$(started)
begin a deploy a 'from machine a'
ok 'machine a runs its command' wait_for ships "$before"
run deploy b 'from machine b'
is "$status" 75 'machine b is refused meanwhile'
like "$err" 'held by .*@.* on .* since .*from machine a' 'and told who, where, since when and why'
id=$(record a | jq -r .id)
like "$err" "$id" 'and which run'
run on b greenboard -c "$CONFIG" check -o json
json_is '.standing.bars[0].kind' lease 'its consoles say so too'
json_like '.standing.covers' 'every run that asks for the lease sandbox/staging' 'and what a lease reaches'
touch "$SB/go"
finish a
is "$status" 0 'machine a verifies'
ok 'and gives the lease back' not leased
run deploy b 'now from machine b'
is "$status" 0 'then machine b may'
is "$(awk '{print ($1 == $2)}' "$SB/started" | sort -u)" 1 'argument and variable have the same fence'
ok 'and each fence is greater than the one before' sort -cnu "$SB/started"

# ---- slept past it: before the command ----

leases 2s "$SLOW"
before=$(started)
begin sleeper deploy sleeper 'to sleep before the command'
ok 'a supervisor asks its checks' wait_for says "$SB/asked" greenboard-run
ok 'and has the lease' leased
pid=$(supervisor sleeper)
kill -STOP "$pid"
ok 'stopped, it loses it' wait_for not leased
touch "$SB/answer"
kill -CONT "$pid"
finish sleeper
is "$status" 75 'awake again, it refuses'
like "$err" 'the lease .* is lost: it ran out' 'and says why'
is "$(started)" "$before" 'no command was started'

# ---- slept past it: during the command ----

leases 2s
rm "$SB/go"
before=$(started)
begin sleeper deploy sleeper 'to sleep during the command'
ok 'its command runs' wait_for ships "$before"
pid=$(supervisor sleeper) group=$(record sleeper | jq -r .group.pid)
kill -STOP "$pid"
ok 'stopped, the supervisor loses the lease' wait_for not leased
kill -CONT "$pid"
ok 'its command goes on' lives "$group"
touch "$SB/go"
finish sleeper
is "$status" 4 'the command has ended, and is not verified'
like "$err" 'the lease .* is lost: it ran out' 'and it is said why'
is "$(record sleeper | jq -r '.outcome + " " + (.known_good | tostring)')" 'unverified false' \
    'no step was started after waking'

# ---- Redis goes away ----

leases 10s
rm "$SB/go"
before=$(started)
begin patient deploy patient 'through a restart of Redis'
ok 'a command runs' wait_for ships "$before"
fence=$(record patient | jq -r .fence)
stop_keeper
keeper "$PORT"
ok 'a Redis that was killed and started again is told the lease' wait_for leased
is "$(redis get "$KEY:fence")" "$fence" 'and how far the fences were'
touch "$SB/go"
finish patient
is "$status" 0 'the run is verified'
leases 2s
rm "$SB/go"
before=$(started)
begin bereft deploy bereft 'without Redis'
ok 'a command runs' wait_for ships "$before"
group=$(record bereft | jq -r .group.pid)
stop_keeper
run deploy late 'while Redis is down'
is "$status" 2 'a deploy is refused while Redis is down'
like "$err" 'no lease can be had: .*refused' 'and says that no lease can be had'
until=$(($(now_ms) + 2100))
over() { [ "$(now_ms)" -gt "$until" ]; }
wait_for over # the lease cannot have been renewed since before
ok 'the command in progress is not touched' lives "$group"
touch "$SB/go"
cat >"$SB/lamp" <<'SCRIPT'
#!/bin/bash
[ -e mended ] || { echo 'the lamp is out'; exit 2; }
echo 'the lamp is lit'
SCRIPT
chmod +x "$SB/lamp"
leases 2s '.checks += [{type: "command", name: "lamp", command: ["./lamp"]}]
    | .repairs = [{name: "light", for: ["lamp"], command: ["touch", "mended"]}]'
mend() { on mender greenboard -c "$CONFIG" repair light --confirm staging --reason 'it is dark' "$@"; }
run mend
is "$status" 2 'a repair is refused too, unless it is told to do without'
run mend --without-lease
is "$status" 0 'told so, it goes on under the lock of its own machine'
like "$err" 'without a lease where none can be had' 'and says so'
like "$(on mender greenboard audit list -o json | jq -r '.[] | select(.type == "lock.passed") | .text')" \
    'no lease can be had' 'on the trail as well'
finish bereft
is "$status" 4 'but what comes after it is not done'
like "$err" 'could not be renewed' 'and says why'
keeper "$PORT"

# ---- stealing ----

leases 4s
rm "$SB/go"
before=$(started)
begin holder deploy holder 'to be robbed'
ok 'a command runs' wait_for ships "$before"
id=$(lease_id)
run on thief greenboard -c "$CONFIG" unlock --lease "$id"
is "$status" 64 'a lease is not taken without a reason'
run on thief greenboard -c "$CONFIG" unlock --lease 0123456789abcdef --reason 'its machine burns'
is "$status" 64 'nor by another ID'
like "$err" "$id.*to be robbed" 'it is said whose it is'
ok 'and the holder has it still' test "$(lease_id)" = "$id"
run on thief greenboard -c "$CONFIG" unlock --lease "$id" --reason 'its machine burns'
is "$status" 0 'its ID and a reason take it'
like "$out" 'free in' 'and it is said when it is free'
is "$(on thief greenboard audit list -o json | jq -r 'last | .type + ": " + .text')" \
    'lock.stolen: its machine burns' 'on the trail of who took it'
ok 'it is free soon' wait_for not leased
before=$(started)
begin thief deploy thief 'in its place'
ok 'who took it may deploy' wait_for ships "$before"
touch "$SB/go"
finish holder
is "$status" 4 'who was robbed starts no further step'
like "$err" 'taken away by' 'and knows by whom'
finish thief
is "$status" 0 'and the other verifies'
done_testing
