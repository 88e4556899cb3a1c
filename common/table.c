#include "common/table.h"

#include <stdlib.h>

typedef struct {
    uint64_t hash;
    char *key; /* owned; not NUL-terminated */
    size_t length;
    void *value; /* NULL: free */
} table_entry_t;

struct table {
    table_entry_t *entries;
    size_t capacity; /* a power of two */
    size_t count;
};

enum { CAPACITY_MIN = 16 };

static bool holds(const table_entry_t *entry, text_t key, uint64_t hash)
{
    return entry->hash == hash && text_equal((text_t){entry->key, entry->length}, key);
}

/* The entry of that key, or the free one where it would go. */
static table_entry_t *probe(const table_t *self, text_t key, uint64_t hash)
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
            *probe(&wider, (text_t){entry->key, entry->length}, entry->hash) = *entry;
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
        free(self->entries[i].key);
    free(self->entries);
    free(self);
}

void *table_get(const table_t *self, text_t key)
{
    return probe(self, key, text_hash(key))->value;
}

bool table_put(table_t *self, text_t key, void *value)
{
    uint64_t hash = text_hash(key);
    table_entry_t *entry = probe(self, key, hash);
    if (entry->value) {
        entry->value = value;
        return true;
    }
    if ((self->count + 1) * 3 > self->capacity * 2) {
        if (!grow(self))
            return false;
        entry = probe(self, key, hash);
    }
    char *copy = malloc(key.length + 1);
    if (!copy)
        return false;
    if (key.length > 0)
        memcpy(copy, key.at, key.length);
    entry->hash = hash;
    entry->key = copy;
    entry->length = key.length;
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
    table_entry_t *entry = probe(self, key, text_hash(key));
    void *value = entry->value;
    if (!value)
        return NULL;
    free(entry->key);
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
