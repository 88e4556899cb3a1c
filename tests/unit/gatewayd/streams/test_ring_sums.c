/* How many records are between two places of a ring, and their sum. */
#include "gatewayd/streams/ring.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/run_tests.h"

enum { EPOCH = 7 };

static ring_t *ring;

static void setup(void)
{
    ring = ring_new(RING_BYTES_MIN, (cursor_t){EPOCH, 10});
    ck_assert_ptr_nonnull(ring);
}

static void teardown(void)
{
    ring_destroy(&ring);
}

/* Of about 200 bytes. */
static text_t record(char room[static 256], uint64_t seq)
{
    return (text_t){room, (size_t)snprintf(room, 256, "{\"seq\":%llu,\"pad\":\"%0180d\"}", (unsigned long long)seq, 0)};
}

static void append(uint64_t from, uint64_t to)
{
    char room[256];
    for (uint64_t seq = from; seq <= to; seq++)
        ring_append_trade(ring, (cursor_t){EPOCH, seq}, record(room, seq));
}

/* The records behind `after` up to `last` are so many, and summed; `skipped` is a gap. */
static void expect_sum(ring_t *of, uint64_t after, uint64_t last, uint64_t count, uint64_t skipped)
{
    uint64_t from, to;
    uint32_t hash = 0;
    char room[256];
    for (uint64_t seq = after + 1; seq <= last; seq++)
        hash += seq == skipped ? 0 : frame_sum(DIALECT_RPC, record(room, seq));
    ck_assert(ring_find(of, (cursor_t){EPOCH, after}, &from));
    ck_assert(ring_find(of, (cursor_t){EPOCH, last}, &to));
    ring_sum_t sum = ring_sum(of, from, to);
    ck_assert_uint_eq(sum.count, count);
    ck_assert_uint_eq(sum.hash, hash);
}

START_TEST(records_between_two_places_are_counted_and_summed_in_any_order)
{
    append(11, 100);
    expect_sum(ring, 50, 60, 10, 0); /* before and behind this nothing is summed yet */
    expect_sum(ring, 20, 30, 10, 0);
    expect_sum(ring, 90, 100, 10, 0);
    expect_sum(ring, 10, 100, 90, 0);
    expect_sum(ring, 42, 42, 0, 0);
    expect_sum(ring, 100, 100, 0, 0);
    append(101, 120);
    expect_sum(ring, 55, 120, 65, 0);
}
END_TEST

START_TEST(sums_go_on_when_what_was_summed_is_overwritten)
{
    append(11, 200);
    expect_sum(ring, 10, 200, 190, 0);
    append(201, 1000);
    uint64_t floor = ring_floor(ring).seq;
    ck_assert_uint_gt(floor, 200);
    expect_sum(ring, floor, 1000, 1000 - floor, 0);
    append(1001, 1010);
    expect_sum(ring, 990, 1010, 20, 0);
    floor = ring_floor(ring).seq;
    expect_sum(ring, floor, 1005, 1005 - floor, 0);
}
END_TEST

START_TEST(a_gap_is_no_record_of_a_sum)
{
    append(11, 20);
    ring_append_gap(ring, (cursor_t){EPOCH, 21}, TEXT("{\"missing\":1}"));
    append(22, 30);
    expect_sum(ring, 15, 25, 9, 21);
    expect_sum(ring, 10, 30, 19, 21);
    expect_sum(ring, 21, 30, 9, 0);
    ring_t *other = ring_render(ring, DIALECT_SIGNALR);
    expect_sum(other, 15, 25, 9, 21);
    ring_destroy(&other);
}
END_TEST

START_TEST(what_is_put_before_the_ring_is_summed_too)
{
    char room[256];
    append(11, 20);
    expect_sum(ring, 10, 20, 10, 0);
    for (uint64_t seq = 10; seq >= 5; seq--)
        ck_assert(ring_prepend_trade(ring, (cursor_t){EPOCH, seq}, record(room, seq)));
    expect_sum(ring, 4, 20, 16, 0);
    expect_sum(ring, 7, 12, 5, 0);
}
END_TEST

START_TEST(all_dialects_have_the_same_sums)
{
    append(11, 500);
    for (dialect_t dialect = DIALECT_DEFLATE; dialect < DIALECT_COUNT; dialect++) {
        ring_t *other = ring_render(ring, dialect);
        uint64_t floor = ring_floor(other).seq;
        expect_sum(other, floor, 500, 500 - floor, 0);
        expect_sum(other, floor + 7, floor + 9, 2, 0);
        ring_append_trade(other, (cursor_t){EPOCH, 501}, TEXT("{\"seq\":501}"));
        uint64_t from;
        ck_assert(ring_find(other, (cursor_t){EPOCH, 500}, &from));
        ring_sum_t sum = ring_sum(other, from, ring_head(other));
        ck_assert_uint_eq(sum.count, 1);
        ck_assert_uint_eq(sum.hash, frame_sum(DIALECT_RPC, TEXT("{\"seq\":501}")));
        ring_destroy(&other);
    }
}
END_TEST

START_TEST(a_turn_into_another_epoch_is_rendered_as_a_gap)
{
    append(11, 20);
    ring_append_turn(ring, (cursor_t){EPOCH, 20}, TEXT("{\"missing\":0}"));
    ring_t *other = ring_render(ring, DIALECT_SIGNALR);
    ck_assert_uint_eq(ring_frames(other), 11);
    ck_assert_uint_eq(ring_sum(other, ring_newest(other), ring_head(other)).count, 0);
    ring_destroy(&other);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("ring_sums");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, records_between_two_places_are_counted_and_summed_in_any_order);
    tcase_add_test(tcase, sums_go_on_when_what_was_summed_is_overwritten);
    tcase_add_test(tcase, a_gap_is_no_record_of_a_sum);
    tcase_add_test(tcase, what_is_put_before_the_ring_is_summed_too);
    tcase_add_test(tcase, all_dialects_have_the_same_sums);
    tcase_add_test(tcase, a_turn_into_another_epoch_is_rendered_as_a_gap);
    return RUN_TESTS("ring_sums", tcase);
}
