/* A stream without sockets: the test plays the bus (live, reaches) and replay (repaired), and writes down what is handed over. */
#include "common/bus/followed_stream.h"
#include "proto/request.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define TOPIC "trade.BTC-USD.blockchain"
enum { EPOCH = 1000 };

static followed_stream_t *stream;
static follower_counts_t counts;
static char told[1 << 18]; /* "1 2 [3-5] 6": trades by seq, gaps in brackets; "e2000" where the epoch changes */
static uint64_t epoch;
static uint64_t ended_at; /* the seq at which whoever is told ends the stream; 0: never */

static void tell(const char *format, uint64_t a, uint64_t b)
{
    size_t length = strlen(told);
    ck_assert_uint_lt(length, sizeof told - 64);
    if (length > 0)
        told[length++] = ' ';
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(told + length, sizeof told - length, format, a, b);
#pragma GCC diagnostic pop
}

static void on_trade(void *arg, text_t topic, const trade_t *trade, text_t json)
{
    ck_assert_ptr_eq(arg, &counts);
    ck_assert(text_equal(topic, TEXT(TOPIC)));
    trade_t parsed;
    ck_assert(trade_parse(json, &parsed) && parsed.cursor.seq == trade->cursor.seq);
    if (trade->cursor.epoch != epoch)
        tell("e%" PRIu64, epoch = trade->cursor.epoch, 0);
    tell("%" PRIu64, trade->cursor.seq, 0);
    if (trade->cursor.seq == ended_at)
        followed_stream_end(stream);
}

static void on_gap(void *arg, text_t topic, cursor_t from, cursor_t to)
{
    (void)arg, (void)topic;
    if (from.epoch == to.epoch)
        tell("[%" PRIu64 "-%" PRIu64 "]", from.seq, to.seq);
    else
        tell("[%" PRIu64 "-e%" PRIu64 "]", from.seq, to.epoch);
    if (from.seq == ended_at)
        followed_stream_end(stream);
}

static void on_renewed(void *arg, text_t topic, cursor_t former, cursor_t last)
{
    (void)arg, (void)topic;
    tell("(%" PRIu64 "=0 in e%" PRIu64 ")", former.seq, last.epoch);
}

static const stream_sink_t sink = {.on_trade = on_trade, .on_gap = on_gap, .on_renewed = on_renewed};

static text_t json_of(char out[static TRADE_MAX], uint64_t of_epoch, uint64_t seq)
{
    trade_t trade = {.cursor = {of_epoch, seq},
                     .seqnum = seq,
                     .symbol = TEXT("BTC-USD"),
                     .timestamp = TEXT("2025-11-10T17:24:33.9Z"),
                     .side = SIDE_BUY,
                     .qty = TEXT("1"),
                     .price = TEXT("2.50"),
                     .id = TEXT("7"),
                     .source = TEXT("blockchain")};
    return (text_t){out, trade_print(out, &trade)};
}

static void live_in(uint64_t of_epoch, uint64_t seq)
{
    char text[TRADE_MAX];
    text_t json = json_of(text, of_epoch, seq);
    trade_t trade;
    ck_assert(trade_parse(json, &trade));
    followed_stream_live(stream, &trade, json);
}

static void live(uint64_t seq)
{
    live_in(EPOCH, seq);
}

static void reaches(uint64_t seq)
{
    followed_stream_reaches(stream, (cursor_t){EPOCH, seq});
}

/* Expects a request for what follows `from`, and notes it as under way. */
static void expect_request(uint64_t from)
{
    ck_assert(followed_stream_needs_repair(stream));
    buffer_t request = buffer_new(0), answer = buffer_new(0);
    followed_stream_repair_request(stream, &request);
    request_t parsed;
    ck_assert(request_parse(buffer_text(&request), &parsed, &answer));
    ck_assert(text_equal(parsed.op, TEXT("range")) && text_equal(parsed.topic, TEXT(TOPIC)));
    ck_assert_uint_eq(parsed.from.seq, from);
    buffer_release(&request);
    buffer_release(&answer);
    stream->repair = 1;
}

