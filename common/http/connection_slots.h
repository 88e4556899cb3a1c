/* The places of connections, and which one is given up when another is needed.
 *
 * A connection that waits for its peer (for a request, or for it to read a response) can be given up; one whose request is being worked on can't.
 * The one that has waited longest goes, from an address (address_group.h) with at least as many waiting ones as the average address: so an
 * address that holds thousands loses its own, and others stay. Knows no transport, allocates once per address.
 */
#pragma once

#include "common/list.h"
#include "common/text.h"

typedef struct connection_slots connection_slots_t;

/* What a connection has as a member. */
typedef struct {
    list_t in_all, in_address; /* linked: it waits for its peer */
    struct connection_slots_address *address;
} connection_slot_t;

/* per_address: connections of one address that wait; 0: any number. NULL when memory runs out. */
connection_slots_t *connection_slots_new(size_t per_address);

/* When all have left. */
void connection_slots_destroy(connection_slots_t **self);

/* How many an address may have from now on. Existing ones stay. */
void connection_slots_limit(connection_slots_t *self, size_t per_address);

/* A connection from an address group; it does not wait yet. False when memory runs out. */
bool connection_slots_enter(connection_slots_t *self, connection_slot_t *slot, text_t group);
void connection_slots_leave(connection_slots_t *self, connection_slot_t *slot);

/* It waits for its peer from now on; it no longer does. */
void connection_slots_wait(connection_slots_t *self, connection_slot_t *slot);
void connection_slots_work(connection_slots_t *self, connection_slot_t *slot);

/* The one to give up its place: NULL when none waits. Skips at most CONNECTION_SLOTS_LOOK of those that have few. */
enum { CONNECTION_SLOTS_LOOK = 4096 };
connection_slot_t *connection_slots_victim(const connection_slots_t *self);

/* The one of a newcomer's address that has waited longest, where as many wait as may; else NULL. */
connection_slot_t *connection_slots_excess(const connection_slots_t *self, const connection_slot_t *slot);

size_t connection_slots_count(const connection_slots_t *self);   /* all */
size_t connection_slots_waiting(const connection_slots_t *self); /* those that can be given up */
