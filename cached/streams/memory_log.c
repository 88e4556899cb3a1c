/* Over 400 lines, but one idea: appending, cutting and reading share the invariants of the chunks, and are checked together. */
#include "cached/streams/memory_log.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/topic.h"

enum { FIRST_CAPACITY = MEMORY_LOG_SPAN, FIRST_CHUNK_SLOTS = 8, LENGTH_BITS = 16 };

typedef struct {
    cursor_t cursor;
    int64_t timestamp_ns;
    uint64_t place; /* position << LENGTH_BITS | length; a position counts bytes from the log's beginning */
} log_entry_t;

_Static_assert(sizeof(log_entry_t) == 32, "an index entry is what a trade costs besides its text");
_Static_assert(MEMORY_LOG_TEXT_MAX < 1 << LENGTH_BITS, "a length fits");

/* Of the trades with numbers [n × MEMORY_LOG_SPAN, (n + 1) × MEMORY_LOG_SPAN). It may tell of trades that are gone already:
 * it then promises less than it could, never something wrong. */
typedef struct {
    int64_t least_ns, greatest_ns;
} log_span_t;

struct memory_log {
    kept_topic_t topic;
    uint64_t limit;
    arena_t *arena; /* somebody else's */
    cursor_t known;
    candles_t *candles;
    coverage_series_t *coverage; /* NULL: the stream is of another channel */
    cursor_t floor;

    uint64_t first, end;  /* numbers of the trades held */
    log_entry_t *entries; /* trade n is at n % capacity */
    log_span_t *spans;    /* span s is at s % span_slots(capacity) */
    uint64_t capacity;    /* doubles until it is `limit` */

    char **chunks; /* chunk c is at c & (chunk_slots - 1) */
    size_t chunk_slots;
    uint64_t chunk_first, chunk_end; /* numbers of the chunks in use */
    uint64_t write;                  /* position behind the last text */
};

/* One more than the trades held can touch, for their first and last span may both be cut. */
static uint64_t span_slots(uint64_t capacity)
{
    return capacity / MEMORY_LOG_SPAN + 2;
}

static log_entry_t *entry_at(const memory_log_t *self, uint64_t number)
{
    assert(self->capacity > 0);
    return &self->entries[number % self->capacity];
}

static log_span_t *span_of(const memory_log_t *self, uint64_t number)
{
    return &self->spans[number / MEMORY_LOG_SPAN % span_slots(self->capacity)];
}

static char **chunk_at(const memory_log_t *self, uint64_t number)
{
    return &self->chunks[number & (self->chunk_slots - 1)];
}

static bool index_grow(memory_log_t *self)
{
    uint64_t capacity = self->capacity ? self->capacity * 2 : FIRST_CAPACITY;
    if (capacity > self->limit)
        capacity = self->limit;
    log_entry_t *entries = arena_table_new(capacity * sizeof *entries);
    log_span_t *spans = calloc(span_slots(capacity), sizeof *spans);
    if (!entries || !spans) {
        arena_table_free(entries, capacity * sizeof *entries);
        free(spans);
        return false;
    }
    for (uint64_t n = self->first; n < self->end; n++) {
        entries[n % capacity] = *entry_at(self, n);
        spans[n / MEMORY_LOG_SPAN % span_slots(capacity)] = *span_of(self, n);
    }
    arena_table_free(self->entries, self->capacity * sizeof *entries);
    free(self->spans);
    self->entries = entries;
    self->spans = spans;
    self->capacity = capacity;
    return true;
}

static bool chunk_slots_grow(memory_log_t *self)
{
    size_t slots = self->chunk_slots ? self->chunk_slots * 2 : FIRST_CHUNK_SLOTS;
    char **chunks = calloc(slots, sizeof *chunks);
    if (!chunks)
        return false;
    for (uint64_t c = self->chunk_first; c < self->chunk_end; c++)
        chunks[c & (slots - 1)] = *chunk_at(self, c);
    free(self->chunks);
    self->chunks = chunks;
    self->chunk_slots = slots;
    return true;
}

