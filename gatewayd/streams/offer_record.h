/* The last status of one source, and what changed with it: the inside of offers.c. */
#pragma once

#include "gatewayd/streams/offers.h"

typedef struct offer_stream offer_stream_t;

/* An offer with what its slices point to. */
typedef struct {
    offer_t public; /* the first member: an offer_t is its record */
    char name[SOURCE_MAX];
    char reason[OFFER_REASON_MAX];
    char breaker[OFFER_BREAKER_MAX];
    char group[SOURCE_MAX];
    uint64_t round;       /* of statuses */
    size_t changes;       /* streams that became stale, or no longer are, with the last status, or are offered again */
    size_t turns;         /* streams that started or stopped failing with the last status */
    size_t fresh;         /* streams that were not offered before the last status */
    offer_stream_t *gone; /* owned, until the next status */
} offer_record_t;

/* The name must be valid. NULL when memory runs out. */
offer_record_t *offer_record_new(text_t name);
void offer_record_destroy(offer_record_t **self);

/* Adopts what a status says of the streams and of the source's health. `first`: it is the first one of the source; was_up: the source
 * was up before. */
void offer_record_take(offer_record_t *self, const status_t *status, bool first, bool was_up);

/* A reason, cut to OFFER_REASON_MAX. */
void offer_record_keep_reason(offer_record_t *self, text_t reason);

/* Nothing is offered from now on. */
void offer_record_clear(offer_record_t *self);
