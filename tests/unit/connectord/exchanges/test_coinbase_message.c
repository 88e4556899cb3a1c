#include "connectord/exchanges/coinbase_message.h"
#include "tests/unit/check_text.h"
#include "tests/unit/connectord/exchanges/coinbase_recorded.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

#define ORDERS        "\"maker_order_id\":\"ac928c66\",\"taker_order_id\":\"132fb6ae\","
#define MATCH_OF(...) "{\"type\":\"match\"," __VA_ARGS__ "}"
#define ID            "\"trade_id\":10"
#define SIDE          "\"side\":\"sell\""
#define SIZE          "\"size\":\"5.23512\""
#define PRICE         "\"price\":\"400.230\""
#define PRODUCT       "\"product_id\":\"BTC-USD\""
#define SEQUENCE      "\"sequence\":50"
#define TIME          "\"time\":\"2014-11-07T08:19:27.028459Z\""
#define AND           ","
#define MATCH         MATCH_OF(ID AND ORDERS SIDE AND SIZE AND PRICE AND PRODUCT AND SEQUENCE AND TIME)
#define DIGITS_60     "123456789012345678901234567890123456789012345678901234567890"

static coinbase_message_t message;

static bool read(const char *json)
{
    return coinbase_message_read(&message, text_of(json));
}

static void check_trade(const char *json, coinbase_kind_t kind)
{
    ck_assert_msg(read(json), "%s: %s", json, message.fields.reason);
    ck_assert_int_eq(message.kind, kind);
    check_text(message.symbol, "BTC-USD");
    check_text(message.trade.symbol, "BTC-USD");
    check_text(message.trade.timestamp, "2014-11-07T08:19:27.028459Z");
    ck_assert_int_eq(message.trade.timestamp_ns, INT64_C(1415348367028459000));
    ck_assert_int_eq(message.trade.side, SIDE_BUY); /* the maker sold */
    check_text(message.trade.qty, "5.23512");
    check_text(message.trade.price, "400.230");
    check_text(message.trade.id, "10");
    ck_assert_uint_eq(message.id, 10);
    ck_assert_uint_eq(message.trade.seqnum, 50);
    ck_assert_uint_eq(message.trade.source.length, 0);
}

START_TEST(match_is_a_trade_with_its_exact_text_and_the_takers_side)
{
    check_trade(MATCH, COINBASE_TRADE);
}
END_TEST

START_TEST(last_match_is_a_former_trade)
{
    check_trade("{\"type\":\"last_match\"," ID AND ORDERS SIDE AND SIZE AND PRICE AND PRODUCT AND SEQUENCE AND TIME "}",
                COINBASE_FORMER);
}
END_TEST

START_TEST(buyer_who_waited_means_that_the_taker_sold)
{
    ck_assert(read(MATCH_OF(ID AND "\"side\":\"buy\"" AND SIZE AND PRICE AND PRODUCT AND SEQUENCE AND TIME)));
    ck_assert_int_eq(message.trade.side, SIDE_SELL);
}
END_TEST

START_TEST(trade_is_read_however_its_json_is_written)
{
    check_trade(" { \"time\" : \"2014-11-07T08:19:27.028459Z\" ,\n" SEQUENCE " ," PRODUCT "," PRICE "," SIZE "," SIDE "," ID
                ",\"type\":\"match\"}\r\n",
                COINBASE_TRADE);
    check_trade("{\"typ\\u0065\":\"m\\u0061tch\"," ID ",\"new\":{\"price\":[1,{}]}," SIDE "," SIZE "," PRICE
                ",\"product_id\":\"\\u0042TC-USD\"," SEQUENCE "," TIME ",\"none\":null}",
                COINBASE_TRADE);
}
END_TEST

START_TEST(trade_need_not_have_a_sequence)
{
    ck_assert(read(MATCH_OF(ID AND SIDE AND SIZE AND PRICE AND PRODUCT AND TIME)));
    ck_assert_uint_eq(message.trade.seqnum, 0);
}
END_TEST

START_TEST(largest_numbers_keep_every_digit)
{
    ck_assert(read(MATCH_OF("\"trade_id\":9223372036854775807" AND SIDE AND "\"size\":\"0." DIGITS_60 "\"" AND
                            "\"price\":\"1" DIGITS_60 ".10\"" AND PRODUCT AND "\"sequence\":18446744073709551615" AND TIME)));
    check_text(message.trade.qty, "0." DIGITS_60);
    check_text(message.trade.price, "1" DIGITS_60 ".10");
    check_text(message.trade.id, "9223372036854775807");
    ck_assert_uint_eq(message.id, INT64_MAX);
    ck_assert_uint_eq(message.trade.seqnum, UINT64_MAX);
}
END_TEST

