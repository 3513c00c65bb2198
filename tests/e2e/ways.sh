#!/bin/bash
# The other ways in: formats, names, help, history, and that no secret shows in any of them.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in

SB=$GREENBOARD_SANDBOX
in_ascii() { ! LC_ALL=C grep -q '[^ -~]' <<<"$1"; }

# ---- check ----

run greenboard check
is "$status" 0 'text: GO exits 0'
like "$out" $'(^|\n)GO .*8 of 8 green' 'text: the verdict'
like "$out" '✓ redis +OK' 'text: each check with its state'
unlike "$out" $'\e' 'text: no control sequence in a pipe'
is "$err" '' 'text: nothing but data'
run greenboard --ascii check
ok 'text: --ascii keeps to ASCII' in_ascii "$out"
run env LC_ALL=C greenboard check
ok 'text: so does a locale without UTF-8' in_ascii "$out"
run greenboard check -o junit
is "$status" 0 'junit: GO exits 0'
for test in test_jwt_secrets_are_synchronized test_full_authentication_flow \
    test_clickhouse_is_accessible test_redis_is_accessible; do
    like "$out" "<testcase [^>]*name=\"$test\"[^>]*></testcase>" "junit: $test passes"
done
is "$(grep -c '<testcase ' <<<"$out")" "$(sed -n 's/.*<testsuite [^>]* tests="\([0-9]*\)".*/\1/p' <<<"$out")" \
    'junit: as many cases as it says'
fault redis_auth on
run greenboard check -o junit
is "$status" 1 'junit: NO-GO exits 1'
like "$out" 'name="test_redis_is_accessible"[^>]*><failure message="[^"]+">[^<]+</failure>' \
    'junit: a red check is a failure with its remedy'
run greenboard check
like "$out" 'NO-GO, unsafe .*1 cause: redis: .*explains backend ready' 'text: one cause, and what it explains'
like "$out" $'✗ redis +FAIL[^\n]*\n +→ ' 'text: what to do is below what is red'
run greenboard check redis -o json
is "$status" 1 'by name: exits as that check says'
json_is '.partial, .verdict, (.checks | length), .checks[0].name' $'true\nnull\n1\nredis' \
    'by name: partial, no verdict, that check alone'
run greenboard check config jwt_secret -o json
is "$status" 0 'by name: what others say does not count'
begin waiting greenboard check --wait 20s
fault redis_auth off
finish waiting
is "$status" 0 '--wait asks until the gate opens'
run greenboard check 'backend ready' -o json
json_is '.checks[0].name' 'backend ready' 'by name: one of the configured ones'

# ---- what is mistyped ----

run greenboard check redsi
is "$status" 64 'an unknown check: usage'
like "$err" 'redsi.*redis' 'and the nearest is said'
run greenboard deply
is "$status" 64 'an unknown command: usage'
like "$err" 'deply.*deploy' 'and the nearest is said'
run greenboard check -o yaml
is "$status" 64 'an unknown format: usage'
run greenboard check --frobnicate
is "$status" 64 'an unknown option: usage'
run greenboard check --wait soon
is "$status" 64 'a time that is none: usage'
run greenboard sandbox fault redis_atuh on
is "$status" 64 'an unknown fault: usage'
like "$err" 'redis_auth' 'and the nearest is said'
cd "$TMPDIR" || exit 1
run env -u GREENBOARD_CONFIG greenboard check
is "$status" 78 'no configuration: 78'
like "$err" 'greenboard sandbox' 'and how to try it out is said'

# ---- help ----

run greenboard --version
like "$out" '^greenboard [0-9]+\.[0-9]+' '--version'
run greenboard --help
is "$status" 0 '--help'
for command in check deploy runs history audit secret config sandbox guard; do
    like "$out" $'\n  '"$command +[a-z]" "--help lists $command"
    is "$(greenboard "$command" --help 2>&1 | grep -c "^usage: greenboard $command")" 1 "$command --help"
done
for number in 0 1 2 3 4 64 70 75 78 126 127; do
    like "$out" $'\n'" +$number +[a-zA-Z]" "--help explains exit status $number"
done

# ---- what was recorded ----

run greenboard runs list
is "$status$out" 0 'no run yet'
run greenboard runs show
is "$status" 64 'no run to show'
run greenboard audit verify
is "$status" 0 'a trail that nothing was written to is whole'

