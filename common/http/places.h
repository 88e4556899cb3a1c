/* The places that connections take, and who gives up one when another is needed.
 *
 * A connection that waits for its peer (for a request, or for it to take an answer) can be given up; one whose request is being worked on can't.
 * The one that has waited longest goes, of an address (address_group.h) that has at least as many that wait as addresses have on average: so an
 * address that takes thousands loses its own, and others stay. Knows no transport, allocates once an address.
 */
#pragma once

#include "common/list.h"
#include "common/text.h"

typedef struct places places_t;

/* What a connection has as a member. */
typedef struct {
    list_t in_all, in_address; /* linked: it waits for its peer */
    struct places_address *address;
} place_t;

/* per_address: connections of one address that wait; 0: any number. NULL when memory runs out. */
places_t *places_new(size_t per_address);

/* When all have left. */
void places_destroy(places_t **self);

/* How many an address may have from now on. Who is there stays. */
void places_limit(places_t *self, size_t per_address);

/* A connection from an address group; it does not wait yet. False when memory runs out. */
bool places_enter(places_t *self, place_t *place, text_t group);
void places_leave(places_t *self, place_t *place);

/* It waits for its peer, from now on. And it does not any longer. */
void places_wait(places_t *self, place_t *place);
void places_work(places_t *self, place_t *place);

/* Who gives up a place: NULL when nobody waits. Steps over PLACES_LOOK of those that have few at most. */
enum { PLACES_LOOK = 4096 };
place_t *places_victim(const places_t *self);

/* The one of a newcomer's address that has waited longest, where as many wait as may; else NULL. */
place_t *places_excess(const places_t *self, const place_t *place);

size_t places_count(const places_t *self);   /* all */
size_t places_waiting(const places_t *self); /* those that can be given up */
