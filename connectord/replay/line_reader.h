/* The lines of a regular file, read through a buffer that never grows. A byte order mark before the first is skipped. */
#pragma once

#include "common/text.h"

enum { LINE_MAX_BYTES = (1 << 20) + 64 /* a recording's longest message, and what stands before it in a recording */ };

typedef struct line_reader line_reader_t;

typedef enum {
    LINE_READ,     /* one, without its end (LF or CR LF) */
    LINE_TOO_LONG, /* one over LINE_MAX_BYTES: its beginning; the rest is skipped */
    LINE_END,      /* no more */
    LINE_ERROR     /* errno says what */
} line_verdict_t;

/* NULL with errno set when it can't be opened (EINVAL if it is not a regular file) or memory runs out. */
line_reader_t *line_reader_open(const char *path);

/* The next line; valid until the next call. A last line without an end counts, too. */
line_verdict_t line_reader_next(line_reader_t *self, text_t *line);

/* The number of the line that was read last, from 1. */
uint64_t line_reader_number(const line_reader_t *self);

/* To the first line again. */
void line_reader_rewind(line_reader_t *self);

void line_reader_close(line_reader_t **self);
