#!/bin/bash
# Who shipped this: the trail as the one who asks it later sees it, and heads that outlive it.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed

release=$(<"$GREENBOARD_SANDBOX/release")
me=$(id -un)

# ---- who ----

SUDO_USER=bob SUDO_UID=4321 SSH_CONNECTION='10.1.2.3 50000 10.1.2.4 22' \
    run greenboard deploy --confirm staging --reason 'by bob'
is "$status" 0 'a deploy goes through'
run greenboard runs show -o json
first=$(json .id)
json_is '.who.claimed | .sudo_user + " " + .sudo_uid + " " + .ssh_peer' 'bob 4321 10.1.2.3' \
    'its record has what is claimed'
json_is '.who.proven.user' "$me" 'and what is proven'
json_is '.who.proven.host' "$(uname -n)" 'the host too'
json_is '.operator' "$me@$(uname -n)" "the operator's name is as it was"
is "$(json .audit_head.start.seq) $(json '.audit_head.end.hash | length')" '0 64' \
    'the record has the heads of the trail'
run greenboard runs show
like "$out" 'who +user .*host .*claimed: sudo_user bob, sudo_uid 4321, ssh_peer 10\.1\.2\.3' \
    'runs show tells them as text'

greenboard deploy --confirm staging --reason 'by nobody else' >/dev/null 2>&1
run greenboard audit list --who bob -o json
json_is '[.[].run] | unique | join(" ")' "$first" '--who finds by a claimed fact, and only that run'
json_is '[.[].data.who.claimed.sudo_user] | unique | join(" ")' bob 'each of its events says who'
run greenboard audit list --who "$me" -o json
json_is '[.[].run] | unique | length' 2 '--who finds by a proven fact'
run greenboard audit list --who nobody-here -o json
json_is length 0 'and finds nothing of anybody else'

SUDO_USER=carol greenboard lock --reason 'by carol' >/dev/null 2>&1
greenboard unlock --reason 'by nobody else' >/dev/null 2>&1
run greenboard audit list --who carol -o json
json_is '[.[].type] | join(" ")' lock.taken 'a lock has who it was too'

# ---- what became of a release ----

run greenboard audit list --release "${release:0:7}" -o json
json_is "[.[] | select(.run == \"$first\") | .type] | unique | join(\" \")" 'run.ended run.started run.step' \
    '--release finds start and end by its beginning'
json_is "[.[] | select(.run == \"$first\" and .type == \"run.ended\") | .data.outcome] | first" verified \
    'with the outcome'
run greenboard audit list --release "${release:0:7}" --who bob
like "$out" "run\.ended +$me@[^ ]+ +${release:0:14} +$first +verified" \
    'as text: who, the release, the run, the outcome'
run greenboard audit list --release zzz -o json
json_is length 0 'another release has no events'

# ---- heads ----

run greenboard audit head
head=${out/ /:}
run greenboard audit verify --head "$head"
is "$status" 0 'the head just printed holds'
greenboard audit head >"$TMPDIR/head"
run greenboard audit verify --head "$TMPDIR/head"
is "$status" 0 'so does one in a file'
greenboard audit head -o json >"$TMPDIR/head"
run greenboard audit verify --head "$TMPDIR/head" -o json
is "$status $(json .whole) $(json .heads)" '0 true 5' 'in JSON too, and those of both runs besides'
run greenboard audit verify --head nonsense
is "$status" 64 'what is no head is a usage error'
like "$err" 'SEQ:HASH' 'that says how one looks'

# The trail as it was is put back: whole, and shorter than it has been.
mkdir -m 700 "$TMPDIR/then"
cp -a "$GREENBOARD_STATE_DIR/." "$TMPDIR/then"
greenboard deploy --confirm staging --reason 'to be hidden' >/dev/null 2>&1
run greenboard audit head
head=${out/ /:}
mkdir -m 700 "$TMPDIR/cut"
cp -a "$GREENBOARD_STATE_DIR/." "$TMPDIR/cut"
for path in "$TMPDIR"/then/*/*/events.db; do
    cp "$path" "$TMPDIR/cut/${path#"$TMPDIR"/then/}"
done
run greenboard --state-dir "$TMPDIR/cut" audit verify
is "$status" 1 'an end that was cut off is found by the record of the run'
like "$err" 'run .*ends at event [0-9]+, and event [0-9]+ was published' 'and it says so'
rm -r "$TMPDIR"/cut/*/*/runs/*
run greenboard --state-dir "$TMPDIR/cut" audit verify
is "$status" 0 'without the records the trail is whole in itself'
run greenboard --state-dir "$TMPDIR/cut" audit verify --head "$head"
is "$status" 1 'and the exported head finds it still'
run greenboard audit verify --head "$head"
is "$status" 0 'the trail that was not touched holds it'
done_testing