static bool chunk_open(memory_log_t *self)
{
    if (self->chunk_end - self->chunk_first == self->chunk_slots && !chunk_slots_grow(self))
        return false;
    char *chunk = arena_take(self->arena);
    if (!chunk)
        return false;
    self->write = self->chunk_end * MEMORY_LOG_CHUNK_BYTES;
    *chunk_at(self, self->chunk_end++) = chunk;
    return true;
}

static void chunk_close_first(memory_log_t *self)
{
    arena_give(self->arena, *chunk_at(self, self->chunk_first++));
}

static void drop_to(memory_log_t *self, uint64_t first)
{
    self->first = first;
    uint64_t chunk = self->chunk_end;
    if (self->first < self->end)
        chunk = (entry_at(self, self->first)->place >> LENGTH_BITS) / MEMORY_LOG_CHUNK_BYTES;
    while (self->chunk_first < chunk)
        chunk_close_first(self);
    if (self->chunk_first == self->chunk_end)
        self->write = self->chunk_end * MEMORY_LOG_CHUNK_BYTES;
}

/* The text may go behind `write`: it is in one chunk, whole. */
static bool make_room(memory_log_t *self, size_t length)
{
    if (self->end - self->first >= self->limit)
        drop_to(self, self->end - self->limit + 1);
    if (self->end - self->first == self->capacity && !index_grow(self))
        return false;
    return self->write + length <= self->chunk_end * MEMORY_LOG_CHUNK_BYTES || chunk_open(self);
}

static void span_widen(memory_log_t *self, uint64_t number, int64_t timestamp_ns)
{
    log_span_t *span = span_of(self, number);
    if (number % MEMORY_LOG_SPAN == 0)
        *span = (log_span_t){timestamp_ns, timestamp_ns};
    if (timestamp_ns < span->least_ns)
        span->least_ns = timestamp_ns;
    if (timestamp_ns > span->greatest_ns)
        span->greatest_ns = timestamp_ns;
}

memory_log_t *memory_log_new(text_t topic, uint64_t limit, arena_t *arena)
{
    assert(limit > 0);
    bool coverage = text_starts_with(topic, TEXT(CHANNEL_COVERAGE "."));
    memory_log_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    KEEP_TEXT(&self->topic, topic);
    self->limit = limit;
    self->arena = arena;
    self->candles = candles_new();
    self->coverage = coverage ? coverage_series_new() : NULL;
    if (!self->candles || (coverage && !self->coverage))
        memory_log_destroy(&self);
    return self;
}

memory_log_t *memory_log_new_like(const memory_log_t *other)
{
    return memory_log_new(memory_log_topic(other), other->limit, other->arena);
}

void memory_log_destroy(memory_log_t **self)
{
    memory_log_t *memory_log = *self;
    if (!memory_log)
        return;
    drop_to(memory_log, memory_log->end);
    candles_destroy(&memory_log->candles);
    coverage_series_destroy(&memory_log->coverage);
    free(memory_log->chunks);
    free(memory_log->spans);
    arena_table_free(memory_log->entries, memory_log->capacity * sizeof *memory_log->entries);
    free(memory_log);
    *self = NULL;
}

text_t memory_log_topic(const memory_log_t *self)
{
    return KEPT_TEXT(&self->topic);
}

candles_t *memory_log_candles(const memory_log_t *self)
{
    return self->candles;
}

coverage_series_t *memory_log_coverage(const memory_log_t *self)
{
    return self->coverage;
}

bool memory_log_add_past(memory_log_t *self, candles_t *candles, coverage_series_t *coverage)
{
    bool ok = candles_merge(self->candles, candles);
    return (!self->coverage || coverage_series_merge(self->coverage, coverage)) && ok;
}

