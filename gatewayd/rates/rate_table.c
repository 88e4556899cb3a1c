#include "gatewayd/rates/rate_table.h"

#include "common/list.h"
#include "common/table.h"

#include <stdlib.h>

typedef struct {
    rate_entry_t rate;
    list_t in_all;
    uint16_t length;
    char key[];
} heard_entry_t;

struct rate_table {
    table_t *entries; /* by key; owned */
    list_t all;       /* heard_entry_t.in_all; who was heard last is at the end */
    size_t max;
};

rate_table_t *rate_table_new(size_t max)
{
    rate_table_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    list_init(&self->all);
    self->max = max;
    self->entries = table_new();
    if (!self->entries)
        rate_table_destroy(&self);
    return self;
}

static void forget(rate_table_t *self, heard_entry_t *entry)
{
    table_remove(self->entries, (text_t){entry->key, entry->length});
    list_remove(&entry->in_all);
    free(entry);
}

void rate_table_destroy(rate_table_t **self_p)
{
    rate_table_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    while (!list_empty(&self->all))
        forget(self, LIST_OWNER(self->all.next, heard_entry_t, in_all));
    table_destroy(&self->entries);
    free(self);
}

static heard_entry_t *add(rate_table_t *self, text_t key)
{
    if (table_count(self->entries) >= self->max)
        forget(self, LIST_OWNER(self->all.next, heard_entry_t, in_all));
    heard_entry_t *entry = calloc(1, sizeof *entry + key.length);
    if (!entry)
        return NULL;
    list_init(&entry->in_all);
    entry->length = (uint16_t)key.length;
    memcpy(entry->key, key.at, key.length);
    if (table_put(self->entries, key, entry))
        return entry;
    free(entry);
    return NULL;
}

rate_entry_t *rate_table_of(rate_table_t *self, text_t key)
{
    heard_entry_t *entry = table_get(self->entries, key);
    if (!entry && !(entry = add(self, key)))
        return NULL;
    list_remove(&entry->in_all);
    list_append(&self->all, &entry->in_all);
    return &entry->rate;
}

size_t rate_table_count(const rate_table_t *self)
{
    return table_count(self->entries);
}
