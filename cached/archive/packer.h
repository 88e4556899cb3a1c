/* Packs what is not stored yet into one batch: of each stream in turn the tape's trades behind its place. */
#pragma once

#include "cached/archive/holding.h"
#include "cached/archive/parcel.h"

typedef struct {
    holdings_t *holdings;
    parcel_t *parcel;  /* the batch; owned */
    bool full;         /* there was more than fitted in */
    int64_t packed_ns; /* when it was packed, CLOCK_MONOTONIC */
    size_t turn;       /* the stream with which the next batch begins */
} packer_t;

/* Told of a stream whose next trades the tape does not have. */
typedef void packer_hole_fn(void *arg, holding_t *holding, const holding_next_t *next);

/* `holdings` outlive it. False when memory runs out. */
bool packer_open(packer_t *self, holdings_t *holdings);
void packer_close(packer_t *self);

/* False when there is nothing to store. */
bool packer_pack(packer_t *self, int64_t now_ns, packer_hole_fn *hole, void *arg);

/* The batch has been stored: the places move on. */
void packer_stored(packer_t *self);
