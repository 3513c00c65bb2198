#include "config/value.h"

#include "base/buf.h"
#include "base/calendar.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/route.h"
#include "source/source.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_LENGTH = 64 };

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

static bool is_name(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && length <= NAME_MAX_LENGTH && strchr(LETTERS DIGITS, text[0]) &&
           strspn(text, LETTERS DIGITS "._-") == length;
}

static bool is_host(const char *text)
{
    unsigned char address[sizeof(struct in6_addr)];
    size_t length = strlen(text);
    if (strchr(text, ':')) {
        return inet_pton(AF_INET6, text, address) == 1;
    }
    return length <= 253 && strspn(text, LETTERS DIGITS "._-") == length &&
           text[0] != '-';
}

static bool is_pointer(const char *text)
{
    for (const char *at = text; *at; at++) {
        if (*at == '~' && at[1] != '0' && at[1] != '1') {
            return false;
        }
    }
    return !text[0] || text[0] == '/';
}

/* Back-references are no part of extended expressions (POSIX.1-2008, XBD 9.4), and take
 * time without bounds where a library has them all the same. */
static bool is_pattern(const char *text)
{
    regex_t compiled;
    for (const char *at = text; *at; at++) {
        if (*at == '\\' && *++at && strchr(DIGITS, *at)) {
            return false;
        }
        if (!*at) {
            return false;
        }
    }
    if (!text[0] || regcomp(&compiled, text, REG_EXTENDED | REG_NOSUB) != 0) {
        return false;
    }
    bool everything = regexec(&compiled, "", 0, NULL, 0) == 0;
    regfree(&compiled);
    return !everything;
}

/* Printable ASCII alone: what does not belong into a request line is refused, not
 * escaped. */
static bool is_endpoint(const char *text)
{
    for (const char *at = text; *at; at++) {
        if (*at <= ' ' || *at >= 0x7f || *at == '#') {
            return false;
        }
    }
    return text[0] == '/';
}

static bool is_address(const char *text)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, address) == 1 ||
           inet_pton(AF_INET6, text, address) == 1;
}

static bool is_bytes(const char *text)
{
    return text[0] != '\0' && text_unescape(NULL, text);
}

static bool is_filled(const char *text)
{
    return text[0] != '\0';
}

static bool is_moment(const char *text)
{
    int64_t wall;
    return calendar_moment(text, &wall);
}

static bool is_hour(const char *text)
{
    int minutes;
    return calendar_hour(text, &minutes);
}

static bool is_zone(const char *text)
{
    int minutes;
    return calendar_zone(text, &minutes);
}

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool there = curl_url_get(url, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return there;
}

char *value_url_host(const char *text, bool *encrypted)
{
    CURLU *url = curl_url();
    char *scheme = NULL, *host = NULL, *result = NULL;
    if (!url || !is_filled(text) || text[strcspn(text, " \t\r\n")] ||
        curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK) {
        goto out;
    }
    *encrypted = strcmp(scheme, "https") == 0;
    if ((!*encrypted && strcmp(scheme, "http") != 0) || has_part(url, CURLUPART_USER) ||
        has_part(url, CURLUPART_PASSWORD) || has_part(url, CURLUPART_QUERY) ||
        has_part(url, CURLUPART_FRAGMENT)) {
        goto out;
    }
    size_t length = strlen(host);
    result =
        host[0] == '[' && length > 2 ? mem_bytes(host + 1, length - 2) : mem_text(host);
out:
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(url);
    return result;
}

static bool is_url(const char *text)
{
    bool encrypted;
    char *host = value_url_host(text, &encrypted);
    free(host);
    return host != NULL;
}

