#!/bin/bash
# A rotated secret: the gate is closed, a repair mends it, and the next deploy goes through.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in

SB=$GREENBOARD_SANDBOX
deploys() { wc -l 2>/dev/null <"$SB/deploys" || echo 0; }

# ---- what there is ----

run greenboard repair
is "$status" 0 'the repairs are listed'
like "$out" 're-mount secret: redeploy what runs' 'with their titles'
run greenboard repair nonsense --confirm staging --reason 'no such thing'
is "$status" 64 'one that nobody configured: usage'
like "$err" 're-mount secret' 'and it names those that there are'
run greenboard repair 're-mount secret' --confirm staging
is "$status" 64 'without a reason: usage'
run greenboard repair 're-mount secret' --confirm staging --reason 'just in case'
is "$status" 64 'what it is for is green: refused'
like "$err" 'mends nothing now' 'and it says so'
run greenboard runs list -o json
json_is length 0 'none of these is a run'

# ---- before the first verified run ----

run greenboard repair 'first start' --confirm staging --reason 'a new environment'
is "$status" 0 'a bootstrap runs before anything was verified'
run greenboard deploy --confirm staging --reason 'the first release'
is "$status" 0 'then the first deploy'
run greenboard repair 'first start' --confirm staging --reason 'once more'
is "$status" 64 'after a verified run there is nothing to bootstrap'

# ---- a rotated secret ----

before=$(deploys)
fault secret_rotated on
run greenboard deploy --confirm staging --reason 'does not know of it'
is "$status" 1 'rotated, but not redeployed: refused'
like "$out$err" 'jwt_sync' 'jwt_sync says why'
run greenboard check jwt_sync
like "$out" "mends: greenboard repair 're-mount secret'" 'and what mends it is offered beside it'
run greenboard repair 're-mount secret' --dry-run --confirm staging --reason 'look first'
like "$out" 'repair-command' 'a dry run shows the plan'
run greenboard check jwt_sync
is "$status" 1 'and mends nothing'
run greenboard repair 're-mount secret' --confirm staging --reason 'version 8 is out'
is "$status" 0 'the repair is done and verified'
like "$out" 'mounting .*jwt-secret-staging' 'what it printed is shown'
run greenboard runs show -o json
json_is '.kind + " " + .repair + " " + .outcome' 'repair re-mount secret verified' 'its record says what it was'
json_is '(.release | tostring) + " " + (.known_good | tostring)' 'null false' 'and that it shipped nothing'
json_is .reason 'version 8 is out' 'and why'
is "$(deploys)" "$before" 'no deploy ran in the meantime'
run greenboard check
is "$status" 0 'every light is green'
run greenboard deploy --confirm staging --reason 'now it may'
is "$status" 0 'and the deploy goes through'
is "$(deploys)" $((before + 1)) 'once'
fault secret_rotated off
run greenboard check
is "$status" 0 'what the repair did is gone with the fault'

# ---- a repair that does not mend ----

configure '.repairs = [{"name": "wishful", "for": ["jwt_sync"], "command": ["true"],
    "verify": {"within": "1s", "hold": "0s"}}]'
fault jwt_mismatch on
run greenboard -c "$CONFIG" repair wishful --confirm staging --reason 'hope'
is "$status" 4 'a repair after which it is red still: not verified'
run greenboard -c "$CONFIG" runs show -o json
json_is .outcome unverified 'and the record says so'
fault jwt_mismatch off
run greenboard audit verify
is "$status" 0 'the trail is whole'
done_testing
