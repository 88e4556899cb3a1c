/* What a store says that it has: read by the writer's thread, looked at on the loop. */
#pragma once

#include "cached/stores/store.h"
#include "proto/topic.h"

typedef struct {
    char topic[TOPIC_MAX];
    size_t topic_length;
    cursor_t place;
    uint64_t trades;
} stock_stream_t;

typedef struct {
    buffer_t streams; /* of stock_stream_t */
} stock_t;

stock_t stock_new(void);
void stock_release(stock_t *self);

/* Asks an open store. STORE_REFUSED when there are more streams than can be. */
store_result_t stock_load(stock_t *self, const store_kind_t *kind, void *store, char *error);

size_t stock_count(const stock_t *self);
stock_stream_t stock_at(const stock_t *self, size_t number);
