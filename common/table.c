#include "common/table.h"

#include <stdlib.h>

enum { CAPACITY_MIN = 16, INSIDE_MAX = 16 };

/* A short key stands in its entry: elsewhere it would be one more place of memory for each look-up, which no cache has where tables are large. */
typedef struct {
    void *value; /* NULL: free */
    uint32_t hash, length;
    union {
        char inside[INSIDE_MAX];
        char *outside; /* owned */
    } key;
} table_entry_t;

struct table {
    table_entry_t *entries;
    size_t capacity; /* a power of two */
    size_t count;
};

static text_t entry_key(const table_entry_t *entry)
{
    return (text_t){entry->length > INSIDE_MAX ? entry->key.outside : entry->key.inside, entry->length};
}

static bool keep_key(table_entry_t *entry, text_t key)
{
    entry->length = (uint32_t)key.length;
    char *copy = entry->key.inside;
    if (key.length > INSIDE_MAX && !(copy = entry->key.outside = malloc(key.length)))
        return false;
    if (key.length > 0)
        memcpy(copy, key.at, key.length);
    return true;
}

static void free_key(table_entry_t *entry)
{
    if (entry->length > INSIDE_MAX)
        free(entry->key.outside);
}

static uint32_t hash_of(text_t key)
{
    return (uint32_t)text_hash(key);
}

static bool holds(const table_entry_t *entry, text_t key, uint32_t hash)
{
    return entry->hash == hash && text_equal(entry_key(entry), key);
}

/* The entry of that key, or the free one where it would go. */
static table_entry_t *probe(const table_t *self, text_t key, uint32_t hash)
{
    size_t i = hash & (self->capacity - 1);
    while (self->entries[i].value && !holds(&self->entries[i], key, hash))
        i = (i + 1) & (self->capacity - 1);
    return &self->entries[i];
}

static bool grow(table_t *self)
{
    table_t wider = {.capacity = self->capacity * 2, .count = self->count};
    wider.entries = calloc(wider.capacity, sizeof *wider.entries);
    if (!wider.entries)
        return false;
    for (size_t i = 0; i < self->capacity; i++) {
        const table_entry_t *entry = &self->entries[i];
        if (entry->value)
            *probe(&wider, entry_key(entry), entry->hash) = *entry;
    }
    free(self->entries);
    *self = wider;
    return true;
}

table_t *table_new(void)
{
    table_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->capacity = CAPACITY_MIN;
    self->entries = calloc(self->capacity, sizeof *self->entries);
    if (!self->entries)
        table_destroy(&self);
    return self;
}

void table_destroy(table_t **self_p)
{
    table_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    for (size_t i = 0; self->entries && i < self->capacity; i++)
        free_key(&self->entries[i]);
    free(self->entries);
    free(self);
}

void *table_get(const table_t *self, text_t key)
{
    return probe(self, key, hash_of(key))->value;
}

bool table_put(table_t *self, text_t key, void *value)
{
    uint32_t hash = hash_of(key);
    table_entry_t *entry = probe(self, key, hash);
    if (entry->value) {
        entry->value = value;
        return true;
    }
    if (key.length > UINT32_MAX)
        return false;
    if ((self->count + 1) * 3 > self->capacity * 2) {
        if (!grow(self))
            return false;
        entry = probe(self, key, hash);
    }
    if (!keep_key(entry, key)) {
        *entry = (table_entry_t){0};
        return false;
    }
    entry->hash = hash;
    entry->value = value;
    self->count++;
    return true;
}

/* Moves entries back over the hole, so that no probe stops short of them (Knuth, vol. 3, 6.4, algorithm R). */
static void close_hole(table_t *self, size_t hole)
{
    size_t mask = self->capacity - 1;
    for (size_t i = (hole + 1) & mask; self->entries[i].value; i = (i + 1) & mask) {
        size_t home = self->entries[i].hash & mask;
        if (((i - home) & mask) < ((i - hole) & mask))
            continue; /* its home lies behind the hole */
        self->entries[hole] = self->entries[i];
        hole = i;
    }
    self->entries[hole] = (table_entry_t){0};
}

void *table_remove(table_t *self, text_t key)
{
    table_entry_t *entry = probe(self, key, hash_of(key));
    void *value = entry->value;
    if (!value)
        return NULL;
    free_key(entry);
    self->count--;
    close_hole(self, (size_t)(entry - self->entries));
    return value;
}

size_t table_count(const table_t *self)
{
    return self->count;
}

void *table_each(const table_t *self, size_t *at)
{
    while (*at < self->capacity) {
        void *value = self->entries[(*at)++].value;
        if (value)
            return value;
    }
    return NULL;
}
