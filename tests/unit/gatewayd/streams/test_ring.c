#include "gatewayd/streams/ring.h"

#include <stdio.h>
#include <stdlib.h>

#include "gatewayd/forms/frame.h"
#include "tests/unit/run_tests.h"

enum { EPOCH = 7, BYTES = RING_BYTES_MIN };

static ring_t *ring;

static void setup(void)
{
    ring = ring_new(BYTES, (cursor_t){EPOCH, 10});
    ck_assert_ptr_nonnull(ring);
}

static void teardown(void)
{
    ring_destroy(&ring);
}

/* A trade of about 200 bytes that holds its seq. */
static void append(uint64_t from, uint64_t to)
{
    char json[256];
    for (uint64_t seq = from; seq <= to; seq++) {
        int length = snprintf(json, sizeof json, "{\"seq\":%llu,\"pad\":\"%0180d\"}", (unsigned long long)seq, 0);
        ring_append_trade(ring, (cursor_t){EPOCH, seq}, (text_t){json, (size_t)length});
    }
}

/* Walks whole frames and checks that they are the trades from..to. */
static void assert_trades(text_t run, uint64_t from, uint64_t to)
{
    for (uint64_t seq = from; seq <= to; seq++) {
        const unsigned char *at = (const unsigned char *)run.at;
        ck_assert_uint_ge(run.length, 4);
        ck_assert_uint_eq(at[0], 0x81);
        ck_assert_uint_eq(at[1], 126);
        size_t length = 4 + ((size_t)at[2] << 8 | at[3]);
        char expected[128];
        int n =
            snprintf(expected, sizeof expected, "{\"jsonrpc\":\"2.0\",\"method\":\"trades.update\",\"params\":{\"seq\":%llu,",
                     (unsigned long long)seq);
        ck_assert_uint_ge(run.length, length);
        ck_assert_mem_eq(run.at + 4, expected, (size_t)n);
        ck_assert_int_eq(run.at[length - 1], '}');
        run = (text_t){run.at + length, run.length - length};
    }
    ck_assert_uint_eq(run.length, 0);
}

static uint64_t find(uint64_t seq)
{
    uint64_t position;
    ck_assert(ring_find(ring, (cursor_t){EPOCH, seq}, &position));
    return position;
}

START_TEST(an_empty_ring_begins_at_its_floor)
{
    cursor_t last = {1, 1};
    ck_assert_uint_eq(ring_floor(ring).seq, 10);
    ck_assert_uint_eq(ring_last(ring).seq, 10);
    ck_assert_uint_eq(find(10), ring_head(ring));
    ck_assert_uint_eq(ring_read(ring, ring_head(ring), &last).length, 0);
    ck_assert_uint_eq(last.seq, 1);
}
END_TEST

START_TEST(what_was_before_the_ring_is_put_before_it)
{
    char json[256];
    cursor_t last;
    append(11, 20);
    for (uint64_t seq = 10; seq >= 5; seq--) {
        int length = snprintf(json, sizeof json, "{\"seq\":%llu,\"pad\":\"%0180d\"}", (unsigned long long)seq, 0);
        text_t text = {json, (size_t)length};
        ck_assert(!ring_prepend_trade(ring, (cursor_t){EPOCH, seq - 1}, text));
        ck_assert(!ring_prepend_trade(ring, (cursor_t){EPOCH, seq + 1}, text));
        ck_assert(ring_prepend_trade(ring, (cursor_t){EPOCH, seq}, text));
    }
    ck_assert_uint_eq(ring_floor(ring).seq, 4);
    assert_trades(ring_read(ring, find(4), &last), 5, 20);
    assert_trades(ring_read(ring, find(15), &last), 16, 20);
}
END_TEST

