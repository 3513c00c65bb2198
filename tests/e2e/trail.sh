#!/bin/bash
# What a console sees is kept: each check's answers, each change, and each decision of the gate.
. "${0%/*}/lib.sh"
sandboxed

mkfifo "$TMPDIR/keys"
exec 9<>"$TMPDIR/keys"
greenboard --plain <&9 >"$TMPDIR/stream" 2>&1 &
console=$!

trail() { greenboard audit list | grep -Eq "$1"; }
kept() { [ "$(greenboard history -o json | jq '[.[].check] | unique | length')" = "$(greenboard check -o json | jq '.checks | length')" ]; }

ok 'the gate that opened is on the trail' wait_for trail 'gate\.changed .*gate open'
ok 'the first answer of every check is in the history' wait_for kept
fault redis_down on
ok 'a check that failed is on the trail' wait_for trail 'check\.changed .*redis went from OK to FAIL'
ok 'and so is the gate that it closed' wait_for trail 'gate\.changed .*gate closed: redis'
fault redis_down off
ok 'and the check that is well again' wait_for trail 'check\.changed .*redis went from FAIL to OK'
run greenboard audit verify
is "$status" 0 'the chain is whole'
echo q >&9
wait "$console"
is "$?" 0 'the console leaves'
done_testing
