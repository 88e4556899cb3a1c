/* Could a line of a source (redundant_lines.h) go without anything being missed meanwhile? The others have to stand in for it: long enough connected, and subscribed
 * to what it has.
 */
#pragma once

#include "connectord/lines/source.h"

typedef struct {
    const source_t *source;
    bool up;
    int64_t up_ns; /* since when (clock_mono_ns) */
} line_cover_t;

/* `line` is the number of the one that would go. Have all others been up for long enough to carry everything? */
bool line_cover_is_settled(const line_cover_t *lines, size_t count, size_t line, int64_t now_ns);

/* Has another line every symbol that this one has? */
bool line_cover_is_whole(const line_cover_t *lines, size_t count, size_t line);
