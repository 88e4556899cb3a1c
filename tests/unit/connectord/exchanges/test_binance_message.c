#include "connectord/exchanges/binance_message.h"

#include "tests/unit/check_text.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>

/* As the documentation has it, with times in µs. */
#define TRADE_OF(symbol, id, price, qty, time, maker)                                                                          \
    "{\"e\":\"trade\",\"E\":1672515782136123,\"s\":" symbol ",\"t\":" id ",\"p\":" price ",\"q\":" qty                         \
    ",\"b\":88,\"a\":50,\"T\":" time ",\"m\":" maker ",\"M\":true}"
#define TRADE          TRADE_OF("\"BNBBTC\"", "12345", "\"0.00100\"", "\"100\"", "1672515782136120", "true")
#define COMBINED(data) "{\"stream\":\"bnbbtc@trade\",\"data\":" data "}"

static binance_message_t message;

static bool read(const char *json)
{
    return binance_message_read(&message, text_of(json));
}

static void check_kind(const char *json, binance_kind_t kind)
{
    ck_assert_msg(read(json), "%s: %s", json, message.outer.reason);
    ck_assert_msg(message.kind == kind, "%s: expected kind %d, found %d", json, (int)kind, (int)message.kind);
}

static void check_trade(const char *json)
{
    check_kind(json, BINANCE_TRADE);
    check_text(message.symbol, "BNBBTC");
    check_text(message.trade.timestamp, "2022-12-31T19:43:02.136120Z");
    ck_assert_int_eq(message.trade.timestamp_ns, INT64_C(1672515782136120000));
    ck_assert_int_eq(message.trade.side, SIDE_SELL);
    check_text(message.trade.qty, "100");
    check_text(message.trade.price, "0.00100");
    check_text(message.trade.id, "12345");
    ck_assert_uint_eq(message.trade.seqnum, 0);
}

START_TEST(trade_is_read_with_its_exact_text_combined_or_raw)
{
    check_trade(TRADE);
    check_trade(COMBINED(TRADE));
    check_trade("{\"data\":" TRADE ",\"stream\":\"bnbbtc@trade\"}");
}
END_TEST

START_TEST(trade_is_read_however_its_json_is_written)
{
    check_trade(
        " { \"M\" : true , \"m\":true,\n\"T\":1672515782136120,\"q\":\"100\",\"p\":\"0.00100\",\"t\":12345,\"s\":\"BNBBTC\","
        "\"E\":1,\"e\":\"trade\"}\r\n");
    check_trade("{\"str\\u0065am\":\"\\u0062nbbtc@trade\",\"d\\u0061ta\":" TRADE "}");
    check_trade(
        COMBINED("{\"\\u0065\":\"tr\\u0061de\",\"s\":\"BNB\\u0042TC\",\"t\":12345,\"p\":\"0.0\\u0030100\",\"q\":\"1\\u00300\","
                 "\"\\u0054\":1672515782136120,\"m\":true}"));
}
END_TEST

START_TEST(unknown_members_are_skipped_whatever_they_hold)
{
    check_trade(
        "{\"stream\":\"x\",\"new\":{\"s\":1,\"data\":[{}]},\"data\":{\"x\":{\"p\":1,\"q\":[2]},\"none\":null,\"e\":\"trade\","
        "\"s\":"
        "\"BNBBTC\",\"t\":12345,\"p\":\"0.00100\",\"q\":\"100\",\"T\":1672515782136120,\"m\":true,\"P\":[[[]]],\"X\":\"y\"}}");
}
END_TEST

START_TEST(buyer_who_was_not_the_maker_took)
{
    check_kind(COMBINED(TRADE_OF("\"BNBBTC\"", "1", "\"1\"", "\"1\"", "1672515782136120", "false")), BINANCE_TRADE);
    ck_assert_int_eq(message.trade.side, SIDE_BUY);
}
END_TEST

START_TEST(times_are_of_ms_or_us_as_their_digits_tell)
{
    check_kind(TRADE_OF("\"BNBBTC\"", "1", "\"1\"", "\"1\"", "1672515782136", "true"), BINANCE_TRADE);
    check_text(message.trade.timestamp, "2022-12-31T19:43:02.136Z");
    ck_assert_int_eq(message.trade.timestamp_ns, INT64_C(1672515782136000000));
    check_kind(TRADE_OF("\"BNBBTC\"", "1", "\"1\"", "\"1\"", "1672515782000000", "true"), BINANCE_TRADE);
    check_text(message.trade.timestamp, "2022-12-31T19:43:02.000000Z");
    check_kind(TRADE_OF("\"BNBBTC\"", "1", "\"1\"", "\"1\"", "1672515782000", "true"), BINANCE_TRADE);
    check_text(message.trade.timestamp, "2022-12-31T19:43:02.000Z");
}
END_TEST

