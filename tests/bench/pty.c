/* What `make bench` cannot measure from a shell: a program on a terminal of 80 by 24.
 *
 * "pty paint MARKER COMMAND…" tells the milliseconds from just before fork and exec until
 * MARKER, the last text of the first frame, came out.
 *
 * "pty idle MARKER SECONDS COMMAND…" tells "KB MS": resident memory (VmRSS, which counts
 * shared pages in full) after so long, and the processor time since that frame.
 *
 * "pty keys MARKER ANSWER COUNT COMMAND…" tells the milliseconds from '?' until ANSWER,
 * of which 99 in 100 were below; 'q' brings MARKER back each time.
 *
 * Gives up after half a minute without the marker. Ends the program by its pid alone. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 30000, SCREEN_ROOM = 256 * 1024 };

struct subject {
    pid_t pid;
    int terminal;
    int64_t started;
};

static double milliseconds(int64_t ns)
{
    return (double)ns / 1e6;
}

static int64_t read_clock(clockid_t id)
{
    struct timespec at;
    return clock_gettime(id, &at) == 0 ? at.tv_sec * INT64_C(1000000000) + at.tv_nsec
                                       : -1;
}

static bool begin(struct subject *subject, char **argv)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    subject->started = read_clock(CLOCK_MONOTONIC);
    subject->pid = forkpty(&subject->terminal, NULL, NULL, &size);
    if (subject->pid == 0) {
        execv(argv[0], argv);
        _exit(127);
    }
    return subject->pid > 0;
}

static void end(struct subject *subject)
{
    kill(subject->pid, SIGKILL);
    while (waitpid(subject->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    close(subject->terminal);
}

/* Reads for at most so long; 0 where nothing came in time, -1 where nobody writes any
 * more. */
static ssize_t read_some(const struct subject *subject, char *out, size_t room,
                         int wait_ms)
{
    struct pollfd ready = {subject->terminal, POLLIN, 0};
    int woken = poll(&ready, 1, wait_ms);
    return woken > 0 ? read(subject->terminal, out, room) : woken;
}

/* When the marker had come out, 0 where it did not, also where something else is drawn
 * all the time. */
static int64_t await(const struct subject *subject, const char *marker)
{
    static char screen[SCREEN_ROOM];
    size_t length = 0;
    int64_t until = read_clock(CLOCK_MONOTONIC) + PATIENCE_MS * INT64_C(1000000), left;
    while (length + 1 < sizeof screen &&
           (left = until - read_clock(CLOCK_MONOTONIC)) > 0) {
        ssize_t got = read_some(subject, screen + length, sizeof screen - 1 - length,
                                (int)(left / 1000000) + 1);
        if (got <= 0) {
            break;
        }
        length += (size_t)got;
        screen[length] = '\0';
        if (memmem(screen, length, marker, strlen(marker))) {
            return read_clock(CLOCK_MONOTONIC);
        }
    }
    return 0;
}

/* Takes what is drawn, so that the program is never held up by a full terminal. */
static void drain_for(const struct subject *subject, int64_t span)
{
    static char screen[SCREEN_ROOM];
    int64_t until = read_clock(CLOCK_MONOTONIC) + span, left;
    while ((left = until - read_clock(CLOCK_MONOTONIC)) > 0) {
        if (read_some(subject, screen, sizeof screen, (int)(left / 1000000) + 1) < 0) {
            return;
        }
    }
}

static long resident_kb(pid_t pid)
{
    char path[64], line[256];
    long kb = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *status = fopen(path, "re");
    while (status && fgets(line, sizeof line, status)) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            kb = strtol(line + 6, NULL, 10);
        }
    }
    if (status) {
        fclose(status);
    }
    return kb;
}

static int paint(const char *marker, char **argv)
{
    struct subject subject;
    if (!begin(&subject, argv)) {
        return EXIT_FAILURE;
    }
    int64_t painted = await(&subject, marker);
    end(&subject);
    if (painted) {
        printf("%.3f\n", milliseconds(painted - subject.started));
    }
    return painted ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int idle(const char *marker, long seconds, char **argv)
{
    struct subject subject;
    clockid_t processor;
    if (!begin(&subject, argv)) {
        return EXIT_FAILURE;
    }
    bool there =
        await(&subject, marker) && clock_getcpuclockid(subject.pid, &processor) == 0;
    int64_t before = there ? read_clock(processor) : -1;
    drain_for(&subject, there ? seconds * INT64_C(1000000000) : 0);
    int64_t after = there ? read_clock(processor) : -1;
    long kb = resident_kb(subject.pid);
    end(&subject);
    if (before < 0 || after < 0 || kb < 0) {
        return EXIT_FAILURE;
    }
    printf("%ld %.1f\n", kb, milliseconds(after - before));
    return EXIT_SUCCESS;
}

static int by_size(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* Until that came out; -1 where it did not. */
static int64_t press(const struct subject *subject, const char *key, const char *answer)
{
    int64_t before = read_clock(CLOCK_MONOTONIC);
    int64_t after = write(subject->terminal, key, 1) == 1 ? await(subject, answer) : 0;
    return after ? after - before : -1;
}

static int keys(const char *marker, const char *answer, long count, char **argv)
{
    enum { KEYS_MAX = 1000 };
    int64_t spans[KEYS_MAX];
    struct subject subject;
    long done = 0;
    count = count < KEYS_MAX ? count : KEYS_MAX;
    if (!begin(&subject, argv)) {
        return EXIT_FAILURE;
    }
    bool there = await(&subject, marker);
    while (there && done < count) {
        /* At another point of a frame each time. */
        drain_for(&subject, (100 + done * 37 % 50) * INT64_C(1000000));
        spans[done] = press(&subject, "?", answer);
        there = spans[done] >= 0;
        drain_for(&subject, INT64_C(50000000));
        there = there && press(&subject, "q", marker) >= 0;
        done += there;
    }
    end(&subject);
    if (done < count || count < 1) {
        return EXIT_FAILURE;
    }
    qsort(spans, (size_t)count, sizeof *spans, by_size);
    printf("%.3f %.3f\n", milliseconds(spans[(count * 99 + 99) / 100 - 1]),
           milliseconds(spans[count / 2]));
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc > 3 && strcmp(argv[1], "paint") == 0) {
        return paint(argv[2], argv + 3);
    }
    if (argc > 4 && strcmp(argv[1], "idle") == 0) {
        return idle(argv[2], strtol(argv[3], NULL, 10), argv + 4);
    }
    if (argc > 5 && strcmp(argv[1], "keys") == 0) {
        return keys(argv[2], argv[3], strtol(argv[4], NULL, 10), argv + 5);
    }
    fputs("usage: pty paint MARKER COMMAND... | pty idle MARKER SECONDS COMMAND... |\n"
          "       pty keys MARKER ANSWER COUNT COMMAND...\n",
          stderr);
    return EXIT_FAILURE;
}