START_TEST(heartbeat_has_the_last_trades_number)
{
    ck_assert(read("{\"type\":\"heartbeat\",\"sequence\":90,\"last_trade_id\":20," PRODUCT "," TIME "}"));
    ck_assert_int_eq(message.kind, COINBASE_TAIL);
    check_text(message.symbol, "BTC-USD");
    ck_assert_uint_eq(message.last_id, 20);
    ck_assert(read("{\"type\":\"heartbeat\",\"last_trade_id\":0," PRODUCT "}"));
    ck_assert_uint_eq(message.last_id, 0);
}
END_TEST

/* The products of the last message, a space behind each. */
static const char *products(void)
{
    static char found[400];
    char room[COINBASE_PRODUCT_RAW_MAX];
    text_t product;
    json_walk_t walk = json_walk(message.products);
    found[0] = '\0';
    while (coinbase_message_next_product(&walk, room, &product))
        snprintf(found + strlen(found), sizeof found - strlen(found), "%.*s ", TEXT_ARG(product));
    return found;
}

static const struct {
    const char *channels, *products;
} answers[] = {
    {"[{\"name\":\"matches\",\"product_ids\":[\"BTC-USD\",\"ETH-USD\"]}]", "BTC-USD ETH-USD "},
    {"[{\"name\":\"heartbeat\",\"product_ids\":[\"BTC-USD\"]},{\"product_ids\":[ \"ETH-USD\" ],\"name\":\"matches\"}]",
     "ETH-USD "},
    {"[{\"name\":\"matches\",\"product_ids\":[\"\\u0042TC\\u002dUSD\"],\"account_ids\":null}]", "BTC-USD "},
    {"[{\"name\":\"matches\",\"product_ids\":[\"" DIGITS_60 DIGITS_60 DIGITS_60 DIGITS_60 DIGITS_60 DIGITS_60 DIGITS_60
     "\",\"ETH-USD\"]}]",
     "ETH-USD "},
    {"[{\"name\":\"matches\",\"product_ids\":[]}]", ""},
    {"[{\"name\":\"matches\",\"product_ids\":null}]", ""},
    {"[{\"name\":\"matches\"}]", ""},
    {"[{\"name\":\"heartbeat\",\"product_ids\":7}]", ""},
    {"[]", ""},
};

START_TEST(answer_lists_what_is_subscribed_to_matches)
{
    char json[1000];
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        snprintf(json, sizeof json, "{\"type\":\"subscriptions\",\"channels\":%s}", answers[i].channels);
        ck_assert_msg(read(json), "%s: %s", json, message.fields.reason);
        ck_assert_int_eq(message.kind, COINBASE_SUBSCRIPTIONS);
        ck_assert_str_eq(products(), answers[i].products);
    }
}
END_TEST

START_TEST(error_says_its_reason_or_else_its_message)
{
    ck_assert(read("{\"type\":\"error\",\"message\":\"Failed to subscribe\",\"reason\":\"FOO-USD is not a valid product\"}"));
    ck_assert_int_eq(message.kind, COINBASE_ERROR);
    check_text(message.text, "FOO-USD is not a valid product");
    ck_assert(read("{\"reason\":null,\"message\":\"Slow \\\"down\\\"\",\"type\":\"error\"}"));
    check_text(message.text, "Slow \"down\"");
    ck_assert(read("{\"type\":\"error\",\"message\":null}"));
    check_text(message.text, "");
}
END_TEST

START_TEST(long_text_of_an_error_is_cut)
{
    char json[3000], text[2001];
    memset(text, 'x', 2000);
    text[2000] = '\0';
    snprintf(json, sizeof json, "{\"type\":\"error\",\"reason\":\"%s\"}", text);
    ck_assert(read(json));
    ck_assert_uint_eq(message.text.length, COINBASE_TEXT_MAX);
}
END_TEST

START_TEST(messages_of_other_channels_are_left_alone)
{
    static const char *const others[] = {
        "{\"type\":\"l2update\",\"product_id\":\"BTC-USD\",\"changes\":[[\"buy\",\"1\",\"2\"]],\"time\":5}",
        "{\"type\":\"ticker\",\"trade_id\":\"many\",\"price\":7,\"side\":null,\"sequence\":-1}",
        "{\"type\":\"snapshot\",\"asks\":[[\"1\",\"2\"]],\"channels\":5}",
        "{\"type\":\"received\"}",
        "{\"type\":\"\"}",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        ck_assert_msg(read(others[i]), "%s: %s", others[i], message.fields.reason);
        ck_assert_int_eq(message.kind, COINBASE_OTHER);
    }
}
END_TEST