#define DIGITS_40 "1234567890123456789012345678901234567890"

START_TEST(long_decimals_and_the_largest_id_keep_every_digit)
{
    check_kind(TRADE_OF("\"BNBBTC\"", "9223372036854775807", "\"" DIGITS_40 ".10\"",
                        "\"0.000000000000000000000000000000012345678\"", "1672515782136120", "true"),
               BINANCE_TRADE);
    check_text(message.trade.price, DIGITS_40 ".10");
    check_text(message.trade.qty, "0.000000000000000000000000000000012345678");
    check_text(message.trade.id, "9223372036854775807");
}
END_TEST

START_TEST(answers_are_read_with_their_number)
{
    check_kind("{\"result\":null,\"id\":312}", BINANCE_GRANTED);
    ck_assert(message.numbered);
    ck_assert_uint_eq(message.request, 312);
    check_kind("{\"id\":1,\"result\":null,\"error\":null}", BINANCE_GRANTED);
    check_kind("{\"result\":null,\"id\":null}", BINANCE_GRANTED);
    ck_assert(!message.numbered);
    check_kind("{\"result\":true,\"id\":2}", BINANCE_OTHER);
    check_kind("{\"result\":[\"btcusdt@trade\"],\"id\":3}", BINANCE_OTHER);
    check_kind("{\"error\":{\"code\":2,\"msg\":\"Invalid request: \\\"x\\\"\"},\"id\":7}", BINANCE_REFUSED);
    ck_assert(message.numbered);
    ck_assert_uint_eq(message.request, 7);
    check_text(message.text, "Invalid request: \"x\"");
    check_kind("{\"code\":0,\"msg\":\"Unknown property\",\"id\":3}", BINANCE_REFUSED);
    ck_assert_uint_eq(message.request, 3);
    check_text(message.text, "Unknown property");
    check_kind("{\"code\":3,\"msg\":\"Invalid JSON: expected value at line 1 column 2\"}", BINANCE_REFUSED);
    ck_assert(!message.numbered);
}
END_TEST

START_TEST(long_text_of_a_refusal_is_cut)
{
    char json[2000], text[1001];
    memset(text, 't', 1000);
    text[1000] = '\0';
    snprintf(json, sizeof json, "{\"error\":{\"code\":2,\"msg\":\"%s\"},\"id\":1}", text);
    check_kind(json, BINANCE_REFUSED);
    ck_assert_uint_eq(message.text.length, BINANCE_TEXT_MAX);
}
END_TEST

START_TEST(shutdown_is_read_combined_or_raw)
{
    check_kind("{\"e\":\"serverShutdown\",\"E\":1770123456789}", BINANCE_SHUTDOWN);
    check_kind("{\"stream\":\"!serverShutdown\",\"data\":{\"e\":\"serverShutdown\",\"E\":1770123456789}}", BINANCE_SHUTDOWN);
}
END_TEST

START_TEST(other_events_and_books_are_left_alone)
{
    static const char *const cases[] = {
        "{\"e\":\"aggTrade\",\"E\":1672515782136,\"s\":\"BNBBTC\",\"a\":12345,\"p\":\"0.001\",\"q\":\"100\",\"f\":100,\"l\":"
        "105,"
        "\"T\":1672515782136,\"m\":true,\"M\":true}",
        "{\"e\":\"depthUpdate\",\"E\":1672515782136,\"s\":\"BNBBTC\",\"U\":157,\"u\":160,\"b\":[[\"0.0024\",\"10\"]],\"a\":[]}",
        "{\"e\":\"kline\",\"E\":1672515782136,\"s\":\"BNBBTC\",\"k\":{\"t\":1,\"T\":2,\"s\":\"BNBBTC\",\"q\":\"1.0000\"}}",
        "{\"e\":\"24hrTicker\",\"E\":1672515782136,\"s\":\"BNBBTC\",\"p\":\"0.0015\",\"q\":\"18\"}",
        "{\"e\":\"new\",\"s\":1,\"t\":{},\"p\":[],\"q\":null,\"T\":\"x\",\"m\":7}",
        "{\"u\":400900217,\"s\":\"BNBUSDT\",\"b\":\"25.35190000\",\"B\":\"31.21000000\",\"a\":\"25.36520000\",\"A\":\"40.66\"}",
        "{\"lastUpdateId\":160,\"bids\":[[\"0.0024\",\"10\"]],\"asks\":[]}",
    };
    char json[512];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_kind(cases[i], BINANCE_OTHER);
        snprintf(json, sizeof json, "{\"stream\":\"x\",\"data\":%s}", cases[i]);
        check_kind(json, BINANCE_OTHER);
    }
    check_kind("{\"stream\":\"!ticker@arr\",\"data\":[{\"e\":\"24hrTicker\"}]}", BINANCE_OTHER);
}
END_TEST

