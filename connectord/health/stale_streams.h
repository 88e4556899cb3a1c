/* Which of a source's streams are stale: the trade rate (trade_rate.h) of each, what the status says of them, and what to do about it.
 *
 * Streams are numbered as the source's symbols are in its configuration.
 *
 * A starving stream may be one that the exchange has forgotten, or a market without trades. Nobody can tell, so cheap remedies are
 * tried first, and less and less often. L is the silence that made the stream stale:
 *
 *     silence of L                  it is subscribed again: two messages, and whatever is traded within a round trip
 *     2·L, 4·L, 8·L …               again; at most STALE_STREAMS_PAUSE_MS after the one before
 *     all busy streams are stale,   a new connection, instead of the resubscribe that is due: the last resort, as it costs what all the
 *     and that helped none          other streams would have had meanwhile
 *     one has been silent for 8·L   a new connection, too, but only one: if that does not help, the connection is not to blame
 *
 * A connection is closed for this reason only when it is older than reconnect_ms (0: never); each such reconnect doubles that, up to
 * STALE_STREAMS_REST times, until a connection has held four times as long. So a market that has gone quiet costs some messages and a
 * handful of reconnects a night, and one that merely trades less is soon no longer stale, as the trade rate learns.
 */
#pragma once

#include "common/text.h"
#include "connectord/health/trade_rate.h"

typedef struct stale_streams stale_streams_t;

/* `symbols` outlive it. NULL when memory runs out. */
stale_streams_t *stale_streams_new(const trade_rate_config_t *config, const text_t *symbols, size_t count);
void stale_streams_destroy(stale_streams_t **self);

/* The stream continues stream number `former` of another stale_streams_t. */
void stale_streams_inherit(stale_streams_t *self, size_t number, const stale_streams_t *other, size_t former);

/* The stream was subscribed upstream: trades are expected; it was unsubscribed: none are; the connection is gone: none of any. now_ns: of
 * clock_mono_ns, here and below. */
void stale_streams_expect(stale_streams_t *self, size_t number, int64_t now_ns);
void stale_streams_rest(stale_streams_t *self, size_t number);
void stale_streams_rest_all(stale_streams_t *self);

/* A trade came that is to be told of soon: what that touches is fetched meanwhile. */
void stale_streams_fetch(const stale_streams_t *self, size_t number);

/* A trade came. Returns whether the stream was stale. O(1), no allocation. */
bool stale_streams_trade(stale_streams_t *self, size_t number, int64_t now_ns);

/* Checks whether streams have become stale, and returns whether one has. O(number of streams). */
bool stale_streams_check(stale_streams_t *self, int64_t now_ns);

/* How many are stale; is this one? */
size_t stale_streams_count(const stale_streams_t *self);
bool stale_streams_is_stale(const stale_streams_t *self, size_t number);

enum { STALE_STREAMS_PAUSE_MS = 3600000, STALE_STREAMS_REST = 8 };

typedef enum { REMEDY_NONE, REMEDY_RESUBSCRIBE, REMEDY_RECONNECT } remedy_t;

/* A new connection begins; it will show whether a silence on the one before was that connection's fault. */
void stale_streams_connected(stale_streams_t *self, int64_t now_ns);

/* The remedy due for one of the streams; *at: start with 0, and keep it until REMEDY_NONE. It stays due until it is tried. */
remedy_t stale_streams_remedy(const stale_streams_t *self, size_t *at, int64_t now_ns, size_t *number);

/* It has been tried. */
void stale_streams_tried(stale_streams_t *self, remedy_t remedy, size_t number, int64_t now_ns);

/* How long this one has been silent. */
int64_t stale_streams_silence_ns(const stale_streams_t *self, size_t number, int64_t now_ns);

/* {"BTC-USD":31.500,…}: the stale ones with the seconds since the last trade. Valid until the next call. */
text_t stale_streams_print(stale_streams_t *self, int64_t now_ns);
