/* The symbols that a source offers: which of them are wanted, the state of their subscriptions (symbol_subscription.h),
 * and until when those are kept that are no longer wanted. They are numbered as in the source's configuration. */
#pragma once

#include "connectord/connectors/source_config.h"
#include "connectord/subscriptions/symbol_subscription.h"

typedef struct wanted_symbols wanted_symbols_t;

/* `config` outlives it. With "always" all are wanted from the start. NULL when memory runs out. */
wanted_symbols_t *wanted_symbols_new(const source_config_t *config);
void wanted_symbols_destroy(wanted_symbols_t **self);

/* Takes over the state of common symbols from the wanted symbols of another configuration of the same source. */
void wanted_symbols_inherit(wanted_symbols_t *self, const wanted_symbols_t *former);

/* NULL if the symbol is not offered. */
symbol_subscription_t *wanted_symbols_find(const wanted_symbols_t *self, text_t symbol);

symbol_subscription_t *wanted_symbols_at(wanted_symbols_t *self, size_t number); /* below symbol_count */
size_t wanted_symbols_number(const wanted_symbols_t *self, const symbol_subscription_t *subscription);

size_t wanted_symbols_count(const wanted_symbols_t *self);

/* How many have been requested, whatever the answer; how many fail. */
size_t wanted_symbols_asked(const wanted_symbols_t *self);
size_t wanted_symbols_failing(const wanted_symbols_t *self);

/* When the next release is; 0: none. */
int64_t wanted_symbols_nearest_ns(const wanted_symbols_t *self);

/* The next one whose release is due: it is no longer wanted. NULL when there is none. */
symbol_subscription_t *wanted_symbols_take_due(wanted_symbols_t *self, int64_t now_ns);

/* When the next one is due (symbol_subscription_t.due_ns); 0: none is. */
int64_t wanted_symbols_due_ns(const wanted_symbols_t *self);