START_TEST(nothing_is_put_before_a_ring_that_is_full_or_has_overwritten)
{
    char json[256];
    cursor_t last;
    uint64_t seq = 10;
    ring_destroy(&ring);
    ring = ring_new(BYTES, (cursor_t){EPOCH, 1000});
    append(1001, 1100);
    for (seq = 1000;; seq--) {
        int length = snprintf(json, sizeof json, "{\"seq\":%llu,\"pad\":\"%0180d\"}", (unsigned long long)seq, 0);
        if (!ring_prepend_trade(ring, (cursor_t){EPOCH, seq}, (text_t){json, (size_t)length}))
            break;
    }
    ck_assert_uint_lt(seq, 1000);
    ck_assert_uint_eq(ring_floor(ring).seq, seq);
    assert_trades(ring_read(ring, find(1050), &last), 1051, 1100);
    append(1101, 1200);
    ck_assert_uint_gt(ring_floor(ring).seq, seq);
    ck_assert(!ring_prepend_trade(ring, ring_floor(ring), TEXT("{}")));
    assert_trades(ring_read(ring, find(1150), &last), 1151, 1200);
}
END_TEST

START_TEST(a_reader_gets_whole_frames_in_one_run)
{
    cursor_t last;
    append(11, 20);
    assert_trades(ring_read(ring, find(10), &last), 11, 20);
    ck_assert_uint_eq(last.seq, 20);
    assert_trades(ring_read(ring, find(15), &last), 16, 20);
}
END_TEST

START_TEST(a_run_across_the_end_of_the_memory_is_contiguous)
{
    cursor_t last;
    for (uint64_t seq = 11; seq <= 2000; seq++) {
        uint64_t before = ring_head(ring);
        append(seq, seq);
        assert_trades(ring_read(ring, before, &last), seq, seq);
    }
    uint64_t position = find(ring_floor(ring).seq);
    uint64_t wrap = ring_head(ring) & ~(uint64_t)(BYTES - 1);
    ck_assert_msg(position < wrap, "the test's trades do not cross the end");
    uint64_t seq = ring_floor(ring).seq;
    text_t run = ring_read(ring, position, &last);
    assert_trades(run, seq + 1, last.seq);
    ck_assert_uint_gt(position + run.length, wrap);
}
END_TEST

START_TEST(a_run_ends_at_a_frame_within_the_limit)
{
    ring_t *wide = ring_new((size_t)BYTES * 4, (cursor_t){EPOCH, 0});
    cursor_t last = {0, 0};
    char json[1000];
    memset(json, ' ', sizeof json);
    json[0] = '{';
    json[1] = '}';
    for (uint64_t seq = 1; seq <= 200; seq++)
        ring_append_trade(wide, (cursor_t){EPOCH, seq}, (text_t){json, 300 + seq});
    uint64_t position, runs = 0;
    ck_assert(ring_find(wide, (cursor_t){EPOCH, 0}, &position));
    while (position < ring_head(wide)) {
        text_t run = ring_read(wide, position, &last);
        ck_assert_uint_gt(run.length, 0);
        ck_assert_uint_le(run.length, RING_RUN_MAX);
        position += run.length;
        uint64_t next;
        ck_assert(ring_find(wide, last, &next));
        ck_assert_uint_eq(next, position);
        runs++;
    }
    ck_assert_uint_ge(runs, 2);
    ck_assert_uint_eq(last.seq, 200);
    ring_destroy(&wide);
}
END_TEST

START_TEST(what_is_overwritten_moves_the_floor_and_laps_its_readers)
{
    uint64_t slow = ring_head(ring);
    append(11, 20);
    ck_assert(!ring_lapped(ring, slow));
    append(21, 1000);
    ck_assert(ring_lapped(ring, slow));
    ck_assert(!ring_lapped(ring, ring_head(ring)));
    uint64_t floor = ring_floor(ring).seq, position;
    ck_assert_uint_gt(floor, 20);
    ck_assert(!ring_find(ring, (cursor_t){EPOCH, floor - 1}, &position));
    ck_assert(!ring_lapped(ring, find(floor)));
    cursor_t last;
    text_t run = ring_read(ring, find(floor), &last);
    ck_assert_uint_eq(last.seq, 1000);
    assert_trades(run, floor + 1, 1000);
}
END_TEST

