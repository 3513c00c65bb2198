#!/bin/bash
# The console on a real terminal: tmux's, one session open all the time.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=tests/e2e/terminal.sh
. "${0%/*}/terminal.sh"
sandboxed --stand-in

SB=$GREENBOARD_SANDBOX
deploys() { wc -l 2>/dev/null <"$SB/deploys" || echo 0; }

restored() { # NAME STATUS
    seen "$1: it leaves with $2" "^left $2\$"
    ok "$1: the terminal is as it was" wait_for cmp -s "$TMPDIR/before" "$TMPDIR/after"
    is "$(tmux display-message -p '#{alternate_on} #{cursor_flag} #{mouse_any_flag}')" '0 1 0' \
        "$1: the screen is the shell's, the cursor shows"
}

begin_terminal

# ---- first paint ----

redis=$(awk '$3 == "redis" { print $1 }' "$SB/processes" | tail -1)
kill -STOP "$redis"
# All that is drawn: on a slow machine Redis is red before anybody has looked at the first screen.
drawn() { sed 's/\x1b\[[0-9;]*m\|\x0f//g' "$TMPDIR/drawn" | grep -aqE -- "$1"; }
tmux pipe-pane "cat >'$TMPDIR/drawn'"
console
ok 'the panes are there before the answers' wait_for drawn '1 JWT sync.*2 ClickHouse'
ok 'the gate waits for what has not answered' wait_for drawn 'WAIT'
ok 'and redis has not answered' drawn '3 Redis[─ ]*(asking|…)'
tmux pipe-pane
kill -CONT "$redis"
seen 'the board goes green' 'GO .*10 of 10 green'
ok 'each pane says that it is' shows '3 Redis.*OK'
tmux resize-window -x 80 -y 24
ten_in_sight() { [ "$(screen | grep -cE '^.✓ OK +[a-z]')" = 10 ]; }
ok 'at 80 by 24 each of the ten checks is in sight' wait_for ten_in_sight
ok 'the bar leads to a deploy, to the runs and to the faults' shows 'D deploy .*L runs .*x break'
tmux resize-window -x 100 -y 30

# ---- breaking it ----

# So many rows down is the fault in the list.
mapfile -t down < <(greenboard sandbox faults -o json | jq 'map(.name) | range(index("redis_auth")) | "j"' -r)

keys x
seen 'x lists the faults' '\[ *\] redis_auth'
keys "${down[@]}" Enter
seen 'Enter switches one on' '\[[^ ]+ *\] redis_auth'
keys Escape
seen 'the gate closes and says why' 'NO-GO.*redis'
seen 'the pane of Redis is red' '3 Redis.*FAIL'
seen 'the bar leads on from there' 'r re-run .*B roll back .*x break'
seen 'the event is told' 'redis went from OK to FAIL|redis.*FAIL'
keys 3
keys Enter
seen 'Enter inspects: evidence' '127\.0\.0\.1:[0-9]+'
seen 'and what to do' 'password'
keys Escape
seen 'Esc goes back' '1 JWT sync'
keys '?'
seen '? tells the keys' 'On the board'
keys Escape
tmux resize-window -x 60 -y 20
seen 'it is readable at 60 by 20' 'NO-GO'
ok 'and the list is there' wait_for shows '✗.*redis'
is "$(screen | grep -cE '^.{61}')" 0 'no line is wider than the terminal'
tmux resize-window -x 20 -y 4
ok 'it outlives a tiny terminal' lives "$CONSOLE"
tmux resize-window -x 100 -y 30
seen 'and is whole again at 100 by 30' '3 Redis.*4 Auth'
keys x
seen 'the list of faults again, at the one that is on' '▸ \[[^ ]+ *\] redis_auth'
keys Enter
seen 'Enter switches it off' '\[ *\] redis_auth'
keys Escape
keys R
seen 'the board is green again' ' GO .*10 of 10 green'

# ---- a deploy ----

rm -f "$SB/pace"
keys D
seen 'D shows the plan' "type the environment's name"
ok 'with the release' shows "$(<"$SB/release")"
text production
keys Enter
seen 'another name starts nothing' 'nothing was started'
is "$(deploys)" 0 'and nothing was'
keys C-u
text staging
keys Enter
seen 'the name starts it: its output is shown' 'building netra-auth-service'
seen 'it ends verified' 'verified'
is "$(cat "$SB/deployed")" "$(cat "$SB/release")" 'and its release is deployed'
seen 'what a run that is over can be asked is offered' 'help  p play  q back'
keys q
seen 'q closes the screen of the run' '1 JWT sync'

# ---- leaving ----

keys q
restored 'q' 0
console
seen 'the console again' 'GO .*10 of 10 green'
kill -TERM "$CONSOLE"
restored 'SIGTERM' 143
console
seen 'the console once more' 'GO .*10 of 10 green'
kill -HUP "$CONSOLE"
restored 'SIGHUP' 129
if [ -n "${SANITIZED:-}" ]; then
    skip 4 'a sanitizer wants the signal for itself'
