#!/bin/bash
# Services that never answer, drip, flood, redirect or answer with a page: whoever asks them ends at
# its deadline, in bounded memory, and is not green.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in

DEADLINE_MS=600
LATE_MS=250

peer=''
port=''
start_peer() { # MODE [TEXT]
    : >"$TMPDIR/port"
    "$GREENBOARD_TESTS/peer" "$@" >"$TMPDIR/port" &
    peer=$!
    wait_for test -s "$TMPDIR/port" || diag "no peer: $*"
    port=$(<"$TMPDIR/port")
}

# shellcheck disable=SC2016 # jq's variables
deadlines='(.clickhouse, .redis, .jwt, .auth_flow, .auth_rate, .checks[0]) |= (.deadline = $deadline)'
# Filters that put the peer where a service was, and who asks it.
declare -A where=(
    [auth]='.services.auth.url = "http://127.0.0.1:\($port)"'
    [backend]='.services.backend.url = "http://127.0.0.1:\($port)"'
    [clickhouse]='.clickhouse.http_port = ($port | tonumber)'
    [redis]='.redis.port = ($port | tonumber)'
)
declare -A askers=(
    [auth]='jwt_sync|auth_flow|auth_rate'
    [backend]='jwt_sync|auth_flow|auth_rate|backend ready'
    [clickhouse]='clickhouse'
    [redis]='redis'
)

holds() { # SERVICE MODE [TEXT]
    local service=$1 names=${askers[$1]} slowest
    shift
    start_peer "$@"
    configure "${where[$service]} | $deadlines" --arg port "$port" --arg deadline "${DEADLINE_MS}ms"
    run "$GREENBOARD_TESTS/peak" "$TMPDIR/peak" greenboard -c "$CONFIG" check -o json
    kill "$peer"
    wait "$peer" 2>/dev/null
    is "$status $(json .verdict)" '1 NO-GO' "$service, $1: NO-GO"
    is "$(json '[.checks[] | select(.name | test("^('"$names"')$")) | select(.state == "FAIL") | .name]
         | sort | join("|")')" "$(tr '|' '\n' <<<"$names" | sort | paste -sd'|')" \
        "$service, $1: who asks it is red"
    slowest=$(json '[.checks[].duration_ms] | max | floor')
    ok "$service, $1: every check ends in time ($slowest ms)" \
        test "$slowest" -le $((DEADLINE_MS + LATE_MS))
    ok "$service, $1: in bounded memory ($(<"$TMPDIR/peak") KiB)" \
        test "$(<"$TMPDIR/peak")" -lt "$E2E_PEAK"
    is "$(json '[.checks[] | select(.state != "OK") | select((.remedy // "") == "")] | length')" 0 \
        "$service, $1: what to do is said"
}

run "$GREENBOARD_TESTS/peak" "$TMPDIR/peak" greenboard check -o json
is "$status $(json .verdict)" '0 GO' 'green before'
ok "in bounded memory when all is well ($(<"$TMPDIR/peak") KiB)" test "$(<"$TMPDIR/peak")" -lt "$E2E_PEAK"

http='HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n'
page='HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html><title>Sign in</title>OK</html>'
for service in auth backend clickhouse; do
    holds "$service" silent
    holds "$service" drip "$http"
    holds "$service" flood "$http"
    holds "$service" say 'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nConnection: close\r\n\r\n'
    json_like '[.checks[].summary] | join(" ")' 'redirect|302' "$service: the redirect is named"
    holds "$service" say "$page"
    json_like '[.checks[].summary] | join(" ")' 'HTML|JSON|Sign in|expected|instead' \
        "$service: the page is no answer"
done
holds redis silent
holds redis drip '+OK\r\n+PONG\r\n'
holds redis flood '$10737418240\r\n'
holds redis say '-MOVED 1 127.0.0.1:1\r\n'
holds redis say "$page"
done_testing
