#!/bin/bash
# No secret shows: not in an argument, an environment, a file, a record, the log, an output, or on
# a screen, raw or encoded, and no core keeps one. A search that cannot find proves nothing, so it
# first finds what is planted in each kind of place.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in

SB=$GREENBOARD_SANDBOX
export GREENBOARD_LOG=$TMPDIR/log
# Where secrets are meant to be: what is searched for here, the services' own files.
KEPT=$E2E_DIR/kept
meant="^($KEPT|$SB/secrets|$SB/redis/redis\.conf)"
mkdir -m 700 "$KEPT" "$TMPDIR/screens" "$TMPDIR/core"

# Has what every escape is for, and comes from a variable of greenboard's own environment.
CANARY="tweet+/%&=~\"\\ $(head -c 24 /dev/urandom | base64)"
printf %s "$CANARY" >"$KEPT/canary"
PROBE=$(<"$SB/secrets/probe")
configure '.auth_flow.login.body.password = {"env": "PROBE_PASSWORD"}
    | .auth_flow.login.headers["X-Canary"] = {"env": "CANARY"}
    | .deploy.command = ["bash", "./leak"]'

# Who may trace every process may look into one that is not dumpable: root lays that capability
# down, for greenboard and for who tries.
common=()
[ "$(id -u)" != 0 ] || common=(setpriv --bounding-set -sys_ptrace)
# In the background or in a subshell alone: it replaces that.
become() { PROBE_PASSWORD=$PROBE CANARY=$CANARY exec "${common[@]}" greenboard -c "$CONFIG" "$@"; }

# ---- what is looked for ----

# Each form of the values on stdin by their first LENGTH bytes: a beginning is a leak too.
forms() { # LENGTH
    jq -rRn --argjson length "$1" '
        def hex($digits): explode
            | map($digits[. / 16 | floor:][:1] + $digits[. % 16:][:1]) | join("");
        # Without the digits that what stands before or after has a part in.
        def base64($before): ("x" * $before + .)[:$before + $length] | @base64
            | .[($before * 8 + 5) / 6 | floor:($before + $length) * 8 / 6 | floor];
        inputs | .[:$length] | ., @uri, (tojson | .[1:-1]),
            hex("0123456789abcdef"), hex("0123456789ABCDEF"),
            (base64(0, 1, 2) | ., (gsub("\\+"; "-") | gsub("/"; "_")))'
}
learn() { forms "$1" >>"$KEPT/patterns"; } # LENGTH; values on stdin

# A fault changes some of them.
learn_all() {
    (cd "$SB/secrets" && cat redis clickhouse probe service {canonical,auth,backend}/jwt
        sed -n 's/^export JWT_SECRET_KEY="\(.*\)"$/\1/p' ./*/env) 2>"$TMPDIR/why" | learn 12
}

# What every token of the probe's says first, signed or forged: who it is for.
auth=$(jq -r .environments.staging.services.auth.url "$CONFIG")
token=$(jq -R '{email: "probe@example.com", password: .}' "$SB/secrets/probe" |
    curl -s -H 'Content-Type: application/json' -d @- "$auth/auth/login" | jq -r .access_token)
claims=${token#*.}
like "$claims" '^eyJ[A-Za-z0-9_-]{60,}\.' 'a login gives a token'
learn 40 <<<"$claims"
learn 12 <<<"$CANARY"
learn_all
# With it the sandbox's Secret Manager gives the JWT secret, where it has one.
[[ ${GCE_METADATA_HOST:-} != 127.0.0.1:* ]] || curl -s -H 'Metadata-Flavor: Google' \
    "http://$GCE_METADATA_HOST/computeMetadata/v1/instance/service-accounts/default/token" |
    jq -r .access_token | learn 12

# ---- where ----

# Files, and processes: those that the sandbox or we started, by what they inherit or its record.
files() { grep -rlaF -f "$KEPT/patterns" "$E2E_DIR" | grep -vE "$meant"; }
processes() {
    local -a of=()
    mapfile -t of < <(
        grep -lsaF "E2E_DIR=$E2E_DIR" /proc/[0-9]*/environ
        awk '{ print "/proc/" $1 "/environ" }' "$SB/processes"
    )
    grep -lsaF -f "$KEPT/patterns" "${of[@]}" "${of[@]/%environ/cmdline}" | sort -u
}
leaks() { files; processes; }

