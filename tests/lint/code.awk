# Read before a rule (awk -f code.awk -f RULE.awk): code(LINE) is the line without comments and
# without what stands in quotes, so that a rule looks at code alone. Keeps over lines that a comment
# is open; call it once for each line, in order. Rules report with complain(), which counts.
function code(line,    out, rest) {
    if (FNR == 1) comment = 0
    out = ""
    while (line != "") {
        if (comment) {
            if (!match(line, /\*\//)) return out
            line = substr(line, RSTART + 2)
            comment = 0
        } else if (match(line, /\/\*|\/\/|"|'/)) {
            rest = substr(line, RSTART)
            out = out substr(line, 1, RSTART - 1)
            if (rest ~ /^\/\//) return out
            if (rest ~ /^\/\*/) {
                comment = 1
                line = substr(rest, 3)
            } else if (match(rest, /^"([^"\\]|\\.)*"/) || match(rest, /^'([^'\\]|\\.)*'/)) {
                out = out substr(rest, 1, 1) substr(rest, 1, 1)
                line = substr(rest, RLENGTH + 1)
            } else {
                return out
            }
        } else {
            return out line
        }
    }
    return out
}

function complain(words) {
    printf "%s:%d: %s\n", FILENAME, FNR, words
    complaints++
}

# The room of a file: "base" for src/base/buf.c, "checks", "ui", "man", "tests".
function room(path,    parts) {
    split(path, parts, "/")
    return parts[1] == "src" ? parts[2] : parts[1]
}

END { exit complaints > 0 }