#define WITH_ID(id)       MATCH_OF("\"trade_id\":" id AND SIDE AND SIZE AND PRICE AND PRODUCT AND SEQUENCE AND TIME)
#define WITH_SIDE(side)   MATCH_OF(ID AND "\"side\":" side AND SIZE AND PRICE AND PRODUCT AND SEQUENCE AND TIME)
#define WITH_SIZE(size)   MATCH_OF(ID AND SIDE AND "\"size\":" size AND PRICE AND PRODUCT AND SEQUENCE AND TIME)
#define WITH_PRICE(price) MATCH_OF(ID AND SIDE AND SIZE AND "\"price\":" price AND PRODUCT AND SEQUENCE AND TIME)
#define WITH_PRODUCT(id)  MATCH_OF(ID AND SIDE AND SIZE AND PRICE AND "\"product_id\":" id AND SEQUENCE AND TIME)
#define WITH_SEQUENCE(n)  MATCH_OF(ID AND SIDE AND SIZE AND PRICE AND PRODUCT AND "\"sequence\":" n AND TIME)
#define WITH_TIME(time)   MATCH_OF(ID AND SIDE AND SIZE AND PRICE AND PRODUCT AND SEQUENCE AND "\"time\":" time)
#define HEARTBEAT_OF(...) "{\"type\":\"heartbeat\"," __VA_ARGS__ "}"
#define ANSWER(channels)  "{\"type\":\"subscriptions\",\"channels\":" channels "}"

