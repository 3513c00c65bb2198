# Machines that deploy one system: a state directory of its own stands for each. Their command, ship,
# waits until it may end. Sourced behind lib.sh and sandboxed.
# shellcheck shell=bash
# Some functions are called by name.
# shellcheck disable=SC2317

SB=$GREENBOARD_SANDBOX
# shellcheck disable=SC2034 # read by the test files
KEY='greenboard:lease:{sandbox/staging}'

# A line for each start: the fence in the environment, and the one among its arguments.
cat >"$SB/ship" <<'SCRIPT'
#!/bin/bash
echo "$GREENBOARD_FENCE" "$@" >>started
for ((i = 0; i < 2000; i++)); do
    [ ! -e go ] || exit 0
    sleep 0.02
done
exit 1
SCRIPT
# A check that answers a console at once, and a supervisor when it may.
cat >"$SB/slow" <<'SCRIPT'
#!/bin/bash
read -r who <"/proc/$PPID/comm"
echo "$who" >>asked
[ "$who" != greenboard-run ] || until [ -e answer ]; do sleep 0.02; done
echo 'fine'
SCRIPT
chmod +x "$SB/ship" "$SB/slow"
# shellcheck disable=SC2034 # read by the test files
SLOW='.checks += [{type: "command", name: "slow", command: ["./slow"], deadline: "50s", period: "55s"}]
    | .gate.max_age = "3m"'

on() { # MACHINE COMMAND…
    local machine=$1
    shift
    GREENBOARD_STATE_DIR=$SB/$machine "$@"
}
deploy() { on "$1" greenboard -c "$CONFIG" deploy --confirm staging --reason "$2"; } # MACHINE REASON
record() { on "$1" greenboard runs show -o json; }                                     # MACHINE
supervisor() { record "$1" | jq -r .supervisor.pid; }
started() { wc -l 2>/dev/null <"$SB/started" || echo 0; }
ships() { [ "$(started)" -gt "$1" ]; } # COUNT: one more command says that it runs
# `left` tells the time that the lease has yet; `least` is what it was: more is a renewal.
renewed() { [ "$(left)" -gt "$least" ] || ! least=$(left); }
