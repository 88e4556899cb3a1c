#include "common/json/json.h"
#include "connectord/connectors/gaps.h"
#include "connectord/exchanges/blockchain_message.h"
#include "tests/unit/check_text.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

#define TRADE_HEAD "{\"seqnum\":21,\"event\":\"updated\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\","
#define TRADE_TIME "\"timestamp\":\"2019-08-13T11:30:06.100140Z\","
#define TRADE_REST "\"side\":\"sell\",\"qty\":8.5E-5,\"price\":11252.40,\"trade_id\":\"12884909920\"}"
#define TRADE      TRADE_HEAD TRADE_TIME TRADE_REST

static blockchain_message_t message;

static bool read(const char *json)
{
    return blockchain_message_read(&message, text_of(json));
}

static void check_trade(const char *json)
{
    ck_assert_msg(read(json), "%s: %s", json, message.fields.reason);
    ck_assert_int_eq(message.kind, BLOCKCHAIN_TRADE);
    ck_assert(message.has_seqnum);
    ck_assert_uint_eq(message.seqnum, 21);
    ck_assert_uint_eq(message.trade.seqnum, 21);
    check_text(message.trade.symbol, "BTC-USD");
    check_text(message.trade.timestamp, "2019-08-13T11:30:06.100140Z");
    ck_assert_int_eq(message.trade.side, SIDE_SELL);
    check_text(message.trade.qty, "8.5E-5");
    check_text(message.trade.price, "11252.40");
    check_text(message.trade.id, "12884909920");
}

START_TEST(trade_is_read_with_its_exact_text)
{
    check_trade(TRADE);
}
END_TEST

#define DIGITS_40 "1234567890123456789012345678901234567890"

START_TEST(long_decimals_keep_every_digit)
{
    ck_assert(read(TRADE_HEAD TRADE_TIME
                   "\"side\":\"buy\",\"qty\":0.000000000000000000000000000000012345678,\"price\":" DIGITS_40
                   ".10,\"trade_id\":\"1\"}"));
    check_text(message.trade.qty, "0.000000000000000000000000000000012345678");
    check_text(message.trade.price, DIGITS_40 ".10");
}
END_TEST

START_TEST(trade_is_read_however_its_json_is_written)
{
    check_trade(" { \"trade_id\" : \"12884909920\" , \"price\":11252.40,\n\"qty\":8.5E-5,\"side\":\"sell\"," TRADE_TIME
                "\"symbol\":\"BTC-USD\",\"channel\":\"trades\",\"event\":\"updated\",\"seqnum\":21}\r\n");
    check_trade(
        "{\"seqn\\u0075m\":21,\"event\":\"upd\\u0061ted\",\"channel\":\"trades\",\"symbol\":\"\\u0042TC-USD\"," TRADE_TIME
        "\"s\\u0069de\":\"sell\",\"qty\":8.5E-5,\"pr\\u0069ce\":11252.40,\"trade_id\":\"12884909920\"}");
}
END_TEST

START_TEST(snapshot_that_holds_a_trade_is_one)
{
    check_trade("{\"seqnum\":21,\"event\":\"snapshot\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\"," TRADE_TIME TRADE_REST);
}
END_TEST

START_TEST(unknown_members_are_skipped_whatever_they_hold)
{
    check_trade(TRADE_HEAD
                "\"new\":{\"price\":1,\"qty\":\"x\",\"side\":{\"side\":\"buy\"}},\"more\":[{\"price\":2},[],[1,\"a\"]],"
                "\"none\":null,\"yes\":true," TRADE_TIME TRADE_REST);
    check_trade(TRADE_HEAD "\"\":{\"price\":1,\"side\":\"buy\"},\"price.x\":5,\"Price\":6," TRADE_TIME TRADE_REST);
}
END_TEST