/* What a field may not be: of another type, missing, huge, there twice. */
static const struct {
    const char *json, *reason;
} malformed[] = {
    {"", "expected JSON"},
    {"nonsense", "expected JSON"},
    {"[]", "expected an object"},
    {"5", "expected an object"},
    {"{}", "e: missing"},
    {"\xff\xfe", "expected JSON"},
    {"{\"e\":\"tr\xff\"}", "expected JSON"},
    {"{\"e\":5}", "e: expected a string, found a number"},
    {"{\"e\":null,\"s\":\"BNBBTC\"}", "e: expected a string, found another type"},
    {"{\"e\":\"trade\",\"e\":\"kline\"}", "e: expected once, found twice"},
    {"{\"stream\":\"x\"}", "data: missing"},
    {"{\"stream\":5,\"data\":" TRADE "}", "stream: expected a string, found a number"},
    {"{\"data\":" TRADE "}", "stream: missing"},
    {"{\"stream\":\"x\",\"stream\":\"x\",\"data\":" TRADE "}", "stream: expected once, found twice"},
    {"{\"stream\":\"x\",\"data\":\"x\"}", "data: expected another type, found a string"},
    {"{\"stream\":\"x\",\"data\":null}", "data: expected an object"},
    {"{\"stream\":\"x\",\"data\":{}}", "e: missing"},
    {"{\"stream\":\"x\",\"data\":" TRADE ",\"data\":" TRADE "}", "data: expected once, found twice"},

    {TRADE_OF("1", "1", "\"1\"", "\"1\"", "1672515782136", "true"), "s: expected a string, found a number"},
    {"{\"e\":\"trade\"}", "s: missing"},
    {"{\"e\":\"trade\",\"s\":\"A\",\"s\":\"B\"}", "s: expected once, found twice"},
    {"{\"e\":\"trade\",\"s\":\"A\"}", "t: missing"},
    {"{\"e\":\"trade\",\"s\":\"A\",\"t\":1}", "p: missing"},
    {"{\"e\":\"trade\",\"s\":\"A\",\"t\":1,\"p\":\"1\"}", "q: missing"},
    {"{\"e\":\"trade\",\"s\":\"A\",\"t\":1,\"p\":\"1\",\"q\":\"1\"}", "T: missing"},
    {"{\"e\":\"trade\",\"s\":\"A\",\"t\":1,\"p\":\"1\",\"q\":\"1\",\"T\":1672515782136}", "m: missing"},
    {TRADE_OF("\"A\"", "\"1\"", "\"1\"", "\"1\"", "1672515782136", "true"), "t: expected a number, found a string"},
    {TRADE_OF("\"A\"", "0", "\"1\"", "\"1\"", "1672515782136", "true"), "t: expected a whole number from 1 to 2^63-1, found 0"},
    {TRADE_OF("\"A\"", "-1", "\"1\"", "\"1\"", "1672515782136", "true"),
     "t: expected a whole number from 1 to 2^63-1, found -1"},
    {TRADE_OF("\"A\"", "1.5", "\"1\"", "\"1\"", "1672515782136", "true"),
     "t: expected a whole number from 1 to 2^63-1, found 1.5"},
    {TRADE_OF("\"A\"", "1e3", "\"1\"", "\"1\"", "1672515782136", "true"),
     "t: expected a whole number from 1 to 2^63-1, found 1e3"},
    {TRADE_OF("\"A\"", "9223372036854775808", "\"1\"", "\"1\"", "1672515782136", "true"),
     "t: expected a whole number from 1 to 2^63-1, found 9223372036854775808"},
    {TRADE_OF("\"A\"", DIGITS_40, "\"1\"", "\"1\"", "1672515782136", "true"),
     "t: expected a whole number from 1 to 2^63-1, found " DIGITS_40},
    {TRADE_OF("\"A\"", "1,\"t\":2", "\"1\"", "\"1\"", "1672515782136", "true"), "t: expected once, found twice"},
    {TRADE_OF("\"A\"", "1", "1", "\"1\"", "1672515782136", "true"), "p: expected a string, found a number"},
    {TRADE_OF("\"A\"", "1", "\"\"", "\"1\"", "1672515782136", "true"), "p: expected a decimal, found \"\""},
    {TRADE_OF("\"A\"", "1", "\"1,5\"", "\"1\"", "1672515782136", "true"), "p: expected a decimal, found \"1,5\""},
    {TRADE_OF("\"A\"", "1", "\"" DIGITS_40 DIGITS_40 "\"", "\"1\"", "1672515782136", "true"),
     "p: expected a decimal, found \"" DIGITS_40 DIGITS_40 "\""},
    {TRADE_OF("\"A\"", "1", "\"1\"", "null", "1672515782136", "true"), "q: expected a string, found another type"},
    {TRADE_OF("\"A\"", "1", "\"1\"", "\"NaN\"", "1672515782136", "true"), "q: expected a decimal, found \"NaN\""},
    {TRADE_OF("\"A\"", "1", "\"1\"", "\"1e100\"", "1672515782136", "true"), "q: expected a decimal, found \"1e100\""},
    {TRADE_OF("\"A\"", "1", "\"1\"", "\"1\"", "\"1672515782136\"", "true"), "T: expected a number, found a string"},
    {TRADE_OF("\"A\"", "1", "\"1\"", "\"1\"", "0", "true"), "T: expected ms or µs since 1970, found 0"},
    {TRADE_OF("\"A\"", "1", "\"1\"", "\"1\"", "1672515782", "true"), "T: expected ms or µs since 1970, found 1672515782"},
    {TRADE_OF("\"A\"", "1", "\"1\"", "\"1\"", "16725157821361", "true"),
     "T: expected ms or µs since 1970, found 16725157821361"},
    {TRADE_OF("\"A\"", "1", "\"1\"", "\"1\"", "9999999999999", "true"), "T: expected ms or µs since 1970, found 9999999999999"},
    {TRADE_OF("\"A\"", "1", "\"1\"", "\"1\"", "9999999999999999", "true"),
     "T: expected ms or µs since 1970, found 9999999999999999"},
    {TRADE_OF("\"A\"", "1", "\"1\"", "\"1\"", "1672515782136120000", "true"),
     "T: expected ms or µs since 1970, found 1672515782136120000"},
    {TRADE_OF("\"A\"", "1", "\"1\"", "\"1\"", "167251578213.", "true"), "expected JSON"},
    {TRADE_OF("\"A\"", "1", "\"1\"", "\"1\"", "1672515782.36", "true"), "T: expected ms or µs since 1970, found 1672515782.36"},
    {TRADE_OF("\"A\"", "1", "\"1\"", "\"1\"", "-167251578213", "true"), "T: expected ms or µs since 1970, found -167251578213"},
    {TRADE_OF("\"A\"", "1", "\"1\"", "\"1\"", "1672515782136", "\"true\""), "m: expected another type, found a string"},
    {TRADE_OF("\"A\"", "1", "\"1\"", "\"1\"", "1672515782136", "1"), "m: expected another type, found a number"},
    {TRADE_OF("\"A\"", "1", "\"1\"", "\"1\"", "1672515782136", "null"), "m: expected true or false"},
    {TRADE_OF("\"A\"", "1", "\"1\"", "\"1\"", "1672515782136", "true,\"m\":true"), "m: expected once, found twice"},

    {"{\"result\":null,\"id\":\"1\"}", "id: expected a number, found a string"},
    {"{\"result\":null,\"id\":-1}", "id: expected a whole number, found -1"},
    {"{\"result\":null,\"id\":1,\"id\":2}", "id: expected once, found twice"},
    {"{\"result\":null,\"id\":" DIGITS_40 "}", "id: expected a whole number, found " DIGITS_40},
    {"{\"error\":5,\"id\":1}", "error: expected an object"},
    {"{\"error\":\"no\",\"id\":1}", "error: expected JSON"},
    {"{\"error\":{},\"id\":1}", "error: code: missing"},
    {"{\"error\":{\"code\":2},\"id\":1}", "error: msg: missing"},
    {"{\"error\":{\"code\":\"2\",\"msg\":\"no\"},\"id\":1}", "error: code: expected a number, found a string"},
    {"{\"error\":{\"code\":2,\"msg\":7},\"id\":1}", "error: msg: expected a string, found a number"},
    {"{\"error\":{\"code\":2,\"msg\":\"no\",\"msg\":\"no\"},\"id\":1}", "error: msg: expected once, found twice"},
    {"{\"error\":{\"code\":2,\"msg\":\"no\"},\"id\":true}", "id: expected a number, found another type"},
    {"{\"code\":2,\"id\":1}", "msg: missing"},
    {"{\"code\":2,\"msg\":{},\"id\":1}", "msg: expected a string, found another type"},
};

