/* What is Binance's own of the past; what every exchange must do is past_cases.h's. */
#include "connectord/exchanges/binance_past.h"

#include "common/clock.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>

static char told[4096], error[PAST_ERROR_MAX];
static buffer_t question;

static void set_up(void)
{
    told[0] = '\0';
    question = buffer_new(0);
}

static void tear_down(void)
{
    buffer_release(&question);
}

static void on_trade(void *arg, const trade_t *trade, uint64_t id)
{
    size_t length = strlen(told);
    ck_assert_ptr_eq(arg, told);
    snprintf(told + length, sizeof told - length, "%llu:%.*s:%.*s:%s:%.*s*%.*s ", (unsigned long long)id,
             TEXT_ARG(trade->symbol), TEXT_ARG(trade->timestamp), trade->side == SIDE_BUY ? "buy" : "sell",
             TEXT_ARG(trade->qty), TEXT_ARG(trade->price));
}

static void on_candle(void *arg, const past_candle_t *candle)
{
    size_t length = strlen(told);
    ck_assert_ptr_eq(arg, told);
    snprintf(told + length, sizeof told - length, "%lld:%.*s:%s%llu ", (long long)candle->start_ns, TEXT_ARG(candle->volume),
             candle->counted ? "" : "about ", (unsigned long long)candle->trades);
}

static bool read_trades(const char *body)
{
    told[0] = '\0';
    return binance_past.read_trades(text_of(body), TEXT("BNB-BTC"), on_trade, told, error);
}

static bool read_candles(const char *body)
{
    told[0] = '\0';
    return binance_past.read_candles(text_of(body), TEXT("BNB-BTC"), on_candle, told, error);
}

static void check_question(const char *wanted)
{
    ck_assert(buffer_ok(&question));
    ck_assert_msg(text_equal(buffer_text(&question), text_of(wanted)), "expected %s, found %.*s", wanted,
                  TEXT_ARG(buffer_text(&question)));
    buffer_clear(&question);
}

START_TEST(questions_are_as_the_exchange_wants_them)
{
    binance_past.print_trades(&question, TEXT("BTC-USDT"), &(past_place_t){.id = 28457});
    check_question("/api/v3/historicalTrades?symbol=BTCUSDT&fromId=28458&limit=1000");
    binance_past.print_candles(&question, TEXT("btc-usdt"), INT64_C(1499040000) * NS_PER_S, INT64_C(1499040120) * NS_PER_S);
    check_question("/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=1499040000000000&endTime=1499040119999999&limit=1000");
    binance_past.print_trades(&question, TEXT("\xc3\xa9-A&B"), &(past_place_t){.id = INT64_MAX});
    check_question("/api/v3/historicalTrades?symbol=%C3%A9A%26B&fromId=9223372036854775808&limit=1000");
}
END_TEST

/* The exchange takes a weight of 6,000 a minute, and a page weighs 25. */
START_TEST(limits_leave_room_for_others)
{
    ck_assert_str_eq(binance_past.url, "https://api.binance.com");
    ck_assert_str_eq(binance_past.header, "X-MBX-TIME-UNIT: MICROSECOND");
    ck_assert_uint_eq(binance_past.interval_ms, 60000);
    ck_assert_uint_lt(binance_past.requests * 25, 6000);
    ck_assert_uint_eq(binance_past.page, 1000);
    ck_assert(!binance_past.window);
}
END_TEST

START_TEST(trades_are_the_takers_with_times_as_they_were_counted)
{
    ck_assert(read_trades(
        "[{\"id\":28457,\"price\":\"4.00000100\",\"qty\":\"12.00000000\",\"quoteQty\":\"48.000012\",\"time\":1499865549590,"
        "\"isBuyerMaker\":true,\"isBestMatch\":true},"
        "{\"isBuyerMaker\":false,\"time\":1499865549591123,\"qty\":\"1\",\"price\":\"2\",\"id\":28458}]"));
    ck_assert_str_eq(error, "");
    ck_assert_str_eq(told, "28457:BNB-BTC:2017-07-12T13:19:09.590Z:sell:12.00000000*4.00000100 "
                           "28458:BNB-BTC:2017-07-12T13:19:09.591123Z:buy:1*2 ");
}
END_TEST

#define TRADE_WITH(id, price, qty, time, maker)                                                                                \
    "{\"id\":" id ",\"price\":" price ",\"qty\":" qty ",\"time\":" time ",\"isBuyerMaker\":" maker "}"
#define GOOD(id) TRADE_WITH(id, "\"1\"", "\"2\"", "1499865549590", "true")

