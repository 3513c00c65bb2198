#include "tests/unit/release_help.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "secret/mask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct shop shop;

static void forget(void)
{
    secrets_unref(shop.known.secrets);
    statedir_finish(&shop.dir);
    config_destroy(shop.config);
    shop.known = (struct known){0};
    shop.config = NULL;
}

int shop_begin(void **state)
{
    (void)state;
    char template[] = "/tmp/greenboard-release-XXXXXX";
    char *made = mkdtemp(template);
    shop = (struct shop){.directory = fs_absolute(made)};
    shop.home = fs_join(shop.directory, "state");
    struct error error;
    assert_true(fs_make_dirs(shop.home, &error));
    assert_true(fingerprint_begin(shop.home, &error));
    shop_write("auth.env", "JWT_SECRET_KEY=" SHOP_JWT "\n");
    shop_write("redis.pass", SHOP_REDIS "\n");
    shop_configure("");
    return 0;
}

int shop_end(void **state)
{
    (void)state;
    forget();
    mask_forget();
    fingerprint_end();
    fs_remove_tree(shop.directory);
    free(shop.directory);
    free(shop.home);
    return 0;
}

void shop_configure(const char *extra)
{
    struct error error;
    forget();
    char *text = mem_format(
        "{\"version\": 1, \"system\": \"shop\", \"environments\": {\"test\": {"
        "\"jwt\": {\"canonical\": {\"env_file\": \"auth.env\","
        " \"key\": \"JWT_SECRET_KEY\"}},"
        "\"redis\": {\"host\": \"127.0.0.1\", \"password\": {\"file\": \"redis.pass\"}}"
        "%s}}}",
        extra);
    shop_write("greenboard.json", text);
    free(text);
    char *path = shop_path("greenboard.json");
    shop.config = config_load(path);
    free(path);
    char *complaint = config_complaint(shop.config);
    assert_string_equal(complaint, "");
    free(complaint);
    shop.known.environment = config_environment(shop.config, "test", &error);
    assert_non_null(shop.known.environment);
    assert_true(statedir_open(&shop.dir, shop.home, shop.known.environment, &error));
    shop_learn();
}

void shop_learn(void)
{
    secrets_unref(shop.known.secrets);
    shop.known.secrets =
        secrets_resolve(shop.known.environment, clock_now() + 10 * CLOCK_SECOND);
    secrets_publish(shop.known.secrets);
}

char *shop_path(const char *name)
{
    return fs_join(shop.directory, name);
}

void shop_write(const char *name, const char *text)
{
    char *path = shop_path(name);
    assert_true(fs_replace(path, text, strlen(text), 0600, NULL));
    free(path);
}

char *shop_read(const char *name)
{
    struct buf text;
    buf_init(&text, 0);
    char *path = shop_path(name);
    fs_read(path, &text, NULL);
    free(path);
    char *taken = buf_take(&text);
    return taken ? taken : mem_text("");
}

static enum run_outcome outcome_of(const char *word)
{
    size_t i = 0;
    while (i < OUTCOME_COUNT && strcmp(outcome_rows[i].word, word) != 0) {
        i++;
    }
    assert_true(i < OUTCOME_COUNT);
    return (enum run_outcome)i;
}

char *shop_run(int minute, const char *kind, const char *release, const char *outcome)
{
    struct error error;
    char id[RUN_ID];
    snprintf(id, sizeof id, "20260101T00%02d00Z-0000", minute % 60);
    struct run *run = run_create(id);
    run->kind = mem_text(kind);
    run->system = mem_text("shop");
    run->environment = mem_text("test");
    run->release = mem_text(release);
    run->operator_name = mem_text("ada@ops-1");
    run->reason = mem_text("because");
    run->started = 1767225600000 + minute * INT64_C(60000);
    run->ended = run->started + 1000;
    run->phase = PHASE_ENDED;
    run->outcome = outcome_of(outcome);
    run->known_good = run->outcome == OUTCOME_VERIFIED;
    struct step *step = run_step(run, kind, NULL);
    if (run->outcome != OUTCOME_REFUSED) {
        run_step_begin(step);
        run_step_end(step, 0);
        run->group = (struct process){1, 1};
    }
    char *directory = mem_format("%s/%s", shop.dir.runs, id);
    assert_true(fs_make_dirs(directory, &error));
    assert_true(run_write(&shop.dir, run, &error));
    free(directory);
    run_destroy(run);
    return mem_text(id);
}

