/* One file of the false-green catalogue: a peer that looks well and is not, how it is
 * asked, and what must come of it. Main thread; the caller finishes what was read.
 *
 * A file is lines of a word and its text. A file called "honest" is a peer that is in
 * order; every other one in its folder begins as that peer and says only what differs.
 *
 *   like FOLDER/NAME     begins as that file instead; the first line where there
 *   trap TEXT            what could be taken for green, in one line
 *   from TEXT            where it is known from
 *   ask LIGHT            which light of the board is asked
 *   set POINTER JSON     a value of the environment; unset POINTER takes one out
 *   secret NAME TEXT     a file beside the configuration; what it holds may never be told
 *   speak WORD           how requests are cut, as "on" wants it: http, redis, or native
 *                        (ClickHouse's, on a port that takes http too)
 *   tls HOST [HOW]       the peer speaks TLS, as HOST; HOW as certificate.h has it; none
 *   token JSON           claims of {token}; exp, iat and nbf in seconds from now
 *   signed TEXT          the secret that {token} is signed with
 *   want STATE           FAIL UNKNOWN WARN BLOCKED; OK where it must be green
 *   says TEXT            a part of the summary; do TEXT, of the remedy; case is the same
 *   hangs [SPAN]         the peer keeps the check until its deadline, which is short:
 *                        300ms, or as long as it takes to come to where it hangs
 *   google               the peer is Google's services and this machine's metadata server
 *   unreached            nobody comes as far as the peer
 *   connect              a rule: steps at the beginning of every connection
 *   on WORD...           a rule: steps for a request that holds all the words, the first
 *                        of them in its first line (http) or at its beginning (redis, and
 *                        native: HELLO, PING, QUERY, or GET)
 *
 * Steps are indented, and follow their rule; the first rule that fits is played:
 *
 *   send TEXT            bytes; line TEXT, with CR LF; bulk TEXT, as a bulk of Redis;
 *                        string TEXT, with its length before it as ClickHouse has it
 *   header NAME: VALUE   of the http that follows
 *   http STATUS TEXT     a whole reply with a body, and the end
 *   fill N TEXT          the text again and again, N bytes of it; N may be "forever"
 *   drip MS TEXT         the same for ever, a byte each MS
 *   gzip N               compressed bytes that would become N
 *   read TEXT            waits for it; pause MS goes on later
 *   keep                 the last 32 hexadecimal digits of the request are {kept}
 *   times N              the rule is for the first N requests alone
 *   close reset stall    the end; with RST; never
 *
 * In a text \r \n \t \\ \0 \xHH are bytes, and {port} {refused} {deaf} {token} {kept} are
 * filled in: the peer's port, one where nobody listens, one that never accepts. In
 * what is set, {self} is this program, and "\u007bport}" stays {port}. */
#ifndef GREENBOARD_TESTS_TRAP_H
#define GREENBOARD_TESTS_TRAP_H

#include "board/result.h"

#include <stdbool.h>
#include <stddef.h>

enum { TRAP_RULES = 32 };

enum trap_act {
    TRAP_SEND,
    TRAP_LINE,
    TRAP_BULK,
    TRAP_STRING,
    TRAP_HEADER,
    TRAP_HTTP,
    TRAP_FILL,
    TRAP_DRIP,
    TRAP_GZIP,
    TRAP_READ,
    TRAP_PAUSE,
    TRAP_KEEP,
    TRAP_TIMES,
    TRAP_CLOSE,
    TRAP_RESET,
    TRAP_STALL
};

struct trap_step {
    enum trap_act act;
    long number; /* -1: for ever */
    char *text;
    size_t length;
};

struct trap_rule {
    bool at_once; /* connect */
    char **words; /* NULL-terminated, as argv */
    struct trap_step *steps;
    size_t count;
    long times; /* 0: always */
    int line;
};

struct trap_pair {
    char *name, *text; /* NULL: unset */
};

struct trap_list {
    struct trap_pair *rows;
    size_t count;
};

struct trap {
    char *name;  /* redis/noauth */
    char *tells; /* trap */
    char *from, *ask, *speak, *tls, *claims, *signer;
    struct trap_list settings, secrets;
    struct trap_list says, does; /* by text */
    char *hangs;                 /* the deadline, or NULL */
    bool google, unreached;
    bool judged; /* want was given */
    enum state want;
    struct trap_rule rules[TRAP_RULES];
    size_t count, own; /* the first `own` are of the file itself */
    size_t changes;    /* lines of the file itself that make it differ */
};

/* NAME below the directory `root`. NULL with `complaint` (FILE:LINE: what) where the file
 * is not as above; the caller frees both. */
struct trap *trap_read(const char *root, const char *name, char **complaint);
void trap_destroy(struct trap *trap);

#endif
