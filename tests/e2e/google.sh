#!/bin/bash
# Google's services as greenboard asks them, held against Google's own command line where that is
# installed: what `gcloud` takes for Secret Manager is one.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in

SB=$GREENBOARD_SANDBOX
PROJECT=netra-staging SECRET=jwt-secret-staging

# ---- credentials ----

source_is() { json_is '.checks[] | select(.name == "jwt_secret") | .state + " " + .evidence.source' \
    'OK Secret Manager jwt-secret-staging' "$1"; }

run greenboard check jwt_secret -o json
source_is 'by the metadata server'
run env GOOGLE_APPLICATION_CREDENTIALS="$SB/google/user.json" GCE_METADATA_HOST=127.0.0.1:1 \
    greenboard check jwt_secret -o json
source_is 'by a login that GOOGLE_APPLICATION_CREDENTIALS names'
mkdir -p "$SB/gcloud"
cp "$SB/google/user.json" "$SB/gcloud/application_default_credentials.json"
run env GCE_METADATA_HOST=127.0.0.1:1 greenboard check jwt_secret -o json
source_is "by the login of gcloud's own directory"
jq '.refresh_token = "another"' "$SB/google/user.json" >"$SB/gcloud/application_default_credentials.json"
run greenboard check jwt_secret -o json
json_like '.checks[0].summary' 'Google refuses the credentials in .*: Token has been expired or revoked' \
    'a login that has ended: says so'
json_like '.checks[0].remedy' 'gcloud auth application-default login' 'and how to log in again'
rm -r "$SB/gcloud"

# ---- a fault reaches a console that keeps its token ----

configure '.secrets.max_age = "1s"'
mkfifo "$TMPDIR/typed"
greenboard -c "$CONFIG" --plain <"$TMPDIR/typed" >"$TMPDIR/plain" 2>&1 &
plain=$!
exec 3>"$TMPDIR/typed"
wait_for says "$TMPDIR/plain" '^GO ' || diag "$(<"$TMPDIR/plain")"
fault gcp_denied on
asked_again() { echo r >&3; says "$TMPDIR/plain" "$1"; }
ok 'denied while it watches: red, named' \
    wait_for asked_again 'jwt_secret.*FAIL.*lacks secretmanager.versions.access'
fault gcp_denied off
back() { echo r >&3; [ "$(grep -cE '^GO ' "$TMPDIR/plain")" -ge 2 ]; }
ok 'and green again' wait_for back
echo q >&3
exec 3>&-
wait "$plain"

# ---- gcloud ----

if ! command -v gcloud >/dev/null; then
    skip 10 'gcloud is not installed'
    done_testing
fi

take_token() {
    curl -s -H 'Metadata-Flavor: Google' \
        "http://$GCE_METADATA_HOST/computeMetadata/v1/instance/service-accounts/default/token" |
        jq -j .access_token >"$TMPDIR/token"
}
take_token
export CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=$TMPDIR/token CLOUDSDK_CORE_DISABLE_PROMPTS=1
export CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK=1 CLOUDSDK_CORE_DISABLE_USAGE_REPORTING=1

access() {
    run gcloud secrets versions access latest --secret=$SECRET --project=$PROJECT
}
# The token of before a fault holds no longer.
with_fault() {
    fault "$1" on
    take_token
}

access
is "$status$out" "0$(<"$SB/secrets/canonical/jwt")" 'gcloud reads the canonical secret'
run gcloud secrets versions describe latest --secret=$SECRET --project=$PROJECT --format='value(state,name)'
is "$out" "ENABLED	projects/701105466528/secrets/$SECRET/versions/7" 'gcloud describes its newest version'
run gcloud secrets list --project=$PROJECT --format='value(name)'
is "$(sort <<<"$out" | paste -sd' ')" \
    'jwt-secret jwt-secret-key jwt-secret-production jwt-secret-staging jwt-signing-key-staging smtp-password staging-jwt-secret-key' \
    'gcloud lists the secrets'
# It puts the region before the host, which on this machine is no name: the sandbox as its proxy.
api=${CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN#http://127.0.0.1:}
run env CLOUDSDK_PROXY_TYPE=http_no_tunnel CLOUDSDK_PROXY_ADDRESS=127.0.0.1 CLOUDSDK_PROXY_PORT="${api%/}" \
    gcloud run services describe netra-backend-staging --region=us-central1 --project=$PROJECT \
    --format='value(spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.name)'
is "$out" "$SECRET" 'gcloud reads which secret a service mounts'
with_fault bad_crc
access
is "$status" 1 'gcloud refuses a value that does not fit its checksum'
like "$err" 'incorrect data_crc32c' 'and says so'
fault bad_crc off
with_fault secret_disabled
access
like "$err" 'FAILED_PRECONDITION.*is in DISABLED state' 'gcloud takes the refusal of a disabled version for one'
fault secret_disabled off
with_fault secret_missing
access
like "$err" 'NOT_FOUND' 'gcloud takes a missing secret for one'
fault secret_missing off
with_fault gcp_denied
access
like "$err" 'PERMISSION_DENIED' 'gcloud takes a denial for one'
fault gcp_denied off
access
like "$err" 'UNAUTHENTICATED|credentials|401' 'gcloud is turned away with a token that was revoked'
done_testing