/* Replay has the trades from `first` to `last` of an epoch; next: there is another page. */
static bool answer_in(uint64_t of_epoch, uint64_t first, uint64_t last, bool next)
{
    buffer_t out = buffer_new(0);
    buffer_append(&out, TEXT("{\"ok\":true,\"id\":1,\"trades\":["));
    for (uint64_t seq = first; seq <= last; seq++) {
        char text[TRADE_MAX];
        buffer_append(&out, seq > first ? TEXT(",") : TEXT(""));
        buffer_append(&out, json_of(text, of_epoch, seq));
    }
    buffer_append(&out, TEXT("],\"missing\":0"));
    if (next)
        buffer_printf(&out, ",\"next\":\"%" PRIu64 "-%" PRIu64 "\"", of_epoch, last + 1);
    buffer_append(&out, TEXT("}"));
    bool useful = followed_stream_repaired(stream, buffer_text(&out));
    buffer_release(&out);
    return useful;
}

static bool answer(uint64_t first, uint64_t last)
{
    return answer_in(EPOCH, first, last, false);
}

/* Following behind seq `last`, with nothing under way. */
static void following_behind(uint64_t last)
{
    followed_stream_begin(stream, (cursor_t){EPOCH, last});
    expect_request(last + 1);
    ck_assert(answer(1, 0));
    ck_assert(!followed_stream_needs_repair(stream));
}

static void set_up(void)
{
    counts = (follower_counts_t){0};
    told[0] = '\0';
    epoch = EPOCH;
    ended_at = 0;
    stream = followed_stream_new(TEXT(TOPIC), &counts, &sink, &counts);
    ck_assert(text_equal(stream->symbol, TEXT("BTC-USD")) && text_equal(stream->source, TEXT("blockchain")));
}

static void tear_down(void)
{
    followed_stream_destroy(&stream);
}

START_TEST(trades_in_order_are_handed_over_at_once)
{
    following_behind(0);
    live(1), live(2), live(3);
    ck_assert_str_eq(told, "1 2 3");
    ck_assert(!followed_stream_needs_repair(stream));
}
END_TEST

START_TEST(what_was_had_is_dropped)
{
    following_behind(4);
    live(4), live(5), live(5), live(1), live(6);
    ck_assert_str_eq(told, "5 6");
    ck_assert_uint_eq(counts.duplicates, 3);
}
END_TEST

START_TEST(a_hole_is_repaired_before_what_came_behind_it)
{
    following_behind(0);
    live(1), live(4), live(5);
    ck_assert_str_eq(told, "1");
    expect_request(2);
    live(6);
    ck_assert(answer(2, 3));
    ck_assert_str_eq(told, "1 2 3 4 5 6");
    live(7);
    ck_assert_str_eq(told, "1 2 3 4 5 6 7");
    ck_assert_uint_eq(counts.gaps_seen, 1);
    ck_assert_uint_eq(counts.gaps_lost, 0);
}
END_TEST

START_TEST(a_heartbeat_shows_a_lost_last_trade)
{
    following_behind(0);
    live(1);
    reaches(1);
    ck_assert(!followed_stream_needs_repair(stream));
    reaches(2);
    expect_request(2);
    ck_assert(answer(2, 2));
    ck_assert_str_eq(told, "1 2");
}
END_TEST

START_TEST(a_second_hole_during_a_repair_is_repaired_too)
{
    following_behind(0);
    live(3);
    expect_request(1);
    live(4), live(7), live(8);
    ck_assert(answer(1, 2));
    ck_assert_str_eq(told, "1 2 3 4");
    expect_request(5);
    ck_assert(answer(5, 8));
    ck_assert_str_eq(told, "1 2 3 4 5 6 7 8");
    ck_assert(!followed_stream_needs_repair(stream));
}
END_TEST

START_TEST(an_answer_of_several_pages_is_asked_for_page_by_page)
{
    followed_stream_begin(stream, (cursor_t){EPOCH, 0});
    expect_request(1);
    ck_assert(answer_in(EPOCH, 1, 3, true));
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_STARTING);
    expect_request(4);
    ck_assert(answer_in(EPOCH, 4, 5, false));
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_WHOLE);
    ck_assert_str_eq(told, "1 2 3 4 5");
}
END_TEST

START_TEST(what_replay_does_not_have_is_told_as_a_gap_in_its_place)
{
    following_behind(0);
    live(1), live(9);
    expect_request(2);
    ck_assert(answer(5, 7)); /* 2 to 4 are gone, and so is 8 */
    ck_assert_str_eq(told, "1 [2-4] 5 6 7 [8-8] 9");
    reaches(10);
    expect_request(10);
    ck_assert(answer(1, 0));
    live(11);
    ck_assert_str_eq(told, "1 [2-4] 5 6 7 [8-8] 9 [10-10] 11");
    ck_assert_uint_eq(counts.gaps_lost, 5);
}
END_TEST

