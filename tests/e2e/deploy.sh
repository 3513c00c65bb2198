#!/bin/bash
# A deploy through the gate: what starts it and what does not, what is recorded, how it ends.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed

SB=$GREENBOARD_SANDBOX
untouched() { [ ! -e "$SB/deployed" ] && [ ! -e "$SB/deploys" ]; }
deploys() { wc -l 2>/dev/null <"$SB/deploys" || echo 0; }
last_run() { run greenboard runs show -o json; }
run_id() { greenboard runs show -o json | jq -r .id; }

# ---- what starts nothing ----

run greenboard deploy --confirm production --reason 'wrong name'
is "$status" 64 'the name of another environment: usage'
like "$err" 'production.*staging' 'both names are said'
run greenboard deploy --reason 'no name'
is "$status" 64 'without a terminal and --confirm: usage'
like "$err" '--confirm staging' 'what to say is said'
run greenboard --read-only deploy --confirm staging
is "$status" 64 'read-only: usage'
run greenboard deploy --confirm staging --release '-rf'
is "$status" 64 'a release that would be an option: usage'
run greenboard deploy --dry-run
is "$status" 0 'a dry run: the verdict'
like "$out" "$(<"$SB/release").*to staging" 'a dry run shows the plan'
jq '.environments.staging.backup.files += ["not-there.env"]' "$SB/greenboard.json" >"$SB/unkept.json"
run greenboard -c "$SB/unkept.json" deploy --dry-run
is "$status" 0 'a dry run with a file that cannot be kept: the verdict all the same'
like "$out" 'but +nothing would start: cannot read .*not-there.env.*take it out of `backup.files`' \
    'the plan says what cannot be kept, and what to do'
ok 'none of these started the command' untouched
run greenboard runs list -o json
json_is length 0 'and none of these is a run'

# ---- success ----

run greenboard deploy --confirm staging --reason 'first of all'
is "$status" 0 'a deploy on a green board: done and verified'
like "$out" 'serves all traffic' 'what the command printed is shown'
unlike "$out" $'\e' 'without a terminal no colours are printed'
is "$(cat "$SB/deployed")" "$(cat "$SB/release")" 'the release is deployed'
last_run
json_is .outcome verified 'the run is verified'
json_is .known_good true 'its release is known good'
json_is .release "$(cat "$SB/release")" 'the record has the release'
json_is .reason 'first of all' 'the record has the reason'
json_like .operator '.@.' 'the record has the operator'
json_like .digest '^[0-9a-f]{64}$' 'the record has what was confirmed'
json_is '[.steps[] | .name + "=" + (.status | tostring)] | join(" ")' 'lock=0 backup=0 re-read=0 checks=0 gate=0 deploy=0 verify=0 unlock=0' \
    'the record has the steps with their exit statuses'
json_is '[.steps[] | select(.name == "deploy") | .argv[]] | join(" ")' \
    "$(dirname "$GREENBOARD")/greenboard-sandbox deploy-command" 'the command is an absolute path'
json_is '.verdict_before.verdict + " " + .verdict_after.verdict' 'GO GO' 'the verdicts before and after'
json_is '.started < .ended' true 'it ended after it started'
record=$(json .output)
like "$(printed "$record")" $'\e\\[32m' 'the recorded output has its colours'
like "$(cat "$(dirname "$record")/backup/001-env")" 'WORKERS=2' 'what was configured before is kept'
like "$(cat "$(dirname "$record")/shipped/001-env")" 'WORKERS=3' 'and what it was proven with'
is "$(stat -c %a "$record")" 600 'the output is readable by its owner alone'
run greenboard runs attach
is "$status" 0 'attaching to a run that ended exits as it did'
like "$out" 'deploying .*serves all traffic' 'and shows its output from the first byte'
run greenboard audit list -o json
# On a busy machine the command is not started in time, and tried again: the trail says so.
json_like '[.[] | select(.type | startswith("run.")) | .type] | join(" ")' \
    '^(run.started run.step )+run.ended$' 'the trail has start, step and end'

# ---- the command ----

# What the command finds when it starts: the event is on the trail, and this is a live run.
cat >"$SB/look" <<'SCRIPT'
#!/bin/bash
greenboard audit list -o json | jq -r '.[-1].type + " " + .[-1].run' >seen.event
greenboard guard && echo guarded >seen.guard
tty >seen.tty
readlink /proc/self/fd/0 >seen.stdin
env >seen.env
echo "$*" >seen.args
umask >seen.umask
SCRIPT
chmod +x "$SB/look"
configure '.deploy.command = ["./look", "{release}", "{environment}", "a b"]
    | .auth_flow.login.body.password = {"env": "PROBE_PASSWORD"}'
