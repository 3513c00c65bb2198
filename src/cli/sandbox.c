/* greenboard sandbox: the local staging is an executable of its own, so that its web
 * server is linked into nothing that is ever run against a real system. */
#include "cli/cli.h"

#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Beside us where it was built, else where it was installed. */
char *cli_sandbox_program(void)
{
    char *self = fs_absolute("/proc/self/exe");
    char *directory = self ? fs_directory(self) : NULL;
    char *beside = directory ? fs_join(directory, "greenboard-sandbox") : NULL;
    free(self);
    free(directory);
    if (beside && access(beside, X_OK) == 0) {
        return beside;
    }
    free(beside);
    return mem_text(GREENBOARD_LIBEXECDIR "/greenboard-sandbox");
}

int cli_sandbox(struct cli *cli, int argc, char **argv)
{
    (void)cli;
    (void)argc;
    char *path = cli_sandbox_program();
    execv(path, argv);
    fprintf(stderr, "greenboard: cannot run %s: %s\n  it is installed with greenboard\n",
            path, strerror(errno));
    free(path);
    return EXIT_INTERNAL;
}
