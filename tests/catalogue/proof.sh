#!/bin/bash
# That the catalogue can fail: what it must complain of, it complains of. Each promise is a case made for
# it, beside the peers in order; TAP.
set -u
here=$(cd "${0%/*}" && pwd) || exit 1
catalogue=${GREENBOARD_TESTS:?}/../catalogue/catalogue
cases=$(mktemp -d) || exit 1
trap 'rm -rf "$cases"' EXIT
cp -R "$here/cases/." "$cases" || exit 1
count=0

# refuses NAME LAST WORDS LINE…: the case of these lines fails, with the words, and the last line is LAST.
refuses() {
    local name=$1 last=$2 words=$3 said status
    shift 3
    count=$((count + 1))
    printf '%s\n' "$@" >"$cases/redis/made"
    said=$("$catalogue" -C "$cases" redis/made)
    status=$?
    if [ "$status" = 1 ] && [ "$(tail -n 1 <<<"$said")" = "$last" ] && grep -qF -- "$words" <<<"$said"; then
        echo "ok $count - $name"
    else
        printf 'status %s\n%s\n' "$status" "$said" | sed 's/^/# /'
        echo "not ok $count - $name"
    fi
}

begin=('trap a made one' 'from nowhere' 'want FAIL' 'says READONLY' 'do primary')
echo 1..13
refuses 'a peer that is green is counted as green' '1 cases, 1 green' 'which is green' \
    "${begin[@]}" 'on PING' '    line +PONG'
refuses 'another state than the wanted one is wrong' '1 cases, 0 green' 'wanted WARN, came FAIL' \
    "${begin[@]/want FAIL/want WARN}" 'on SET' '    line -READONLY no'
refuses 'words that the summary lacks are missed' '1 cases, 0 green' 'the summary does not say "LOADING"' \
    "${begin[@]}" 'says LOADING' 'on SET' '    line -READONLY no'
refuses 'words that the remedy lacks are missed' '1 cases, 0 green' 'the remedy does not say "disk"' \
    "${begin[@]}" 'do disk' 'on SET' '    line -READONLY no'
refuses 'a peer that is never reached proves nothing' '1 cases, 0 green' 'its peer was never reached' \
    "${begin[@]}" 'set /redis/port {refused}'
refuses 'a rule that is never played proves nothing' '1 cases, 0 green' 'its rule of line 8 was never played' \
    "${begin[@]}" 'on SET' '    line -READONLY no' 'on FLUSHALL' '    line +OK'
refuses 'a peer that only says that it hangs is found out' '1 cases, 0 green' 'it does not hang' \
    "${begin[@]}" 'hangs 30s' 'on SET' '    line -READONLY no'
refuses 'a case that changes nothing is refused' '1 cases, 0 green' 'lacks: a word that differs' "${begin[@]}"
refuses 'a case that expects no words is refused' '1 cases, 0 green' 'lacks: says' \
    'trap a made one' 'from nowhere' 'want FAIL' 'do primary' 'on SET' '    line -READONLY no'
refuses 'an unknown word is refused, with its line' '1 cases, 0 green' 'redis/made:6: no such word: onn' \
    "${begin[@]}" 'onn SET'
refuses 'an unknown step is refused, with its line' '1 cases, 0 green' 'redis/made:7: no such step: lien' \
    "${begin[@]}" 'on SET' '    lien -READONLY no'
refuses 'a configuration that does not load is no trap' '1 cases, 0 green' 'the configuration' \
    "${begin[@]}" 'set /redis/prot 1'
refuses 'a light that is not on the board is no trap' '1 cases, 0 green' 'no such light' \
    "${begin[@]}" 'ask radis'
