#include "gatewayd/rates/address_rates.h"

#include "common/list.h"
#include "common/net/address_group.h"
#include "common/table.h"

#include <stdlib.h>

typedef struct {
    address_rate_t rate;
    list_t in_all;
    uint8_t length;
    char group[ADDRESS_GROUP_MAX];
} heard_address_t;

struct address_rates {
    table_t *addresses; /* by group; owned */
    list_t all;         /* heard_address_t.in_all; who was heard last is at the end */
    size_t max;
};

address_rates_t *address_rates_new(size_t max)
{
    address_rates_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    list_init(&self->all);
    self->max = max;
    self->addresses = table_new();
    if (!self->addresses)
        address_rates_destroy(&self);
    return self;
}

static void forget(address_rates_t *self, heard_address_t *address)
{
    table_remove(self->addresses, (text_t){address->group, address->length});
    list_remove(&address->in_all);
    free(address);
}

void address_rates_destroy(address_rates_t **self_p)
{
    address_rates_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    while (!list_empty(&self->all))
        forget(self, LIST_OWNER(self->all.next, heard_address_t, in_all));
    table_destroy(&self->addresses);
    free(self);
}

static heard_address_t *add(address_rates_t *self, text_t group)
{
    if (table_count(self->addresses) >= self->max)
        forget(self, LIST_OWNER(self->all.next, heard_address_t, in_all));
    heard_address_t *address = calloc(1, sizeof *address);
    if (!address)
        return NULL;
    list_init(&address->in_all);
    address->length = (uint8_t)group.length;
    memcpy(address->group, group.at, group.length);
    if (table_put(self->addresses, group, address))
        return address;
    free(address);
    return NULL;
}

address_rate_t *address_rates_of(address_rates_t *self, text_t text)
{
    char room[ADDRESS_GROUP_MAX];
    text_t group = address_group_of_text(text, room);
    heard_address_t *address = table_get(self->addresses, group);
    if (!address && !(address = add(self, group)))
        return NULL;
    list_remove(&address->in_all);
    list_append(&self->all, &address->in_all);
    return &address->rate;
}

size_t address_rates_count(const address_rates_t *self)
{
    return table_count(self->addresses);
}
