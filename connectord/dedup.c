/* A ring of ids in the order of their coming, and a hash table of places in the ring.
 *
 *     ids     | 10218211 | 10218212 | 10218209 | …      stride bytes each, filled up with zeros (an id has none)
 *     hashes  | a1…      | 07…      | 5c…      | …      so that the oldest one's slot is found without a look at its id
 *     times   | 17:24:33 | 17:24:33 | 17:24:34 | …      when the trades were made
 *     table   | – | 5c… 2 | – | a1… 0 | 07… 1 | – | …   linear probing, at most half full; hashes, and the ring's places plus one
 *
 * The ring is walked through in order, but the table is touched here and there, and with many streams each touch is one of memory that no
 * cache has. So a slot has all that a probe wants to know, and the slot that is freed next is fetched while other work is done.
 *
 * The stride is the longest id so far, in steps of 8: most exchanges number their trades, some use UUIDs.
 */
#include "connectord/dedup.h"

#include "proto/trade.h"

#include <assert.h>
#include <stdlib.h>

enum { DEDUP_MIN = 16, DEDUP_STRIDE_STEP = 8 };

typedef struct {
    char bytes[TRADE_ID_MAX];
} padded_t;

typedef struct {
    uint32_t hash;
    uint32_t place; /* plus one; 0: free */
} slot_t;

struct dedup {
    size_t window;
    int64_t keep_ns;
    size_t capacity; /* of the ring: doubles up to the window */
    size_t stride;
    size_t first, count; /* the oldest's place, and how many there are */
    char *ids;
    uint32_t *hashes;
    int64_t *times;
    slot_t *table;
    size_t mask; /* of the table */
    padded_t asked;
    uint32_t asked_hash; /* of what was looked up last, which is often added next */
};

static padded_t pad(text_t id)
{
    assert(id.length > 0 && id.length <= TRADE_ID_MAX);
    padded_t padded = {0};
    memcpy(padded.bytes, id.at, id.length);
    return padded;
}

/* The table's slot that leads to the id, or the free one where it would go. */
static size_t dedup_slot(const dedup_t *self, const padded_t *id, uint32_t hash)
{
    size_t i = hash & self->mask;
    for (; self->table[i].place; i = (i + 1) & self->mask) {
        slot_t slot = self->table[i];
        if (slot.hash == hash && memcmp(self->ids + (slot.place - 1) * self->stride, id->bytes, self->stride) == 0)
            break;
    }
    return i;
}

/* Frees a slot; what stands behind it moves up, unless its own place lies behind the slot. */
static void dedup_free_slot(dedup_t *self, size_t hole)
{
    self->table[hole] = (slot_t){0};
    for (size_t i = (hole + 1) & self->mask; self->table[i].place; i = (i + 1) & self->mask) {
        size_t home = self->table[i].hash & self->mask;
        if (((i - home) & self->mask) < ((i - hole) & self->mask))
            continue;
        self->table[hole] = self->table[i];
        self->table[i] = (slot_t){0};
        hole = i;
    }
}

static void dedup_forget_oldest(dedup_t *self)
{
    size_t place = self->first;
    size_t i = self->hashes[place] & self->mask;
    while (self->table[i].place != place + 1)
        i = (i + 1) & self->mask;
    dedup_free_slot(self, i);
    self->first = place + 1 < self->capacity ? place + 1 : 0;
    self->count--;
    __builtin_prefetch(&self->table[self->hashes[self->first] & self->mask], 1);
}

static void dedup_release(dedup_t *self)
{
    free(self->ids);
    free(self->hashes);
    free(self->times);
    free(self->table);
}

