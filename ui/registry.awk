# Makes ui/registry.c from ui/panes.mk: an explicit reference to each descriptor, since a constructor
# would be dropped from an archive.
/^libui_a_SOURCES \+= / {
    name = $3
    sub(/^.*\//, "", name)
    sub(/\.c$/, "", name)
    names[count++] = name
}
END {
    print "/* Made from ui/panes.mk by ui/registry.awk. */"
    print "#include \"ui/pane.h\"\n"
    for (i = 0; i < count; i++) {
        print "extern const struct pane " names[i] ";"
    }
    print "\nconst struct pane *const panes[] = {"
    for (i = 0; i < count; i++) {
        print "    &" names[i] ","
    }
    print "    NULL,\n};"
    exit count == 0
}
