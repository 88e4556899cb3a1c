/* All sources of the configuration, and how the running process changes from one configuration to another.
 *
 * A source is known by its name. A new one starts; a removed one is withdrawn, and its streams stay in the journal; one whose
 * symbols changed continues with them; one with other settings restarts. The others are not affected.
 */
#pragma once

#include "connectord/overlay/symbol_orders.h"
#include "connectord/sources/feed.h"

typedef struct feeds feeds_t;

/* Is what the sources' settings lead to, files, as it has to be? False, with each mistake reported:
 * "connectord.sources.0.definition: …". */
bool feeds_check(const config_t *config, void (*report)(const char *mistake));

/* Without a source. `shared` outlives it. NULL when memory runs out. */
feeds_t *feeds_new(const feed_shared_t *shared);

/* Sets up the sources of the configuration (not kept), with the overlay over it, connecting. False, with log lines, when one could not be set up: it is unchanged then, or
 * left out. */
bool feeds_apply(feeds_t *self, const config_t *config);

/* Number 0, 1, 2 …, as configured. NULL has none. */
size_t feeds_count(const feeds_t *self);
feed_t *feeds_at(const feeds_t *self, size_t number);

/* The one of that name; NULL: there is none. */
feed_t *feeds_find(const feeds_t *self, text_t name);

/* Has the source of that name offer the symbol, or no longer, in the overlay and at once: as feeds_apply does where a configuration has it so. For
 * symbol_orders_new; arg: a feeds_t. */
symbol_order_fn feeds_order_symbol;

/* feed_remember for one. */
bool feeds_remember(feeds_t *self);

/* feed_stop for all. */
void feeds_stop(feeds_t *self);
void feeds_destroy(feeds_t **self);