/* An empty ring and its table in place of what was there, which is not freed. On false nothing has changed. */
static bool dedup_allocate(dedup_t *self, size_t capacity, size_t stride)
{
    size_t slots = 2;
    while (slots < capacity * 2)
        slots *= 2;
    char *ids = calloc(capacity, stride);
    uint32_t *hashes = calloc(capacity, sizeof *hashes);
    int64_t *times = calloc(capacity, sizeof *times);
    slot_t *table = calloc(slots, sizeof *table);
    if (!ids || !hashes || !times || !table) {
        free(ids);
        free(hashes);
        free(times);
        free(table);
        return false;
    }
    self->capacity = capacity;
    self->stride = stride;
    self->first = self->count = 0;
    self->ids = ids;
    self->hashes = hashes;
    self->times = times;
    self->table = table;
    self->mask = slots - 1;
    return true;
}

static void dedup_insert(dedup_t *self, const padded_t *id, uint32_t hash, int64_t time_ns)
{
    size_t place = self->first + self->count;
    place -= place >= self->capacity ? self->capacity : 0;
    self->table[dedup_slot(self, id, hash)] = (slot_t){hash, (uint32_t)place + 1};
    memcpy(self->ids + place * self->stride, id->bytes, self->stride);
    self->hashes[place] = hash;
    self->times[place] = time_ns;
    self->count++;
}

/* Moves to a ring of that capacity and stride. On false everything is as it was. */
static bool dedup_resize(dedup_t *self, size_t capacity, size_t stride)
{
    dedup_t former = *self;
    if (!dedup_allocate(self, capacity, stride))
        return false;
    for (size_t i = 0; i < former.count; i++) {
        size_t place = (former.first + i) % former.capacity;
        padded_t id = {0};
        memcpy(id.bytes, former.ids + place * former.stride, former.stride);
        dedup_insert(self, &id, former.hashes[place], former.times[place]);
    }
    dedup_release(&former);
    return true;
}

dedup_t *dedup_new(size_t window)
{
    dedup_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->window = window;
    self->keep_ns = INT64_MAX;
    size_t capacity = window == 0 ? 1 : window < DEDUP_MIN ? window : DEDUP_MIN;
    if (!dedup_allocate(self, capacity, DEDUP_STRIDE_STEP))
        dedup_destroy(&self);
    return self;
}

bool dedup_contains(dedup_t *self, text_t id)
{
    if (id.length > self->stride)
        return false;
    self->asked = pad(id);
    self->asked_hash = (uint32_t)text_hash(id);
    return self->table[dedup_slot(self, &self->asked, self->asked_hash)].place != 0;
}

/* May the oldest be forgotten? */
static bool dedup_is_over(const dedup_t *self)
{
    return self->count >= self->window && (self->times[self->first] < self->keep_ns || self->count >= DEDUP_KEPT_MAX);
}

/* A place for one more. What was kept beyond the window goes two by two, so that no call takes long. */
static void dedup_make_room(dedup_t *self)
{
    for (int i = 0; i < 2 && dedup_is_over(self); i++)
        dedup_forget_oldest(self);
    if (self->count < self->capacity)
        return;
    size_t wider = self->capacity * 2;
    if (self->capacity < self->window && wider > self->window)
        wider = self->window;
    if (!dedup_resize(self, wider, self->stride))
        dedup_forget_oldest(self);
}

void dedup_add(dedup_t *self, text_t id, int64_t time_ns)
{
    if (self->window == 0)
        return;
    size_t stride = (id.length + DEDUP_STRIDE_STEP - 1) / DEDUP_STRIDE_STEP * DEDUP_STRIDE_STEP;
    if (stride > self->stride && !dedup_resize(self, self->capacity, stride))
        return;
    dedup_make_room(self);
    padded_t padded = pad(id);
    bool asked = memcmp(&padded, &self->asked, sizeof padded) == 0;
    dedup_insert(self, &padded, asked ? self->asked_hash : (uint32_t)text_hash(id), time_ns);
}

void dedup_keep(dedup_t *self, int64_t since_ns)
{
    self->keep_ns = since_ns;
}

size_t dedup_count(const dedup_t *self)
{
    return self->count;
}

void dedup_destroy(dedup_t **self_ref)
{
    dedup_t *self = *self_ref;
    if (!self)
        return;
    dedup_release(self);
    free(self);
    *self_ref = NULL;
}