static const struct {
    const char *json, *reason;
} malformed[] = {
    {"", "expected JSON"},
    {"nonsense", "expected JSON"},
    {"[]", "expected an object"},
    {"{}", "type: missing"},
    {"{\"type\":null}", "type: expected a string, found another type"},
    {"{\"type\":\"match\",\"type\":\"match\"}", "type: expected once, found twice"},
    {WITH_ID("\"10\""), "trade_id: expected a number, found a string"},
    {WITH_ID("null"), "trade_id: expected a number, found another type"},
    {WITH_ID("1.5"), "trade_id: expected a whole number, found 1.5"},
    {WITH_ID("1e3"), "trade_id: expected a whole number, found 1e3"},
    {WITH_ID("-3"), "trade_id: expected a whole number, found -3"},
    {WITH_ID("0"), "trade_id: expected 1 to 2^63 - 1, found 0"},
    {WITH_ID("9223372036854775808"), "trade_id: expected 1 to 2^63 - 1, found 9223372036854775808"},
    {WITH_ID("18446744073709551616"), "trade_id: expected a whole number, found 18446744073709551616"},
    {WITH_ID("10,\"trade_id\":11"), "trade_id: expected once, found twice"},
    {MATCH_OF(SIDE AND SIZE AND PRICE AND PRODUCT AND SEQUENCE AND TIME), "trade_id: missing"},
    {WITH_SIDE("\"Sell\""), "side: expected buy or sell, found \"Sell\""},
    {WITH_SIDE("\"\""), "side: expected buy or sell, found \"\""},
    {WITH_SIDE("1"), "side: expected a string, found a number"},
    {WITH_SIDE("\"buy\"," SIDE), "side: expected once, found twice"},
    {MATCH_OF(ID AND SIZE AND PRICE AND PRODUCT AND SEQUENCE AND TIME), "side: missing"},
    {WITH_SIZE("5"), "size: expected a string, found a number"},
    {WITH_SIZE("\"five\""), "size: invalid, found five"},
    {WITH_SIZE("\"1e100\""), "size: invalid, found 1e100"},
    {WITH_SIZE("\"\""), "size: invalid, found "},
    {WITH_SIZE("\"1\"," SIZE), "size: expected once, found twice"},
    {MATCH_OF(ID AND SIDE AND PRICE AND PRODUCT AND SEQUENCE AND TIME), "size: missing"},
    {WITH_PRICE("{\"price\":\"1\"}"), "price: expected a string, found another type"},
    {WITH_PRICE("\"1" DIGITS_60 "1234\""), "price: invalid, found 1" DIGITS_60 "1234"},
    {WITH_PRICE("\"1,5\""), "price: invalid, found 1,5"},
    {WITH_PRICE("\"1\"," PRICE), "price: expected once, found twice"},
    {MATCH_OF(ID AND SIDE AND SIZE AND PRODUCT AND SEQUENCE AND TIME), "price: missing"},
    {WITH_PRODUCT("5"), "product_id: expected a string, found a number"},
    {WITH_PRODUCT("\"BTCUSD\""), "product_id: invalid, found BTCUSD"},
    {WITH_PRODUCT("\"" DIGITS_60 "-USDT\""), "product_id: invalid, found " DIGITS_60 "-USDT"},
    {WITH_PRODUCT("\"ETH-USD\"," PRODUCT), "product_id: expected once, found twice"},
    {MATCH_OF(ID AND SIDE AND SIZE AND PRICE AND SEQUENCE AND TIME), "product_id: missing"},
    {WITH_SEQUENCE("\"50\""), "sequence: expected a number, found a string"},
    {WITH_SEQUENCE("-1"), "sequence: expected a whole number, found -1"},
    {WITH_SEQUENCE("18446744073709551616"), "sequence: expected a whole number, found 18446744073709551616"},
    {WITH_SEQUENCE("1," SEQUENCE), "sequence: expected once, found twice"},
    {WITH_TIME("1415348367"), "time: expected a string, found a number"},
    {WITH_TIME("\"yesterday\""), "time: invalid, found yesterday"},
    {WITH_TIME("\"2014-02-30T08:19:27Z\""), "time: invalid, found 2014-02-30T08:19:27Z"},
    {WITH_TIME("\"\"," TIME), "time: expected once, found twice"},
    {MATCH_OF(ID AND SIDE AND SIZE AND PRICE AND PRODUCT AND SEQUENCE), "time: missing"},
    {HEARTBEAT_OF("\"last_trade_id\":20"), "product_id: missing"},
    {HEARTBEAT_OF(PRODUCT), "last_trade_id: missing"},
    {HEARTBEAT_OF(PRODUCT ",\"last_trade_id\":\"20\""), "last_trade_id: expected a number, found a string"},
    {HEARTBEAT_OF(PRODUCT ",\"last_trade_id\":-1"), "last_trade_id: expected a whole number, found -1"},
    {HEARTBEAT_OF(PRODUCT ",\"last_trade_id\":9223372036854775808"),
     "last_trade_id: expected 0 to 2^63 - 1, found 9223372036854775808"},
    {HEARTBEAT_OF(PRODUCT ",\"last_trade_id\":1,\"last_trade_id\":2"), "last_trade_id: expected once, found twice"},
    {"{\"type\":\"subscriptions\"}", "channels: missing"},
    {ANSWER("null"), "channels: expected an array"},
    {ANSWER("\"matches\""), "channels: expected another type, found a string"},
    {ANSWER("{\"name\":\"matches\"}"), "channels: expected an array"},
    {ANSWER("[\"matches\"]"), "channels: expected an object"},
    {ANSWER("[{\"product_ids\":[]}]"), "channels: name: missing"},
    {ANSWER("[{\"name\":5}]"), "channels: name: expected a string, found a number"},
    {ANSWER("[{\"name\":\"matches\",\"product_ids\":\"BTC-USD\"}]"), "channels: product_ids: expected an array of strings"},
    {ANSWER("[{\"name\":\"matches\",\"product_ids\":{\"a\":\"BTC-USD\"}}]"),
     "channels: product_ids: expected an array of strings"},
    {ANSWER("[{\"name\":\"matches\",\"product_ids\":[\"BTC-USD\",5]}]"), "channels: product_ids: expected an array of strings"},
    {ANSWER("[{\"name\":\"matches\",\"product_ids\":[]},{\"name\":\"matches\",\"product_ids\":[]}]"),
     "channels: matches: expected once, found twice"},
    {"{\"type\":\"error\",\"message\":5}", "message: expected a string, found a number"},
    {"{\"type\":\"error\",\"reason\":[\"FOO-USD\"]}", "reason: expected a string, found another type"},
    {"{\"type\":\"error\",\"reason\":\"a\",\"reason\":\"b\"}", "reason: expected once, found twice"},
};

START_TEST(malformed_message_is_told_with_what_is_wrong)
{
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        ck_assert_msg(!read(malformed[i].json), "%s was taken", malformed[i].json);
        ck_assert_msg(strcmp(message.fields.reason, malformed[i].reason) == 0, "%s: expected \"%s\", found \"%s\"",
                      malformed[i].json, malformed[i].reason, message.fields.reason);
    }
}
END_TEST

