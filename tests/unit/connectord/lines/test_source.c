/* A source over a connector that the test plays. The life of the connection itself is test_connection.c's. */
#include "tests/unit/source_fixture.h"

START_TEST(always_subscribes_every_symbol_once_connected)
{
    make();
    source_start(source);
    check_calls("connect");
    fakes[0].up->on_connected(fakes[0].arg);
    check_calls("connected/up +BTC-USD +ETH-USD +LTC-USD");
}
END_TEST

START_TEST(always_does_not_care_what_is_wanted)
{
    make_connected(false);
    source_want(source, TEXT("BTC-USD"));
    source_release(source, TEXT("BTC-USD"));
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    check_calls("");
}
END_TEST

START_TEST(demand_subscribes_what_is_wanted_once)
{
    make_connected(true);
    source_want(source, TEXT("ETH-USD"));
    source_want(source, TEXT("ETH-USD"));
    source_want(source, TEXT("XRP-USD")); /* is not offered */
    check_calls("+ETH-USD");
}
END_TEST

START_TEST(demand_before_the_connection_is_met_by_it)
{
    make_demand();
    source_want(source, TEXT("LTC-USD"));
    source_start(source);
    source_want(source, TEXT("BTC-USD"));
    check_calls("connect");
    fakes[0].up->on_connected(fakes[0].arg);
    check_calls("connected/up +BTC-USD +LTC-USD");
}
END_TEST

START_TEST(released_symbol_is_unsubscribed_after_the_grace_period)
{
    make_connected(true);
    source_want(source, TEXT("ETH-USD"));
    source_want(source, TEXT("BTC-USD"));
    source_release(source, TEXT("ETH-USD"));
    check_calls("+ETH-USD +BTC-USD");
    wait_for_call();
    check_calls("-ETH-USD");
    source_release(source, TEXT("BTC-USD"));
    wait_for_call();
    check_calls("-BTC-USD");
}
END_TEST

START_TEST(symbol_wanted_again_within_the_grace_period_stays)
{
    make_connected(true);
    source_want(source, TEXT("ETH-USD"));
    source_want(source, TEXT("BTC-USD"));
    source_release(source, TEXT("ETH-USD"));
    source_release(source, TEXT("BTC-USD"));
    source_want(source, TEXT("ETH-USD"));
    check_calls("+ETH-USD +BTC-USD");
    wait_for_call();
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    check_calls("-BTC-USD");
}
END_TEST

START_TEST(release_of_what_nobody_wanted_does_nothing)
{
    make_connected(true);
    source_release(source, TEXT("ETH-USD"));
    source_want(source, TEXT("BTC-USD"));
    source_release(source, TEXT("BTC-USD"));
    check_calls("+BTC-USD");
    wait_for_call();
    check_calls("-BTC-USD");
}
END_TEST

START_TEST(loss_is_told_and_mended_by_a_reconnect_with_all_that_was_wanted)
{
    make_connected(true);
    source_want(source, TEXT("ETH-USD"));
    source_want(source, TEXT("BTC-USD"));
    check_calls("+ETH-USD +BTC-USD");
    fake_lose(0, "broken wire");
    ck_assert(text_equal(describe().reason, TEXT("broken wire")));
    check_calls("lost/down");
    wait_for_call();
    check_calls("connect");
    fake_lose(0, "still broken"); /* no news */
    wait_for_call();
    check_calls("connect");
    ck_assert(text_equal(describe().reason, TEXT("still broken")));
    fakes[0].up->on_connected(fakes[0].arg);
    check_calls("restored/up +BTC-USD +ETH-USD");
    ck_assert_uint_eq(describe().reason.length, 0);
    ck_assert_uint_eq(describe().reconnects, 1);
}
END_TEST

START_TEST(demand_that_changed_while_lost_is_met_afterwards)
{
    make_connected(true);
    source_want(source, TEXT("ETH-USD"));
    fake_lose(0, "broken wire");
    source_want(source, TEXT("LTC-USD"));
    source_release(source, TEXT("ETH-USD"));
    check_calls("+ETH-USD lost/down");
    wait_for_call();
    for (int i = 0; i < 20; i++) { /* more than the grace period */
        fake_lose(0, "still broken");
        calls[0] = '\0';
        wait_for_call();
    }
    check_calls("connect");
    fakes[0].up->on_connected(fakes[0].arg);
    check_calls("restored/up +LTC-USD");
}
END_TEST

START_TEST(gap_is_told_counted_and_ends_the_connection)
{
    make_connected(false);
    fakes[0].up->on_gap(fakes[0].arg, 7, 9);
    check_calls("gap/up disconnect lost/down");
    ck_assert(text_equal(describe().reason, TEXT("the exchange's numbering has a hole: expected 7, found 9")));
    ck_assert_uint_eq(describe().gaps, 1);
    wait_for_call();
    check_calls("connect");
    fakes[0].up->on_connected(fakes[0].arg);
    check_calls("restored/up +BTC-USD +ETH-USD +LTC-USD");
}
END_TEST

