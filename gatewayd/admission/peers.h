/* Counts and limits the connections of each address: of each group (address_group.h). */
#pragma once

#include "common/text.h"

typedef struct peers peers_t;

peers_t *peers_new(size_t limit);
void peers_destroy(peers_t **self);

/* How many each may have from now on. Existing ones stay. */
void peers_limit(peers_t *self, size_t limit);

/* One more from this address. False, and not counted, when it is at its limit, or memory runs out. */
bool peers_enter(peers_t *self, text_t address);

/* How many there are from this address. */
size_t peers_count(const peers_t *self, text_t address);

/* One less; it must have entered. */
void peers_leave(peers_t *self, text_t address);