START_TEST(answers_to_requests_are_read)
{
    ck_assert(read("{\"seqnum\":0,\"event\":\"subscribed\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\"}"));
    ck_assert_int_eq(message.kind, BLOCKCHAIN_SUBSCRIBED);
    check_text(message.symbol, "BTC-USD");
    check_text(message.channel, "trades");
    ck_assert(read("{\"seqnum\":7,\"event\":\"unsubscribed\",\"channel\":\"trades\",\"symbol\":\"ETH-USD\"}"));
    ck_assert_int_eq(message.kind, BLOCKCHAIN_UNSUBSCRIBED);
    ck_assert_uint_eq(message.seqnum, 7);
    check_text(message.symbol, "ETH-USD");
    ck_assert(read("{\"seqnum\":1,\"event\":\"rejected\",\"channel\":\"trades\",\"symbol\":\"X\",\"text\":\"No \\\"X\\\"\"}"));
    ck_assert_int_eq(message.kind, BLOCKCHAIN_REJECTED);
    check_text(message.symbol, "X");
    check_text(message.text, "No \"X\"");
}
END_TEST

START_TEST(throttles_rejection_is_read_without_seqnum_and_channel)
{
    ck_assert(read("{\"event\":\"rejected\",\"text\":\"You've sent too many messages\"}"));
    ck_assert_int_eq(message.kind, BLOCKCHAIN_REJECTED);
    ck_assert(!message.has_seqnum);
    ck_assert_uint_eq(message.channel.length, 0);
    ck_assert_uint_eq(message.symbol.length, 0);
    check_text(message.text, "You've sent too many messages");
}
END_TEST

START_TEST(rejection_may_have_null_for_what_it_does_not_say)
{
    ck_assert(read("{\"seqnum\":1,\"event\":\"rejected\",\"channel\":\"trades\",\"symbol\":null,\"text\":\"not now\"}"));
    ck_assert_int_eq(message.kind, BLOCKCHAIN_REJECTED);
    ck_assert_uint_eq(message.symbol.length, 0);
    check_text(message.channel, "trades");
    ck_assert(read("{\"seqnum\":null,\"event\":\"rejected\",\"channel\":null,\"text\":null}"));
    ck_assert(!message.has_seqnum);
    ck_assert(!read("{\"event\":\"rejected\",\"symbol\":7}"));
}
END_TEST

START_TEST(long_text_of_a_rejection_is_cut)
{
    char json[2000];
    char text[1001];
    memset(text, 't', 1000);
    text[1000] = '\0';
    snprintf(json, sizeof json, "{\"event\":\"rejected\",\"text\":\"%s\"}", text);
    ck_assert(read(json));
    ck_assert_uint_eq(message.text.length, BLOCKCHAIN_TEXT_MAX);
}
END_TEST

START_TEST(other_channels_count_by_seqnum_only)
{
    static const char *const cases[] = {
        "{\"seqnum\":5,\"event\":\"updated\",\"channel\":\"heartbeat\",\"timestamp\":\"2021-01-01T00:00:00Z\"}",
        "{\"seqnum\":5,\"event\":\"subscribed\",\"channel\":\"heartbeat\"}",
        "{\"seqnum\":5,\"event\":\"updated\",\"channel\":\"prices\",\"symbol\":\"BTC-USD\",\"price\":[1,2,3]}",
        "{\"seqnum\":5,\"event\":\"whatever\",\"channel\":\"new\",\"side\":12}",
        "{\"seqnum\":5,\"event\":\"snapshot\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\"}",
        /* deep, and with long numbers */
        "{\"seqnum\":5,\"event\":\"updated\",\"channel\":\"l2\",\"bids\":[[[[[[[[1]]]]]]]]}",
        "{\"seqnum\":5,\"event\":\"updated\",\"channel\":\"l2\",\"bids\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{"
        "\"a\":{\"a\":"
        "{\"a\":{\"a\":{\"a\":1}}}}}}}}}}}}}",
        "{\"seqnum\":5,\"event\":\"updated\",\"channel\":\"l2\",\"qty\":1.0000000000000000000000000001}",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(read(cases[i]), "%s: %s", cases[i], message.fields.reason);
        ck_assert_int_eq(message.kind, BLOCKCHAIN_OTHER);
        ck_assert(message.has_seqnum);
        ck_assert_uint_eq(message.seqnum, 5);
    }
}
END_TEST