cursor_t memory_log_added_from(const memory_log_t *self)
{
    return self->coverage ? coverage_series_from(self->coverage) : candles_from(self->candles);
}

bool memory_log_append(memory_log_t *self, const memory_log_trade_t *trade)
{
    assert(trade->json.length <= MEMORY_LOG_TEXT_MAX);
    if (cursor_compare(trade->cursor, self->known) <= 0 || !make_room(self, trade->json.length))
        return false;
    char *chunk = *chunk_at(self, self->chunk_end - 1);
    memcpy(chunk + self->write % MEMORY_LOG_CHUNK_BYTES, trade->json.at, trade->json.length);
    *entry_at(self, self->end) = (log_entry_t){
        .cursor = trade->cursor,
        .timestamp_ns = trade->timestamp_ns,
        .place = self->write << LENGTH_BITS | trade->json.length,
    };
    span_widen(self, self->end, trade->timestamp_ns);
    self->write += trade->json.length;
    self->end++;
    self->known = trade->cursor;
    return true;
}

void memory_log_skip(memory_log_t *self, cursor_t to)
{
    if (cursor_compare(to, self->known) > 0)
        self->known = to;
}

cursor_t memory_log_known(const memory_log_t *self)
{
    return self->known;
}

void memory_log_clear(memory_log_t *self)
{
    drop_to(self, self->end);
    candles_clear(self->candles);
    if (self->coverage)
        coverage_series_clear(self->coverage);
}

uint64_t memory_log_first(const memory_log_t *self)
{
    return self->first;
}

uint64_t memory_log_end(const memory_log_t *self)
{
    return self->end;
}

uint64_t memory_log_count(const memory_log_t *self)
{
    return self->end - self->first;
}

memory_log_trade_t memory_log_at(const memory_log_t *self, uint64_t number)
{
    assert(number >= self->first && number < self->end);
    const log_entry_t *entry = entry_at(self, number);
    uint64_t position = entry->place >> LENGTH_BITS;
    const char *chunk = *chunk_at(self, position / MEMORY_LOG_CHUNK_BYTES);
    return (memory_log_trade_t){
        .cursor = entry->cursor,
        .timestamp_ns = entry->timestamp_ns,
        .json = {chunk + position % MEMORY_LOG_CHUNK_BYTES, entry->place & ((1 << LENGTH_BITS) - 1)},
    };
}

