/* A ring of trades in the order of their coming, and a hash table of places in the ring.
 *
 *     ids           | 10218211 | 10218212 | 10218211 | …  stride bytes each, filled up with zeros (an id has none)
 *     fingerprints  | c0…      | 5e…      | 9d…      | …
 *     hashes        | e4…      | 07…      | 21…      | …  so that the oldest one's slot is found without a look at its id
 *     times         | 17:24:33 | 17:24:33 | 17:24:34 | …  when the trades were made
 *     table         | – | 21… 2 | – | e4… 0 | 07… 1 | – | …   linear probing, at most half full; hashes, and the ring's places plus one
 *
 * The newest trade of an id is in the table under the id's hash; older ones with that id, where an exchange gives it to several, are under a
 * hash of both id and fingerprint (its top bit is set, which the id's has not). So one look tells whether an id is new, which nearly all
 * are, and thousands of trades with one id lie as far apart as others. Since the oldest trade is forgotten first, the newest one of an id is
 * the last of them to go: as long as any is there, the id's own hash leads to one.
 *
 * The ring is walked through in order, but the table is touched here and there, and with many streams each touch is one of memory that no
 * cache has. So a slot has all that a probe wants to know, and the slot that is freed next is fetched while other work is done.
 *
 * The stride is the longest id so far, in steps of 8: most exchanges number their trades, some use UUIDs.
 */
#include "connectord/journal/dedup.h"

#include "common/hash.h"
#include "proto/trade.h"

#include <assert.h>
#include <stdlib.h>

#define OLDER UINT32_C(0x80000000) /* of a hash: it is of id and fingerprint */

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
    uint64_t *fingerprints;
    uint32_t *hashes;
    int64_t *times;
    slot_t *table;
    size_t mask;         /* of the table */
    uint32_t asked_hash; /* of what was looked up last, which is often added next */
    uint32_t asked_length;
    padded_t asked;
};

static padded_t pad(text_t id)
{
    assert(id.length > 0 && id.length <= TRADE_ID_MAX);
    padded_t padded = {0};
    memcpy(padded.bytes, id.at, id.length);
    return padded;
}

static uint32_t hash_of(text_t id)
{
    return (uint32_t)text_hash(id) & ~OLDER;
}

/* Under which a trade is found when a newer one has its id. */
static uint32_t older_hash(uint32_t hash, uint64_t fingerprint)
{
    return (uint32_t)hash_mix(hash, fingerprint) | OLDER;
}

/* The table's slot of a trade, or the free one where it would go. Under an id's hash that is the newest trade of the id, whatever its
 * fingerprint. */
static size_t dedup_slot(const dedup_t *self, const char *id, uint32_t hash, uint64_t fingerprint)
{
    size_t i = hash & self->mask;
    for (; self->table[i].place; i = (i + 1) & self->mask) {
        slot_t slot = self->table[i];
        if (slot.hash == hash && memcmp(self->ids + (slot.place - 1) * self->stride, id, self->stride) == 0 &&
            (!(hash & OLDER) || self->fingerprints[slot.place - 1] == fingerprint))
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
    free(self->fingerprints);
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
    uint64_t *fingerprints = calloc(capacity, sizeof *fingerprints);
    uint32_t *hashes = calloc(capacity, sizeof *hashes);
    int64_t *times = calloc(capacity, sizeof *times);
    slot_t *table = calloc(slots, sizeof *table);
    if (!ids || !fingerprints || !hashes || !times || !table) {
        free(ids);
        free(fingerprints);
        free(hashes);
        free(times);
        free(table);
        return false;
    }
    self->capacity = capacity;
    self->stride = stride;
    self->first = self->count = 0;
    self->ids = ids;
    self->fingerprints = fingerprints;
    self->hashes = hashes;
    self->times = times;
    self->table = table;
    self->mask = slots - 1;
    return true;
}

/* Where the next trade will stand in the ring. */
static size_t next_place(const dedup_t *self)
{
    size_t place = self->first + self->count;
    return place - (place >= self->capacity ? self->capacity : 0);
}

/* `hash`: of the id. A trade that had the id before moves to its own place in the table. */
static void dedup_insert(dedup_t *self, const padded_t *id, uint32_t hash, uint64_t fingerprint, int64_t time_ns)
{
    size_t place = next_place(self);
    memcpy(self->ids + place * self->stride, id->bytes, self->stride);
    self->fingerprints[place] = fingerprint;
    self->hashes[place] = hash;
    self->times[place] = time_ns;
    self->count++;
    slot_t *slot = &self->table[dedup_slot(self, id->bytes, hash, fingerprint)];
    uint32_t former = slot->place;
    *slot = (slot_t){hash, (uint32_t)place + 1};
    if (former == 0)
        return;
    uint64_t other = self->fingerprints[former - 1];
    uint32_t older = self->hashes[former - 1] = older_hash(hash, other);
    self->table[dedup_slot(self, id->bytes, older, other)] = (slot_t){older, former};
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
        uint32_t hash = former.hashes[place];
        if (hash & OLDER)
            hash = hash_of((text_t){id.bytes, strnlen(id.bytes, TRADE_ID_MAX)});
        dedup_insert(self, &id, hash, former.fingerprints[place], former.times[place]);
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

static void ask(dedup_t *self, text_t id)
{
    if (id.length == self->asked_length && memcmp(id.at, self->asked.bytes, id.length) == 0)
        return;
    self->asked = pad(id);
    self->asked_length = (uint32_t)id.length;
    self->asked_hash = hash_of(id);
}

void dedup_expect(dedup_t *self, text_t id)
{
    if (id.length == 0 || id.length > self->stride)
        return;
    ask(self, id);
    size_t place = next_place(self);
    __builtin_prefetch(&self->table[self->asked_hash & self->mask], 1);
    __builtin_prefetch(self->ids + place * self->stride, 1);
    __builtin_prefetch(&self->fingerprints[place], 1);
    __builtin_prefetch(&self->hashes[place], 1);
    __builtin_prefetch(&self->times[place], 1);
}

dedup_verdict_t dedup_look(dedup_t *self, text_t id, uint64_t fingerprint)
{
    if (id.length > self->stride)
        return DEDUP_NEW;
    ask(self, id);
    uint32_t newest = self->table[dedup_slot(self, self->asked.bytes, self->asked_hash, fingerprint)].place;
    if (newest == 0)
        return DEDUP_NEW;
    if (self->fingerprints[newest - 1] == fingerprint)
        return DEDUP_SEEN;
    uint32_t older = older_hash(self->asked_hash, fingerprint);
    return self->table[dedup_slot(self, self->asked.bytes, older, fingerprint)].place ? DEDUP_SEEN : DEDUP_CONFLICT;
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

void dedup_add(dedup_t *self, text_t id, uint64_t fingerprint, int64_t time_ns)
{
    if (self->window == 0)
        return;
    size_t stride = (id.length + DEDUP_STRIDE_STEP - 1) / DEDUP_STRIDE_STEP * DEDUP_STRIDE_STEP;
    if (stride > self->stride && !dedup_resize(self, self->capacity, stride))
        return;
    dedup_make_room(self);
    ask(self, id);
    dedup_insert(self, &self->asked, self->asked_hash, fingerprint, time_ns);
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
