# Servers of this machine's redis-server, by a name each, which end with the test. Sourced behind lib.sh
# and sandboxed.
# shellcheck shell=bash
# Some functions are called by name.
# shellcheck disable=SC2317

for tool in redis-server redis-cli; do
    command -v "$tool" >/dev/null || { skip 1 "$tool is missing"; done_testing; }
done

declare -A PIDS PORTS
stop_all() {
    local pid
    for pid in "${PIDS[@]}"; do kill -9 "$pid" 2>/dev/null; done
}
trap stop_all EXIT

stop() { # NAME
    kill -9 "${PIDS[$1]}"
    wait "${PIDS[$1]}" 2>/dev/null
    unset "PIDS[$1]"
}

serves() { says "$TMPDIR/$1/log" "$2" || not lives "${PIDS[$1]}"; } # NAME MARKER

# launch NAME MARKER OPTION…: PORT and BUS in options are free ports, taken anew where somebody else had one.
launch() {
    local name=$1 marker=$2 attempt options
    shift 2
    for attempt in {1..20}; do
        PORTS[$name]=$((20000 + RANDOM % 12000))
        rm -rf "${TMPDIR:?}/$name"
        mkdir "$TMPDIR/$name"
        options=("${@//BUS/$((PORTS[$name] + 20000))}")
        redis-server "${options[@]//PORT/${PORTS[$name]}}" --dir "$TMPDIR/$name" --logfile "$TMPDIR/$name/log" \
            --bind 127.0.0.1 --enable-protected-configs yes >/dev/null 2>&1 &
        PIDS[$name]=$!
        wait_for serves "$name" "$marker"
        lives "${PIDS[$name]}" && return
        diag "attempt $attempt: ${PORTS[$name]} was taken"
    done
    return 1
}

server() { # NAME OPTION…
    local name=$1
    shift
    launch "$name" 'Ready to accept connections' --port PORT --save '' "$@"
}

cli() { # NAME COMMAND…
    local name=$1
    shift
    redis-cli -p "${PORTS[$name]}" --no-auth-warning ${CLI_PASSWORD:+-a "$CLI_PASSWORD"} "$@" 2>&1
}

in_step() { [[ $(cli "$1" info replication) == *state=online* ]]; } # MASTER: a replica follows it

# sentinel NAME MASTER [LINE…]: one of a council of three, of which two make a quorum, over shop.
sentinel() {
    local name=$1 master=$2
    shift 2
    mkdir -p "$TMPDIR/conf"
    printf '%s\n' "sentinel monitor shop 127.0.0.1 ${PORTS[$master]} 2" \
        'sentinel down-after-milliseconds shop 1000' "$@" >"$TMPDIR/conf/$name"
    launch "$name" '[+]monitor master shop' "$TMPDIR/conf/$name" --sentinel --port PORT
}
quorum() { [[ $(CLI_PASSWORD=${COUNCIL_PASSWORD:-} cli "${2:-one}" SENTINEL CKQUORUM shop) == $1* ]]; } # BEGINNING [NAME]
all_know() { quorum 'OK 3' one && quorum 'OK 3' two && quorum 'OK 3' three; }
