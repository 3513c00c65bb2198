#include "tests/unit/unit.h"

#include "tests/unit/credentials.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "secret/mask.h"
#include "source/gcp_token.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

const char login_file[] = ".config/gcloud/application_default_credentials.json";
static EVP_PKEY *key_made;

struct source_context context_for(int64_t span)
{
    return (struct source_context){.directory = "/", .deadline = clock_now() + span};
}

char *take(struct error *error)
{
    struct source_context context = context_for(10 * CLOCK_SECOND);
    struct gcp_token token;
    *error = (struct error){.code = ERROR_NONE};
    char *text = gcp_token_take(&context, &token, error)
                     ? mem_text(secret_data(token.bearer))
                     : mem_text(error->message);
    gcp_token_finish(&token);
    return text;
}

void assert_token(const char *wanted)
{
    struct error error;
    char *text = take(&error);
    assert_string_equal(text, wanted);
    free(text);
}

void assert_refused(enum error_code code, const char *words, const char *hint)
{
    struct error error;
    char *text = take(&error);
    if (error.code != code || !strstr(error.message, words) ||
        !strstr(error.hint, hint)) {
        fail_msg("code %d: %s (%s); wanted %d: %s (%s)", (int)error.code, text,
                 error.hint, (int)code, words, hint);
    }
    free(text);
}

void assert_masked(const char *const *secrets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *text = mem_format("before %s after", secrets[i]);
        char *shown = mask_clean(text, 4000);
        assert_string_equal(shown, "before " MASK_TEXT " after");
        free(shown);
        free(text);
    }
}

EVP_PKEY *account_key(void)
{
    if (!key_made) {
        key_made = EVP_RSA_gen(2048);
    }
    return key_made;
}

void account_key_free(void)
{
    EVP_PKEY_free(key_made);
    key_made = NULL;
}

static char *pem_of(EVP_PKEY *key)
{
    char *data = NULL;
    BIO *memory = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL);
    long length = BIO_get_mem_data(memory, &data);
    char *pem = mem_bytes(data, (size_t)length);
    BIO_free(memory);
    return pem;
}

json_t *key_json(EVP_PKEY *key, const char *token_url)
{
    char *pem = pem_of(key);
    json_t *file =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "service_account", "client_email",
                  "deploy@netra.iam.gserviceaccount.com", "private_key_id", "key-1",
                  "private_key", pem, "token_uri", token_url);
    free(pem);
    return file;
}

void write_key(struct google *google)
{
    char *url = mem_format("http://127.0.0.1:%d/token", google_port(google));
    json_t *file = key_json(account_key(), url);
    char *text = json_compact(file);
    google_file(google, "key.json", text);
    char *path = google_path(google, "key.json");
    setenv("GOOGLE_APPLICATION_CREDENTIALS", path, 1);
    free(path);
    free(text);
    json_decref(file);
    free(url);
}

void write_any(struct google *google, const char *text)
{
    struct buf out;
    buf_init(&out, 0);
    for (const char *at = text; *at; at++) {
        if (*at == '@' && at[1] == '/') {
            buf_format(&out, "127.0.0.1:%d", google_port(google)); /* the slash follows */
        } else {
            buf_add(&out, at, 1);
        }
    }
    google_file(google, login_file, buf_string(&out));
    buf_finish(&out);
}

void write_but(struct google *google, const char *text, const char *key,
               const char *value)
{
    json_t *file = json_parse(text, strlen(text), NULL);
    if (*value) {
        json_t *other = json_loads(value, JSON_DECODE_ANY, NULL);
        assert_non_null(other);
        json_object_set_new(file, key, other);
    } else {
        json_object_del(file, key);
    }
    char *changed = json_compact(file);
    write_any(google, changed);
    free(changed);
    json_decref(file);
}

void write_login(struct google *google, const char *extra)
{
    char *text = mem_format(
        "{\"type\":\"authorized_user\",\"client_id\":\"id.apps\",\"client_secret\":"
        "\"d-client+secret\",\"refresh_token\":\"1//refresh&token\",\"token_uri\":"
        "\"http://@/token\"%s}",
        extra);
    write_any(google, text);
    free(text);
}

void say_token(struct google *google, const char *token)
{
    char *body = mem_format("{\"access_token\":\"%s\",\"expires_in\":3599}", token);
    google_says(google, "/token", 200, body);
    free(body);
}
