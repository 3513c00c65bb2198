#!/bin/bash
# What a run printed: recorded, played, and what becomes of a run that cannot be recorded.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed

SB=$GREENBOARD_SANDBOX

# ---- played again ----

# As docker, cargo and a terminal's title do it.
cat >"$SB/progress" <<'SCRIPT'
#!/bin/bash
printf 'a: pulling\nb: pulling\n'
printf '\e[2A\e[Ka: done\n\e[Kb: done\n'
printf '1/2\r\e[K2/2\n\e]0;evil title\a\e[31mred\e[0m \xe2\x82\xac \xff\n'
SCRIPT
chmod +x "$SB/progress"
configure '.deploy.command = ["./progress"] | .deploy.verify.hold = "0s"'
run greenboard -c "$CONFIG" deploy --confirm staging --reason progress
is "$status" 0 'a command that draws progress runs'
run greenboard runs show -o json
record=$(json .output)
is "$(head -n 1 "$record" | jq -r '[.version, .width, .height] | join(" ")')" '2 80 24' \
    'its recording is an asciicast'
like "$(head -n 1 "$record" | jq -r .title)" '^deploy of .* to staging$' 'with the title of the run'
is "$(head -n 1 "$record" | jq -r '.env | keys | join(" ")')" TERM 'and nothing of the environment but TERM'
is "$(jq -r 'arrays | select(.[1] == "m") | .[2]' "$record")" deploy 'a marker tells where its step begins'
is "$(jq -s '[.[] | arrays | .[0]] | . == sort' "$record")" true 'its times never go back'
expected=$'a: pulling\nb: pulling\na: done\nb: done\n1/2\n2/2\nred € \ufffd'
run greenboard runs replay --speed 1000
is "$status" 0 'it is played again'
is "$out" "$expected" 'as lines of a log, cleaned'
like "$err" 'run .*: deploy' 'with its step'
run greenboard runs replay --speed nine
is "$status" 64 'a speed that is none: usage'
script -qec "stty cols 90; greenboard runs replay --idle-limit 1ms" "$SB/typescript" >/dev/null 2>&1 </dev/null
like "$(<"$SB/typescript")" $'\e\\[2A' 'on a terminal lines are written over'
like "$(<"$SB/typescript")" $'\e\\[31m' 'with their colours'
unlike "$(<"$SB/typescript")" 'evil' 'and without a title'
printf 'kept by an older greenboard\n' >"$(dirname "$record")/output"
jq '.output |= sub("output.cast$"; "output")' "$(dirname "$record")/run.json" >"$SB/older"
cp "$SB/older" "$(dirname "$record")/run.json"
run greenboard runs attach
like "$out" 'kept by an older greenboard' 'what an older greenboard kept is shown too'

# ---- a disk that is full ----

# full NAME SIZE KEPT: a deploy of $CONFIG with its state on a file system of SIZE KiB of which KEPT are
# left, seen from a mount namespace of its own.
full() {
    cat >"$SB/inside" <<'SCRIPT'
#!/bin/bash
mount -t tmpfs -o mode=700,size="$2"k none "$4" || exit 99
[ "$3" = "$2" ] || head -c $((($2 - $3) * 1024)) /dev/zero >"$4/ballast"
greenboard -c "$1" --state-dir "$4" deploy \
    --confirm staging --reason full
status=$?
greenboard -c "$1" --state-dir "$4" runs show -o json >run.json
greenboard -c "$1" --state-dir "$4" audit list -o json >events.json
greenboard -c "$1" --state-dir "$4" audit verify >verify 2>&1 || status="$status broken trail"
ls "$4"/*/*/runs/*/ >files
cat "$4"/*/*/runs/*/output.cast >output.cast
echo "$status" >status
SCRIPT
    mkdir -m 700 "$SB/$1" "$SB/$1/state"
    (cd "$SB/$1" && unshare -rm bash "$SB/inside" "$CONFIG" "$2" "$3" "$SB/$1/state" >out 2>err)
}
found() { jq -r "$2" "$SB/$1.json" 2>&1; } # NAME/FILE FILTER

printing='head -c 12000000 /dev/zero | tr "\0" x; echo; touch went; echo the end'
if unshare -rm mount -t tmpfs none /mnt 2>/dev/null; then
    configure ".deploy.command = [\"bash\", \"-c\", \$printing] | .deploy.verify.hold = \"0s\"" \
        --arg printing "$printing"
    full stopped 6000 6000
    is "$(<"$SB/stopped/status")" 3 'a run whose disk fills is stopped'
    ok 'it got no further' not test -e "$SB/went"
    is "$(found stopped/run .outcome)" failed 'its end is recorded all the same'
    like "$(found stopped/run .trouble)" 'output.cast: No space left on device' 'and so is the cause'
    like "$(found stopped/events '.[] | select(.type == "run.step").text')" \
        'ended, because its output could not be recorded' 'the trail says so'
    is "$(found stopped/events '.[-1].type')" run.ended 'and has its end'
    like "$(printed "$SB/stopped/output.cast" | head -c 100)" '^x+$' 'what was recorded can be read'
    unlike "$(<"$SB/stopped/files")" reserve 'the room that was kept is given back'

    configure ".deploy.command = [\"bash\", \"-c\", \$printing] | .deploy.verify.hold = \"0s\" |
        .deploy.on_record_failure = \"continue\"" --arg printing "$printing"
    full gone_on 6000 6000
    is "$(<"$SB/gone_on/status")" 0 'one that may go on does, where its disk fills'
    ok 'to its end' test -e "$SB/went"
    like "$(found gone_on/events '.[] | select(.type == "run.step").text')" \
        'some of its output could not be recorded' 'and the trail says so'
    like "$(found gone_on/run .trouble)" 'No space left on device' 'with the cause in its record'
    rm -f "$SB/went"

    full refused 6000 260
    is "$(<"$SB/refused/status")" 70 'a run that cannot be recorded is refused'
    ok 'nothing was started' not test -e "$SB/went"
    like "$(<"$SB/refused/err")" 'output.cast: No space left on device.*make room' 'and the cause is said'
    is "$(found refused/events '.[-1].type')" deploy.refused 'the trail has the refusal'
else
    skip 16 'no mount namespace of its own is allowed here'
fi

done_testing
