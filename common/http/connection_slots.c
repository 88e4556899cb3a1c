#include "common/http/connection_slots.h"

#include "common/table.h"

#include <stdlib.h>

/* Those of one address group. It is there while one of its connections is. */
typedef struct connection_slots_address {
    list_t waiting; /* connection_slot_t.in_address; who has waited longest is first */
    size_t count, waiting_count;
    size_t length;
    char group[];
} slot_address_t;

struct connection_slots {
    table_t *addresses; /* by group; owned */
    list_t waiting;     /* connection_slot_t.in_all, in the same order */
    size_t count, waiting_count;
    size_t waiting_addresses; /* that have one that waits */
    size_t per_address;
};

connection_slots_t *connection_slots_new(size_t per_address)
{
    connection_slots_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    list_init(&self->waiting);
    self->per_address = per_address;
    self->addresses = table_new();
    if (!self->addresses)
        connection_slots_destroy(&self);
    return self;
}

void connection_slots_destroy(connection_slots_t **self_p)
{
    connection_slots_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    table_destroy(&self->addresses);
    free(self);
}

void connection_slots_limit(connection_slots_t *self, size_t per_address)
{
    self->per_address = per_address;
}

static slot_address_t *open_address(connection_slots_t *self, text_t group)
{
    slot_address_t *address = calloc(1, sizeof *address + group.length);
    if (!address)
        return NULL;
    list_init(&address->waiting);
    address->length = group.length;
    memcpy(address->group, group.at, group.length);
    if (table_put(self->addresses, group, address))
        return address;
    free(address);
    return NULL;
}

bool connection_slots_enter(connection_slots_t *self, connection_slot_t *slot, text_t group)
{
    slot_address_t *address = table_get(self->addresses, group);
    list_init(&slot->in_all);
    list_init(&slot->in_address);
    slot->address = address ? address : open_address(self, group);
    if (!slot->address)
        return false;
    slot->address->count++;
    self->count++;
    return true;
}

void connection_slots_leave(connection_slots_t *self, connection_slot_t *slot)
{
    slot_address_t *address = slot->address;
    if (!address)
        return;
    connection_slots_work(self, slot);
    slot->address = NULL;
    self->count--;
    if (--address->count > 0)
        return;
    table_remove(self->addresses, (text_t){address->group, address->length});
    free(address);
}

void connection_slots_wait(connection_slots_t *self, connection_slot_t *slot)
{
    slot_address_t *address = slot->address;
    connection_slots_work(self, slot);
    list_append(&self->waiting, &slot->in_all);
    list_append(&address->waiting, &slot->in_address);
    self->waiting_count++;
    self->waiting_addresses += address->waiting_count++ == 0;
}

void connection_slots_work(connection_slots_t *self, connection_slot_t *slot)
{
    if (!list_linked(&slot->in_all))
        return;
    list_remove(&slot->in_all);
    list_remove(&slot->in_address);
    self->waiting_count--;
    self->waiting_addresses -= --slot->address->waiting_count == 0;
}

connection_slot_t *connection_slots_victim(const connection_slots_t *self)
{
    if (self->waiting_count == 0)
        return NULL;
    size_t average = self->waiting_count / self->waiting_addresses, looked = 0;
    LIST_EACH(item, &self->waiting)
    {
        connection_slot_t *slot = LIST_OWNER(item, connection_slot_t, in_all);
        if (slot->address->waiting_count >= average || ++looked == CONNECTION_SLOTS_LOOK)
            return slot;
    }
    return NULL; /* not reached: nobody is below the average alone */
}

connection_slot_t *connection_slots_excess(const connection_slots_t *self, const connection_slot_t *slot)
{
    const slot_address_t *address = slot->address;
    if (self->per_address == 0 || address->waiting_count < self->per_address)
        return NULL;
    return LIST_OWNER(address->waiting.next, connection_slot_t, in_address);
}

size_t connection_slots_count(const connection_slots_t *self)
{
    return self->count;
}

size_t connection_slots_waiting(const connection_slots_t *self)
{
    return self->waiting_count;
}