uint64_t memory_log_find(const memory_log_t *self, cursor_t cursor)
{
    uint64_t low = self->first, high = self->end;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (cursor_compare(entry_at(self, middle)->cursor, cursor) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool window_has(window_t window, int64_t timestamp_ns)
{
    return timestamp_ns > window.after_ns && timestamp_ns < window.before_ns;
}

static bool window_misses(window_t window, const log_span_t *span)
{
    return span->greatest_ns <= window.after_ns || span->least_ns >= window.before_ns;
}

bool memory_log_newest(const memory_log_t *self, uint64_t end, window_t window, uint64_t *number)
{
    uint64_t n = end < self->end ? end : self->end;
    while (n > self->first) {
        n--;
        if (window_has(window, entry_at(self, n)->timestamp_ns)) {
            *number = n;
            return true;
        }
        if (window_misses(window, span_of(self, n)))
            n -= n % MEMORY_LOG_SPAN;
    }
    return false;
}

bool memory_log_oldest(const memory_log_t *self, uint64_t start, window_t window, uint64_t *number)
{
    uint64_t n = start > self->first ? start : self->first;
    while (n < self->end) {
        if (window_has(window, entry_at(self, n)->timestamp_ns)) {
            *number = n;
            return true;
        }
        n += window_misses(window, span_of(self, n)) ? MEMORY_LOG_SPAN - n % MEMORY_LOG_SPAN : 1;
    }
    return false;
}

void memory_log_set_limit(memory_log_t *self, uint64_t limit)
{
    assert(limit > 0);
    self->limit = limit;
    if (self->end - self->first > limit)
        drop_to(self, self->end - limit);
}

uint64_t memory_log_limit(const memory_log_t *self)
{
    return self->limit;
}

void memory_log_drop_before(memory_log_t *self, int64_t before_ns)
{
    uint64_t first = self->first;
    while (first < self->end && entry_at(self, first)->timestamp_ns < before_ns)
        first++;
    if (first > self->first)
        drop_to(self, first);
}

void memory_log_take(memory_log_t *self, memory_log_t **other)
{
    memory_log_t own = *self;
    uint64_t limit = self->limit;
    *self = **other;
    **other = own;
    memory_log_destroy(other);
    memory_log_set_limit(self, limit);
}

/* Makes room for another one's trades behind its own. */
static bool make_room_for(memory_log_t *self, const memory_log_t *other)
{
    uint64_t chunks = self->chunk_end - self->chunk_first + (other->chunk_end - other->chunk_first);
    while (self->chunk_slots < chunks)
        if (!chunk_slots_grow(self))
            return false;
    while (self->capacity < memory_log_count(self) + memory_log_count(other))
        if (!index_grow(self))
            return false;
    return true;
}

/* Moves the other one's chunks behind its own, so that only the places of the texts change. There is room. */
static void move_behind(memory_log_t *self, memory_log_t *other)
{
    uint64_t shift = (self->chunk_end - other->chunk_first) * MEMORY_LOG_CHUNK_BYTES; /* modulo 2^64, as are the sums */
    for (uint64_t n = other->first; n < other->end; n++) {
        log_entry_t entry = *entry_at(other, n);
        entry.place += shift << LENGTH_BITS;
        *entry_at(self, self->end) = entry;
        span_widen(self, self->end++, entry.timestamp_ns);
    }
    while (other->chunk_first < other->chunk_end)
        *chunk_at(self, self->chunk_end++) = *chunk_at(other, other->chunk_first++);
    self->write = other->write + shift;
    other->first = other->end;
    self->known = other->known;
}

bool memory_log_take_older(memory_log_t *self, memory_log_t **other)
{
    memory_log_t *older = *other;
    bool ok = memory_log_add_past(self, older->candles, older->coverage);
    uint64_t room = self->limit > memory_log_count(self) ? self->limit - memory_log_count(self) : 0;
    older->limit = self->limit;
    if (memory_log_count(older) > room)
        drop_to(older, older->end - room);
    if (memory_log_count(older) > 0 && make_room_for(older, self)) {
        move_behind(older, self);
        candles_t *candles = self->candles;
        coverage_series_t *coverage = self->coverage;
        self->candles = older->candles;
        self->coverage = older->coverage;
        older->candles = candles;
        older->coverage = coverage;
        older->floor = self->floor;
        memory_log_take(self, other);
    } else {
        ok = ok && memory_log_count(older) == 0;
        memory_log_destroy(other);
    }
    return ok;
}

cursor_t memory_log_edge(const memory_log_t *self)
{
    return self->first < self->end ? entry_at(self, self->first)->cursor : cursor_behind(self->known);
}

void memory_log_set_floor(memory_log_t *self, cursor_t floor)
{
    self->floor = floor;
}

cursor_t memory_log_floor(const memory_log_t *self)
{
    return self->floor;
}

size_t memory_log_bytes(const memory_log_t *self)
{
    uint64_t chunks = self->chunk_end - self->chunk_first;
    return sizeof *self + candles_bytes(self->candles) + (self->coverage ? coverage_series_bytes(self->coverage) : 0) +
           chunks * MEMORY_LOG_CHUNK_BYTES + self->chunk_slots * sizeof *self->chunks + self->capacity * sizeof *self->entries +
           (self->capacity ? span_slots(self->capacity) * sizeof *self->spans : 0);
}
