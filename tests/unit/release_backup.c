/* What a run keeps promises to come back whole or not at all. */
#include "tests/unit/release_help.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "release/back.h"
#include "release/backup.h"
#include "release/restore.h"
#include "secret/keep.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES(list) ", \"backup\": {\"files\": [" list "]}"

/* ---- keeping ---- */

static char digest[DIGEST_HEX];

static void back_up(void)
{
    struct error error = {0};
    if (!backup_make(shop.known.environment, shop.directory, KEPT_BEFORE, digest,
                     &error)) {
        fail_msg("%s", error.message);
    }
}

/* Two files, `b` in the second. */
static void back_up_two(const char *b)
{
    shop_configure(FILES("\"a.env\", \"b.env\""));
    shop_write("a.env", "A=1\n");
    shop_write("b.env", b);
    back_up();
}

static bool read_kept(struct manifest *manifest, struct error *error)
{
    char *directory = shop_path("backup");
    bool read = manifest_read(manifest, directory, digest, error);
    free(directory);
    return read;
}

static bool restore(struct error *error)
{
    struct manifest manifest;
    struct restore back = {0};
    bool done = read_kept(&manifest, error) &&
                restore_prepare(&back, &manifest, &shop.known, error) &&
                restore_commit(&back, error);
    restore_finish(&back);
    manifest_finish(&manifest);
    return done;
}

static void assert_restored(void)
{
    struct error error = {0};
    if (!restore(&error)) {
        fail_msg("%s", error.message);
    }
}

static void assert_file(const char *name, const char *wanted)
{
    char *text = shop_read(name);
    assert_string_equal(text, wanted);
    free(text);
}

static bool tree_holds(const char *directory, const char *needle)
{
    DIR *entries = opendir(directory);
    assert_non_null(entries);
    bool found = false;
    size_t files = 0;
    for (struct dirent *row; (row = readdir(entries));) {
        struct buf text;
        struct stat about;
        char *path = fs_join(directory, row->d_name);
        buf_init(&text, 0);
        if (stat(path, &about) == 0 && S_ISREG(about.st_mode)) {
            assert_int_equal(about.st_mode & 0777, 0600);
            assert_true(fs_read(path, &text, NULL));
            found = found || strstr(buf_string(&text), needle);
            files++;
        }
        buf_finish(&text);
        free(path);
    }
    closedir(entries);
    assert_true(files > 1);
    return found;
}