START_TEST(message_cut_anywhere_is_malformed)
{
    static const text_t wholes[] = {TEXT_CONST(MATCH),
                                    TEXT_CONST(ANSWER("[{\"name\":\"matches\",\"product_ids\":[\"BTC-USD\"]}]"))};
    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++)
        for (size_t length = 0; length < wholes[i].length; length++)
            ck_assert(!coinbase_message_read(&message, (text_t){wholes[i].at, length}));
}
END_TEST

START_TEST(long_values_and_names_harm_nobody)
{
    static char json[400000], filler[100001];
    memset(filler, 'k', 100000);
    snprintf(json, sizeof json, "{\"%s\":1,\"n\":{\"%s\":\"%s\"},%s", filler, filler, filler, MATCH + 1);
    check_trade(json, COINBASE_TRADE);
    snprintf(json, sizeof json, MATCH_OF(ID AND SIDE AND SIZE AND "\"price\":\"%s\"" AND PRODUCT AND TIME), filler);
    ck_assert(!read(json));
    ck_assert_int_eq(strncmp(message.fields.reason, "price: invalid, found kkk", 25), 0);
    snprintf(json, sizeof json, ANSWER("[{\"name\":\"matches\",\"product_ids\":[\"%s\",\"BTC-USD\"]}]"), filler);
    ck_assert(read(json));
    ck_assert_str_eq(products(), "BTC-USD ");
}
END_TEST

static void check_recorded(size_t number)
{
    ck_assert_uint_lt(number, COINBASE_RECORDED);
    ck_assert_int_eq(message.kind, coinbase_recorded[number].kind);
    check_text(message.trade.symbol, coinbase_recorded[number].symbol);
    check_text(message.trade.id, coinbase_recorded[number].id);
    ck_assert_uint_eq(message.trade.seqnum, coinbase_recorded[number].seqnum);
    ck_assert_int_eq(message.trade.side, coinbase_recorded[number].side);
    check_text(message.trade.qty, coinbase_recorded[number].qty);
    check_text(message.trade.price, coinbase_recorded[number].price);
    check_text(message.trade.timestamp, coinbase_recorded[number].timestamp);
}

START_TEST(recording_of_the_real_exchange_is_read_digit_for_digit)
{
    static char line[1 << 20];
    static const char path[] = "../shared/data/coinbase-2021-04-17.ws";
    FILE *file = fopen(path, "r");
    if (!file) {
        printf("skipped: %s is not there\n", path);
        return;
    }
    size_t trades = 0, answered = 0;
    while (fgets(line, sizeof line, file)) {
        const char *json = strstr(line, ": {");
        if (strncmp(line, "wss://", 6) == 0 || !json)
            continue;
        ck_assert_msg(read(json + 2), "%s: %.300s", message.fields.reason, line);
        if (message.kind == COINBASE_TRADE || message.kind == COINBASE_FORMER)
            check_recorded(trades++);
        answered += message.kind == COINBASE_SUBSCRIPTIONS && message.products.length > 0;
    }
    fclose(file);
    ck_assert_uint_eq(trades, COINBASE_RECORDED);
    ck_assert_uint_eq(answered, 1); /* of three: the first two are of other channels */
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("coinbase_message");
    tcase_add_test(tests, match_is_a_trade_with_its_exact_text_and_the_takers_side);
    tcase_add_test(tests, last_match_is_a_former_trade);
    tcase_add_test(tests, buyer_who_waited_means_that_the_taker_sold);
    tcase_add_test(tests, trade_is_read_however_its_json_is_written);
    tcase_add_test(tests, trade_need_not_have_a_sequence);
    tcase_add_test(tests, largest_numbers_keep_every_digit);
    tcase_add_test(tests, heartbeat_has_the_last_trades_number);
    tcase_add_test(tests, answer_lists_what_is_subscribed_to_matches);
    tcase_add_test(tests, error_says_its_reason_or_else_its_message);
    tcase_add_test(tests, long_text_of_an_error_is_cut);
    tcase_add_test(tests, messages_of_other_channels_are_left_alone);
    tcase_add_test(tests, malformed_message_is_told_with_what_is_wrong);
    tcase_add_test(tests, message_cut_anywhere_is_malformed);
    tcase_add_test(tests, long_values_and_names_harm_nobody);
    tcase_add_test(tests, recording_of_the_real_exchange_is_read_digit_for_digit);
    return RUN_TESTS("coinbase_message", tests);
}
