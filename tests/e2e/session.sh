#!/bin/bash
# A user's systemd, the real one: a deploy started in a login session outlives that session's end.
# In a mount namespace, so that nobody else takes this machine for one that systemd booted
# (sd_booted(3)). Where no user manager can be had nothing here can be proven.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
MANAGER=/usr/lib/systemd/systemd
missing=''
for tool in "$MANAGER" systemd-run systemctl; do
    command -v "$tool" >/dev/null || missing="$tool is missing"
done
unshare --mount mount -t tmpfs none /run 2>/dev/null || missing='no mount namespace may be had'
if [ -n "$missing" ]; then
    skip 1 "$missing"
    done_testing
fi
[ -n "${SESSION_INSIDE:-}" ] || SESSION_INSIDE=1 exec unshare --mount bash "$0"
[ -n "${E2E_INSIDE:-}" ] || { mount -t tmpfs none /run && mkdir -p /run/systemd/system; }
sandboxed --stand-in

SB=$GREENBOARD_SANDBOX
unset DBUS_SESSION_BUS_ADDRESS # its own socket is all that it has
"$MANAGER" --user >"$TMPDIR/manager" 2>&1 &
manager=$!
leave() { kill "$manager" 2>/dev/null && wait "$manager"; }
trap leave EXIT
answers() { systemctl --user show --property=Version >/dev/null 2>&1; }
if ! wait_for answers; then
    diag "$(<"$TMPDIR/manager")"
    skip 1 'no user manager may be had'
    done_testing
fi

printf '#!/bin/bash\ncat /proc/self/cgroup >where\nuntil [ -e go ]; do sleep 0.02; done\necho the end\n' >"$SB/waits"
chmod +x "$SB/waits"
configure 'del(.release.running) | .deploy.verify.revisions = [] | .deploy.command = ["./waits"]'
newest() { greenboard runs show -o json | jq -r "$1"; }
scope_of() { grep -o '[^/]*\.scope$' "$1" | sort -u; }

# On a terminal, since what is started without one is cancelled by a signal.
begin console systemd-run --user --scope --quiet --unit=login -- script -qec \
    "greenboard -c '$CONFIG' deploy --confirm staging --reason 'then I go home'" /dev/null
ok 'the command runs' wait_for test -s "$SB/where"
id=$(newest .id)
is "$(scope_of "$SB/where")" "greenboard-$id.scope" "in a scope of the run's own, not in the session's"
is "$(newest .scope)" "greenboard-$id.scope" 'which its record names'
systemctl --user stop login.scope
finish console
not_login() { ! systemctl --user --quiet is-active login.scope; }
ok 'the end of the session ends what is in it' not_login
run greenboard runs show -o json
json_is .phase running 'the run goes on'
touch "$SB/go"
run greenboard runs attach "$id"
is "$status" 0 'and ends verified'
like "$out" 'the end' 'with all that it printed'
gone() { ! systemctl --user --quiet is-active "greenboard-$id.scope"; }
ok 'its scope is gone then' wait_for gone
done_testing
