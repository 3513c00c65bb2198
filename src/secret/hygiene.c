#include "secret/hygiene.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

static bool is_empty(const char *data, size_t length)
{
    (void)data;
    return length == 0;
}

static bool is_padded(const char *data, size_t length)
{
    return length > 0 &&
           (isspace((unsigned char)data[0]) || isspace((unsigned char)data[length - 1]));
}

static bool is_short(const char *data, size_t length)
{
    (void)data;
    return length < HYGIENE_LEAST;
}

static bool contains(const char *data, size_t length, const char *word)
{
    size_t size = strlen(word);
    for (size_t i = 0; i + size <= length; i++) {
        if (strncasecmp(data + i, word, size) == 0) {
            return true;
        }
    }
    return false;
}

/* A name between the marks of a template that nobody filled in: ${NAME}, {{ name }}. */
static bool is_template(const char *data, size_t length)
{
    static const char name[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        "_-. ";
    for (size_t i = 0; i + 3 < length; i++) {
        bool shell = data[i] == '$' && data[i + 1] == '{';
        bool braces = data[i] == '{' && data[i + 1] == '{';
        if (shell || braces) {
            size_t size = strspn(data + i + 2, name); /* the value ends in a NUL */
            if (size > 0 && data[i + 2 + size] == '}') {
                return true;
            }
        }
    }
    return false;
}

/* Words that stand in templates, examples and defaults, never in 32 random characters of
 * a size that matters: the longest is compared anywhere, since templates decorate
 * them. */
static bool is_placeholder(const char *data, size_t length)
{
    static const char *const words[] = {
        "REPLACE_WITH",   "REPLACE-WITH", "changeme",    "change_me",      "change-me",
        "placeholder",    "your-secret",  "your_secret", "example-secret", "dev-secret",
        "dev_secret",     "test-secret",  "test_secret", "secret-key-for", "insecure",
        "default-secret", "jwt-secret",   "jwt_secret",  "super-secret",   "supersecret",
        "<secret",
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (contains(data, length, words[i])) {
            return true;
        }
    }
    return is_template(data, length);
}

/* A service that takes the token's word for the algorithm would verify with it what
 * anybody can sign (RFC 8725 section 2.1). */
static bool is_public(const char *data, size_t length)
{
    return contains(data, length, "PUBLIC KEY-----") ||
           contains(data, length, "BEGIN CERTIFICATE-----") ||
           (strncmp(data, "ssh-", 4) == 0 && contains(data, length, " AAAA"));
}

/* Shannon's entropy of the bytes; 32 random base64 characters have about 4.5 bits
 * each. */
static bool is_predictable(const char *data, size_t length)
{
    size_t seen[256] = {0};
    for (size_t i = 0; i < length; i++) {
        seen[(unsigned char)data[i]]++;
    }
    double bits = 0;
    for (size_t i = 0; i < 256; i++) {
        if (seen[i]) {
            double share = (double)seen[i] / (double)length;
            bits -= share * log2(share);
        }
    }
    return bits < 3.0;
}

const struct hygiene_rule hygiene_rules[] = {
    {"empty", true, "is empty", "store a value of at least 32 random bytes", is_empty},
    {"whitespace", true, "begins or ends with whitespace",
     "store it again without the blank or newline (printf %s, not echo)", is_padded},
    {"placeholder", true, "looks like a placeholder or a well-known default",
     "generate one: openssl rand -base64 48", is_placeholder},
    {"public", true, "is a public key or a certificate, which anybody may have",
     "generate one: openssl rand -base64 48", is_public},
    {"length", true, "is shorter than 32 bytes", "generate one: openssl rand -base64 48",
     is_short},
    {"entropy", false, "repeats itself: low entropy",
     "generate one: openssl rand -base64 48", is_predictable},
    {"shared", false, "has the same value as", "give each purpose a secret of its own",
     NULL},
};
const size_t hygiene_rule_count = sizeof hygiene_rules / sizeof hygiene_rules[0];

bool hygiene_broken(const struct hygiene_rule *rule, const struct secret *secret)
{
    return rule->broken && rule->broken(secret_data(secret), secret_length(secret));
}

const struct hygiene_rule *hygiene_shared(void)
{
    const struct hygiene_rule *rule = hygiene_rules;
    while (rule->broken) {
        rule++;
    }
    return rule;
}

const struct hygiene_rule *hygiene_failure(const struct secret *secret)
{
    for (size_t i = 0; i < hygiene_rule_count; i++) {
        if (hygiene_rules[i].fails && hygiene_broken(&hygiene_rules[i], secret)) {
            return &hygiene_rules[i];
        }
    }
    return NULL;
}
