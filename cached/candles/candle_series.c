#include "cached/candles/candle_series.h"

#include <assert.h>
#include <stdlib.h>

enum { FIRST_CAPACITY = 4 };

static candle_t *slot(const candle_series_t *self, size_t n)
{
    size_t at = self->first + n;
    return &self->slots[at < self->capacity ? at : at - self->capacity];
}

static bool grow(candle_series_t *self)
{
    size_t capacity = self->capacity ? self->capacity * 2 : FIRST_CAPACITY;
    if (capacity > self->limit)
        capacity = self->limit;
    candle_t *slots = calloc(capacity, sizeof *slots);
    if (!slots)
        return false;
    for (size_t n = 0; n < self->count; n++)
        slots[n] = *slot(self, n);
    free(self->slots);
    self->slots = slots;
    self->capacity = capacity;
    self->first = 0;
    return true;
}

static void drop_first(candle_series_t *self)
{
    candle_t *oldest = slot(self, 0);
    self->lost_ns = oldest->start_ns;
    candle_release(oldest);
    self->first = (self->first + 1) % self->capacity;
    self->count--;
}

/* Makes candle `n` an empty one, behind those that are older. */
static void open_slot(candle_series_t *self, size_t n)
{
    for (size_t i = self->count++; i > n; i--)
        *slot(self, i) = *slot(self, i - 1);
    *slot(self, n) = (candle_t){0};
}

candle_series_t candle_series_new(size_t limit)
{
    assert(limit > 0);
    return (candle_series_t){.limit = limit, .lost_ns = CANDLES_NONE_LOST};
}

void candle_series_release(candle_series_t *self)
{
    for (size_t n = 0; n < self->count; n++)
        candle_release(slot(self, n));
    free(self->slots);
    *self = candle_series_new(self->limit);
}

size_t candle_series_find(const candle_series_t *self, int64_t start_ns)
{
    size_t low = 0, high = self->count;
    if (high > 0 && slot(self, high - 1)->start_ns < start_ns)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slot(self, middle)->start_ns < start_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The candle that starts there, made where there is none. NULL: it is too old to be held, or (*ok is false then) memory runs out. */
static candle_t *make(candle_series_t *self, int64_t start_ns, bool *ok)
{
    size_t n = candle_series_find(self, start_ns);
    if (n < self->count && slot(self, n)->start_ns == start_ns)
        return slot(self, n);
    if (self->count == self->limit) {
        if (n == 0) {
            self->lost_ns = start_ns;
            return NULL;
        }
        drop_first(self);
        n--;
    }
    if (self->count == self->capacity && !(*ok = grow(self)))
        return NULL;
    open_slot(self, n);
    slot(self, n)->start_ns = start_ns;
    return slot(self, n);
}

bool candle_series_put(candle_series_t *self, const candle_t *part)
{
    bool ok = true;
    if (part->start_ns <= self->lost_ns)
        return true;
    candle_t *candle = make(self, part->start_ns, &ok);
    return candle ? candle_merge(candle, part) : ok;
}

/* Candles at and before this start are not held: some of their trades are missing. */
static void lose(candle_series_t *self, int64_t start_ns)
{
    while (self->count > 0 && slot(self, 0)->start_ns <= start_ns)
        drop_first(self);
    if (start_ns > self->lost_ns)
        self->lost_ns = start_ns;
}

/* The newest candle of both, the numbers behind which are taken already: taken, too. */
static candle_t take_newest(candle_series_t *self, size_t *left, candle_series_t *other, size_t *other_left, bool *ok)
{
    int64_t start_ns = *left > 0 ? slot(self, *left - 1)->start_ns : INT64_MIN;
    int64_t other_ns = *other_left > 0 ? slot(other, *other_left - 1)->start_ns : INT64_MIN;
    if (start_ns < other_ns)
        return *slot(other, --*other_left);
    candle_t taken = *slot(self, --*left);
    if (start_ns == other_ns) {
        *ok = candle_merge(&taken, slot(other, --*other_left)) && *ok;
        candle_release(slot(other, *other_left));
    }
    return taken;
}

/* Those that are still there are too many. What is later than the last start is held; that is returned. */
static int64_t drop_left(candle_series_t *self, size_t left)
{
    int64_t last_ns = left > 0 ? slot(self, left - 1)->start_ns : CANDLES_NONE_LOST;
    while (left > 0)
        candle_release(slot(self, --left));
    return last_ns;
}

bool candle_series_merge(candle_series_t *self, candle_series_t *other)
{
    bool ok = true;
    size_t left = self->count, other_left = other->count, capacity = left + other_left;
    if (capacity > self->limit)
        capacity = self->limit;
    candle_t *slots = capacity > 0 ? calloc(capacity, sizeof *slots) : NULL;
    if (capacity > 0 && !slots)
        return false;
    size_t at = capacity;
    while (at > 0 && left + other_left > 0)
        slots[--at] = take_newest(self, &left, other, &other_left, &ok);
    int64_t lost[] = {self->lost_ns, other->lost_ns, drop_left(self, left), drop_left(other, other_left)};
    other->count = 0;
    candle_series_release(other);
    free(self->slots);
    self->slots = slots;
    self->capacity = capacity;
    self->first = capacity > 0 ? at % capacity : 0;
    self->count = capacity - at;
    for (size_t i = 0; i < sizeof lost / sizeof *lost; i++)
        lose(self, lost[i]);
    return ok;
}

const candle_t *candle_series_at(const candle_series_t *self, size_t n)
{
    assert(n < self->count);
    return slot(self, n);
}

size_t candle_series_bytes(const candle_series_t *self)
{
    return self->capacity * sizeof *self->slots;
}
