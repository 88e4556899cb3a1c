/* One status of a source that has several lines (redundant_lines.h), of what each line says of itself.
 *
 * Counters are the sum of all lines' (a trade's second copy is a duplicate), backoff_ms is the longest; failing is what fails on every connected line.
 * Everything else comes from the line that speaks for all: the healthiest of those that are connected, so that one that is ill but not needed is no
 * cause for concern; if there is none, the one that was lost last.
 */
#pragma once

#include "connectord/lines/source.h"

enum { LINES_MAX = 4 };

typedef struct {
    const source_t *source;
    bool up;
} line_view_t;

/* `count`: 1 to LINES_MAX. `lost` was lost last; NULL: none yet. `telling` has something to tell, and speaks for all; NULL: none has. `failing` is scratch:
 * the status may point into it. All but since_ns is the source's. */
void lines_status_describe(status_t *status, const line_view_t *lines, size_t count, const line_view_t *lost,
                           const line_view_t *telling, buffer_t *failing);
