/* Records of another channel than trades (record.h) beside trades: as long as they may be, without an id, under topics that begin otherwise. */
#pragma once

#include "proto/record.h"
#include "tests/contract/store_cases.h"

#define READINGS TEXT("readings.sensor-7.lab")
#define SAME_KEY TEXT("trade.sensor-7.lab") /* trades whose symbol is that key, from the same source */

enum { READINGS_COUNT = 600, SHORT_DATA = 40 };

/* Every third one is as long as a record's data may be, with quotes, escapes and UTF-8 inside. */
static size_t reading_at(char out[static RECORD_MAX], cursor_t cursor)
{
    static char data[RECORD_DATA_MAX];
    static const char start[] = "{\"note\":\"a \\\" b\\n 'ü' $1 %s\",\"fill\":\"", end[] = "\"}";
    size_t length = cursor.seq % 3 == 0 ? RECORD_DATA_MAX : sizeof start + SHORT_DATA + cursor.seq % 200;
    memset(data, 'a' + (int)(cursor.seq % 26), length);
    memcpy(data, start, sizeof start - 1);
    memcpy(data + length - (sizeof end - 1), end, sizeof end - 1);
    trade_t record = {.cursor = cursor,
                      .channel = TEXT("readings"),
                      .symbol = TEXT("sensor-7"),
                      .timestamp = TEXT("2025-11-10T17:24:33.937Z"),
                      .source = TEXT("lab"),
                      .received_ns = INT64_C(1762795473981112345) + (int64_t)cursor.seq,
                      .data = {data, length}};
    const char *wrong = "";
    ck_assert_msg(record_valid(&record, &wrong), "%s", wrong);
    return record_print(out, &record);
}

static void add_reading(cursor_t cursor)
{
    char text[RECORD_MAX + 1];
    text[reading_at(text, cursor)] = '\0';
    batch_add_text(READINGS, cursor, (int64_t)cursor.seq * 10, text);
}

static void append_readings(uint64_t epoch, uint64_t from, uint64_t to)
{
    for (uint64_t seq = from; seq <= to; seq++)
        add_reading((cursor_t){epoch, seq});
    append_batch();
}

/* As assert_seen (). */
static void assert_readings(uint64_t epoch, uint64_t first, uint64_t last)
{
    char text[RECORD_MAX];
    uint64_t count = (first < last ? last - first : first - last) + 1;
    ck_assert_uint_eq(seen_count, count);
    for (uint64_t i = 0; i < count; i++) {
        cursor_t cursor = {epoch, first < last ? first + i : first - i};
        size_t length = reading_at(text, cursor);
        ck_assert_uint_eq(seen[i].cursor.epoch, cursor.epoch);
        ck_assert_uint_eq(seen[i].cursor.seq, cursor.seq);
        ck_assert_msg(seen[i].hash == text_hash((text_t){text, length}), "changed: %.*s", (int)length, text);
    }
}

START_TEST(records_of_a_channel_come_back_beside_trades)
{
    begin(_i);
    for (uint64_t seq = 1; seq <= READINGS_COUNT; seq++) { /* mixed, in one batch */
        add_reading((cursor_t){5, seq});
        batch_add(TOPIC, (cursor_t){5, seq}, (int64_t)seq * 10);
        if (seq <= 10)
            batch_add(SAME_KEY, (cursor_t){5, seq}, (int64_t)seq * 10);
    }
    append_batch();
    append_readings(5, READINGS_COUNT - 50, READINGS_COUNT); /* once more */
    read_all(READINGS);
    assert_readings(5, 1, READINGS_COUNT);
    read_all(TOPIC);
    assert_seen(5, 1, READINGS_COUNT);
    read_all(SAME_KEY);
    assert_seen(5, 1, 10);
    assert_place(READINGS, (cursor_t){5, READINGS_COUNT}, READINGS_COUNT);
    ck_assert_uint_eq(load(handle, READINGS).count, 3);
    read_all(TEXT("readings.sensor-7.la"));
    ck_assert_uint_eq(seen_count, 0);
}
END_TEST

