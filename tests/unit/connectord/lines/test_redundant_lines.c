/* Several lines of one source. Their rotation is test_rotation.c's. */
#include "tests/unit/redundant_lines_fixture.h"

START_TEST(each_line_connects_and_subscribes_and_the_first_makes_the_source_connected)
{
    make();
    check_calls("connect0 connect1");
    ck_assert(!describe().connected);
    connected(1);
    check_calls("connected/1/up +1:BTC-USD");
    connected(0);
    check_calls("heartbeat/2/up +0:BTC-USD");
    ck_assert_uint_eq(redundant_lines_count(lines), 2);
}
END_TEST

START_TEST(source_is_lost_with_its_last_line_and_restored_with_its_first)
{
    make_connected();
    int64_t since_ns = describe().since_ns;
    lost(0, "first");
    check_calls("heartbeat/1/up");
    ck_assert_int_eq(describe().since_ns, since_ns);
    ck_assert_uint_eq(describe().reason.length, 0);
    lost(1, "second");
    check_calls("lost/0/down");
    ck_assert_int_gt(describe().since_ns, since_ns);
    ck_assert(text_equal(describe().reason, TEXT("second")));
    wait_for("connect0");
    wait_for("connect1");
    calls[0] = '\0';
    connected(0);
    check_calls("restored/1/up +0:BTC-USD");
    connected(1);
    check_calls("heartbeat/2/up +1:BTC-USD");
    ck_assert_uint_eq(describe().reconnects, 2);
}
END_TEST

START_TEST(lines_cut_in_turn_never_lose_the_source)
{
    make_connected();
    for (size_t i = 0; i < 10; i++) {
        lost(i % 2, "cut");
        check_calls("heartbeat/1/up");
        wait_for("connect");
        calls[0] = '\0';
        connected(i % 2);
        check_calls(i % 2 ? "heartbeat/2/up +1:BTC-USD" : "heartbeat/2/up +0:BTC-USD");
    }
}
END_TEST

START_TEST(source_that_never_connected_is_lost_once_when_every_line_has_failed)
{
    make();
    calls[0] = '\0';
    lost(0, "refused");
    check_calls("");
    lost(1, "refused too");
    check_calls("lost/0/down");
    wait_for("connect0");
    lost(0, "refused again");
    wait_for("connect1");
    ck_assert_ptr_null(strstr(calls, "lost"));
    calls[0] = '\0';
    connected(1);
    check_calls("restored/1/up +1:BTC-USD");
}
END_TEST

START_TEST(counters_are_the_sum_of_all_lines)
{
    make_connected();
    trade(0);
    trade(1);
    duplicate = true;
    trade(1);
    fakes[0].up->on_malformed(fakes[0].arg, "price: missing", TEXT("{}"));
    check_calls("trade:BTC-USD.exchange trade:BTC-USD.exchange trade:BTC-USD.exchange");
    ck_assert_uint_eq(describe().trades, 2);
    ck_assert_uint_eq(describe().duplicates, 1);
    ck_assert_uint_eq(describe().malformed, 1);
}
END_TEST

static text_t gap_reason;

static void on_gap_status(void *arg, status_event_t event)
{
    on_status(arg, event);
    if (event == STATUS_GAP)
        gap_reason = describe().reason;
}

START_TEST(gap_of_one_line_is_told_with_its_reason_and_the_source_goes_on)
{
    static const redundant_lines_events_t gap_events = {
        .on_trade = on_trade, .on_symbol = on_symbol, .on_line = on_line, .on_status = on_gap_status};
    lines = redundant_lines_new_with(&fake, loop, NULL, &settings, &gap_events, NULL);
    redundant_lines_start(lines);
    connected(0);
    connected(1);
    calls[0] = '\0';
    fakes[1].up->on_gap(fakes[1].arg, 7, 9);
    check_calls("gap/2/up disconnect1 heartbeat/1/up");
    ck_assert(text_equal(gap_reason, TEXT("the exchange's numbering has a hole: expected 7, found 9")));
    ck_assert_uint_eq(describe().gaps, 1);
    ck_assert_uint_eq(describe().reason.length, 0);
}
END_TEST

START_TEST(demand_is_put_to_every_line)
{
    settings.demand = true;
    make_connected();
    redundant_lines_want(lines, TEXT("BTC-USD"));
    check_calls("+0:BTC-USD +1:BTC-USD");
    redundant_lines_release(lines, TEXT("BTC-USD"));
    wait_for("-0:BTC-USD");
    wait_for("-1:BTC-USD");
}
END_TEST

START_TEST(which_lines_there_are_is_told)
{
    make();
    redundant_lines_start(lines);
    connected(0);
    ck_assert(there[0] && !there[1]);
    connected(1);
    ck_assert(there[0] && there[1]);
    lost(0, "broken wire");
    ck_assert(!there[0] && there[1]);
}
END_TEST

START_TEST(lines_share_the_limit_of_messages)
{
    settings.lines = 3;
    settings.messages_per_minute = 100;
    make();
    ck_assert_uint_eq(opened, 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_eq(fakes[i].config->messages_per_minute, 33);
}
END_TEST

START_TEST(stop_ends_every_line_for_good)
{
    settings.rotate_ms = 2;
    make_connected();
    redundant_lines_stop(lines);
    check_calls("disconnect0 disconnect1");
    run_on(20); /* for longer than the rotations here are apart */
    check_calls("later");
    ck_assert(!describe().connected);
    ck_assert_uint_eq(redundant_lines_connected(lines), 0);
}
END_TEST

START_TEST(connector_that_refuses_the_second_line_gives_none)
{
    opens = 1;
    ck_assert_ptr_null(redundant_lines_new_with(&fake, loop, NULL, &settings, &events, NULL));
    ck_assert_ptr_null(settings.symbols);
    check_calls("close0");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        each_line_connects_and_subscribes_and_the_first_makes_the_source_connected,
        source_is_lost_with_its_last_line_and_restored_with_its_first,
        lines_cut_in_turn_never_lose_the_source,
        source_that_never_connected_is_lost_once_when_every_line_has_failed,
        counters_are_the_sum_of_all_lines,
        gap_of_one_line_is_told_with_its_reason_and_the_source_goes_on,
        demand_is_put_to_every_line,
        which_lines_there_are_is_told,
        lines_share_the_limit_of_messages,
        stop_ends_every_line_for_good,
        connector_that_refuses_the_second_line_gives_none,
    };
    return RUN_TESTS("lines", TEST_CASE_WITHIN(20, set_up, tear_down, tests));
}
