/* Which of a source's streams starve: the pulse (pulse.h) of each, what the status says of them, and what is to be done about it.
 *
 * Streams are numbered as the source's symbols are in its configuration.
 *
 * A stream that starves may be one that the exchange has forgotten, or one of a market in which nobody trades. Nobody can tell, so what
 * is tried is cheap first, and then ever more rarely. L is the silence that made the stream stale:
 *
 *     silence of L                  it is subscribed once more: two messages, and whatever is traded within a round trip
 *     2·L, 4·L, 8·L …               again; at most STARVATION_PAUSE_MS after the one before
 *     all busy streams are stale,   a new connection, in place of the resubscribe that is due: the last resort, as it costs what all the
 *     and that helped none          other streams would have had meanwhile
 *     one has been silent for 8·L   a new connection, too, but only one: what it does not bring back is not the connection's fault
 *
 * A connection is left for this reason only when it is older than reconnect_ms (0: never); each such reconnect doubles that, up to
 * STARVATION_REST times, until a connection has held four times as long. So a market that has gone to sleep costs some messages and a
 * handful of reconnects a night, and one that merely trades less is soon no longer stale, as the pulse learns.
 */
#pragma once

#include "common/text.h"
#include "connectord/health/pulse.h"

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

/* How many are stale; is this one? */
size_t starvation_count(const starvation_t *self);
bool starvation_is_stale(const starvation_t *self, size_t number);

enum { STARVATION_PAUSE_MS = 3600000, STARVATION_REST = 8 };

typedef enum { REMEDY_NONE, REMEDY_RESUBSCRIBE, REMEDY_RECONNECT } remedy_t;

/* A new connection begins; what was silent on the one before is known not to be its fault, or is seen to be. */
void starvation_connected(starvation_t *self, int64_t now_ns);

/* What is due for one of the streams; *at: 0, then as it was left, until there is REMEDY_NONE. It stays due until it is tried. */
remedy_t starvation_remedy(const starvation_t *self, size_t *at, int64_t now_ns, size_t *number);

/* It has been tried. */
void starvation_tried(starvation_t *self, remedy_t remedy, size_t number, int64_t now_ns);

/* For how long this one has been silent. */
int64_t starvation_silence_ns(const starvation_t *self, size_t number, int64_t now_ns);

/* {"BTC-USD":31.500,…}: the stale ones with the seconds since the last trade. Valid until the next call. */
text_t starvation_print(starvation_t *self, int64_t now_ns);
