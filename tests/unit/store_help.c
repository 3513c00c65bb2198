#include "tests/unit/store_help.h"

#include "base/fs.h"
#include "base/mem.h"

#include <stdlib.h>

char *home;
struct statedir dir;
struct environment staging = {.system = "netra", .name = "staging"};

int store_begin(void **state)
{
    (void)state;
    struct error error;
    char template[] = "/tmp/greenboard-store-XXXXXX";
    home = mem_text(mkdtemp(template));
    return statedir_open(&dir, home, &staging, &error) ? 0 : -1;
}

int store_end(void **state)
{
    (void)state;
    statedir_finish(&dir);
    fs_remove_tree(home);
    free(home);
    return 0;
}

void open_events(struct events *events, enum db_access access)
{
    struct error error = {0};
    assert_true(events_open(events, dir.events, access, &error));
}
