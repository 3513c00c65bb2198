#!/bin/bash
# tests/run itself: whatever goes wrong in a test program is counted, wherever that lies.
set -u
run=$(cd "${0%/*}/.." && pwd)/run
there=$(mktemp -d) || exit 1
trap 'rm -rf "$there"' EXIT
mkdir "$there/a" "$there/b"
cd "$there/b" || exit 1
count=0

program() { # PATH LINE…
    printf '#!/bin/sh\n' >"$1"
    printf '%s\n' "${@:2}" >>"$1"
    chmod +x "$1"
}
program good 'echo ok 1 - one' 'echo ok 2 - two' 'echo 1..2'
program ../a/bad 'echo not ok 1 - one' 'echo ok 2 - two' 'echo 1..2'
program ../a/short 'echo 1..3' 'echo ok 1 - one'
program ../a/dies 'echo ok 1 - one' 'exit 3'
program ../a/silent 'exit 0'
program ../a/skips 'echo ok 1 - one' 'echo "ok 2 # SKIP no such thing"' 'echo 1..2'

counts() { # NAME STATUS LAST-LINE PROGRAM…
    local said status
    count=$((count + 1))
    said=$("$run" "${@:4}" 2>&1)
    status=$?
    said=${said##*$'\n'}
    if [ "$status $said" = "$2 $3" ]; then
        echo "ok $count - $1"
    else
        echo "not ok $count - $1"
        echo "# $status $said"
    fi
}
counts 'what passes is counted' 0 '2 passed, 0 failed' ./good
counts 'what fails is counted, in a directory above too' 1 '3 passed, 1 failed' ./good ../a/bad
counts 'results that were planned and did not come are a failure' 1 '3 passed, 1 failed' ./good ../a/short
counts 'a death is a failure' 1 '3 passed, 1 failed' ./good ../a/dies
counts 'saying nothing is a failure' 1 '2 passed, 1 failed' ./good ../a/silent
counts 'what is skipped is told' 0 '3 passed, 0 failed, 1 skipped' ./good ../a/skips
counts 'nothing at all is a failure' 1 '0 passed, 0 failed'
echo "1..$count"
