#include "connectord/exchanges/kraken_message.h"
#include "connectord/exchanges/kraken_trade.h"
#include "tests/unit/check_text.h"
#include "tests/unit/connectord/exchanges/recorded_text.h"
#include "tests/unit/run_tests.h"

#define SYMBOL    "\"symbol\":\"BTC/USD\","
#define SIDE      "\"side\":\"buy\","
#define PRICE     "\"price\":105944.20,"
#define QTY       "\"qty\":0.00027600,"
#define TRADE_ID  "\"trade_id\":10218208,"
#define TIMESTAMP "\"timestamp\":\"2023-10-06T17:35:55.440295Z\""
#define TRADE     "{" SYMBOL SIDE PRICE QTY "\"ord_type\":\"limit\"," TRADE_ID TIMESTAMP "}"

static kraken_trade_t trade;

static bool read(const char *json)
{
    return kraken_trade_read(&trade, text_of(json));
}

static void check_trade(const char *json)
{
    ck_assert_msg(read(json), "%s: %s", json, trade.fields.reason);
    check_text(trade.trade.symbol, "BTC-USD");
    check_text(trade.trade.timestamp, "2023-10-06T17:35:55.440295Z");
    ck_assert_int_eq(trade.trade.timestamp_ns, INT64_C(1696613755440295000));
    ck_assert_int_eq(trade.trade.side, SIDE_BUY);
    check_text(trade.trade.price, "105944.20");
    check_text(trade.trade.qty, "0.00027600");
    check_text(trade.trade.id, "10218208");
    ck_assert_uint_eq(trade.id, 10218208);
    ck_assert_uint_eq(trade.trade.seqnum, 0);
}

START_TEST(trade_is_read_with_its_exact_text)
{
    check_trade(TRADE);
    check_trade(" { \"new\":{\"qty\":1}, " TIMESTAMP ",\n" TRADE_ID QTY PRICE SIDE SYMBOL "\"\":null}");
    check_trade("{\"symb\\u006fl\":\"BTC\\/USD\"," SIDE PRICE QTY TRADE_ID TIMESTAMP "}");
    ck_assert(read("{" SYMBOL "\"side\":\"sell\",\"price\":-1.05E+4,\"qty\":2.50e-7," TRADE_ID TIMESTAMP "}"));
    ck_assert_int_eq(trade.trade.side, SIDE_SELL);
    check_text(trade.trade.price, "-1.05E+4");
    check_text(trade.trade.qty, "2.50e-7");
}
END_TEST

START_TEST(numbers_keep_every_digit)
{
    ck_assert(read("{" SYMBOL SIDE "\"price\":12345678901234567890.1234567890,\"qty\":0.000000000000000000000000000012000,"
                   "\"trade_id\":9223372036854775807," TIMESTAMP "}"));
    check_text(trade.trade.price, "12345678901234567890.1234567890");
    check_text(trade.trade.qty, "0.000000000000000000000000000012000");
    ck_assert_uint_eq(trade.id, INT64_MAX);
}
END_TEST

#define X65 "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
#define N65 "12345678901234567890123456789012345678901234567890123456789012345"