START_TEST(a_fresh_stream_begins_with_the_first_that_the_journal_has_and_tells_no_gap)
{
    followed_stream_begin(stream, (cursor_t){EPOCH, 0});
    stream->fresh = true;
    reaches(103);
    expect_request(1);
    ck_assert(answer(101, 103));
    ck_assert_str_eq(told, "101 102 103");
    live(105);
    expect_request(104);
    ck_assert(answer(1, 0));
    ck_assert_str_eq(told, "101 102 103 [104-104] 105");
}
END_TEST

START_TEST(no_answer_changes_nothing_and_what_needs_no_repair_goes_on)
{
    followed_stream_begin(stream, (cursor_t){EPOCH, 5});
    expect_request(6);
    live(6), live(7);
    ck_assert_str_eq(told, "6 7");
    ck_assert(!followed_stream_repaired(stream, (text_t){0}));
    ck_assert(followed_stream_needs_repair(stream)); /* to know what was there at the start */
    live(8);
    ck_assert_str_eq(told, "6 7 8");
}
END_TEST

START_TEST(an_answer_that_is_none_is_of_no_use)
{
    following_behind(0);
    live(3);
    const char *junk[] = {"",
                          "junk",
                          "{}",
                          "{\"ok\":false,\"error\":{\"code\":\"x\",\"message\":\"y\"}}",
                          "{\"ok\":true,\"trades\":[{\"epoch\":1}],\"missing\":0}",
                          "{\"ok\":true,\"trades\":7}"};
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        expect_request(1);
        ck_assert_msg(!followed_stream_repaired(stream, text_of(junk[i])), "%s", junk[i]);
    }
    ck_assert_str_eq(told, "");
    expect_request(1);
    ck_assert(answer(1, 2));
    ck_assert_str_eq(told, "1 2 3");
}
END_TEST

START_TEST(a_page_that_brings_nothing_new_does_not_make_a_busy_loop)
{
    following_behind(0);
    live(3);
    expect_request(1);
    ck_assert_msg(!answer_in(EPOCH, 1, 0, true), "an empty page with a next is unusable");
}
END_TEST

START_TEST(a_new_epoch_begins_at_one_and_is_told)
{
    following_behind(0);
    live(1), live(2);
    live_in(2000, 2);
    ck_assert_str_eq(told, "1 2 [3-e2000]");
    expect_request(1);
    ck_assert(answer_in(2000, 1, 2, false));
    ck_assert_str_eq(told, "1 2 [3-e2000] e2000 1 2");
    live(3);
    ck_assert_str_eq(told, "1 2 [3-e2000] e2000 1 2");
}
END_TEST

START_TEST(an_answer_of_the_old_epoch_does_not_skip_in_the_new_one)
{
    following_behind(0);
    live(9);
    expect_request(1);
    followed_stream_reaches(stream, (cursor_t){2000, 4});
    ck_assert(answer(1, 9));
    ck_assert_str_eq(told, "[1-e2000]");
    expect_request(1);
    ck_assert(answer_in(2000, 1, 4, false));
    ck_assert_str_eq(told, "[1-e2000] e2000 1 2 3 4");
}
END_TEST

START_TEST(less_than_was_had_is_not_taken_for_it_and_makes_the_stream_ahead)
{
    following_behind(0);
    live(1), live(2), live(3);
    reaches(3);
    ck_assert(!stream->ahead);
    reaches(2);
    ck_assert(stream->ahead);
    followed_stream_reaches(stream, (cursor_t){EPOCH - 1, 9});
    ck_assert(stream->ahead);
    live_in(EPOCH - 1, 10);
    ck_assert_str_eq(told, "1 2 3");
    followed_stream_reaches(stream, (cursor_t){2000, 0});
    ck_assert(!stream->ahead);
    live_in(2000, 1);
    ck_assert_str_eq(told, "1 2 3 [4-e2000] e2000 1");
}
END_TEST

START_TEST(a_bus_that_lags_behind_replay_does_not_leave_it_ahead)
{
    following_behind(0);
    live(1), live(2), live(3);
    reaches(1);
    ck_assert(stream->ahead);
    reaches(3);
    ck_assert(!stream->ahead);
}
END_TEST

