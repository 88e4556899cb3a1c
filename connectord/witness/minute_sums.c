#include "connectord/witness/minute_sums.h"

#include <assert.h>
#include <stdlib.h>

minute_sums_t *minute_sums_new(size_t room, bool recent)
{
    minute_sums_t *self = calloc(1, sizeof *self + room * sizeof *self->minutes);
    if (!self)
        return NULL;
    self->room = room;
    self->recent = recent;
    return self;
}

static void release_minutes(minute_sums_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        exact_release(&self->minutes[i].volume);
        exact_release(&self->minutes[i].missing);
        self->minutes[i] = (minute_sum_t){0};
    }
    self->count = 0;
}

void minute_sums_destroy(minute_sums_t **self_ref)
{
    if (!*self_ref)
        return;
    release_minutes(*self_ref);
    free(*self_ref);
    *self_ref = NULL;
}

void minute_sums_begin(minute_sums_t *self, int64_t from_ns, int64_t to_ns)
{
    size_t count = (size_t)((to_ns - from_ns) / MINUTE_NS);
    assert(from_ns % MINUTE_NS == 0 && to_ns % MINUTE_NS == 0 && from_ns <= to_ns && count <= self->room);
    release_minutes(self);
    self->from_ns = from_ns;
    self->count = count;
    self->any = false;
}

/* The minute of a time; `count` where it lies behind them all. False: it lies before them. */
static bool find_minute(const minute_sums_t *self, int64_t ns, size_t *minute)
{
    if (ns < self->from_ns)
        return false;
    uint64_t number = (uint64_t)((ns - self->from_ns) / MINUTE_NS);
    *minute = number < self->count ? (size_t)number : self->count;
    return true;
}

static void add(exact_t *sum, text_t decimal)
{
    exact_t term = {0};
    exact_set(&term, decimal);
    exact_add(sum, &term);
    exact_release(&term);
}

void minute_sums_trade(minute_sums_t *self, int64_t timestamp_ns, text_t qty)
{
    size_t number;
    if (!find_minute(self, timestamp_ns, &number) || number == self->count)
        return;
    minute_sum_t *minute = &self->minutes[number];
    minute->trades++;
    add(&minute->volume, qty);
}

void minute_sums_candle(minute_sums_t *self, const past_candle_t *candle)
{
    size_t number;
    if (!find_minute(self, candle->start_ns, &number))
        return;
    self->first = self->any && self->first < number ? self->first : number;
    self->last = self->any && self->last > number ? self->last : number;
    self->any = true;
    if (number == self->count)
        return;
    minute_sum_t *minute = &self->minutes[number];
    minute->told = true;
    minute->counted = candle->counted;
    minute->told_trades = candle->trades;
    exact_set(&minute->missing, candle->volume);
}

static minute_verdict_t compare(minute_sum_t *minute)
{
    exact_negate(&minute->volume);
    exact_add(&minute->missing, &minute->volume);
    exact_negate(&minute->volume);
    int sign = exact_sign(&minute->missing);
    if (sign < 0 || (minute->counted && minute->trades > minute->told_trades))
        return MINUTE_MORE;
    if (sign > 0 || (minute->counted && minute->trades < minute->told_trades))
        return MINUTE_SHORT;
    return MINUTE_AGREES;
}

minute_verdict_t minute_sums_judge(minute_sums_t *self, size_t number)
{
    minute_sum_t *minute = &self->minutes[number];
    bool behind = !self->any || number > self->last;
    if (!minute->told && behind && (self->recent || minute->trades > 0))
        return MINUTE_NOT_YET;
    if (!minute->told && self->recent)
        return MINUTE_UNTOLD;
    return compare(minute);
}
