/* What Binance sends. The first byte chooses: a message ('m'), a page of trades ('t') or of candles ('c'). What is taken is valid, and price and qty stand in it as
 * they are; what is refused says why. */
#include "common/json/json.h"
#include "common/numbers/decimal.h"
#include "connectord/exchanges/binance_message.h"
#include "connectord/exchanges/binance_past.h"
#include "tests/fuzz/fuzz.h"

static bool within(text_t part, text_t whole)
{
    return part.at >= whole.at && part.at + part.length <= whole.at + whole.length;
}

static void check_trade(trade_t trade)
{
    const char *wrong;
    int64_t timestamp_ns = trade.timestamp_ns;
    trade.source = TEXT("a");
    require(trade_valid(&trade, &wrong));
    require(timestamp_ns == trade.timestamp_ns);
}

static void check_message(text_t json)
{
    static binance_message_t message;
    if (!binance_message_read(&message, json)) {
        require(message.outer.reason[0] != '\0');
        return;
    }
    require(json_valid(json));
    require(message.text.length <= BINANCE_TEXT_MAX || message.kind != BINANCE_REFUSED);
    if (message.kind != BINANCE_TRADE)
        return;
    message.trade.symbol = TEXT("A-B");
    check_trade(message.trade);
    require(within(message.trade.id, json));
    char name[SYMBOL_MAX];
    require(binance_name_print(name, message.symbol) <= SYMBOL_MAX);
}

static void on_trade(void *arg, const trade_t *trade, uint64_t id)
{
    const text_t *body = arg;
    check_trade(*trade);
    require(id >= 1 && id <= INT64_MAX && within(trade->id, *body));
}

static void on_candle(void *arg, const past_candle_t *candle)
{
    const text_t *body = arg;
    require(candle->start_ns % INT64_C(60000000000) == 0 && decimal_valid(candle->volume) && within(candle->volume, *body));
}

static void check_page(text_t body, char kind)
{
    char error[PAST_ERROR_MAX];
    memset(error, 'x', sizeof error);
    bool good = kind == 't' ? binance_past.read_trades(body, TEXT("A-B"), on_trade, &body, error)
                            : binance_past.read_candles(body, TEXT("A-B"), on_candle, &body, error);
    require(memchr(error, '\0', sizeof error));
    require(good ? json_valid(body) : error[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text_t rest = {(const char *)data + (size > 0), size - (size > 0)};
    if (size > 0 && data[0] == 'm')
        check_message(rest);
    else if (size > 0 && (data[0] == 't' || data[0] == 'c'))
        check_page(rest, (char)data[0]);
    return 0;
}