START_TEST(a_renewed_journal_goes_on_without_a_trade_lost_or_twice)
{
    following_behind(40);
    live(41), live(42);
    followed_stream_renewed(stream, (cursor_t){EPOCH, 40}, 2000);
    ck_assert_str_eq(told, "41 42 (40=0 in e2000)");
    followed_stream_reaches(stream, (cursor_t){2000, 2});
    ck_assert(!followed_stream_needs_repair(stream));
    live_in(2000, 3);
    ck_assert_str_eq(told, "41 42 (40=0 in e2000) e2000 3");
    ck_assert_uint_eq(counts.gaps_lost, 0);
}
END_TEST

START_TEST(who_was_ahead_of_a_journal_takes_the_renewed_one_from_its_beginning)
{
    following_behind(70);
    reaches(42);
    followed_stream_renewed(stream, (cursor_t){EPOCH, 40}, 2000);
    ck_assert_str_eq(told, "");
    followed_stream_reaches(stream, (cursor_t){2000, 2});
    expect_request(1);
    ck_assert(answer_in(2000, 1, 2, false));
    ck_assert_str_eq(told, "[71-e2000] e2000 1 2");
}
END_TEST

START_TEST(who_lags_behind_what_goes_on_takes_the_renewed_journal_from_its_beginning)
{
    following_behind(30);
    followed_stream_renewed(stream, (cursor_t){EPOCH, 40}, 2000);
    followed_stream_reaches(stream, (cursor_t){2000, 2});
    expect_request(1);
    ck_assert(answer_in(2000, 1, 2, false));
    ck_assert_str_eq(told, "[31-e2000] e2000 1 2");
}
END_TEST

/* How the epoch goes on is in the status, which may come behind the answer. */
START_TEST(an_answer_of_a_later_epoch_waits_for_the_bus_to_tell_of_it)
{
    following_behind(40);
    live(41);
    live(43);
    expect_request(42);
    ck_assert(!answer_in(2000, 1, 3, false));
    ck_assert_str_eq(told, "41");
    followed_stream_renewed(stream, (cursor_t){EPOCH, 40}, 2000);
    followed_stream_reaches(stream, (cursor_t){2000, 3});
    expect_request(2);
    ck_assert(answer_in(2000, 2, 3, false));
    ck_assert_str_eq(told, "41 (40=0 in e2000) e2000 2 3");
}
END_TEST

START_TEST(more_than_can_be_held_comes_by_the_next_repair)
{
    enum { LAST = 20000 };
    following_behind(0);
    live(2);
    expect_request(1);
    for (uint64_t seq = 3; seq <= LAST; seq++)
        live(seq);
    ck_assert_uint_le(stream->held.capacity, 2 * FOLLOWED_STREAM_HELD_BYTES);
    ck_assert(answer(1, 1));
    uint64_t next = stream->next.seq;
    ck_assert_uint_gt(next, 1000);
    ck_assert_uint_lt(next, LAST);
    expect_request(next);
    for (uint64_t from = next; from <= LAST; from += FOLLOWED_STREAM_PAGE) {
        told[0] = '\0';
        uint64_t last = from + FOLLOWED_STREAM_PAGE - 1 < LAST ? from + FOLLOWED_STREAM_PAGE - 1 : LAST;
        ck_assert(answer_in(EPOCH, from, last, last < LAST));
        stream->repair = 1;
    }
    ck_assert_uint_eq(counts.trades, LAST);
    ck_assert_uint_eq(counts.gaps_lost, 0);
}
END_TEST

START_TEST(after_the_end_nothing_is_handed_over)
{
    following_behind(0);
    live(1), live(4);
    followed_stream_end(stream);
    ck_assert(!followed_stream_needs_repair(stream));
    reaches(10);
    following_behind(10);
    live(11);
    ck_assert_str_eq(told, "1 11");
}
END_TEST

/* --- each state --- */

START_TEST(of_an_unwanted_stream_only_the_place_is_known)
{
    reaches(7);
    followed_stream_resume(stream, (cursor_t){EPOCH, 5});
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_UNWANTED);
    ck_assert_uint_eq(stream->newest, 7);
    ck_assert_uint_eq(stream->resume.seq, 5);
    reaches(6); /* what was said last counts */
    followed_stream_renewed(stream, (cursor_t){EPOCH, 0}, 2000);
    followed_stream_end(stream);
    ck_assert_uint_eq(stream->newest, 6);
    ck_assert(!stream->ahead && !followed_stream_is_followed(stream) && !followed_stream_needs_repair(stream));
}
END_TEST

