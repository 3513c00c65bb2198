#!/bin/bash
# `greenboard secret`: what it tells of each secret, that it never shows one, and that a
# service starts with the canonical secret or not at all.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in

SB=$GREENBOARD_SANDBOX
JWT=$(<"$SB/secrets/canonical/jwt")

# ---- check ----

run greenboard secret check
is "$status" 0 'check: all agree'
like "$out" 'canonical, auth and backend hold the same secret$' 'check: and it says so'
like "$out" $'[0-9a-f]{12}  canonical  Secret Manager jwt-secret-staging, version 7, 40 d old' 'check: source, version, age, fingerprint'
like "$out" $'  backend  JWT_SECRET_KEY in Cloud Run netra-backend-staging .secret jwt-secret-staging., version 7, ' 'check: what a service mounts'
is "$(grep -cE '^[0-9a-f]{12}  (canonical|auth|backend|worker) ' <<<"$out")" 4 'check: each of the four'
is "$(awk 'length($1) == 12 && $2 ~ /^(canonical|auth|backend|worker)$/ {print $1}' <<<"$out" | sort -u | wc -l)" 1 'check: one fingerprint'
like "$out" 'auth_flow\.login\.body\.password' 'check: every other secret by its place in the configuration'
like "$out" 'redis\.password' 'check: so Redis'
run greenboard secret check -o json
json_is '.agree, (.secrets | length)' $'true\n8' 'check: as JSON'
json_is '[.secrets[] | select(.findings != [])] | length' 0 'check: nothing is wrong with any'
json_is '[.secrets[] | .created, .age_s, .bytes] | index(null)' null 'check: each has its time and size'

reds() { # FAULT STATUS REGEX
    fault "$1" on
    run greenboard secret check
    is "$status" "$2" "$1: exits $2"
    like "$out" "$3" "$1: says what is wrong"
    fault "$1" off
}
reds jwt_mismatch 1 'backend holds another secret than the canonical one: it is given jwt-secret-key, .*: mount jwt-secret-staging, version 7, in backend'
reds jwt_short 1 'the canonical secret is shorter than 32 bytes'
reds jwt_whitespace 1 'the canonical secret begins or ends with whitespace'
reds jwt_missing 1 'JWT_SECRET_KEY REQUIRED'
reds env_file_differs 1 'worker holds another secret than the canonical one'
reds secret_rotated 1 'auth may run with another secret: rotated, but not redeployed.*gcloud run services update netra-auth-service'
reds secret_other_name 1 'backend is given secret jwt-secret-key, version 1, not jwt-secret-staging'
reds gcp_denied 1 'lacks secretmanager.versions.access'
reds metadata_down 2 'no Google credentials on this machine'

configure 'del(.services.backend.jwt_secret)'
run greenboard -c "$CONFIG" secret check
is "$status" 2 'a service that is not compared: unproven'
like "$out" 'backend is not compared' 'and it says so'
configure '.services.auth.jwt_secret = .jwt.canonical'
run greenboard -c "$CONFIG" secret check
is "$status" 2 'a secret that is compared with itself: unproven'
like "$out" 'proves nothing' 'and it says so'
configure '.jwt.canonical = {"command": ["false"]}'
run greenboard -c "$CONFIG" secret check
is "$status" 1 'a broken source: exits 1'
like "$out" 'exited with status 1' 'and why'
configure '.redis.password = .jwt.canonical | .clickhouse.password = {"file": "./secrets/canonical/jwt"}'
run greenboard -c "$CONFIG" secret check
like "$out" 'clickhouse.password.*note: has the same value as jwt.canonical' 'one value for two purposes: a note'

# ---- exec ----

run greenboard secret exec -- bash -c 'printf %s "$JWT_SECRET_KEY"'
is "$status$out$err" "0$JWT" 'exec: the command has the canonical secret, and nothing is said'
run greenboard secret exec --as JWT_SECRET --as SECRET_2 -- \
    bash -c 'printf "%s %s %s" "$JWT_SECRET" "$SECRET_2" "${JWT_SECRET_KEY-unset}"'
is "$out" "$JWT $JWT unset" 'exec: under the names that are given, and those alone'
run greenboard secret exec -- bash -c 'exit 7'
is "$status" 7 'exec: exits as the command did'
run greenboard secret exec -- bash -c 'kill -TERM $$'
is "$status" 143 'exec: ended by a signal, as the command was'
run bash -c 'echo $$; exec "$0" secret exec -- bash -c "echo \$\$"' "$(command -v greenboard)"
is "$(sort -u <<<"$out" | wc -l)" 1 'exec: it replaces itself by the command'
run greenboard secret exec -- cat -- -o json
is "$status" 1 'exec: what stands behind -- is for the command'
like "$err" '^cat: -o' 'exec: its options too'
run greenboard secret exec -- ./no-such-command
is "$status" 127 'exec: no such command: 127'
like "$err" 'cannot run ./no-such-command' 'and it is said'
run greenboard secret exec -- "$SB"
is "$status" 126 'exec: not executable: 126'

