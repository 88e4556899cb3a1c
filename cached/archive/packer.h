/* Packs what is not stored yet into one batch: for each stream in turn, the memory log's trades after its place. */
#pragma once

#include "cached/archive/stored_place.h"
#include "cached/archive/trade_batch.h"

typedef struct {
    stored_places_t *stored_places;
    trade_batch_t *batch; /* the batch; owned */
    bool full;            /* there was more than fits */
    int64_t packed_ns;    /* when it was packed, CLOCK_MONOTONIC */
    size_t turn;          /* the stream with which the next batch starts */
} packer_t;

/* Called for a stream whose next trades the memory log does not have. */
typedef void packer_hole_fn(void *arg, stored_place_t *stored_place, const stored_place_next_t *next);

/* `stored_places` outlive it. False when memory runs out. */
bool packer_open(packer_t *self, stored_places_t *stored_places);
void packer_close(packer_t *self);

/* False when there is nothing to store. */
bool packer_pack(packer_t *self, int64_t now_ns, packer_hole_fn *hole, void *arg);

/* The batch has been stored: the places move on. */
void packer_stored(packer_t *self);