START_TEST(one_that_waits_is_unwanted_again_when_its_place_is_known)
{
    followed_stream_hold(stream);
    followed_stream_hold(stream);
    followed_stream_end(stream);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_WAITING);
    reaches(7);
    ck_assert_uint_eq(stream->newest, 7);
    followed_stream_resume(stream, (cursor_t){EPOCH, 5});
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_UNWANTED);
    ck_assert_uint_eq(stream->resume.seq, 5);
}
END_TEST

START_TEST(one_that_is_located_begins_where_it_ends_by_then)
{
    followed_stream_locate(stream, 7);
    ck_assert_uint_eq(stream->repair, 7);
    followed_stream_hold(stream);
    followed_stream_resume(stream, (cursor_t){EPOCH, 5});
    reaches(8);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_LOCATING);
    ck_assert_uint_eq(stream->newest, 8);
    ck_assert_uint_eq(stream->resume.seq, 5);
    followed_stream_begin(stream, (cursor_t){EPOCH, 8});
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_STARTING);
}
END_TEST

START_TEST(one_that_is_located_can_be_ended)
{
    followed_stream_locate(stream, 7);
    followed_stream_end(stream);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_UNWANTED);
    ck_assert_uint_eq(stream->repair, 0);
}
END_TEST

START_TEST(a_starting_stream_takes_what_comes_and_sees_no_gap)
{
    followed_stream_begin(stream, (cursor_t){EPOCH, 2});
    followed_stream_hold(stream);
    followed_stream_resume(stream, (cursor_t){EPOCH, 9});
    ck_assert_uint_eq(stream->resume.seq, 0);
    live(2), live(3), live(6);
    reaches(7);
    expect_request(4);
    ck_assert(answer_in(EPOCH, 4, 4, true));
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_STARTING);
    ck_assert_str_eq(told, "3 4");
    ck_assert_uint_eq(counts.duplicates, 1);
    ck_assert_uint_eq(counts.gaps_seen + counts.gaps_repaired, 0);
    expect_request(5);
    ck_assert(answer(5, 5));
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_HOLED); /* 7 was told of, and has not come */
    ck_assert_str_eq(told, "3 4 5 6");
}
END_TEST

START_TEST(a_starting_stream_of_which_less_is_said_is_ahead_until_it_ends)
{
    followed_stream_begin(stream, (cursor_t){EPOCH, 2});
    reaches(1);
    ck_assert(stream->ahead);
    followed_stream_end(stream);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_UNWANTED);
    ck_assert(!stream->ahead);
}
END_TEST

START_TEST(a_starting_stream_goes_on_starting_in_another_epoch)
{
    followed_stream_begin(stream, (cursor_t){EPOCH, 42});
    followed_stream_renewed(stream, (cursor_t){EPOCH, 40}, 2000);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_STARTING);
    live_in(3000, 1);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_STARTING);
    ck_assert_str_eq(told, "(40=0 in e2000) [3-e3000] e3000 1");
}
END_TEST

START_TEST(a_whole_stream_stays_whole_as_long_as_nothing_is_missing)
{
    following_behind(0);
    followed_stream_hold(stream);
    followed_stream_resume(stream, (cursor_t){EPOCH, 9});
    live(1), live(1);
    reaches(1);
    live_in(2000, 1);
    followed_stream_renewed(stream, (cursor_t){2000, 0}, 3000);
    live_in(3000, 2);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_WHOLE);
    ck_assert_str_eq(told, "1 [2-e2000] e2000 1 (0=0 in e3000) e3000 2");
    followed_stream_end(stream);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_UNWANTED);
}
END_TEST

START_TEST(a_hole_that_the_bus_fills_leaves_the_stream_whole_and_the_answer_brings_what_is_new)
{
    following_behind(0);
    reaches(2);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_HOLED);
    expect_request(1);
    live(1);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_HOLED);
    live(2);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_WHOLE);
    ck_assert(answer(1, 3));
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_WHOLE);
    ck_assert_str_eq(told, "1 2 3");
    ck_assert_uint_eq(counts.gaps_seen, 1);
    ck_assert_uint_eq(counts.gaps_repaired, 1);
}
END_TEST

START_TEST(a_hole_is_seen_once_however_much_is_behind_it)
{
    following_behind(4);
    live(6), live(7), live(4);
    reaches(9);
    followed_stream_hold(stream);
    followed_stream_resume(stream, (cursor_t){EPOCH, 9});
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_HOLED);
    ck_assert_uint_eq(counts.gaps_seen, 1);
    ck_assert_uint_eq(counts.duplicates, 1);
    expect_request(5);
    ck_assert(!followed_stream_repaired(stream, (text_t){0}));
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_HOLED);
    reaches(3);
    ck_assert(stream->ahead);
    followed_stream_end(stream);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_UNWANTED);
}
END_TEST

