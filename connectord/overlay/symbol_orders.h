/* What operators order over the replay socket: which symbols a source offers (replay.md: `offers`, `add`, `remove`). */
#pragma once

#include "connectord/overlay/overlay.h"
#include "proto/request.h"

typedef enum {
    SYMBOL_CHANGED,
    SYMBOL_AS_IT_WAS, /* there was nothing to do */
    SYMBOL_NO_SOURCE,
    SYMBOL_TOO_MANY,   /* of the source, or in the overlay */
    SYMBOL_UNAVAILABLE /* the disk, the journal or the memory has no room: nothing changed */
} symbol_result_t;

/* Carries it out. `symbol`: overlay_takes it. */
typedef symbol_result_t symbol_order_fn(void *arg, text_t source, text_t symbol, overlay_change_t change);

/* The source's settings as they are now; NULL: there is none of that name. */
typedef const source_config_t *symbol_source_fn(void *arg, text_t source);

typedef struct {
    symbol_order_fn *order;
    symbol_source_fn *find;
    void *arg;
} symbol_orders_events_t;

typedef struct {
    uint64_t orders;  /* all that had the token */
    uint64_t refused; /* without it */
} symbol_orders_counts_t;

typedef struct symbol_orders symbol_orders_t;

/* token: what orders must bring; empty: none is carried out. The overlay outlives it. NULL when memory runs out. */
symbol_orders_t *symbol_orders_new(const overlay_t *overlay, const char *token, const symbol_orders_events_t *events);
void symbol_orders_destroy(symbol_orders_t **self);

/* Another token from now on. False when memory runs out: then none is good. */
bool symbol_orders_set_token(symbol_orders_t *self, const char *token);

/* As an operation of replay (replay.h): `arg` is a symbol_orders_t. False when it is another one. */
bool symbol_orders_answer(void *arg, const request_t *request, buffer_t *answer);

symbol_orders_counts_t symbol_orders_counts(const symbol_orders_t *self);
