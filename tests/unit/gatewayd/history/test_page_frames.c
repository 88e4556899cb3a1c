#include "gatewayd/history/page_frames.h"

#include "common/json/json.h"
#include "proto/trade.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

enum { EPOCH = 7, ALL = 1 << 20 };

static buffer_t trades, frames;
static page_frames_t page;
static cursor_t after;

static void setup(void)
{
    trades = frames = buffer_new(0);
    page = (page_frames_t){.symbol = TEXT("BTC-USD"), .source = TEXT("a"), .last = {EPOCH, 10}, .to = {EPOCH, 100}};
}

static void teardown(void)
{
    buffer_release(&trades);
    buffer_release(&frames);
}

static void add(uint64_t epoch, uint64_t seq)
{
    char json[TRADE_MAX];
    trade_t trade = {.cursor = {epoch, seq},
                     .symbol = TEXT("BTC-USD"),
                     .timestamp = TEXT("2025-11-10T17:24:33.5Z"),
                     .qty = TEXT("0.10"),
                     .price = TEXT("105383.80000"),
                     .id = TEXT("1"),
                     .source = TEXT("a"),
                     .received_ns = 1};
    buffer_append(&trades, trades.length == 0 ? TEXT("[") : TEXT(","));
    buffer_append(&trades, (text_t){json, trade_print(json, &trade)});
}

static page_end_t take(size_t room)
{
    buffer_append(&trades, trades.length == 0 ? TEXT("[]") : TEXT("]"));
    return page_frames_append(&page, buffer_text(&trades), room, &frames, &after);
}

static size_t frame_count(void)
{
    size_t count = 0;
    text_t rest = buffer_text(&frames), payload;
    while (frame_next(&rest, &payload))
        count++;
    return count;
}

/* The frames are those behind `from` up to `to`, of the page's last epoch. */
static void expect_run(uint64_t from, uint64_t to)
{
    ck_assert_uint_eq(after.seq, from);
    ck_assert_uint_eq(page.last.seq, to);
    ck_assert_uint_eq(after.epoch, page.last.epoch);
    ck_assert_uint_eq(frame_count(), to - from);
}

START_TEST(a_page_without_a_hole_is_taken_whole)
{
    for (uint64_t seq = 8; seq <= 13; seq++) /* the first ones it has already */
        add(EPOCH, seq);
    ck_assert_int_eq(take(ALL), PAGE_WHOLE);
    expect_run(10, 13);
}
END_TEST

START_TEST(what_is_behind_the_end_that_is_wanted_is_left)
{
    page.to.seq = 12;
    for (uint64_t seq = 11; seq <= 14; seq++)
        add(EPOCH, seq);
    ck_assert_int_eq(take(ALL), PAGE_WHOLE);
    expect_run(10, 12);
}
END_TEST

START_TEST(it_ends_where_some_are_missing)
{
    add(EPOCH, 11);
    add(EPOCH, 12);
    add(EPOCH, 15);
    ck_assert_int_eq(take(ALL), PAGE_HOLE);
    expect_run(10, 12);
}
END_TEST

START_TEST(what_is_missing_before_it_is_seen)
{
    add(EPOCH, 15);
    add(EPOCH, 16);
    ck_assert_int_eq(take(ALL), PAGE_WHOLE);
    expect_run(14, 16);
}
END_TEST

START_TEST(another_epoch_is_behind_a_hole)
{
    page.to = (cursor_t){EPOCH + 1, 100};
    add(EPOCH, 11);
    add(EPOCH + 1, 1);
    ck_assert_int_eq(take(ALL), PAGE_HOLE);
    expect_run(10, 11);
    buffer_clear(&frames);
    ck_assert_int_eq(page_frames_append(&page, buffer_text(&trades), ALL, &frames, &after), PAGE_WHOLE);
    expect_run(0, 1);
    ck_assert_uint_eq(after.epoch, EPOCH + 1);
}
END_TEST

START_TEST(it_takes_what_there_is_room_for_and_one_at_least)
{
    for (uint64_t seq = 11; seq <= 20; seq++)
        add(EPOCH, seq);
    ck_assert_int_eq(take(1), PAGE_FULL);
    expect_run(10, 11);
    buffer_clear(&frames);
    ck_assert_int_eq(page_frames_append(&page, buffer_text(&trades), 1000, &frames, &after), PAGE_FULL);
    ck_assert_uint_gt(frame_count(), 1);
    ck_assert_uint_le(frames.length, 1100);
}
END_TEST

START_TEST(each_frame_is_summed_where_that_is_wanted)
{
    buffer_t sums = buffer_new(0);
    page.sums = &sums;
    for (uint64_t seq = 9; seq <= 12; seq++)
        add(EPOCH, seq);
    ck_assert_int_eq(take(ALL), PAGE_WHOLE);
    ck_assert_uint_eq(sums.length, 2 * sizeof(uint32_t));
    text_t rest = buffer_text(&frames), message;
    for (size_t i = 0; frame_next(&rest, &message); i++) {
        uint32_t sum;
        memcpy(&sum, sums.bytes + i * sizeof sum, sizeof sum);
        ck_assert_uint_eq(sum, frame_sum(DIALECT_RPC, json_member(message, "params")));
    }
    buffer_release(&sums);
}
END_TEST

START_TEST(there_may_be_nothing)
{
    add(EPOCH, 10);
    ck_assert_int_eq(take(ALL), PAGE_NOTHING);
    expect_run(10, 10);
    ck_assert_int_eq(page_frames_append(&page, TEXT(""), ALL, &frames, &after), PAGE_NOTHING);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("page_frames");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_page_without_a_hole_is_taken_whole);
    tcase_add_test(tests, what_is_behind_the_end_that_is_wanted_is_left);
    tcase_add_test(tests, it_ends_where_some_are_missing);
    tcase_add_test(tests, what_is_missing_before_it_is_seen);
    tcase_add_test(tests, another_epoch_is_behind_a_hole);
    tcase_add_test(tests, it_takes_what_there_is_room_for_and_one_at_least);
    tcase_add_test(tests, there_may_be_nothing);
    tcase_add_test(tests, each_frame_is_summed_where_that_is_wanted);
    return RUN_TESTS("page_frames", tests);
}