void shop_cut(struct cut *cut, const char *path, const char *text)
{
    struct error error = {0};
    if (!cut_make(cut, path, text, strlen(text), &shop.known, CUT_BACK, &error)) {
        fail_msg("%s", error.message);
    }
}

/* NULL where it does not come back. */
static char *come_back(const char *path, const char *then, const char *now,
                       struct error *error)
{
    struct cut kept;
    struct buf out, present;
    buf_init_secret(&out, 0);
    buf_init(&present, 0);
    buf_text(&present, now ? now : "");
    shop_cut(&kept, path, then);
    bool done = cut_fill(&kept, path, now ? &present : NULL, &shop.known, &out, error);
    char *text = done ? mem_text(buf_string(&out)) : NULL;
    buf_finish(&out);
    buf_finish(&present);
    cut_finish(&kept);
    return text;
}

char *shop_back(const char *path, const char *then, const char *now)
{
    struct error error = {0};
    char *text = come_back(path, then, now, &error);
    if (!text) {
        fail_msg("%s", error.message);
    }
    return text;
}

char *shop_replaced(const char *text, const char *from, const char *to)
{
    struct buf out;
    buf_init(&out, 0);
    for (const char *at = text, *found; *at;) {
        found = strstr(at, from);
        buf_add(&out, at, found ? (size_t)(found - at) : strlen(at));
        at = found ? found + strlen(from) : at + strlen(at);
        buf_text(&out, found ? to : "");
    }
    char *made = buf_take(&out);
    return made ? made : mem_text("");
}

void shop_assert_same(const char *what, const char *text, const char *wanted)
{
    if (strcmp(text, wanted) != 0) {
        fail_msg("%s: it is\n%s\nand should be\n%s", what, text, wanted);
    }
}

static void assert_said(const struct error *error, const char *why)
{
    if (!strstr(error->message, why)) {
        fail_msg("%s", error->message);
    }
    assert_string_not_equal(error->hint, "");
    assert_null(strstr(error->message, SHOP_REDIS));
}

void shop_assert_refused(const char *path, const char *text, const char *why)
{
    struct cut kept;
    struct error error = {0};
    assert_false(
        cut_make(&kept, path, text, strlen(text), &shop.known, CUT_BACK, &error));
    assert_said(&error, why);
    cut_finish(&kept);
}

void shop_assert_stays(const char *path, const char *then, const char *now,
                       const char *why)
{
    struct error error = {0};
    char *text = come_back(path, then, now, &error);
    if (text) {
        fail_msg("it became\n%s", text);
    }
    assert_said(&error, why);
}

static void add_line(void *self, enum diff_mark mark, const char *text)
{
    buf_format(self, "%c %s\n", diff_signs[mark], text);
}

char *shop_diff(const char *path, const char *now, const char *then)
{
    struct cut is, was;
    struct buf lines;
    struct error error = {0};
    const struct diff_to to = {add_line, &lines};
    buf_init(&lines, 0);
    assert_true(cut_make(&is, path, now, strlen(now), &shop.known, CUT_BACK, &error));
    assert_true(cut_make(&was, path, then, strlen(then), &shop.known, CUT_BACK, &error));
    diff_cuts(&is, &was, &to);
    cut_finish(&is);
    cut_finish(&was);
    char *text = buf_take(&lines);
    return text ? text : mem_text("");
}
