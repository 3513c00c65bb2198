# End-to-end tests: TAP, a sandbox of their own, waiting without sleeping long.
#
# A test file begins with `. "${0%/*}/lib.sh"; sandboxed [OPTION…]`, after which it runs inside one
# `greenboard sandbox`, and ends with `done_testing`: a file that dies before prints no plan, which
# tests/run counts as a failure. GREENBOARD names the program, GREENBOARD_TESTS the directory with
# the test programs; the Makefile sets both.
# shellcheck shell=bash

set -u
: "${GREENBOARD:?names the greenboard to test; make check sets it}"
: "${GREENBOARD_TESTS:?names the directory of the test programs; make check sets it}"
E2E_COUNT=0
E2E_FAILED=0
E2E_PEAK=65536 # KiB that greenboard may have resident, whatever it is fed; a sanitizer's shadow counts
[ -z "${ASAN_OPTIONS:-}${TSAN_OPTIONS:-}" ] || E2E_PEAK=$((E2E_PEAK * 12))
E2E_LIMIT=30 # seconds that wait_for waits at most, unless told otherwise

# ---- a place of its own ----

# Everything that greenboard writes lands below E2E_DIR, which the outer process removes.
sandboxed() {
    [ -n "${E2E_INSIDE:-}" ] && return
    # Short, so that a socket fits below it.
    E2E_DIR=$(mktemp -d /tmp/gb-e2e.XXXXXX) || exit 1
    mkdir -m 700 "$E2E_DIR/run" "$E2E_DIR/home" "$E2E_DIR/tmp"
    export E2E_DIR E2E_INSIDE=1 HOME=$E2E_DIR/home XDG_RUNTIME_DIR=$E2E_DIR/run
    export TMPDIR=$E2E_DIR/tmp GREENBOARD_SANDBOX_PACE=${GREENBOARD_SANDBOX_PACE:-fast}
    export LC_ALL=C.UTF-8 TZ=UTC
    unset XDG_STATE_HOME XDG_CONFIG_HOME GREENBOARD_SANDBOX GREENBOARD_CONFIG NO_COLOR \
        GREENBOARD_STATE_DIR GREENBOARD_LOG TMUX
    "$GREENBOARD" sandbox "$@" -- bash "$0" &
    E2E_CHILD=$!
    trap 'kill "$E2E_CHILD" 2>/dev/null; wait "$E2E_CHILD"; rm -rf "$E2E_DIR"; exit 143' TERM INT
    wait "$E2E_CHILD"
    local status=$?
    rm -rf "$E2E_DIR"
    exit "$status"
}

# ---- TAP ----

result() { # 0|1 NAME
    E2E_COUNT=$((E2E_COUNT + 1))
    if [ "$1" = 0 ]; then
        echo "ok $E2E_COUNT - $2"
        return 0
    fi
    E2E_FAILED=$((E2E_FAILED + 1))
    echo "not ok $E2E_COUNT - $2"
    return 1
}

diag() { printf '%s\n' "$*" | head -c 4000 | sed 's/^/# /'; }

ok() { # NAME COMMAND…
    local name=$1
    shift
    if "$@"; then
        result 0 "$name"
    else
        result 1 "$name"
        diag "failed: $*"
    fi
}

not() { ! "$@"; }

is() { # GOT EXPECTED NAME
    if [ "$1" = "$2" ]; then
        result 0 "$3"
    else
        result 1 "$3"
        diag "     got: $1"
        diag "expected: $2"
    fi
}

like() { # GOT REGEX NAME
    if [[ $1 =~ $2 ]]; then
        result 0 "$3"
    else
        result 1 "$3"
        diag "     got: $1"
        diag "expected: /$2/"
    fi
}

unlike() { # GOT REGEX NAME
    if [[ $1 =~ $2 ]]; then
        result 1 "$3"
        diag "     got: $1"
        diag "expected nothing like: /$2/"
    else
        result 0 "$3"
    fi
}

