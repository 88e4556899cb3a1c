#include "common/json/json.h"
#include "proto/topic.h"
#include "proto/trade.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

/* The example of trade.h, cut where the tests want something else. */
#define HEAD "{\"epoch\":1763941200123456,\"seq\":42,\"seqnum\":21,"
#define MIDDLE                                                                                                                 \
    "\"event\":\"updated\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"timestamp\":\"2025-11-10T17:24:33.937345Z\","
#define AMOUNT "\"side\":\"buy\",\"qty\":0.00885072,\"price\":105383.80000,"
#define IDENT  "\"tradeId\":\"10218211\",\"source\":\"blockchain\","
#define TAIL   "\"received\":\"2025-11-10T17:24:33.981112345Z\"}"

static const trade_t example = {
    .cursor = {UINT64_C(1763941200123456), 42},
    .seqnum = 21,
    .symbol = {"BTC-USD", 7},
    .timestamp = {"2025-11-10T17:24:33.937345Z", 27},
    .side = SIDE_BUY,
    .qty = {"0.00885072", 10},
    .price = {"105383.80000", 12},
    .id = {"10218211", 8},
    .source = {"blockchain", 10},
    .received_ns = INT64_C(1762795473981112345),
};

START_TEST(trade_prints_in_canonical_form)
{
    char out[TRADE_MAX];
    text_t json = {out, trade_print(out, &example)};
    ck_assert_msg(text_equal(json, TEXT(HEAD MIDDLE AMOUNT IDENT TAIL)), "%.*s", TEXT_ARG(json));
    ck_assert(json_valid(json));
}
END_TEST

START_TEST(trade_is_read_field_by_field)
{
    trade_t trade;
    ck_assert(trade_parse(TEXT(HEAD MIDDLE AMOUNT IDENT TAIL), &trade));
    ck_assert_int_eq(cursor_compare(trade.cursor, example.cursor), 0);
    ck_assert_uint_eq(trade.seqnum, 21);
    ck_assert(text_equal(trade.symbol, example.symbol));
    ck_assert(text_equal(trade.timestamp, example.timestamp));
    ck_assert_int_eq(trade.side, SIDE_BUY);
    ck_assert(text_equal(trade.qty, example.qty));
    ck_assert(text_equal(trade.price, example.price));
    ck_assert(text_equal(trade.id, example.id));
    ck_assert(text_equal(trade.source, example.source));
    ck_assert_int_eq(trade.received_ns, example.received_ns);
    ck_assert_int_eq(trade.timestamp_ns, INT64_C(1762795473937345000));
}
END_TEST

START_TEST(longest_trade_fits_and_comes_back)
{
    char digits[64], id[TRADE_ID_MAX], source[SOURCE_MAX], out[TRADE_MAX], again[TRADE_MAX];
    memset(digits, '9', sizeof digits);
    memset(id, '~', sizeof id);
    memset(source, 's', sizeof source);
    trade_t trade = {.cursor = {UINT64_MAX, UINT64_MAX},
                     .seqnum = UINT64_MAX,
                     .symbol = TEXT("ABCDEFGHIJKLMNO-ABCDEFGHIJKLMNO"),
                     .timestamp = TEXT("2025-11-10T17:24:33.981112345+00:00"),
                     .side = SIDE_SELL,
                     .qty = {digits, sizeof digits},
                     .price = {digits, sizeof digits},
                     .id = {id, sizeof id},
                     .source = {source, sizeof source},
                     .received_ns = INT64_MAX},
            back;
    const char *wrong = "none";
    ck_assert_msg(trade_valid(&trade, &wrong), "%s", wrong);
    text_t json = {out, trade_print(out, &trade)};
    ck_assert_uint_le(json.length, TRADE_MAX);
    ck_assert(trade_parse(json, &back));
    ck_assert(text_equal((text_t){again, trade_print(again, &back)}, json));
}
END_TEST

START_TEST(decimals_keep_every_digit)
{
    static const char *const cases[] = {"8.5E-5", "105383.80000", "0", "-0.0", "12345678901234567890123456789012345678"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[TRADE_MAX];
        trade_t trade = example, back;
        trade.qty = trade.price = text_of(cases[i]);
        ck_assert(trade_parse((text_t){out, trade_print(out, &trade)}, &back));
        ck_assert(text_equal(back.qty, text_of(cases[i])) && text_equal(back.price, text_of(cases[i])));
    }
}
END_TEST

