#!/bin/bash
# Redis as it really is: servers of this machine's redis-server, in the clear, over TLS with
# certificates made here, at a Unix socket, with users, behind Sentinels and as a cluster.
# Some functions are called by name.
# shellcheck disable=SC2317
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
command -v openssl >/dev/null || { skip 1 'openssl is missing'; done_testing; }
sandboxed --stand-in

# shellcheck source=tests/e2e/servers.sh
. "${0%/*}/servers.sh"

# ---- asking ----

asks() { # SECTION [jq arguments…]: of a Redis; status and out of the check
    local section=$1
    shift
    configure ".redis = ({host: \"127.0.0.1\"} + $section)" "$@"
    run greenboard -c "$CONFIG" check redis -o json
}
green() { json_is '.checks[0] | .state, .rung' $'OK\nusable' "$1" || diag "$out"; }
red() { # SUMMARY REMEDY NAME
    json_like '.checks[0] | .state + " " + .summary + " -> " + .remedy' "^FAIL .*$1.* -> .*$2" "$3" || diag "$out"
}
evidence() { json_like ".checks[0].evidence[\"$1\"]" "$2" "$3"; }
port() { echo "port: ${PORTS[$1]}"; }

PASSWORD='a long pass word'
printf '%s' "$PASSWORD" >"$TMPDIR/password"
chmod 600 "$TMPDIR/password"
secret="password: {file: \"$TMPDIR/password\"}"

# ---- in the clear, by user, by socket ----

server plain --requirepass "$PASSWORD" --unixsocket "$TMPDIR/redis.sock"
asks "{$(port plain), $secret}"
green 'with the password'
evidence redis_version '^[0-9]+\.' 'and its version is told'
asks "{$(port plain)}"
red NOAUTH 'set environments.staging.redis.password' 'without the password'
asks "{$(port plain), $secret, database: 3}"
green 'in another database'
asks "{$(port plain), $secret, database: 99}"
red 'DB index' redis.database 'in a database that is not there'
asks "{host: \"\", socket: \"$TMPDIR/redis.sock\", $secret}"
green 'at its socket, without a host'
evidence target 'redis.sock$' 'and the socket is told'
asks "{host: \"\", socket: \"$TMPDIR/none.sock\", $secret}"
red 'none.sock' '.' 'at a socket that is not there'

export CLI_PASSWORD=$PASSWORD
cli plain ACL SETUSER probe on '>secret' '~greenboard:probe:*' +set +get +pttl +del +ping +info +select >/dev/null
printf secret >"$TMPDIR/user"
user="user: \"probe\", password: {file: \"$TMPDIR/user\"}"
asks "{$(port plain), $user}"
green 'as a user who may do just what the remedy grants'
cli plain ACL SETUSER probe -set >/dev/null
asks "{$(port plain), $user}"
red NOPERM 'grant the user' 'as one who may not write'
cli plain CONFIG SET maxmemory 1 >/dev/null
asks "{$(port plain), $secret}"
red OOM maxmemory 'a Redis without memory'
cli plain CONFIG SET maxmemory 0 >/dev/null
is "$(cli plain DBSIZE)" 0 'no key of ours is left'

last_save() { [[ $(cli plain INFO persistence) == *rdb_last_bgsave_status:$1* ]]; }
cli plain CONFIG SET save '3600 1' dir /proc >/dev/null
cli plain BGSAVE >/dev/null
wait_for last_save err
asks "{$(port plain), $secret}"
red MISCONF 'disk space' 'a Redis that cannot save'
cli plain CONFIG SET save '' stop-writes-on-bgsave-error no >/dev/null
asks "{$(port plain), $secret}"
json_is '.checks[0].state' WARN 'the same where it may write all the same'
json_like '.checks[0].summary' 'last save to disk failed' 'and it says what failed'
cli plain CONFIG SET dir "$TMPDIR/plain" >/dev/null
cli plain BGSAVE >/dev/null
wait_for last_save ok

synced() { [[ $(cli replica INFO replication) == *master_link_status:up* ]]; }
cli plain CONFIG SET repl-diskless-sync-delay 0 >/dev/null
server replica --requirepass "$PASSWORD" --masterauth "$PASSWORD" \
    --replicaof "127.0.0.1 ${PORTS[plain]}" --repl-diskless-sync-delay 0
wait_for synced
asks "{$(port replica), $secret}"
red READONLY 'at the primary' 'a replica'
cli replica CONFIG SET replica-read-only no >/dev/null
asks "{$(port replica), $secret}"
red 'no master but a replica of 127.0.0.1' primary 'a replica that takes writes'
asks "{$(port plain), $secret, thresholds: {replicas: 2}}"
json_like '.checks[0].summary' '1 of 2 replicas' 'a replica too few'
stop replica
asks "{$(port replica), $secret}"
red 'connection refused' 'host and port' 'nobody there'