START_TEST(malformed_message_is_told_with_what_is_wrong)
{
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        ck_assert_msg(!read(malformed[i].json), "taken: %s", malformed[i].json);
        ck_assert_msg(strcmp(message.outer.reason, malformed[i].reason) == 0, "%s: expected \"%s\", found \"%s\"",
                      malformed[i].json, malformed[i].reason, message.outer.reason);
        check_trade(TRADE); /* nothing of it stays */
    }
}
END_TEST

START_TEST(what_is_wrong_with_a_combined_trade_is_told_as_with_a_raw_one)
{
    ck_assert(!read(COMBINED(TRADE_OF("\"A\"", "0", "\"1\"", "\"1\"", "1672515782136", "true"))));
    ck_assert_str_eq(message.outer.reason, "t: expected a whole number from 1 to 2^63-1, found 0");
}
END_TEST

START_TEST(trade_cut_anywhere_is_malformed)
{
    text_t whole = TEXT(COMBINED(TRADE));
    for (size_t length = 0; length < whole.length; length++)
        ck_assert(!binance_message_read(&message, (text_t){whole.at, length}));
}
END_TEST

START_TEST(long_values_harm_nobody)
{
    enum { LENGTH = 100000 };
    char *json = malloc(LENGTH + 100);
    static const char *const heads[] = {"{\"e\":\"", "{\"stream\":\"", "{\"error\":\"", "{\"e\":\"trade\",\"s\":\""};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        size_t head = strlen(heads[i]);
        memcpy(json, heads[i], head);
        memset(json + head, 'k', LENGTH);
        memcpy(json + head + LENGTH, "\"}", 3);
        if (i > 0) /* an event of that name is another's */
            ck_assert(!read(json));
        else
            check_kind(json, BINANCE_OTHER);
    }
    free(json);
}
END_TEST

