/* What the sources say of themselves: which symbols they offer, up to where each stream reaches, and whether they are
 * connected.
 *
 * A source is up when it says that it is connected, and has said so lately. `now` is the caller's clock, in ns since 1970.
 */
#pragma once

#include "common/table.h"
#include "proto/status.h"
#include "proto/topic.h"

enum {
    OFFERS_SOURCES_MAX = 1000,
    OFFERS_SYMBOLS_MAX = 100000, /* of one source */
    OFFER_REASON_MAX = 120,
    OFFERS_SETTLED_MS = 1100 /* a second after the first status, all others have come too */
};

typedef struct {
    text_t name;      /* the offer's own */
    bool connected;   /* as it said last */
    bool silent;      /* it has not said anything for long */
    int64_t since_ns; /* since when it is up or down */
    int64_t down_ns;  /* when it last went down; 0: never yet */
    int64_t heard_ns;
    text_t reason; /* why it is down, as raw JSON string content; the offer's own */
    uint64_t epoch;
    table_t *symbols; /* symbol → offer_stream_t; owned */
} offer_t;

typedef struct offers offers_t;

offers_t *offers_new(void);
void offers_destroy(offers_t **self);

/* A change in whether a source is up. */
typedef enum { OFFER_SAME, OFFER_DOWN, OFFER_UP } offer_change_t;

/* Takes over what a status says. *offer is the source's, or NULL when there are too many. A source that is heard for the first
 * time has not changed. */
offer_change_t offers_update(offers_t *self, const status_t *status, int64_t now_ns, const offer_t **offer);

/* Marks as silent, one a call, a source that has not been heard for silence_ns and is not marked yet. NULL when there is none.
 * *changed: it was up before. */
const offer_t *offers_silence(offers_t *self, int64_t now_ns, int64_t silence_ns, bool *changed);

/* Has any status come; and has there been time for all of them to come? */
bool offers_heard(const offers_t *self);
bool offers_settled(const offers_t *self, int64_t now_ns);

/* All sources: number 0, 1, 2 … in the order in which they were first heard; NULL beyond the last. */
const offer_t *offers_at(const offers_t *self, size_t number);

const offer_t *offers_find(const offers_t *self, text_t source);
bool offer_up(const offer_t *offer);

/* Does it offer the symbol? *last: the end of the stream as last heard; may be NULL. */
bool offer_has(const offer_t *offer, text_t symbol, cursor_t *last);

/* The source's symbols: *at from 0 on; false beyond the last. */
bool offer_each(const offer_t *offer, size_t *at, text_t *symbol);

/* Does any source offer it? */
bool offers_has(const offers_t *self, text_t symbol);
