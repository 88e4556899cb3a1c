/* One trade of a message of Kraken's WebSocket API v2 (kraken_message.h).
 *
 *     {"symbol":"BTC/USD","side":"sell","price":105910.50,"qty":0.00012460,"ord_type":"market","trade_id":10218209,
 *      "timestamp":"2023-10-06T17:35:56.123456Z"}
 *
 * side is the taker's. Strict: the types above, no member twice; other members are skipped, whatever they hold. Allocates nothing.
 */
#pragma once

#include "connectord/exchanges/fields.h"
#include "proto/topic.h"
#include "proto/trade.h"

typedef struct {
    trade_t trade; /* trade_valid except for cursor, source and received_ns, which are not set */
    uint64_t id;   /* 1 to 2⁶³-1 */

    char spelled[SYMBOL_MAX];
    fields_t fields; /* their `reason`: what is wrong */
} kraken_trade_t;

/* False for a malformed one: fields.reason is set then, and nothing else. The slices point into `json` and into the trade itself: don't copy it. */
bool kraken_trade_read(kraken_trade_t *self, text_t json);

/* For whoever reads messages: the members' names, and the rest of kraken_trade_read once `fields` have been read by them. */
enum { KRAKEN_TRADE_FIELDS = 6 };
extern const text_t kraken_trade_names[KRAKEN_TRADE_FIELDS];
bool kraken_trade_take(kraken_trade_t *self);
