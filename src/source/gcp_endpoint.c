#include "source/gcp_endpoint.h"

#include "base/mem.h"
#include "base/text.h"
#include "net/resolve.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The variables are gcloud's own, so that one setting serves both. */
static const struct {
    const char *host, *variable;
} services[GCP_SERVICES] = {
    [GCP_SECRETMANAGER] = {"secretmanager.googleapis.com",
                           "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER"},
    [GCP_RUN] = {"run.googleapis.com", "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN"},
};

static const char metadata_name[] = "metadata.google.internal";
static const char metadata_address[] = "169.254.169.254"; /* the same, without DNS */

struct place {
    bool encrypted;
    char *host; /* without brackets; NULL: no URL that we take */
};

static bool is_ascii(const char *text)
{
    while (*text && (unsigned char)*text < 0x80) {
        text++;
    }
    return *text == '\0';
}

static struct place place_of(const char *url)
{
    struct place place = {false, NULL};
    char *scheme = NULL, *host = NULL, *user = NULL;
    CURLU *parts = curl_url();
    if (curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_USER, &user, 0) != CURLUE_OK) {
        place.encrypted = strcmp(scheme, "https") == 0;
        size_t length = strlen(host);
        if ((place.encrypted || strcmp(scheme, "http") == 0) && is_ascii(host)) {
            place.host = host[0] == '[' && length > 2 ? mem_bytes(host + 1, length - 2)
                                                      : mem_text(host);
        }
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    curl_url_cleanup(parts);
    return place;
}

static bool is_google(const char *host)
{
    static const char domain[] = ".googleapis.com";
    static const size_t tail = sizeof domain - 1;
    size_t length = strlen(host);
    return length > tail && strcasecmp(host + length - tail, domain) == 0;
}

bool gcp_google_url(const char *url)
{
    struct place place = place_of(url);
    bool good = place.host && (resolve_loopback(place.host) ||
                               (place.encrypted && is_google(place.host)));
    free(place.host);
    return good;
}

static char *from_variable(const char *variable, const char *value, struct error *error)
{
    if (!gcp_google_url(value)) {
        error_set(error, ERROR_CONFIG,
                  "%s is neither on this machine nor https in googleapis.com", variable);
        error_hint(error, "unset %s", variable);
        return NULL;
    }
    size_t length = strlen(value);
    while (length > 0 && value[length - 1] == '/') {
        length--;
    }
    return mem_bytes(value, length);
}

char *gcp_endpoint(enum gcp_service service, struct error *error)
{
    const char *variable = services[service].variable;
    const char *value = getenv(variable);
    return value && *value ? from_variable(variable, value, error)
                           : mem_format("https://%s", services[service].host);
}

const char *gcp_api_name(enum gcp_service service)
{
    return services[service].host;
}

char *gcp_metadata(struct error *error)
{
    const char *value = getenv("GCE_METADATA_HOST");
    char *url = mem_format("http://%s", value && *value ? value : metadata_name);
    struct place place = place_of(url);
    bool good = place.host &&
                (resolve_loopback(place.host) || text_equal(place.host, metadata_name) ||
                 text_equal(place.host, metadata_address));
    free(place.host);
    if (!good) {
        free(url);
        url = NULL;
        error_set(error, ERROR_CONFIG,
                  "GCE_METADATA_HOST is neither on this machine nor the metadata server");
        error_hint(error, "unset GCE_METADATA_HOST");
    }
    return url;
}

bool gcp_token_url(const char *url)
{
    struct place place = place_of(url);
    bool good = place.host && (place.encrypted || resolve_loopback(place.host));
    free(place.host);
    return good;
}

/* Other clouds have their metadata server there (RFC 3927 section 2.1). */
static bool is_link_local(const char *host)
{
    union address address;
    return resolve_literal(host, 0, &address) && address.any.sa_family == AF_INET &&
           ntohl(address.four.sin_addr.s_addr) >> 16 == 0xa9fe;
}

bool gcp_subject_url(const char *url)
{
    struct place place = place_of(url);
    bool good = place.host && (place.encrypted || resolve_loopback(place.host) ||
                               is_link_local(place.host));
    free(place.host);
    return good;
}

char *gcp_url_place(const char *url)
{
    struct place place = place_of(url);
    char *text = mem_text(place.host ? place.host : "nowhere");
    free(place.host);
    return text;
}
