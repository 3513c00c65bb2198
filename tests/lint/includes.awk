# Who may include whom. The linker proves the same for what is called; this also holds for types and
# macros, and says so before anything is linked.
BEGIN {
    count = split("base secret cast net source config tunnel board store alert lock release run cli", order, " ")
    for (i = 1; i <= count; i++) rank[order[i]] = i

    # Libraries, and the rooms that alone may include them.
    only["curses.h"] = "ui/term.c"
    only["curl/"] = "net source config"
    only["hiredis/"] = "net"
    only["yaml.h"] = "release"
    only["sqlite3.h"] = "store"
    only["microhttpd.h"] = "sandbox tests"
    only["cmocka.h"] = "tests"
}

function allowed(from, to) {
    if (from == to || to == "config.h" || from == "tests" || from == "man") return 1
    if (from == "cli") return (to in rank) || to == "checks" || to == "ui"
    if (from == "checks" || from == "ui") return (to in rank) && to != "cli"
    if (from == "sandbox") return to == "base" || to == "secret"
    return (to in rank) && rank[to] <= rank[from]
}

/^#[ \t]*include[ \t]*"/ {
    split($0, quoted, "\"")
    split(quoted[2], path, "/")
    if (!allowed(room(FILENAME), path[1]))
        complain(room(FILENAME) " may not include " quoted[2])
}

# (A bench is measured against programs that use the same libraries barely.)
/^#[ \t]*include[ \t]*</ && FILENAME !~ /^tests\/bench\// {
    split($0, angle, /[<>]/)
    for (library in only)
        if (index(angle[2], library) == 1 &&
            index(" " only[library] " ", " " room(FILENAME) " ") == 0 && FILENAME != only[library])
            complain(angle[2] " is for " only[library] " alone")
}
