/* What `make bench` holds against cat: the mask, fed as a run's output is.
 *
 * "mask text MB" prints so much of what a build prints: lines that differ, with hashes,
 * base64, URLs and JSON in them, and one of the secrets in a line of 20,000. The same
 * bytes each time.
 *
 * "mask filter SECRETS" copies standard input to standard output through a mask that
 * knows so many, in the pieces that a run's output comes in. */
#include "base/buf.h"
#include "base/fs.h"
#include "base/json.h"
#include "secret/keep.h"
#include "secret/mask.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LEAKED = 20, CHUNK = 65536, LEAK_EVERY = 20000 };
enum { SHORTEST = 16, LONGEST = 64, MB = 1000 * 1000 };

static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

static uint32_t draw(uint32_t below) /* xorshift64*: the same text on every machine */
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (uint32_t)((seed * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % below;
}

static const char decimal[] = "0123456789", hex[] = "0123456789abcdef",
                  base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                             "0123456789+/",
                  password[] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
                               "23456789!#$%&*+-/:;<=>?@^_~\"\\ ";

static void add_drawn(struct buf *out, const char *alphabet, size_t count)
{
    uint32_t size = (uint32_t)strlen(alphabet);
    while (count-- > 0) {
        buf_add(out, &alphabet[draw(size)], 1);
    }
}

/* Tokens in hex and base64, and passwords that each encoding writes in its own way. */
static struct secret **make_secrets(size_t count)
{
    static const char *const alphabets[] = {base64, hex, password};
    struct secret **secrets = calloc(count + 1, sizeof(struct secret *));
    for (size_t i = 0; secrets && i < count; i++) {
        struct buf value = {0};
        add_drawn(&value, alphabets[i % 3],
                  SHORTEST + i % LEAKED * (LONGEST - SHORTEST) / (LEAKED - 1));
        secrets[i] = secret_create(value.data, value.length, NULL);
        buf_finish(&value);
        if (!secrets[i]) {
            return NULL;
        }
    }
    return secrets;
}

/* ---- text as a build prints it ---- */

static const char *const words[] = {
    "server", "handler", "config", "migrate", "auth",    "token",   "client",  "index",
    "utils",  "models",  "router", "session", "metrics", "gateway", "profile", "secret",
};

/* {dN} {hN} {bN}: so many digits, hex digits, base64 characters; {w}: a word. */
static const char *const lines[] = {
    "#{d2} [build {d1}/9] RUN pip install --no-cache-dir -r requirements-{w}.txt",
    "#{d2} {d1}.{d3} Collecting {w}-{w}=={d1}.{d2}.{d1}",
    "#{d2} {d1}.{d3}   Downloading {w}_{w}-{d1}.{d2}-py3-none-any.whl ({d3} kB)",
    "#{d2} sha256:{h64} {d2}.{d1}MB / {d2}.{d1}MB {d1}.{d1}s done",
    "{h12}: Pull complete",
    "[{d2}%] Building C object src/{w}/CMakeFiles/{w}.dir/{w}_{w}.c.o",
    "gcc -O2 -g -Wall -Isrc/{w} -c -o build/{w}/{w}.o src/{w}/{w}.c",
    "src/{w}/{w}.ts({d3},{d2}): warning TS{d4}: '{w}' is declared but never read.",
    "    \"integrity\": \"sha512-{b86}==\",",
    "npm http fetch GET 200 https://registry.example.com/{w}%2f{w} {d3}ms (cache hit)",
    "2026-01-31T12:{d2}:{d2}.{d3}Z INFO  {w}.{w} request_id={h32} status=200 {d2}ms",
    "{\"severity\":\"INFO\",\"logger\":\"{w}\",\"message\":\"{w} "
    "{w}\",\"trace\":\"{h32}\"}",
    "tests/{w}/test_{w}.py::test_{w}_{w}[{w}-{d2}] PASSED",
    "{b64}",
    "Author: {w} <{w}@example.com>  commit {h40}",
    "ok - {w} {w} in {d3} ms",
    "",
};

static void add_line(struct buf *out, const char *form)
{
    while (*form) {
        const char kind = form[0] == '{' ? form[1] : '\0';
        const char *alphabet = kind == 'd'   ? decimal
                               : kind == 'h' ? hex
                               : kind == 'b' ? base64
                                             : NULL;
        char *rest = NULL;
        unsigned long count = alphabet ? strtoul(form + 2, &rest, 10) : 0;
        if (count > 0) {
            add_drawn(out, alphabet, count);
            form = rest + 1;
        } else if (kind == 'w' && form[2] == '}') {
            buf_text(out, words[draw(sizeof words / sizeof words[0])]);
            form += 3;
        } else {
            buf_add(out, form++, 1);
        }
    }
    buf_text(out, "\n");
}

static int print_text(struct secret **secrets, size_t left)
{
    struct buf out = {0};
    for (size_t number = 1; left > 0; number++) {
        add_line(&out, lines[draw(sizeof lines / sizeof lines[0])]);
        if (number % LEAK_EVERY == 0) {
            const struct secret *secret = secrets[draw(LEAKED)];
            buf_format(&out, "export TOKEN='%s'\n", secret_data(secret));
        }
        if (out.length >= CHUNK || out.length >= left) {
            size_t length = out.length < left ? out.length : left;
            if (!fs_write_all(STDOUT_FILENO, out.data, length)) {
                return EXIT_FAILURE;
            }
            left -= length;
            buf_clear(&out);
        }
    }
    buf_finish(&out);
    return EXIT_SUCCESS;
}

/* ---- through the mask, as src/run/command.c does ---- */

static int filter(struct secret **secrets, size_t count)
{
    static char chunk[CHUNK];
    struct mask *mask = mask_create(secrets, count);
    struct buf held = {0}, out = {0};
    bool written = true;
    ssize_t got;
    while (written && (got = read(STDIN_FILENO, chunk, sizeof chunk)) > 0) {
        mask_feed(mask, &held, chunk, (size_t)got, &out);
        written = fs_write_all(STDOUT_FILENO, buf_string(&out), out.length);
        buf_clear(&out);
    }
    mask_end(mask, &held, &out);
    written = written && fs_write_all(STDOUT_FILENO, buf_string(&out), out.length);
    buf_finish(&out);
    mask_unref(mask);
    return written && got == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    json_begin();
    keep_begin();
    size_t number = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    struct secret **secrets = make_secrets(number > LEAKED ? number : LEAKED);
    if (secrets && number > 0 && strcmp(argv[1], "text") == 0) {
        return print_text(secrets, number * MB);
    }
    if (secrets && number > 0 && strcmp(argv[1], "filter") == 0) {
        return filter(secrets, number);
    }
    fputs("usage: mask text MB | mask filter SECRETS\n", stderr);
    return EXIT_FAILURE;
}
