/* One message of the Blockchain.com Exchange's WebSocket API v1 (exchange.blockchain.com/api).
 *
 *     {"seqnum":0,"event":"subscribed","channel":"trades","symbol":"BTC-USD"}
 *     {"seqnum":21,"event":"updated","channel":"trades","symbol":"BTC-USD","timestamp":"2019-08-13T11:30:06.100140Z","side":"sell",
 *      "qty":8.5E-5,"price":11252.4,"trade_id":"12884909920"}
 *     {"seqnum":1,"event":"rejected","channel":"trades","symbol":"X","text":"…"}      and, when throttled, without seqnum and channel;
 *                                                                                                   each but event may be null
 *
 * trade_id may also be a whole number: its digits are the id then. Strings and numbers keep their text, whatever its length.
 * Strict: RFC 8259's grammar (json.h), the types above, no member twice; other members are skipped, whatever they hold.
 * Allocates nothing.
 */
#pragma once

#include "connectord/exchanges/fields.h"
#include "proto/trade.h"

typedef enum {
    BLOCKCHAIN_TRADE, /* updated, or a snapshot that holds a trade */
    BLOCKCHAIN_SUBSCRIBED,
    BLOCKCHAIN_UNSUBSCRIBED,
    BLOCKCHAIN_REJECTED, /* of any channel, or of none */
    BLOCKCHAIN_OTHER     /* other channels, and snapshots without a trade */
} blockchain_kind_t;

enum { BLOCKCHAIN_TEXT_MAX = 254 };

typedef struct {
    blockchain_kind_t kind;
    bool has_seqnum; /* also if the message is malformed, if that much could be read */
    uint64_t seqnum;
    text_t channel, symbol; /* empty where absent */
    text_t text;            /* of a rejection: cut at BLOCKCHAIN_TEXT_MAX bytes */
    trade_t trade;          /* trade_valid except for cursor, source and received_ns, which are not set */

    fields_t fields; /* their `reason`: what is wrong */
} blockchain_message_t;

/* False for a malformed message: fields.reason and seqnum are set then, and nothing else. The slices point into `json` and into the message
 * itself: don't copy it. */
bool blockchain_message_read(blockchain_message_t *self, text_t json);
