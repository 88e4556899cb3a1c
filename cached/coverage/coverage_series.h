/* What is known of a stream's trades, folded from the records of its coverage (proto/coverage.md): intervals in the order of time, none of which overlap.
 *
 *     live            ├────────────────────────────▶
 *     hole                    ├──┤                           a later record replaces what earlier ones said of its span
 *     folded          ├─live──┤ho├────live─────────▶
 *
 * A bounded number: the oldest go. Where there is no interval nobody said anything: the state is unknown.
 */
#pragma once

#include "common/text.h"
#include "proto/coverage.h"
#include "proto/trade.h"

typedef struct coverage_series coverage_series_t;

enum { COVERAGE_INTERVALS_MAX = 10000 };

/* Empty. NULL when memory runs out. */
coverage_series_t *coverage_series_new(void);
void coverage_series_destroy(coverage_series_t **self);

/* Adds a record of the channel `coverage`, once, behind all that came before. One that is invalid is logged and says nothing. O(1) where it ends the series, else
 * O(n). False when memory runs out: it says nothing then. */
bool coverage_series_take(coverage_series_t *self, const trade_t *record);

/* The same for what it says, whose texts are copied. */
bool coverage_series_put(coverage_series_t *self, const coverage_t *coverage);

/* Puts another one's records before its own, all of which come after them; that one is empty then. False when memory runs out. */
bool coverage_series_merge(coverage_series_t *self, coverage_series_t *older);

/* The least cursor of the records taken; {0, 0}: none yet. */
cursor_t coverage_series_from(const coverage_series_t *self);

void coverage_series_clear(coverage_series_t *self);

size_t coverage_series_count(const coverage_series_t *self);

/* n: below the count. Valid until the series changes. */
coverage_t coverage_series_at(const coverage_series_t *self, size_t n);

/* The number of the first interval that ends after `ns`; the count if all end before. O(log n). */
size_t coverage_series_find(const coverage_series_t *self, int64_t ns);

/* Is nothing missing in all of [from, to)? sure_ns: what is still going on is known to be so up to there. */
bool coverage_series_complete(const coverage_series_t *self, int64_t from_ns, int64_t to_ns, int64_t sure_ns);

/* Of memory. */
size_t coverage_series_bytes(const coverage_series_t *self);
