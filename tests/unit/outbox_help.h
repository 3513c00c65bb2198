/* An environment that tells somebody: its outbox, and where a webhook and a command of it
 * lead. The state is the test's own, between outbox_begin() and outbox_end(). */
#ifndef GREENBOARD_TESTS_OUTBOX_HELP_H
#define GREENBOARD_TESTS_OUTBOX_HELP_H

#include "alert/courier.h"
#include "base/clock.h"

#define LONG (20 * CLOCK_SECOND)

extern char *url_file, *told_file; /* of the webhook; for what a command writes */
extern struct statedir dir;
extern struct environment *environment;

int outbox_begin(void **state);
int outbox_end(void **state);
#define OUTBOX_TEST(name) cmocka_unit_test_setup_teardown(name, outbox_begin, outbox_end)

/* Loads the environment anew: `notify` is that section. A webhook has `more` members; a
 * command is `sh -c SCRIPT` with told_file as its $0. */
void configure(const char *notify);
void configure_webhook(const char *more);
void configure_command(const char *script, const char *deadline);

void write_url(const char *url);
void lead_to(int port); /* the webhook, to this port here */

void post(enum notice_kind kind, const char *text);
void list(const struct sink *sink, bool dead, struct letters *letters);
size_t count(const struct sink *sink, bool dead);

/* Until a letter was tried, and why it failed. The caller frees. */
char *wait_for_failure(const struct sink *sink);

void try_in_vain(void); /* a courier comes, cannot tell the webhook, and goes */

#endif