/* What was lost nobody knows, as after a hole: the same is done, so that everybody is told. */
START_TEST(numbering_that_begins_again_is_a_gap_and_ends_the_connection)
{
    make_connected(false);
    fakes[0].up->on_gap(fakes[0].arg, 502, 0);
    check_calls("gap/up disconnect lost/down");
    ck_assert(text_equal(describe().reason, TEXT("the exchange's numbering has restarted: expected 502, found 0")));
    ck_assert_uint_eq(describe().gaps, 1);
}
END_TEST

START_TEST(trades_go_up_with_the_sources_name_and_are_counted)
{
    make_connected(true);
    trade("BTC-USD"); /* one that is no longer wanted is good too */
    duplicate = true;
    trade("BTC-USD");
    check_calls("trade:BTC-USD.exchange trade:BTC-USD.exchange");
    ck_assert_uint_eq(describe().trades, 1);
    ck_assert_uint_eq(describe().duplicates, 1);
}
END_TEST

START_TEST(what_is_offered_is_counted_as_what_became_of_it)
{
    static const receipt_t receipts[] = {RECEIPT_TAKEN, RECEIPT_DUPLICATE, RECEIPT_DUPLICATE, RECEIPT_UNKNOWN, RECEIPT_REFUSED};
    trade_t offered = {.symbol = TEXT("BTC-USD"), .qty = TEXT("1"), .id = TEXT("1")};
    make_connected(true);
    for (size_t i = 0; i < sizeof receipts / sizeof *receipts; i++) {
        receipt = receipts[i];
        ck_assert_int_eq(fakes[0].up->on_offer(fakes[0].arg, &offered), receipts[i]);
        check_calls("offer:BTC-USD.exchange");
    }
    offered.qty = TEXT("0");
    ck_assert_int_eq(fakes[0].up->on_offer(fakes[0].arg, &offered), RECEIPT_IMPOSSIBLE);
    check_calls("");
    ck_assert_uint_eq(describe().trades, 1);
    ck_assert_uint_eq(describe().duplicates, 2);
    ck_assert_uint_eq(describe().malformed, 1);
}
END_TEST

START_TEST(malformed_and_rejected_messages_leave_the_connection_alone)
{
    make_connected(false);
    for (int i = 0; i < 1000; i++)
        fakes[0].up->on_malformed(fakes[0].arg, "price: missing", TEXT("{}"));
    fakes[0].up->on_rejected(fakes[0].arg, TEXT("BTC-USD"), TEXT("no"));
    fakes[0].up->on_rejected(fakes[0].arg, TEXT(""), TEXT("slower"));
    check_calls("");
    ck_assert_uint_eq(describe().malformed, 1000);
    ck_assert(describe().connected);
}
END_TEST

START_TEST(trades_of_nothing_or_less_are_malformed_whatever_the_connector)
{
    static const char *const bad[] = {"0", "-1", "0.00", "-0", "0e9"};
    make_connected(false);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        trade_t trade = {.symbol = TEXT("BTC-USD"), .qty = text_of(bad[i]), .price = TEXT("1"), .id = TEXT("1")};
        fakes[0].up->on_trade(fakes[0].arg, &trade, NULL);
    }
    check_calls("");
    trade("BTC-USD");
    check_calls("trade:BTC-USD.exchange");
    ck_assert_uint_eq(describe().malformed, 5);
    ck_assert_uint_eq(describe().trades, 1);
}
END_TEST

START_TEST(status_says_since_when)
{
    make();
    int64_t made_ns = describe().since_ns;
    ck_assert(!describe().connected);
    ck_assert_int_gt(made_ns, 0);
    source_start(source);
    fakes[0].up->on_connected(fakes[0].arg);
    int64_t connected_ns = describe().since_ns;
    ck_assert_int_gt(connected_ns, made_ns);
    trade("BTC-USD");
    ck_assert_int_eq(describe().since_ns, connected_ns);
    fake_lose(0, "broken wire");
    ck_assert_int_gt(describe().since_ns, connected_ns);
}
END_TEST

START_TEST(stop_disconnects_and_starts_nothing_any_more)
{
    make_connected(true);
    source_want(source, TEXT("BTC-USD"));
    source_release(source, TEXT("BTC-USD"));
    source_stop(source);
    source_stop(source);
    check_calls("+BTC-USD disconnect");
    uv_run(loop_uv(loop), UV_RUN_DEFAULT); /* ends as nothing is scheduled */
    check_calls("");
    ck_assert(!describe().connected);
}
END_TEST

