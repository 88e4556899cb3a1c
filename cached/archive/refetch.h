/* What memory dropped before it was stored, fetched from the journal again: one page of one stream at a time.
 *
 *     refetch_begin ──▶ request ──▶ page, to be stored ──▶ refetch_stored ──▶ (the next check of the stream starts another)
 */
#pragma once

#include "cached/archive/stored_place.h"
#include "cached/archive/trade_batch.h"
#include "common/bus/requester.h"

typedef struct refetch refetch_t;

/* arrived: a page may have come, or it failed. NULL when memory runs out. */
refetch_t *refetch_new(void (*arrived)(void *arg), void *arg);
void refetch_destroy(refetch_t **self);

/* Is a request pending, or a page not stored yet? */
bool refetch_busy(const refetch_t *self);

/* Asks for [from, to] of a stream, of one epoch. A requester of NULL, or one that does not answer: the stream's retry_ns is set. */
void refetch_begin(refetch_t *self, stored_place_t *stored_place, cursor_t from, cursor_t to, requester_t *replay);

/* What has come: the available trades up to `upto`, and how many are missing. */
typedef struct {
    stored_place_t *stored_place;
    trade_batch_t *batch;
    cursor_t upto;
    uint64_t missing;
} refetch_page_t;

/* NULL: none yet. */
const refetch_page_t *refetch_page(const refetch_t *self);

/* Forgets the request or the page: the places have changed. */
void refetch_drop(refetch_t *self);

/* The page has been stored, or is no longer needed. */
void refetch_stored(refetch_t *self);
