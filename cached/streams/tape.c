#include "cached/streams/tape.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/topic.h"

enum { FIRST_CAPACITY = TAPE_SPAN, FIRST_CHUNK_SLOTS = 8, LENGTH_BITS = 16 };

typedef struct {
    cursor_t cursor;
    int64_t timestamp_ns;
    uint64_t place; /* position << LENGTH_BITS | length; a position counts bytes from the tape's beginning, over all chunks */
} entry_t;

_Static_assert(sizeof(entry_t) == 32, "an index entry is what a trade costs besides its text");
_Static_assert(TAPE_TEXT_MAX < 1 << LENGTH_BITS, "a length fits");

/* Of the trades with numbers [n × TAPE_SPAN, (n + 1) × TAPE_SPAN). It may tell of trades that are gone already: it then promises
 * less than it could, never something wrong. */
typedef struct {
    int64_t least_ns, greatest_ns;
} span_t;

struct tape {
    char topic[TOPIC_MAX];
    size_t topic_length;
    uint64_t limit;
    arena_t *arena; /* somebody else's */
    cursor_t known;
    candles_t *candles;
    cursor_t floor;

    uint64_t first, end; /* numbers of the trades held */
    entry_t *entries;    /* trade n is at n % capacity */
    span_t *spans;       /* span s is at s % span_slots(capacity) */
    uint64_t capacity;   /* doubles until it is `limit` */

    char **chunks; /* chunk c is at c & (chunk_slots - 1) */
    size_t chunk_slots;
    uint64_t chunk_first, chunk_end; /* numbers of the chunks in use */
    uint64_t write;                  /* position behind the last text */
};

/* One more than the trades held can touch, for their first and last span may both be cut. */
static uint64_t span_slots(uint64_t capacity)
{
    return capacity / TAPE_SPAN + 2;
}

static entry_t *entry_at(const tape_t *self, uint64_t number)
{
    assert(self->capacity > 0);
    return &self->entries[number % self->capacity];
}

static span_t *span_of(const tape_t *self, uint64_t number)
{
    return &self->spans[number / TAPE_SPAN % span_slots(self->capacity)];
}

static char **chunk_at(const tape_t *self, uint64_t number)
{
    return &self->chunks[number & (self->chunk_slots - 1)];
}

static bool index_grow(tape_t *self)
{
    uint64_t capacity = self->capacity ? self->capacity * 2 : FIRST_CAPACITY;
    if (capacity > self->limit)
        capacity = self->limit;
    entry_t *entries = arena_table_new(capacity * sizeof *entries);
    span_t *spans = calloc(span_slots(capacity), sizeof *spans);
    if (!entries || !spans) {
        arena_table_free(entries, capacity * sizeof *entries);
        free(spans);
        return false;
    }
    for (uint64_t n = self->first; n < self->end; n++) {
        entries[n % capacity] = *entry_at(self, n);
        spans[n / TAPE_SPAN % span_slots(capacity)] = *span_of(self, n);
    }
    arena_table_free(self->entries, self->capacity * sizeof *entries);
    free(self->spans);
    self->entries = entries;
    self->spans = spans;
    self->capacity = capacity;
    return true;
}

static bool chunk_slots_grow(tape_t *self)
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

static bool chunk_open(tape_t *self)
{
    if (self->chunk_end - self->chunk_first == self->chunk_slots && !chunk_slots_grow(self))
        return false;
    char *chunk = arena_take(self->arena);
    if (!chunk)
        return false;
    self->write = self->chunk_end * TAPE_CHUNK_BYTES;
    *chunk_at(self, self->chunk_end++) = chunk;
    return true;
}

static void chunk_close_first(tape_t *self)
{
    arena_give(self->arena, *chunk_at(self, self->chunk_first++));
}

static void drop_to(tape_t *self, uint64_t first)
{
    self->first = first;
    uint64_t chunk = self->chunk_end;
    if (self->first < self->end)
        chunk = (entry_at(self, self->first)->place >> LENGTH_BITS) / TAPE_CHUNK_BYTES;
    while (self->chunk_first < chunk)
        chunk_close_first(self);
    if (self->chunk_first == self->chunk_end)
        self->write = self->chunk_end * TAPE_CHUNK_BYTES;
}

