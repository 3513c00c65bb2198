#!/bin/bash
# A real ClickHouse over each of its protocols: what is green, what is past a threshold, and what each
# refusal says. Where the system has no clickhouse-server nothing here can be proven.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed

setting() { jq -r ".environments.staging.clickhouse.$1" "$GREENBOARD_CONFIG"; }
http=$(setting http_port)
native=$(setting native_port)
if [ "$native" = 0 ]; then
    skip 1 'no clickhouse-server here'
    done_testing
fi

# As the check's own user; the statement is on stdin.
order() {
    curl -sf -H "X-ClickHouse-User: default" -H "X-ClickHouse-Key: $(<"$(setting password.file)")" \
        "http://127.0.0.1:$http/?database=$(setting database)" --data-binary @-
}

# asked FILTER: the check alone, with its section changed.
asked() {
    configure ".clickhouse |= ($1)"
    run greenboard -c "$CONFIG" check clickhouse -o json
}
check() { json ".checks[0]$1"; }

# Each way by itself, and both.
asked .
is "$(check .state)" OK 'both ports: green'
like "$(check .evidence.native)" 'revision 5[0-9]{4}' 'both ports: the native one says its revision'
like "$(check .evidence.tables)" '^1 readable' 'both ports: the table was read'
like "$(check .evidence.ping)" 's$' 'both ports: a ping was answered'
like "$(check .evidence.parts)" 'in a partition' 'both ports: parts are told'
asked '.http_port = 0'
is "$(check .state)" OK 'the native port alone: green'
like "$(check .evidence.tables)" '^1 readable' 'the native port alone: the table was read'
asked '.native_port = 0'
is "$(check .state)" OK 'HTTP alone: green'
like "$(check .evidence.parts)" 'in a partition' 'HTTP alone: parts are told'
version=$(check .evidence.version)
case $version in
18.*) like "$(check '.evidence["not offered"]')" 'disk space' 'what 18.16 lacks is told, and no error' ;;
*) like "$(check .evidence.disk)" 'free' 'the disk is told' ;;
esac
asked '.http_port = 0 | .native_port = 0'
like "$(check .summary)" '0: nobody is asked' 'neither port: not green'

# Refusals, over each way.
echo -n wrong >"$TMPDIR/wrong"
chmod 600 "$TMPDIR/wrong"
for way in native_port http_port; do
    asked ".$way = 0 | .password.file = \"$TMPDIR/wrong\""
    is "$(check .state) $(check .rung)" 'FAIL reachable' "without $way, a wrong password: red"
    like "$(check .summary) $(check .remedy)" 'code (193|516).*clickhouse\.password' \
        "without $way, a wrong password: the field is named"
    asked ".$way = 0 | .user = \"nobody\""
    like "$(check .state) $(check .summary)" 'FAIL .*code (192|516)' "without $way, an unknown user: red"
    asked ".$way = 0 | .database = \"nowhere\""
    like "$(check .summary) $(check .remedy)" 'code 81.*clickhouse\.database' \
        "without $way, an unknown database: the field is named"
    asked ".$way = 0 | .tables = [\"missing\"]"
    like "$(check .summary) $(check .remedy)" 'missing.*code 60.*clickhouse\.tables' \
        "without $way, a missing table: the field is named"
done
asked ".http_port = $native"
like "$(check .remedy)" 'clickhouse\.http_port to [0-9]+' 'HTTP to the native port: the right port is named'
asked ".native_port = $http | .deadline = \"600ms\""
like "$(check .summary) $(check .remedy)" 'native port: .*HTTP' \
    'the native protocol to the HTTP port: it is named'
is "$(check .rung)" reachable 'the native protocol to the HTTP port: no further than reachable'

# A row of ours.
asked '.write_table = "probe"'
like "$(check .state) $(check .summary) $(check .remedy)" 'FAIL cannot write to probe: .*code 60.*write_table' \
    'no table to write to: red'
order <<<'CREATE TABLE probe (word String, at DateTime DEFAULT now()) ENGINE = MergeTree ORDER BY word'
for way in native_port http_port; do
    asked ".$way = 0 | .write_table = \"probe\""
    is "$(check .state)" OK "without $way, a row is written and read back: green"
done
is "$(order <<<'SELECT count(), uniq(word), min(length(word)) FROM probe')" $'2\t2\t32' \
    'each asking wrote a word of its own'
order <<<'CREATE TABLE sink (word String) ENGINE = Null'
asked '.write_table = "sink"'
like "$(check .state) $(check .summary)" 'FAIL .*it is not there' 'a table that forgets: red'

# Past a threshold.
order <<<'CREATE TABLE many (day UInt8, n UInt8) ENGINE = MergeTree PARTITION BY day ORDER BY n'
order <<<'SYSTEM STOP MERGES'
for n in 1 2 3; do
    order <<<"INSERT INTO many VALUES (1, $n)"
done
asked '.thresholds.parts = 2'
like "$(check .state) $(check .summary)" 'WARN 3 parts in a partition of .*many' 'too many parts: a warning'
asked '.thresholds.parts = 3'
is "$(check .state)" OK 'as many parts as allowed: green'
order <<<'SYSTEM START MERGES'
order <<<"ALTER TABLE many DELETE WHERE throwIf(n > 0) = 0"
stuck() {
    asked '.thresholds.mutation_age = "1s"'
    [[ $(check .summary) == *"a mutation of "*"many is undone"* ]]
}
ok 'a mutation that never ends: a warning' wait_for stuck
is "$(check .state)" WARN 'a mutation that never ends closes the gate'
done_testing