# The command sees what the caller gave, but secrets.
state() { sh -c 'umask; ulimit -c; ulimit -n; grep -E "^Sig(Ign|Blk)" /proc/self/status; ls /proc/self/fd'; }
export -f state
run bash -c 'umask 027; ulimit -S -c 4; state'
before=$out
run env ASAN_OPTIONS=disable_coredump=0 TSAN_OPTIONS=disable_coredump=0 bash -c 'umask 027; ulimit -S -c 4; exec greenboard secret exec -- bash -c state'
is "$out" "$before" 'exec: umask, limits, signals and descriptors are the caller'"'s"
configure '.jwt.canonical = {"file": "./secrets/canonical/jwt"}'
run env -i PATH="$PATH" A=1 "$(command -v greenboard)" --state-dir "$TMPDIR/s" -c "$CONFIG" secret exec -- env
is "$(sed 's/=.*//' <<<"$out" | sort | paste -sd' ')" 'A JWT_SECRET_KEY PATH' 'exec: the environment, and the secret, nothing else'
ok 'exec: keeps no state, so that it runs on a read-only system' not test -e "$TMPDIR/s"

configure '.jwt.canonical = {"env": "OURS"} | .redis.password = {"env": "REDIS_PASSWORD"}'
run env OURS="$JWT" REDIS_PASSWORD=hunter22 greenboard -c "$CONFIG" secret exec -- env
like "$out" "(^|"$'\n'")JWT_SECRET_KEY=$JWT" 'exec: from a variable'
unlike "$out" 'OURS|REDIS_PASSWORD|hunter22' 'exec: variables that are sources are withheld'

refused() { # NAME REGEX
    run greenboard -c "$CONFIG" secret exec -- touch "$SB/started"
    is "$status" 1 "exec: $1: refused"
    like "$err" "$2" "exec: $1: says why"
    ok "exec: $1: nothing was started" not test -e "$SB/started"
}
configure '.jwt.canonical = [{"file": "gone"}, {"file": "secrets/canonical/jwt"}]'
refused 'a fallback' 'is not the canonical source, which was passed over \(file gone'
configure '.jwt.canonical = [{"command": ["false"]}, {"file": "secrets/canonical/jwt"}]'
refused 'a broken source' 'command false: exited with status 1'
configure '.jwt.canonical = {"file": "gone"}'
refused 'no secret' 'JWT_SECRET_KEY REQUIRED: file gone'
configure '.jwt.canonical = {"command": ["printf", "changeme-changeme-changeme-changeme"]}'
refused 'a placeholder' 'placeholder'
configure '.jwt.canonical = {"command": ["printf", "0123456789abcdefghijklmnopqrstuvwxyzABCD\\0x"]}'
refused 'a NUL byte' 'NUL'
configure '.class = "test" | .jwt.canonical = [{"file": "gone"}, {"file": "secrets/canonical/jwt"}]'
jq '.environments.lab = .environments.staging | del(.environments.staging)' "$CONFIG" >"$SB/lab.json"
run greenboard -c "$SB/lab.json" secret exec -- printenv JWT_SECRET_KEY
is "$status$out" "0$JWT" 'exec: a test environment may fall back'

for words in 'exec' 'exec --' 'exec --as 1X -- true' 'exec --as A=B -- true' 'check now' 'show' '' 'check -- true'; do
    # shellcheck disable=SC2086 # a list of words
    run greenboard secret $words
    is "$status" 64 "usage: secret $words"
done
run greenboard --read-only secret exec -- true
is "$status" 64 'exec: --read-only starts nothing'

# ---- no value shows ----

for command in 'secret check' 'secret check -o json'; do
    for fault in jwt_mismatch jwt_whitespace; do
        fault "$fault" on
        # shellcheck disable=SC2086
        greenboard $command
        fault "$fault" off
    done
done >"$TMPDIR/shown" 2>&1
ok 'check said something' test "$(wc -l <"$TMPDIR/shown")" -gt 20
hidden=()
for name in redis clickhouse probe canonical/jwt auth/jwt backend/jwt; do
    hidden+=(-e "$(head -c 12 "$SB/secrets/$name")")
done
is "$(cat "$TMPDIR/shown" "$SB/secrets/redis" | grep -cF "${hidden[@]}")" 1 \
    'no first 12 bytes of a secret in it, by a search that finds a planted one'
done_testing
