/* retain and clear: what a store drops, and what it remembers of that. */
#pragma once

#include "tests/contract/store_cases.h"

START_TEST(retain_by_count_keeps_the_newest)
{
    begin(_i);
    append(TOPIC, 5, 1, 3000);
    append(OTHER, 5, 1, 100);
    ck_assert_uint_eq(retain_all(3000, INT64_MIN), 0);
    ck_assert_uint_eq(retain_all(1500, INT64_MIN), 1500);
    read_all(TOPIC);
    assert_seen(5, 1501, 3000);
    assert_place(TOPIC, (cursor_t){5, 3000}, 1500);
    store_query_t query = everything; /* times are still found */
    query.topic = TOPIC;
    query.before_ns = 16000;
    read_with(handle, query);
    assert_seen(5, 1501, 1599);
    ck_assert_uint_eq(retain_all(0, INT64_MIN), 1500);
    assert_place(TOPIC, (cursor_t){5, 3000}, 0);
    assert_place(OTHER, (cursor_t){5, 100}, 100);
    append(TOPIC, 5, 3000, 3010);
    read_all(TOPIC);
    assert_seen(5, 3001, 3010);
}
END_TEST

START_TEST(retain_by_age_drops_what_is_older)
{
    begin(_i);
    append(TOPIC, 5, 1, 3000);
    ck_assert_uint_eq(retain_all(UINT64_MAX, 10), 0);
    ck_assert_uint_eq(retain_all(UINT64_MAX, 15000), 1499);
    read_all(TOPIC);
    assert_seen(5, 1500, 3000);
    assert_place(TOPIC, (cursor_t){5, 3000}, 1501);
    ck_assert_uint_eq(retain_all(UINT64_MAX, 15000), 0);
    ck_assert_uint_eq(retain_all(100, 16000), 1401); /* both */
    assert_place(TOPIC, (cursor_t){5, 3000}, 100);
    ck_assert_uint_eq(retain_all(UINT64_MAX, INT64_MAX), 100);
    read_all(TOPIC);
    ck_assert_uint_eq(seen_count, 0);
}
END_TEST

START_TEST(retain_by_age_finds_what_is_old_among_the_new)
{
    begin(_i);
    for (uint64_t seq = 1; seq <= 4000; seq++)
        batch_add(TOPIC, (cursor_t){5, seq}, scrambled(seq));
    append_batch();
    size_t old = 0;
    for (uint64_t seq = 1; seq <= 4000; seq++)
        old += scrambled(seq) < 1234;
    ck_assert_uint_eq(retain_all(UINT64_MAX, 1234), old);
    read_all(TOPIC);
    ck_assert_uint_eq(seen_count, 4000 - old);
    for (size_t i = 0; i < seen_count; i++)
        ck_assert_int_ge(seen[i].timestamp_ns, 1234);
}
END_TEST

START_TEST(clear_forgets_the_trades_of_one_stream_but_not_its_place)
{
    begin(_i);
    append(TOPIC, 5, 1, 2000);
    append(OTHER, 5, 1, 100);
    uint64_t cleared = 0;
    OK(kind->write.clear(handle, TOPIC, &cleared, error));
    ck_assert_uint_eq(cleared, 2000);
    read_all(TOPIC);
    ck_assert_uint_eq(seen_count, 0);
    assert_place(TOPIC, (cursor_t){5, 2000}, 0);
    append(TOPIC, 5, 1990, 2010);
    read_all(TOPIC);
    assert_seen(5, 2001, 2010);
    assert_place(TOPIC, (cursor_t){5, 2010}, 10);
    assert_place(OTHER, (cursor_t){5, 100}, 100);
}
END_TEST

static void add_first_retain_cases(TCase *tests, int number)
{
    tcase_add_loop_test(tests, retain_by_count_keeps_the_newest, number, number + 1);
    tcase_add_loop_test(tests, retain_by_age_drops_what_is_older, number, number + 1);
    tcase_add_loop_test(tests, clear_forgets_the_trades_of_one_stream_but_not_its_place, number, number + 1);
}

static void add_retain_cases(TCase *tests, int number)
{
    tcase_add_loop_test(tests, retain_by_age_finds_what_is_old_among_the_new, number, number + 1);
}
