#!/bin/bash
# `greenboard guard`, the first line of a deploy script: beneath the command of a live run alone.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
EXAMPLES=$(cd "${0%/*}/../../examples" && pwd)
export EXAMPLES
sandboxed --stand-in

SB=$GREENBOARD_SANDBOX
said() { cat "$SB/said.$1" 2>&1; }

# ---- where it may go on ----

# ask NAME: keeps the status of the guard as this process, a grandchild and a Python child have it.
cat >"$SB/ask" <<'SCRIPT'
#!/bin/bash
greenboard guard 2>"said.$1.err"
echo $? >"said.$1"
(bash -c 'greenboard guard; echo $?; exit 0' >"said.$1.grandchild" 2>/dev/null)
setsid -w bash -c 'greenboard guard; echo $?; exit 0' >"said.$1.session" 2>/dev/null
command -v python3 >/dev/null && python3 -c '
import subprocess, sys
print(subprocess.call(["greenboard", "guard"], stderr=subprocess.DEVNULL))' >"said.$1.python"
exit 0
SCRIPT
cat >"$SB/wait" <<'SCRIPT'
#!/bin/bash
env >environment
echo waiting for the word
until [ -e go ]; do sleep 0.02; done
SCRIPT
chmod +x "$SB/ask" "$SB/wait"
configure 'del(.release.running) | .deploy.verify.revisions = [] | .deploy.before = [{"name": "early", "command": ["./ask", "early"]}]
    | .deploy.after = [{"name": "late", "command": ["./ask", "late"]}]
    | .deploy.command = ["./ask", "command"] | .rollback.command = ["./ask", "back"]'
run greenboard -c "$CONFIG" deploy --confirm staging --reason 'ask everywhere'
is "$status" 0 'a deploy whose steps ask'
is "$(said command)" 0 'beneath the command: 0'
is "$(said command.grandchild)" 0 'from a grandchild too'
is "$(said command.session)" 0 'and from a session of its own'
if command -v python3 >/dev/null; then
    is "$(said command.python)" 0 'and from a Python child'
else
    skip 1 'python3 is not installed'
fi
is "$(said early)" 1 'in a step before it: refused'
is "$(said early.grandchild)" 1 'there from a grandchild too'
is "$(said late)" 1 'in a step after it: refused'
like "$(said early.err)" 'does not run this.*greenboard deploy' 'it says so, and how to deploy'

# ---- where it may not ----

run greenboard guard
is "$status" 1 'outside of a run: refused'
like "$err" 'not started by greenboard.*greenboard deploy' 'it says how to deploy'
configure 'del(.release.running) | .deploy.verify.revisions = [] | .deploy.command = ["./wait"]'
begin waiting greenboard -c "$CONFIG" deploy --confirm staging --reason 'runs elsewhere'
ok 'a run waits' wait_for run_says 'runs elsewhere' 'waiting for the word'
copied() { env -i PATH="$PATH" HOME="$HOME" "$(sed -n '/^XDG_RUNTIME_DIR=/p' "$SB/environment")" \
    "$(sed -n '/^GREENBOARD_RUN=/p' "$SB/environment")" \
    "$(sed -n '/^GREENBOARD_RUN_DIR=/p' "$SB/environment")" greenboard guard; }
run copied
is "$status" 1 'with the variables of a live run, but not beneath it: refused'
like "$err" 'does not run this' 'its supervisor says so'
: >"$SB/go"
finish waiting
is "$status" 0 'that run ends well'
run copied
is "$status" 1 'with those of a run that is over: refused'
like "$err" 'is over' 'it says so'

# ---- the example ----

if ! command -v python3 >/dev/null; then
    skip 8 'python3 is not installed'
    done_testing
fi
mkdir "$SB/bin"
cat >"$SB/bin/gcloud" <<'SCRIPT'
#!/bin/bash
echo "$*" >>"$GREENBOARD_SANDBOX/gcloud.said"
[ "$2 $3" = 'services list' ] && cat "$GREENBOARD_SANDBOX/label" 2>/dev/null
[ "$2" != deploy ] || exit "$(cat "$GREENBOARD_SANDBOX/ends" 2>/dev/null || echo 0)"
SCRIPT
chmod +x "$SB/bin/gcloud"
export PATH=$SB/bin:$PATH
configure 'del(.release.running) | .deploy.verify.revisions = [] | .deploy.command = ["python3", $script, "--project", "netra-staging"]' \
    --arg script "$EXAMPLES/deploy_to_gcp.py"
run python3 "$EXAMPLES/deploy_to_gcp.py" --project netra-staging
is "$status" 1 'the example by itself: refused'
ok 'and it asked Google for nothing' test ! -e "$SB/gcloud.said"
run greenboard -c "$CONFIG" deploy --confirm staging --reason 'by the example'
is "$status" 0 'beneath a run it deploys'
like "$(cat "$SB/gcloud.said")" "deploy netra-backend-staging .*:$(<"$SB/release") .*greenboard-fence=[0-9]" \
    'with the release and the fence of the run'
echo 7 >"$SB/ends"
run greenboard -c "$CONFIG" deploy --confirm staging --reason 'gcloud fails'
is "$status" 3 'where gcloud fails the deploy fails'
run greenboard runs show -o json
json_is '.steps[] | select(.name == "deploy") | .status' 7 'with its status'
rm "$SB/ends"
echo 999999 >"$SB/label"
run greenboard -c "$CONFIG" deploy --confirm staging --reason 'overtaken'
is "$status" 3 'where a later run has shipped it ships nothing'
like "$out" 'shipped by a later run' 'and says so'
done_testing
