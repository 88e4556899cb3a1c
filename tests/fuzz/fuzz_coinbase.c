/* What the exchange sends: the first byte says what it is, a message, or a page of trades ('t') or of candles ('c'). A message that is taken is valid JSON,
 * its trade is valid, and price and qty stand in it as they are; a page that is taken is valid JSON, too. What is refused says why. */
#include "common/json/json.h"
#include "common/numbers/decimal.h"
#include "connectord/exchanges/coinbase_message.h"
#include "connectord/exchanges/coinbase_past.h"
#include "tests/fuzz/fuzz.h"

static bool within(text_t part, text_t whole)
{
    return part.at >= whole.at && part.at + part.length <= whole.at + whole.length;
}

static void check_trade(const trade_t *found, uint64_t id)
{
    const char *wrong;
    uint64_t number;
    trade_t trade = *found;
    trade.source = TEXT("a");
    require(trade_valid(&trade, &wrong));
    require(trade.timestamp_ns == found->timestamp_ns);
    require(text_to_u64(trade.id, &number) && number == id);
    require(id > 0 && id <= INT64_MAX);
}

static void on_trade(void *arg, const trade_t *trade, uint64_t id)
{
    (void)arg;
    check_trade(trade, id);
}

static void on_candle(void *arg, const past_candle_t *candle)
{
    require(within(candle->volume, *(text_t *)arg));
    require(decimal_valid(candle->volume) && decimal_sign(candle->volume) >= 0);
    require(candle->start_ns >= 0 && candle->start_ns % (60 * NS_PER_S) == 0);
}

static void read_page(char kind, text_t page)
{
    char error[PAST_ERROR_MAX];
    bool good = kind == 't' ? coinbase_past.read_trades(page, TEXT("BTC-USD"), on_trade, NULL, error)
                            : coinbase_past.read_candles(page, TEXT("BTC-USD"), on_candle, &page, error);
    require(memchr(error, '\0', sizeof error) != NULL);
    require(good ? json_valid(page) : error[0] != '\0');
}

static void read_message(text_t json)
{
    static coinbase_message_t message;
    char room[COINBASE_PRODUCT_RAW_MAX];
    text_t product;
    if (!coinbase_message_read(&message, json)) {
        require(message.fields.reason[0] != '\0');
        return;
    }
    require(json_valid(json));
    json_walk_t products = json_walk(message.products);
    while (coinbase_message_next_product(&products, room, &product))
        require(product.length <= COINBASE_PRODUCT_RAW_MAX);
    if (message.kind == COINBASE_TRADE || message.kind == COINBASE_FORMER)
        check_trade(&message.trade, message.id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    text_t rest = {(const char *)data + 1, size - 1};
    if (data[0] == 't' || data[0] == 'c')
        read_page((char)data[0], rest);
    else
        read_message(rest);
    return 0;
}