# ---- the search finds ----

planted=()
plant() { # DIRECTORY, what on stdin
    planted+=("$1/planted.${#planted[@]}")
    cat >"${planted[-1]}"
}
plant_forms() { # VALUE: as others write it
    local before
    plant "$TMPDIR" <<<"x$1y"
    for before in '' a ab; do
        plant "$TMPDIR" < <(printf %s "$before$1" | base64 -w0)
        plant "$TMPDIR" < <(printf %s "$before$1" | base64 -w0 | tr '+/' '-_')
    done
    plant "$TMPDIR" < <(printf %s "$1" | od -An -v -tx1 | tr -d ' \n')
    plant "$TMPDIR" < <(printf %s "$1" | od -An -v -tx1 | tr -d ' \n' | tr a-f A-F)
    plant "$TMPDIR" < <(printf %s "$1" | jq -sRr @uri)
    plant "$TMPDIR" < <(printf %s "$1" | jq -sR '{told: .}')
}
plant_forms "$CANARY"
for value in "$PROBE" "$token"; do
    plant "$TMPDIR" <<<"$value"
    plant "$TMPDIR" < <(base64 -w0 <<<"a$value")
done
for directory in "$HOME" "$XDG_RUNTIME_DIR" "$GREENBOARD_STATE_DIR" "$SB" "$TMPDIR/screens"; do
    plant "$directory" <<<"$CANARY"
done
is "${#planted[@]} $(files | sort)" "20 $(printf '%s\n' "${planted[@]}" | sort)" \
    'files: each planted form is found in each kind of place, and nothing else'
rm "${planted[@]}"

mkfifo "$TMPDIR/never" "$TMPDIR/typed"
bash -c 'read -r _ <>"$0"' "$TMPDIR/never" "$CANARY" &
in_argv=$!
IN_ENVIRON=$CANARY "${common[@]}" bash -c 'read -r _ <>"$0"' "$TMPDIR/never" &
in_environ=$!
# A trail that cannot be kept: the log tells that.
mkdir -p "$TMPDIR/broken/sandbox/staging/samples.db"
NO_SOURCE=$CANARY become --state-dir "$TMPDIR/broken" --plain \
    <"$TMPDIR/typed" >"$TMPDIR/plain" 2>&1 &
stream=$!
exec 3>"$TMPDIR/typed"
wait_for says "$TMPDIR/plain" '^GO .*10 of 10 green' || diag "$(<"$TMPDIR/plain")"
expected=("/proc/$in_argv/cmdline" "/proc/$in_environ/environ")
shown() { head -c 1 "/proc/$stream/environ" >"$TMPDIR/byte" 2>&1; }
! shown || expected+=("/proc/$stream/environ")
found() { [ "$(processes)" = "$(printf '%s\n' "${expected[@]}" | sort)" ]; }
wait_for -t 5 found
is "$(processes)" "$(printf '%s\n' "${expected[@]}" | sort)" \
    'processes: the planted argument and environments, and nothing else'
shown || skip 1 'not root: the environment of greenboard cannot be searched'

# ---- who may read our memory ----

readable() { "${common[@]}" readlink "/proc/$1/exe" >"$TMPDIR/link" 2>&1; } # PTRACE_MODE_READ
guarded() {
    local name=''
    read -r name <"/proc/$1/comm"
    [[ $name == greenboard* ]] && ! readable "$1" && lives "$1"
}
ok 'a process like any other can be looked into' readable "$in_environ"
ok 'the stream of lines cannot' guarded "$stream"
kill "$in_argv" "$in_environ"
wait "$in_argv" "$in_environ" 2>/dev/null
echo q >&3
wait "$stream"
exec 3>&-
is "$(leaks)" '' 'and when those are gone, nothing is found'

# ---- the console ----

