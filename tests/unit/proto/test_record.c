#include "common/json/json.h"
#include "proto/record.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

#define HEAD "{\"epoch\":1763941200123456,\"seq\":42,\"channel\":\"readings\",\"key\":\"sensor-7\","
#define TIME "\"timestamp\":\"2025-11-10T17:24:33.937Z\","
#define ID   "\"id\":\"881\","
#define TAIL "\"source\":\"lab\",\"received\":\"2025-11-10T17:24:33.981112345Z\",\"data\":"
#define DATA "{\"celsius\":21.50,\"at\":[1e5,{\"a b\":\"x } y\"}],\"ok\":true}"
#define TRADE                                                                                                                  \
    "{\"epoch\":1,\"seq\":2,\"seqnum\":3,\"event\":\"updated\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"timestamp\":"   \
    "\"2025-11-10T17:24:33Z\",\"side\":\"buy\",\"qty\":1,\"price\":2.50,\"tradeId\":\"9\",\"source\":\"x\",\"received\":"      \
    "\"2025-11-10T17:24:33.981112345Z\"}"

static trade_t reading(void)
{
    return (trade_t){.cursor = {UINT64_C(1763941200123456), 42},
                     .channel = TEXT("readings"),
                     .symbol = TEXT("sensor-7"),
                     .timestamp = TEXT("2025-11-10T17:24:33.937Z"),
                     .id = TEXT("881"),
                     .source = TEXT("lab"),
                     .received_ns = INT64_C(1762795473981112345),
                     .data = TEXT(DATA)};
}

START_TEST(a_record_prints_in_canonical_form_and_comes_back)
{
    char out[RECORD_MAX], again[RECORD_MAX];
    trade_t record = reading(), found;
    const char *wrong;
    ck_assert(record_valid(&record, &wrong));
    text_t json = {out, record_print(out, &record)};
    ck_assert_msg(text_equal(json, TEXT(HEAD TIME ID TAIL DATA "}")), "%.*s", TEXT_ARG(json));
    ck_assert(json_valid(json));
    ck_assert(record_parse(json, &found));
    ck_assert(!record_is_trade(&found));
    ck_assert(text_equal(found.channel, TEXT("readings")) && text_equal(found.symbol, TEXT("sensor-7")));
    ck_assert(text_equal(found.id, TEXT("881")) && text_equal(found.source, TEXT("lab")));
    ck_assert(text_equal(found.data, TEXT(DATA)));
    ck_assert_int_eq(found.timestamp_ns, INT64_C(1762795473937000000));
    ck_assert_int_eq(found.received_ns, record.received_ns);
    ck_assert(text_equal((text_t){again, record_print(again, &found)}, json));
}
END_TEST

START_TEST(a_record_may_be_without_an_id)
{
    char out[RECORD_MAX];
    trade_t record = reading(), found;
    record.id = TEXT("");
    text_t json = {out, record_print(out, &record)};
    ck_assert_msg(text_equal(json, TEXT(HEAD TIME TAIL DATA "}")), "%.*s", TEXT_ARG(json));
    ck_assert(record_parse(json, &found));
    ck_assert_uint_eq(found.id.length, 0);
}
END_TEST

START_TEST(the_longest_record_fits)
{
    static char data[RECORD_DATA_MAX + 1];
    char key[KEY_MAX], channel[CHANNEL_MAX], id[TRADE_ID_MAX], source[SOURCE_MAX], out[RECORD_MAX];
    memset(key, 'k', sizeof key);
    memset(channel, 'c', sizeof channel);
    memset(id, '~', sizeof id);
    memset(source, 's', sizeof source);
    memset(data, '1', sizeof data);
    memcpy(data, "{\"n\":", 5);
    data[RECORD_DATA_MAX - 1] = '}';
    trade_t record = {.cursor = {UINT64_MAX, UINT64_MAX},
                      .channel = {channel, sizeof channel},
                      .symbol = {key, sizeof key},
                      .timestamp = TEXT("2025-11-10T17:24:33.981112345+00:00"),
                      .id = {id, sizeof id},
                      .source = {source, sizeof source},
                      .received_ns = INT64_MAX,
                      .data = {data, RECORD_DATA_MAX}};
    const char *wrong = "";
    ck_assert_msg(record_valid(&record, &wrong), "%s", wrong);
    text_t json = {out, record_print(out, &record)};
    ck_assert(record_parse(json, &record));
    record.data = (text_t){data, RECORD_DATA_MAX + 1};
    data[RECORD_DATA_MAX - 1] = '1';
    data[RECORD_DATA_MAX] = '}';
    ck_assert(!record_valid(&record, &wrong));
    ck_assert_str_eq(wrong, "data");
}
END_TEST

