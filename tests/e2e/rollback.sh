#!/bin/bash
# The way back: to what was proven, with its configuration and without its old secrets; and a named
# end with a next step, whatever is broken meanwhile.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in

SB=$GREENBOARD_SANDBOX
APP=$SB/secrets/app/env
last_run() { run greenboard runs show -o json; }
# Answers may be too old on a busy machine before the command can start: then nothing was, and it is
# asked for again.
ship() { # RELEASE REASON
    local i
    echo "$1" >"$SB/release"
    for ((i = 0; i < 20; i++)); do
        run greenboard deploy --confirm staging --reason "$2"
        [[ $status = 70 && $err = *'too slow'* ]] || break
    done
}
setting() { sed -n "s/^\(export \)\?$1=//p" "$APP"; } # NAME
lift() { greenboard unlock --reason 'looked at it' >/dev/null 2>&1; } # where a rollback locks

# ---- nothing to go back to ----

run greenboard rollback --confirm staging --reason 'too early'
is "$status" 64 'before anything was shipped there is no way back'
like "$err" 'known good' 'and it says so'
run greenboard rollback --list -o json
json_is length 0 'the list is empty'

# ---- good, then broken ----

ship good-1 'the good one'
is "$status" 0 'a good release is verified'
last_run
good=$(json .id)
json_is '.known_good' true 'and known good'
json_like '.shipped' '^[0-9a-f]{64}$' 'what it ran with is kept, hashed into the record'
workers=$(setting WORKERS)
run greenboard rollback --confirm staging --reason 'nowhere'
is "$status" 64 'what runs now and is good is nothing to go back to'

fault deploy_breaks on
ship bad-2 'the broken one'
is "$status" 4 'a release that breaks: 4'
fault deploy_breaks off
last_run
bad=$(json .id)
json_is '.known_good' false 'it is not known good'
is "$(setting RELEASE)" bad-2 'and it changed the configuration'

# Rotated after the good one was kept.
old=$(setting JWT_SECRET_KEY)
sed -i 's/^export JWT_SECRET_KEY=.*/export JWT_SECRET_KEY="rotated-since-then-and-long-enough-1"/' "$APP"

run greenboard rollback --list -o json
json_is '[.[] | .release + ": " + .repute] | join(", ")' 'bad-2: never verified, good-1: known good' \
    'the list says what each is worth'
json_is '[.[] | select(.chosen) | .release] | join(" ")' good-1 'the last known good one is chosen'
json_is '.[1].run.reason' 'the good one' 'with the reason of its run'

# ---- what it wants before it starts ----

run greenboard rollback --dry-run
is "$status" 0 'a dry run'
like "$out" 'RELEASE = bad-2 becomes good-1' 'shows what would come back'
like "$out" 'JWT_SECRET_KEY stays secret [0-9a-f]{12} .then [0-9a-f]{12}.' \
    'and which secret stays, by fingerprint'
unlike "$out" 'rotated-since-then' 'but no secret'
run greenboard rollback
is "$status" 64 'without a terminal and --confirm: usage'
run greenboard rollback --confirm production
is "$status" 64 'the name of another environment: usage'
run greenboard --read-only rollback --confirm staging
is "$status" 64 'read-only: usage'
run greenboard rollback --to bad-2 --confirm staging
is "$status" 64 'one that was never verified wants a reason'
like "$err" 'never verified.*--reason' 'and it says so'
run greenboard rollback --to never-7 --confirm staging --reason 'why not'
is "$status" 64 'one that nobody shipped is refused'
echo listed-9 >>"$SB/deploys"
run greenboard rollback --to listed-9 --confirm staging --reason 'why not'
is "$status" 64 'one that rollback.list alone knows is refused'
like "$err" 'unknown to greenboard' 'and it says why'
is "$(setting RELEASE)" bad-2 'none of these changed a file'
ok 'none of these ran the command' [ ! -e "$SB/rollbacks" ]

# ---- a backup that somebody changed ----

state=$(dirname "$(dirname "$(last_run; json .output)")")
sed -i.was 's/^WORKERS=.*/WORKERS=99/' "$state/$good/shipped/001-env"
run greenboard rollback --confirm staging --reason 'from a forged one'
is "$status" 70 'what was kept and changed since is refused'
like "$err" 'not what was kept' 'and it says so'
mv "$state/$good/shipped/001-env.was" "$state/$good/shipped/001-env"

# ---- back ----

run greenboard rollback --confirm staging --reason 'bad-2 rejects every token'
is "$status" 0 'back to the known good release: verified'
is "$(cat "$SB/serving")" good-1 'it serves'
is "$(setting RELEASE) $(setting WORKERS)" "good-1 $workers" 'its configuration is back'
is "$(setting JWT_SECRET_KEY)" '"rotated-since-then-and-long-enough-1"' 'the rotated secret is not resurrected'
unlike "$old" 'rotated' 'which was another one before'
like "$out$err" 'rolled back to good-1: its configuration is in place, and traffic may be pinned' \
    'what is unusual now is said'