/* What is a text, and of which form. */
static const struct {
    bool (*holds)(const char *text);
    const char *wants;
} forms[FIELD_TYPES] = {
    [FIELD_TEXT] = {is_filled, "a text that is not empty"},
    [FIELD_NAME] = {is_name, "a name of letters, digits and \"._-\", at most 64"},
    [FIELD_HOST] = {is_host, "a host name or address, without scheme and port"},
    [FIELD_URL] = {is_url, "a URL (http or https) without user, query or fragment"},
    [FIELD_ENDPOINT] = {is_endpoint, "a path that starts with \"/\""},
    [FIELD_ADDRESS] = {is_address, "an IP address"},
    [FIELD_BYTES] = {is_bytes, "a text that is not empty, with \\r \\n \\t \\0 \\xHH "
                               "and \\\\ for bytes"},
    [FIELD_PATH] = {is_filled, "the path of a file"},
    [FIELD_MOMENT] = {is_moment,
                      "a time of RFC 3339 with its zone, such as "
                      "\"2026-12-24T00:00:00Z\" or \"2026-12-24T00:00:00+01:00\""},
    [FIELD_HOUR] = {is_hour, "a time of the day, such as \"09:00\", up to \"24:00\""},
    [FIELD_ZONE] = {is_zone, "\"UTC\" or an offset such as \"+02:00\" (no name of a "
                             "place: its summer time is not known here)"},
    [FIELD_POINTER] = {is_pointer, "a JSON pointer (RFC 6901), such as \"/status\""},
    [FIELD_PATTERN] = {is_pattern, "an extended regular expression (POSIX), without "
                                   "back-references, that no empty line matches"},
    [FIELD_ROUTE] = {route_valid, "\"here\", \"tunnel:NAME\" or \"service:NAME\""},
};

static const char *const plain[FIELD_TYPES] = {
    [FIELD_OBJECT] = "an object",
    [FIELD_MAP] = "an object",
    [FIELD_LIST] = "a list",
    [FIELD_BOOL] = "true or false",
    [FIELD_ARGV] = "a command as a list of texts, the program first",
    [FIELD_TEXTS] = "a text, or a list of texts",
    [FIELD_STATUSES] = "a status such as \"200\" or \"2xx\", or a list of them",
    [FIELD_SOURCE] = "the source of a secret, or a list of sources",
    [FIELD_HEADERS] = "an object of header fields, each a text or the source of a secret",
    [FIELD_BODY] = "an object",
    [FIELD_SETTING] = "a text, the source of a secret, {\"not\": …} or {\"one_of\": …}",
    [FIELD_TLS] = "true, false, or an object",
    [FIELD_ANY] = "anything",
};

static void describe_bounds(const struct field *field, const char *what, struct buf *out)
{
    buf_text(out, what);
    if (!field->low && !field->high) {
        return;
    }
    if (field->type != FIELD_SPAN) {
        buf_format(out, " from %lld to %lld", (long long)field->low,
                   (long long)field->high);
        return;
    }
    char low[TEXT_SPAN], high[TEXT_SPAN];
    text_span(low, field->low);
    text_span(high, field->high);
    buf_format(out, " from %s to %s", field->low < 10 * CLOCK_MS ? "0 s" : low, high);
}

static void describe_words(const struct field *field, struct buf *out)
{
    for (const char *const *word = field->words; *word; word++) {
        buf_format(out, "%s\"%s\"",
                   word == field->words ? ""
                   : word[1]            ? ", "
                                        : " or ",
                   *word);
    }
}

void value_describe(const struct field *field, struct buf *out)
{
    switch (field->type) {
    case FIELD_INTEGER:
        describe_bounds(field, "a whole number", out);
        break;
    case FIELD_NUMBER:
        describe_bounds(field, "a number", out);
        break;
    case FIELD_SPAN:
        describe_bounds(field, "a duration (250ms, 2s, 5m, 1h, 7d)", out);
        break;
    case FIELD_WORD:
        describe_words(field, out);
        break;
    case FIELD_PLACE:
        describe_words(field, out);
        buf_text(out, ", or an object");
        break;
    default:
        buf_text(out, forms[field->type].wants ? forms[field->type].wants
                                               : plain[field->type]);
    }
}

