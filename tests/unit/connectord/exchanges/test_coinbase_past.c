/* What is the Coinbase Exchange's own; what every exchange's past must do is past_cases.h's. */
#include "connectord/exchanges/coinbase_past.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>

#define START_NS (INT64_C(1762795440) * NS_PER_S) /* 2025-11-10T17:24:00Z */

static buffer_t out;
static char found[2000], error[PAST_ERROR_MAX];

static void set_up(void)
{
    out = buffer_new(0);
    found[0] = '\0';
}

static void tear_down(void)
{
    buffer_release(&out);
}

static void check_out(const char *wanted)
{
    ck_assert_msg(text_equal(buffer_text(&out), text_of(wanted)), "expected %s, found %.*s", wanted,
                  TEXT_ARG(buffer_text(&out)));
    buffer_clear(&out);
}

static void on_trade(void *arg, const trade_t *trade, uint64_t id)
{
    (void)arg;
    snprintf(found + strlen(found), sizeof found - strlen(found), "%llu %.*s %.*s %s %.*s %.*s %.*s %llu\n",
             (unsigned long long)id, TEXT_ARG(trade->id), TEXT_ARG(trade->symbol), trade->side == SIDE_BUY ? "buy" : "sell",
             TEXT_ARG(trade->qty), TEXT_ARG(trade->price), TEXT_ARG(trade->timestamp), (unsigned long long)trade->seqnum);
}

static void on_candle(void *arg, const past_candle_t *candle)
{
    (void)arg;
    snprintf(found + strlen(found), sizeof found - strlen(found), "%lld %.*s%s\n", (long long)(candle->start_ns / NS_PER_S),
             TEXT_ARG(candle->volume), candle->counted ? " counted" : "");
}

static bool read_trades(const char *body)
{
    return coinbase_past.read_trades(text_of(body), TEXT("BTC-USD"), on_trade, NULL, error);
}

static bool read_candles(const char *body)
{
    return coinbase_past.read_candles(text_of(body), TEXT("BTC-USD"), on_candle, NULL, error);
}

/* `after` is exclusive: the page ends with the place's id + 1000. */
START_TEST(trades_are_asked_for_from_the_end_of_the_window)
{
    coinbase_past.print_trades(&out, TEXT("BTC-USD"), &(past_place_t){.id = 881614, .time_ns = START_NS});
    check_out("/products/BTC-USD/trades?limit=1000&after=882615");
    coinbase_past.print_trades(&out, TEXT("BTC-USD"), &(past_place_t){0});
    check_out("/products/BTC-USD/trades?limit=1000&after=1001");
    coinbase_past.print_trades(&out, TEXT("BTC-USD"), &(past_place_t){.id = INT64_MAX});
    check_out("/products/BTC-USD/trades?limit=1000&after=9223372036854776808");
    ck_assert(coinbase_past.window);
    ck_assert_uint_eq(coinbase_past.page, 1000);
}
END_TEST

START_TEST(product_is_escaped)
{
    coinbase_past.print_trades(&out, TEXT("\xc3\xa9?-USD"), &(past_place_t){0});
    check_out("/products/%C3%A9%3F-USD/trades?limit=1000&after=1001");
}
END_TEST

/* `end` is inclusive: five minutes are five candles, and no sixth. */
START_TEST(candles_are_asked_for_to_the_last_minutes_start)
{
    coinbase_past.print_candles(&out, TEXT("BTC-USD"), START_NS, START_NS + INT64_C(300) * NS_PER_S);
    check_out("/products/BTC-USD/candles?granularity=60&start=2025-11-10T17:24:00Z&end=2025-11-10T17:28:00Z");
    coinbase_past.print_candles(&out, TEXT("BTC-USD"), START_NS, START_NS + INT64_C(60) * NS_PER_S);
    check_out("/products/BTC-USD/candles?granularity=60&start=2025-11-10T17:24:00Z&end=2025-11-10T17:24:00Z");
    ck_assert_uint_eq(coinbase_past.candles, 300);
}
END_TEST

START_TEST(trades_are_read_with_the_takers_side)
{
    ck_assert(read_trades("[{\"time\":\"2014-11-07T22:19:28.578544Z\",\"trade_id\":74,\"price\":\"10.00000000\","
                          "\"size\":\"0.01000000\",\"side\":\"buy\"},\n"
                          " {\"trade_id\":73,\"side\":\"sell\",\"size\":\"1E-8\",\"price\":\"9.5\",\"new\":[{}],"
                          "\"time\":\"2014-11-07T01:08:43.642366Z\"}]\n"));
    ck_assert_str_eq(error, "");
    ck_assert_str_eq(found, "74 74 BTC-USD sell 0.01000000 10.00000000 2014-11-07T22:19:28.578544Z 0\n"
                            "73 73 BTC-USD buy 1E-8 9.5 2014-11-07T01:08:43.642366Z 0\n");
}
END_TEST

#define GOOD(id)  "{\"time\":\"2014-11-07T22:19:28Z\",\"trade_id\":" id ",\"price\":\"1\",\"size\":\"2\",\"side\":\"buy\"}"
#define FOUND(id) id " " id " BTC-USD sell 2 1 2014-11-07T22:19:28Z 0\n"

