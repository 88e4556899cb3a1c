/* A role with a delay gets everything that much later, once and in order, from the live ring or from history. */
#include "tests/unit/gatewayd/history/delays_fixture.h"

START_TEST(live_trades_come_when_they_are_due_and_not_before)
{
    subscribe(10, 10);
    expect(SUBSCRIBED("7-10", "true"));
    are_made(11, 13);
    it_is_due(10);
    expect_nothing();
    it_is_due(11);
    expect_trades(FIXTURE_EPOCH, 11, 11);
    it_is_due(13);
    expect_trades(FIXTURE_EPOCH, 12, 13);
    ck_assert_uint_eq(delays_records(fixture.hub.delays), 3);
}
END_TEST

START_TEST(it_begins_where_it_would_be_and_reads_the_rest_from_history)
{
    subscribe(100, 40);
    expect(SUBSCRIBED("7-40", "true"));
    are_made(101, 101);
    it_is_due(41);
    answer("history", "\"from\":\"7-41\",\"to\":\"7-101\",\"count\":16", 41, 56, ",\"missing\":0,\"next\":\"7-57\"");
    it_is_due(42);
    expect_trades(FIXTURE_EPOCH, 41, 42);
    it_is_due(60);
    expect_trades(FIXTURE_EPOCH, 43, 56);
    answer("history", "\"from\":\"7-57\"", 57, 100, ",\"missing\":0");
    it_is_due(60);
    expect_trades(FIXTURE_EPOCH, 57, 60);
    it_is_due(101);
    expect_trades(FIXTURE_EPOCH, 61, 101);
}
END_TEST

START_TEST(where_the_live_ring_reaches_history_is_not_asked)
{
    market_t *market = markets_open(fixture.hub.markets, TEXT("BTC-USD"));
    ck_assert(markets_keep(fixture.hub.markets, market, INT64_MAX));
    follow(BTC, FIXTURE_EPOCH, 0);
    are_made(1, 50);
    hear("a", true, "{\"BTC-USD\":50}");
    fixture.now_ns = made_ns(20) + DELAY_S * NS_PER_S;
    say(SUBSCRIBE(""));
    it_is_due(20);
    expect(SUBSCRIBED("7-20", "true"));
    it_is_due(22);
    expect_trades(FIXTURE_EPOCH, 21, 22);
    it_is_due(49);
    expect_trades(FIXTURE_EPOCH, 23, 49);
    expect_nothing();
    ck_assert_uint_eq(fixture.asked_count, 0);
}
END_TEST

START_TEST(all_of_a_role_share_what_is_read)
{
    wire_t wire = {.sent = buffer_new(0)};
    subscribe(100, 40);
    expect(SUBSCRIBED("7-40", "true"));
    client_t *other = peer_new(&fixture.hub, &wire_link, &wire);
    other->talk.caller.identity = &delayed;
    peer_says(other, TEXT(SUBSCRIBE("")));
    client_pump(other);
    ck_assert_uint_eq(delays_streams(fixture.hub.delays), 1);
    it_is_due(44);
    answer("history", "\"from\":\"7-41\"", 41, 56, ",\"missing\":0,\"next\":\"7-57\"");
    it_is_due(44);
    expect_trades(FIXTURE_EPOCH, 41, 44);
    client_pump(other);
    ck_assert_uint_eq(fixture.asked_count, 0);
    ck_assert(memmem(wire.sent.bytes, wire.sent.length, "\"seq\":44,", 9));
    ck_assert(!memmem(wire.sent.bytes, wire.sent.length, "\"seq\":45,", 9));
    peer_leaves(&other);
    buffer_release(&wire.sent);
}
END_TEST

START_TEST(who_has_no_delay_is_served_at_once_beside)
{
    wire_t wire = {.sent = buffer_new(0)};
    subscribe(10, 10);
    expect(SUBSCRIBED("7-10", "true"));
    client_t *other = peer_new(&fixture.hub, &wire_link, &wire);
    peer_says(other, TEXT(SUBSCRIBE("")));
    client_pump(other);
    are_made(11, 11);
    client_pump(other);
    ck_assert(memmem(wire.sent.bytes, wire.sent.length, "\"seq\":11,", 9));
    expect_nothing();
    it_is_due(11);
    expect_trades(FIXTURE_EPOCH, 11, 11);
    peer_leaves(&other);
    buffer_release(&wire.sent);
}
END_TEST

START_TEST(what_history_has_lost_is_told_as_a_gap)
{
    subscribe(100, 40);
    expect(SUBSCRIBED("7-40", "true"));
    it_is_due(41);
    answer("history", "\"from\":\"7-41\"", 50, 60, ",\"missing\":9");
    service_answers("journal", "\"from\":\"7-41\"", "{\"ok\":true,\"id\":1,\"trades\":[],\"missing\":60}");
    it_is_due(49);
    expect_nothing(); /* that these are lost shows that there is something behind them, which is not due */
    it_is_due(52);
    expect_with("\"method\":\"trades.gap\",\"params\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"source\":\"a\",\"from\":"
                "\"7-41\",\"to\":\"7-49\",\"missing\":9}");
    expect_trades(FIXTURE_EPOCH, 50, 52);
}
END_TEST

