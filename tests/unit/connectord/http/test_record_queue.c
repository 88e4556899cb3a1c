#include "connectord/http/record_queue.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

static record_queue_t queue;

static void set_up(void)
{
    queue = record_queue_new();
}

static void tear_down(void)
{
    record_queue_release(&queue);
}

/* Its texts are gone when this has returned. */
static bool put(int number)
{
    char texts[5][32];
    for (int i = 0; i < 5; i++)
        snprintf(texts[i], sizeof texts[i], "%d-%d", number, i);
    mapping_record_t record = {.channel = TEXT("trades"),
                               .key = text_of(texts[0]),
                               .id = text_of(texts[1]),
                               .timestamp = text_of(texts[2]),
                               .timestamp_ns = number,
                               .data = TEXT("")};
    record.trade = (trade_t){.symbol = record.key,
                             .timestamp = record.timestamp,
                             .id = record.id,
                             .price = text_of(texts[3]),
                             .qty = text_of(texts[4]),
                             .side = number % 2 ? SIDE_SELL : SIDE_BUY,
                             .received_ns = 7};
    return record_queue_put(&queue, &record);
}

static void expect(int number)
{
    char wanted[200], found[200];
    mapping_record_t record;
    ck_assert(record_queue_take(&queue, &record));
    const trade_t *trade = &record.trade;
    static const int texts[] = {0, 1, 2, 0, 2, 1, 3, 4};
    size_t length = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        length += (size_t)snprintf(wanted + length, sizeof wanted - length, "%d-%d ", number, texts[i]);
    snprintf(wanted + length, sizeof wanted - length, "%d %d 7", number, number % 2);
    snprintf(found, sizeof found, "%.*s %.*s %.*s %.*s %.*s %.*s %.*s %.*s %lld %d %lld", TEXT_ARG(record.key),
             TEXT_ARG(record.id), TEXT_ARG(record.timestamp), TEXT_ARG(trade->symbol), TEXT_ARG(trade->timestamp),
             TEXT_ARG(trade->id), TEXT_ARG(trade->price), TEXT_ARG(trade->qty), (long long)record.timestamp_ns,
             trade->side == SIDE_SELL, (long long)trade->received_ns);
    ck_assert_str_eq(found, wanted);
}

START_TEST(records_come_out_whole_and_in_order)
{
    mapping_record_t record;
    for (int i = 0; i < 1000; i++)
        ck_assert(put(i));
    for (int i = 0; i < 1000; i++) {
        ck_assert_uint_eq(record_queue_count(&queue), (size_t)(1000 - i));
        expect(i);
    }
    ck_assert(!record_queue_take(&queue, &record));
    record_queue_clear(&queue);
    ck_assert(put(7));
    expect(7);
}
END_TEST

START_TEST(the_last_one_comes_first_when_they_are_reversed)
{
    for (int count = 0; count < 5; count++) {
        record_queue_clear(&queue);
        for (int i = 0; i < count; i++)
            ck_assert(put(i));
        record_queue_reverse(&queue);
        for (int i = count - 1; i >= 0; i--)
            expect(i);
    }
}
END_TEST

START_TEST(another_channel_has_data_and_nothing_of_a_trade)
{
    mapping_record_t record = {
        .channel = TEXT("readings"), .key = TEXT("k"), .id = TEXT(""), .timestamp = TEXT("t"), .data = TEXT("{\"a\":1}")};
    record.trade = (trade_t){.symbol = record.key, .channel = record.channel, .data = record.data, .price = {"left over", 9}};
    ck_assert(record_queue_put(&queue, &record));
    ck_assert(record_queue_take(&queue, &record));
    ck_assert(text_equal(record.data, TEXT("{\"a\":1}")));
    ck_assert(text_equal(record.trade.data, TEXT("{\"a\":1}")));
    ck_assert(text_equal(record.channel, TEXT("readings")));
    ck_assert(text_equal(record.trade.channel, TEXT("readings")));
    ck_assert_uint_eq(record.trade.price.length, 0);
}
END_TEST

START_TEST(it_has_an_end)
{
    for (int i = 0; i < RECORD_QUEUE_MAX; i++)
        ck_assert(put(i));
    ck_assert(!put(7));
    expect(0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("record_queue");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, records_come_out_whole_and_in_order);
    tcase_add_test(tests, the_last_one_comes_first_when_they_are_reversed);
    tcase_add_test(tests, another_channel_has_data_and_nothing_of_a_trade);
    tcase_add_test(tests, it_has_an_end);
    return RUN_TESTS("record_queue", tests);
}
