# Makes checks/registry.c from checks/checks.mk: an explicit reference to each descriptor, since a
# constructor would be dropped from an archive.
/^libchecks_a_SOURCES \+= / {
    name = $3
    sub(/^.*\//, "", name)
    sub(/\.c$/, "", name)
    names[count++] = name
}
END {
    print "/* Made from checks/checks.mk by checks/registry.awk. */"
    print "#include \"checks/checks.h\"\n"
    for (i = 0; i < count; i++) {
        print "extern const struct check check_" names[i] ";"
    }
    print "\nconst struct check *const checks_all[] = {"
    for (i = 0; i < count; i++) {
        print "    &check_" names[i] ","
    }
    print "    NULL,\n};"
    exit count == 0
}