/* A reason, and whether the seqnum could be read. */
static const struct {
    const char *json, *reason;
    bool has_seqnum;
} malformed[] = {
    {"", "expected JSON", false},
    {"nonsense", "expected JSON", false},
    {TRADE "x", "expected JSON", false},
    {"#\n" TRADE, "expected JSON", false},
    {TRADE_HEAD, "expected JSON", false},
    {"{\"seqnum\":01}", "expected JSON", false},
    {TRADE_HEAD "\"price\":1.2.3}", "expected JSON", false},
    {TRADE_HEAD "\"price\":--1}", "expected JSON", false},
    {TRADE_HEAD "\"price\":NaN}", "expected JSON", false},
    {TRADE_HEAD "\"price\":\"\xff\"}", "expected JSON", false},
    {"[1]", "expected an object", false},
    {"\"updated\"", "expected an object", false},
    {"null", "expected an object", false},
    {"{}", "event: missing", false},
    {"{\"seqnum\":4}", "event: missing", true},
    {"{\"seqnum\":4,\"event\":5}", "event: expected a string, found a number", true},
    {"{\"seqnum\":4,\"event\":\"updated\"}", "channel: missing", true},
    {"{\"seqnum\":4,\"event\":\"updated\",\"channel\":null}", "channel: expected a string, found another type", true},
    {"{\"event\":\"updated\",\"channel\":\"trades\"}", "seqnum: missing", false},
    {"{\"seqnum\":\"4\",\"event\":\"updated\",\"channel\":\"l2\"}", "seqnum: expected a number, found a string", false},
    {"{\"seqnum\":-4,\"event\":\"updated\",\"channel\":\"l2\"}", "seqnum: expected a whole number, found -4", false},
    {"{\"seqnum\":4.0,\"event\":\"updated\",\"channel\":\"l2\"}", "seqnum: expected a whole number, found 4.0", false},
    {"{\"seqnum\":18446744073709551616,\"event\":\"updated\",\"channel\":\"l2\"}",
     "seqnum: expected a whole number, found 18446744073709551616", false},
    {"{\"seqnum\":4,\"event\":\"changed\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\"}",
     "event: expected updated, snapshot, subscribed, unsubscribed or rejected, found \"changed\"", true},
    {"{\"seqnum\":4,\"event\":\"subscribed\",\"channel\":\"trades\"}", "symbol: missing", true},
    {"{\"seqnum\":4,\"event\":\"rejected\",\"text\":5}", "text: expected a string, found a number", true},
    {TRADE_HEAD TRADE_TIME "\"qty\":1,\"price\":1,\"trade_id\":\"1\"}", "side: missing", true},
    {TRADE_HEAD TRADE_TIME "\"side\":\"Buy\",\"qty\":1,\"price\":1,\"trade_id\":\"1\"}",
     "side: expected buy or sell, found \"Buy\"", true},
    {TRADE_HEAD TRADE_TIME "\"side\":\"buy\",\"qty\":1,\"price\":\"1\",\"trade_id\":\"1\"}",
     "price: expected a number, found a string", true},
    {TRADE_HEAD TRADE_TIME "\"side\":\"buy\",\"qty\":true,\"price\":1,\"trade_id\":\"1\"}",
     "qty: expected a number, found another type", true},
    {TRADE_HEAD TRADE_TIME "\"side\":\"buy\",\"qty\":{\"qty\":1},\"price\":1,\"trade_id\":\"1\"}",
     "qty: expected a number, found another type", true},
    {TRADE_HEAD TRADE_TIME "\"side\":\"buy\",\"qty\":1,\"price\":1,\"trade_id\":1.5}",
     "trade_id: expected a string or a whole number, found 1.5", true},
    {TRADE_HEAD TRADE_TIME "\"side\":\"buy\",\"qty\":1,\"price\":1,\"trade_id\":1e3}",
     "trade_id: expected a string or a whole number, found 1e3", true},
    {TRADE_HEAD TRADE_TIME "\"side\":\"buy\",\"qty\":1,\"price\":1,\"trade_id\":null}",
     "trade_id: expected a string, found another type", true},
    {TRADE_HEAD TRADE_TIME "\"side\":\"buy\",\"qty\":1,\"price\":1,\"trade_id\":1" DIGITS_40 DIGITS_40 "}",
     "trade_id: invalid, found 1" DIGITS_40 DIGITS_40, true},
    {TRADE_HEAD TRADE_TIME "\"side\":\"buy\",\"qty\":1,\"price\":1,\"trade_id\":\"\"}", "trade_id: invalid, found ", true},
    {TRADE_HEAD TRADE_TIME "\"side\":\"buy\",\"qty\":1e100,\"price\":1,\"trade_id\":\"1\"}", "qty: invalid, found 1e100", true},
    {TRADE_HEAD TRADE_TIME "\"side\":\"buy\",\"qty\":1,\"price\":1" DIGITS_40 DIGITS_40 ",\"trade_id\":\"1\"}",
     "price: invalid, found 1" DIGITS_40 DIGITS_40, true},
    {TRADE_HEAD "\"timestamp\":\"yesterday\",\"side\":\"buy\",\"qty\":1,\"price\":1,\"trade_id\":\"1\"}",
     "timestamp: invalid, found yesterday", true},
    {TRADE_HEAD TRADE_TIME "\"price\":1,\"side\":\"buy\",\"qty\":1,\"price\":2,\"trade_id\":\"1\"}",
     "price: expected once, found twice", true},
};

