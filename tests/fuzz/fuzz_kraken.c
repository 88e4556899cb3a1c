/* What the exchange sends, the first byte says as what: t, an answer with trades, c, one with candles, or a message. What is taken is valid JSON, its trades
 * are valid, and price and qty stand in it as they are; what is refused says why. */
#include "common/json/json.h"
#include "common/numbers/decimal.h"
#include "connectord/exchanges/kraken_message.h"
#include "connectord/exchanges/kraken_past.h"
#include "tests/fuzz/fuzz.h"

static bool within(text_t part, text_t whole)
{
    return part.at >= whole.at && part.at + part.length <= whole.at + whole.length;
}

static void check_trade(const trade_t *found, uint64_t id, text_t json)
{
    const char *wrong;
    trade_t trade = *found;
    trade.source = TEXT("a");
    require(trade_valid(&trade, &wrong) && trade.timestamp_ns == found->timestamp_ns);
    require(within(trade.qty, json) && within(trade.price, json) && within(trade.id, json));
    require(id >= 1 && id <= INT64_MAX);
}

static void on_trade(void *arg, const trade_t *trade, uint64_t id)
{
    check_trade(trade, id, *(text_t *)arg);
}

static void on_candle(void *arg, const past_candle_t *candle)
{
    require(candle->counted && decimal_valid(candle->volume) && decimal_sign(candle->volume) >= 0);
    require(within(candle->volume, *(text_t *)arg) && candle->start_ns >= 0 && candle->start_ns % (60 * NS_PER_S) == 0);
}

static void read_past(text_t json, bool candles)
{
    char error[PAST_ERROR_MAX];
    bool good = candles ? kraken_past.read_candles(json, TEXT("BTC-USD"), on_candle, &json, error)
                        : kraken_past.read_trades(json, TEXT("BTC-USD"), on_trade, &json, error);
    require(memchr(error, '\0', sizeof error) != NULL);
    require(good ? json_valid(json) : error[0] != '\0');
}

static void read_message(text_t json)
{
    static kraken_message_t message;
    if (!kraken_message_read(&message, json)) {
        require(message.fields.reason[0] != '\0');
        return;
    }
    require(json_valid(json));
    require(message.symbol.length <= SYMBOL_MAX && message.text.length <= KRAKEN_TEXT_MAX);
    for (size_t i = 0; message.kind == KRAKEN_TRADES && i < message.trade_count; i++) {
        const trade_t *trade = kraken_message_trade(&message, i);
        if (trade)
            check_trade(trade, message.trades[i].id, json);
        else
            require(message.trade.fields.reason[0] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    text_t json = {(const char *)data + 1, size - 1};
    if (data[0] == 't' || data[0] == 'c')
        read_past(json, data[0] == 'c');
    else
        read_message(json);
    return 0;
}
