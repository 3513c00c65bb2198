#!/bin/bash
# People are told of runs and alerts, whatever becomes of the webhook, and no run waits for that.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in

SB=$GREENBOARD_SANDBOX
told() { jq -rs '[.[].greenboard.kind] | join(" ")' "$SB/told" 2>/dev/null; }
told_is() { [ "$(told)" = "$1" ]; }
of_told() { jq -rs "$1" "$SB/told"; } # FILTER over the list of all that was told
waiting() { find "$GREENBOARD_STATE_DIR" -path "*/outbox/$1/*.json" | wc -l; } # SINK
none_waits() { [ "$(waiting "$1")" = 0 ]; }
lead_to() { printf 'http://127.0.0.1:%s/hooks/T0/s3cr3t-path\n' "$1" >"$SB/hook"; }
# peer NAME PART [TEXT]: a receiver; its port is in $port.
peer() {
    local name=$1
    shift
    "$GREENBOARD_TESTS/peer" "$@" >"$TMPDIR/$name.port" &
    wait_for test -s "$TMPDIR/$name.port"
    port=$(<"$TMPDIR/$name.port")
    peer_pid=$!
}

# ---- a command ----

configure '.notify = {"command": ["sh", "-c", "cat >>told"]}'
run greenboard -c "$CONFIG" deploy --confirm staging --reason 'tell everybody'
is "$status" 0 'a deploy goes through'
ok 'its start and its end are told' wait_for told_is 'started finished'
run greenboard -c "$CONFIG" runs show -o json
is "$(of_told '.[1].greenboard.run | .id + " " + .outcome + " " + .reason')" \
    "$(json .id) verified tell everybody" 'with run, outcome and reason'
is "$(of_told '.[1].greenboard.who.proven.user // .[1].greenboard.run.who.proven.user')" "$(id -un)" \
    'and who it was'
like "$(of_told '.[1].text')" "staging: deploy of $(<"$SB/release") verified after .*known good .*tell everybody" \
    'in a line that Slack shows'
is "$(of_told '.[1].greenboard.audit_head | "\(.seq):\(.hash)"')" \
    "$(json '.audit_head.end | "\(.seq):\(.hash)"')" 'the head of the trail goes along'
run greenboard -c "$CONFIG" audit verify --head "$(of_told '.[1].greenboard.audit_head | "\(.seq):\(.hash)"')"
is "$status" 0 'and the trail holds it'
is "$(of_told '[.[].greenboard.id] | unique | length')" 2 'each has an id of its own'

: >"$SB/told"
fault redis_down on
run greenboard -c "$CONFIG" deploy --confirm staging --reason 'on red'
is "$status" 1 'a deploy on red is refused'
ok 'and that is told' wait_for told_is refused
like "$(of_told '.[0].greenboard.reasons[0]')" redis 'with the reason'
fault redis_down off

: >"$SB/told"
fault deploy_fails on
run greenboard -c "$CONFIG" deploy --confirm staging --reason 'will fail'
is "$status" 3 'a deploy whose command fails'
ok 'is told too' wait_for told_is 'started finished'
is "$(of_told '.[1].greenboard.run.outcome')" failed 'as what it was'
fault deploy_fails off

: >"$SB/told"
configure '.notify = {"command": ["sh", "-c", "cat >>told"]} | .deploy.command = ["sleep", "600"]'
begin lost greenboard -c "$CONFIG" deploy --confirm staging --reason 'will be lost'
ok 'one that will not come back starts' wait_for told_is started
run greenboard -c "$CONFIG" runs show -o json
id=$(json .id)
kill -9 "$(json .supervisor.pid)"
kill -9 -- "-$(json .group.pid)" 2>/dev/null # unless it died of its hang-up already
finish lost
run greenboard -c "$CONFIG" runs resolve "$id" --reason 'looked: nothing was shipped'
is "$status" 0 'a run whose supervisor was killed is resolved'
ok 'and who was told that it started is told its end' told_is 'started finished'
like "$(of_told '.[1].text')" 'resolved after .*: looked: nothing was shipped' 'as what it is'

configure '.notify = {"on": ["refused"], "command": ["sh", "-c", "cat >>told"]}'
: >"$SB/told"
run greenboard -c "$CONFIG" deploy --confirm staging --reason 'not of interest'
is "$status" 0 'of what nobody wants to hear'
ok 'nobody is told' told_is ''

