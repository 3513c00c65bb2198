#!/bin/bash
# Consoles and supervisors that are killed in the middle of a deploy of the sandbox, and what a
# person finds afterwards. KILLS says how many consoles are.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=tests/e2e/terminal.sh
. "${0%/*}/terminal.sh"
sandboxed --stand-in

SB=$GREENBOARD_SANDBOX
deploys() { wc -l 2>/dev/null <"$SB/deploys" || echo 0; }
newest() { greenboard runs show -o json | jq -r "$1"; }
over() { [ "$(newest .phase)" = ended ]; }

# ---- who started it is killed ----

mkfifo "$SB/go"
printf '#!/bin/bash\ntrap "" HUP PIPE\necho x >>deploys\nseq 500\nread -r _ <go\necho the end\n' >"$SB/waits"
chmod +x "$SB/waits"
configure 'del(.release.running) | .deploy.verify.revisions = [] | .deploy.command = ["./waits"]'
WAITING=$CONFIG
for round in $(seq "${KILLS:-3}"); do
    before=$(deploys)
    begin "round$round" greenboard -c "$WAITING" deploy --confirm staging --reason "round $round"
    ok "round $round: it runs" wait_for run_says "round $round" '500'
    kill -9 "${E2E_PIDS[round$round]}"
    wait "${E2E_PIDS[round$round]}" 2>/dev/null
    echo >"$SB/go"
    run greenboard runs attach
    is "$status" 0 "round $round: it goes on without who started it, and ends verified"
    is "$(grep -cE '^([0-9]+|the end)$' <<<"$out")" 501 "round $round: attaching shows every line"
    is "$(deploys)" $((before + 1)) "round $round: it was started once"
done

# ---- the supervisor is killed ----

before=$(deploys)
begin orphan greenboard -c "$WAITING" deploy --confirm staging --reason 'to be orphaned'
ok 'another one runs' wait_for run_says 'to be orphaned' '500'
id=$(newest .id) group=$(newest .group.pid)
kill -9 "$(newest .supervisor.pid)"
finish orphan
is "$status" 70 'who started it is told'
like "$err" "UNKNOWN.*resolve $id" 'that nobody knows what became of it, and what to do'
run greenboard runs list
like "$out" "$id .* UNKNOWN" 'it is listed as UNKNOWN'
run greenboard runs show "$id"
like "$out" 'deploy began at .*its end is not recorded.*still running: .*it printed last.*500' \
    'its page tells the step, what is left of it and what it printed last'
run greenboard runs list -o json
json_is '.[0] | [.unknown, .outcome, .known_good] | tostring' '[true,null,false]' 'and programs see it'
run greenboard deploy --confirm staging --reason 'too early'
is "$status" 75 'it locks the environment'

begin_terminal
console
seen 'the next console shows it' "UNKNOWN: its supervisor is gone"
keys R
seen 'R tells what is known' 'still running'
text 'looks done'
keys Enter
seen 'it is not resolved while its command lives' 'still runs'
keys Escape
kill -9 -- "-$group"
ok 'the command is gone' wait_for not lives "$group"
keys R
seen 'R again' 'no process of its command is left'
keys Enter
seen 'without a word it is not resolved' 'say what you found'
text 'I looked: nothing was shipped'
keys Enter
seen 'with one it is' 'resolved: its supervisor died'
keys q
keys q
ok 'the console leaves' wait_for not lives "$CONSOLE"
run greenboard runs show "$id" -o json
json_is '.outcome + ": " + .resolved.reason' 'resolved: I looked: nothing was shipped' 'the record says so'
is "$(deploys)" $((before + 1)) 'it was never started again'

# ---- a repair from the console ----

run greenboard deploy --confirm staging --reason 'something to mend'
is "$status" 0 'the next deploy goes through'
fault secret_rotated on
console
seen 'the board is red' 'NO-GO.*jwt_sync'
keys Enter
seen 'the page of the check offers what mends it' 'm mends: re-mount secret'
keys m
seen 'm shows the plan' 'repair-command'
seen 'it waits for no green, and asks why' 'Say why'
text 'version 8 is out'
keys Enter
seen 'then for the name' "To repair, type the environment's name"
text staging
keys Enter
seen 'the repair runs and is verified' 'verified: the command succeeded'
keys q
keys q
seen 'the board is green' ' GO .*([0-9]+) of \1 green'
keys Enter
keys m
seen 'what is green is not mended' 'no repair is for'
keys q
keys q
tmux kill-server
run greenboard runs show -o json
json_is '.kind + " " + .outcome + ": " + .reason' 'repair verified: version 8 is out' 'its record says why'

# ---- a repair as text ----

fault secret_rotated off
fault secret_rotated on
mkfifo "$TMPDIR/typed"
script -qefc 'greenboard --plain' /dev/null <"$TMPDIR/typed" >"$TMPDIR/plain" 2>&1 &
plain=$!
exec 3>"$TMPDIR/typed"
says_plain() { wait_for says "$TMPDIR/plain" "$1" || diag "$(<"$TMPDIR/plain")"; }
ok 'plain: it is red, and what mends it is told' says_plain "mends: greenboard repair 're-mount secret'"
echo 'm re-mount secret' >&3
ok 'plain: the plan, then why' says_plain 'why\? one line'
echo 'told as text' >&3
ok 'plain: then the name' says_plain 'to repair, type staging'
echo staging >&3
ok 'plain: it runs and is verified' says_plain 'repair .* verified'
echo q >&3
exec 3>&-
wait "$plain"
run greenboard runs show -o json
json_is '.kind + ": " + .reason' 'repair: told as text' 'plain: the record says why'
run greenboard audit verify
is "$status" 0 'the trail is whole'
done_testing