tmux() { command tmux -S "$TMPDIR/tmux" -f /dev/null "$@"; }
shows() { tmux capture-pane -p | grep -qE -- "$1"; }
keys() { tmux send-keys "$@"; }
text() { tmux send-keys -l -- "$1"; }
shots=0
seen() { # NAME REGEX: the screen comes to show that, and is kept
    wait_for shows "$2"
    local status=$?
    shots=$((shots + 1))
    tmux capture-pane -p -J >"$TMPDIR/screens/$shots"
    result $status "$1" || diag "$(<"$TMPDIR/screens/$shots")"
}
# The list is sorted by what is worst, while answers still come.
choose() { # CHECK
    local -a down
    mapfile -t down < <(tmux capture-pane -p | awk -v name="$1" '
        !match($0, /^ ?[^ ]+ (OK|WARN|FAIL|UNKNOWN|NOT ASKED) +/) { next }
        index(substr($0, RLENGTH + 1), name " ") == 1 { exit }
        { print "j" }')
    keys g "${down[@]}"
    wait_for -t 1 shows "^▸[^ ] [A-Z ]+ $1 "
}

cat >"$TMPDIR/console" <<'SCRIPT'
CANARY=$(cat "$E2E_DIR/kept/canary") PROBE_PASSWORD=$(cat "$GREENBOARD_SANDBOX/secrets/probe")
export CANARY PROBE_PASSWORD
exec greenboard -c "$1"
SCRIPT
cd "$TMPDIR" || exit 1
"${common[@]}" tmux -S "$TMPDIR/tmux" -f /dev/null new-session -d -x 180 -y 50 \
    'exec bash --norc --noprofile' || exit 1
tmux pipe-pane "cat >>'$TMPDIR/screens/raw'"
text "PS1='shell> '; unset HISTFILE; cat '$KEPT/canary'"
keys Enter
seen 'what a command prints is on the screen' 'tweet'
drawn() { [ "$(files | sort)" = "$(printf '%s\n' "$TMPDIR/screens/"{1,raw})" ]; }
ok 'the screen: found in what it shows and in what was sent to it' wait_for -t 5 drawn
tmux pipe-pane
text clear
keys Enter
wait_for not shows tweet
tmux clear-history
rm "$TMPDIR/screens"/*
tmux pipe-pane "cat >>'$TMPDIR/screens/raw'"
text "sh console '$CONFIG'"
keys Enter
seen 'the board' 'GO .*10 of 10 green'
console=$(pgrep -x greenboard -P "$(tmux display-message -p '#{pane_pid}')")
ok 'the console cannot be looked into' guarded "$console"
inspect() { # CHECK REGEX
    wait_for choose "$1"
    keys Enter
    wait_for shows "^ $1  "
    seen "inspect $1" "$2"
    keys Escape
    wait_for shows '1 JWT sync'
}
inspect jwt_secret 'fingerprint'
inspect jwt_sync 'forgery at auth'
keys '?'
seen 'help' 'On the board'
keys Escape
for name in jwt_mismatch redis_auth clickhouse_auth; do
    fault "$name" on
done
learn_all
keys R
seen 'the board when it is red' 'NO-GO'
inspect jwt_sync 'backend +[0-9a-f]{12}'
inspect redis 'FAIL'
inspect clickhouse 'FAIL'
for name in jwt_mismatch redis_auth clickhouse_auth; do
    fault "$name" off
done
fault jwt_whitespace on
keys R
wait_for shows 'whitespace'
inspect jwt_secret 'whitespace'
fault jwt_whitespace off
keys R
wait_for shows ' GO .*10 of 10 green'

# ---- a run whose command shows what it should not: whole, in pieces, encoded ----

cat >"$SB/leak" <<'SCRIPT'
for file in "$E2E_DIR/kept/canary" secrets/{redis,clickhouse,probe,canonical/jwt}; do
    value=$(<"$file")
    printf 'raw %s\nbase64 %s\nhex %s\nurl %s\n' "$value" "$(printf %s "$value" | base64 -w0)" \
        "$(printf %s "$value" | od -An -tx1 | tr -d ' \n')" "$(jq -rn --arg v "$value" '$v | @uri')"
    printf 'piece %s' "${value:0:11}"
    sleep 0.05
    printf '%s\n' "${value:11}"
done
echo all was shown
until [ -e go ]; do sleep 0.02; done
SCRIPT
keys D
seen 'the plan' "type the environment's name"
text staging
keys Enter
seen 'the run, and what its command shows' 'all was shown'
ok 'masked' shows 'raw \[masked\]'
supervisor=$(greenboard runs show -o json | jq .supervisor.pid)
ok 'the supervisor cannot be looked into' guarded "$supervisor"
is "$(leaks)" '' 'in mid-run nothing is found'
touch "$SB/go"
seen 'its end' 'verified'
keys q
wait_for shows '1 JWT sync'
keys q
seen 'the shell is back' '^shell>'
tmux kill-server
ok 'what was drawn was kept' wait_for -t 5 eval '[ "$(wc -c <"$TMPDIR/screens/raw")" -gt 10000 ]'

# ---- the stream of lines ----

become --plain <"$TMPDIR/typed" >"$TMPDIR/plain" 2>&1 &
stream=$!
exec 3>"$TMPDIR/typed"
wait_for says "$TMPDIR/plain" '^GO .*10 of 10 green'
fault login_rejected on
printf '%s\n' 'r auth_flow' 'i jwt_secret' 'i jwt_sync' 'i auth_flow' >&3
ok 'plain: a check that fails is told' wait_for says "$TMPDIR/plain" 'auth_flow.*FAIL'
fault login_rejected off
echo q >&3
wait "$stream"
exec 3>&-

# ---- every command, every fault ----

say() { # COMMAND…: its output is kept
    (become "$@") >"$TMPDIR/all.$*" 2>&1
}
formats=('check -o junit' 'config check' 'config show' 'config schema' 'deploy --dry-run' '--help'
    'audit verify' 'audit head' 'runs attach' 'secret exec -- true' 'sandbox faults')
for command in check 'runs list' 'runs show' 'audit list' history 'secret check'; do
    formats+=("$command" "$command -o json")
done
for command in "${formats[@]}"; do
    # shellcheck disable=SC2086 # a list of words
    say $command
done
ok 'the commands said something' test "$(cat "$TMPDIR"/all.* | wc -l)" -gt 300
for name in jwt_short jwt_missing env_file_differs token_expired wrong_issuer service_credential \
    accepts_alg_none; do
    fault "$name" on
    learn_all
    (become check -o json) >"$TMPDIR/red.$name" 2>&1
    fault "$name" off
done
is "$(jq -r .verdict "$TMPDIR"/red.* | sort -u)" NO-GO 'each fault was told as JSON'
ok 'the log has a line' says "$GREENBOARD_LOG" 'samples\.db: Is a directory'

# ---- a crash ----

fault auth_down on
(cd "$TMPDIR/core" && ulimit -c unlimited; become check --wait 30s) >"$TMPDIR/crash" 2>&1 &
crash=$!
ok 'a check cannot be looked into' wait_for guarded "$crash"
cores() { find "$TMPDIR/core" -type f | wc -l; }
{ (cd "$TMPDIR/core" && ulimit -c unlimited && exec sh -c 'kill -SEGV $$'); } 2>"$TMPDIR/why"
if [ -n "${SANITIZED:-}" ] || [ "$(cores)" = 0 ]; then
    skip 1 'here not even the crash of a shell leaves a core'
    kill "$crash"
else
    rm "$TMPDIR/core"/*
    kill -SEGV "$crash"
    wait "$crash" 2>"$TMPDIR/why"
    is "$? $(cores)" '139 0' 'a check that crashes leaves no core, as a shell did'
fi
fault auth_down off

is "$(leaks)" '' 'in no file, output, log, record, process or screen is any secret or token found'
plant "$GREENBOARD_STATE_DIR" <"$SB/secrets/redis"
is "$(leaks)" "${planted[-1]}" 'by a search that still finds one'
done_testing