START_TEST(names_are_the_symbols_without_hyphen_in_capitals)
{
    static const char *const cases[][2] = {
        {"BTC-USDT", "BTCUSDT"}, {"btc-usdt", "BTCUSDT"}, {"1000SATS-FDUSD", "1000SATSFDUSD"}, {"\xc3\xa9-USD", "\xc3\xa9USD"}};
    char name[SYMBOL_MAX], symbol[SYMBOL_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_text((text_t){name, binance_name_print(name, text_of(cases[i][0]))}, cases[i][1]);
    memset(symbol, 'A', sizeof symbol);
    ck_assert_uint_eq(binance_name_print(name, (text_t){symbol, sizeof symbol}), SYMBOL_MAX);
}
END_TEST

START_TEST(recording_of_the_real_exchange_has_nothing_malformed_and_all_is_left_alone)
{
    char line[65536];
    int messages = 0;
    FILE *file = fopen("../shared/data/binance-2021-10-12.ws", "r");
    if (!file) {
        printf("skipped: ../shared/data/binance-2021-10-12.ws is not there\n");
        return;
    }
    while (fgets(line, sizeof line, file)) {
        const char *json = strstr(line, ": {");
        if (strncmp(line, "wss://", 6) == 0 || !json)
            continue;
        check_kind(json + 2, BINANCE_OTHER);
        messages++;
    }
    fclose(file);
    ck_assert_int_eq(messages, 265);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        trade_is_read_with_its_exact_text_combined_or_raw,
        trade_is_read_however_its_json_is_written,
        unknown_members_are_skipped_whatever_they_hold,
        buyer_who_was_not_the_maker_took,
        times_are_of_ms_or_us_as_their_digits_tell,
        long_decimals_and_the_largest_id_keep_every_digit,
        answers_are_read_with_their_number,
        long_text_of_a_refusal_is_cut,
        shutdown_is_read_combined_or_raw,
        other_events_and_books_are_left_alone,
        malformed_message_is_told_with_what_is_wrong,
        what_is_wrong_with_a_combined_trade_is_told_as_with_a_raw_one,
        trade_cut_anywhere_is_malformed,
        long_values_harm_nobody,
        names_are_the_symbols_without_hyphen_in_capitals,
        recording_of_the_real_exchange_has_nothing_malformed_and_all_is_left_alone,
    };
    return RUN_TESTS("binance_message", TEST_CASE(NULL, NULL, tests));
}