START_TEST(malformed_message_is_told_with_what_is_wrong)
{
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        ck_assert_msg(!read(malformed[i].json), "%s was taken", malformed[i].json);
        ck_assert_msg(strcmp(message.fields.reason, malformed[i].reason) == 0, "%s: expected \"%s\", found \"%s\"",
                      malformed[i].json, malformed[i].reason, message.fields.reason);
        ck_assert_msg(message.has_seqnum == malformed[i].has_seqnum, "%s", malformed[i].json);
    }
}
END_TEST

START_TEST(id_that_is_a_whole_number_is_its_digits)
{
    static const char *const ids[] = {"77", "0", "-3", "123456789012345678901234567890"};
    char json[400];
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        snprintf(json, sizeof json, TRADE_HEAD TRADE_TIME "\"side\":\"buy\",\"qty\":1,\"price\":1,\"trade_id\":%s}", ids[i]);
        ck_assert_msg(read(json), "%s", message.fields.reason);
        ck_assert(text_equal(message.trade.id, text_of(ids[i])));
    }
}
END_TEST

START_TEST(long_values_and_names_harm_nobody)
{
    static char json[400000];
    static char filler[100001];
    memset(filler, 'k', 100000);
    snprintf(json, sizeof json, "{\"seqnum\":3,\"event\":\"updated\",\"channel\":\"trades\",\"symbol\":\"%s\"}", filler);
    ck_assert(!read(json));
    snprintf(json, sizeof json, "%s\"%s\":1,\"n\":{\"%s\":\"%s\"}," TRADE_TIME TRADE_REST, TRADE_HEAD, filler, filler, filler);
    check_trade(json);
    snprintf(json, sizeof json, TRADE_HEAD TRADE_TIME "\"side\":\"buy\",\"qty\":1,\"price\":1,\"trade_id\":\"%.300s\"}",
             filler);
    ck_assert(!read(json));
    ck_assert(strncmp(message.fields.reason, "trade_id: invalid, found kkk", 28) == 0);
}
END_TEST

START_TEST(trade_cut_anywhere_is_malformed)
{
    text_t whole = TEXT(TRADE);
    for (size_t length = 0; length < whole.length; length++)
        ck_assert(!blockchain_message_read(&message, (text_t){whole.at, length}));
}
END_TEST