START_TEST(anything_else_is_refused)
{
    static const char *const bad[] = {"",
                                      "{}",
                                      HEAD TIME ID TAIL DATA,
                                      HEAD TIME ID TAIL "[1]}",
                                      HEAD TIME ID TAIL "1}",
                                      HEAD TIME ID TAIL "{\"a\": 1}}",
                                      HEAD TIME ID TAIL "{\"a\":1}} ",
                                      HEAD TIME ID TAIL "{\"a\":01}}",
                                      HEAD TIME ID TAIL "{\"a\":1},\"b\":2}",
                                      HEAD TIME "\"id\":\"\"," TAIL DATA "}",
                                      HEAD TIME "\"id\":\"a b\"," TAIL DATA "}",
                                      HEAD "\"timestamp\":\"yesterday\"," ID TAIL DATA "}",
                                      "{\"epoch\":1,\"seq\":1,\"channel\":\"trades\",\"key\":\"A-B\"," TIME ID TAIL DATA "}",
                                      "{\"epoch\":1,\"seq\":1,\"channel\":\"Readings\",\"key\":\"a\"," TIME ID TAIL DATA "}",
                                      "{\"epoch\":1,\"seq\":1,\"channel\":\"readings\",\"key\":\"a.b\"," TIME ID TAIL DATA "}",
                                      "{\"epoch\":1,\"seq\":1,\"channel\":\"readings\",\"key\":\"\"," TIME ID TAIL DATA "}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        trade_t record;
        ck_assert_msg(!record_parse(text_of(bad[i]), &record), "%s was taken", bad[i]);
    }
}
END_TEST

START_TEST(data_is_at_most_sixteen_levels_deep)
{
    for (unsigned depth = RECORD_DATA_DEPTH; depth <= RECORD_DATA_DEPTH + 1; depth++) {
        char data[128] = "{\"\\\"{[\":", *at = data + strlen(data);
        for (unsigned i = 1; i < depth; i++)
            *at++ = '[';
        for (unsigned i = 1; i < depth; i++)
            *at++ = ']';
        *at++ = '}';
        trade_t record = reading();
        const char *wrong = "";
        record.data = (text_t){data, (size_t)(at - data)};
        ck_assert_int_eq(record_valid(&record, &wrong), depth == RECORD_DATA_DEPTH);
    }
}
END_TEST

START_TEST(a_trade_is_a_record)
{
    char out[RECORD_MAX], subject[SUBJECT_MAX];
    trade_t record;
    ck_assert(record_parse(TEXT(TRADE), &record));
    ck_assert(record_is_trade(&record));
    ck_assert(text_equal((text_t){out, record_print(out, &record)}, TEXT(TRADE)));
    ck_assert(text_equal((text_t){subject, record_subject(subject, &record)}, TEXT("BTC-USD")));
    ck_assert(record_is_of(&record, TEXT("trade.BTC-USD.x")));
    ck_assert(!record_is_of(&record, TEXT("trades.BTC-USD.x")));
}
END_TEST

START_TEST(a_record_belongs_to_a_topic_and_moves_to_another_cursor)
{
    char out[RECORD_MAX], subject[SUBJECT_MAX];
    trade_t record;
    cursor_t cursor;
    ck_assert(record_parse(TEXT(HEAD TIME ID TAIL DATA "}"), &record));
    ck_assert(text_equal((text_t){subject, record_subject(subject, &record)}, TEXT("readings.sensor-7")));
    ck_assert(record_is_of(&record, TEXT("readings.sensor-7.lab")));
    ck_assert(!record_is_of(&record, TEXT("readings.sensor-8.lab")));
    ck_assert(!record_is_of(&record, TEXT("trade.sensor-7.lab")));
    text_t moved = {out, record_move(out, TEXT(HEAD TIME ID TAIL DATA "}"), (cursor_t){7, 8})};
    ck_assert(trade_cursor(moved, &cursor));
    ck_assert_uint_eq(cursor.epoch, 7);
    ck_assert_uint_eq(cursor.seq, 8);
    ck_assert_uint_eq(record_move(out, TEXT("{\"epoch\":1}"), cursor), 0);
}
END_TEST

START_TEST(records_are_counted_whatever_their_data_say)
{
    ck_assert_uint_eq(record_count(TEXT("[]")), 0);
    ck_assert_uint_eq(record_count(TEXT("[" TRADE "," TRADE "]")), 2);
    ck_assert_uint_eq(record_count(TEXT("[" HEAD TIME TAIL "{\"a\":[{\"epoch\":1},{\"epoch\":2}]}}]")), 1);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("record");
    tcase_add_test(tests, a_record_prints_in_canonical_form_and_comes_back);
    tcase_add_test(tests, a_record_may_be_without_an_id);
    tcase_add_test(tests, the_longest_record_fits);
    tcase_add_test(tests, anything_else_is_refused);
    tcase_add_test(tests, data_is_at_most_sixteen_levels_deep);
    tcase_add_test(tests, a_trade_is_a_record);
    tcase_add_test(tests, a_record_belongs_to_a_topic_and_moves_to_another_cursor);
    tcase_add_test(tests, records_are_counted_whatever_their_data_say);
    return RUN_TESTS("record", tests);
}