last_run
json_is '.kind + " " + .outcome + " " + .target' "rollback verified $good" 'the record says where it went'
json_is '[.steps[] | .name + "=" + (.status | tostring)] | join(" ")' \
    'lock=0 backup=0 restore=0 rollback=0 verify=0 unlock=0' 'the steps are those of every run, and the restore'
json_is '[.verified[] | select(.name | startswith("revision")) | .state] | join(" ")' 'OK OK' \
    'one revision alone serves, of each service'
json_like .unusual 'pinned' 'what is unusual is in the record'
json_is .known_good true 'it is known good again'
run greenboard audit list -o json
json_is '[.[] | select(.type == "run.step" and (.text | startswith("restore"))) | .data.files[0]] | last' \
    'secrets/app/env' 'the trail says which files came back'
ok 'no backup holds a secret' not grep -rqF -e "${old//\"/}" -e 'rotated-since-then' "$state"
lift

# ---- to a run, and to one that was never verified ----

run greenboard rollback --to "$bad" --confirm staging --reason 'to look at it'
is "$status" 0 'with a reason one that was never verified can be gone back to'
is "$(setting RELEASE)" bad-2 'with its configuration'
lift
run greenboard rollback --to "$good" --confirm staging --reason 'seen enough'
is "$status" 0 'and back, by the name of the run'
lift

# ---- files that cannot come back ----

sed -i '/JWT_SECRET_KEY/d' "$APP"
run greenboard rollback --to bad-2 --confirm staging --reason 'without a secret'
is "$status" 64 'a secret without a present value: refused'
like "$err" 'JWT_SECRET_KEY in secrets/app/env.*put its present value' 'which one, and what to do'
is "$(setting RELEASE)" good-1 'and no file was changed'
echo 'export JWT_SECRET_KEY="rotated-since-then-and-long-enough-1"' >>"$APP"

# ---- whatever is broken meanwhile ends with a name and a next step ----

# The fault of the moment is switched on, and what is to be done besides is done.
cat >"$SB/spoil" <<END
#!/bin/sh
"$GREENBOARD" sandbox fault "\$(cat "$SB/moment")" on
[ \$# = 0 ] || exec "\$@"
END
chmod +x "$SB/spoil"

declare -A short=([lock]='redis_down clickhouse_auth' [restore]=gcp_denied [command]='rollback_fails auth_down'
    [verify]=jwt_mismatch)

# Configurations in which it comes at a step of a rollback: with lock and backup, before the restore,
# in the command, before verify. It stays on.
declare -A at_step
at() { # STEP CHANGE
    configure '.rollback.verify = {"within": "3s", "hold": "200ms"} | .rollback.timeout = "5s" | '"$2" --arg spoil "$SB/spoil"
    at_step[$1]=$CONFIG
}
at lock .
at restore '.rollback.before = [{"name": "spoil", "command": [$spoil]}]'
at command '.rollback.command |= [$spoil] + .'
at verify '.rollback.after = [{"name": "spoil", "command": [$spoil]}]'

# ends STEP FAULT STATUS OUTCOME: of a rollback to bad-2. What closes the gate closes none of it.
ends() {
    local step=$1 name=$2
    printf '%s\n' "$name" >"$SB/moment"
    [ "$step" != lock ] || fault "$name" on
    run greenboard -c "${at_step[$step]}" rollback --to bad-2 --confirm staging --reason "$name"
    is "$status" "$3" "$name at $step: a rollback exits $3"
    last_run
    json_is .outcome "$4" "$name at $step: it ended $4"
    json_like '.unusual // ""' 'back to bad-2' "$name at $step: the record says what to look at"
    fault "$name" off
    lift
}

# KIND NAME of the sandbox's faults: what becomes of a rollback with it.
end_of() { # STEP
    local kind name
    while read -r kind name; do
        case $kind-$name-$1 in
        closes-jwt_mismatch-[!v]*) echo "$name 0 verified" ;; # it mends that
        closes-*) echo "$name 4 unverified" ;;
        *-rollback_fails-verify) echo "$name 0 verified" ;; # it is over by then
        *-rollback_fails-*) echo "$name 3 failed" ;;
        *) echo "$name 0 verified" ;; # these are of a deploy, or no fault of the release
        esac
    done < <(greenboard sandbox faults -o json | jq -r '.[] | .kind + " " + .name')
}
for step in lock restore command verify; do
    while read -r name code outcome; do
        if [ -n "${SOAK_SECONDS:-}" ] || [[ " ${short[$step]} " = *" $name "* ]]; then
            ends "$step" "$name" "$code" "$outcome"
        fi
    done < <(end_of "$step")
done
done_testing
