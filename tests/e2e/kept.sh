#!/bin/bash
# What is kept of files holds no secret, also none that no source names; and what comes back has the
# secrets of now.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in

SB=$GREENBOARD_SANDBOX
configure '.backup.files += ["docker-compose.yml", "app.ini"]
    | .backup.commands = [["cat", "docker-compose.yml"], ["cat", "app.ini"]]'
export GREENBOARD_CONFIG=$CONFIG

# Answers may be too old on a busy machine before the command can start: then it is asked for again.
attempt() { # COMMAND…
    local i
    for ((i = 0; i < 20; i++)); do
        run "$@"
        [[ $status = 70 && $err = *'too slow'* ]] || break
    done
}

write() { # WORD IMAGE
    cat >"$SB/docker-compose.yml" <<END
x-common: &common   # password: $1-comment
  restart: $2
services:
  db:
    <<: *common
    image: "postgres:$2"
    environment:
      POSTGRES_USER: shop
      POSTGRES_PASSWORD: $1-mapping
  app:
    image: app:$2
    environment:
      - MODE=$2
      - DB_PASSWORD=$1-list
    command: ["serve", "--token=$1-option", "--url", "postgres://shop:$1-url@db/shop"]
    configs:
      key.pem: |
        -----BEGIN PRIVATE KEY-----
        $1-block
        -----END PRIVATE KEY-----
END
    cat >"$SB/app.ini" <<END
; password = $1-comment
[database]
host = $2
password = "$1-ini";
[mail]
password = $1-mail
END
}

# ---- keeping ----

write first-word one
echo good-1 >"$SB/release"
attempt greenboard deploy --confirm staging --reason 'with a compose file and an INI file'
is "$status" 0 'a release is verified'
run greenboard runs show -o json
runs=$(dirname "$(dirname "$(json .output)")")
state=$runs/$(json .id)
for file in 'backup/002-docker-compose.yml' 'shipped/002-docker-compose.yml' 'shipped/003-app.ini'; do
    like "$(<"$state/$file")" 'kept back' "$file lacks its secrets"
done
ok 'no file that it left holds a secret' not grep -rqF first-word "$runs"
is "$(grep -c 'kept back' "$state/shipped/002-docker-compose.yml")" 4 'nor less than its secrets is kept'
like "$(<"$state/shipped/002-docker-compose.yml")" 'MODE=one' 'what is none is there'
like "$(<"$state/shipped/003-app.ini")" 'password = "\[kept back [0-9a-f]*\]";' 'quotes and separators too'

# ---- going back ----

write rotated-since two
echo bad-2 >"$SB/release"
fault deploy_breaks on
attempt greenboard deploy --confirm staging --reason 'the broken one'
fault deploy_breaks off
is "$status" 4 'the next one breaks'

run greenboard rollback --dry-run
is "$status" 0 'a dry run'
like "$out" '/services/app/environment/MODE= = two becomes one' 'tells YAML value by value'
like "$out" '/services/app/environment/DB_PASSWORD= stays secret [0-9a-f]{12} .then' 'a secret by its fingerprint'
like "$out" 'database/password stays secret [0-9a-f]{12} .then' 'a line of an INI file too'
unlike "$out$err" 'first-word|rotated-since' 'and no secret'

attempt greenboard rollback --confirm staging --reason 'back to one'
is "$status" 0 'back to the good one'
compose=$(<"$SB/docker-compose.yml") ini=$(<"$SB/app.ini")
write rotated-since one
is "$compose" "$(sed 's/rotated-since-comment/[not kept]/' "$SB/docker-compose.yml")" \
    'YAML is what it was, with the passwords of now'
is "$ini" "$(sed 's/rotated-since-comment/[not kept]/' "$SB/app.ini")" 'so is the INI file'
run greenboard runs show -o json
json_is .outcome verified 'it is verified'
ok 'nothing that was kept meanwhile holds a secret' not grep -rqE 'first-word|rotated-since' "$runs"
done_testing
