#pragma once

#include "common/text.h"
#include "proto/cursor.h"

/* What history was seen to have of a stream (history_coverage.h): every trade from `from` on. The ring need not hold the
 * text of that one; in the order of time and source (history.md) it is before a trade of this time and source, which is
 * another live stream's of the same market. */
typedef struct {
    bool known;
    bool whole; /* and nothing before it */
    cursor_t from;
    int64_t at_ns;     /* when history said so */
    int64_t before_ns; /* INT64_MAX: of `from` nothing more is known */
    text_t before_source;
} history_coverage_t;
