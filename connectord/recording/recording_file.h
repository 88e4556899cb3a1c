/* The files of a recording: PATH, which grows, and the ones before it, PATH.1 the newest of them. Only whole pieces of lines are written: where one does not
 * fit on the disk, the file ends with the piece before it.
 *
 * Its calls block. It knows no thread and no loop, so that a worker can use it.
 */
#pragma once

#include "common/text.h"

enum { RECORDING_FILE_ERROR_MAX = 320 };

typedef struct {
    char *path;     /* owned */
    uint64_t bytes; /* a file that would become larger is followed by another one */
    uint32_t files; /* how many there are, at least 1; the oldest is removed */
    int fd;         /* -1: none */
    uint64_t size;
    char error
        [RECORDING_FILE_ERROR_MAX]; /* why the last call failed: what could not be done with which file, and the system's reason */
} recording_file_t;

/* Opens nothing yet. False when memory runs out. */
bool recording_file_init(recording_file_t *self, const char *path, uint64_t bytes, uint32_t files);

/* Appends the piece. `before` is what has to stand before it in a file that was opened or begun just now. An existing file is continued. False, and the
 * file is closed, when that can't be done; the next call tries again. Another process or source that has the file is a reason, too. */
bool recording_file_write(recording_file_t *self, text_t before, text_t piece);

void recording_file_release(recording_file_t *self);