START_TEST(many_small_frames_are_bounded_by_the_index)
{
    for (uint64_t seq = 11; seq <= 3000; seq++)
        ring_append_trade(ring, (cursor_t){EPOCH, seq}, TEXT("{}"));
    cursor_t last;
    uint64_t floor = ring_floor(ring).seq;
    ck_assert_uint_ge(floor, 3000 - BYTES / 64);
    ring_read(ring, find(floor), &last);
    ck_assert_uint_eq(last.seq, 3000);
}
END_TEST

START_TEST(its_middle_is_behind_half_of_it)
{
    ck_assert_uint_eq(ring_middle(ring).seq, 10);
    append(11, 20);
    ck_assert_uint_eq(ring_middle(ring).seq, 16);
    append(21, 2000);
    uint64_t floor = ring_floor(ring).seq, half = (2000 - floor) / 2;
    ck_assert_uint_gt(floor, 10);
    ck_assert_uint_ge(ring_middle(ring).seq, floor + half);
    ck_assert_uint_le(ring_middle(ring).seq, floor + half + 1);
}
END_TEST

START_TEST(a_cursor_outside_is_not_found)
{
    uint64_t position;
    append(11, 20);
    ck_assert(!ring_find(ring, (cursor_t){EPOCH, 9}, &position));
    ck_assert(!ring_find(ring, (cursor_t){EPOCH, 21}, &position));
    ck_assert(!ring_find(ring, (cursor_t){EPOCH - 1, 15}, &position));
    ck_assert(!ring_find(ring, (cursor_t){EPOCH + 1, 15}, &position));
    ck_assert_uint_eq(find(20), ring_head(ring));
}
END_TEST

START_TEST(a_gap_stands_between_the_trades_around_it)
{
    cursor_t cursor, last;
    text_t json;
    append(11, 12);
    ring_append_gap(ring, (cursor_t){EPOCH, 15}, TEXT("{\"missing\":3}"));
    append(16, 16);
    ck_assert_uint_eq(ring_last_gap(ring).seq, 15);
    ck_assert(ring_entry(ring, 1, &cursor, &json));
    ck_assert_uint_eq(cursor.seq, 15);
    ck_assert_uint_eq(json.length, 0);
    text_t run = ring_read(ring, find(12), &last);
    ck_assert(memmem(run.at, run.length, "\"trades.gap\",\"params\":{\"missing\":3}}", 35));
    assert_trades(ring_read(ring, find(15), &last), 16, 16);
}
END_TEST

START_TEST(entries_give_the_params_back_as_they_were)
{
    cursor_t cursor;
    text_t json;
    ring_append_trade(ring, (cursor_t){EPOCH, 11}, TEXT("{\"price\":105383.80000}"));
    append(12, 12);
    ck_assert(ring_entry(ring, 1, &cursor, &json));
    ck_assert(text_equal(json, TEXT("{\"price\":105383.80000}")));
    ck_assert(ring_entry(ring, 0, &cursor, &json));
    ck_assert_uint_eq(json.length, strlen("{\"seq\":12,\"pad\":\"\"}") + 180);
    ck_assert(!ring_entry(ring, 2, &cursor, &json));
}
END_TEST

