#!/bin/bash
# A lease in a Redis that is reached through a tunnel: had before a check is asked, renewed while the
# tunnel is started again, and given back. A state directory of its own stands for a machine.
# Some functions are called by name.
# shellcheck disable=SC2317
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in

PEER=$GREENBOARD_TESTS/peer

# shellcheck source=tests/e2e/keeper.sh
. "${0%/*}/keeper.sh"
# shellcheck source=tests/e2e/machines.sh
. "${0%/*}/machines.sh"

leased() { [ "$(redis exists "$KEY")" = 1 ]; }
left() { redis pttl "$KEY"; }

# The tunnel: a forwarder, unless it is shut.
cat >"$SB/bridge" <<SCRIPT
#!/bin/bash
[ ! -e shut ] || { echo "no route to \$3" >&2; exit 3; }
exec -a bridge "$PEER" forward "\$1" "\$2"
SCRIPT
chmod +x "$SB/bridge"

# No forwarder runs now; those beneath a process.
none() { not pgrep -f "^bridge forward [0-9]+ $PORT\$" >/dev/null; }
own() { # PID
    local guardian
    [ -n "$1" ] || return
    for guardian in $(pgrep -P "$1" -x greenboard-tun); do pgrep -P "$guardian"; done
}

leases() { # TTL [FILTER]
    configure ".redis = {host: \"127.0.0.1\", port: $PORT, via: \"tunnel:bastion\"}
        | .tunnels.bastion.command = [\"./bridge\", \"{port}\", \"{remote_port}\", \"{host}\"]
        | .coordination = {redis: \"environment\", ttl: \"$1\"}
        | del(.services.backend.settings) | .deploy.command = [\"./ship\"] | ${2:-.}"
}
keeper || { ok 'a redis-server starts' false; done_testing; }

# ---- before any check, and one at a time ----

leases 10s "$SLOW"
before=$(started)
begin a deploy a 'from machine a'
ok 'the supervisor asks its checks' wait_for says "$SB/asked" greenboard-run
ok 'and has the lease by then' leased
run deploy b 'from machine b'
is "$status" 75 'machine b is refused meanwhile'
like "$err" 'held by .*from machine a' 'and told who has it, through a tunnel of its own'
touch "$SB/answer"
ok 'machine a runs its command' wait_for ships "$before"

# ---- the tunnel ends in the run, and is started again ----

pid=$(supervisor a)
mapfile -t bridges < <(own "$pid")
ok 'it has a tunnel for the lease and one for the checks' test "${#bridges[@]}" = 2
kill -USR1 "${bridges[@]}"
all_new() {
    local now
    mapfile -t now < <(own "$pid")
    [ "${#now[@]}" = 2 ] && ! printf '%s\n' "${now[@]}" | grep -qxF "$(printf '%s\n' "${bridges[@]}")"
}
ok 'both are started again, and no other' wait_for all_new
least=$(left)
ok 'the lease is renewed through the new one' wait_for renewed
touch "$SB/go"
finish a
is "$status" 0 'machine a verifies'
ok 'and gives the lease back' not leased
ok 'nothing of its tunnels is left' wait_for none

# ---- without a tunnel ----

leases 2s
rm "$SB/go"
before=$(started)
begin bereft deploy bereft 'until the tunnel is shut'
ok 'a command runs' wait_for ships "$before"
pid=$(supervisor bereft)
touch "$SB/shut"
mapfile -t bridges < <(own "$pid")
kill -USR1 "${bridges[@]}"
before=$(started)
run deploy late 'while the tunnel is shut'
is "$status" 2 'without a tunnel no lease is had'
like "$err" 'no lease can be had: tunnel bastion ended with status 3: no route to 127.0.0.1' 'with its last words'
is "$(started)" "$before" 'and nothing is started'
ok 'a lease that cannot be renewed runs out' wait_for not leased
touch "$SB/go"
finish bereft
is "$status" 4 'its run is not verified'
like "$err" 'ran out .* ago, since it could not be renewed: tunnel bastion ended with status 3' 'and says why'
ok 'its tunnels are ended' wait_for none
rm "$SB/shut"

# ---- taken away through one ----

leases 3s
rm "$SB/go"
before=$(started)
begin holder deploy holder 'to be robbed'
ok 'a command runs' wait_for ships "$before"
run on thief greenboard -c "$CONFIG" unlock --lease "$(redis get "$KEY" | jq -r .id)" --reason 'its machine burns'
is "$status" 0 'a lease is taken away through a tunnel'
ok 'and free soon' wait_for not leased
touch "$SB/go"
finish holder
like "$err" 'taken away by' 'its holder learns of it'
ok 'nothing of the tunnels is left' wait_for none

# ---- what a service tells is no lease ----

leases 3s '.redis |= (.via = "service:backend" | .told_by = "backend ready")'
run greenboard -c "$CONFIG" config check
is "$status" 78 'a Redis that a service tells of keeps no lease'
like "$err" 'coordination.redis: needs a Redis that is asked from here or through a tunnel' 'which the file is refused for'
done_testing