static const char *type_word(const json_t *value)
{
    static const char *const words[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list",    [JSON_STRING] = "a text",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a fraction", [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",      [JSON_NULL] = "null",
    };
    return words[json_typeof(value)];
}

static bool refuse(const struct field *field, const json_t *value, struct error *error)
{
    struct buf wants;
    buf_init(&wants, 300);
    value_describe(field, &wants);
    if (json_is_number(value)) {
        error_set(error, ERROR_CONFIG, "must be %s, not %.10g", buf_string(&wants),
                  json_number_value(value));
    } else if (json_is_string(value) && forms[field->type].wants) {
        error_set(error, ERROR_CONFIG, "must be %s", buf_string(&wants));
    } else {
        error_set(error, ERROR_CONFIG, "must be %s, not %s", buf_string(&wants),
                  type_word(value));
    }
    buf_finish(&wants);
    return false;
}

static bool within(const struct field *field, double value)
{
    return (!field->low && !field->high) ||
           (value >= (double)field->low && value <= (double)field->high);
}

static bool check_span(const struct field *field, const json_t *value,
                       struct error *error)
{
    int64_t span = 0;
    if (!json_is_string(value)) {
        return refuse(field, value, error);
    }
    if (!text_duration(json_string_value(value), &span, error)) {
        return false;
    }
    if (within(field, (double)span)) {
        return true;
    }
    struct buf wants;
    buf_init(&wants, 300);
    value_describe(field, &wants);
    error_set(error, ERROR_CONFIG, "must be %s, not %s", buf_string(&wants),
              json_string_value(value));
    buf_finish(&wants);
    return false;
}

static size_t count_words(const char *const *words)
{
    size_t count = 0;
    while (words[count]) {
        count++;
    }
    return count;
}

static bool is_word(const struct field *field, const char *text, struct error *error)
{
    for (const char *const *word = field->words; *word; word++) {
        if (strcmp(*word, text) == 0) {
            return true;
        }
    }
    struct buf wants, shown;
    buf_init(&wants, 300);
    buf_init(&shown, 60);
    describe_words(field, &wants);
    text_clean(&shown, text, strlen(text));
    error_set(error, ERROR_CONFIG, "must be %s, not \"%s\"", buf_string(&wants),
              buf_string(&shown));
    const char *near = text_nearest(text, field->words, count_words(field->words));
    if (near) {
        error_hint(error, "did you mean \"%s\"?", near);
    }
    buf_finish(&wants);
    buf_finish(&shown);
    return false;
}

static bool is_texts(const json_t *value)
{
    bool texts = json_array_size(value) > 0 || json_string_length(value) > 0;
    for (size_t i = 0; i < json_array_size(value); i++) {
        texts = texts && json_is_string(json_array_get(value, i));
    }
    return texts;
}

static bool is_status(const char *text)
{
    return text && strlen(text) == 3 && text[0] >= '1' && text[0] <= '5' &&
           (strcmp(text + 1, "xx") == 0 || strspn(text, DIGITS) == 3);
}

static bool are_statuses(const json_t *value)
{
    bool good = is_texts(value);
    for (size_t i = 0; i < json_array_size(value); i++) {
        good = good && is_status(json_string_value(json_array_get(value, i)));
    }
    return good && (json_is_array(value) || is_status(json_string_value(value)));
}

static bool is_setting(const json_t *value)
{
    const json_t *unwanted = json_object_get(value, "not");
    const json_t *one_of = json_object_get(value, "one_of");
    return json_is_string(value) || source_validate(value, NULL) ||
           (json_object_size(value) == 1 && (is_texts(unwanted) || is_texts(one_of)));
}

static bool is_argv(const json_t *value)
{
    return json_is_array(value) && is_texts(value) &&
           json_string_length(json_array_get(value, 0)) > 0;
}

bool value_secret_key(const char *key)
{
    static const char *const parts[] = {
        "password", "passwd",  "secret", "authorization", "cookie",
        "api-key",  "api_key", "apikey", "credential",    "bypass-key"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (strcasestr(key, parts[i])) {
            return true;
        }
    }
    return false;
}

bool value_secret_text(const char *text)
{
    for (const char *at = text; (at = strstr(at, "://"));) {
        at += strlen("://");
        size_t length = strcspn(at, "/?# \t\r\n"); /* RFC 3986 section 3.2 */
        const char *colon = memchr(at, ':', length);
        if (colon && memchr(colon, '@', length - (size_t)(colon - at))) {
            return true;
        }
    }
    return value_secret_key(text) || strcasestr(text, "pwd=");
}

static bool check_place(const char *key, const json_t *value, bool header,
                        struct error *error)
{
    if (source_kind(value)) {
        bool valid = source_validate(value, error);
        if (!valid) {
            error_prefix(error, "\"%.60s\"", key);
        }
        return valid;
    }
    /* In a body "token_type" is none. */
    bool secret = value_secret_key(key) || (header && strcasestr(key, "token"));
    if (json_string_length(value) > 0 && secret) {
        error_set(error, ERROR_CONFIG, "\"%.60s\": a secret is never written here", key);
        error_hint(error, "say where it comes from, such as {\"env\": \"NAME\"}");
        return false;
    }
    if (header && !json_is_string(value)) {
        return error_set(error, ERROR_CONFIG,
                         "\"%.60s\" must be a text or a source of a secret", key);
    }
    const char *name;
    json_t *entry;
    json_object_foreach((json_t *)(uintptr_t)value, name, entry)
    {
        if (!check_place(name, entry, false, error)) {
            return false;
        }
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!check_place(key, json_array_get(value, i), false, error)) {
            return false;
        }
    }
    return true;
}