static void no_file_of_a_backup_holds_a_secret(void **state)
{
    (void)state;
    struct stat about;
    shop_configure(", \"backup\": {\"files\": [\"auth.env\", \"app.conf\"], \"commands\":"
                   " [[\"sh\", \"-c\", \"echo seen; cat redis.pass\"]]}");
    shop_write("app.conf", "canary 1\nword " SHOP_REDIS "\n");
    back_up();
    char *directory = shop_path("backup");
    assert_int_equal(stat(directory, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0700);
    assert_true(tree_holds(directory, "canary"));
    assert_true(tree_holds(directory, "seen"));
    assert_false(tree_holds(directory, SHOP_JWT));
    assert_false(tree_holds(directory, SHOP_REDIS));
    free(directory);
}

static void a_manifest_says_what_each_text_was(void **state)
{
    (void)state;
    struct manifest manifest;
    struct error error = {0};
    shop_configure(", \"backup\": {\"files\": [\"a.env\"], \"commands\": [[\"echo\","
                   " \"A=1\"]]}");
    shop_write("a.env", "A=1\n");
    char *path = shop_path("a.env");
    assert_int_equal(chmod(path, 0640), 0);
    back_up();
    assert_true(read_kept(&manifest, &error));
    assert_int_equal(manifest.count, 2);
    assert_string_equal(manifest.rows[0].path, "a.env");
    assert_string_equal(manifest.rows[0].real, path);
    assert_int_equal(manifest.rows[0].mode, 0640);
    assert_int_equal(manifest.rows[0].size, 4);
    assert_null(manifest.rows[0].argv);
    assert_string_equal(manifest.rows[1].argv[1], "A=1");
    assert_string_equal(buf_string(&manifest.rows[1].cut.text), "A=1\n");
    manifest_finish(&manifest);
    free(path);
}

static void a_backup_that_somebody_changed_is_refused(void **state)
{
    (void)state;
    struct error error = {0};
    shop_configure(FILES("\"a.env\""));
    shop_write("a.env", "A=1\n");
    back_up();
    shop_write("backup/001-a.env", "A=2\n");
    assert_false(restore(&error));
    assert_non_null(strstr(error.message, "001-a.env"));
    shop_write("backup/001-a.env", "A=1\n");
    assert_restored();
    char *manifest = shop_read("backup/backup.json");
    char *mode = strstr(manifest, "\"0600\"");
    assert_non_null(mode);
    mode[2] = '7';
    shop_write("backup/backup.json", manifest);
    free(manifest);
    assert_false(restore(&error));
    assert_non_null(strstr(error.message, "manifest"));
}

static void assert_no_backup(const char *why)
{
    struct error error = {0};
    assert_false(
        backup_make(shop.known.environment, shop.directory, KEPT_BEFORE, digest, &error));
    if (!strstr(error.message, why)) {
        fail_msg("%s", error.message);
    }
    assert_string_not_equal(error.hint, "");
    assert_file("backup/backup.json", "");
}

static void what_cannot_be_kept_leaves_no_manifest(void **state)
{
    (void)state;
    shop_configure(FILES("\"none.env\""));
    assert_no_backup("none.env");
    shop_configure(", \"backup\": {\"commands\": [[\"sh\", \"-c\","
                   " \"echo no access >&2; exit 3\"]]}");
    assert_no_backup("no access; sh ended with status 3");
    shop_configure(", \"backup\": {\"deadline\": \"100ms\", \"commands\":"
                   " [[\"sh\", \"-c\", \"exec sleep 60\"]]}");
    assert_no_backup("did not end in time");
}

/* ---- putting back ---- */

static void files_come_back_with_their_mode(void **state)
{
    (void)state;
    struct stat about;
    shop_configure(FILES("\"a.env\", \"b.json\""));
    shop_write("a.env", "A=1\nDB_PASSWORD=old\n");
    shop_write("b.json", "{\"b\": 1}");
    char *path = shop_path("b.json");
    assert_int_equal(chmod(path, 0444), 0);
    back_up();
    shop_write("a.env", "DB_PASSWORD=rotated\nA=2\nB=3\n");
    assert_int_equal(unlink(path), 0);
    assert_restored();
    assert_file("a.env", "A=1\nDB_PASSWORD=rotated\n");
    assert_file("b.json", "{\"b\": 1}");
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0444);
    free(path);
}

static void where_one_file_cannot_come_back_none_does(void **state)
{
    (void)state;
    struct error error = {0};
    back_up_two("B=1\nSMTP_PASSWORD=x\n");
    shop_write("a.env", "A=2\n");
    shop_write("b.env", "B=2\n");
    assert_false(restore(&error));
    assert_non_null(strstr(error.message, "SMTP_PASSWORD"));
    assert_file("a.env", "A=2\n");
    assert_file("b.env", "B=2\n");
}

/* The second place turns into a directory between preparing and doing. */
static void what_was_taken_before_a_failure_is_given_back(void **state)
{
    (void)state;
    struct manifest manifest;
    struct restore back;
    struct error error = {0};
    back_up_two("B=1\n");
    shop_write("a.env", "A=2\n");
    char *b = shop_path("b.env");
    assert_int_equal(unlink(b), 0);
    assert_true(read_kept(&manifest, &error));
    assert_true(restore_prepare(&back, &manifest, &shop.known, &error));
    assert_int_equal(restore_changes(&back), 2);
    assert_int_equal(mkdir(b, 0700), 0);
    assert_false(restore_commit(&back, &error));
    assert_non_null(strstr(error.message, "b.env"));
    assert_file("a.env", "A=2\n");
    assert_int_equal(rmdir(b), 0);
    free(b);
    restore_finish(&back);
    manifest_finish(&manifest);
}

