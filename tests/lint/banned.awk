# Functions that nobody may call, each with what is called instead.
BEGIN {
    instead["sprintf"] = instead["vsprintf"] = "snprintf, or buf_format"
    instead["strcpy"] = instead["strncpy"] = "snprintf, or mem_text"
    instead["strcat"] = instead["strncat"] = "buf_text"
    instead["strtok"] = instead["strtok_r"] = "strcspn and strspn"
    instead["atoi"] = instead["atol"] = instead["atof"] = "text_integer"
    instead["system"] = instead["popen"] = "spawn_capture: no shell sees a word of ours"
    instead["localtime"] = instead["gmtime"] = instead["ctime"] = instead["asctime"] = "clock_stamp"
    instead["gets"] = "fgets"
    instead["alloca"] = "mem_alloc"
    instead["tmpnam"] = instead["mktemp"] = instead["tempnam"] = "mkstemp"
}
{
    line = code($0)
    while (match(line, /[A-Za-z_][A-Za-z_0-9]*[ \t]*\(/)) {
        name = substr(line, RSTART, RLENGTH - 1)
        sub(/[ \t]+$/, "", name)
        before = RSTART > 1 ? substr(line, RSTART - 1, 1) : ""
        if (name in instead && before !~ /[.>]/) complain(name "() is banned: " instead[name])
        line = substr(line, RSTART + RLENGTH)
    }
}