configure '.notify = {"command": ["sh", "-c", "echo no chat today >&2; exit 7"]}'
run greenboard -c "$CONFIG" deploy --confirm staging --reason 'a command that fails'
is "$status" 0 'a command that fails is not in the way'
sends() { greenboard -c "$CONFIG" runs show | grep -Eq "$1"; }
ok 'runs show tells that it waits, and why' wait_for sends \
    'command +finished waits after [1-9][0-9]* tr(y|ies): notify\.command ended with status 7: no chat today'

run greenboard -c "$CONFIG" runs show -o json
json_like '.announcements[0] | .sink + ": " + .text' '^command: (started|finished) waits' 'in JSON too'

# ---- a webhook that hangs ----

peer silent silent
lead_to "$port"
configure '.notify = {"deadline": "5m", "webhook": {"url": {"file": "hook"}}}'
begin hung greenboard -c "$CONFIG" deploy --confirm staging --reason 'nobody listens'
finish hung
is "$status" 0 'a deploy whose webhook hangs is verified'
run greenboard -c "$CONFIG" runs show -o json
supervisor=$(json .supervisor.pid)
ok 'its supervisor still tries' lives "$supervisor"
run greenboard -c "$CONFIG" deploy --confirm staging --reason 'the lock is free'
is "$status" 0 'and the next run does not wait for it'
run greenboard -c "$CONFIG" runs show -o json
next=$(json .supervisor.pid)
is "$(waiting webhook)" 4 'all four announcements wait on disk'

# ---- killed between the end of a run and the delivery ----

kill -9 "$supervisor" "$next"
ok 'both supervisors are killed' wait_for not lives "$supervisor"
kill "$peer_pid"
is "$(waiting webhook)" 4 'what they had to tell is still there'
is "$(find "$GREENBOARD_STATE_DIR" -path '*/outbox/*' -type f ! -name lock ! -perm 600)" '' \
    'readable by their owner alone'
peer broken say 'HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
lead_to "$port"
mkfifo "$TMPDIR/keys"
exec 9<>"$TMPDIR/keys"
greenboard -c "$CONFIG" --plain <&9 >"$TMPDIR/stream" 2>&1 9<&- &
console=$!
hears() { grep -rq 'the webhook answered 500' "$GREENBOARD_STATE_DIR"/*/*/outbox/webhook; }
ok 'a console tries them, from the oldest on' wait_for hears
kill "$peer_pid"
peer good say 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'
lead_to "$port"
ok 'once it answers the console delivers all of it' wait_for none_waits webhook
echo q >&9
wait "$console"

# ---- no secret, nowhere in plain text ----

ok 'the URL is in no file of the state' not grep -rq s3cr3t-path "$GREENBOARD_STATE_DIR"
ok 'and was not shown' not grep -q s3cr3t-path "$TMPDIR/stream" "$TMPDIR/hung.out" "$TMPDIR/hung.err"
run greenboard -c "$CONFIG" check -o json
json_is '.checks[] | select(.name == "notify webhook") | .state' OK 'a URL on this machine is green'
echo 'http://hooks.example.com/hooks/T0/s3cr3t-path' >"$SB/hook"
run greenboard -c "$CONFIG" check -o json
is "$status" 1 'one in plain text elsewhere closes the gate'
json_is '.checks[] | select(.name == "notify webhook") | .summary' \
    'a secret would travel in plain text to hooks.example.com' 'and says why'
unlike "$out" 's3cr3t-path' 'without the secret'

# ---- alerts ----

# Asked anew each time, with files read anew, so that a secret that changed differs at once.
configure '.secrets.max_age = "1s"
    | .notify = {"on": ["alert_raised", "alert_cleared"], "command": ["sh", "-c", "cat >>told"]}'
answers() { greenboard -c "$CONFIG" history --check jwt_sync -o json | jq 'map(.answers) | add // 0'; }
more_than() { [ "$(answers)" -gt "$1" ]; }
# (What the command that failed was not told yet comes along, sooner or later.)
alerts_told() { [ "$(told | tr ' ' '\n' | grep '^alert_' | paste -sd ' ')" = "$1" ]; }
asked_until_told() {
    local before
    alerts_told "$1" && return 0
    before=$(answers)
    echo 'r jwt_sync' >&9
    wait_for more_than "$before"
    alerts_told "$1"
}
: >"$SB/told"
greenboard -c "$CONFIG" --plain <&9 >"$TMPDIR/stream" 2>&1 9<&- &
console=$!
ok 'a console watches' wait_for says "$TMPDIR/stream" '^(GO|NO-GO)'
fault jwt_mismatch on
ok 'an alert is told when it is raised' wait_for -t 90 asked_until_told alert_raised
fault jwt_mismatch off
ok 'and when it is over' wait_for -t 90 asked_until_told 'alert_raised alert_cleared'
echo q >&9
wait "$console"
done_testing
