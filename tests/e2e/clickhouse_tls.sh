#!/bin/bash
# A real ClickHouse over TLS, on its HTTP port and on its native one, with certificates made here: one in
# order is green, and what is wrong with any other is red with that word. Where the system has no
# clickhouse-server nothing here can be proven.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
PATH=$PATH:/usr/sbin:/usr/local/sbin
for tool in clickhouse-server openssl curl; do
    command -v "$tool" >/dev/null || { skip 1 "$tool is missing"; done_testing; }
done
sandboxed --stand-in

# ---- certificates ----

new_key() { openssl req -newkey rsa:2048 -nodes -keyout "$TMPDIR/$1.key" "${@:2}" 2>/dev/null; }
self_sign() { new_key "$1" -x509 -days 2 -subj "/CN=$1" "${@:2}" -out "$TMPDIR/$1.crt"; } # NAME OPTION…
certify() { # NAME SUBJECT-ALTERNATIVE-NAME DAYS: of the authority; it ended where DAYS is less than 0
    new_key "$1" -subj "/CN=$1" -addext "subjectAltName=$2" -out "$TMPDIR/$1.csr"
    openssl x509 -req -in "$TMPDIR/$1.csr" -CA "$TMPDIR/ca.crt" -CAkey "$TMPDIR/ca.key" -days "$3" \
        -copy_extensions copy -out "$TMPDIR/$1.crt" 2>/dev/null
}
self_sign ca
self_sign alone -addext subjectAltName=IP:127.0.0.1
certify here IP:127.0.0.1,DNS:clickhouse.internal 2
certify elsewhere DNS:elsewhere.example 2
certify ended IP:127.0.0.1 -1

# ---- the server, one at a time ----

PASSWORD='a long pass word'
printf '%s' "$PASSWORD" >"$TMPDIR/password"
chmod 600 "$TMPDIR/password"
cat >"$TMPDIR/users.xml" <<XML
<yandex><profiles><default/></profiles><quotas><default/></quotas><users><default>
<password>$PASSWORD</password><networks><ip>127.0.0.1</ip></networks>
<profile>default</profile><quota>default</quota></default></users></yandex>
XML
server=''
stop() { [ -z "$server" ] || { kill -9 "$server" && wait "$server"; } 2>/dev/null; }
trap stop EXIT

config() { # CERTIFICATE: from PORT on four ports
    cat <<XML
<yandex><logger><level>information</level><log>$TMPDIR/server/log</log>
<errorlog>$TMPDIR/server/errors</errorlog></logger><listen_host>127.0.0.1</listen_host>
<http_port>$PORT</http_port><tcp_port>$((PORT + 1))</tcp_port>
<https_port>$((PORT + 2))</https_port><tcp_port_secure>$((PORT + 3))</tcp_port_secure>
<openSSL><server><certificateFile>$TMPDIR/$1.crt</certificateFile>
<privateKeyFile>$TMPDIR/$1.key</privateKeyFile><verificationMode>none</verificationMode></server></openSSL>
<mark_cache_size>5242880</mark_cache_size><mlock_executable>false</mlock_executable>
<path>$TMPDIR/server/data/</path><tmp_path>$TMPDIR/server/tmp/</tmp_path>
<user_files_path>$TMPDIR/server/files/</user_files_path><users_config>$TMPDIR/users.xml</users_config>
<default_profile>default</default_profile><default_database>default</default_database></yandex>
XML
}
serves() { says "$TMPDIR/server/log" 'Ready for connections' || not lives "$server"; }

# start CERTIFICATE: ports are taken anew where somebody else had one.
start() {
    local attempt
    stop
    for attempt in {1..20}; do
        PORT=$((20000 + RANDOM % 12000))
        rm -rf "$TMPDIR/server"
        mkdir -p "$TMPDIR/server/"{data,tmp,files}
        config "$1" >"$TMPDIR/server/config.xml"
        clickhouse-server --config-file="$TMPDIR/server/config.xml" >"$TMPDIR/server/output" 2>&1 &
        server=$!
        wait_for serves
        lives "$server" && return
        diag "attempt $attempt: a port from $PORT on was taken"
    done
    return 1
}

# ---- asking ----

# asks WAY CHANGE: over the HTTP port, the native one or both, with the section changed.
asks() {
    local http=$((PORT + 2)) native=$((PORT + 3))
    case $1 in HTTP) native=0 ;; native) http=0 ;; esac
    configure ".clickhouse = ({host: \"127.0.0.1\", http_port: $http, native_port: $native, user: \"default\",
        password: {file: \"$TMPDIR/password\"}, database: \"default\", tables: [\"events\"]} | $2)"
    run greenboard -c "$CONFIG" check clickhouse -o json
}
green() { json_is '.checks[0] | .state, .rung' $'OK\nusable' "$1" || diag "$out"; }
red() { # SUMMARY REMEDY NAME
    json_like '.checks[0] | .state + " " + .summary + " -> " + .remedy' "^FAIL .*$1.* -> .*$2" "$3" || diag "$out"
}
known=".tls = {ca: \"$TMPDIR/ca.crt\"}"

start here
curl -sf --cacert "$TMPDIR/ca.crt" -H 'X-ClickHouse-User: default' -H "X-ClickHouse-Key: $PASSWORD" \
    "https://127.0.0.1:$((PORT + 2))/" --data-binary 'CREATE TABLE events (n UInt8) ENGINE = Memory'
asks both "$known"
green 'both ports, verified: green'
json_like '.checks[0].evidence.url' '^https://' 'HTTP was asked over TLS'
json_like '.checks[0].evidence["native port"]' 'with TLS$' 'and the native port'
for way in HTTP native; do
    asks $way "$known"
    green "$way alone, verified"
    asks $way "$known | .tls.server_name = \"clickhouse.internal\""
    green "$way under the name that is expected"
    asks $way "$known | .tls.server_name = \"clickhouse.example\""
    red 'clickhouse\.internal, not clickhouse\.example' 'server_name' "$way under another name"
    asks $way '.tls = true'
    red 'nobody we believe' 'tls\.ca' "$way of an authority that nobody knows"
    asks $way '.tls = false | .deadline = "600ms"'
    red 'broke|closed' 'may want TLS' "$way in the clear where TLS is spoken"
    [ $way = HTTP ] && plain=".http_port = $PORT" || plain=".native_port = $((PORT + 1))"
    asks $way "$known | $plain | .deadline = \"3s\""
    # ClickHouse takes one greeting in eight for the begin of a request, and waits for the rest.
    red '(no TLS spoken|TLS was not agreed on)' 'speaks TLS' "$way over TLS where nobody speaks it"
done

start elsewhere
for way in HTTP native; do
    asks $way "$known"
    red 'elsewhere\.example, not 127' 'server_name' "$way, a certificate for another host"
done
asks both "$known"
json_is '.checks[0].rung' reachable 'no further than reachable'

start alone
for way in HTTP native; do
    asks $way "$known"
    red 'nobody we believe.*self-signed' 'tls\.ca' "$way, a certificate that signed itself"
done

start ended
for way in HTTP native; do
    asks $way "$known"
    red 'expired' 'renew' "$way, a certificate that has ended"
done
done_testing
