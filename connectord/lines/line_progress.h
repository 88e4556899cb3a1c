/* How far each of a source's lines has come in one stream. On each line trades come in the order of their times, so that
 * nothing that was made before the last one of every line will come. Times are the exchange's, in ns since 1970. */
#pragma once

#include "connectord/lines/redundant_lines.h"

typedef struct {
    int64_t newest_ns;            /* when the newest trade was made */
    int64_t passed_ns[LINES_MAX]; /* … and the last one of each line; INT64_MAX: the line is not there */
    int64_t began_ns[LINES_MAX];  /* … and the first one of each line since it came; 0: none yet */
} line_progress_t;

/* No line is there. */
void line_progress_init(line_progress_t *self);

/* A line is there, and what comes on it was made after all that has come by now; or it is there no longer. */
void line_progress_join(line_progress_t *self, size_t line);
void line_progress_leave(line_progress_t *self, size_t line);

/* A trade came on a line that is there. */
void line_progress_passed(line_progress_t *self, size_t line, int64_t time_ns);

/* Nothing that was made before will come. INT64_MAX: there is no line. */
int64_t line_progress_since_ns(const line_progress_t *self);

/* Has the line come to where every other one began? One that has brought nothing begins behind all that had come when it
 * came. */
bool line_progress_covers(const line_progress_t *self, size_t line);