START_TEST(stop_while_waiting_ends_the_wait)
{
    make_connected(false);
    fake_lose(0, "broken wire");
    source_stop(source);
    check_calls("lost/down disconnect");
    uv_run(loop_uv(loop), UV_RUN_DEFAULT);
    check_calls("");
}
END_TEST

static bool knows_what_was_missed(bool whole, double again)
{
    connector_t playing = fake;
    playing.whole = whole;
    playing.repeats = "again";
    settings.settings[0] = (connector_setting_t){"again", .number = again};
    settings.setting_count = 1;
    source_config_t given;
    ck_assert(source_config_copy(&given, &settings));
    source = source_new_with(&playing, loop, NULL, &given, &events, NULL);
    source_start(source);
    fakes[opened - 1].up->on_connected(fakes[opened - 1].arg);
    bool known = describe().missed_known;
    source_destroy(&source);
    return known;
}

START_TEST(what_was_missed_is_known_where_a_connection_brings_all_once)
{
    ck_assert(knows_what_was_missed(true, 0));
    ck_assert(!knows_what_was_missed(true, 1));
    ck_assert(!knows_what_was_missed(false, 0));
    source_config_release(&settings);
}
END_TEST

START_TEST(connector_that_refuses_gives_no_source)
{
    opens = 0;
    ck_assert_ptr_null(source_new_with(&fake, loop, NULL, &settings, &events, NULL));
    ck_assert_ptr_null(settings.symbols);
}
END_TEST

START_TEST(unknown_connector_gives_no_source)
{
    ck_assert_ptr_null(source_new(loop, NULL, &settings, &events, NULL));
    ck_assert_ptr_null(settings.symbols);
}
END_TEST

static void change_symbols(const char *some, const char *other)
{
    source_config_t next = {.symbols = calloc(2, sizeof *next.symbols), .symbol_count = 2};
    ck_assert_ptr_nonnull(next.symbols);
    next.symbols[0] = text_of(some);
    next.symbols[1] = text_of(other);
    ck_assert(source_change_symbols(source, &next));
    source_config_release(&next);
}

START_TEST(symbols_that_change_are_subscribed_and_unsubscribed_on_the_connection)
{
    make_connected(false);
    change_symbols("XRP-USD", "ETH-USD");
    check_calls("-BTC-USD -LTC-USD +XRP-USD");
    fake_lose(0, "broken wire");
    check_calls("lost/down");
    wait_for_call();
    fakes[0].up->on_connected(fakes[0].arg);
    check_calls("connect restored/up +XRP-USD +ETH-USD");
}
END_TEST

START_TEST(symbols_that_change_keep_who_wants_them)
{
    make_connected(true);
    source_want(source, TEXT("ETH-USD"));
    source_want(source, TEXT("BTC-USD"));
    source_release(source, TEXT("ETH-USD"));
    change_symbols("XRP-USD", "ETH-USD");
    check_calls("+ETH-USD +BTC-USD -BTC-USD");
    wait_for_call();
    check_calls("-ETH-USD"); /* its grace period went on */
    source_want(source, TEXT("XRP-USD"));
    source_want(source, TEXT("BTC-USD"));
    check_calls("+XRP-USD");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        always_subscribes_every_symbol_once_connected,
        always_does_not_care_what_is_wanted,
        demand_subscribes_what_is_wanted_once,
        demand_before_the_connection_is_met_by_it,
        released_symbol_is_unsubscribed_after_the_grace_period,
        symbol_wanted_again_within_the_grace_period_stays,
        release_of_what_nobody_wanted_does_nothing,
        loss_is_told_and_mended_by_a_reconnect_with_all_that_was_wanted,
        demand_that_changed_while_lost_is_met_afterwards,
        gap_is_told_counted_and_ends_the_connection,
        numbering_that_begins_again_is_a_gap_and_ends_the_connection,
        trades_go_up_with_the_sources_name_and_are_counted,
        what_is_offered_is_counted_as_what_became_of_it,
        malformed_and_rejected_messages_leave_the_connection_alone,
        trades_of_nothing_or_less_are_malformed_whatever_the_connector,
        status_says_since_when,
        stop_disconnects_and_starts_nothing_any_more,
        stop_while_waiting_ends_the_wait,
        what_was_missed_is_known_where_a_connection_brings_all_once,
        connector_that_refuses_gives_no_source,
        unknown_connector_gives_no_source,
        symbols_that_change_are_subscribed_and_unsubscribed_on_the_connection,
        symbols_that_change_keep_who_wants_them,
    };
    return RUN_TESTS("source", TEST_CASE_WITHIN(20, set_up, tear_down, tests));
}
