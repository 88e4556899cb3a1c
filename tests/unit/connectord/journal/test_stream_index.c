#include "connectord/journal/stream_index.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static void push(stream_index_t *index, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        ck_assert(stream_index_reserve(index));
        stream_index_push(index, index->next * 1000);
    }
}

START_TEST(positions_are_found_by_seq)
{
    stream_index_t index = stream_index_new();
    ck_assert_uint_eq(stream_index_at(&index, 1), 0);
    push(&index, 1000);
    for (uint64_t seq = 1; seq <= 1000; seq++)
        ck_assert_uint_eq(stream_index_at(&index, seq), seq * 1000);
    ck_assert_uint_eq(stream_index_at(&index, 0), 0);
    ck_assert_uint_eq(stream_index_at(&index, 1001), 0);
    stream_index_release(&index);
}
END_TEST

START_TEST(a_steady_number_of_seqs_needs_no_more_memory)
{
    stream_index_t index = stream_index_new();
    push(&index, 100);
    size_t capacity = index.capacity;
    for (uint64_t round = 0; round < 10000; round++) {
        stream_index_drop_below(&index, index.first * 1000 + 1);
        push(&index, 1);
        ck_assert_uint_eq(index.next - index.first, 100);
    }
    ck_assert_uint_eq(index.capacity, capacity);
    ck_assert_uint_eq(stream_index_at(&index, 10001), 10001000);
    ck_assert_uint_eq(stream_index_at(&index, 10000), 0);
    stream_index_release(&index);
}
END_TEST

START_TEST(what_is_skipped_is_a_hole_that_leaves_with_what_is_before_it)
{
    stream_index_t index = stream_index_new();
    push(&index, 10);
    ck_assert(stream_index_skip(&index, 16));
    push(&index, 5);
    ck_assert_uint_eq(index.next, 21);
    for (uint64_t seq = 1; seq <= 20; seq++)
        ck_assert_uint_eq(stream_index_at(&index, seq), seq >= 11 && seq <= 15 ? 0 : seq * 1000);
    stream_index_drop_below(&index, 10 * 1000 + 1);
    ck_assert_uint_eq(index.first, 16);
    stream_index_release(&index);
}
END_TEST

START_TEST(skipping_backwards_does_nothing)
{
    stream_index_t index = stream_index_new();
    push(&index, 10);
    ck_assert(stream_index_skip(&index, 11));
    ck_assert(stream_index_skip(&index, 3));
    ck_assert_uint_eq(index.next, 11);
    ck_assert_uint_eq(index.first, 1);
    stream_index_release(&index);
}
END_TEST

START_TEST(what_was_before_is_filled_in_later)
{
    stream_index_t index = stream_index_new();
    ck_assert(stream_index_skip(&index, 1000));
    for (uint64_t seq = 1000; seq < 1010; seq++) {
        ck_assert(stream_index_reserve(&index));
        stream_index_push(&index, seq * 8);
    }
    ck_assert(stream_index_reach_back(&index, 5));
    ck_assert_uint_eq(stream_index_at(&index, 5), 0);
    stream_index_fill(&index, 999, 999 * 8);
    stream_index_fill(&index, 5, 5 * 8);
    for (uint64_t seq = 1010; seq < 3000; seq++) { /* it grows once more */
        ck_assert(stream_index_reserve(&index));
        stream_index_push(&index, seq * 8);
    }
    for (uint64_t seq = 1; seq < 3100; seq++)
        ck_assert_uint_eq(stream_index_at(&index, seq), seq == 5 || (seq >= 999 && seq < 3000) ? seq * 8 : 0);
    stream_index_drop_below(&index, 6 * 8); /* with the holes behind it */
    ck_assert_uint_eq(index.first, 999);
    stream_index_release(&index);
}
END_TEST

START_TEST(an_empty_index_begins_where_it_is_told_to)
{
    stream_index_t index = stream_index_new();
    ck_assert(stream_index_skip(&index, UINT64_MAX - 5));
    ck_assert_uint_eq(index.first, UINT64_MAX - 5);
    ck_assert_uint_eq(index.next, UINT64_MAX - 5);
    ck_assert_uint_eq(index.capacity, 0);
    push(&index, 3);
    ck_assert_uint_gt(stream_index_at(&index, UINT64_MAX - 4), 0);
    stream_index_release(&index);
}
END_TEST

START_TEST(an_enormous_hole_takes_no_memory)
{
    stream_index_t index = stream_index_new();
    push(&index, 10);
    size_t capacity = index.capacity;
    ck_assert(stream_index_skip(&index, UINT64_C(1) << 60));
    ck_assert_uint_eq(index.first, UINT64_C(1) << 60);
    push(&index, 1);
    ck_assert_uint_gt(stream_index_at(&index, UINT64_C(1) << 60), 0);
    ck_assert_uint_eq(stream_index_at(&index, 5), 0);
    ck_assert_uint_eq(index.capacity, capacity);
    stream_index_release(&index);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("stream_index");
    tcase_add_test(tests, positions_are_found_by_seq);
    tcase_add_test(tests, a_steady_number_of_seqs_needs_no_more_memory);
    tcase_add_test(tests, what_is_skipped_is_a_hole_that_leaves_with_what_is_before_it);
    tcase_add_test(tests, skipping_backwards_does_nothing);
    tcase_add_test(tests, what_was_before_is_filled_in_later);
    tcase_add_test(tests, an_empty_index_begins_where_it_is_told_to);
    tcase_add_test(tests, an_enormous_hole_takes_no_memory);
    return RUN_TESTS("stream_index", tests);
}