# ---- over TLS ----

certify() { # NAME SUBJECT-ALTERNATIVE-NAME: $TMPDIR/NAME.{key,crt} of the authority
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$TMPDIR/$1.key" \
        -subj "/CN=$1" -addext "subjectAltName=$2" -out "$TMPDIR/$1.csr" 2>/dev/null
    openssl x509 -req -in "$TMPDIR/$1.csr" -CA "$TMPDIR/ca.crt" -CAkey "$TMPDIR/ca.key" -days 2 \
        -copy_extensions copy -out "$TMPDIR/$1.crt" 2>/dev/null
}
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$TMPDIR/ca.key" \
    -subj /CN=authority -days 2 -out "$TMPDIR/ca.crt" 2>/dev/null
certify here IP:127.0.0.1,DNS:redis.internal
certify elsewhere DNS:elsewhere.example
certify us DNS:us.example

tls_server() { # NAME CERTIFICATE OPTION…
    local name=$1 certificate=$2
    shift 2
    launch "$name" 'Ready to accept connections' --port 0 --tls-port PORT --save '' \
        --tls-cert-file "$TMPDIR/$certificate.crt" --tls-key-file "$TMPDIR/$certificate.key" \
        --tls-ca-cert-file "$TMPDIR/ca.crt" --requirepass "$PASSWORD" "$@"
}
ca="ca: \"$TMPDIR/ca.crt\""
ours="cert: \"$TMPDIR/us.crt\", key: \"$TMPDIR/us.key\""
tls_server tls here --tls-auth-clients no
asks "{$(port tls), $secret, tls: {$ca}}"
green 'over TLS, its certificate verified'
asks "{$(port tls), $secret, tls: {$ca, server_name: \"redis.internal\"}}"
green 'over TLS, under the name that is expected'
asks "{$(port tls), $secret, tls: {$ca, server_name: \"redis.example\"}}"
red 'redis.example' '.' 'over TLS, under another name'
asks "{$(port tls), $secret, tls: true}"
red 'certificate|authority|issuer' '.' 'over TLS, of an authority that nobody knows'
asks "{$(port tls), $secret}"
red '.' 'TLS|tls' 'in the clear where TLS is spoken'
asks "{$(port plain), $secret, tls: {$ca}}"
red '.' 'TLS' 'over TLS where nobody speaks it'
tls_server other elsewhere --tls-auth-clients no
asks "{$(port other), $secret, tls: {$ca}}"
red 'elsewhere.example' '.' 'over TLS, a certificate for another host'
tls_server strict here --tls-auth-clients yes
asks "{$(port strict), $secret, tls: {$ca, $ours}}"
green 'over TLS with a certificate of ours'
asks "{$(port strict), $secret, tls: {$ca}}"
red '.' 'tls.cert' 'over TLS where ours is missing'

# ---- behind Sentinels ----

COUNCIL_PASSWORD=of-the-council
for name in one two three; do
    sentinel $name plain "sentinel auth-pass shop \"$PASSWORD\"" 'sentinel sentinel-pass of-the-council' \
        'requirepass of-the-council'
done
printf of-the-council >"$TMPDIR/sentinels"
places=$(for name in one two three; do echo "{host: \"127.0.0.1\", port: ${PORTS[$name]}},"; done)
behind="host: \"\", mode: \"sentinel\", sentinels: [${places%,}], $secret, \
    sentinel_password: {file: \"$TMPDIR/sentinels\"}"
ok 'three Sentinels find each other' wait_for all_know
asks "{$behind, master: \"shop\"}"
green 'the master that the Sentinels name'
evidence target "^127.0.0.1:${PORTS[plain]}$" 'is the target'
evidence sentinels '3 of 3' 'all of them are told'
evidence quorum '3 usable Sentinels' 'and their quorum'
asks "{$behind, master: \"shopp\"}"
red 'no master named shopp' redis.master 'a master that they do not know'
asks "{$behind, master: \"shop\"} | .sentinel_password = {file: \"$TMPDIR/user\"}"
red WRONGPASS sentinel_password 'their own password is wrong'
asks "{$(port one), $secret} | .password = {file: \"$TMPDIR/sentinels\"}"
red Sentinel 'mode to sentinel' 'a Sentinel in the place of a Redis'
asks "{$behind, master: \"shop\", sentinels: [{host: \"127.0.0.1\", port: ${PORTS[plain]}}]} |
    .sentinel_password = .password"
