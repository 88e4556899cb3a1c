/* The symbols that a source offers: which of them are wanted, what has become of asking for them (wish.h), and until when those are kept
 * that nobody wants any more. They are numbered as in the source's configuration. */
#pragma once

#include "connectord/connectors/source_config.h"
#include "connectord/subscriptions/wish.h"

typedef struct wishes wishes_t;

/* `config` outlives it. With "always" all are wanted from the start. NULL when memory runs out. */
wishes_t *wishes_new(const source_config_t *config);
void wishes_destroy(wishes_t **self);

/* What is known of symbols that both offer is taken over from the wishes of another configuration of the same source. */
void wishes_inherit(wishes_t *self, const wishes_t *former);

/* NULL for a symbol that is not offered. */
wish_t *wishes_find(const wishes_t *self, text_t symbol);

wish_t *wishes_at(wishes_t *self, size_t number); /* less than the configuration's symbol_count */
size_t wishes_number(const wishes_t *self, const wish_t *wish);

size_t wishes_count(const wishes_t *self);

/* How many have been asked for, whatever the answer; how many fail. */
size_t wishes_asked(const wishes_t *self);
size_t wishes_failing(const wishes_t *self);

/* When the nearest release is; 0: there is none. */
int64_t wishes_nearest_ns(const wishes_t *self);

/* The next one whose release is due: it is not wanted any more. NULL when there is none. */
wish_t *wishes_take_due(wishes_t *self, int64_t now_ns);

/* When the next one is due (wish_t.due_ns); 0: none is. */
int64_t wishes_due_ns(const wishes_t *self);
