/* One message of Binance's WebSocket market streams (spot).
 *
 *     {"stream":"btcusdt@trade","data":{"e":"trade","E":1672515782136123,"s":"BTCUSDT","t":12345,"p":"0.001","q":"100",
 *      "T":1672515782136120,"m":true,"M":true}}                     combined; or what is in `data` alone: both are read
 *     {"result":null,"id":1}                                        the request of that number is granted …
 *     {"result":true,"id":2}                                        … or the answer to a question, which is left alone
 *     {"error":{"code":2,"msg":"…"},"id":1}                         … or refused; also without `error` around it, and without an id
 *     {"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}
 *
 * T counts ms or µs since 1970; its digits tell which. m: the buyer was there first, so the taker sold. Other events, and books, which name no event, are left
 * alone. Strict: RFC 8259's grammar (json.h), the types above, no member twice; other members are skipped, whatever they hold. Allocates nothing.
 */
#pragma once

#include "common/timestamp.h"
#include "connectord/exchanges/fields.h"
#include "proto/topic.h"
#include "proto/trade.h"

typedef enum {
    BINANCE_TRADE,
    BINANCE_GRANTED,
    BINANCE_REFUSED,
    BINANCE_SHUTDOWN, /* the server will end the connection soon */
    BINANCE_OTHER
} binance_kind_t;

enum { BINANCE_TEXT_MAX = 254 };

typedef struct {
    binance_kind_t kind;
    bool numbered; /* an answer: it says to which request */
    uint64_t request;
    text_t text;   /* of a refusal: cut at BINANCE_TEXT_MAX bytes */
    text_t symbol; /* of a trade: the exchange's, BTCUSDT */
    trade_t trade; /* trade_valid except for cursor, symbol, source and received_ns, which are not set */
    char timestamp[TIMESTAMP_MAX];

    fields_t outer, event; /* `outer` says what is wrong */
} binance_message_t;

/* False for a malformed message: outer.reason is set then, and nothing else. The slices point into `json` and into the message itself: don't copy it. */
bool binance_message_read(binance_message_t *self, text_t json);

/* A count of ms or of µs since 1970, as a time; the fraction has as many digits as it tells, 3 or 6. The length, or 0 for any other text. */
size_t binance_time_print(char out[static TIMESTAMP_MAX], text_t count, int64_t *ns);

/* A trade's id: a whole number from 1 to 2⁶³-1. */
bool binance_id_read(text_t text, uint64_t *id);

/* The exchange's name of a symbol, BTCUSDT for BTC-USDT, without a NUL; the way back is in no name. Returns the length. */
size_t binance_name_print(char out[static SYMBOL_MAX], text_t symbol);