static const char *const malformed[][2] = {
    {"7", "expected an object"},
    {"null", "expected an object"},
    {"[]", "expected an object"},
    {"\"trade\"", "expected an object"},
    {"{}", "symbol: missing"},
    {"{" SIDE PRICE QTY TRADE_ID TIMESTAMP "}", "symbol: missing"},
    {"{\"symbol\":7," SIDE PRICE QTY TRADE_ID TIMESTAMP "}", "symbol: expected a string, found a number"},
    {"{\"symbol\":\"BTCUSD\"," SIDE PRICE QTY TRADE_ID TIMESTAMP "}", "symbol: expected BASE/QUOTE, found \"BTCUSD\""},
    {"{\"symbol\":\"BTC-USD\"," SIDE PRICE QTY TRADE_ID TIMESTAMP "}", "symbol: expected BASE/QUOTE, found \"BTC-USD\""},
    {"{\"symbol\":\"A/B/C\"," SIDE PRICE QTY TRADE_ID TIMESTAMP "}", "symbol: invalid, found A/B/C"},
    {"{\"symbol\":\"/USD\"," SIDE PRICE QTY TRADE_ID TIMESTAMP "}", "symbol: invalid, found /USD"},
    {"{\"symbol\":\"A/" X65 "\"," SIDE PRICE QTY TRADE_ID TIMESTAMP "}", "symbol: expected BASE/QUOTE, found \"A/" X65 "\""},
    {"{" SYMBOL SYMBOL SIDE PRICE QTY TRADE_ID TIMESTAMP "}", "symbol: expected once, found twice"},
    {"{" SYMBOL PRICE QTY TRADE_ID TIMESTAMP "}", "side: missing"},
    {"{" SYMBOL "\"side\":true," PRICE QTY TRADE_ID TIMESTAMP "}", "side: expected a string, found another type"},
    {"{" SYMBOL "\"side\":\"b\"," PRICE QTY TRADE_ID TIMESTAMP "}", "side: expected buy or sell, found \"b\""},
    {"{" SYMBOL SIDE SIDE PRICE QTY TRADE_ID TIMESTAMP "}", "side: expected once, found twice"},
    {"{" SYMBOL SIDE QTY TRADE_ID TIMESTAMP "}", "price: missing"},
    {"{" SYMBOL SIDE "\"price\":\"1.5\"," QTY TRADE_ID TIMESTAMP "}", "price: expected a number, found a string"},
    {"{" SYMBOL SIDE "\"price\":null," QTY TRADE_ID TIMESTAMP "}", "price: expected a number, found another type"},
    {"{" SYMBOL SIDE "\"price\":" N65 "," QTY TRADE_ID TIMESTAMP "}", "price: invalid, found " N65},
    {"{" SYMBOL SIDE "\"price\":1e100," QTY TRADE_ID TIMESTAMP "}", "price: invalid, found 1e100"},
    {"{" SYMBOL SIDE PRICE PRICE QTY TRADE_ID TIMESTAMP "}", "price: expected once, found twice"},
    {"{" SYMBOL SIDE PRICE TRADE_ID TIMESTAMP "}", "qty: missing"},
    {"{" SYMBOL SIDE PRICE "\"qty\":[]," TRADE_ID TIMESTAMP "}", "qty: expected a number, found another type"},
    {"{" SYMBOL SIDE PRICE "\"qty\":" N65 "," TRADE_ID TIMESTAMP "}", "qty: invalid, found " N65},
    {"{" SYMBOL SIDE PRICE QTY QTY TRADE_ID TIMESTAMP "}", "qty: expected once, found twice"},
    {"{" SYMBOL SIDE PRICE QTY TIMESTAMP "}", "trade_id: missing"},
    {"{" SYMBOL SIDE PRICE QTY "\"trade_id\":\"1\"," TIMESTAMP "}", "trade_id: expected a number, found a string"},
    {"{" SYMBOL SIDE PRICE QTY "\"trade_id\":0," TIMESTAMP "}", "trade_id: expected 1 to 2^63-1, found 0"},
    {"{" SYMBOL SIDE PRICE QTY "\"trade_id\":-1," TIMESTAMP "}", "trade_id: expected a whole number, found -1"},
    {"{" SYMBOL SIDE PRICE QTY "\"trade_id\":1.0," TIMESTAMP "}", "trade_id: expected a whole number, found 1.0"},
    {"{" SYMBOL SIDE PRICE QTY "\"trade_id\":1e3," TIMESTAMP "}", "trade_id: expected a whole number, found 1e3"},
    {"{" SYMBOL SIDE PRICE QTY "\"trade_id\":9223372036854775808," TIMESTAMP "}",
     "trade_id: expected 1 to 2^63-1, found 9223372036854775808"},
    {"{" SYMBOL SIDE PRICE QTY "\"trade_id\":" N65 "," TIMESTAMP "}", "trade_id: expected a whole number, found " N65},
    {"{" SYMBOL SIDE PRICE QTY TRADE_ID TRADE_ID TIMESTAMP "}", "trade_id: expected once, found twice"},
    {"{" SYMBOL SIDE PRICE QTY "\"trade_id\":1}", "timestamp: missing"},
    {"{" SYMBOL SIDE PRICE QTY TRADE_ID "\"timestamp\":1696613755}", "timestamp: expected a string, found a number"},
    {"{" SYMBOL SIDE PRICE QTY TRADE_ID "\"timestamp\":\"yesterday\"}", "timestamp: invalid, found yesterday"},
    {"{" SYMBOL SIDE PRICE QTY TRADE_ID "\"timestamp\":\"2023-02-30T00:00:00Z\"}",
     "timestamp: invalid, found 2023-02-30T00:00:00Z"},
    {"{" SYMBOL SIDE PRICE QTY TRADE_ID TIMESTAMP "," TIMESTAMP "}", "timestamp: expected once, found twice"},
};

START_TEST(malformed_trades_are_told_with_what_is_wrong)
{
    ck_assert(!read(malformed[_i][0]));
    ck_assert_str_eq(trade.fields.reason, malformed[_i][1]);
}
END_TEST

/* As they stand in the recording. */
static const struct {
    const char *symbol, *timestamp, *price, *qty, *id;
    side_t side;
} recorded[] = {
    {"BTC-USD", "2023-10-06T17:35:55.440295Z", "105944.20", "0.00027625", "10218208", SIDE_BUY},
    {"BTC-USD", "2023-10-06T17:35:56.123456Z", "105910.50", "0.00012460", "10218209", SIDE_SELL},
};

START_TEST(recorded_message_is_read_digit_for_digit)
{
    static kraken_message_t message;
    buffer_t text = recorded_text("../shared/data/kraken-v2-trade.json");
    if (text.length == 0)
        return;
    ck_assert_msg(kraken_message_read(&message, buffer_text(&text)), "%s", message.fields.reason);
    ck_assert_int_eq(message.kind, KRAKEN_TRADES);
    ck_assert(!message.snapshot);
    ck_assert_uint_eq(message.trade_count, sizeof recorded / sizeof *recorded);
    for (size_t i = 0; i < message.trade_count; i++) {
        const trade_t *found = kraken_message_trade(&message, i);
        ck_assert_msg(found != NULL, "%s", message.trade.fields.reason);
        check_text(found->symbol, recorded[i].symbol);
        check_text(found->timestamp, recorded[i].timestamp);
        check_text(found->price, recorded[i].price);
        check_text(found->qty, recorded[i].qty);
        check_text(found->id, recorded[i].id);
        ck_assert_int_eq(found->side, recorded[i].side);
    }
    buffer_release(&text);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("kraken_trade");
    tcase_add_test(tests, trade_is_read_with_its_exact_text);
    tcase_add_test(tests, numbers_keep_every_digit);
    tcase_add_loop_test(tests, malformed_trades_are_told_with_what_is_wrong, 0, sizeof malformed / sizeof *malformed);
    tcase_add_test(tests, recorded_message_is_read_digit_for_digit);
    return RUN_TESTS("kraken_trade", tests);
}
