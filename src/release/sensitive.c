#include "release/sensitive.h"

#include <fnmatch.h>
#include <stddef.h>

/* THE table: patterns of names (fnmatch(3), letters of either case), the first that fits
 * decides. Names that speak of a secret without holding it come first. */
static const struct {
    const char *pattern;
    bool secret;
} names[] = {
    {"*_file", false},
    {"*_path", false},
    {"*_algorithm", false},
    {"*_issuer", false},
    {"*_audience", false},
    {"*_minutes", false},
    {"*_seconds", false},
    {"*_days", false},
    {"*_ttl", false},
    {"*_length", false},
    {"*_max_age", false},
    {"*_host", false},
    {"*_port", false},
    {"*_enabled", false},
    {"*public*key*", false},
    {"*secret*", true},
    {"*passw*", true},
    {"*passphrase*", true},
    {"*_pass", true},
    {"pass", true},
    {"*pwd", true},
    {"*token*", true},
    {"*credential*", true},
    {"*api[_-]key*", true},
    {"*apikey*", true},
    {"*private*key*", true},
    {"*access*key*", true},
    {"*signing*key*", true},
    {"*encrypt*key*", true},
    {"*[_-]key", true},
    {"*session*cookie", true},
    {"*webhook*", true},
    {"*_dsn", true},
    {"dsn", true},
    {"*[_-]salt", true},
    {"authorization", true},
};

/* THE table of looks. */
static const char *const values[] = {
    "[a-z]*://*:*@*",                /* a URL with a password (RFC 3986 section 3.2.1) */
    "*-----BEGIN*PRIVATE KEY-----*", /* PEM (RFC 7468 section 10) */
    "*eyJ*.eyJ*.*",                  /* a JSON web token (RFC 7519 section 3.1) */
};

bool sensitive_name(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (fnmatch(names[i].pattern, name, FNM_CASEFOLD) == 0) {
            return names[i].secret;
        }
    }
    return false;
}

bool sensitive_value(const char *value)
{
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (fnmatch(values[i], value, FNM_CASEFOLD) == 0) {
            return true;
        }
    }
    return false;
}
