# What is far away: round trips counted at the socket, and many checks at once. Part of tests/bench/run.
# shellcheck shell=bash

# ---- certificates ---------------------------------------------------------------------------

# $BENCH_DIR/tls/{crt,key} for 127.0.0.1, of an authority of our own, ca.crt.
certify() {
    local at=$BENCH_DIR/tls
    [ -d "$at" ] && return
    mkdir "$at"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$at/ca.key" \
        -subj /CN=authority -days 90 -out "$at/ca.crt" 2>/dev/null
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$at/key" -subj /CN=here \
        -addext subjectAltName=IP:127.0.0.1 -out "$at/csr" 2>/dev/null
    openssl x509 -req -in "$at/csr" -CA "$at/ca.crt" -CAkey "$at/ca.key" -days 90 -copy_extensions copy \
        -out "$at/crt" 2>/dev/null
}

# far COUNT ARGUMENT…: starts the program of that name; its ports, COUNT of them, in `ports`. far_ends ends it.
far() {
    local count=$1
    shift
    : >"$BENCH_DIR/far.ports"
    exec {far_input}> >(exec "$BENCH_BIN/far" "$@" >"$BENCH_DIR/far.ports")
    until [ "$(wc -l <"$BENCH_DIR/far.ports")" = "$count" ]; do sleep 0.02; done
    mapfile -t ports <"$BENCH_DIR/far.ports"
}
far_ends() { exec {far_input}>&-; }

# ---- round trips ----------------------------------------------------------------------------

# turns_of CHECK CONFIGURATION PORT…: round trips that a check waits for at these ports, counted at the
# socket; what goes on at the same time is one. The relay's ports take their place in the configuration.
turns_of() {
    local port new turns good='' program='' check=$1 configuration=$2
    shift 2
    coproc RELAY { "$BENCH_BIN/turns" "$@"; }
    local from=${RELAY[0]} to=${RELAY[1]} pid=$RELAY_PID
    for port in "$@"; do
        read -r new <&"$from"
        program+="s/\\b$port\\b/$new/g;"
    done
    sed "$program" "$configuration" >"$BENCH_DIR/turns.json"
    "$GREENBOARD" -c "$BENCH_DIR/turns.json" check "$check" >/dev/null 2>&1 && good=yes
    exec {to}>&-
    read -r turns <&"$from"
    wait "$pid"
    [ -n "$good" ] && echo "$turns"
}

port_of() { sed 's|.*:||; s|/.*||' <<<"$1"; }

