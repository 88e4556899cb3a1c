/* A doubly linked list whose links live inside its items: adding and removing are O(1) and allocate nothing.
 *
 * A list and an item are the same struct. An item outside a list is linked to itself, so removing twice is fine.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct list {
    struct list *next, *previous;
} list_t;

/* The struct that holds this item as its member. */
#define LIST_OWNER(item, type, member) ((type *)(void *)((char *)(item)-offsetof(type, member)))

/* Over all items; the list must not change meanwhile. */
#define LIST_EACH(item, list) for (list_t *item = (list)->next; item != (list); item = item->next)

static inline void list_init(list_t *self)
{
    self->next = self->previous = self;
}

static inline bool list_empty(const list_t *self)
{
    return self->next == self;
}

/* Is the item in a list? */
static inline bool list_linked(const list_t *item)
{
    return item->next != item;
}

static inline void list_remove(list_t *item)
{
    item->next->previous = item->previous;
    item->previous->next = item->next;
    list_init(item);
}

/* At the end; the item must be in no list. */
static inline void list_append(list_t *self, list_t *item)
{
    item->previous = self->previous;
    item->next = self;
    self->previous->next = item;
    self->previous = item;
}

/* Takes the first item out, or returns NULL. */
static inline list_t *list_take(list_t *self)
{
    list_t *item = self->next;
    if (item == self)
        return NULL;
    self->next = item->next;
    self->next->previous = self;
    list_init(item);
    return item;
}