red 'no Sentinel' redis.sentinels 'a Redis in the place of a Sentinel'
stop three
# On a busy machine the two that are left may miss each other for a moment.
two_do() { asks "{$behind, master: \"shop\"}"; [ "$(json '.checks[0].state')" = OK ]; }
ok 'one Sentinel may be away' wait_for two_do
json_like '.checks[0].notes | join(" ")' "Sentinel 127.0.0.1:${PORTS[three]}: connection refused" 'and is noted'
stop two
ok 'the one that is left has no quorum' wait_for quorum NOQUORUM
asks "{$behind, master: \"shop\"}"
red NOQUORUM 'start the Sentinels' 'is red though the master is up'
stop one
asks "{$behind, master: \"shop\"}"
red 'Sentinel 127.0.0.1.*connection refused' '.' 'no Sentinel at all'

# ---- as a cluster ----

NODES='first second third fourth'
for name in $NODES; do
    server "$name" --cluster-enabled yes --cluster-port BUS \
        --cluster-node-timeout 60000 --requirepass "$PASSWORD"
done
cli first CLUSTER ADDSLOTSRANGE 0 5460 >/dev/null
cli second CLUSTER ADDSLOTSRANGE 5461 10922 >/dev/null
cli third CLUSTER ADDSLOTSRANGE 10923 16382 >/dev/null
cli fourth CLUSTER ADDSLOTS 16383 >/dev/null
epoch=0
for name in $NODES; do
    cli "$name" CLUSTER SET-CONFIG-EPOCH $((++epoch)) >/dev/null
    cli first CLUSTER MEET 127.0.0.1 "${PORTS[$name]}" $((PORTS[$name] + 20000)) >/dev/null
done
whole() {
    local name
    for name in $NODES; do
        [[ $(cli "$name" CLUSTER INFO) == *cluster_state:$1* && $(cli "$name" CLUSTER SLOTS | grep -c '^127') = 4 ]] ||
            return 1
    done
}
ok 'four masters become a cluster' wait_for whole ok
cluster="mode: \"cluster\", $(port first), $secret"
asks "{$cluster}"
green 'every master of a cluster'
evidence masters '4 of 4' 'each is told'
evidence slots '16384 of 16384' 'and the slots'
asks "{$cluster, database: 3}"
red 'not allowed in cluster mode' 'remove environments.staging.redis.database' 'in another database of a cluster'
asks "{$cluster, thresholds: {replicas: 1}}"
json_like '.checks[0] | .state + " " + .summary' \
    "^WARN 0 of 1 replicas: at 127.0.0.1:${PORTS[first]}" 'a master that lacks what is wanted of each'
json_is '[.checks[0].notes[] | select(startswith("0 of 1 replicas"))] | length' 3 'and so the three others'
asks "{$cluster} | .mode = \"standalone\""
red 'node of a Redis Cluster' 'mode to cluster' 'a cluster where one server was expected'
asks "{$(port plain), $secret, mode: \"cluster\"}"
red 'no part of a cluster' 'mode to standalone' 'one server where a cluster was expected'
for name in $NODES; do
    cli "$name" ACL SETUSER probe on '>secret' '~greenboard:probe:*' +set +get +pttl +del +ping +info +asking \
        '+cluster|info' '+cluster|slots' >/dev/null
done
asks "{$cluster, $user}"
green 'as a user who may do just what the remedy grants'
first=$(cli first CLUSTER MYID)
fourth=$(cli fourth CLUSTER MYID)
cli first CLUSTER SETSLOT 16383 IMPORTING "$fourth" >/dev/null
cli fourth CLUSTER SETSLOT 16383 MIGRATING "$first" >/dev/null
asks "{$cluster}"
green 'while the only slot of a master is on its way to another'
json_like '.checks[0].notes | join(" ")' "slot 16383 is on its way to 127.0.0.1:${PORTS[first]}" 'which is noted'
cli second CONFIG SET maxmemory 1 >/dev/null
asks "{$cluster}"
red "master 127.0.0.1:${PORTS[second]}: OOM" maxmemory 'one master that takes nothing'
evidence masters '3 of 4' 'is not among those that do'
cli second CONFIG SET maxmemory 0 >/dev/null
stop third
asks "{$cluster}"
red "master 127.0.0.1:${PORTS[third]}: connection refused" '.' 'a master is down that the others have not missed yet'
failing() { [[ $(cli first CLUSTER INFO) == *cluster_state:fail* ]]; }
cli first CLUSTER DELSLOTS 0 >/dev/null
wait_for failing
is "$(cli first PING)" PONG 'a node of a failed cluster says PONG'
asks "{$cluster}"
red 'cluster_state:fail' 'mend the cluster' 'and is red with that word'
done_testing
