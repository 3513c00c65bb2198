# A Redis for leases alone, which ends with the test. Sourced behind lib.sh and sandboxed.
# shellcheck shell=bash

for tool in redis-server redis-cli; do
    command -v "$tool" >/dev/null || { skip 1 "$tool is missing"; done_testing; }
done

KEEPER=''
# shellcheck disable=SC2317 # called by name
ready() { says "$TMPDIR/keeper.log" 'Ready to accept' || not lives "$KEEPER"; }
keeper() { # [PORT]: starts it, at a free port or again at that one
    local attempt
    for attempt in {1..20}; do
        PORT=${1:-$((20000 + RANDOM % 12000))}
        : >"$TMPDIR/keeper.log"
        redis-server --port "$PORT" --bind 127.0.0.1 --save '' --dir "$TMPDIR" \
            --logfile "$TMPDIR/keeper.log" >/dev/null 2>&1 &
        KEEPER=$!
        wait_for ready
        lives "$KEEPER" && return
        diag "attempt $attempt: $PORT was taken"
    done
    return 1
}
stop_keeper() { kill -9 "$KEEPER" 2>/dev/null; wait "$KEEPER" 2>/dev/null; }
trap stop_keeper EXIT
redis() { redis-cli -p "$PORT" "$@" 2>/dev/null; }
