#include "cached/coverage/coverage_series.h"

#include <stdlib.h>

#include "common/array.h"
#include "common/log.h"
#include "common/numbers/exact.h"

enum {
    DROPPED = COVERAGE_INTERVALS_MAX / 10, /* when there are too many so many go at once: each one that goes moves all others */
    SPLIT = 2                              /* intervals that a record can add: itself, and the rest of what it lies in */
};

typedef struct {
    coverage_t told; /* its texts are slices of … */
    char *texts;     /* … this; NULL: it has none */
} coverage_slot_t;

struct coverage_series {
    coverage_slot_t *slots;
    size_t count, room;
    cursor_t from;
};

/* --- a slot --- */

/* False when memory runs out. */
static bool slot_set(coverage_slot_t *slot, const coverage_t *coverage)
{
    *slot = (coverage_slot_t){.told = *coverage};
    text_t *texts[] = {&slot->told.volume, &slot->told.missing_volume, &slot->told.first_id, &slot->told.last_id};
    enum { TEXTS = sizeof texts / sizeof *texts };
    size_t bytes = 0;
    for (size_t i = 0; i < TEXTS; i++)
        bytes += texts[i]->length;
    if (bytes == 0)
        return true;
    char *at = slot->texts = malloc(bytes);
    for (size_t i = 0; at && i < TEXTS; i++) {
        memcpy(at, texts[i]->at ? texts[i]->at : "", texts[i]->length);
        texts[i]->at = at;
        at += texts[i]->length;
    }
    return at != NULL;
}

static void slot_release(coverage_slot_t *slot)
{
    free(slot->texts);
    slot->texts = NULL;
}

static bool counts(const coverage_t *told)
{
    return told->state != COVERAGE_LIVE && told->state != COVERAGE_UNKNOWN;
}

/* What it counted does not hold for a part. */
static void slot_cut(coverage_slot_t *slot)
{
    coverage_t *told = &slot->told;
    slot_release(slot);
    *told = (coverage_t){
        .state = told->state, .from_ns = told->from_ns, .to_ns = told->to_ns, .cursor = told->cursor, .partial = counts(told)};
}

static bool may_merge(const coverage_t *a, const coverage_t *b)
{
    if (a->state != b->state || a->to_ns != b->from_ns)
        return false;
    return a->state == COVERAGE_LIVE || a->state == COVERAGE_UNKNOWN ||
           (a->state == COVERAGE_PROVED && a->partial == b->partial && (a->volume.length > 0) == (b->volume.length > 0));
}

/* False when memory runs out. */
static bool add_volumes(text_t a, text_t b, buffer_t *sum)
{
    exact_t total = {0}, term = {0};
    exact_set(&total, a);
    exact_set(&term, b);
    exact_add(&total, &term);
    exact_print(&total, sum);
    exact_release(&total);
    exact_release(&term);
    return buffer_ok(sum);
}

/* Puts what follows into the first one. False, and unchanged, when memory runs out. */
static bool slot_join(coverage_slot_t *slot, const coverage_slot_t *next)
{
    coverage_t joined = slot->told;
    coverage_slot_t made;
    joined.to_ns = next->told.to_ns;
    joined.trades += next->told.trades;
    bool proved = joined.state == COVERAGE_PROVED, ok = true;
    if (proved)
        joined.cursor = next->told.cursor;
    buffer_t sum = buffer_new(0);
    if (proved && joined.volume.length > 0) {
        ok = add_volumes(joined.volume, next->told.volume, &sum);
        joined.volume = buffer_text(&sum);
    }
    ok = ok && slot_set(&made, &joined);
    buffer_release(&sum);
    if (!ok)
        return false;
    slot_release(slot);
    *slot = made;
    return true;
}

/* --- the array --- */

/* Makes place for `added` slots where `removed` ones were, which are released. There is room. */
static void replace(coverage_series_t *self, size_t at, size_t removed, size_t added)
{
    for (size_t i = at; i < at + removed; i++)
        slot_release(&self->slots[i]);
    memmove(&self->slots[at + added], &self->slots[at + removed], (self->count - at - removed) * sizeof *self->slots);
    self->count = self->count - removed + added;
}

static void join_next(coverage_series_t *self, size_t at)
{
    if (at + 1 < self->count && may_merge(&self->slots[at].told, &self->slots[at + 1].told) &&
        slot_join(&self->slots[at], &self->slots[at + 1]))
        replace(self, at + 1, 1, 0);
}

