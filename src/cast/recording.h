/* The recording of a run: what its steps print, masked as it is written, as asciicast v2
 * (https://docs.asciinema.org/manual/asciicast/v2/): a header, then a line for each piece
 * with its time, and a marker where a step begins.
 *
 * The supervisor's thread alone. The file holds whole lines of valid UTF-8 at any time,
 * whatever the steps print and whenever the disk is full. Some room is kept beside it
 * while it is open, so that a full disk leaves enough to record how the run ended. */
#ifndef GREENBOARD_CAST_RECORDING_H
#define GREENBOARD_CAST_RECORDING_H

#include "base/buf.h"
#include "base/error.h"
#include "secret/mask.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define RECORDING_NAME "output.cast" /* in runs/ID */

struct recording {
    int file; /* -1: not open */
    char *path, *reserve;
    off_t whole;   /* bytes of whole lines in the file */
    off_t begun;   /* of them on their way to the disk, so that settling waits less */
    int64_t began; /* clock_now() */
    struct mask *mask;
    struct buf held;   /* what may become a secret */
    struct buf masked; /* empty between calls */
    bool returned;     /* the last masked byte was a CR */
    struct buf text; /* its lines end in CR LF; begins with what may become a character */
    struct buf lines; /* encoded */
    bool goes_on;     /* a run whose output cannot be recorded does: the caller's */
    int trouble;      /* errno of what could not be written first, 0: none */
    unsigned failures;
    int64_t again; /* when it is next tried to write, 0: nothing is in the way */
    uint64_t lost; /* bytes since the last line that was written */
};

/* Makes the file, which must not be there yet, and puts its header on disk. */
bool recording_open(struct recording *recording, const char *path, const char *title,
                    int columns, int rows, struct error *error);
/* Gives the room back: call it before the run's end is recorded. Also of one that is not
 * open. */
void recording_close(struct recording *recording);

/* The next step begins; from here on the mask is the one of now. Waits for no disk. False
 * where it could not be recorded and the run must not go on. */
bool recording_mark(struct recording *recording, const char *step, struct error *error);

/* False as above. A line that ends in LF alone is recorded as one that ends in CR LF. */
bool recording_output(struct recording *recording, const char *bytes, size_t length);
/* What was held back has nothing more to wait for; on disk when it returns. */
bool recording_settle(struct recording *recording);

#endif
