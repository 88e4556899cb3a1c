/* Which of a source's streams are stale: the trade rate (trade_rate.h) of each, what the status says of them, and what is to be done about it.
 *
 * Streams are numbered as the source's symbols are in its configuration.
 *
 * A stream that starves may be one that the exchange has forgotten, or one of a market in which nobody trades. Nobody can tell, so what
 * is tried is cheap first, and then ever more rarely. L is the silence that made the stream stale:
 *
 *     silence of L                  it is subscribed once more: two messages, and whatever is traded within a round trip
 *     2·L, 4·L, 8·L …               again; at most STALE_STREAMS_PAUSE_MS after the one before
 *     all busy streams are stale,   a new connection, in place of the resubscribe that is due: the last resort, as it costs what all the
 *     and that helped none          other streams would have had meanwhile
 *     one has been silent for 8·L   a new connection, too, but only one: what it does not bring back is not the connection's fault
 *
 * A connection is left for this reason only when it is older than reconnect_ms (0: never); each such reconnect doubles that, up to
 * STALE_STREAMS_REST times, until a connection has held four times as long. So a market that has gone to sleep costs some messages and a
 * handful of reconnects a night, and one that merely trades less is soon no longer stale, as the trade rate learns.
 */
#pragma once

#include "common/text.h"
#include "connectord/health/trade_rate.h"

typedef struct stale_streams stale_streams_t;

/* `symbols` outlive it. NULL when memory runs out. */
stale_streams_t *stale_streams_new(const trade_rate_config_t *config, const text_t *symbols, size_t count);
void stale_streams_destroy(stale_streams_t **self);

/* The stream goes on as the one with the number `former` of another one. */
void stale_streams_inherit(stale_streams_t *self, size_t number, const stale_streams_t *other, size_t former);

/* The stream was subscribed upstream: trades are expected; it was unsubscribed: none are; the connection is gone: none of any. now_ns: of
 * clock_mono_ns, here and below. */
void stale_streams_expect(stale_streams_t *self, size_t number, int64_t now_ns);
void stale_streams_rest(stale_streams_t *self, size_t number);
void stale_streams_rest_all(stale_streams_t *self);

/* A trade came. Returns whether the stream was stale. O(1), no allocation. */
bool stale_streams_trade(stale_streams_t *self, size_t number, int64_t now_ns);

/* Looks whether streams have become stale, and returns whether one has. O(number of streams). */
bool stale_streams_check(stale_streams_t *self, int64_t now_ns);

/* How many are stale; is this one? */
size_t stale_streams_count(const stale_streams_t *self);
bool stale_streams_is_stale(const stale_streams_t *self, size_t number);

enum { STALE_STREAMS_PAUSE_MS = 3600000, STALE_STREAMS_REST = 8 };

typedef enum { REMEDY_NONE, REMEDY_RESUBSCRIBE, REMEDY_RECONNECT } remedy_t;

/* A new connection begins; what was silent on the one before is known not to be its fault, or is seen to be. */
void stale_streams_connected(stale_streams_t *self, int64_t now_ns);

/* What is due for one of the streams; *at: 0, then as it was left, until there is REMEDY_NONE. It stays due until it is tried. */
remedy_t stale_streams_remedy(const stale_streams_t *self, size_t *at, int64_t now_ns, size_t *number);

/* It has been tried. */
void stale_streams_tried(stale_streams_t *self, remedy_t remedy, size_t number, int64_t now_ns);

/* For how long this one has been silent. */
int64_t stale_streams_silence_ns(const stale_streams_t *self, size_t number, int64_t now_ns);

/* {"BTC-USD":31.500,…}: the stale ones with the seconds since the last trade. Valid until the next call. */
text_t stale_streams_print(stale_streams_t *self, int64_t now_ns);