START_TEST(ranges_and_the_newest_of_a_channel)
{
    begin(_i);
    append_readings(5, 1, READINGS_COUNT);
    store_query_t query = everything;
    query.topic = READINGS;
    query.order = STORE_NEWEST_FIRST;
    query.limit = 1;
    read_with(handle, query);
    assert_readings(5, READINGS_COUNT, READINGS_COUNT);
    query.limit = 10;
    read_with(handle, query);
    assert_readings(5, READINGS_COUNT, READINGS_COUNT - 9);
    query.after_ns = 1000;
    query.before_ns = 2000;
    query.order = STORE_OLDEST_FIRST;
    query.limit = UINT64_MAX;
    read_with(handle, query);
    assert_readings(5, 101, 199);
    query = everything;
    query.topic = READINGS;
    query.from = (cursor_t){5, 300};
    query.to = (cursor_t){5, 310};
    read_with(handle, query);
    assert_readings(5, 300, 310);
}
END_TEST

START_TEST(retain_and_clear_know_a_channel)
{
    begin(_i);
    uint64_t count;
    append_readings(5, 1, READINGS_COUNT);
    append(SAME_KEY, 5, 1, 100);
    OK(kind->write.retain(handle, READINGS, 200, INT64_MIN, &count, error));
    ck_assert_uint_eq(count, READINGS_COUNT - 200);
    read_all(READINGS);
    assert_readings(5, READINGS_COUNT - 199, READINGS_COUNT);
    OK(kind->write.retain(handle, READINGS, UINT64_MAX, (READINGS_COUNT - 99) * 10, &count, error));
    ck_assert_uint_eq(count, 100);
    OK(kind->write.expire(handle, INT64_C(3600000000000), error)); /* a day later at the soonest; the records are of 1970 */
    OK(kind->write.expire(handle, 0, error));
    OK(kind->write.clear(handle, READINGS, &count, error));
    ck_assert_uint_le(count, 100); /* what expired is gone already */
    assert_place(READINGS, (cursor_t){5, READINGS_COUNT}, 0);
    append_readings(5, READINGS_COUNT - 10, READINGS_COUNT + 10);
    read_all(READINGS);
    assert_readings(5, READINGS_COUNT + 1, READINGS_COUNT + 10);
    read_all(SAME_KEY);
    assert_seen(5, 1, 100);
}
END_TEST

START_TEST(fill_takes_records_of_a_channel)
{
    begin(_i);
    OK(kind->write.skip(handle, READINGS, (cursor_t){5, 100}, error));
    append_readings(5, 101, 150);
    for (uint64_t seq = 1; seq <= 120; seq++)
        add_reading((cursor_t){5, seq});
    uint64_t filled;
    OK(kind->write.fill(handle, batch, batch_count, &filled, error));
    batch_count = 0;
    ck_assert_uint_eq(filled, 100);
    read_all(READINGS);
    assert_readings(5, 1, 150);
}
END_TEST

START_TEST(many_keys_of_a_channel)
{
    enum { KEYS = 2000 };
    begin(_i);
    char topics[KEYS][48];
    for (uint64_t i = 0; i < KEYS; i++) {
        snprintf(topics[i], sizeof topics[i], "readings.sensor-%" PRIu64 ".lab", i);
        batch_add(text_of(topics[i]), (cursor_t){5, 1}, 10);
    }
    append_batch();
    found_t found = load(handle, text_of(topics[KEYS - 1]));
    ck_assert_uint_eq(found.count, KEYS);
    ck_assert_uint_eq(found.stream.trades, 1);
    read_all(text_of(topics[KEYS / 2]));
    assert_seen(5, 1, 1);
}
END_TEST

static void add_first_channel_cases(TCase *tests, int number)
{
    tcase_add_loop_test(tests, records_of_a_channel_come_back_beside_trades, number, number + 1);
    tcase_add_loop_test(tests, retain_and_clear_know_a_channel, number, number + 1);
}

static void add_channel_cases(TCase *tests, int number)
{
    tcase_add_loop_test(tests, ranges_and_the_newest_of_a_channel, number, number + 1);
    tcase_add_loop_test(tests, fill_takes_records_of_a_channel, number, number + 1);
    tcase_add_loop_test(tests, many_keys_of_a_channel, number, number + 1);
}
