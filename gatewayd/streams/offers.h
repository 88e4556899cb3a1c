/* What the sources report: which symbols they offer, up to where each stream reaches, and whether they are
 * connected.
 *
 * A source is up if it recently reported that it is connected. `now` is the caller's clock, in ns since 1970.
 */
#pragma once

#include "gatewayd/streams/offer.h"

enum {
    OFFERS_SOURCES_MAX = 1000,
    OFFERS_SETTLED_MS = 1100 /* a second after the first status, all others have come too */
};

typedef struct offers offers_t;

offers_t *offers_new(void);
void offers_destroy(offers_t **self);

/* A change in whether a source is up. A withdrawn one is down; call offers_withdraw then. */
typedef enum { OFFER_SAME, OFFER_DOWN, OFFER_UP } offer_change_t;

/* Adopts a status. *offer is the source's, or NULL when there are too many. A source heard for the first
 * time has not changed. */
offer_change_t offers_update(offers_t *self, const status_t *status, int64_t now_ns, const offer_t **offer);

/* The source of that status is no longer offered, with all its symbols, until it is heard again. */
void offers_withdraw(offers_t *self, text_t source);

/* Marks as silent, one per call, a source not heard for silence_ns and not marked yet. NULL when there is none.
 * *changed: it was up before. */
const offer_t *offers_silence(offers_t *self, int64_t now_ns, int64_t silence_ns, bool *changed);

/* Has any status come; and has there been time for all to come? */
bool offers_heard(const offers_t *self);
bool offers_settled(const offers_t *self, int64_t now_ns);

/* When that time will have passed; INT64_MAX while no status has come. And how many have come. */
int64_t offers_settles_ns(const offers_t *self);
uint64_t offers_heard_count(const offers_t *self);

/* All sources except withdrawn ones: number 0, 1, 2 … in the order in which they were heard; NULL beyond the last. */
const offer_t *offers_at(const offers_t *self, size_t number);

const offer_t *offers_find(const offers_t *self, text_t source);

/* How long nothing of the symbol can have come: 0 while one of its sources is up, else since the last of them went down. */
int64_t offers_staleness_ns(const offers_t *self, text_t symbol, int64_t now_ns);

/* Does any source offer it? */
bool offers_has(const offers_t *self, text_t symbol);

/* Is a channel beside trades offered by any source? *latest: by one that says that only the newest record of each key matters. */
bool offers_channel(const offers_t *self, text_t channel, bool *latest);

/* Is the channel of a subject offered? That of trades always is. */
bool offers_channel_of(const offers_t *self, text_t subject);