static const struct {
    const char *record, *reason;
} bad_trades[] = {
    {"5", "record 2: expected an object"},
    {"null", "record 2: expected an object"},
    {"[]", "record 2: expected an object"},
    {"{}", "record 2: trade_id: missing"},
    {"{\"time\":5,\"trade_id\":6,\"price\":\"1\",\"size\":\"2\",\"side\":\"buy\"}",
     "record 2: time: expected a string, found a number"},
    {"{\"time\":\"2014-11-07T22:19:28Z\",\"trade_id\":\"6\",\"price\":\"1\",\"size\":\"2\",\"side\":\"buy\"}",
     "record 2: trade_id: expected a number, found a string"},
    {"{\"time\":\"2014-11-07T22:19:28Z\",\"trade_id\":6,\"price\":1,\"size\":\"2\",\"side\":\"buy\"}",
     "record 2: price: expected a string, found a number"},
    {"{\"time\":\"2014-11-07T22:19:28Z\",\"trade_id\":6,\"price\":\"1\",\"size\":null,\"side\":\"buy\"}",
     "record 2: size: expected a string, found another type"},
    {"{\"time\":\"2014-11-07T22:19:28Z\",\"trade_id\":6,\"price\":\"1\",\"size\":\"2\",\"side\":\"b\"}",
     "record 2: side: expected buy or sell, found \"b\""},
    {"{\"time\":\"2014-11-07T22:19:28Z\",\"trade_id\":6,\"trade_id\":7,\"price\":\"1\",\"size\":\"2\",\"side\":\"buy\"}",
     "record 2: trade_id: expected once, found twice"},
};

START_TEST(first_bad_trades_reason_is_told_and_the_good_ones_come)
{
    char body[1000];
    for (size_t i = 0; i < sizeof bad_trades / sizeof *bad_trades; i++) {
        found[0] = '\0';
        snprintf(body, sizeof body, "[" GOOD("8") ",%s,{\"trade_id\":0}," GOOD("5") "]", bad_trades[i].record);
        ck_assert_msg(read_trades(body), "%s: %s", body, error);
        ck_assert_str_eq(error, bad_trades[i].reason);
        ck_assert_str_eq(found, FOUND("8") FOUND("5"));
    }
}
END_TEST

START_TEST(page_that_breaks_off_is_told_and_what_came_before_comes)
{
    ck_assert(!read_trades("[" GOOD("8") ",{}," GOOD("7") ",{\"time\":"));
    ck_assert_str_eq(error, "expected JSON, found something else behind 3 records");
    ck_assert_str_eq(found, FOUND("8") FOUND("7"));
    ck_assert(!read_trades("[" GOOD("8") "] x"));
    ck_assert_str_eq(error, "expected JSON, found something else behind 1 records");
}
END_TEST

START_TEST(answer_that_is_no_page_is_shown)
{
    ck_assert(!read_trades("{\"message\":\"NotFound\"}"));
    ck_assert_str_eq(error, "expected an array, found {\"message\":\"NotFound\"}");
    ck_assert(!read_candles("<html>"));
    ck_assert_str_eq(error, "expected an array, found <html>");
}
END_TEST

START_TEST(candles_have_the_exchanges_volume_and_no_count)
{
    ck_assert(
        read_candles("[[1415398768,0.32,4.2,0.35,4.2,12.3],[1762795500,1,2,1,2,0.50],\n [1762795440, 1, 2, 1, 2, 1e-8, 7]]"));
    ck_assert_str_eq(error, "record 1: expected [start of a minute in s, …], found [1415398768,0.32,4.2,0.35,4.2,12.3]");
    ck_assert_str_eq(found, "1762795500 0.50\n1762795440 1e-8\n");
}
END_TEST

static const char *const bad_candles[] = {"[]",
                                          "[1762795440]",
                                          "[1762795440,1,2,1,2]",
                                          "[1762795440,1,2,1,2,\"5\"]",
                                          "[1762795440,1,2,1,2,null]",
                                          "[1762795440,1,2,1,2,-1]",
                                          "[1762795440,1,2,1,2,[5]]",
                                          "[\"1762795440\",1,2,1,2,5]",
                                          "[1762795440.5,1,2,1,2,5]",
                                          "[-60,1,2,1,2,5]",
                                          "[9223372080,1,2,1,2,5]",
                                          "[18446744073709551600,1,2,1,2,5]",
                                          "[null,1,2,1,2,5]",
                                          "{\"a\":1762795440,\"b\":1,\"c\":2,\"d\":1,\"e\":2,\"f\":5}",
                                          "1762795440",
                                          "null"};

START_TEST(bad_candles_are_left_out_and_the_good_ones_come)
{
    char body[400];
    for (size_t i = 0; i < sizeof bad_candles / sizeof *bad_candles; i++) {
        found[0] = '\0';
        snprintf(body, sizeof body, "[[1762795440,1,2,1,2,5],%s,[1762795500,1,2,1,2,6]]", bad_candles[i]);
        ck_assert_msg(read_candles(body), "%s: %s", body, error);
        ck_assert_msg(strncmp(error, "record 2: expected ", 19) == 0, "%s: %s", body, error);
        ck_assert_str_eq(found, "1762795440 5\n1762795500 6\n");
    }
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("coinbase_past");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, trades_are_asked_for_from_the_end_of_the_window);
    tcase_add_test(tests, product_is_escaped);
    tcase_add_test(tests, candles_are_asked_for_to_the_last_minutes_start);
    tcase_add_test(tests, trades_are_read_with_the_takers_side);
    tcase_add_test(tests, first_bad_trades_reason_is_told_and_the_good_ones_come);
    tcase_add_test(tests, page_that_breaks_off_is_told_and_what_came_before_comes);
    tcase_add_test(tests, answer_that_is_no_page_is_shown);
    tcase_add_test(tests, candles_have_the_exchanges_volume_and_no_count);
    tcase_add_test(tests, bad_candles_are_left_out_and_the_good_ones_come);
    return RUN_TESTS("coinbase_past", tests);
}
