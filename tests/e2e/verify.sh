#!/bin/bash
# What a run is proven by besides its checks: the revision that serves, what runs, commands and logs; and
# that a release was proven in one environment before it ships to the next.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in

SB=$GREENBOARD_SANDBOX
last_run() { run greenboard "$@" runs show -o json; }
proven() { json ".verified[] | select(.name == \"$1\") | .state + \": \" + .what"; } # NAME
# Answers may be too old on a busy machine before the command can start: then nothing was, and it is
# asked for again.
ship() { # ENVIRONMENT RELEASE REASON
    local i
    for ((i = 0; i < 20; i++)); do
        run greenboard -c "$CONFIG" -e "$1" deploy --release "$2" --confirm "$1" --reason "$3"
        [[ $status = 70 && $err = *'too slow'* ]] || break
    done
}
configure '.'

# ---- the revision, and what runs ----

ship staging good-1 'a good one'
is "$status" 0 'a deploy that makes a revision which serves: verified'
last_run -e staging
is "$(proven 'revision backend')" 'OK: netra-backend-staging-00042-wol is ready and serves 100 %' \
    'the record has the new revision'
is "$(proven running)" 'OK: 2 of 2 run good-1' 'and what runs'
json_is '.running.backend + " " + (.known_good | tostring)' 'good-1 true' 'known good is bound to what was printed'

fault deploy_no_traffic on
ship staging stuck-2 'gets no traffic'
is "$status" 4 'a deploy that leaves the traffic where it was: 4'
like "$out$err" 'running: auth runs good-1, not stuck-2' 'what runs is said'
like "$out$err" 'netra-backend-staging-00043-wol is ready, but the traffic .* goes to netra-backend-staging-00042-wol 100 %' \
    'and where the traffic is'
last_run -e staging
json_is '.outcome + " " + (.known_good | tostring)' 'unverified false' 'it is not known good'
json_is '.verdict_after.verdict + " " + .verdict_after.kind' 'NO-GO unsafe' 'the judgement is one'
json_like '.verified[] | select(.name == "revision backend").remedy' \
    '^gcloud run services update-traffic netra-backend-staging --project=netra-staging --region=us-central1 --to-latest$' \
    'the command that moves the traffic is named'
run greenboard -c "$CONFIG" check -o json
json_is '[.causes[].check] | join(" ")' 'backend revision' 'from then on the check is red'
fault deploy_no_traffic off
run greenboard -c "$CONFIG" check -o json
is "$(json .verdict)" GO 'with the traffic moved it is green'

# ---- commands and logs ----

configure '.deploy.verify.commands = [{"name": "smoke", "command": ["./smoke", "{release}"]}]
    | .deploy.verify.logs = [{"name": "errors", "command": ["cat", "log"], "forbid": ["^ERROR", "panic:"]}]'
printf '#!/bin/sh\n[ -e tried ] || { touch tried; exit 1; }\necho "$1 answers"\n' >"$SB/smoke"
chmod +x "$SB/smoke"
echo 'all well' >"$SB/log"
run greenboard -c "$CONFIG" deploy --dry-run
like "$out" "smoke: $SB/smoke" 'the plan shows what proves it'
ship staging good-3 'with a smoke test'
is "$status" 0 'a command that exits 0 at the second try' || diag "$out$err"
last_run -e staging
is "$(proven smoke)" 'OK: good-3 answers' 'what it said is in the record'
is "$(proven 'log errors')" 'OK: nothing forbidden in 1 lines' 'and that the log is clean'
printf 'all well\nERROR 60: no table, says %s\n' "$(<"$SB/secrets/probe")" >"$SB/log"
ship staging bad-4 'with an error in the log'
is "$status" 4 'a forbidden line in the log: 4'
like "$out$err" 'log errors: forbidden "\^ERROR" in: ERROR 60: no table, says \[masked\]' 'the line is shown, masked'
run greenboard runs show
like "$out" 'FAIL log errors: forbidden' 'and shown by runs show'
configure '.deploy.verify.logs = [{"name": "errors", "command": ["cat", "log"], "forbid": ["(ERROR"]}]'
run greenboard -c "$CONFIG" check
is "$status" 78 'a pattern that is none: the configuration is refused'
like "$err" 'logs\[0\]\.forbid\[0\].*regular expression' 'and it says where'

# ---- promotion ----

configure '.'
jq '.environments.production = (.environments.staging
    | .checks += [{"type": "promotion", "name": "promotion", "from": "staging"}])' "$CONFIG" >"$SB/two.json"
CONFIG=$SB/two.json
ship production next-5 'too early'
is "$status" 1 'a release that was never in staging is refused'
like "$out$err" 'promotion: next-5 was never deployed to staging' 'and it says so'
run greenboard -c "$CONFIG" -e production check -o json
json_like '.checks[] | select(.name == "promotion").remedy' 'deploy it to staging first: greenboard -e staging deploy' \
    'and what to do first'
ship staging next-5 'staging first'
is "$status" 0 'it is deployed to staging'
ship production next-5 'now it may'
is "$status" 0 'and then to production'
last_run -c "$CONFIG" -e production
json_is .known_good true 'where it is known good too'
fault deploy_breaks on
ship staging next-5 'once more'
fault deploy_breaks off
fault jwt_mismatch off
is "$status" 4 'the same release, broken in staging afterwards'
ship production next-5 'once more'
is "$status" 1 'is refused: the newest run decides'
like "$out$err" 'promotion: next-5 is not known good in staging: run .* was unverified' 'and it says which'
jq '.environments.production.checks[-1].from = "production"' "$CONFIG" >"$SB/self.json"
run greenboard -c "$SB/self.json" -e staging check
is "$status" 78 'an environment that promotes from itself is refused'
like "$err" 'checks\[2\]\.from: is this environment' 'and it says so'
done_testing
