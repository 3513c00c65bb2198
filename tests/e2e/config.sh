#!/bin/bash
# Configurations that are wrong, unsafe, incomplete or not trusted: what they start is nothing.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed

SB=$GREENBOARD_SANDBOX
untouched() { [ ! -e "$SB/deployed" ] && [ ! -e "$SB/deploys" ]; }

# ---- what cannot be read ----

unreadable() { # FILE REGEX NAME
    run greenboard -c "$1" check
    is "$status" 78 "$3: check exits 78"
    like "$err" "$2" "$3: it says why"
    is "$(wc -l <<<"$err")$out" 1 "$3: one line and no board"
    run greenboard -c "$1" deploy --confirm staging --reason "$3"
    is "$status" 78 "$3: deploy exits 78"
}

: >"$SB/empty.json"
unreadable "$SB/empty.json" 'empty\.json.*is empty' 'an empty file'
head -c 300 "$GREENBOARD_CONFIG" >"$SB/cut.json"
unreadable "$SB/cut.json" 'cut\.json:[0-9]+: (ends in the middle|is not JSON)' 'a truncated file'
head -c 2000 "$GREENBOARD" >"$SB/binary.json"
unreadable "$SB/binary.json" 'is not text' 'a binary file'
truncate -s 100M "$SB/huge.json"
unreadable "$SB/huge.json" 'larger than 1048576 bytes' 'a file of 100 MB'
printf '[%.0s' {1..10000} >"$SB/deep.json"
unreadable "$SB/deep.json" 'deeper than 32 levels' '10,000 levels'
unreadable "$SB/none.json" 'No such file' 'no file'
configure '.redis.pasword = {"env": "X"}'
unreadable "$CONFIG" ':[0-9]+: environments\.staging\.redis\.pasword: unknown key .*"password"' \
    'an unknown key'
configure '.redis.port = "6379"'
unreadable "$CONFIG" 'environments\.staging\.redis\.port: must be a whole number' 'a wrong type'
sed 's/"redis": *{/"redis": {}, &/' "$GREENBOARD_CONFIG" >"$SB/twice.json"
unreadable "$SB/twice.json" 'environments\.staging\.redis: duplicate key' 'a duplicate key'
jq '.version = 2' "$GREENBOARD_CONFIG" >"$SB/newer.json"
unreadable "$SB/newer.json" 'newer\.json:[0-9]+: .*version' 'a newer version'
for file in huge deep binary; do
    "$GREENBOARD_TESTS/peak" "$TMPDIR/peak" greenboard -c "$SB/$file.json" check 2>/dev/null
    ok "$file: in bounded memory ($(<"$TMPDIR/peak") KiB)" test "$(<"$TMPDIR/peak")" -lt "$E2E_PEAK"
done
ok 'none of these started the command' untouched

# ---- what is not demanded in vain ----

lacking() { # FILTER WORDS
    configure "$1"
    run greenboard -c "$CONFIG" check -o json
    is "$status" 1 "$2: check exits 1"
    json_is '.checks[] | select(.name == "config") | .summary' "$2" "$2: in these words"
    run greenboard -c "$CONFIG" config check
    is "$status" 1 "$2: config check exits 1"
    like "$out" "$2" "$2: config check says so"
    run greenboard -c "$CONFIG" deploy --confirm staging --reason "$2"
    is "$status" 1 "$2: deploy refuses"
}
lacking 'del(.clickhouse)' 'ClickHouse is REQUIRED in staging'
lacking 'del(.redis)' 'Redis is REQUIRED in staging'
lacking '.clickhouse.host = ""' 'ClickHouse host is REQUIRED in staging'
ok 'the command was not started' untouched

# ---- where nobody is asked ----

cat >"$SB/bare.json" <<END
{"version": 1, "system": "bare", "environments": {
    "development": {"deploy": {"command": ["touch", "$SB/deployed"]}}}}
END
run greenboard -c "$SB/bare.json" check
is "$status" 2 'a board on which nobody was asked is unproven'
run greenboard -c "$SB/bare.json" check redis
is "$status" 2 'a check that was skipped is unproven'
run greenboard -c "$SB/bare.json" deploy --confirm development
is "$status" 2 'and nothing is deployed'
ok 'the command was not started on nobody'"'"'s word' untouched

cat >"$SB/two.json" <<'END'
{"version": 1, "system": "two", "environments": {
    "production": {"redis": {"host": "h", "password": {"env": "PRODUCTION_PASSWORD"}}},
    "development": {"release": {"command": ["sh", "-c", "echo ${PRODUCTION_PASSWORD-withheld}"]}}}}
END
PRODUCTION_PASSWORD=hunter2 run greenboard -c "$SB/two.json" -e development check -o json
is "$(json .release)" withheld 'a command is given no secret of another environment'

# ---- what was found is not trusted ----

mkdir "$SB/found"
jq --arg mark "$SB/found/ran" \
    '.environments.staging.release.command = ["sh", "-c", "echo r1; : >\($mark)"]' \
    "$GREENBOARD_CONFIG" >"$SB/found/greenboard.json"
cd "$SB/found" || exit 1
unset GREENBOARD_CONFIG
run greenboard check
is "$status" 78 'a found file: check exits 78'
like "$err" 'not trusted.*config trust' 'a found file: it says what to do'
ok 'a found file runs nothing' not test -e ran
run greenboard config check
is "$status" 0 'a found file can be looked at'
run greenboard -c greenboard.json check
is "$status" 0 'a file that was named runs'
rm -f ran
run greenboard config trust
is "$status" 0 'a found file can be trusted'
run greenboard check
is "$status" 0 'a trusted file runs'
ok 'its command ran' test -e ran
rm -f ran
echo >>greenboard.json
run greenboard check
is "$status" 78 'a changed file is not trusted'
like "$err" 'has changed' 'it says that it changed'
ok 'a changed file runs nothing' not test -e ran

# ---- what is shown ----

run greenboard -c greenboard.json config show
json_is .redis.deadline 2s 'show fills in the defaults'
json_is '.auth_flow.login.body.password | keys[0]' file 'show leaves a source a source'
run greenboard config schema
json_is '."$schema"' https://json-schema.org/draft/2020-12/schema 'the schema is a JSON Schema'
run greenboard -c greenboard.json -e stagin config show
is "$status" 64 'an unknown environment: usage'
run greenboard config frobnicate
is "$status" 64 'an unknown word: usage'

done_testing
