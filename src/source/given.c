#include "source/given.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/text.h"
#include "source/env_file.h"

#include <stdlib.h>
#include <string.h>

static bool take_printed(struct given *given, const char *program, struct resolved *out)
{
    const char *text = buf_string(&given->text);
    struct error error = {0};
    if (given->text.length == 0) {
        resolved_broken(out, ERROR_PROTOCOL, "%s printed nothing", program);
    } else if (memchr(text, '\0', given->text.length)) {
        resolved_broken(out, ERROR_PROTOCOL, "%s printed a NUL byte", program);
    } else if (!text_equal(json_get_text(given->from, "format"), "json")) {
        return true;
    } else {
        given->object = json_parse(text, given->text.length, &error);
        if (json_is_object(given->object)) {
            return true;
        }
        /* The parser's words may quote a value. */
        resolved_broken(out, ERROR_PROTOCOL, "%s did not print one JSON object", program);
    }
    error_hint(&out->error, "run it by hand, and see whether from.format is right");
    return false;
}

static bool run(struct given *given, const struct source_context *context,
                struct resolved *out)
{
    char **argv = json_argv(json_object_get(given->from, "command"));
    struct spawn spawn = {.argv = argv,
                          .directory = context->directory,
                          .deadline = context->deadline,
                          .cancelled = context->cancelled};
    struct error error = {0};
    int status = 0;
    bool done = false;
    out->label = mem_format("command %s", argv[0]);
    buf_init_secret(&given->text, JSON_SIZE_MAX);
    if (!spawn_capture(&spawn, &given->text, NULL, &status, &error)) {
        resolved_broken(out, error.code, "%s", error.message);
        error_hint(&out->error, "%s", error.hint);
    } else if (status != 0) {
        resolved_broken(out, ERROR_PROTOCOL, "%s exited with status %d", argv[0], status);
        error_hint(&out->error, "run it by hand to see why: %s", argv[0]);
    } else {
        done = take_printed(given, argv[0], out);
    }
    argv_free(argv);
    return done;
}

bool given_open(struct given *given, const json_t *from,
                const struct source_context *context, struct resolved *out)
{
    const char *service = json_get_text(from, "cloud_run");
    const char *file = json_get_text(from, "env_file");
    *given = (struct given){.from = from};
    *out = (struct resolved){.state = SOURCE_BROKEN};
    if (service) {
        given->opened = true;
        return run_service_open(&given->service, service, context, out);
    }
    if (file) {
        out->label = mem_text(file);
        return dotenv_load(file, context, &given->text, out);
    }
    return run(given, context, out);
}

/* Numbers and truths as a program would print them. */
static void find_member(const json_t *object, const char *name, struct resolved *out)
{
    const json_t *value = json_object_get(object, name);
    if (!value || json_is_null(value)) {
        resolved_absent(out, "has no %s", name);
    } else if (json_is_object(value) || json_is_array(value)) {
        resolved_broken(out, ERROR_PROTOCOL, "%s is neither a text nor a number", name);
    } else {
        char *text = json_show(value);
        resolved_found(out, text, strlen(text));
        mem_cleanse(text);
    }
}

void given_find(struct given *given, const char *name, struct resolved *out)
{
    const char *file = json_get_text(given->from, "env_file");
    if (given->opened) {
        run_service_read(&given->service, name, out);
        return;
    }
    const json_t *argv = json_object_get(given->from, "command");
    *out = (struct resolved){
        .state = SOURCE_BROKEN,
        .label = mem_format("%s in %s", name,
                            file ? file : json_string_value(json_array_get(argv, 0)))};
    if (given->object) {
        find_member(given->object, name, out);
    } else {
        dotenv_find(buf_string(&given->text), name, out);
    }
}

/* What a shell and gcloud take as it stands. */
static bool is_plain(const char *value)
{
    return *value && value[strspn(value, "abcdefghijklmnopqrstuvwxyz"
                                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                         "_-./:@%+")] == '\0';
}

char *given_advice(const struct given *given, const char *name, const char *value)
{
    const char *file = json_get_text(given->from, "env_file");
    char *what = value && is_plain(value) ? mem_format("%s=%s", name, value)
                                          : mem_format("%s to what is expected", name);
    char *advice;
    if (given->opened && value && is_plain(value)) {
        advice = mem_format("gcloud run services update %s --project=%s --region=%s "
                            "--update-env-vars=%s",
                            given->service.parts[RUN_SERVICE],
                            given->service.parts[RUN_PROJECT],
                            given->service.parts[RUN_LOCATION], what);
    } else if (given->opened) {
        advice = mem_format("set %s in Cloud Run %s, and deploy that", what,
                            given->service.parts[RUN_SERVICE]);
    } else if (file) {
        advice = mem_format("set %s in %s, and restart the service", what, file);
    } else {
        advice = mem_format("set %s where the service reads it, and restart it", what);
    }
    free(what);
    return advice;
}

void given_finish(struct given *given)
{
    if (given->opened) {
        run_service_finish(&given->service);
    }
    buf_finish(&given->text);
    json_decref(given->object);
    *given = (struct given){0};
}
