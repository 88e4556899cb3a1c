/* fill: old trades put behind, between and before those that a store has. */
#pragma once

#include "tests/contract/store_cases.h"

static void fill_batch(uint64_t expected)
{
    uint64_t filled = 77;
    OK(kind->write.fill(handle, batch, batch_count, &filled, error));
    ck_assert_uint_eq(filled, expected);
    batch_count = 0;
}

/* As append (), from before the place. */
static void fill(text_t topic, uint64_t epoch, uint64_t from, uint64_t to, uint64_t expected)
{
    for (uint64_t seq = from; seq <= to; seq++)
        batch_add(topic, (cursor_t){epoch, seq}, (int64_t)seq * 10);
    fill_batch(expected);
}

START_TEST(fill_puts_old_trades_before_those_that_are_there)
{
    begin(_i);
    OK(kind->write.skip(handle, TOPIC, (cursor_t){5, 2500}, error));
    append(TOPIC, 5, 2501, 3000);
    fill(TOPIC, 5, 1, 1200, 1200);
    fill(TOPIC, 5, 1000, 2600, 1300); /* what is there is there once */
    fill(TOPIC, 5, 1, 3000, 0);
    read_all(TOPIC);
    assert_seen(5, 1, 3000);
    assert_place(TOPIC, (cursor_t){5, 3000}, 3000);
    store_query_t query = everything; /* by time, too */
    query.topic = TOPIC;
    query.after_ns = 9000;
    query.before_ns = 12010;
    read_with(handle, query);
    assert_seen(5, 901, 1200);
    append(TOPIC, 5, 2990, 3010); /* and it goes on as before */
    read_all(TOPIC);
    assert_seen(5, 1, 3010);
    assert_place(TOPIC, (cursor_t){5, 3010}, 3010);
}
END_TEST

START_TEST(fill_finds_the_holes)
{
    begin(_i);
    for (uint64_t seq = 1; seq <= 3000; seq++)
        if (seq % 3 == 0 || seq > 2990)
            batch_add(TOPIC, (cursor_t){5, seq}, (int64_t)seq * 10);
    append_batch();
    fill(TOPIC, 5, 1, 3000, 1994);
    read_all(TOPIC);
    assert_seen(5, 1, 3000);
    assert_place(TOPIC, (cursor_t){5, 3000}, 3000);
}
END_TEST

START_TEST(fill_takes_trades_in_any_order_and_times_that_are_wild)
{
    begin(_i);
    OK(kind->write.skip(handle, TOPIC, (cursor_t){5, 2000}, error));
    for (uint64_t seq = 2000; seq > 0; seq--)
        batch_add(TOPIC, (cursor_t){5, seq % 2 ? seq : 2001 - seq},
                  scrambled(seq % 2 ? seq : 2001 - seq)); /* the odd ones, twice */
    fill_batch(1000);
    for (uint64_t seq = 2000; seq > 0; seq--)
        batch_add(TOPIC, (cursor_t){5, seq}, scrambled(seq));
    fill_batch(1000);
    read_all(TOPIC);
    assert_seen(5, 1, 2000);
    for (size_t i = 0; i < seen_count; i++)
        ck_assert_int_eq(seen[i].timestamp_ns, scrambled(i + 1));
}
END_TEST

START_TEST(fill_leaves_out_what_is_behind_the_place)
{
    begin(_i);
    append(TOPIC, 5, 11, 20);
    for (uint64_t seq = 5; seq <= 25; seq++)
        batch_add(TOPIC, (cursor_t){5, seq}, (int64_t)seq * 10);
    batch_add(TOPIC, (cursor_t){6, 1}, 10);
    batch_add(TOPIC, (cursor_t){4, 900}, 10); /* an epoch that is over */
    batch_add(OTHER, (cursor_t){5, 1}, 10);   /* a stream without a place */
    fill_batch(7);
    read_all(TOPIC);
    ck_assert_uint_eq(seen_count, 17);
    assert_seen_at(0, (cursor_t){4, 900});
    assert_seen_at(1, (cursor_t){5, 5});
    assert_seen_at(16, (cursor_t){5, 20});
    assert_place(TOPIC, (cursor_t){5, 20}, 17);
    ck_assert_uint_eq(load(handle, OTHER).count, 1);
    read_all(OTHER);
    ck_assert_uint_eq(seen_count, 0);
    fill_batch(0); /* nothing at all is well, too */
}
END_TEST

START_TEST(fill_brings_back_what_was_cleared_or_dropped)
{
    begin(_i);
    uint64_t cleared;
    append(TOPIC, 5, 1, 2000);
    OK(kind->write.clear(handle, TOPIC, &cleared, error));
    fill(TOPIC, 5, 1, 1500, 1500);
    ck_assert_uint_eq(retain_all(100, INT64_MIN), 1400);
    fill(TOPIC, 5, 1001, 2000, 900);
    read_all(TOPIC);
    assert_seen(5, 1001, 2000);
    assert_place(TOPIC, (cursor_t){5, 2000}, 1000);
    ck_assert_uint_eq(retain_all(UINT64_MAX, 15000), 499); /* by age, too */
    fill(TOPIC, 5, 1490, 1510, 10);
    ck_assert_uint_eq(retain_all(UINT64_MAX, 15000), 10);
    append(TOPIC, 5, 2001, 2010);
    read_all(TOPIC);
    assert_seen(5, 1500, 2010);
    assert_place(TOPIC, (cursor_t){5, 2010}, 511);
}
END_TEST

START_TEST(fill_keeps_streams_apart)
{
    begin(_i);
    OK(kind->write.skip(handle, TOPIC, (cursor_t){5, 500}, error));
    OK(kind->write.skip(handle, OTHER, (cursor_t){9, 250}, error));
    for (uint64_t seq = 1; seq <= 500; seq++) {
        batch_add(TOPIC, (cursor_t){5, seq}, (int64_t)seq * 10);
        if (seq % 2)
            batch_add(OTHER, (cursor_t){9, seq / 2 + 1}, (int64_t)seq);
    }
    fill_batch(750);
    read_all(TOPIC);
    assert_seen(5, 1, 500);
    read_all(OTHER);
    assert_seen(9, 1, 250);
    assert_place(TOPIC, (cursor_t){5, 500}, 500);
    assert_place(OTHER, (cursor_t){9, 250}, 250);
}
END_TEST

static void add_first_fill_cases(TCase *tests, int number)
{
    tcase_add_loop_test(tests, fill_puts_old_trades_before_those_that_are_there, number, number + 1);
    tcase_add_loop_test(tests, fill_brings_back_what_was_cleared_or_dropped, number, number + 1);
}

static void add_fill_cases(TCase *tests, int number)
{
    tcase_add_loop_test(tests, fill_finds_the_holes, number, number + 1);
    tcase_add_loop_test(tests, fill_takes_trades_in_any_order_and_times_that_are_wild, number, number + 1);
    tcase_add_loop_test(tests, fill_leaves_out_what_is_behind_the_place, number, number + 1);
    tcase_add_loop_test(tests, fill_keeps_streams_apart, number, number + 1);
}
