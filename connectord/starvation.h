/* Which of a source's streams starve: the pulse (pulse.h) of each, and what the status says of them.
 *
 * Streams are numbered as the source's symbols are in its configuration.
 */
#pragma once

#include "common/text.h"
#include "connectord/pulse.h"

typedef struct starvation starvation_t;

/* `symbols` outlive it. NULL when memory runs out. */
starvation_t *starvation_new(const pulse_config_t *config, const text_t *symbols, size_t count);
void starvation_destroy(starvation_t **self);

/* The stream goes on as the one with the number `former` of another one. */
void starvation_inherit(starvation_t *self, size_t number, const starvation_t *other, size_t former);

/* The stream was subscribed upstream: trades are expected; it was unsubscribed: none are; the connection is gone: none of any. now_ns: of
 * clock_mono_ns, here and below. */
void starvation_expect(starvation_t *self, size_t number, int64_t now_ns);
void starvation_rest(starvation_t *self, size_t number);
void starvation_rest_all(starvation_t *self);

/* A trade came. Returns whether the stream was stale. O(1), no allocation. */
bool starvation_trade(starvation_t *self, size_t number, int64_t now_ns);

/* Looks whether streams have become stale, and returns whether one has. O(number of streams). */
bool starvation_check(starvation_t *self, int64_t now_ns);

/* How many are stale. */
size_t starvation_count(const starvation_t *self);

/* {"BTC-USD":31.500,…}: the stale ones with the seconds since the last trade. Valid until the next call. */
text_t starvation_print(starvation_t *self, int64_t now_ns);
