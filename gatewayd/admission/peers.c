#include "gatewayd/admission/peers.h"

#include "common/net/address_group.h"
#include "common/table.h"

#include <stdlib.h>

struct peers {
    table_t *counts; /* address group → size_t; owned; never 0 */
    size_t limit;
};

peers_t *peers_new(size_t limit)
{
    peers_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->limit = limit;
    self->counts = table_new();
    if (!self->counts)
        peers_destroy(&self);
    return self;
}

void peers_limit(peers_t *self, size_t limit)
{
    self->limit = limit;
}

void peers_destroy(peers_t **self_p)
{
    peers_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    size_t at = 0, *count;
    while (self->counts && (count = table_each(self->counts, &at)))
        free(count);
    table_destroy(&self->counts);
    free(self);
}

bool peers_enter(peers_t *self, text_t address)
{
    char room[ADDRESS_GROUP_MAX];
    text_t group = address_group_of_text(address, room);
    size_t *count = table_get(self->counts, group);
    if (count) {
        if (*count >= self->limit)
            return false;
        ++*count;
        return true;
    }
    count = malloc(sizeof *count);
    if (!count || !table_put(self->counts, group, count)) {
        free(count);
        return false;
    }
    *count = 1;
    return true;
}

size_t peers_count(const peers_t *self, text_t address)
{
    char room[ADDRESS_GROUP_MAX];
    const size_t *count = table_get(self->counts, address_group_of_text(address, room));
    return count ? *count : 0;
}

void peers_leave(peers_t *self, text_t address)
{
    char room[ADDRESS_GROUP_MAX];
    text_t group = address_group_of_text(address, room);
    size_t *count = table_get(self->counts, group);
    if (count && --*count == 0)
        free(table_remove(self->counts, group));
}