/* The slot that a moment is inside of becomes two. There is room. */
static void split(coverage_series_t *self, int64_t ns)
{
    size_t at = coverage_series_find(self, ns);
    if (at == self->count || self->slots[at].told.from_ns >= ns)
        return;
    slot_cut(&self->slots[at]);
    replace(self, at + 1, 0, 1);
    self->slots[at + 1] = self->slots[at];
    self->slots[at].told.to_ns = self->slots[at + 1].told.from_ns = ns;
}

coverage_series_t *coverage_series_new(void)
{
    return calloc(1, sizeof(coverage_series_t));
}

void coverage_series_destroy(coverage_series_t **self)
{
    if (!*self)
        return;
    coverage_series_clear(*self);
    free(*self);
    *self = NULL;
}

bool coverage_series_put(coverage_series_t *self, const coverage_t *coverage)
{
    coverage_slot_t slot;
    if (!ARRAY_RESERVE(&self->slots, &self->room, self->count + SPLIT, COVERAGE_INTERVALS_MAX + SPLIT) ||
        !slot_set(&slot, coverage))
        return false;
    split(self, coverage->from_ns);
    if (coverage->to_ns != COVERAGE_OPEN)
        split(self, coverage->to_ns);
    size_t begin = coverage_series_find(self, coverage->from_ns), end = begin;
    while (end < self->count && self->slots[end].told.to_ns <= coverage->to_ns)
        end++;
    replace(self, begin, end - begin, 1);
    self->slots[begin] = slot;
    join_next(self, begin);
    if (begin > 0)
        join_next(self, begin - 1);
    if (self->count > COVERAGE_INTERVALS_MAX)
        replace(self, 0, DROPPED, 0);
    return true;
}

bool coverage_series_take(coverage_series_t *self, const trade_t *record)
{
    static const cursor_t none = {0, 0};
    static log_limit_t limit;
    coverage_t coverage;
    if (cursor_compare(self->from, none) == 0 || cursor_compare(record->cursor, self->from) < 0)
        self->from = record->cursor;
    if (coverage_parse(record->data, &coverage))
        return coverage_series_put(self, &coverage);
    log_warn_limited(&limit, "coverage: invalid record: ignored", LOG_SLICE("symbol", record->symbol),
                     LOG_SLICE("source", record->source), LOG_SLICE("cursor", CURSOR_TEXT(record->cursor)));
    return true;
}

bool coverage_series_merge(coverage_series_t *self, coverage_series_t *older)
{
    static const cursor_t none = {0, 0};
    bool ok = true;
    for (size_t i = 0; i < self->count; i++)
        ok = coverage_series_put(older, &self->slots[i].told) && ok;
    if (cursor_compare(older->from, none) == 0)
        older->from = self->from;
    coverage_series_t own = *self;
    *self = *older;
    *older = own;
    coverage_series_clear(older);
    return ok;
}

cursor_t coverage_series_from(const coverage_series_t *self)
{
    return self->from;
}

void coverage_series_clear(coverage_series_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        slot_release(&self->slots[i]);
    free(self->slots);
    *self = (coverage_series_t){0};
}

/* --- reading --- */

size_t coverage_series_count(const coverage_series_t *self)
{
    return self->count;
}

coverage_t coverage_series_at(const coverage_series_t *self, size_t n)
{
    return self->slots[n].told;
}

size_t coverage_series_find(const coverage_series_t *self, int64_t ns)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->slots[middle].told.to_ns <= ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool coverage_series_complete(const coverage_series_t *self, int64_t from_ns, int64_t to_ns, int64_t sure_ns)
{
    for (size_t n = coverage_series_find(self, from_ns); from_ns < to_ns; n++) {
        if (n == self->count)
            return false;
        const coverage_t *told = &self->slots[n].told;
        if (told->from_ns > from_ns || !coverage_state_complete(told->state))
            return false;
        from_ns = told->to_ns == COVERAGE_OPEN ? sure_ns : told->to_ns;
        if (told->to_ns == COVERAGE_OPEN)
            return from_ns >= to_ns;
    }
    return true;
}

size_t coverage_series_bytes(const coverage_series_t *self)
{
    size_t bytes = sizeof *self + self->room * sizeof *self->slots;
    for (size_t i = 0; i < self->count; i++) {
        const coverage_t *told = &self->slots[i].told;
        bytes += told->volume.length + told->missing_volume.length + told->first_id.length + told->last_id.length;
    }
    return bytes;
}
