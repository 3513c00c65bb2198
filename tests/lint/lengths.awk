# Past 600 lines a file, past 80 a function has gone wrong; a test file is a list of promises and may
# have 1000. A body alone begins with a brace in the first column.
BEGIN { body = 80 }
{ file = room(FILENAME) == "tests" ? 1000 : 600 }
FNR == file + 1 { complain("longer than " file " lines") }
/^\{/ { began = FNR }
/^\}/ {
    if (began && FNR - began - 1 > body)
        complain("a function of " (FNR - began - 1) " lines, more than " body)
    began = 0
}