START_TEST(other_than_canonical_text_is_refused)
{
    static const char *const cases[] = {
        "",
        "{}",
        "null",
        " " HEAD MIDDLE AMOUNT IDENT TAIL,
        HEAD MIDDLE AMOUNT IDENT TAIL " ",
        HEAD MIDDLE AMOUNT IDENT TAIL TAIL,
        HEAD AMOUNT MIDDLE IDENT TAIL,
        HEAD MIDDLE AMOUNT TAIL,
        HEAD " " MIDDLE AMOUNT IDENT TAIL,
        "{\"epoch\":01,\"seq\":42,\"seqnum\":21," MIDDLE AMOUNT IDENT TAIL,
        "{\"epoch\":-1,\"seq\":42,\"seqnum\":21," MIDDLE AMOUNT IDENT TAIL,
        "{\"epoch\":\"1\",\"seq\":42,\"seqnum\":21," MIDDLE AMOUNT IDENT TAIL,
        "{\"epoch\":1,\"seq\":4.2,\"seqnum\":21," MIDDLE AMOUNT IDENT TAIL,
        "{\"epoch\":1,\"seq\":18446744073709551616,\"seqnum\":21," MIDDLE AMOUNT IDENT TAIL,
        HEAD MIDDLE "\"side\":\"bid\",\"qty\":1,\"price\":1," IDENT TAIL,
        HEAD MIDDLE "\"side\":\"buy\",\"qty\":\"1\",\"price\":1," IDENT TAIL,
        HEAD MIDDLE "\"side\":\"buy\",\"qty\":1.,\"price\":1," IDENT TAIL,
        HEAD MIDDLE "\"side\":\"buy\",\"qty\":,\"price\":1," IDENT TAIL,
        HEAD MIDDLE "\"side\":\"buy\",\"qty\":1,\"price\":1e999," IDENT TAIL,
        HEAD MIDDLE "\"side\":\"buy\",\"qty\":1,\"price\":[1]," IDENT TAIL,
        HEAD MIDDLE AMOUNT "\"tradeId\":\"\",\"source\":\"s\"," TAIL,
        HEAD MIDDLE AMOUNT "\"tradeId\":\"a b\",\"source\":\"s\"," TAIL,
        HEAD MIDDLE AMOUNT "\"tradeId\":\"a\\u0041\",\"source\":\"s\"," TAIL,
        HEAD MIDDLE AMOUNT "\"tradeId\":7,\"source\":\"s\"," TAIL,
        HEAD MIDDLE AMOUNT "\"tradeId\":\"1\",\"source\":\"\xff\"," TAIL,
        HEAD MIDDLE AMOUNT IDENT "\"received\":\"2025-11-10T17:24:33.981112Z\"}",
        HEAD MIDDLE AMOUNT IDENT "\"received\":\"2025-11-10T17:24:60.981112345Z\"}",
        HEAD MIDDLE AMOUNT IDENT "\"received\":\"2025-11-10t17:24:33.981112345Z\"}",
        HEAD MIDDLE AMOUNT IDENT "\"received\":\"2025-11-31T17:24:33.981112345Z\"}",
        HEAD
        "\"event\":\"updated\",\"channel\":\"trades\",\"symbol\":\"btc\",\"timestamp\":\"2025-11-10T17:24:33Z\"," AMOUNT IDENT
            TAIL,
        HEAD "\"event\":\"updated\",\"channel\":\"trades\",\"symbol\":\"A-B\",\"timestamp\":\"yesterday\"," AMOUNT IDENT TAIL,
        HEAD
        "\"event\":\"snapshot\",\"channel\":\"trades\",\"symbol\":\"A-B\",\"timestamp\":\"2025-11-10T17:24:33Z\"," AMOUNT IDENT
            TAIL,
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        trade_t trade;
        ck_assert_msg(!trade_parse(text_of(cases[i]), &trade), "row %zu was taken: %s", i, cases[i]);
    }
}
END_TEST

START_TEST(every_cut_of_a_trade_is_refused)
{
    text_t whole = TEXT(HEAD MIDDLE AMOUNT IDENT TAIL);
    for (size_t n = 0; n < whole.length; n++) {
        trade_t trade;
        char *copy = malloc(n + 1); /* of its own, so that a sanitizer sees a read beyond it */
        memcpy(copy, whole.at, n);
        ck_assert_msg(!trade_parse((text_t){copy, n}, &trade), "the first %zu bytes were taken", n);
        free(copy);
    }
}
END_TEST

