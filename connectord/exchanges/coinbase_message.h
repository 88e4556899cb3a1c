/* One message of the Coinbase Exchange's WebSocket feed, and one trade of its REST API, which has the same members (docs.cdp.coinbase.com/exchange).
 *
 *     {"type":"match","trade_id":10,"maker_order_id":"…","taker_order_id":"…","side":"sell","size":"5.23512","price":"400.23",
 *      "product_id":"BTC-USD","sequence":50,"time":"2014-11-07T08:19:27.028459Z"}                  and last_match: the same
 *     {"type":"heartbeat","sequence":90,"last_trade_id":20,"product_id":"BTC-USD","time":"…"}
 *     {"type":"subscriptions","channels":[{"name":"matches","product_ids":["BTC-USD"]}, …]}         all that is subscribed now
 *     {"type":"error","message":"Failed to subscribe","reason":"FOO-USD is not a valid product"}    message and reason may be null
 *
 * `side` there is the maker's; a trade_t has the taker's, which is the other one. Strings keep their text, whatever its length.
 * Strict: RFC 8259's grammar (json.h), the types above, no member twice; other members are skipped, whatever they hold.
 * Allocates nothing.
 */
#pragma once

#include "connectord/exchanges/fields.h"
#include "proto/topic.h"
#include "proto/trade.h"

typedef enum {
    COINBASE_TRADE,         /* match */
    COINBASE_FORMER,        /* last_match: the last trade from before the subscription */
    COINBASE_TAIL,          /* heartbeat */
    COINBASE_SUBSCRIPTIONS, /* the answer to a request */
    COINBASE_ERROR,         /* the other one */
    COINBASE_OTHER          /* messages of other channels */
} coinbase_kind_t;

enum { COINBASE_TEXT_MAX = 254, COINBASE_PRODUCT_RAW_MAX = 6 * SYMBOL_MAX + 2 /* each byte escaped, and the quotes */ };

typedef struct {
    coinbase_kind_t kind;
    text_t symbol; /* of a trade and a heartbeat */
    trade_t
        trade; /* trade_valid except for cursor, source and received_ns, which are not set; seqnum: `sequence`, 0 where it has none */
    uint64_t id;      /* … its id as a number, 1 to INT64_MAX */
    uint64_t last_id; /* of a heartbeat; 0: no trade yet */
    text_t products;  /* of an answer: the array of what is subscribed to `matches`; empty: nothing is */
    text_t text;      /* of an error, the reason, or else the message: cut at COINBASE_TEXT_MAX bytes */

    fields_t fields; /* their `reason`: what is wrong */
} coinbase_message_t;

/* False for a malformed message: fields.reason is set then, and nothing else. The slices point into `json` and into the message itself: don't copy it. */
bool coinbase_message_read(coinbase_message_t *self, text_t json);

/* The same of a trade of the REST API, which does not name its product. */
bool coinbase_message_read_trade(coinbase_message_t *self, text_t symbol, text_t json);

/* The next of an answer's products that can be a symbol, over a json_walk of them; `room` may hold it. False at the end. */
bool coinbase_message_next_product(json_walk_t *products, char room[static COINBASE_PRODUCT_RAW_MAX], text_t *product);
