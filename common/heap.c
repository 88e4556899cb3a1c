#include "common/heap.h"

#include "common/array.h"

#include <assert.h>
#include <stdlib.h>

static void put_at(heap_t *self, size_t place, heap_item_t *item)
{
    self->items[place - 1] = item;
    item->place = place;
}

static heap_item_t *item_at(const heap_t *self, size_t place)
{
    return self->items[place - 1];
}

/* Finds the item its place, from an empty one on: towards the first … */
static size_t rise(heap_t *self, size_t place, heap_item_t *item)
{
    while (place > 1 && self->before(item, item_at(self, place / 2))) {
        put_at(self, place, item_at(self, place / 2));
        place /= 2;
    }
    return place;
}

/* … and away from it. */
static size_t sink(heap_t *self, size_t place, heap_item_t *item)
{
    while (place * 2 <= self->count) {
        size_t next = place * 2;
        if (next < self->count && self->before(item_at(self, next + 1), item_at(self, next)))
            next++;
        if (!self->before(item_at(self, next), item))
            break;
        put_at(self, place, item_at(self, next));
        place = next;
    }
    return place;
}

void heap_release(heap_t *self)
{
    assert(self->count == 0);
    free(self->items);
    self->items = NULL;
    self->room = 0;
}

bool heap_put(heap_t *self, heap_item_t *item)
{
    assert(item->place == 0);
    if (!ARRAY_RESERVE(&self->items, &self->room, self->count + 1, ARRAY_UNBOUNDED))
        return false;
    self->count++;
    put_at(self, rise(self, self->count, item), item);
    return true;
}

void heap_remove(heap_t *self, heap_item_t *item)
{
    size_t place = item->place;
    if (place == 0)
        return;
    item->place = 0;
    heap_item_t *last = item_at(self, self->count--);
    if (last == item)
        return;
    put_at(self, sink(self, rise(self, place, last), last), last);
}