# The sandbox's services and its ClickHouse, with TLS before them.
bench_trips() {
    local auth backend http native ports=() tls=$BENCH_DIR/tls file=$BENCH_DIR/front.json
    auth=$(port_of "$AUTH") backend=$(port_of "$BACKEND")
    http=$(setting .clickhouse.http_port) native=$(setting .clickhouse.native_port)
    row 'round trips of login and user' \
        "$(turns_of auth_flow "$GREENBOARD_CONFIG" "$auth" "$backend")" 3 trips 1
    row 'round trips of ClickHouse over HTTP, the proof' \
        "$(turns_of clickhouse "$GREENBOARD_CONFIG" "$http")" 2 trips 1
    row 'round trips of ClickHouse, native with its health' \
        "$(turns_of clickhouse "$GREENBOARD_CONFIG" "$native")" 4 trips null
    certify
    far 4 front "$tls/crt" "$tls/key" "$auth" "$backend" "$http" "$native"
    jq ".environments.staging |= (.services.auth.url = \"https://127.0.0.1:${ports[0]}\" |
        .services.backend.url = \"https://127.0.0.1:${ports[1]}\" |
        .clickhouse |= (.http_port = ${ports[2]} | .native_port = ${ports[3]} |
            .tls = {ca: \"$tls/ca.crt\"}))" "$GREENBOARD_CONFIG" >"$file"
    row 'round trips of login and user over TLS 1.3' \
        "$(SSL_CERT_FILE=$tls/ca.crt turns_of auth_flow "$file" "${ports[0]}" "${ports[1]}")" 4 trips 1
    row 'round trips of ClickHouse over HTTP and TLS 1.3' \
        "$(turns_of clickhouse "$file" "${ports[2]}")" 3 trips 1
    far_ends
}

# ---- many checks at once --------------------------------------------------------------------

many=500 workers=64 away=150 # checks; at once, as src/board/pool.h has it; milliseconds
rounds=$(((many + workers - 1) / workers))

# many_checks PLAIN TLS: a configuration of http, health_json and tcp, each as often in the clear as over
# TLS, but that every fourth over TLS looks at the certificate alone.
many_checks() {
    jq -n --argjson plain "$1" --argjson tls "$2" --argjson many "$many" --arg ca "$BENCH_DIR/tls/ca.crt" '
        def url($secure): if $secure then "https://127.0.0.1:\($tls)" else "http://127.0.0.1:\($plain)" end;
        def asks($kind; $secure):
            if $kind == "tcp" then {type: "tcp", host: "127.0.0.1", send: "PING\r\n", expect: "+PONG",
                port: (if $secure then $tls else $plain end), tls: (if $secure then {ca: $ca} else false end)}
            elif $kind == "tls" then {type: "tls", host: "127.0.0.1", port: $tls, ca: $ca}
            elif $kind == "health_json" then {type: "health_json", path: "/health",
                service: (if $secure then "secure" else "plain" end), expect: {"/status": "ready"}}
            else {type: "http", url: url($secure), path: "/", expect: {contains: ["ready"]}}
                + (if $secure then {ca: $ca} else {} end) end;
        {version: 1, system: "many", environments: {far: {class: "test",
            services: {plain: {url: url(false)}, secure: {url: url(true)}},
            checks: [range($many) | . as $i | ($i % 2 == 1) as $secure |
                asks(if $secure then ["http", "health_json", "tcp", "tls"][($i - 1) / 2 % 4]
                     else ["http", "health_json", "tcp"][$i / 2 % 3] end; $secure)
                + {name: "check \($i)", deadline: "10s"}]}}}'
}

# One asking of all of them: its time, processor time and memory. And of one of each kind, where none waits
# for a worker: what its slowest takes.
many_once() {
    local user system TIMEFORMAT='%U %S'
    { time SSL_CERT_FILE=$BENCH_DIR/tls/ca.crt "$BENCH_BIN/../e2e/peak" "$BENCH_DIR/many.peak" \
        "$GREENBOARD" -c "$BENCH_DIR/many.json" check -o json >"$BENCH_DIR/many.out" 2>/dev/null; } \
        2>"$BENCH_DIR/many.time"
    read -r user system <"$BENCH_DIR/many.time"
    jq -e --argjson many "$many" '[.checks[] | select(.name | startswith("check "))] |
        length == $many and all(.state == "OK")' "$BENCH_DIR/many.out" >/dev/null || return 1
    jq .duration_ms "$BENCH_DIR/many.out" >>"$BENCH_DIR/many.ours"
    SSL_CERT_FILE=$BENCH_DIR/tls/ca.crt "$GREENBOARD" -c "$BENCH_DIR/many.json" check -o json \
        'check '{0..7} 2>/dev/null | jq --argjson rounds "$rounds" \
        '[.checks[].duration_ms] | max * $rounds' >>"$BENCH_DIR/many.ideal"
    awk "BEGIN {print ($user + $system) * 1000 / $many}" >>"$BENCH_DIR/many.cpu"
    awk -v many=$many '{print $1 / many}' "$BENCH_DIR/many.peak" >>"$BENCH_DIR/many.memory"
}

bench_many() {
    local ports=() what=()
    certify
    far 2 service "$away" "$BENCH_DIR/tls/crt" "$BENCH_DIR/tls/key"
    many_checks "${ports[0]}" "${ports[1]}" >"$BENCH_DIR/many.json"
    for ((i = 0; i < 5; i++)); do
        many_once || { say 'not every one of many checks was green'; break; }
    done
    far_ends
    for figure in ours ideal cpu memory; do
        what+=("$(median <"$BENCH_DIR/many.$figure")")
    done 2>/dev/null
    row "$many checks $away ms away, half TLS, against $rounds x the slowest" "${what[0]}" "${what[1]}" ms 1.15
    row 'the same, processor time a check' "${what[2]}" '' ms null
    row 'the same, memory resident a check' "${what[3]}" '' KiB null
}
