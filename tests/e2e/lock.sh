#!/bin/bash
# Who may deploy now: a lock taken by hand, freezes and windows, and what every console says of them.
# Some functions are called by name.
# shellcheck disable=SC2317
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in

SB=$GREENBOARD_SANDBOX
deploys() { wc -l 2>/dev/null <"$SB/deploys" || echo 0; }
deploy() { run greenboard deploy --confirm staging --reason "$1"; }
trail() { greenboard audit list -o json | jq -r "[.[] | select(.type == \"$1\") | .text] | last"; }

# ---- locked by hand ----

run greenboard lock
is "$status" 64 'nothing is locked without a reason'
run greenboard --read-only lock --reason 'no'
is "$status" 64 'nor by who only looks'
run greenboard lock --reason 'database migration'
is "$status" 0 'it is locked'
me=$(greenboard audit list -o json | jq -r 'last.operator')
is "$(trail lock.taken)" 'database migration' 'the trail has it with its reason'
run greenboard lock --reason 'me too'
is "$status" 75 'a second lock is refused'
like "$err" "$me since .*database migration" 'and told who holds it, since when and why'

deploy 'against the lock'
is "$status" 75 'a deploy is refused'
like "$err" "locked by $me since 20.*: database migration" 'with who, when and why'
like "$err" 'greenboard unlock --reason' 'and what to do'
is "$(deploys)" 0 'its command did not run'
is "$(trail deploy.refused)" "$(sed -n 's/^deploy refused: //p' <<<"$out")" 'the refusal is on the trail'
run greenboard deploy --dry-run
is "$status" 0 'a dry run shows the plan all the same'
like "$err" 'no deploy starts now: locked by' 'and says that none starts'
like "$out" 'locks +the state directory .* alone' 'and what its lock reaches'

run greenboard check
is "$status" 0 'check judges the board alone'
like "$err" 'no deploy starts now: locked by .*database migration' 'and says who locked it'
run greenboard check -o json
json_is '.standing.may_deploy' false 'as JSON too: no deploy'
json_is '.standing.bars[0] | .kind + " " + .reason + " " + (.stops_rollback | tostring)' \
    'hold database migration false' 'which kind, why, and that the way back is open'
json_like '.standing.covers' 'state directory .* alone' 'and what a lock here reaches'

run greenboard unlock
is "$status" 64 'nothing is unlocked without a reason'
run greenboard unlock --reason 'migrated'
is "$status" 0 'who locked it lifts it'
is "$(trail lock.lifted)" migrated 'which the trail has'
run greenboard unlock --reason 'again'
is "$status" 64 'there is nothing more to lift'
run greenboard check -o json
json_is '.standing | .may_deploy, (.bars | length)' $'true\n0' 'nothing is in the way any more'
deploy 'after the lock'
is "$status" 0 'a deploy goes through'

# ---- locked by somebody else ----

greenboard lock --reason 'mine' >/dev/null
hold=$(find "$GREENBOARD_STATE_DIR" -name hold.json)
id=$(jq -r .id "$hold")
jq '.who = "eve@elsewhere"' "$hold" >"$TMPDIR/hold" && mv "$TMPDIR/hold" "$hold"
run greenboard unlock --reason 'in a hurry'
is "$status" 64 'what somebody else locked is not lifted just so'
like "$err" "eve@elsewhere.*$id" 'it is said by whom, and by which ID it could be'
run greenboard unlock --reason 'in a hurry' 00000000
is "$status" 64 'another ID does not do'
run greenboard unlock --reason 'eve is away' "$id"
is "$status" 0 'its ID and a reason do'
is "$(trail lock.stolen)" 'eve is away' 'and the trail calls it stolen'
printf '{' >"$hold"
deploy 'unreadable'
is "$status" 75 'a lock that cannot be read is one'
like "$err" "$hold" 'and says where'
rm "$hold"

# ---- locked behind the back of who confirmed ----

# A check that does not answer until it may: its second asking is the supervisor's.
cat >"$SB/slow" <<'SCRIPT'
#!/bin/bash
echo asked >>asked
until [ -e go ]; do sleep 0.02; done
echo 'fine'
SCRIPT
chmod +x "$SB/slow"
slow='.checks += [{type: "command", name: "slow", command: ["./slow"], deadline: "50s", period: "55s"}]
    | .gate.max_age = "3m"'