/* NULL, having said so, where the recordings are not. */
static FILE *open_recording(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        printf("skipped: %s is not there\n", path);
    return file;
}

START_TEST(recording_of_the_real_exchange_has_no_malformed_message_and_no_hole)
{
    FILE *file = open_recording("../shared/data/blockchain-2021-07-22.ws");
    if (!file)
        return;
    gaps_t gaps = {0};
    uint64_t expected;
    int messages = 0, confirmed = 0;
    char line[65536];
    while (fgets(line, sizeof line, file)) {
        const char *json = strstr(line, ": {");
        if (strncmp(line, "wss://", 6) == 0 || !json)
            continue;
        ck_assert_msg(read(json + 2), "%s: %s", message.fields.reason, line);
        ck_assert_msg(gaps_check(&gaps, message.seqnum, &expected) == GAPS_NEXT, "a hole before %s", line);
        messages++;
        confirmed += message.kind == BLOCKCHAIN_SUBSCRIBED && text_equal(message.channel, TEXT("trades"));
    }
    fclose(file);
    ck_assert_int_eq(messages, 98);
    ck_assert_int_eq(confirmed, 10);
}
END_TEST

/* json.h's raw slices are the independent second opinion. */
static void check_member(text_t json, const char *name, text_t found)
{
    text_t raw = json_member(json, name), text;
    if (!json_plain_string(raw, &text))
        text = raw;
    ck_assert_msg(text_equal(found, text), "%s: expected %.*s, found %.*s", name, TEXT_ARG(text), TEXT_ARG(found));
}

START_TEST(real_trades_are_read_digit_for_digit)
{
    FILE *file = open_recording("../shared/data/trades-real.ndjson");
    if (!file)
        return;
    char line[65536];
    int trades = 0;
    while (fgets(line, sizeof line, file)) {
        text_t json = text_of(line);
        ck_assert_msg(read(line), "%s: %s", message.fields.reason, line);
        ck_assert_int_eq(message.kind, BLOCKCHAIN_TRADE);
        ck_assert_uint_eq(message.seqnum, (uint64_t)++trades);
        check_member(json, "symbol", message.trade.symbol);
        check_member(json, "timestamp", message.trade.timestamp);
        check_member(json, "qty", message.trade.qty);
        check_member(json, "price", message.trade.price);
        check_member(json, "trade_id", message.trade.id);
        check_member(json, "side", message.trade.side == SIDE_BUY ? TEXT("buy") : TEXT("sell"));
    }
    fclose(file);
    ck_assert_int_eq(trades, 1097);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("blockchain_message");
    tcase_add_test(tests, trade_is_read_with_its_exact_text);
    tcase_add_test(tests, long_decimals_keep_every_digit);
    tcase_add_test(tests, trade_is_read_however_its_json_is_written);
    tcase_add_test(tests, snapshot_that_holds_a_trade_is_one);
    tcase_add_test(tests, unknown_members_are_skipped_whatever_they_hold);
    tcase_add_test(tests, answers_to_requests_are_read);
    tcase_add_test(tests, throttles_rejection_is_read_without_seqnum_and_channel);
    tcase_add_test(tests, rejection_may_have_null_for_what_it_does_not_say);
    tcase_add_test(tests, long_text_of_a_rejection_is_cut);
    tcase_add_test(tests, other_channels_count_by_seqnum_only);
    tcase_add_test(tests, malformed_message_is_told_with_what_is_wrong);
    tcase_add_test(tests, id_that_is_a_whole_number_is_its_digits);
    tcase_add_test(tests, long_values_and_names_harm_nobody);
    tcase_add_test(tests, trade_cut_anywhere_is_malformed);
    tcase_add_test(tests, recording_of_the_real_exchange_has_no_malformed_message_and_no_hole);
    tcase_add_test(tests, real_trades_are_read_digit_for_digit);
    return RUN_TESTS("blockchain_message", tests);
}