static void a_link_that_leads_elsewhere_is_not_followed(void **state)
{
    (void)state;
    struct error error = {0};
    char *link_path = shop_path("a.env"), *target = shop_path("real.env"),
         *other = shop_path("other.env");
    shop_configure(FILES("\"a.env\""));
    shop_write("real.env", "A=1\n");
    shop_write("other.env", "PRECIOUS=1\n");
    assert_int_equal(symlink(target, link_path), 0);
    back_up();
    shop_write("real.env", "A=2\n");
    assert_restored();
    assert_file("real.env", "A=1\n");
    struct stat about;
    assert_int_equal(lstat(link_path, &about), 0);
    assert_true(S_ISLNK(about.st_mode));
    assert_int_equal(unlink(link_path), 0);
    assert_int_equal(symlink(other, link_path), 0);
    assert_false(restore(&error));
    assert_non_null(strstr(error.message, "leads to"));
    assert_file("other.env", "PRECIOUS=1\n");
    free(link_path);
    free(target);
    free(other);
}

static void only_what_is_configured_today_is_written(void **state)
{
    (void)state;
    struct manifest manifest;
    struct restore back;
    struct error error = {0};
    back_up_two("B=1\n");
    shop_write("b.env", "B=2\n");
    shop_configure(FILES("\"a.env\", \"c.env\""));
    assert_true(read_kept(&manifest, &error));
    assert_true(restore_prepare(&back, &manifest, &shop.known, &error));
    assert_int_equal(back.count, 3);
    assert_null(back.rows[0].left);
    assert_non_null(strstr(back.rows[1].left, "not kept"));
    assert_non_null(strstr(back.rows[2].left, "does not name it"));
    assert_true(restore_commit(&back, &error));
    assert_file("b.env", "B=2\n");
    assert_file("c.env", "");
    restore_finish(&back);
    manifest_finish(&manifest);
}

/* Only root can give a file away; anybody's own stays his. */
static void a_file_keeps_its_owner_and_group(void **state)
{
    (void)state;
    const bool root = geteuid() == 0;
    const uid_t owner = root ? 4711 : geteuid();
    const gid_t group = root ? 4712 : getegid();
    struct stat about;
    back_up_two("B=1\n");
    shop_write("b.env", "B=2\n");
    char *path = shop_path("b.env");
    assert_int_equal(chown(path, owner, group), 0);
    assert_int_equal(chmod(path, 0640), 0);
    assert_restored();
    assert_file("b.env", "B=1\n");
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_uid, owner);
    assert_int_equal(about.st_gid, group);
    free(path);
}

/* ---- going back to a run ---- */

/* What a verified run left behind, its manifest in the record. */
static struct run *leave(int minute)
{
    struct error error = {0};
    char *id = shop_run(minute, "deploy", "one", "verified");
    struct run *run = run_read(&shop.dir, id, &error);
    char *directory = mem_format("%s/%s", shop.dir.runs, id);
    if (!backup_make(shop.known.environment, directory, KEPT_AFTER, digest, &error)) {
        fail_msg("%s", error.message);
    }
    run->shipped = mem_text(digest);
    free(directory);
    free(id);
    return run;
}

