/* A priority queue: finding the first item is O(1), adding and removing are O(log n). Items live inside their owners, as those of
 * list.h do; the heap allocates only a table of pointers to them, which grows and is kept.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    size_t place; /* in the table, from 1 on; 0: in no heap */
} heap_item_t;

/* Does the first item come before the second one? */
typedef bool heap_before_fn(heap_item_t *item, heap_item_t *other);

typedef struct {
    heap_item_t **items; /* items[n - 1] comes before those at 2n and 2n + 1 */
    size_t count, room;
    heap_before_fn *before;
} heap_t;

/* The struct that holds this item as its member. */
#define HEAP_OWNER(item, type, member) ((type *)(void *)((char *)(item)-offsetof(type, member)))

static inline heap_t heap_new(heap_before_fn *before)
{
    return (heap_t){.before = before};
}

/* Frees the table. The items must have left. */
void heap_release(heap_t *self);

/* The item must be in no heap. False when memory runs out. */
bool heap_put(heap_t *self, heap_item_t *item);

/* The item leaves; one that is in no heap is fine. What it is ordered by must not change while it is in it. */
void heap_remove(heap_t *self, heap_item_t *item);

/* The one that comes first; NULL when there is none. */
static inline heap_item_t *heap_first(const heap_t *self)
{
    return self->count > 0 ? self->items[0] : NULL;
}
