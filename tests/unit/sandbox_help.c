#include "tests/unit/sandbox_help.h"

#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "sandbox/ask.h"
#include "sandbox/auth.h"
#include "sandbox/backend.h"

#include <stdlib.h>

enum { PATIENCE_S = 20 };

/* ---- a sandbox without servers ---- */

static void start_services(struct sandbox *sandbox)
{
    sandbox->auth = http_start(auth_routes, sandbox, &sandbox->auth_port, NULL);
    sandbox->backend = http_start(backend_routes, sandbox, &sandbox->backend_port, NULL);
    assert_non_null(sandbox->auth);
    assert_non_null(sandbox->backend);
    assert_true(google_start(sandbox, NULL));
    assert_true(services_follow(sandbox, NULL));
}

struct sandbox *sandbox_make(void)
{
    struct error error;
    struct sandbox *sandbox = mem_alloc(sizeof *sandbox);
    sandbox->dir = mem_text("/tmp/greenboard-unit-XXXXXX");
    assert_non_null(mkdtemp(sandbox->dir));
    sandbox->program = mem_text("/usr/libexec/greenboard/greenboard-sandbox");
    users_init(&sandbox->users, clock_now());
    assert_true(secrets_make(&sandbox->values, &error));
    assert_true(secrets_lay(sandbox, &error));
    sandbox->doors = doors_create(&error);
    assert_non_null(sandbox->doors);
    start_services(sandbox);
    return sandbox;
}

void sandbox_unmake(struct sandbox *sandbox)
{
    doors_destroy(sandbox->doors);
    http_stop(sandbox->auth);
    http_stop(sandbox->backend);
    google_stop(sandbox);
    users_finish(&sandbox->users);
    fs_remove_tree(sandbox->dir);
    free(sandbox->dir);
    free(sandbox->program);
    free(sandbox);
}

void sandbox_turn(struct sandbox *sandbox, enum fault fault, bool on)
{
    struct error error = {0};
    if (!fault_switch(sandbox, fault, on, &error)) {
        fail_msg("%s", error.message);
    }
}

/* ---- asking ---- */

int64_t sandbox_soon(void)
{
    return clock_now() + PATIENCE_S * CLOCK_SECOND;
}

int sandbox_ask(uint16_t port, const char *method, const char *target,
                const char *headers, const char *body, struct buf *out)
{
    struct ask_http request = {.port = port,
                               .method = method,
                               .target = target,
                               .headers = headers,
                               .body = body};
    int status = 0;
    struct error error;
    buf_init(out, 64 * 1024);
    if (!ask_http(&request, sandbox_soon(), &status, out, &error)) {
        return -(int)error.code;
    }
    return status;
}