static bool is_header(const char *name, const json_t *value)
{
    static const char token[] =
        LETTERS DIGITS "!#$%&'*+-.^_`|~"; /* RFC 9110 section 5.6.2 */
    const char *text = json_string_value(value);
    return *name && strspn(name, token) == strlen(name) &&
           (!text || !strpbrk(text, "\r\n"));
}

static bool check_places(const struct field *field, const json_t *value,
                         struct error *error)
{
    bool header = field->type == FIELD_HEADERS;
    if (!json_is_object(value) || source_kind(value)) {
        return refuse(field, value, error);
    }
    const char *name;
    json_t *entry;
    json_object_foreach((json_t *)(uintptr_t)value, name, entry)
    {
        if (header && !is_header(name, entry)) {
            return error_set(error, ERROR_CONFIG, "\"%.60s\" is no header field", name);
        }
        if (!check_place(name, entry, header, error)) {
            return false;
        }
    }
    return true;
}

bool value_check(const struct field *field, const json_t *value, struct error *error)
{
    bool holds = true;
    switch (field->type) {
    case FIELD_OBJECT:
    case FIELD_MAP:
        holds = json_is_object(value);
        break;
    case FIELD_LIST:
        holds = json_is_array(value);
        break;
    case FIELD_INTEGER:
        holds = json_is_integer(value) && within(field, json_number_value(value));
        break;
    case FIELD_NUMBER:
        holds = json_is_number(value) && within(field, json_number_value(value));
        break;
    case FIELD_BOOL:
        holds = json_is_boolean(value);
        break;
    case FIELD_SETTING:
        holds = is_setting(value);
        break;
    case FIELD_TLS:
        holds = json_is_boolean(value) || json_is_object(value);
        break;
    case FIELD_ARGV:
        holds = is_argv(value);
        break;
    case FIELD_TEXTS:
        holds = is_texts(value);
        break;
    case FIELD_STATUSES:
        holds = are_statuses(value);
        break;
    case FIELD_WORD:
    case FIELD_PLACE:
        if (json_is_string(value)) {
            return is_word(field, json_string_value(value), error);
        }
        holds = field->type == FIELD_PLACE && json_is_object(value);
        break;
    case FIELD_SPAN:
        return check_span(field, value, error);
    case FIELD_SOURCE:
        return source_validate(value, error);
    case FIELD_HEADERS:
    case FIELD_BODY:
        return check_places(field, value, error);
    case FIELD_ANY:
    case FIELD_TYPES:
        break;
    default:
        holds = json_is_string(value) &&
                forms[field->type].holds(json_string_value(value)) &&
                (!(field->flags & FIELD_FILLED) || json_string_length(value) > 0);
    }
    return holds || refuse(field, value, error);
}

bool value_check_name(const struct field *map, const char *name, struct error *error)
{
    if (map->words) {
        return is_word(map, name, error);
    }
    if (forms[map->keys].holds && !forms[map->keys].holds(name)) {
        return error_set(error, ERROR_CONFIG, "its name must be %s",
                         forms[map->keys].wants);
    }
    return true;
}
