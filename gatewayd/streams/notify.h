/* The params of notifications about what happened, and small pieces of JSON that several replies share. */
#pragma once

#include "common/buffer.h"
#include "gatewayd/streams/offer.h"
#include "proto/cursor.h"

/* A time, with the quotes: `"2025-11-10T17:24:33.937345Z"`. */
void notify_put_time(buffer_t *out, int64_t ns);

/* Seconds with three decimals; 0 for the future. */
void notify_put_seconds(buffer_t *out, int64_t ns);

/* trades.gap: [from, to] is not available. If the epochs differ nobody knows how many are missing: null. */
void notify_gap(buffer_t *out, text_t symbol, text_t source, cursor_t from, cursor_t to);

/* trades.gap of a hole upstream: from and to are the last trade before it, and upstream says when it was. */
void notify_hole(buffer_t *out, text_t source, const status_hole_t *hole);

/* trades.live: who had everything up to `from` has got `count` records, of this sum, and is live from `to` on. */
void notify_live(buffer_t *out, text_t symbol, text_t source, cursor_t from, cursor_t to, uint64_t count, uint32_t hash);

/* connection.lost of a source that is down and connection.restored of one that has just come up. staleness: how long there
 * has been nothing, or was nothing. */
void notify_lost(buffer_t *out, const offer_t *offer, int64_t now_ns);
void notify_restored(buffer_t *out, const offer_t *offer);

/* The same for one stream of a source that is up: it starves, or has just had a trade again. */
void notify_stale(buffer_t *out, const offer_t *offer, const offer_stale_t *stale, int64_t now_ns);
void notify_fresh(buffer_t *out, const offer_t *offer, const offer_stale_t *stale, int64_t now_ns);

/* subscription.failing of one stream, and, without a reason, subscription.restored. */
void notify_failing(buffer_t *out, text_t source, const offer_failing_t *failing);
