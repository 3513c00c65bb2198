#include "net/trust.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { HASH_DIGITS = 8 }; /* of X509_NAME_hash() in hexadecimal */

/* A store that was loaded: the system's has no file. One whose file has changed is loaded
 * anew; who still uses the old one holds a reference. */
struct loaded {
    char *file; /* NULL: the system's authorities */
    struct timespec changed;
    X509_STORE *store;
    struct loaded *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct loaded *all;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int seen_index; /* of struct trust_seen in an SSL_CTX */

struct tls_options tls_options_of(const json_t *tls, const char *directory)
{
    return (struct tls_options){
        .on = json_is_true(tls) || json_is_object(tls),
        .directory = directory,
        .ca = json_get_text(tls, "ca"),
        .cert = json_get_text(tls, "cert"),
        .key = json_get_text(tls, "key"),
        .server_name = json_get_text(tls, "server_name"),
    };
}

static char *path_of(const struct tls_options *options, const char *file)
{
    return options->directory && file[0] != '/' ? fs_join(options->directory, file)
                                                : mem_text(file);
}

static bool no_file(struct error *error, const char *what, const char *path)
{
    char reason[128];
    ERR_error_string_n(ERR_peek_last_error(), reason, sizeof reason);
    const char *words = ERR_reason_error_string(ERR_peek_last_error());
    error_set(error, ERROR_CONFIG, "cannot load %s %s: %s", what, path,
              words ? words : reason);
    error_hint(error, "it must be a readable file in PEM format");
    ERR_clear_error();
    return false;
}

/* True where the directory holds authorities under the hash of their names
 * ("4f316efb.0"), which OpenSSL then finds one by one as they are needed. */
static bool is_hashed(const char *directory)
{
    DIR *all_files = opendir(directory);
    const struct dirent *entry;
    bool hashed = false;
    while (all_files && !hashed && (entry = readdir(all_files))) {
        hashed = strspn(entry->d_name, "0123456789abcdef") == HASH_DIGITS &&
                 strcmp(entry->d_name + HASH_DIGITS, ".0") == 0;
    }
    if (all_files) {
        closedir(all_files);
    }
    return hashed;
}

/* The whole bundle costs 24 ms and some megabytes: it is read only where there is no
 * directory, or somebody asks for it. */
static bool load_system(X509_STORE *store)
{
    const char *directory = getenv(X509_get_default_cert_dir_env());
    directory = directory ? directory : X509_get_default_cert_dir();
    if (!getenv(X509_get_default_cert_file_env()) && is_hashed(directory)) {
        return X509_STORE_load_path(store, directory);
    }
    return X509_STORE_set_default_paths(store);
}

static X509_STORE *load(const char *file, struct error *error)
{
    X509_STORE *store = X509_STORE_new();
    if (!store) {
        panic("out of memory (trust store)");
    }
    if (file ? !X509_STORE_load_file(store, file) : !load_system(store)) {
        no_file(error, "certificate authorities from", file ? file : "the system");
        X509_STORE_free(store);
        return NULL;
    }
    return store;
}

static struct timespec changed_at(const char *file)
{
    struct stat about;
    return file && stat(file, &about) == 0 ? about.st_mtim : (struct timespec){0, 0};
}

static struct loaded *find(const char *file)
{
    struct loaded *at = all;
    while (at && !text_equal(at->file, file)) {
        at = at->next;
    }
    return at;
}

/* With the lock held, so that two workers do not load the same file. */
static X509_STORE *store_of(const char *file, struct error *error)
{
    struct loaded *entry = find(file);
    struct timespec changed = changed_at(file);
    if (entry && entry->changed.tv_sec == changed.tv_sec &&
        entry->changed.tv_nsec == changed.tv_nsec) {
        return entry->store;
    }
    X509_STORE *store = load(file, error);
    if (!store) {
        return NULL;
    }
    if (!entry) {
        entry = mem_alloc(sizeof *entry);
        entry->file = mem_text(file);
        entry->next = all;
        all = entry;
    }
    X509_STORE_free(entry->store);
    entry->store = store;
    entry->changed = changed;
    return store;
}

X509_STORE *trust_store(const struct tls_options *options, struct error *error)
{
    char *file = options && options->ca ? path_of(options, options->ca) : NULL;
    pthread_mutex_lock(&lock);
    X509_STORE *store = store_of(file, error);
    if (store) {
        X509_STORE_up_ref(store);
    }
    pthread_mutex_unlock(&lock);
    free(file);
    return store;
}

static void name_certificate(X509 *certificate, struct trust_seen *seen)
{
    size_t used = 0;
    GENERAL_NAMES *names =
        X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        char text[INET6_ADDRSTRLEN + 1] = "";
        const char *shown = text;
        if (name->type == GEN_DNS) {
            shown = (const char *)ASN1_STRING_get0_data(name->d.dNSName);
        } else if (name->type == GEN_IPADD) {
            int length = ASN1_STRING_length(name->d.iPAddress);
            inet_ntop(length == 4 ? AF_INET : AF_INET6,
                      ASN1_STRING_get0_data(name->d.iPAddress), text, sizeof text);
        }
        if (*shown && used < sizeof seen->names) {
            used += (size_t)snprintf(seen->names + used, sizeof seen->names - used,
                                     "%s%s", used ? ", " : "", shown);
        }
    }
    GENERAL_NAMES_free(names);
    if (!used) {
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                  seen->names, sizeof seen->names);
    }
}

