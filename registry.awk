# Makes a registry from its table of lines "LIBRARY_SOURCES += FILE": an explicit reference to the
# descriptor of each file, since a constructor would be dropped from an archive.
# -v header=checks/checks.h -v type=check -v prefix=check_ -v list=checks_all
$1 ~ /_SOURCES$/ && $2 == "+=" {
    name = $3
    sub(/^.*\//, "", name)
    sub(/\.c$/, "", name)
    names[count++] = prefix name
}
END {
    print "/* Made by registry.awk from the table of its room. */"
    print "#include \"" header "\"\n"
    for (i = 0; i < count; i++) {
        print "extern const struct " type " " names[i] ";"
    }
    print "\nconst struct " type " *const " list "[] = {"
    for (i = 0; i < count; i++) {
        print "    &" names[i] ","
    }
    print "    NULL,\n};"
    exit count == 0
}