static const struct {
    uint64_t length;
    const char *header;
    size_t header_length;
} headers[] = {
    {0, "\x81\x00", 2},
    {125, "\x81\x7d", 2},
    {126, "\x81\x7e\x00\x7e", 4},
    {65535, "\x81\x7e\xff\xff", 4},
    {65536, "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10},
};

START_TEST(a_frame_header_says_the_length_in_the_shortest_form)
{
    char out[FRAME_HEADER_MAX];
    ck_assert_uint_eq(frame_header(out, headers[_i].length), headers[_i].header_length);
    ck_assert_mem_eq(out, headers[_i].header, headers[_i].header_length);
}
END_TEST

/* Takes `"seq":<n>` out of the next frame; 0 at the end. */
static uint64_t next_seq(text_t *run)
{
    text_t payload;
    unsigned long long seq = 0;
    if (!frame_next(run, &payload))
        return 0;
    ck_assert(text_starts_with(payload, TEXT("{\"type\":1,\"target\":\"ReceiveMessage\",\"arguments\":[\"{\\\"jsonrpc\\\"")));
    ck_assert_mem_eq(payload.at + payload.length - 5, "}\"]}\x1e", 5);
    const char *at = memmem(payload.at, payload.length, "\\\"seq\\\":", 8);
    ck_assert(at && sscanf(at + 8, "%llu", &seq) == 1);
    return seq;
}

START_TEST(a_ring_in_another_dialect_holds_the_newest_of_the_same)
{
    cursor_t last;
    append(11, 20);
    ring_append_gap(ring, (cursor_t){EPOCH, 22}, TEXT("{\"seq\":22}"));
    append(23, 2000);
    ring_t *other = ring_render(ring, DIALECT_SIGNALR);
    ck_assert_ptr_nonnull(other);
    ck_assert_uint_eq(ring_last(other).seq, 2000);
    ck_assert_uint_eq(ring_last_gap(other).seq, 22);
    ck_assert_uint_ge(ring_floor(other).seq, ring_floor(ring).seq);
    uint64_t position, seq = ring_floor(other).seq, next;
    ck_assert(ring_find(other, ring_floor(other), &position));
    for (text_t run = ring_read(other, position, &last); run.length > 0; run = ring_read(other, position, &last)) {
        position += run.length;
        while ((next = next_seq(&run)))
            ck_assert_uint_eq(next, ++seq);
    }
    ck_assert_uint_eq(seq, 2000);
    ring_destroy(&other);
}
END_TEST

START_TEST(a_gap_is_rendered_as_one)
{
    cursor_t last;
    append(11, 12);
    ring_append_gap(ring, (cursor_t){EPOCH, 14}, TEXT("{\"seq\":14}"));
    ring_t *other = ring_render(ring, DIALECT_SIGNALR);
    ck_assert_uint_eq(ring_floor(other).seq, 10);
    uint64_t position;
    ck_assert(ring_find(other, ring_floor(other), &position));
    text_t run = ring_read(other, position, &last);
    ck_assert(memmem(run.at, run.length, "\\\"method\\\":\\\"trades.gap\\\"", 25));
    for (uint64_t seq = 11; seq <= 12; seq++)
        ck_assert_uint_eq(next_seq(&run), seq);
    ck_assert_uint_eq(next_seq(&run), 14);
    ring_destroy(&other);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("ring");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, an_empty_ring_begins_at_its_floor);
    tcase_add_test(tcase, a_reader_gets_whole_frames_in_one_run);
    tcase_add_test(tcase, what_was_before_the_ring_is_put_before_it);
    tcase_add_test(tcase, nothing_is_put_before_a_ring_that_is_full_or_has_overwritten);
    tcase_add_test(tcase, a_run_across_the_end_of_the_memory_is_contiguous);
    tcase_add_test(tcase, a_run_ends_at_a_frame_within_the_limit);
    tcase_add_test(tcase, what_is_overwritten_moves_the_floor_and_laps_its_readers);
    tcase_add_test(tcase, many_small_frames_are_bounded_by_the_index);
    tcase_add_test(tcase, its_middle_is_behind_half_of_it);
    tcase_add_test(tcase, a_cursor_outside_is_not_found);
    tcase_add_test(tcase, a_gap_stands_between_the_trades_around_it);
    tcase_add_test(tcase, entries_give_the_params_back_as_they_were);
    tcase_add_test(tcase, a_ring_in_another_dialect_holds_the_newest_of_the_same);
    tcase_add_test(tcase, a_gap_is_rendered_as_one);
    tcase_add_loop_test(tcase, a_frame_header_says_the_length_in_the_shortest_form, 0, sizeof headers / sizeof *headers);
    return RUN_TESTS("ring", tcase);
}