PROBE_PASSWORD=$(<"$SB/secrets/probe")
export PROBE_PASSWORD
run greenboard -c "$CONFIG" deploy --confirm staging --reason 'look around'
is "$status" 0 'a command of our own runs'
last_run
is "$(cat "$SB/seen.event")" "run.started $(json .id)" 'the event is on the trail before the command starts'
is "$(cat "$SB/seen.guard" 2>&1)" guarded 'guard holds beneath the run'
like "$(cat "$SB/seen.stdin")" '^/dev/null$' 'the command reads from /dev/null'
is "$(cat "$SB/seen.args")" "$(<"$SB/release") staging a b" 'placeholders are replaced'
like "$(cat "$SB/seen.env")" "GREENBOARD_RELEASE=$(<"$SB/release")" 'and are variables too'
like "$(cat "$SB/seen.env")" 'GREENBOARD_ENVIRONMENT=staging' 'the environment is a variable'
unlike "$(cat "$SB/seen.env")" 'PROBE_PASSWORD' 'the name of a secret source is withheld'
is "$(cat "$SB/seen.umask")" "$(umask)" "the command has the caller's umask"
unset PROBE_PASSWORD
run greenboard guard
is "$status" 1 'guard fails outside of a run'
export GREENBOARD_RUN GREENBOARD_RUN_DIR
GREENBOARD_RUN=$(run_id)
GREENBOARD_RUN_DIR=$(sed -n 's/^GREENBOARD_RUN_DIR=//p' "$SB/seen.env")
run greenboard guard
is "$status" 1 'guard fails with the variables of a run that is over'
unset GREENBOARD_RUN GREENBOARD_RUN_DIR

# ---- bad ends ----

before=$(deploys)
fault deploy_fails on
run greenboard deploy --confirm staging --reason 'will fail'
is "$status" 3 'a command that fails: 3'
like "$out" 'quota exceeded' 'its error is shown'
last_run
json_is '.outcome + " " + (.known_good | tostring)' 'failed false' 'the run failed'
json_is '.steps[] | select(.name == "deploy") | .status' 1 'the exit status is recorded'
fault deploy_fails off

fault deploy_breaks on
run greenboard deploy --confirm staging --reason 'will break'
is "$status" 4 'a command that succeeds and breaks: 4'
last_run
json_is '.outcome + " " + (.known_good | tostring)' 'unverified false' 'the run is not verified'
json_like '.verdict_after.reasons[0]' 'jwt_sync|auth_flow' 'the verdict after it says why'
fault deploy_breaks off
fault jwt_mismatch off
is "$(deploys)" $((before + 2)) 'both ran the command once'

fault deploy_hangs on
begin hanging greenboard deploy --confirm staging --reason 'will hang'
ok 'the output of a running command is recorded' wait_for run_says 'will hang' 'waiting for the revision'
last_run
json_is .phase running 'the record says that it runs'
group=$(json .group.pid)
ok 'the command lives' lives "$group"
run greenboard runs cancel --reason 'we have seen enough'
is "$status" 0 'a run can be cancelled'
finish hanging
is "$status" 3 'a cancelled deploy: 3'
like "$out$err" 'cancelled' 'and it says so'
last_run
json_is '.outcome + ": " + .cancelled.reason' 'cancelled: we have seen enough' 'the record says who and why'
ok 'the command is gone' not lives "$group"

begin hanging greenboard deploy --confirm staging --reason 'will be ended'
ok 'it runs again' wait_for run_says 'will be ended' 'waiting for the revision'
kill -TERM "${E2E_PIDS[hanging]}"
finish hanging
is "$status" 3 'without a terminal SIGTERM cancels the run and waits for it'
last_run
json_is .outcome cancelled 'and the record says so'

configure '.deploy.timeout = "1s"'
run greenboard -c "$CONFIG" deploy --confirm staging --reason 'too slow'
is "$status" 3 'a command past its time-out: 3'
last_run
json_is .outcome 'timed out' 'and the record says so'
fault deploy_hangs off

run greenboard deploy --detach --confirm staging --reason 'by itself'
is "$status" 0 'a detached deploy returns'
run greenboard runs attach
is "$status" 0 'and ends well by itself'
like "$out" 'deploying .*serves all traffic' 'attaching shows all of it'

# ---- what changed since the confirmation ----

before=$(deploys)
# Prints another release each time: once for the plan, once for the supervisor.
printf '#!/bin/sh\necho x >>asked\necho "release-$(wc -l <asked)"\n' >"$SB/fickle"
chmod +x "$SB/fickle"
configure '.release.command = ["./fickle"]'
run greenboard -c "$CONFIG" deploy --confirm staging --reason 'moving target'
is "$status" 64 'another release than confirmed: refused'
like "$out$err" 'release-1.*release-2' 'and both are named'
run greenboard -c "$CONFIG" deploy --confirm staging --release "$(<"$SB/release")" --reason 'given'
is "$status" 0 'a release that was given is not asked for'
# The configuration changes behind the plan.
printf '#!/bin/sh\ncat release\n[ -e edited ] || { touch edited; echo >>"$1"; }\n' >"$SB/editor"
chmod +x "$SB/editor"
configure '.release.command = ["./editor", "changed-'$((E2E_CONFIGS + 1))'.json"]'
run greenboard -c "$CONFIG" deploy --confirm staging --reason 'moving configuration'
is "$status" 64 'another configuration than confirmed: refused'
like "$out$err" 'configuration' 'and it says what changed'
is "$(deploys)" $((before + 1)) 'only what was confirmed ran'
run greenboard audit list -o json
json_is '[.[] | select(.type == "deploy.refused")] | length' 2 'each refusal is on the trail'

# ---- the trail ----

run greenboard audit verify
is "$status" 0 'the trail is whole'
mkdir -m 700 "$SB/copy"
cp -a "$GREENBOARD_STATE_DIR/." "$SB/copy"
events=$(echo "$SB"/copy/*/*/events.db)
LC_ALL=C sed -i 's/will hang/will hung/' "$events"
run greenboard --state-dir "$SB/copy" audit verify
is "$status" 1 'a byte that was changed in it is found'
like "$err" 'event|[0-9]' 'and the place is named'
run greenboard audit verify
is "$status" 0 'the original is whole still'
done_testing
