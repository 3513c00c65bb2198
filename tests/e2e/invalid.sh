#!/bin/bash
# What the audit trail is told of configurations, whoever meets them: once, and never what somebody
# wrote where it should not be.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in

SB=$GREENBOARD_SANDBOX
unusable() { greenboard audit list --configurations -o json | jq "$@"; }
invalid() { greenboard audit list -o json | jq '[.[] | select(.type == "config.invalid")] | length'; }

# ---- files that cannot be used ----

is "$(unusable length)" 0 'nothing is told before anything was met'
configure '.redis.password = "hunter2hunter2"'
BROKEN=$CONFIG
greenboard --read-only -c "$BROKEN" check 2>/dev/null
greenboard --read-only -c "$BROKEN" config check 2>/dev/null
is "$(unusable length)" 0 'read-only writes nothing'
run greenboard -c "$BROKEN" check
is "$status $(unusable length)" '78 1' 'check tells it'
is "$(unusable -r '.[0] | [.type, .data.file, .data.reasons[0].path] | join(" ")')" \
    "config.invalid $BROKEN environments.staging.redis.password" 'with path and reason'
is "$(unusable -r '.[0].data.sha256')" "$(sha256sum <"$BROKEN" | cut -d' ' -f1)" 'and which bytes they were'
for asker in 'config check' 'deploy --confirm staging' 'check' '--plain' 'config show'; do
    # shellcheck disable=SC2086 # words
    greenboard -c "$BROKEN" $asker </dev/null >/dev/null 2>&1
done
is "$(unusable length)" 1 'once, whoever meets it again'

# Each of those that ask tells one that nobody met yet.
count=1
for asker in 'check' 'config check' 'deploy --confirm staging' '--plain'; do
    count=$((count + 1))
    printf '{"version": 1, %*s' "$count" '' >"$SB/cut.json"
    # shellcheck disable=SC2086 # words
    greenboard -c "$SB/cut.json" $asker </dev/null >/dev/null 2>&1
    is "$? $(unusable length)" "78 $count" "greenboard $asker tells a file that is cut off"
done
run greenboard -c "$SB/none.json" check
is "$status $(unusable length)" "78 $((count + 1))" 'and one that was named and is not there'
printf '{"version": 1, "system": hunter2hunter2}' >"$SB/token.json"
greenboard -c "$SB/token.json" check 2>/dev/null
configure '.hunter2hunter2 = 1'
greenboard -c "$CONFIG" check 2>/dev/null
is "$(unusable length)" $((count + 3)) 'each failure is one event'
unlike "$(unusable .)" hunter2 'and none of them repeats what it found'
ok 'nor does any file of the state directory' not grep -rq hunter2 "$GREENBOARD_STATE_DIR"
run greenboard audit verify --configurations
is "$status" 0 'their chain is whole'

# ---- environments that lack something ----

lacking=0
for asker in 'check' 'config check' 'deploy --confirm staging' 'rollback --confirm staging'; do
    lacking=$((lacking + 1))
    configure "del(.redis) | .gate.max_age = \"6${lacking}s\""
    for _ in 1 2; do
        # shellcheck disable=SC2086 # words
        greenboard -c "$CONFIG" $asker </dev/null >/dev/null 2>&1
    done
    is "$(invalid)" "$lacking" "greenboard $asker tells what is missing, once"
done
like "$(greenboard audit list)" 'config\.invalid .*Redis is REQUIRED in staging' 'in the words of the light'

watch() {
    mkfifo "$TMPDIR/keys-$1"
    exec 9<>"$TMPDIR/keys-$1"
    greenboard "${@:2}" -c "$CONFIG" --plain <&9 >"$TMPDIR/stream-$1" 2>&1 9<&- &
    ok "console $1 tells its board" wait_for says "$TMPDIR/stream-$1" '^NO-GO'
    echo q >&9
    wait "$!"
}
configure 'del(.redis) | .gate.max_age = "59s"'
watch 0 --read-only
is "$(invalid)" "$lacking" 'a read-only console tells nothing'
watch 1
is "$(invalid)" $((lacking + 1)) 'a console tells it'
watch 2
is "$(invalid)" $((lacking + 1)) 'once'

# ---- what is not used ----

jq 'del(.environments.staging.redis) | del(.environments.staging.checks) | .not_used.redis = "no cache here"' \
    "$GREENBOARD_CONFIG" >"$SB/unused.json"
run greenboard -c "$SB/unused.json" check -o json
json_is '.checks[] | select(.name == "redis") | .summary' 'not used: no cache here' 'the light says why'
greenboard -c "$SB/unused.json" check >/dev/null
like "$(greenboard audit list -o json | jq -r '[.[] | select(.type == "config.not_used") | .text] | join("; ")')" \
    '^redis is not used: no cache here$' 'and the trail, once'
run greenboard audit verify
is "$status" 0 'the chain is whole'
done_testing
