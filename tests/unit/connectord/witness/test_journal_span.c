#include "connectord/witness/journal_span.h"
#include "tests/unit/connectord/witness/witness_journal.h"
#include "tests/unit/run_tests.h"

enum { SLACK_S = 10 };

static journal_span_t span;

static void begin(double from_s)
{
    journal_span_begin(&span, journal, trades, second_at(from_s), SLACK_S * NS_PER_S);
}

/* The quantities of what it reads. */
static void assert_reads(const char *expected)
{
    char found[1000] = "";
    trade_t trade;
    while (journal_span_next(&span, &trade))
        snprintf(found + strlen(found), sizeof found - strlen(found), "%.*s ", TEXT_ARG(trade.qty));
    ck_assert_str_eq(found, expected);
    ck_assert(journal_span_ended(&span));
}

START_TEST(it_begins_with_what_came_then_and_goes_to_the_end)
{
    for (int i = 1; i <= 9; i++) {
        char qty[] = {(char)('0' + i), '\0'};
        put_trade(i * 10, qty);
    }
    begin(60);
    put_trade(100, "10"); /* too late for it */
    assert_reads("5 6 7 8 9 ");
    begin(0);
    assert_reads("1 2 3 4 5 6 7 8 9 10 ");
    begin(1000);
    assert_reads("");
    ck_assert_int_eq(span.sure_ns, INT64_MIN);
}
END_TEST

START_TEST(late_and_held_ones_are_read)
{
    put_trade(10, "1");
    put_trade_late(31, 31, "3");
    put_trade_late(29, 32, "2");  /* held */
    put_trade_late(12, 40, "12"); /* late */
    put_trade(50, "5");
    begin(40);
    assert_reads("3 2 12 5 ");
}
END_TEST

START_TEST(an_empty_stream_has_none_and_lacks_none)
{
    begin(0);
    assert_reads("");
    ck_assert_int_eq(span.sure_ns, INT64_MIN);
}
END_TEST

/* So many trades, one a second, that the ring loses the first ones. */
static void overflow(int from, int to)
{
    for (int i = from; i < to; i++)
        put_trade(i, "1");
}

static double first_received_s(void)
{
    trade_t trade = {0};
    ck_assert(record_parse(journal_read(journal, trades, journal_first(trades)), &trade));
    return (double)(trade.received_ns - FIRST_MINUTE) / 1e9;
}

START_TEST(what_left_the_ring_is_not_there_for_sure)
{
    overflow(0, 10000);
    ck_assert_uint_gt(journal_first(trades), 1);
    begin(100);
    ck_assert_int_eq(span.sure_ns, second_at(first_received_s() + SLACK_S));
    begin(9900); /* far behind */
    ck_assert_int_eq(span.sure_ns, INT64_MIN);
    ck_assert_uint_eq(span.last - span.next + 1, 110);
}
END_TEST

START_TEST(what_leaves_the_ring_meanwhile_is_noticed)
{
    trade_t trade;
    overflow(0, 1000);
    begin(0);
    ck_assert(journal_span_next(&span, &trade));
    ck_assert_int_eq(span.sure_ns, INT64_MIN);
    overflow(1000, 4500);
    ck_assert_uint_gt(journal_first(trades), 2);
    bool ended = journal_first(trades) > span.last, more = journal_span_next(&span, &trade);
    ck_assert(more != ended);
    ck_assert_int_eq(span.sure_ns, ended ? INT64_MAX : second_at(first_received_s() + SLACK_S));
}
END_TEST

START_TEST(of_a_renewed_journal_what_came_before_is_not_known)
{
    trade_t trade;
    journal_close(&journal);
    open_journal();
    put_trade(10, "1");
    put_trade(20, "2");
    begin(0);
    ck_assert(journal_span_next(&span, &trade));
    ck_assert(journal_renew(journal, 0, NOW + 5000000));
    ck_assert(!journal_span_next(&span, &trade));
    ck_assert_int_eq(span.sure_ns, INT64_MAX);
    begin(0);
    ck_assert_int_eq(span.sure_ns, second_at(10.05 + SLACK_S));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        it_begins_with_what_came_then_and_goes_to_the_end, late_and_held_ones_are_read,
        an_empty_stream_has_none_and_lacks_none,           what_left_the_ring_is_not_there_for_sure,
        what_leaves_the_ring_meanwhile_is_noticed,         of_a_renewed_journal_what_came_before_is_not_known};
    return RUN_TESTS("journal_span", TEST_CASE(set_up_journal, tear_down_journal, tests));
}
