#!/bin/bash
# Many consoles at once for one lock, and for one lease on a real Redis: one winner each time. Short
# here; `make soak` sets SOAK and has 50 of them 100 times, for at most SOAK_SECONDS.
# RACE_FOR names one of the two alone. Some functions are called by name.
# shellcheck disable=SC2317
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in
# shellcheck source=tests/e2e/keeper.sh
. "${0%/*}/keeper.sh"

RACERS=20 ROUNDS=1
[ -z "${SOAK:-}" ] || RACERS=50 ROUNDS=100
END=$(($(now_ms) + ${SOAK_SECONDS:-3600} * 1000))
PLACE=$TMPDIR/place
mkdir "$PLACE"
keeper || { ok 'a redis-server starts' false; done_testing; }

# One check and a command that waits: what is measured is who wins, not how fast this machine is.
cat >"$PLACE/ship" <<'SCRIPT'
#!/bin/bash
echo "$1" >>started
until [ -e go ]; do sleep 0.02; done
SCRIPT
chmod +x "$PLACE/ship"
write_config() { # COORDINATION
    jq -n --argjson port "$PORT" "{version: 1, system: \"fleet\", environments: {test: {
        redis: {host: \"127.0.0.1\", port: \$port, deadline: \"25s\", period: \"30s\"},
        deploy: {command: [\"./ship\", \"{fence}\"], verify: {within: \"2m\", hold: \"0s\"}}
        $1}}}" >"$PLACE/greenboard.json"
}
started() { wc -l 2>/dev/null <"$PLACE/started" || echo 0; }

# race KIND: one round; a state directory each for a lease, one together for the lock.
all_but_one_ended() {
    local i left=0
    for ((i = 0; i < RACERS; i++)); do lives "${E2E_PIDS[$i]}" && left=$((left + 1)); done
    [ "$left" -le 1 ]
}
race() {
    local kind=$1 before i all=''
    before=$(started)
    rm -f "$PLACE/go"
    for ((i = 0; i < RACERS; i++)); do
        GREENBOARD_STATE_DIR=$TMPDIR/state-$kind$([ "$kind" = lock ] || echo "$i") \
            begin "$i" greenboard -c "$PLACE/greenboard.json" deploy --confirm test --reason "racer $i"
    done
    wait_for -t 300 all_but_one_ended || diag 'more than one goes on'
    touch "$PLACE/go"
    for ((i = 0; i < RACERS; i++)); do
        finish "$i"
        all+=$status$'\n'
    done
    all=$(sort <<<"$all" | uniq -c | awk 'NF > 1 {print $1 "x" $2}' | paste -sd' ')
    [ "$all" = "1x0 $((RACERS - 1))x75" ] && [ "$(started)" = $((before + 1)) ] && return
    diag "$kind: $all; $(($(started) - before)) commands"
    return 1
}

for kind in ${RACE_FOR:-lock lease}; do
    write_config "$([ "$kind" = lock ] || echo ', coordination: {redis: "environment", ttl: "20s"}')"
    rounds=0 won=0
    : >"$PLACE/started"
    while [ "$rounds" -lt "$ROUNDS" ] && [ "$(now_ms)" -lt "$END" ]; do
        rounds=$((rounds + 1))
        race "$kind" && won=$((won + 1))
    done
    is "$won of $rounds" "$rounds of $rounds" \
        "of $RACERS consoles that race for one $kind one deploys, and all others are told that it is busy"
    diag "$kind: $rounds rounds of $RACERS"
done
is "$(sort "$PLACE/started" | uniq -d)" '' 'no fence of a lease was given out twice'
done_testing
