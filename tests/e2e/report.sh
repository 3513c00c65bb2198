#!/bin/bash
# A run's report, as one pastes it into a ticket: whole, and text whatever somebody wrote into it.
# shellcheck source=tests/e2e/lib.sh
. "${0%/*}/lib.sh"
sandboxed --stand-in

SB=$GREENBOARD_SANDBOX
release=$(<"$SB/release")
greenboard deploy --confirm staging --reason 'the one before' >/dev/null 2>&1
before=$(greenboard runs show -o json | jq -r .id)

# Says what would leave a fence, a cell, a line of the report, or hold a secret.
cat >"$SB/hostile" <<'SCRIPT'
#!/bin/bash
for i in $(seq 60); do echo "line $i"; done
printf '```\n# <b>out</b> | of | it @everyone\n`````\n'
printf '\033[31mred\033[0m \033]0;title\a\n'
printf 'password %s\n' "$(cat secrets/probe)"
echo 'the last one'
SCRIPT
chmod +x "$SB/hostile"
configure '.deploy.command = ["./hostile", "a`b", "c|d"]'
reason='`why` | <img src=x> @everyone
# not a heading'
run greenboard -c "$CONFIG" deploy --confirm staging --reason "$reason"
is "$status" 0 'a deploy goes through'
run greenboard -c "$CONFIG" runs show -o json
id=$(json .id)
head=$(json '.audit_head.end | "\(.seq):\(.hash)"')
lights=$(json '.verdict_before.lights | length')
ok 'the record has the lights of the verdict' test "$lights" -gt 5

run greenboard -c "$CONFIG" runs show "$id" -o md
is "$status" 0 'runs show -o md'
report=$out
has() { # NAME LINE: exactly this line
    if grep -qxF -- "$2" <<<"$report"; then
        result 0 "$1"
    else
        result 1 "$1"
        diag "$report"
    fi
}
has 'what became of it is its title' "# \`deploy of $release to staging\`: verified, known good"
has 'it names the run' "- run: \`$id\`"
has 'and what was known good before' "- known good before: \`$release (run $before)\`"
like "$report" '- operator: `[^`]+@[^`]+`' 'and who'
like "$report" '- who: `user [^`]+host [^`]+`' 'with the facts about them'
has 'a hostile reason is text' '- reason: `` `why` | <img src=x> @everyone # not a heading ``'
is "$(grep -c '^# ' <<<"$report")" 2 'and the only other heading is within the output'
like "$report" '1\. `deploy`: status 0, .*: `` /.*/hostile .a`b. .c\|d. ``' \
    'a step has its command, its time and its status'
is "$(grep -c '^- `OK` `' <<<"$report")" "$((2 * lights))" 'the lights before and after are told'
like "$report" '## Verdict before: `GO`' 'with the verdict'
has 'the head of the trail is there' "- audit head at its end: \`$head\`"

# The output: what stands between the fence that opens it and the same one.
fence=$(grep -m 1 -oE '^`{3,}text$' <<<"$report")
fence=${fence%text}
output=$(sed -n "/^${fence}text\$/,\$p" <<<"$report" | sed '1d')
is "$fence" '``````' 'the fence is longer than any in the output'
is "$(tail -n 1 <<<"$output")" "$fence" 'and ends the report'
is "$(sed '$d' <<<"$output" | tail -n 1)" 'the last one' 'after the last line of the output'
is "$(sed '$d' <<<"$output" | wc -l)" 40 'of which it has so many'
like "$output" $'\nred \n' 'no control sequence is left in it'
unlike "$report" "$(<"$SB/secrets/probe")" 'no secret stands in it'
like "$output" 'password \[masked\]' 'where one was, it says so'

run greenboard -c "$CONFIG" runs list -o md
is "$status" 64 'there is no such list'
fault redis_down on
greenboard deploy --confirm staging --reason 'refused' >/dev/null 2>&1
fault redis_down off
run greenboard runs show "$before" -o md
is "$status" 0 'the report of a run does not change with what came after'
report=$out
has 'none was known good before the first' '- known good before: none'
done_testing