skip() { # COUNT WHY
    local i
    for ((i = 0; i < $1; i++)); do
        E2E_COUNT=$((E2E_COUNT + 1))
        echo "ok $E2E_COUNT # SKIP $2"
    done
}

done_testing() {
    echo "1..$E2E_COUNT"
    [ "$E2E_FAILED" = 0 ]
    exit
}

# ---- asking greenboard ----

status=0
out=''
# shellcheck disable=SC2034 # read by the test files
err=''

# run COMMAND…: status, out and err of it.
run() {
    "$@" >"$TMPDIR/out" 2>"$TMPDIR/err" </dev/null
    status=$?
    out=$(<"$TMPDIR/out")
    # shellcheck disable=SC2034 # read by the test files
    err=$(<"$TMPDIR/err")
}

# begin NAME COMMAND…: the same in the background; finish NAME waits for its end.
declare -A E2E_PIDS
begin() {
    local name=$1
    shift
    "$@" >"$TMPDIR/$name.out" 2>"$TMPDIR/$name.err" </dev/null &
    E2E_PIDS[$name]=$!
}

finish() { # NAME
    local pid=${E2E_PIDS[$1]}
    wait_for not lives "$pid" || { diag "$1 does not end"; kill -9 "$pid"; }
    wait "$pid"
    status=$?
    out=$(<"$TMPDIR/$1.out")
    # shellcheck disable=SC2034 # read by the test files
    err=$(<"$TMPDIR/$1.err")
}

# A deploy command that is not the sandbox's makes no revision, and what runs stays what it was.
E2E_BARE='if .deploy.command | index("deploy-command") then . else .deploy.verify.revisions = [] | del(.release.running) end'

# configure FILTER [ARG…]: a configuration beside the sandbox's own, changed by jq; its path.
E2E_CONFIGS=0
configure() {
    local filter=$1
    shift
    E2E_CONFIGS=$((E2E_CONFIGS + 1))
    CONFIG=$GREENBOARD_SANDBOX/changed-$E2E_CONFIGS.json
    jq "$@" ".environments.staging |= ($filter | $E2E_BARE)" "$GREENBOARD_CONFIG" >"$CONFIG"
}

fault() { greenboard sandbox fault "$1" "$2" || diag "fault $1 $2 failed"; }
# jq over $out.
json() { jq -r "$1" <<<"$out" 2>&1; }
json_is() { is "$(json "$1")" "$2" "$3"; }
json_like() { like "$(json "$1")" "$2" "$3"; }

# Milliseconds since boot.
now_ms() {
    local up
    read -r up _ </proc/uptime
    up=${up/./}
    echo $((10#$up * 10))
}

# wait_for [-t SECONDS] COMMAND…: true as soon as it is, false at the limit.
wait_for() {
    local limit=$E2E_LIMIT
    [ "$1" = -t ] && { limit=$2; shift 2; }
    local end=$(($(now_ms) + limit * 1000))
    until "$@"; do
        [ "$(now_ms)" -lt "$end" ] || return 1
        sleep 0.03
    done
}

# True where FILE holds a line that matches.
says() { grep -qE -- "$2" "$1" 2>/dev/null; } # FILE REGEX

# What a recording holds, as it was printed. Its last line may not be whole yet.
printed() { jq -rRj 'fromjson? | arrays | select(.[1] == "o") | .[2]' "$1"; } # FILE

run_says() { # REASON REGEX: the newest run is this one, and its command printed that
    local record
    record=$(greenboard runs show -o json 2>/dev/null) &&
        [ "$(jq -r .reason <<<"$record")" = "$1" ] &&
        printed "$(jq -r .output <<<"$record")" 2>/dev/null | grep -qE -- "$2"
}

# True while a process (and not only its entry) is there.
lives() {
    local state
    read -r state < <(sed -n 's/^State:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null) || return 1
    [[ $state != Z* ]]
}
