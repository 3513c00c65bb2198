#!/bin/bash
# Two deploys at the same moment, and a run whose supervisor was killed.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in

SB=$GREENBOARD_SANDBOX
deploys() { wc -l 2>/dev/null <"$SB/deploys" || echo 0; }

# ---- two at once ----

for round in 1 2 3; do
    before=$(deploys)
    begin one greenboard deploy --confirm staging --reason "one of round $round"
    begin two greenboard deploy --confirm staging --reason "two of round $round"
    finish one
    first=$status said=$out$err
    finish two
    is "$(sort -n <<<"$first"$'\n'"$status" | paste -sd' ')" '0 75' \
        "round $round: one deploys, the other is told that somebody else holds the lock"
    [ "$first" = 75 ] || said=$out$err
    like "$said" 'run 2.*|lock' "round $round: and by whom"
    is "$(deploys)" $((before + 1)) "round $round: the command ran once"
done
run greenboard runs list -o json
json_is '[.[] | select(.outcome == "verified")] | length' 3 'each round has one verified run'
run greenboard audit list -o json
# (Its command may have been too late, and tried again within the run.)
json_is '[.[] | select(.type == "run.started").run] | unique | length' 3 'and of each the start is on the trail'

# ---- a supervisor that was killed ----

# Its command hears the terminal go away, and goes on all the same.
cat >"$SB/stubborn" <<'SCRIPT'
#!/bin/bash
trap '' HUP PIPE
echo started >>deploys
echo waiting for ever
while :; do sleep 0.05; done
SCRIPT
chmod +x "$SB/stubborn"
configure '.deploy.command = ["./stubborn"]'
before=$(deploys)
begin orphan greenboard -c "$CONFIG" deploy --confirm staging --reason 'to be orphaned'
ok 'a stubborn deploy runs' wait_for run_says 'to be orphaned' 'waiting for ever'
run greenboard runs show -o json
id=$(json .id) supervisor=$(json .supervisor.pid) group=$(json .group.pid)
kill -9 "$supervisor"
finish orphan
is "$status" 70 'who started it is told that the supervisor died'
like "$err" "runs resolve $id" 'and what to do'
ok 'the command lives on' lives "$group"

run greenboard deploy --confirm staging --reason 'too early'
is "$status" 75 'a run without an end blocks the next'
like "$err" "$id" 'and is named'
run greenboard runs resolve "$id"
is "$status" 64 'it is not resolved without a reason'
run greenboard runs resolve "$id" --reason 'I looked'
is "$status" 75 'it is not resolved while its process group lives'
kill -9 -- "-$group"
ok 'the command is gone' wait_for not lives "$group"
run greenboard deploy --confirm staging --reason 'still too early'
is "$status" 75 'a dead run without an end blocks still'
run greenboard runs list -o json
json_is '.[0].id + " " + .[0].outcome' "$id " 'it is listed without an outcome'
run greenboard runs resolve "$id" --reason 'I looked, nothing was shipped'
is "$status" 0 'now it is resolved'
run greenboard runs show "$id" -o json
json_is '.outcome + ": " + .resolved.reason' 'resolved: I looked, nothing was shipped' \
    'the record says who resolved it and why'
run greenboard audit list -o json
json_is '[.[] | select(.type == "run.resolved") | .run] | join(" ")' "$id" 'and so does the trail'
is "$(deploys)" $((before + 1)) 'nothing ran in the meantime'
run greenboard deploy --confirm staging --reason 'at last'
is "$status" 0 'the next deploy runs'
is "$(deploys)" $((before + 2)) 'and its command did'

# ---- the lock ends with its holder, the guard with the run ----

run greenboard audit verify
is "$status" 0 'the trail is whole after all that'
done_testing