/* The text may go behind `write`: it is in one chunk, whole. */
static bool make_room(tape_t *self, size_t length)
{
    if (self->end - self->first >= self->limit)
        drop_to(self, self->end - self->limit + 1);
    if (self->end - self->first == self->capacity && !index_grow(self))
        return false;
    return self->write + length <= self->chunk_end * TAPE_CHUNK_BYTES || chunk_open(self);
}

static void span_widen(tape_t *self, uint64_t number, int64_t timestamp_ns)
{
    span_t *span = span_of(self, number);
    if (number % TAPE_SPAN == 0)
        *span = (span_t){timestamp_ns, timestamp_ns};
    if (timestamp_ns < span->least_ns)
        span->least_ns = timestamp_ns;
    if (timestamp_ns > span->greatest_ns)
        span->greatest_ns = timestamp_ns;
}

tape_t *tape_new(text_t topic, uint64_t limit, arena_t *arena)
{
    assert(topic.length <= TOPIC_MAX && limit > 0);
    tape_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    memcpy(self->topic, topic.at, topic.length);
    self->topic_length = topic.length;
    self->limit = limit;
    self->arena = arena;
    self->candles = candles_new();
    if (!self->candles)
        tape_destroy(&self);
    return self;
}

tape_t *tape_new_like(const tape_t *other)
{
    return tape_new(tape_topic(other), other->limit, other->arena);
}

void tape_destroy(tape_t **self)
{
    tape_t *tape = *self;
    if (!tape)
        return;
    drop_to(tape, tape->end);
    candles_destroy(&tape->candles);
    free(tape->chunks);
    free(tape->spans);
    arena_table_free(tape->entries, tape->capacity * sizeof *tape->entries);
    free(tape);
    *self = NULL;
}

text_t tape_topic(const tape_t *self)
{
    return (text_t){self->topic, self->topic_length};
}

candles_t *tape_candles(const tape_t *self)
{
    return self->candles;
}