static void note_end(X509 *certificate, struct trust_seen *seen)
{
    struct tm end;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end)) {
        snprintf(seen->ends, sizeof seen->ends, "%04d-%02d-%02d %02d:%02d UTC",
                 end.tm_year + 1900, end.tm_mon + 1, end.tm_mday, end.tm_hour,
                 end.tm_min);
    }
}

/* The peer's own certificate, once the chain above it was found good. */
static void note_believed(X509 *leaf, struct trust_seen *seen)
{
    struct tm end;
    name_certificate(leaf, seen);
    note_end(leaf, seen);
    if (ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &end)) {
        seen->until = (int64_t)timegm(&end) * 1000;
    }
    BIO *words = BIO_new(BIO_s_mem());
    X509_NAME_print_ex(words, X509_get_issuer_name(leaf), 0, XN_FLAG_ONELINE);
    int length = words ? BIO_read(words, seen->issuer, sizeof seen->issuer - 1) : 0;
    seen->issuer[length > 0 ? length : 0] = '\0';
    BIO_free(words);
}

/* OpenSSL calls back for each certificate; what it decided stands. */
static int watch(int accepted, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct trust_seen *seen = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), seen_index);
    if (!accepted && seen && seen->refused == X509_V_OK) {
        X509 *leaf = X509_STORE_CTX_get0_cert(store);
        X509 *blamed = X509_STORE_CTX_get_current_cert(store);
        seen->refused = X509_STORE_CTX_get_error(store);
        if (leaf) {
            name_certificate(leaf, seen);
            note_end(blamed ? blamed : leaf, seen);
        }
    } else if (accepted && seen && X509_STORE_CTX_get_error_depth(store) == 0) {
        note_believed(X509_STORE_CTX_get0_cert(store), seen);
    }
    return accepted;
}

static void make_index(void)
{
    seen_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

static bool show_ours(SSL_CTX *context, const struct tls_options *options,
                      struct error *error)
{
    char *cert = path_of(options, options->cert);
    char *key = path_of(options, options->key ? options->key : options->cert);
    bool done = true;
    if (SSL_CTX_use_certificate_chain_file(context, cert) != 1) {
        done = no_file(error, "our certificate", cert);
    } else if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        done = no_file(error, "the key of our certificate", key);
    }
    free(cert);
    free(key);
    return done;
}

/* A key that wants a pass phrase must fail, not ask on the terminal. */
static int no_pass_phrase(char *out, int room, int writing, void *self)
{
    (void)out;
    (void)room;
    (void)writing;
    (void)self;
    return -1;
}

/* OpenSSL takes an empty name for "whatever name it bears". */
static bool must_bear(X509_VERIFY_PARAM *must, const char *name)
{
    if (!*name || X509_VERIFY_PARAM_set1_ip_asc(must, name)) {
        return *name != '\0';
    }
    ERR_clear_error();
    X509_VERIFY_PARAM_set_hostflags(must, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(must, name, 0) == 1;
}

bool trust_apply(SSL_CTX *context, const struct tls_options *options, const char *host,
                 struct trust_seen *seen, struct error *error)
{
    pthread_once(&once, make_index);
    X509_STORE *store = trust_store(options, error);
    if (!store) {
        return false;
    }
    SSL_CTX_set1_cert_store(context, store);
    X509_STORE_free(store);
    SSL_CTX_set_ex_data(context, seen_index, seen);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, watch);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_default_passwd_cb(context, no_pass_phrase);
    const char *name = options && options->server_name ? options->server_name : host;
    if (!must_bear(SSL_CTX_get0_param(context), name)) {
        return error_set(error, ERROR_CONFIG, "a certificate cannot bear the name \"%s\"",
                         name);
    }
    return !options || !options->cert || show_ours(context, options, error);
}

bool trust_complain(const struct trust_seen *seen, const char *host, struct error *error)
{
    switch (seen->refused) {
    case X509_V_OK:
        error_set(error, ERROR_PROTOCOL, "connected, no TLS spoken there");
        error_hint(error, TRUST_NO_TLS_HINT);
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        error_set(error, ERROR_PROTOCOL, "certificate is for %s, not %s",
                  *seen->names ? seen->names : "nobody", host);
        error_hint(error,
                   "correct the host, or say the certificate's name in tls.server_name");
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        error_set(error, ERROR_PROTOCOL, "certificate of %s expired on %s", host,
                  seen->ends);
        error_hint(error, "renew the certificate");
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        error_set(error, ERROR_PROTOCOL, "certificate of %s is not yet valid", host);
        error_hint(error, "set this machine's clock (NTP), or that of who signed it");
        break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        error_set(error, ERROR_PROTOCOL,
                  "certificate of %s is signed by nobody we believe (%s)", host,
                  X509_verify_cert_error_string(seen->refused));
        error_hint(error, "name its authority in tls.ca, where it is yours");
        break;
    default:
        error_set(error, ERROR_PROTOCOL, "certificate of %s was refused: %s", host,
                  X509_verify_cert_error_string(seen->refused));
        error_hint(error, "look at it with openssl s_client -connect");
        break;
    }
    return false;
}
