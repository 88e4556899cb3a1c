/* The streams of a store: read by the writer's thread, used on the loop. */
#pragma once

#include "cached/stores/store.h"
#include "proto/topic.h"

typedef struct {
    kept_topic_t topic;
    cursor_t place;
    uint64_t trades;
} store_listing_stream_t;

typedef struct {
    buffer_t streams; /* of store_listing_stream_t */
} store_listing_t;

store_listing_t store_listing_new(void);
void store_listing_release(store_listing_t *self);

/* Asks an open store. STORE_REFUSED when there are too many streams. */
store_result_t store_listing_load(store_listing_t *self, const store_kind_t *kind, void *store, char *error);

size_t store_listing_count(const store_listing_t *self);
store_listing_stream_t store_listing_at(const store_listing_t *self, size_t number);