bool tape_append(tape_t *self, const tape_trade_t *trade)
{
    assert(trade->json.length <= TAPE_TEXT_MAX);
    if (cursor_compare(trade->cursor, self->known) <= 0 || !make_room(self, trade->json.length))
        return false;
    char *chunk = *chunk_at(self, self->chunk_end - 1);
    memcpy(chunk + self->write % TAPE_CHUNK_BYTES, trade->json.at, trade->json.length);
    *entry_at(self, self->end) = (entry_t){
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

void tape_skip(tape_t *self, cursor_t to)
{
    if (cursor_compare(to, self->known) > 0)
        self->known = to;
}

cursor_t tape_known(const tape_t *self)
{
    return self->known;
}

void tape_clear(tape_t *self)
{
    drop_to(self, self->end);
    candles_clear(self->candles);
}

uint64_t tape_first(const tape_t *self)
{
    return self->first;
}

uint64_t tape_end(const tape_t *self)
{
    return self->end;
}

uint64_t tape_count(const tape_t *self)
{
    return self->end - self->first;
}

tape_trade_t tape_at(const tape_t *self, uint64_t number)
{
    assert(number >= self->first && number < self->end);
    const entry_t *entry = entry_at(self, number);
    uint64_t position = entry->place >> LENGTH_BITS;
    const char *chunk = *chunk_at(self, position / TAPE_CHUNK_BYTES);
    return (tape_trade_t){
        .cursor = entry->cursor,
        .timestamp_ns = entry->timestamp_ns,
        .json = {chunk + position % TAPE_CHUNK_BYTES, entry->place & ((1 << LENGTH_BITS) - 1)},
    };
}

uint64_t tape_find(const tape_t *self, cursor_t cursor)
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

static bool window_misses(window_t window, const span_t *span)
{
    return span->greatest_ns <= window.after_ns || span->least_ns >= window.before_ns;
}

bool tape_newest(const tape_t *self, uint64_t end, window_t window, uint64_t *number)
{
    uint64_t n = end < self->end ? end : self->end;
    while (n > self->first) {
        n--;
        if (window_has(window, entry_at(self, n)->timestamp_ns)) {
            *number = n;
            return true;
        }
        if (window_misses(window, span_of(self, n)))
            n -= n % TAPE_SPAN;
    }
    return false;
}

bool tape_oldest(const tape_t *self, uint64_t start, window_t window, uint64_t *number)
{
    uint64_t n = start > self->first ? start : self->first;
    while (n < self->end) {
        if (window_has(window, entry_at(self, n)->timestamp_ns)) {
            *number = n;
            return true;
        }
        n += window_misses(window, span_of(self, n)) ? TAPE_SPAN - n % TAPE_SPAN : 1;
    }
    return false;
}

void tape_set_limit(tape_t *self, uint64_t limit)
{
    assert(limit > 0);
    self->limit = limit;
    if (self->end - self->first > limit)
        drop_to(self, self->end - limit);
}

uint64_t tape_limit(const tape_t *self)
{
    return self->limit;
}

void tape_drop_before(tape_t *self, int64_t before_ns)
{
    uint64_t first = self->first;
    while (first < self->end && entry_at(self, first)->timestamp_ns < before_ns)
        first++;
    if (first > self->first)
        drop_to(self, first);
}

void tape_take(tape_t *self, tape_t **other)
{
    tape_t own = *self;
    uint64_t limit = self->limit;
    *self = **other;
    **other = own;
    tape_destroy(other);
    tape_set_limit(self, limit);
}

/* Makes room for another one's trades behind its own. */
static bool make_room_for(tape_t *self, const tape_t *other)
{
    uint64_t chunks = self->chunk_end - self->chunk_first + (other->chunk_end - other->chunk_first);
    while (self->chunk_slots < chunks)
        if (!chunk_slots_grow(self))
            return false;
    while (self->capacity < tape_count(self) + tape_count(other))
        if (!index_grow(self))
            return false;
    return true;
}

/* Moves the other one's chunks behind its own, so that only the places of the texts change. There is room. */
static void move_behind(tape_t *self, tape_t *other)
{
    uint64_t shift = (self->chunk_end - other->chunk_first) * TAPE_CHUNK_BYTES; /* modulo 2^64, as are the sums */
    for (uint64_t n = other->first; n < other->end; n++) {
        entry_t entry = *entry_at(other, n);
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

bool tape_take_older(tape_t *self, tape_t **other)
{
    tape_t *older = *other;
    bool ok = candles_merge(self->candles, older->candles);
    uint64_t room = self->limit > tape_count(self) ? self->limit - tape_count(self) : 0;
    older->limit = self->limit;
    if (tape_count(older) > room)
        drop_to(older, older->end - room);
    if (tape_count(older) > 0 && make_room_for(older, self)) {
        move_behind(older, self);
        candles_t *candles = self->candles;
        self->candles = older->candles;
        older->candles = candles;
        older->floor = self->floor;
        tape_take(self, other);
    } else {
        ok = ok && tape_count(older) == 0;
        tape_destroy(other);
    }
    return ok;
}

cursor_t tape_edge(const tape_t *self)
{
    return self->first < self->end ? entry_at(self, self->first)->cursor : cursor_behind(self->known);
}

void tape_set_floor(tape_t *self, cursor_t floor)
{
    self->floor = floor;
}

cursor_t tape_floor(const tape_t *self)
{
    return self->floor;
}

size_t tape_bytes(const tape_t *self)
{
    uint64_t chunks = self->chunk_end - self->chunk_first;
    return sizeof *self + candles_bytes(self->candles) + chunks * TAPE_CHUNK_BYTES + self->chunk_slots * sizeof *self->chunks +
           self->capacity * sizeof *self->entries + (self->capacity ? span_slots(self->capacity) * sizeof *self->spans : 0);
}
