/* Keeps what one source says of itself up to date with its statuses: for offers.c. */
#pragma once

#include "gatewayd/streams/offer.h"

/* The name is a valid one. NULL when memory runs out. */
offer_record_t *offer_record_new(text_t name);
void offer_record_destroy(offer_record_t **self);

/* Takes over what a status says of the streams and of the source's health. `first`: it is the first one of the source; was_up:
 * the source was up before. */
void offer_record_take(offer_record_t *self, const status_t *status, bool first, bool was_up);

/* A reason, cut to OFFER_REASON_MAX. */
void offer_record_keep_reason(offer_record_t *self, text_t reason);

/* Nothing is offered now. */
void offer_record_clear(offer_record_t *self);
