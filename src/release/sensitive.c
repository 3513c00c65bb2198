#include "release/sensitive.h"

#include "base/mem.h"

#include <fnmatch.h>
#include <stdlib.h>

/* THE table: patterns of names (fnmatch(3), letters of either case), the first that fits
 * decides. Names that speak of a secret without holding it come first. */
static const struct {
    const char *pattern;
    bool secret;
} names[] = {
    {"*_file", false},       {"*_path", false},
    {"*_algorithm", false},  {"*_issuer", false},
    {"*_audience", false},   {"*_minutes", false},
    {"*_seconds", false},    {"*_days", false},
    {"*_ttl", false},        {"*_length", false},
    {"*_max_age", false},    {"*_host", false},
    {"*_port", false},       {"*_enabled", false},
    {"*public*key*", false}, {"*secret*", true},
    {"*passw*", true},       {"*passphrase*", true},
    {"*_pass", true},        {"pass", true},
    {"*pwd", true},          {"*token*", true},
    {"*credential*", true},  {"*api[_-]key*", true},
    {"*apikey*", true},      {"*private*key*", true},
    {"*access*key*", true},  {"*signing*key*", true},
    {"*encrypt*key*", true}, {"*[_-]key", true},
    {"requirepass", true}, /* Redis */
    {"masterauth", true},    {"*session*cookie", true},
    {"*webhook*", true},     {"*_dsn", true},
    {"dsn", true},           {"*[_-]salt", true},
    {"authorization", true},
};

/* THE table of looks. */
static const char *const values[] = {
    "*[a-z]://*:*@*",                /* a URL with a password (RFC 3986 section 3.2.1) */
    "*-----BEGIN*PRIVATE KEY-----*", /* PEM (RFC 7468 section 10) */
    "*eyJ*.eyJ*.*",                  /* a JSON web token (RFC 7519 section 3.1) */
    "*passw*=?*",                    /* among others in one value: JDBC, ADO, libpq */
    "*pwd=?*",
    "*secret=?*",
    "*token=?*",
};

/* Any encoding: fnmatch(3) refuses what is none of the locale's. */
static char *ascii(const char *text)
{
    char *copy = mem_text(text);
    for (char *at = copy; *at; at++) {
        *at = (char)((unsigned char)*at < 0x80 ? *at : '?');
    }
    return copy;
}

bool sensitive_name(const char *name)
{
    char *text = ascii(name);
    size_t i = 0;
    while (i < sizeof names / sizeof names[0] &&
           fnmatch(names[i].pattern, text, FNM_CASEFOLD) != 0) {
        i++;
    }
    free(text);
    return i < sizeof names / sizeof names[0] && names[i].secret;
}

bool sensitive_value(const char *value)
{
    char *text = ascii(value);
    size_t i = 0;
    while (i < sizeof values / sizeof values[0] &&
           fnmatch(values[i], text, FNM_CASEFOLD) != 0) {
        i++;
    }
    mem_cleanse(text);
    return i < sizeof values / sizeof values[0];
}
