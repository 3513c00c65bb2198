#!/bin/bash
# Watching leaves no trace in what is watched: as many logins as an hour of it sends, and users' figures
# stay where they were.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in

# Every 25 s jwt_sync and auth_flow log in once each, so 288 times an hour.
HOUR=288
figures() {
    curl -s "$(jq -r .environments.staging.services.backend.url "$GREENBOARD_CONFIG")/health/authentication/metrics" |
        jq -r '.authentication_metrics | "\(.total_attempts) \(.failed_authentications) \(.wrong_password_attempts)"'
}
own_logins() { jq '[.checks[] | .evidence.probe // empty | split(" ")[0] | tonumber] | add' <<<"$out"; }

fault quiet on
is "$(figures)" '0 0 0' 'nobody logs in'
logins=0
while [ "$logins" -lt "$HOUR" ]; do
    run greenboard check -o json
    [ "$status" = 0 ] || break
    # auth_rate topped up to these, jwt_sync and auth_flow among them; forgeries come on top.
    logins=$((logins + $(own_logins)))
done
is "$status" 0 'every asking of an hour is green'
ok 'as many logins as an hour of watching sends' test "$logins" -ge "$HOUR"
is "$(figures)" '0 0 0' "users' figures are where they were"
curl -s -o /dev/null -X POST -H 'Content-Type: application/json' -d '{"email": "x@example.com", "password": "wrong"}' \
    "$(jq -r .environments.staging.services.auth.url "$GREENBOARD_CONFIG")/auth/login"
is "$(figures)" '1 1 1' 'and a login without our header is counted'
done_testing