configure "$slow"
begin late greenboard -c "$CONFIG" deploy --confirm staging --reason 'locked meanwhile'
ok 'a deploy asks its checks' wait_for says "$SB/asked" asked
before=$(deploys)
greenboard lock --reason 'just now' >/dev/null
touch "$SB/go"
finish late
is "$status" 75 'a lock taken after the first look is obeyed by the supervisor'
like "$err" 'just now' 'with its reason'
is "$(deploys)" "$before" 'and nothing was run'
greenboard unlock --reason 'done' >/dev/null

# ---- what goes back or mends is let through ----

cat >"$SB/lamp" <<'SCRIPT'
#!/bin/bash
[ -e mended ] || { echo 'the lamp is out'; exit 2; }
echo 'the lamp is lit'
SCRIPT
chmod +x "$SB/lamp"
lamp='.checks += [{type: "command", name: "lamp", command: ["./lamp"]}]
    | .repairs = [{name: "light", for: ["lamp"], command: ["touch", "mended"]}]'
configure "$lamp"
greenboard lock --reason 'not tonight' >/dev/null
run greenboard -c "$CONFIG" repair light --confirm staging --reason 'it is dark'
is "$status" 0 'a repair goes through a lock'
like "$err" 'not tonight' 'and is told of it'
like "$err" 'let through' 'and that it is let through'
like "$(trail lock.passed)" 'locked by .*not tonight' 'which the trail has'
rm "$SB/mended"
configure "$lamp"' | .freezes = [{from: "2020-01-01T00:00:00Z", to: "2999-01-01T00:00:00Z", reason: "winter"}]'
run greenboard -c "$CONFIG" repair light --confirm staging --reason 'dark in winter'
is "$status" 0 'and through a freeze'
like "$(trail lock.passed)" winter 'which the trail has as well'
greenboard unlock --reason 'morning' >/dev/null

# ---- freezes and windows ----

configure '.freezes = [{from: "2020-01-01T00:00:00Z", to: "2999-01-01T00:00:00+02:00", reason: "the long winter"}]'
run greenboard -c "$CONFIG" deploy --confirm staging --reason 'frozen'
is "$status" 75 'in a freeze a deploy is refused'
like "$err" 'the long winter' 'with the reason'
like "$err" 'possible again from 2998-12-31 22:00Z' 'and until when'
days=$(for ((i = 3; i < 5; i++)); do date -u -d "+$i days" +%a; done | tr '[:upper:]' '[:lower:]' | jq -Rn '[inputs]' -c)
configure ".windows = [{days: $days, from: \"10:00\", to: \"11:00\", zone: \"UTC\"}]"
run greenboard -c "$CONFIG" deploy --confirm staging --reason 'outside'
is "$status" 75 'outside all windows a deploy is refused'
like "$err" "possible again from $(date -u -d '+3 days' +%F) 10:00Z" 'with when one opens'
configure '.windows = [{days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], from: "00:00", to: "24:00"}]'
run greenboard -c "$CONFIG" deploy --confirm staging --reason 'inside'
is "$status" 0 'inside a window it goes through'

# ---- a console that is open ----

mkfifo "$TMPDIR/keys"
greenboard --plain <"$TMPDIR/keys" >"$TMPDIR/plain" 2>&1 &
plain=$!
exec 7>"$TMPDIR/keys"
ok 'a console tells its board' wait_for says "$TMPDIR/plain" 'of .* green'
greenboard lock --reason 'seen from afar' >/dev/null
ok 'it says who locked, without being asked' wait_for says "$TMPDIR/plain" 'no deploy starts now: locked by .*seen from afar'
greenboard unlock --reason 'enough' >/dev/null
ok 'and that nobody does any more' wait_for says "$TMPDIR/plain" 'nothing but the gate'
echo q >&7
ok 'it leaves' wait_for not lives "$plain"
exec 7>&-

run greenboard audit verify
is "$status" 0 'the trail is whole after all that'
done_testing
