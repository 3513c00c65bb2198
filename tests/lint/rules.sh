#!/bin/bash
# The rules that need no tool but awk, as TAP, so that `make check` holds them.
set -u
here=$(cd "${0%/*}" && pwd) || exit 1
cd "$here/../.." || exit 1
mapfile -t sources < <(find src checks ui man tests -name '*.[ch]' | sort)
scripts=(quickstart bootstrap Makefile.am configure.ac tests/run tests/lint/* tests/catalogue/*.sh tests/e2e/*.sh)
count=0

# rule NAME SCRIPT FILE…
rule() {
    local said
    count=$((count + 1))
    if said=$(awk -f "$here/code.awk" -f "$here/$2" "${@:3}"); then
        echo "ok $count - $1"
    else
        printf '%s\n' "$said" | sed 's/^/# /'
        echo "not ok $count - $1"
    fi
}

# A header that the makefile does not list is missing from the tarball alone.
listed() {
    local source lacking=
    count=$((count + 1))
    for source in "${sources[@]}"; do
        grep -qwF "$source" Makefile.am checks/checks.mk ui/panes.mk || lacking+=" $source"
    done
    [ -z "$lacking" ] || echo "# not in the makefile:$lacking"
    echo "${lacking:+not }ok $count - every source is in the makefile"
}

# One that is not is a test that never ran.
executable() {
    local script lacking=
    count=$((count + 1))
    for script in tests/*/*.sh; do
        [[ $(head -c 2 "$script") != '#!' || -x $script ]] || lacking+=" $script"
    done
    [ -z "$lacking" ] || echo "# chmod +x$lacking"
    echo "${lacking:+not }ok $count - every script that is a program can be executed"
}

# A rule must complain of a file that breaks it, else its silence proves nothing.
# breaks NAME SCRIPT PATH CONTENT
breaks() {
    count=$((count + 1))
    mkdir -p "$broken/${3%/*}"
    printf '%b\n' "$4" >"$broken/$3"
    if (cd "$broken" && awk -f "$here/code.awk" -f "$here/$2" "$3") >/dev/null; then
        echo "not ok $count - $1"
    else
        echo "ok $count - $1"
    fi
    rm -f "${broken:?}/$3"
}

broken=$(mktemp -d) || exit 1
trap 'rm -rf "$broken"' EXIT
echo 1..14

rule 'no function is called that is banned' banned.awk "${sources[@]}"
rule 'includes go down the rooms, never up' includes.awk "${sources[@]}"
rule 'files and functions are of a length to be read' lengths.awk "${sources[@]}"
rule 'nothing is left for later' marks.awk "${sources[@]}" "${scripts[@]}"
listed
executable

breaks 'a banned call is seen' banned.awk src/base/a.c 'int a = 1; /* why */ strcpy (b, "c");'
breaks 'an include upwards is seen' includes.awk src/base/a.c '#include "board/board.h"'
breaks 'checks and ui apart is held' includes.awk checks/a.c '#include "ui/ui.h"'
breaks 'curses outside the terminal is seen' includes.awk ui/a.c '#include <curses.h>'
breaks 'a long file is seen' lengths.awk src/base/a.c "$(yes 'int a;' | head -n 601)"
breaks 'a long function is seen' lengths.awk src/base/a.c "{\n$(yes '    a();' | head -n 81)\n}"
breaks 'a mark for later is seen' marks.awk src/base/a.c "/* TO""DO */"

printf '/* strcpy(a, b)\n * gets(c) */\nputs("atoi(d)"); e.system(f); my_gets(g);\n' >"$broken/fine.c"
rule 'words and names that only look like a banned call are not' banned.awk "$broken/fine.c"