START_TEST(first_offending_field_is_named)
{
    char long_id[TRADE_ID_MAX + 1];
    memset(long_id, '1', sizeof long_id);
    trade_t bad[] = {example, example, example, example, example, example, example, example, example};
    static const char *const wanted[] = {"symbol",  "timestamp", "side",   "qty",   "price",
                                         "tradeId", "tradeId",   "source", "symbol"};
    bad[0].symbol = TEXT("BTCUSD");
    bad[1].timestamp = TEXT("2025-11-10");
    bad[2].side = (side_t)2;
    bad[3].qty = TEXT("1.");
    bad[4].price = TEXT("");
    bad[5].id = (text_t){long_id, sizeof long_id};
    bad[6].id = TEXT("a\"b");
    bad[7].source = TEXT("a b");
    bad[8].symbol = bad[8].source = TEXT("");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *wrong = NULL;
        ck_assert(!trade_valid(&bad[i], &wrong));
        ck_assert_str_eq(wrong, wanted[i]);
    }
    const char *untouched = "untouched";
    trade_t good = example;
    ck_assert(trade_valid(&good, &untouched));
    ck_assert_str_eq(untouched, "untouched");
}
END_TEST

START_TEST(cursor_is_read_from_the_head_alone)
{
    cursor_t cursor = {0, 0};
    ck_assert(trade_cursor(TEXT(HEAD "what follows is not looked at"), &cursor));
    ck_assert_int_eq(cursor_compare(cursor, example.cursor), 0);
    static const char *const cases[] = {"", "{\"epoch\":1,\"seq\":2",
                                        "{\"epoch\":1,\"seq\":x,\"seqnum\":", "{\"seq\":1,\"epoch\":2,\"seqnum\":", "{}"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(!trade_cursor(text_of(cases[i]), &cursor), "%s was taken", cases[i]);
        ck_assert_uint_eq(cursor.seq, 42);
    }
}
END_TEST

START_TEST(id_is_read_from_the_end_alone)
{
    text_t id = {0}, json = TEXT("what comes before is not looked at,\"tradeId\":\"7-a\",\"source\":\"\xc3\xa4\"," TAIL);
    ck_assert(trade_id(json, &id));
    ck_assert(text_equal(id, TEXT("7-a")));
    ck_assert(trade_id(TEXT(HEAD MIDDLE AMOUNT IDENT TAIL), &id));
    ck_assert(text_equal(id, example.id));
    for (size_t from = 1; from < json.length; from++) { /* what is cut off at either end */
        ck_assert(!trade_id((text_t){json.at, json.length - from}, &id));
        bool there = trade_id((text_t){json.at + from, json.length - from}, &id);
        ck_assert(there == (from <= strlen("what comes before is not looked at")));
    }
}
END_TEST

START_TEST(trades_in_a_text_are_counted)
{
    ck_assert_uint_eq(trade_count(TEXT("")), 0);
    ck_assert_uint_eq(trade_count(TEXT("[]")), 0);
    ck_assert_uint_eq(trade_count(TEXT("[{\"epoch\":1,\"seq\":1},{\"epoch\":1,\"seq\":2}]")), 2);
    ck_assert_uint_eq(trade_count(TEXT("[{\"epoch\":1},{\"epoch\"")), 1);
}
END_TEST

START_TEST(a_trade_of_the_future_counts_for_when_it_was_received)
{
    trade_t trade = {.timestamp_ns = 3 * TRADE_FUTURE_NS, .received_ns = 2 * TRADE_FUTURE_NS};
    ck_assert(!trade_is_future(&trade, TRADE_FUTURE_NS));
    ck_assert_int_eq(trade_time_ns(&trade), trade.timestamp_ns);
    trade.timestamp_ns++;
    ck_assert(trade_is_future(&trade, TRADE_FUTURE_NS));
    ck_assert_int_eq(trade_time_ns(&trade), trade.received_ns);
    trade.timestamp_ns = 0; /* a recording is of long ago */
    ck_assert_int_eq(trade_time_ns(&trade), 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("trade");
    tcase_add_test(tests, trade_prints_in_canonical_form);
    tcase_add_test(tests, trade_is_read_field_by_field);
    tcase_add_test(tests, longest_trade_fits_and_comes_back);
    tcase_add_test(tests, decimals_keep_every_digit);
    tcase_add_test(tests, other_than_canonical_text_is_refused);
    tcase_add_test(tests, every_cut_of_a_trade_is_refused);
    tcase_add_test(tests, first_offending_field_is_named);
    tcase_add_test(tests, cursor_is_read_from_the_head_alone);
    tcase_add_test(tests, id_is_read_from_the_end_alone);
    tcase_add_test(tests, trades_in_a_text_are_counted);
    tcase_add_test(tests, a_trade_of_the_future_counts_for_when_it_was_received);
    return RUN_TESTS("trade", tests);
}
