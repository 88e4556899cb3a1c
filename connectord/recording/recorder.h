/* Records what a source's connections receive, for the connector replay and `dataflow try`: lines of recorded_line.h, in files of recording_file.h.
 *
 *     message ──▶ the piece being filled ──every 200 ms, or 256 KiB──▶ the piece being written, by a thread of its own
 *
 * The loop never waits for the disk, and memory is bounded: what comes while both pieces are full is left out, and the recording says so. When the disk is
 * full, or the file can't be written for another reason, there is one warning, and nothing is recorded for a minute. Trades never notice.
 */
#pragma once

#include "common/loop/loop.h"
#include "connectord/recording/recorded_line.h"

enum {
    RECORDER_PIECE_MAX = 4 << 20,   /* bytes of each of two pieces */
    RECORDER_NAMED_MAX = 256 << 10, /* bytes of the names of subscriptions, of each line's connection */
    RECORDER_PATH_MAX = 4096,       /* with the NUL */
    RECORDER_RETRY_MS = 60000       /* after a failure */
};

typedef struct recorder recorder_t;

/* Records nothing yet. `source`: its name, for the log; it is copied. NULL when memory runs out. */
recorder_t *recorder_new(loop_t *loop, text_t source);

/* Records to this path from now on, unless it does; an empty one: no longer. After a failure it is tried again at once. The other arguments are those of
 * recording_file_init. What cannot be begun is logged. */
void recorder_use(recorder_t *self, const char *path, uint64_t bytes, uint32_t files);

/* Is what comes now to be recorded? Not after a failure. */
bool recorder_is_on(const recorder_t *self);

/* A connection of that line, less than RECORDED_LINES_MAX, has been made. */
void recorder_connected(recorder_t *self, size_t line);

/* It received a message. One of more than RECORDED_MESSAGE_MAX bytes is left out. */
void recorder_message(recorder_t *self, size_t line, text_t message, int64_t received_ns);

/* What is to be known of its messages from here on: a name, an id of which is repeated wherever the recording begins again within the connection, or what they
 * answer. Also to be told while nothing is recorded. The mark's line is not heeded. */
void recorder_mark(recorder_t *self, size_t line, const recorded_line_t *mark);

/* Writes what is to be written, unless the disk takes longer than a second. */
void recorder_destroy(recorder_t **self);
