#!/bin/bash
# Checks of one's own beside a real staging: they climb to green by their answer alone, a command gets
# no secret and shows none, and a file that was merely found runs none.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed

light() { json ".checks[] | select(.name == \"$1\") | .state + \" \" + .summary"; }

# shellcheck disable=SC2016 # jq's own variables
generic='.checks += [
    {type: "http", name: "web", service: "backend", path: "/api/health/ready",
     expect: {contains: "\"ready\"", json: {"/status": "ready"}}},
    {type: "tcp", name: "banner", host: "127.0.0.1", port: .redis.port, send: "PING\\r\\n",
     expect: "-NOAUTH "},
    {type: "dns", name: "name", host: "localhost", contains: ["127.0.0.1"]},
    {type: "command", name: "plugin", command: ["sh", "-c", $script], deadline: "10s"}]'

password=$(<"$GREENBOARD_SANDBOX/secrets/redis")
configure "$generic" --arg script "echo \"all well \${JWT_SECRET_KEY:-withheld}\"
    echo 'password is' \$(cat '$GREENBOARD_SANDBOX/secrets/redis'); : >'$TMPDIR/ran'"
JWT_SECRET_KEY=0123456789abcdef0123456789abcdef run greenboard -c "$CONFIG" check -o json
is "$status $(json .verdict)" '0 GO' 'all of them are green, and the gate is open'
is "$(light web)" 'OK backend answered 200 with all that is expected' 'http: its content was compared'
like "$(light banner)" '^OK 127.0.0.1:[0-9]+ answers as expected' 'tcp: what it says was compared'
like "$(light name)" '^OK localhost is 127.0.0.1' 'dns: its addresses were compared'
is "$(light plugin)" 'OK all well withheld' 'command: a source of a secret is withheld from it'
json_is '.checks[] | select(.name == "plugin") | .notes[0]' 'password is [masked]' \
    'command: a secret that it prints is masked'
unlike "$out" "$password" 'and stands nowhere else'
rm -f "$TMPDIR/ran"

configure '.checks += [{type: "tcp", name: "banner", host: "127.0.0.1", port: .redis.port,
    send: "PING\\r\\n", expect: "+PONG"}]'
run greenboard -c "$CONFIG" check -o json
is "$status" 1 'a PONG that does not come closes the gate'
like "$(light banner)" '^FAIL 127.0.0.1:[0-9]+ says "-NOAUTH ' 'with what came instead'

# What a directory merely holds may not run anything.
mkdir "$TMPDIR/found"
configure "$generic" --arg script "echo well; : >'$TMPDIR/ran'"
cp "$CONFIG" "$TMPDIR/found/greenboard.json"
run env -u GREENBOARD_CONFIG -C "$TMPDIR/found" greenboard check
is "$status" 78 'a command of a file that was merely found: refused'
ok 'and not run' test ! -e "$TMPDIR/ran"
run env -u GREENBOARD_CONFIG -C "$TMPDIR/found" greenboard config trust
run env -u GREENBOARD_CONFIG -C "$TMPDIR/found" greenboard check plugin
is "$status" 0 'once the file is trusted'
ok 'it runs' test -e "$TMPDIR/ran"
done_testing
