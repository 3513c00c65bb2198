#!/bin/bash
# A mismatch of the JWT secret raises jwt.mismatch once and clears it once, whatever happens to the
# console in between.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in

# Files are read anew for each asking, so that a secret that changed differs at once.
configure '.secrets.max_age = "1s"'
mkfifo "$TMPDIR/keys"
exec 9<>"$TMPDIR/keys"
stream=$TMPDIR/stream-0

watch() { # NUMBER
    stream=$TMPDIR/stream-$1
    greenboard -c "$CONFIG" --plain <&9 >"$stream" 2>&1 9<&- &
    console=$!
    ok "console $1 tells the board" wait_for says "$stream" '^(GO|NO-GO)'
}

answers() { greenboard history --check jwt_sync -o json | jq 'map(.answers) | add // 0'; }
more_than() { [ "$(answers)" -gt "$1" ]; }
# Asks again and waits until the answer was kept.
ask() {
    local before
    before=$(answers)
    echo 'r jwt_sync' >&9
    wait_for more_than "$before" || diag "jwt_sync was not answered again"
}
is_now() { # REGEX: what jwt_sync says in the newest stretch
    greenboard history --check jwt_sync -o json | jq -r '.[-1] | .state + " " + .summary' | grep -qE "$1"
}
asked_until() { # REGEX
    local turn
    for turn in 1 2 3 4 5 6; do
        ask
        is_now "$1" && return 0
    done
    diag "jwt_sync does not come to say $1 (turn $turn): $(greenboard history --check jwt_sync)"
    return 1
}

alerts() { greenboard audit list -o json | jq -r '[.[] | select(.type | startswith("alert.")) | .type] | join(" ")'; }
alerts_are() { [ "$(alerts)" = "$1" ]; }

watch 1
ask
is "$(alerts)" '' 'in sync: no alert'
fault jwt_mismatch on
ok 'the mismatch is seen' asked_until '^FAIL .*another secret'
ok 'it raises the alert' wait_for alerts_are alert.raised
ask && ask && ask
is "$(alerts)" alert.raised 'once, however often it is answered again'
ok 'the stream tells it' says "$stream" '^[0-9:]+Z alert jwt\.mismatch raised: JWT secrets differ \(.*backend.*\)'
is "$(grep -c 'alert jwt' "$stream")" 1 'in one line'
run greenboard audit list -o json
json_is '.[] | select(.type == "alert.raised") | [.environment, .check, .data.alert] | join(" ")' \
    'staging jwt_sync jwt.mismatch' 'the event names environment, check and alert'
json_like '.[] | select(.type == "alert.raised") | .text' \
    '^jwt\.mismatch: JWT secrets differ \(.*backend.*\): .*redeploy' 'and says who differs and what to do'
since=$(json '.[] | select(.type == "alert.raised") | .data.since')

fault token_expired on
fault jwt_mismatch off
ok 'another failure takes its place' asked_until '^FAIL .*expired'
ask && ask
is "$(alerts)" alert.raised 'which neither clears it nor raises it again'

kill -9 "$console"
wait "$console" 2>/dev/null
watch 2
ok 'the next console knows that it is raised, and since when' \
    wait_for says "$stream" "alert jwt\\.mismatch raised since ${since%.*}Z"
ask && ask
is "$(alerts)" alert.raised 'and does not raise it again'
fault jwt_mismatch on
fault token_expired off
ok 'nor does the mismatch that comes back' asked_until '^FAIL .*another secret'
ask
is "$(alerts)" alert.raised 'since it was never away'

fault jwt_mismatch off
ok 'in sync again' asked_until '^OK '
ok 'clears it' wait_for alerts_are 'alert.raised alert.cleared'
ask && ask
is "$(alerts)" 'alert.raised alert.cleared' 'once'
ok 'the stream tells that too' says "$stream" '^[0-9:]+Z alert jwt\.mismatch cleared after [0-9]+ (s|m)'
run greenboard audit list -o json
json_is '.[] | select(.type == "alert.cleared") | .data.since' "$since" 'the event says since when it was raised'
json_like '.[] | select(.type == "alert.cleared") | .text' '^jwt\.mismatch cleared after [0-9]+ (s|m)' 'and how long'

kill -9 "$console"
wait "$console" 2>/dev/null
watch 3
ask
is "$(grep -c 'alert jwt' "$stream")" 0 'the console after that has no alert to tell'
is "$(alerts)" 'alert.raised alert.cleared' 'and none to write'
run greenboard audit list
like "$out" 'alert\.raised .*jwt\.mismatch: JWT secrets differ' 'audit list tells them as text'
run greenboard audit verify
is "$status" 0 'the chain is whole'
echo q >&9
wait "$console"
is "$?" 0 'the console leaves'
done_testing
