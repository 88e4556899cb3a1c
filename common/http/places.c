#include "common/http/places.h"

#include "common/table.h"

#include <stdlib.h>

/* Those of one address group. It is there while one of its connections is. */
typedef struct places_address {
    list_t waiting; /* place_t.in_address; who has waited longest is first */
    size_t count, waiting_count;
    size_t length;
    char group[];
} address_t;

struct places {
    table_t *addresses; /* by group; owned */
    list_t waiting;     /* place_t.in_all, in the same order */
    size_t count, waiting_count;
    size_t waiting_addresses; /* that have one that waits */
    size_t per_address;
};

places_t *places_new(size_t per_address)
{
    places_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    list_init(&self->waiting);
    self->per_address = per_address;
    self->addresses = table_new();
    if (!self->addresses)
        places_destroy(&self);
    return self;
}

void places_destroy(places_t **self_p)
{
    places_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    table_destroy(&self->addresses);
    free(self);
}

void places_limit(places_t *self, size_t per_address)
{
    self->per_address = per_address;
}

static address_t *open_address(places_t *self, text_t group)
{
    address_t *address = calloc(1, sizeof *address + group.length);
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

bool places_enter(places_t *self, place_t *place, text_t group)
{
    address_t *address = table_get(self->addresses, group);
    list_init(&place->in_all);
    list_init(&place->in_address);
    place->address = address ? address : open_address(self, group);
    if (!place->address)
        return false;
    place->address->count++;
    self->count++;
    return true;
}

void places_leave(places_t *self, place_t *place)
{
    address_t *address = place->address;
    if (!address)
        return;
    places_work(self, place);
    place->address = NULL;
    self->count--;
    if (--address->count > 0)
        return;
    table_remove(self->addresses, (text_t){address->group, address->length});
    free(address);
}

void places_wait(places_t *self, place_t *place)
{
    address_t *address = place->address;
    places_work(self, place);
    list_append(&self->waiting, &place->in_all);
    list_append(&address->waiting, &place->in_address);
    self->waiting_count++;
    self->waiting_addresses += address->waiting_count++ == 0;
}

void places_work(places_t *self, place_t *place)
{
    if (!list_linked(&place->in_all))
        return;
    list_remove(&place->in_all);
    list_remove(&place->in_address);
    self->waiting_count--;
    self->waiting_addresses -= --place->address->waiting_count == 0;
}

place_t *places_victim(const places_t *self)
{
    if (self->waiting_count == 0)
        return NULL;
    size_t average = self->waiting_count / self->waiting_addresses, looked = 0;
    LIST_EACH(item, &self->waiting)
    {
        place_t *place = LIST_OWNER(item, place_t, in_all);
        if (place->address->waiting_count >= average || ++looked == PLACES_LOOK)
            return place;
    }
    return NULL; /* not reached: nobody is below the average alone */
}

place_t *places_excess(const places_t *self, const place_t *place)
{
    const address_t *address = place->address;
    if (self->per_address == 0 || address->waiting_count < self->per_address)
        return NULL;
    return LIST_OWNER(address->waiting.next, place_t, in_address);
}

size_t places_count(const places_t *self)
{
    return self->count;
}

size_t places_waiting(const places_t *self)
{
    return self->waiting_count;
}
