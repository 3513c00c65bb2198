/* A scope of its own in the user's systemd: logging out does not end what is in it.
 *
 * systemd-run(1) with --scope makes it and executes the program in its own place, so that
 * process, descriptors and environment stay what they were. Any thread. */
#ifndef GREENBOARD_RUN_SCOPE_H
#define GREENBOARD_RUN_SCOPE_H

/* Where systemd-run is, for the caller to free; NULL where there is none, or no systemd
 * that would answer it. */
char *scope_runner(void);

char *scope_name(const char *run); /* greenboard-RUN.scope; the caller frees */

/* Executes this program with `order` in it; argv_free(). NULL where our executable is no
 * longer where it was. */
char **scope_argv(const char *runner, const char *run, const char *order);

#endif