START_TEST(whoever_ends_it_when_told_is_told_no_more)
{
    ended_at = 2;
    following_behind(0);
    reaches(3);
    expect_request(1);
    ck_assert(answer(1, 3));
    ck_assert_str_eq(told, "1 2");
    following_behind(1);
    reaches(3);
    expect_request(2);
    ck_assert(answer(3, 3));
    following_behind(1);
    live_in(2000, 1);
    followed_stream_renewed(stream, (cursor_t){2000, 0}, 3000);
    ck_assert_str_eq(told, "1 2 [2-2] [2-e2000]");
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_UNWANTED);
    ck_assert(!followed_stream_needs_repair(stream));
}
END_TEST

START_TEST(another_epoch_ends_a_hole)
{
    following_behind(0);
    reaches(2);
    live_in(2000, 1);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_WHOLE);
    live_in(2000, 3);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_HOLED);
    followed_stream_renewed(stream, (cursor_t){2000, 0}, 3000);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_WHOLE);
    ck_assert_str_eq(told, "[1-e2000] e2000 1 (0=0 in e3000)");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("followed_stream");
    TCase *tests = tcase_create("followed_stream");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, trades_in_order_are_handed_over_at_once);
    tcase_add_test(tests, what_was_had_is_dropped);
    tcase_add_test(tests, a_hole_is_repaired_before_what_came_behind_it);
    tcase_add_test(tests, a_heartbeat_shows_a_lost_last_trade);
    tcase_add_test(tests, a_second_hole_during_a_repair_is_repaired_too);
    tcase_add_test(tests, an_answer_of_several_pages_is_asked_for_page_by_page);
    tcase_add_test(tests, what_replay_does_not_have_is_told_as_a_gap_in_its_place);
    tcase_add_test(tests, a_fresh_stream_begins_with_the_first_that_the_journal_has_and_tells_no_gap);
    tcase_add_test(tests, no_answer_changes_nothing_and_what_needs_no_repair_goes_on);
    tcase_add_test(tests, an_answer_that_is_none_is_of_no_use);
    tcase_add_test(tests, a_page_that_brings_nothing_new_does_not_make_a_busy_loop);
    tcase_add_test(tests, a_new_epoch_begins_at_one_and_is_told);
    tcase_add_test(tests, an_answer_of_the_old_epoch_does_not_skip_in_the_new_one);
    tcase_add_test(tests, less_than_was_had_is_not_taken_for_it_and_makes_the_stream_ahead);
    tcase_add_test(tests, a_bus_that_lags_behind_replay_does_not_leave_it_ahead);
    tcase_add_test(tests, a_renewed_journal_goes_on_without_a_trade_lost_or_twice);
    tcase_add_test(tests, who_was_ahead_of_a_journal_takes_the_renewed_one_from_its_beginning);
    tcase_add_test(tests, who_lags_behind_what_goes_on_takes_the_renewed_journal_from_its_beginning);
    tcase_add_test(tests, an_answer_of_a_later_epoch_waits_for_the_bus_to_tell_of_it);
    tcase_add_test(tests, more_than_can_be_held_comes_by_the_next_repair);
    tcase_add_test(tests, after_the_end_nothing_is_handed_over);
    tcase_add_test(tests, of_an_unwanted_stream_only_the_place_is_known);
    tcase_add_test(tests, one_that_waits_is_unwanted_again_when_its_place_is_known);
    tcase_add_test(tests, one_that_is_located_begins_where_it_ends_by_then);
    tcase_add_test(tests, one_that_is_located_can_be_ended);
    tcase_add_test(tests, a_starting_stream_takes_what_comes_and_sees_no_gap);
    tcase_add_test(tests, a_starting_stream_of_which_less_is_said_is_ahead_until_it_ends);
    tcase_add_test(tests, a_starting_stream_goes_on_starting_in_another_epoch);
    tcase_add_test(tests, a_whole_stream_stays_whole_as_long_as_nothing_is_missing);
    tcase_add_test(tests, a_hole_that_the_bus_fills_leaves_the_stream_whole_and_the_answer_brings_what_is_new);
    tcase_add_test(tests, a_hole_is_seen_once_however_much_is_behind_it);
    tcase_add_test(tests, whoever_ends_it_when_told_is_told_no_more);
    tcase_add_test(tests, another_epoch_ends_a_hole);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