START_TEST(trade_with_a_wrong_field_is_left_out_with_its_reason)
{
    static const char *const bad[][2] = {
        {"{}", "id: missing"},
        {"null", "expected an object"},
        {"[]", "expected an object"},
        {"{\"id\":1}", "price: missing"},
        {"{\"id\":1,\"price\":\"1\"}", "qty: missing"},
        {"{\"id\":1,\"price\":\"1\",\"qty\":\"1\"}", "time: missing"},
        {"{\"id\":1,\"price\":\"1\",\"qty\":\"1\",\"time\":1499865549590}", "isBuyerMaker: missing"},
        {TRADE_WITH("\"1\"", "\"1\"", "\"1\"", "1499865549590", "true"), "id: expected a number"},
        {TRADE_WITH("1,\"id\":1", "\"1\"", "\"1\"", "1499865549590", "true"), "id: expected once, found twice"},
        {TRADE_WITH("1", "1", "\"1\"", "1499865549590", "true"), "price: expected a string"},
        {TRADE_WITH("1", "\"1\"", "1", "1499865549590", "true"), "qty: expected a string"},
        {TRADE_WITH("1", "\"1\"", "\"x\"", "1499865549590", "true"), "qty: invalid"},
        {TRADE_WITH("1", "\"1\"", "\"1\"", "\"1499865549590\"", "true"), "time: expected a number"},
        {TRADE_WITH("1", "\"1\"", "\"1\"", "1499865549", "true"), "timestamp: invalid"},
        {TRADE_WITH("1", "\"1\"", "\"1\"", "9999999999999", "true"), "timestamp: invalid"},
        {TRADE_WITH("1", "\"1\"", "\"1\"", "1499865549590", "1"), "isBuyerMaker: expected another type"},
        {TRADE_WITH("1", "\"1\"", "\"1\"", "1499865549590", "null"), "isBuyerMaker: expected true or false"},
    };
    char body[512];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(body, sizeof body, "[" GOOD("5") ",%s," GOOD("7") "]", bad[i][0]);
        ck_assert_msg(read_trades(body), "%s", error);
        ck_assert_str_eq(told, "5:BNB-BTC:2017-07-12T13:19:09.590Z:sell:2*1 7:BNB-BTC:2017-07-12T13:19:09.590Z:sell:2*1 ");
        ck_assert_msg(strstr(error, bad[i][1]), "%s: expected \"%s\", found \"%s\"", bad[i][0], bad[i][1], error);
    }
}
END_TEST

#define CANDLE(start, volume, count)                                                                                           \
    "[" start ",\"0.01634790\",\"0.80000000\",\"0.01575800\",\"0.01577100\"," volume ",1499040059999,\"2434.19055334\"," count \
    ",\"1756.87402397\",\"28.46694368\",\"0\"]"

START_TEST(candles_have_their_volume_and_how_many_trades_there_were)
{
    ck_assert(read_candles(
        "[" CANDLE("1499040000000", "\"148976.11427815\"", "308") "," CANDLE("1499040060000000", "\"0\"", "0") "]"));
    ck_assert_str_eq(error, "");
    ck_assert_str_eq(told, "1499040000000000000:148976.11427815:308 1499040060000000000:0:0 ");
}
END_TEST

START_TEST(candle_with_a_wrong_cell_is_left_out_with_its_reason)
{
    static const char *const bad[][2] = {
        {"{}", "array"},
        {"[]", "array of 9"},
        {"7", "array of 9"},
        {"[1499040000000,1,2,3,4,\"5\",6,7]", "array of 9"},
        {CANDLE("1499040000001", "\"1\"", "1"), "whole minute"},
        {CANDLE("1499040000", "\"1\"", "1"), "whole minute"},
        {CANDLE("\"1499040000000\"", "\"1\"", "1"), "whole minute"},
        {CANDLE("null", "\"1\"", "1"), "whole minute"},
        {CANDLE("1499040000000", "1", "1"), "volume"},
        {CANDLE("1499040000000", "\"-1\"", "1"), "volume"},
        {CANDLE("1499040000000", "\"many\"", "1"), "volume"},
        {CANDLE("1499040000000", "\"1\"", "\"1\""), "number of trades"},
        {CANDLE("1499040000000", "\"1\"", "-1"), "number of trades"},
        {CANDLE("1499040000000", "\"1\"", "1.5"), "number of trades"},
        {CANDLE("1499040000000", "\"1\"", "99999999999999999999"), "number of trades"},
    };
    char body[1024];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(body, sizeof body, "[" CANDLE("1499040000000", "\"1\"", "1") ",%s," CANDLE("1499040060000", "\"2\"", "2") "]",
                 bad[i][0]);
        ck_assert_msg(read_candles(body), "%s", error);
        ck_assert_str_eq(told, "1499040000000000000:1:1 1499040060000000000:2:2 ");
        ck_assert_msg(strstr(error, bad[i][1]), "%s: expected \"%s\", found \"%s\"", bad[i][0], bad[i][1], error);
    }
}
END_TEST

START_TEST(answer_of_the_real_exchange_is_read)
{
    char body[4096];
    FILE *file = fopen("../shared/data/binance-rest-trades.json", "r");
    if (!file) {
        printf("skipped: ../shared/data/binance-rest-trades.json is not there\n");
        return;
    }
    body[fread(body, 1, sizeof body - 1, file)] = '\0';
    fclose(file);
    ck_assert(read_trades(body));
    ck_assert_str_eq(error, "");
    ck_assert_str_eq(told, "28457:BNB-BTC:2017-07-12T13:19:09.590Z:sell:12.00000000*4.00000100 ");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        questions_are_as_the_exchange_wants_them,
        limits_leave_room_for_others,
        trades_are_the_takers_with_times_as_they_were_counted,
        trade_with_a_wrong_field_is_left_out_with_its_reason,
        candles_have_their_volume_and_how_many_trades_there_were,
        candle_with_a_wrong_cell_is_left_out_with_its_reason,
        answer_of_the_real_exchange_is_read,
    };
    return RUN_TESTS("binance_past", TEST_CASE(set_up, tear_down, tests));
}