else
    console
    seen 'the console before it crashes' 'GO .*10 of 10 green'
    kill -SEGV "$CONSOLE"
    restored 'SIGSEGV' 139
fi
text 'clear; greenboard'
keys Enter
seen 'the console as a job' 'GO .*10 of 10 green'
keys C-z
seen 'Ctrl-Z stops it: the shell is back' 'Stopped'
is "$(tmux display-message -p '#{alternate_on} #{cursor_flag}')" '0 1' "and so is the shell's screen"
text fg
keys Enter
seen 'and fg brings it back' '1 JWT sync'
keys q
seen 'it leaves as ever' '^shell>'

# ---- killed in mid-deploy ----

console
seen 'green before the deploy' 'GO .*10 of 10 green'
keys D
seen 'the plan' "type the environment's name"
text staging
keys Enter
seen 'the command runs' 'building netra-auth-service'
kill -9 "$CONSOLE"
seen 'the console is gone' 'left 137|Killed'
run greenboard runs show -o json
id=$(json .id)
like "$(json .phase)" 'running' 'the run goes on without it'
text 'stty sane; tput rmcup; tput cnorm; clear'
keys Enter
wait_for shows '^shell>'
console
seen 'the next console shows that run' "$id"
seen 'from its first byte' 'deploying [0-9a-f]+ to sandbox staging'
seen 'and its end' 'verified'
run greenboard runs show "$id" -o json
json_is '.outcome + " " + (.known_good | tostring)' 'verified true' 'the run was verified as if nothing had been'
keys q
seen 'back on the board' '1 JWT sync'
keys q
restored 'after all that' 0

# ---- other ways to look ----

console --ascii
seen 'in ASCII' 'GO .*10 of 10 green'
is "$(screen | LC_ALL=C grep -c '[^ -~]')" 0 'no byte is beyond ASCII'
keys q
restored 'ASCII' 0
text 'export NO_COLOR=1'
keys Enter
console
seen 'without colour' 'GO .*10 of 10 green'
is "$(tmux capture-pane -p -e | grep -cE $'\e\\[[0-9;]*(3[0-7]|4[0-7]|9[0-7]|38|48)[;m]')" 0 'NO_COLOR: no colour'
keys q
restored 'NO_COLOR' 0
text 'unset NO_COLOR'
keys Enter
console --read-only
seen 'read-only' 'GO .*10 of 10 green'
keys D
seen 'read-only deploys nothing' 'read-only'
kill -TERM "$CONSOLE"
restored 'read-only' 143

# ---- a file of two environments ----

jq '.environments.production = .environments.staging' "$SB/greenboard.json" >"$SB/two.json"
console -c "$SB/two.json"
seen 'it asks which of two environments is meant' 'which one\?'
text 'prod'
keys Enter
seen 'half a name is none' 'there is no "prod"'
text 'production'
keys Enter
seen 'and opens the one that was named' 'sandbox . production'
keys q
restored 'picked' 0

# ---- a deploy from the stream of lines ----

before=$(deploys)
console --plain
seen 'plain: the board' '^GO .*10 of 10 green'
text d
keys Enter
seen 'plain: the plan' 'to deploy, type staging'
text production
keys Enter
seen 'plain: another name starts nothing' 'nothing was started'
is "$(deploys)" "$before" 'plain: and nothing was'
text d
keys Enter
ok 'plain: the plan again' wait_for eval '[ "$(screen | grep -c "to deploy, type staging")" = 2 ]'
like "$(screen)" 'locks: the state directory' 'plain: and what its lock reaches'
text staging
keys Enter
seen 'plain: the name starts it' 'building netra-auth-service'
seen 'plain: it ends verified' 'verified: '
is "$(deploys)" $((before + 1)) 'plain: and ran once'
text q
keys Enter
restored 'plain' 0
tmux kill-server

# ---- a stream of lines ----

mkfifo "$TMPDIR/typed"
greenboard --plain <"$TMPDIR/typed" >"$TMPDIR/plain" 2>&1 &
plain=$!
exec 3>"$TMPDIR/typed"
ok 'plain: the board as lines' wait_for says "$TMPDIR/plain" '^GO .*10 of 10 green'
fault redis_auth on
echo 'r redis' >&3
ok 'plain: what changes is told' wait_for says "$TMPDIR/plain" 'redis.*FAIL'
echo 'i redis' >&3
ok 'plain: a check is told whole' wait_for says "$TMPDIR/plain" 'target: 127'
echo 'q' >&3
wait "$plain"
is "$?" 1 'plain: q leaves with the verdict'
exec 3>&-
is "$(grep -c $'\e' "$TMPDIR/plain")" 0 'plain: no control sequence'
fault redis_auth off
done_testing