START_TEST(while_nobody_answers_it_waits_and_then_gives_up)
{
    subscribe(100, 40);
    expect(SUBSCRIBED("7-40", "true"));
    are_made(101, 101);
    fixture.deaf = true;
    it_is_due(90);
    it_is_due(90 + HISTORY_PATIENCE_MS / 1000 - 1);
    it_is_due(90 + HISTORY_PATIENCE_MS / 1000);
    expect_nothing();
    it_is_due(101);
    expect_with("\"method\":\"trades.gap\"");
    expect_trades(FIXTURE_EPOCH, 101, 101);
    fixture.deaf = false;
}
END_TEST

START_TEST(a_place_is_asked_for_until_somebody_answers)
{
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(""));
    follow(BTC, FIXTURE_EPOCH, 10);
    it_is_due(1);
    service_answers("history", "\"before\":\"2025-11-10T00:00:01.500000001Z\",\"count\":1", NULL);
    fixture.now_ns += HISTORY_RETRY_MS * NS_PER_MS;
    delays_tick(fixture.hub.delays, fixture.now_ns);
    answer("history", "\"before\"", 5, 5, "");
    service_answers("history", "\"after\":\"2025-11-10T00:00:01.550000000Z\",\"count\":1", NULL);
    fixture.now_ns += HISTORY_RETRY_MS * NS_PER_MS;
    delays_tick(fixture.hub.delays, fixture.now_ns);
    answer_start(5, 6, 6);
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-5", "true"));
}
END_TEST

START_TEST(where_nothing_is_so_old_it_begins_with_the_first)
{
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(""));
    follow(BTC, FIXTURE_EPOCH, 10);
    it_is_due(1);
    service_answers("history", "\"before\"", "{\"ok\":true,\"id\":1,\"trades\":[]}");
    answer("history", "\"from\":\"0-0\"", 3, 3, ",\"missing\":0,\"next\":\"7-4\"");
    service_answers("journal", "\"from\":\"0-0\"", NULL);
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-2", "true"));
}
END_TEST

START_TEST(a_stream_that_goes_on_in_another_epoch_is_crossed)
{
    subscribe(10, 10);
    expect(SUBSCRIBED("7-10", "true"));
    are_made(11, 14);
    it_is_due(11);
    expect_trades(FIXTURE_EPOCH, 11, 11);
    markets_renew(fixture.hub.markets, TEXT(BTC), (cursor_t){FIXTURE_EPOCH, 12}, (cursor_t){9, 2});
    are_made_in(9, 15, 15);
    it_is_due(14);
    expect_trades(FIXTURE_EPOCH, 12, 14); /* as they were called when they were live */
    it_is_due(15);
    expect_with("\"method\":\"trades.gap\",\"params\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"source\":\"a\",\"from\":"
                "\"7-15\",\"to\":\"9-14\",\"missing\":null}");
    expect_trades(9, 15, 15);
}
END_TEST

START_TEST(the_newest_trades_of_the_answer_are_those_that_are_due)
{
    fixture.now_ns = made_ns(40) + DELAY_S * NS_PER_S;
    hear("a", true, "{\"BTC-USD\":100}");
    say(SUBSCRIBE(",\"count\":2"));
    follow(BTC, FIXTURE_EPOCH, 100);
    it_is_due(40);
    answer_start(40, 41, 41);
    client_pump(fixture.client);
    answer("history", "\"upto\":{\"a\":\"7-40\"}", 39, 40, "");
    client_pump(fixture.client);
    expect_with("\"cursor\":\"7-40\"");
    expect_nothing();
}
END_TEST

START_TEST(the_symbol_is_wanted_until_the_last_one_leaves)
{
    subscribe(10, 10);
    ck_assert_str_eq(fixture.wanted, "+BTC-USD ");
    peer_leaves(&fixture.client);
    ck_assert_str_eq(fixture.wanted, "+BTC-USD -BTC-USD ");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        live_trades_come_when_they_are_due_and_not_before,
        it_begins_where_it_would_be_and_reads_the_rest_from_history,
        where_the_live_ring_reaches_history_is_not_asked,
        all_of_a_role_share_what_is_read,
        who_has_no_delay_is_served_at_once_beside,
        what_history_has_lost_is_told_as_a_gap,
        while_nobody_answers_it_waits_and_then_gives_up,
        a_place_is_asked_for_until_somebody_answers,
        where_nothing_is_so_old_it_begins_with_the_first,
        a_stream_that_goes_on_in_another_epoch_is_crossed,
        the_newest_trades_of_the_answer_are_those_that_are_due,
        the_symbol_is_wanted_until_the_last_one_leaves,
    };
    return RUN_TESTS("delays", TEST_CASE(setup, teardown, tests));
}