static void what_comes_back_is_told_before_it_does(void **state)
{
    (void)state;
    struct back back;
    struct error error = {0};
    shop_configure(FILES("\"a.env\", \"b.env\", \"c.env\""));
    shop_write("a.env", "A=1\nDB_PASSWORD=old\n");
    shop_write("b.env", "B=1\n");
    shop_write("c.env", "C=1\n");
    struct run *run = leave(1);
    shop_write("a.env", "A=2\nDB_PASSWORD=new\n");
    char *b = shop_path("b.env");
    assert_int_equal(unlink(b), 0);
    assert_true(back_prepare(&back, &shop.dir, run, shop.known.environment, &error));
    assert_int_equal(back.count, 5);
    assert_string_equal(back.lines[0].text, "a.env");
    assert_string_equal(back.lines[1].text, "A = 2 becomes 1");
    assert_int_equal(back.lines[2].mark, DIFF_STAYS);
    assert_string_equal(back.lines[3].text, "b.env comes back");
    assert_string_equal(back.lines[4].text, "c.env is the same");
    char *words = back_words(&back);
    assert_string_equal(words, "2 files change");
    free(words);
    assert_true(restore_commit(&back.restore, &error));
    assert_file("a.env", "A=1\nDB_PASSWORD=new\n");
    assert_file("b.env", "B=1\n");
    back_finish(&back);
    run_destroy(run);
    free(b);
}

static void what_is_confirmed_is_another_when_a_file_changes(void **state)
{
    (void)state;
    struct back first, second;
    struct error error = {0};
    shop_configure(FILES("\"a.env\""));
    shop_write("a.env", "A=1\n");
    struct run *run = leave(1);
    shop_write("a.env", "A=2\n");
    assert_true(back_prepare(&first, &shop.dir, run, shop.known.environment, &error));
    assert_true(back_prepare(&second, &shop.dir, run, shop.known.environment, &error));
    assert_string_equal(first.changes, second.changes);
    back_finish(&second);
    shop_write("a.env", "A=3\n");
    assert_true(back_prepare(&second, &shop.dir, run, shop.known.environment, &error));
    assert_string_not_equal(first.changes, second.changes);
    back_finish(&first);
    back_finish(&second);
    run_destroy(run);
}

static void a_release_that_kept_nothing_leaves_files_as_they_are(void **state)
{
    (void)state;
    struct back back;
    struct error error = {0};
    shop_configure(FILES("\"a.env\""));
    char *id = shop_run(1, "deploy", "one", "verified");
    struct run *run = run_read(&shop.dir, id, &error);
    assert_true(back_prepare(&back, &shop.dir, run, shop.known.environment, &error));
    assert_false(back.kept);
    assert_int_equal(back.count, 0);
    char *words = back_words(&back);
    assert_non_null(strstr(words, "nothing was kept"));
    free(words);
    back_finish(&back);
    run_destroy(run);
    free(id);
}

static void what_could_not_be_kept_is_known_before(void **state)
{
    (void)state;
    shop_configure(FILES("\"a.env\", \"no.env\", \".\""));
    shop_write("a.env", "A=1\n");
    char **lines = backup_foresee(shop.known.environment);
    assert_int_equal(argv_count(lines), 2);
    assert_non_null(strstr(lines[0], "nothing would start: cannot read"));
    assert_non_null(
        strstr(lines[0], "; make no.env readable, or take it out of `backup.files`"));
    assert_non_null(strstr(lines[1], "is not a regular file"));
    argv_free(lines);
    shop_write("no.env", "B=2\n");
    shop_configure(FILES("\"a.env\", \"no.env\""));
    lines = backup_foresee(shop.known.environment);
    assert_null(lines[0]);
    argv_free(lines);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_begin, shop_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_file_of_a_backup_holds_a_secret),
        TEST(what_could_not_be_kept_is_known_before),
        TEST(a_manifest_says_what_each_text_was),
        TEST(a_backup_that_somebody_changed_is_refused),
        TEST(what_cannot_be_kept_leaves_no_manifest),
        TEST(files_come_back_with_their_mode),
        TEST(where_one_file_cannot_come_back_none_does),
        TEST(what_was_taken_before_a_failure_is_given_back),
        TEST(a_link_that_leads_elsewhere_is_not_followed),
        TEST(only_what_is_configured_today_is_written),
        TEST(a_file_keeps_its_owner_and_group),
        TEST(what_comes_back_is_told_before_it_does),
        TEST(what_is_confirmed_is_another_when_a_file_changes),
        TEST(a_release_that_kept_nothing_leaves_files_as_they_are),
    };
    json_begin();
    keep_begin();
    return unit_run("release_backup", tests);
}
