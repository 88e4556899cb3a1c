#include "cached/candles/candles.h"

#include <stdlib.h>

static const size_t limits[INTERVALS] = {
    [INTERVAL_1S] = 3600,  [INTERVAL_1M] = 10080, [INTERVAL_5M] = 8640,
    [INTERVAL_15M] = 8640, [INTERVAL_1H] = 8760,  [INTERVAL_1D] = 3650,
};

typedef struct {
    candle_t now; /* what has come and is not merged into the series yet */
    candle_series_t series;
} level_t;

struct candles {
    level_t levels[INTERVALS];
    bool whole;    /* has everything that was added gone in? */
    cursor_t from; /* the least one added; {0, 0}: none */
    enum { NONE_OLDER, OLDER_TO_COME, FORGOTTEN } older;
};

static int64_t start_of(interval_t interval, int64_t timestamp_ns)
{
    return timestamp_ns - timestamp_ns % interval_ns(interval);
}

static void carry(candles_t *self, interval_t interval);

/* The level's candle so far, of the time that this belongs to. */
static candle_t *now_of(candles_t *self, interval_t interval, int64_t timestamp_ns)
{
    candle_t *now = &self->levels[interval].now;
    int64_t start_ns = start_of(interval, timestamp_ns);
    if (now->count > 0 && now->start_ns != start_ns)
        carry(self, interval);
    now->start_ns = start_ns;
    return now;
}

/* Into the level's series, and on to the next level. */
static void carry(candles_t *self, interval_t interval)
{
    level_t *level = &self->levels[interval];
    if (level->now.count == 0)
        return;
    self->whole &= candle_series_put(&level->series, &level->now);
    if (interval < INTERVAL_1D)
        self->whole &= candle_merge(now_of(self, interval + 1, level->now.start_ns), &level->now);
    candle_release(&level->now);
}

/* Takes what went wrong since it was asked last. */
static bool was_whole(candles_t *self)
{
    bool whole = self->whole;
    self->whole = true;
    return whole;
}

candles_t *candles_new(void)
{
    candles_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->whole = true;
    for (interval_t i = INTERVAL_1S; i < INTERVALS; i++)
        self->levels[i].series = candle_series_new(limits[i]);
    return self;
}

void candles_destroy(candles_t **self)
{
    if (!*self)
        return;
    candles_clear(*self);
    free(*self);
    *self = NULL;
}

static void note_cursor(candles_t *self, cursor_t cursor)
{
    static const cursor_t none = {0, 0};
    bool first = cursor_compare(self->from, none) == 0;
    if (cursor_compare(cursor, none) != 0 && (first || cursor_compare(cursor, self->from) < 0))
        self->from = cursor;
}

bool candles_add(candles_t *self, candle_place_t place, text_t price, text_t qty)
{
    candle_t *second = now_of(self, INTERVAL_1S, place.timestamp_ns);
    note_cursor(self, place.cursor);
    self->whole &= candle_add(second, place, price, qty);
    return was_whole(self);
}

const candle_series_t *candles_series(candles_t *self, interval_t interval)
{
    for (interval_t i = INTERVAL_1S; i <= interval; i++)
        carry(self, i);
    return &self->levels[interval].series;
}

bool candles_merge(candles_t *self, candles_t *other)
{
    for (interval_t i = INTERVAL_1S; i < INTERVALS; i++) {
        candles_series(other, i);
        self->whole &= candle_series_merge(&self->levels[i].series, &other->levels[i].series);
    }
    note_cursor(self, other->from);
    candles_clear(other);
    return was_whole(self);
}

cursor_t candles_from(const candles_t *self)
{
    return self->from;
}

void candles_expect_older(candles_t *self)
{
    if (self->older == NONE_OLDER)
        self->older = OLDER_TO_COME;
}

bool candles_older_to_come(const candles_t *self)
{
    return self->older == OLDER_TO_COME;
}

void candles_older_came(candles_t *self)
{
    if (self->older == OLDER_TO_COME)
        self->older = NONE_OLDER;
}

void candles_clear(candles_t *self)
{
    for (interval_t i = INTERVAL_1S; i < INTERVALS; i++) {
        candle_release(&self->levels[i].now);
        candle_series_release(&self->levels[i].series);
    }
    self->from = (cursor_t){0, 0};
    self->older = FORGOTTEN;
}

size_t candles_bytes(const candles_t *self)
{
    size_t bytes = sizeof *self;
    for (interval_t i = INTERVAL_1S; i < INTERVALS; i++)
        bytes += candle_series_bytes(&self->levels[i].series);
    return bytes;
}
