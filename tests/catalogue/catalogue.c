/* The false-green catalogue: every file below cases/ is a peer that looks well and is
 * not, or does not answer as it should, and none of them may be green. Each is asked in a
 * process of its own, several at a time; TAP, and a last line "N cases, N green". Those
 * that want OK are peers in order, which prove that a trap could have been green; they
 * are no cases.
 *
 *   catalogue [-v] [-C DIRECTORY] [FOLDER/NAME...]
 *   catalogue forward PORT TO       a tunnel for a trap */
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "net/http.h"
#include "tests/catalogue/forward.h"
#include "tests/catalogue/heap.h"
#include "tests/catalogue/judge.h"
#include "tests/catalogue/trap.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AT_ONCE = 6, LINE = 4096 };

/* One file, and what came of it. */
struct row {
    char *name, *complaint;
    struct trap *trap; /* NULL: the complaint says why */
    pid_t process;     /* 0: not started, or ended */
    FILE *said;
    int status; /* as waitpid(2) has it */
    bool ended;
};

struct catalogue {
    const char *root;
    bool loud;
    struct row *rows;
    size_t count;
    size_t shown;
    unsigned cases, green, bad;
};

/* ---- which files ---- */

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void add(struct catalogue *catalogue, const char *name)
{
    catalogue->rows =
        mem_resize(catalogue->rows, (catalogue->count + 1) * sizeof *catalogue->rows);
    struct row *row = &catalogue->rows[catalogue->count++];
    *row = (struct row){.name = mem_text(name)};
    row->trap = trap_read(catalogue->root, name, &row->complaint);
}

static void add_folder(struct catalogue *catalogue, const char *folder)
{
    struct dirent **entries = NULL;
    char *path = fs_join(catalogue->root, folder);
    int count = scandir(path, &entries, not_hidden, alphasort);
    for (int i = 0; i < count; i++) {
        char *name = mem_format("%s/%s", folder, entries[i]->d_name);
        add(catalogue, name);
        free(name);
        free(entries[i]);
    }
    free(entries);
    free(path);
}

static void add_all(struct catalogue *catalogue)
{
    struct dirent **entries = NULL;
    int count = scandir(catalogue->root, &entries, not_hidden, alphasort);
    for (int i = 0; i < count; i++) {
        add_folder(catalogue, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

/* ---- asking ---- */

static void start(const struct catalogue *catalogue, struct row *row)
{
    row->said = tmpfile();
    fflush(stdout);
    row->process = row->said ? fork() : -1;
    if (row->process < 0) {
        panic("no process for a trap");
    }
    if (row->process == 0) {
        dup2(fileno(row->said), STDOUT_FILENO);
        judge_trap(row->trap, catalogue->loud);
    }
}

static void take_one(struct catalogue *catalogue)
{
    int status = 0;
    pid_t process = waitpid(-1, &status, 0);
    for (size_t i = 0; i < catalogue->count && process > 0; i++) {
        if (catalogue->rows[i].process == process) {
            catalogue->rows[i].process = 0;
            catalogue->rows[i].status = status;
            catalogue->rows[i].ended = true;
        }
    }
}

/* ---- telling ---- */

static void show_said(FILE *said)
{
    char line[LINE];
    rewind(said);
    while (fgets(line, sizeof line, said)) {
        fputs(line, stdout);
    }
    fclose(said);
}

static void show(struct catalogue *catalogue, struct row *row)
{
    const struct trap *trap = row->trap;
    bool ended = row->ended && WIFEXITED(row->status);
    int status = ended ? WEXITSTATUS(row->status) : JUDGE_BAD;
    if (!trap || trap->want != STATE_OK) {
        catalogue->cases++;
        catalogue->green += ended && status == JUDGE_GREEN;
    }
    catalogue->bad += status != JUDGE_GOOD;
    printf("%sok %zu - %s%s%s\n", status == JUDGE_GOOD ? "" : "not ", ++catalogue->shown,
           row->name, trap ? ": " : "", trap ? trap->tells : "");
    if (!trap) {
        printf("# %s\n", row->complaint);
    } else if (!ended) {
        printf("# its process died of signal %d\n", WTERMSIG(row->status));
    }
    if (row->said) {
        show_said(row->said);
    }
}

/* Shows each in its turn, as soon as those before it have ended. */
static void show_ended(struct catalogue *catalogue)
{
    while (catalogue->shown < catalogue->count) {
        struct row *row = &catalogue->rows[catalogue->shown];
        if (row->trap && !row->ended) {
            return;
        }
        show(catalogue, row);
    }
}

static void run(struct catalogue *catalogue)
{
    size_t running = 0;
    printf("1..%zu\n", catalogue->count);
    for (size_t i = 0; i < catalogue->count; i++) {
        if (!catalogue->rows[i].trap) {
            continue;
        }
        if (running == AT_ONCE) {
            take_one(catalogue);
            running--;
            show_ended(catalogue);
        }
        start(catalogue, &catalogue->rows[i]);
        running++;
    }
    while (running--) {
        take_one(catalogue);
    }
    show_ended(catalogue);
}

static void finish(struct catalogue *catalogue)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        trap_destroy(catalogue->rows[i].trap);
        free(catalogue->rows[i].name);
        free(catalogue->rows[i].complaint);
    }
    free(catalogue->rows);
}

/* Else every bound on memory would hold. */
static void prove_heap(void)
{
    enum { MUCH = 3 * 1024 * 1024 };
    heap_mark();
    char *much = mem_alloc(MUCH);
    mem_cleanse(much);
    if (heap_counted() && (heap_peak() < MUCH || heap_peak() > 2 * MUCH)) {
        panic("%zu bytes counted, and not %d", heap_peak(), MUCH);
    }
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "forward") == 0) {
        return forward_run(argv[2], argv[3]);
    }
    prove_heap();
    json_begin();
    http_begin();
    struct catalogue catalogue = {.root = CASES};
    for (int option; (option = getopt(argc, argv, "vC:")) != -1;) {
        if (option == '?') {
            return 64;
        }
        catalogue.loud = catalogue.loud || option == 'v';
        catalogue.root = option == 'C' ? optarg : catalogue.root;
    }
    for (int i = optind; i < argc; i++) {
        add(&catalogue, argv[i]);
    }
    if (optind == argc) {
        add_all(&catalogue);
    }
    run(&catalogue);
    printf("%u cases, %u green\n", catalogue.cases, catalogue.green);
    bool good = catalogue.count && !catalogue.bad;
    finish(&catalogue);
    http_end();
    return good ? 0 : 1;
}
