#include "tests/unit/outbox_help.h"

#include "tests/unit/unit.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "secret/mask.h"
#include "tests/unit/board_help.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

char *url_file, *told_file;
struct statedir dir;
struct environment *environment;
static char *home;

void configure(const char *notify)
{
    char *text = mem_format("{\"notify\": %s}", notify);
    environment_unref(environment);
    environment = make_environment(CLASS_STAGING, text);
    statedir_finish(&dir);
    assert_true(statedir_open(&dir, home, environment, NULL));
    free(text);
}

void configure_webhook(const char *more)
{
    char *notify = mem_format("{\"deadline\": \"10s\", \"webhook\": {\"url\": {\"file\": "
                              "\"%s\"}, \"format\": \"json\"%s}}",
                              url_file, more);
    configure(notify);
    free(notify);
}

void configure_command(const char *script, const char *deadline)
{
    json_t *notify = json_pack("{s:s, s:[s, s, s, s]}", "deadline", deadline, "command",
                               "sh", "-c", script, told_file);
    char *text = json_compact(notify);
    configure(text);
    free(text);
    json_decref(notify);
}

void write_url(const char *url)
{
    assert_true(fs_replace(url_file, url, strlen(url), 0600, NULL));
}

void lead_to(int port)
{
    char *url = mem_format("http://127.0.0.1:%d/hooks/T0/s3cr3t-path\n", port);
    write_url(url);
    free(url);
}

int outbox_begin(void **state)
{
    (void)state;
    char template[] = "/tmp/greenboard-courier-XXXXXX";
    home = mem_text(mkdtemp(template));
    url_file = fs_join(home, "url");
    told_file = fs_join(home, "told");
    return 0;
}

int outbox_end(void **state)
{
    (void)state;
    environment_unref(environment);
    environment = NULL;
    statedir_finish(&dir);
    fs_remove_tree(home);
    free(url_file);
    free(told_file);
    free(home);
    mask_forget();
    return 0;
}

void post(enum notice_kind kind, const char *text)
{
    struct error error = {0};
    json_t *facts =
        json_pack("{s:{s:s, s:s}}", "run", "id", "20261123T151000Z-4f2a", "reason", text);
    struct notice notice = {kind, text, facts};
    assert_true(outbox_post(dir.outbox, environment, &notice, &error));
    json_decref(facts);
}

void list(const struct sink *sink, bool dead, struct letters *letters)
{
    char *directory = sink_directory(sink, dir.outbox);
    assert_true(letters_list(directory, dead, letters, NULL));
    free(directory);
}

size_t count(const struct sink *sink, bool dead)
{
    struct letters letters;
    list(sink, dead, &letters);
    size_t found = letters.count;
    letters_finish(&letters);
    return found;
}

/* Until a letter was tried, and why it failed. The caller frees. */
char *wait_for_failure(const struct sink *sink)
{
    int64_t until = clock_now() + LONG;
    while (clock_now() < until) {
        struct letters letters;
        list(sink, false, &letters);
        char *error = letters.count ? mem_text(letters.rows[0].error) : NULL;
        letters_finish(&letters);
        if (error) {
            return error;
        }
        poll(NULL, 0, 5);
    }
    fail_msg("nothing was tried");
    return NULL;
}

void try_in_vain(void)
{
    struct courier *courier = courier_create(environment, &dir, true);
    free(wait_for_failure(&sink_webhook));
    courier_destroy(courier, 0);
}
