#!/bin/bash
# What a newcomer does first, without a terminal; and that a sandbox ends all that it started.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in
# Sandboxes of their own, in this one's place: unset what would name this one.
export -n GREENBOARD_SANDBOX GREENBOARD_CONFIG GREENBOARD_STATE_DIR
XDG_RUNTIME_DIR=$E2E_DIR/other
mkdir -m 700 "$XDG_RUNTIME_DIR"
place=$XDG_RUNTIME_DIR/greenboard-sandbox-$(id -u)
empty() { [ -z "$(ls -A "$place")" ]; }
pids() { awk '{ print $1 }' "$place"/*/processes | sort -un; }
all_gone() { # PID…
    local pid
    for pid; do
        ! lives "$pid" || return 1
    done
}

# ---- as quickstart does ----

# shellcheck disable=SC2016 # for the inner shell
run greenboard sandbox -- sh -c \
    'greenboard check && greenboard deploy --confirm staging --reason "the first run" && cat "$GREENBOARD_SANDBOX/deployed"'
is "$status" 0 'check, then deploy, in a sandbox of its own'
like "$out" 'GO .*10 of 10 green' 'the board is shown'
like "$out" 'serves all traffic' 'the deploy is shown'
like "$out" 'verified' 'its outcome is shown'
like "${out##*$'\n'}" '^[0-9a-f]{40}$' 'the release is deployed'
ok 'nothing is left of it' empty
run greenboard sandbox -- sh -c 'exit 7'
is "$status" 7 'it exits as its command did'
run greenboard sandbox -- no-such-command
is "$status" 127 'a command that is not there: 127'
run greenboard sandbox --fault redis_auth -- greenboard check
is "$status" 1 'a fault from the start'

# ---- killed ----

begin doomed greenboard sandbox --stand-in -- sh -c \
    'rm -f "$GREENBOARD_SANDBOX/pace"; unset GREENBOARD_SANDBOX_PACE
     greenboard sandbox fault deploy_hangs on; greenboard deploy --confirm staging --reason doomed'
in_deploy() { grep -qs waiting "$place"/*/state/*/*/runs/*/output.cast; }
ok 'a sandbox with a deploy in it' wait_for in_deploy
mapfile -t started < <(pids)
ok 'it recorded what it started' test "${#started[@]}" -ge 4
supervisor=$(jq -r .supervisor.pid "$place"/*/state/*/*/runs/*/run.json)
kill -9 "${E2E_PIDS[doomed]}"
wait_for not lives "${E2E_PIDS[doomed]}"
run greenboard sandbox --stand-in -- true
is "$status" 0 'the next one starts'
like "$err" 'cleaned up after 1' 'and says that it cleaned up'
ok 'what the killed one had started is gone' wait_for all_gone "${started[@]}" "$supervisor"
ok 'and so are its files' empty

# ---- its command killed in mid-deploy ----

# shellcheck disable=SC2016 # for the inner shell
killed='greenboard deploy --detach --confirm staging --reason outlived; kill -9 $$'
run greenboard sandbox --stand-in -- sh -c "$killed"
is "$status" 137 'it exits as its command did'
like "$err" 'a run goes on in it, and has 5 minutes to end' 'it says that it stays for the run'
like "$err" 'deploy +verified' 'and how that ended'
ok 'then nothing is left of it' empty

# shellcheck disable=SC2016 # for the inner shell
begin lingers greenboard sandbox --stand-in -- sh -c \
    'rm -f "$GREENBOARD_SANDBOX/pace"; unset GREENBOARD_SANDBOX_PACE
     greenboard sandbox fault deploy_hangs on
     greenboard deploy --detach --confirm staging --reason lingers; kill -9 $$'
ok 'it stays for a run that hangs' wait_for says "$TMPDIR/lingers.err" 'a run goes on in it'
mapfile -t started < <(pids)
kill -INT "${E2E_PIDS[lingers]}"
finish lingers
is "$status" 137 'an interrupt ends it'
ok 'with the run' wait_for all_gone "${started[@]}"
ok 'and its files' empty

# ---- interrupted ----

begin served greenboard sandbox --stand-in
ok 'without a command it serves' wait_for says "$TMPDIR/served.out" 'export GREENBOARD_STATE_DIR='
mapfile -t started < <(pids)
(
    eval "$(<"$TMPDIR/served.out")"
    greenboard check >/dev/null
)
is "$?" 0 'the variables that it prints lead to it'
kill -INT "${E2E_PIDS[served]}"
finish served
is "$status" 0 'an interrupt ends it'
ok 'with all that it had started' wait_for all_gone "${started[@]}"
ok 'and its files' empty
done_testing
