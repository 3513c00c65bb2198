#!/bin/bash
# The other ways in: formats, names, help, history.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in

in_ascii() { ! LC_ALL=C grep -q '[^ -~]' <<<"$1"; }

# ---- check ----

run greenboard check
is "$status" 0 'text: GO exits 0'
like "$out" $'(^|\n)GO .*10 of 10 green' 'text: the verdict'
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
run greenboard rollback --list -o yaml
is "$status $err" $'64 greenboard: no output "yaml"\n  use text or json' 'and it is said once'
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
json_is 'map(.check) | unique | length' 10 'history: each check'
run greenboard history --check redis
like "$out" '✓ OK' 'history: as text'
unlike "$out" 'clickhouse' 'history: of one check'
run greenboard history --since 2099-01-01
is "$status$out" 0 'history: nothing since then'
run greenboard history --since yesterdayish
is "$status" 64 'history: a time that is none'
done_testing
