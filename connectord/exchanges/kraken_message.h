/* One message of Kraken's WebSocket API v2 (docs.kraken.com/api).
 *
 *     {"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"sell","price":105910.50,"qty":0.00012460,
 *      "ord_type":"market","trade_id":10218209,"timestamp":"2023-10-06T17:35:56.123456Z"}]}       and, when a subscription begins, "snapshot"
 *     {"method":"subscribe","req_id":7,"result":{"channel":"trade","snapshot":true,"symbol":"BTC/USD"},"success":true,"time_in":…}
 *     {"method":"subscribe","req_id":7,"error":"Currency pair not supported X/Y","success":false,"symbol":"X/Y","time_in":…}
 *     {"channel":"status","type":"update","data":[{"system":"maintenance",…}]}, {"channel":"heartbeat"}, {"method":"pong",…}
 *     {"Error":"Exceeded msg rate"}
 *
 * Prices and quantities are JSON numbers: their text is kept, whatever its length. Strict: RFC 8259's grammar (json.h), the types above, no member twice;
 * other members are skipped, whatever they hold. The trades of `data` are read with the message, in one pass over it, and each by itself, so that a bad one
 * costs no other. Allocates only for more trades in a message than there were in any before.
 */
#pragma once

#include "connectord/exchanges/kraken_trade.h"

typedef enum {
    KRAKEN_TRADES,
    KRAKEN_ANSWER, /* to a subscribe or an unsubscribe, or a refusal of nobody knows what */
    KRAKEN_PONG,
    KRAKEN_STATUS,
    KRAKEN_OTHER /* heartbeats, and channels and methods that nobody has asked for */
} kraken_kind_t;

enum { KRAKEN_TEXT_MAX = 254, KRAKEN_TRADES_MAX = 10000 /* in a message, which has less room than they would need */ };

/* One of `data`. */
typedef struct {
    text_t json;
    uint64_t id; /* 0: it is malformed */
    bool read;   /* `trade` is there, but for its symbol, which is `spelled`; else it is to be read by itself */
    trade_t trade;
    char spelled[SYMBOL_MAX];
} kraken_kept_trade_t;

/* Zeroed before the first message; kraken_message_release after the last. */
typedef struct {
    kraken_kind_t kind;
    kraken_kept_trade_t *trades; /* owned; for kraken_message_trade */
    size_t trade_count, trade_room;
    bool trades_lost;                  /* there was no room for one */
    bool snapshot;                     /* they are from before the subscription */
    bool subscribe, success, numbered; /* of an answer: to a subscribe; it was done; it says to which request … */
    uint64_t request;                  /* … that is */
    text_t symbol;                     /* … ours; empty where it names none */
    text_t text;                       /* … why not: cut at KRAKEN_TEXT_MAX bytes */
    text_t system;                     /* of a status: "online" */

    char spelled[SYMBOL_MAX];
    fields_t fields;      /* their `reason`: what is wrong */
    fields_t inner;       /* of the object inside of an answer or a status */
    kraken_trade_t trade; /* the one that was read last */
} kraken_message_t;

void kraken_message_release(kraken_message_t *self);

/* False for a malformed message: fields.reason is set then, and nothing else. The slices point into `json` and into the message itself: don't copy it. */
bool kraken_message_read(kraken_message_t *self, text_t json);

/* One of its trades, valid until the next one, and until the next message; NULL for a malformed one: trade.fields.reason is set then. */
trade_t *kraken_message_trade(kraken_message_t *self, size_t number);