mkfifo "$TMPDIR/typed"
greenboard --plain <"$TMPDIR/typed" >"$TMPDIR/plain" 2>&1 &
plain=$!
exec 3>"$TMPDIR/typed"
wait_for says "$TMPDIR/plain" '^GO ' || diag "$(<"$TMPDIR/plain")"
fault login_rejected on
echo r >&3
ok 'plain: a change is told' wait_for says "$TMPDIR/plain" 'auth_flow.*FAIL'
fault login_rejected off
recorded() { greenboard history --check auth_flow -o json | jq -e 'map(.state) | index("FAIL")' >/dev/null; }
ok 'history has what the console saw' wait_for recorded
echo q >&3
wait "$plain"
exec 3>&-
run greenboard history -o json
json_is '[.[] | select(.from > .to)] | length' 0 'history: from before to'
json_is 'map(.check) | unique | length' 8 'history: each check'
run greenboard history --check redis
like "$out" '✓ OK' 'history: as text'
unlike "$out" 'clickhouse' 'history: of one check'
run greenboard history --since 2099-01-01
is "$status$out" 0 'history: nothing since then'
run greenboard history --since yesterdayish
is "$status" 64 'history: a time that is none'

PROBE=$(<"$SB/secrets/probe")
configure '.auth_flow.login.body.password = {"env": "PROBE_PASSWORD"}
    | .deploy.command = ["bash", "./leak"]'
# A command that shows what it should not, whole and in pieces, and encoded.
cat >"$SB/leak" <<'SCRIPT'
for name in redis clickhouse probe canonical/jwt; do
    value=$(<"secrets/$name")
    printf 'raw %s\nbase64 %s\nhex %s\n' "$value" "$(printf %s "$value" | base64 -w0)" \
        "$(printf %s "$value" | od -An -tx1 | tr -d ' \n')"
    printf 'piece %s' "${value:0:11}"
    sleep 0.1
    printf '%s\n' "${value:11}"
done
echo all was shown
until [ -e go ]; do sleep 0.02; done
SCRIPT
begin leaking env PROBE_PASSWORD="$PROBE" GREENBOARD_LOG="$TMPDIR/log" greenboard -c "$CONFIG" \
    deploy --confirm staging --reason 'leak it'
ok 'a command that shows secrets runs' wait_for run_says 'leak it' 'all was shown'

# ---- no secret shows ----

hidden=()
for name in redis clickhouse probe canonical/jwt auth/jwt backend/jwt; do
    value=$(<"$SB/secrets/$name")
    hidden+=(-e "$value" -e "$(printf %s "$value" | base64 -w0)"
        -e "$(printf %s "$value" | od -An -tx1 | tr -d ' \n')")
done
# Where a secret is: among files, and processes of greenboard and of what it runs.
is_ours() { # /proc/PID
    [[ $(readlink "$1/exe") == */greenboard ]] || [ "$1" = "/proc/$canary" ] ||
        grep -qsa GREENBOARD_RUN= "$1/environ"
}
leaks() {
    local process
    grep -rlaF "${hidden[@]}" "$TMPDIR" "$GREENBOARD_STATE_DIR"
    for process in /proc/[0-9]*; do
        is_ours "$process" && grep -lsaF "${hidden[@]}" "$process/cmdline" "$process/environ"
    done
}

# The search must find what is there before it may find nothing.
echo "x${PROBE}y" >"$GREENBOARD_STATE_DIR/canary"
env CANARY="$PROBE" sleep 60 &
canary=$!
started() { grep -qaF "CANARY=$PROBE" "/proc/$canary/environ"; }
wait_for started
is "$(leaks | sort)" "$(printf '%s\n' "/proc/$canary/environ" "$GREENBOARD_STATE_DIR/canary" | sort)" \
    'in mid-run the search finds two planted canaries, and nothing else'
kill "$canary"
canary=none
rm "$GREENBOARD_STATE_DIR/canary"

touch "$SB/go"
finish leaking
is "$status" 0 'the run ends well'
for command in 'check' 'check -o json' 'check -o junit' 'runs show' 'runs show -o json' 'runs attach' \
    'audit list -o json' 'history -o json' 'config show' 'config check' 'deploy --dry-run'; do
    # shellcheck disable=SC2086 # a list of words
    env PROBE_PASSWORD="$PROBE" greenboard -c "$CONFIG" $command >"$TMPDIR/all.${command// /_}" 2>&1
done
ok 'the commands said something' test "$(cat "$TMPDIR"/all.* | wc -l)" -gt 100
ok 'and the run recorded something' says "$(greenboard runs show -o json | jq -r .output)" 'all was shown'
is "$(leaks)" '' 'no secret in any output, in the log, in the state, in any process'
done_testing
