/* Who gets everything later learns before that neither that something is there nor how far a stream is. */
#include "tests/unit/gatewayd/history/delays_fixture.h"

/* 7-41 to 7-44 are not due; 7-45 was backfilled, and is due by its own time. */
START_TEST(what_came_late_is_not_ahead_of_what_is_not_due)
{
    fixture.now_ns = made_ns(40) + DELAY_S * NS_PER_S;
    hear("a", true, "{\"BTC-USD\":100}");
    say(SUBSCRIBE(""));
    follow(BTC, FIXTURE_EPOCH, 100);
    it_is_due(40);
    answer_start(45, 41, 41);
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-40", "true"));
}
END_TEST

START_TEST(nor_is_it_in_the_live_ring)
{
    char json[TRADE_MAX];
    market_t *market = markets_open(fixture.hub.markets, TEXT("BTC-USD"));
    ck_assert(markets_keep(fixture.hub.markets, market, INT64_MAX));
    follow(BTC, FIXTURE_EPOCH, 0);
    for (uint64_t seq = 1; seq <= 60; seq++) {
        bool late = seq > 40 && seq < 58;
        size_t length = print_received(json, FIXTURE_EPOCH, seq, made_ns(late ? seq - 40 : seq), made_ns(seq) + 1000);
        markets_trade(fixture.hub.markets, TEXT(BTC), (cursor_t){FIXTURE_EPOCH, seq}, (text_t){json, length});
    }
    hear("a", true, "{\"BTC-USD\":60}");
    fixture.now_ns = made_ns(20) + DELAY_S * NS_PER_S;
    say(SUBSCRIBE(""));
    it_is_due(20);
    expect(SUBSCRIBED("7-20", "true"));
}
END_TEST

START_TEST(a_gap_at_the_end_of_the_live_ring_is_not_told_before_what_follows)
{
    market_t *market = markets_open(fixture.hub.markets, TEXT("BTC-USD"));
    ck_assert(markets_keep(fixture.hub.markets, market, INT64_MAX));
    follow(BTC, FIXTURE_EPOCH, 0);
    are_made(1, 10);
    markets_gap(fixture.hub.markets, TEXT(BTC), (cursor_t){FIXTURE_EPOCH, 11}, (cursor_t){FIXTURE_EPOCH, 19});
    hear("a", true, "{\"BTC-USD\":19}");
    fixture.now_ns = made_ns(15) + DELAY_S * NS_PER_S;
    say(SUBSCRIBE(""));
    it_is_due(15);
    expect(SUBSCRIBED("7-10", "true"));
    are_made(20, 20);
    it_is_due(19);
    expect_nothing();
    it_is_due(20);
    expect_with("\"from\":\"7-11\",\"to\":\"7-19\",\"missing\":9}");
    expect_trades(FIXTURE_EPOCH, 20, 20);
}
END_TEST

/* The source `a` says so of itself. */
static void hear_of(bool connected, const char *stale, const char *holes, const char *symbols)
{
    const offer_t *offer;
    status_t status = {.source = TEXT("a"),
                       .connected = connected,
                       .since_ns = fixture.now_ns,
                       .time_ns = fixture.now_ns,
                       .reason = TEXT("lost"),
                       .epoch = FIXTURE_EPOCH,
                       .run = 1,
                       .missed_known = true,
                       .missed = 17,
                       .stale = text_of(stale),
                       .holes = text_of(holes),
                       .symbols = text_of(symbols)};
    offer_change_t change = offers_update(fixture.hub.offers, &status, fixture.now_ns, &offer);
    if (change != OFFER_SAME)
        fanout_source(&fixture.hub, offer, change == OFFER_UP);
    fanout_stale(&fixture.hub, offer);
    client_pump(fixture.client);
}

/* What is said of trades as they come, or do not, is not said to who gets them later. */
START_TEST(nothing_is_told_of_trades_before_they_are_due)
{
    static const char stale[] = "{\"BTC-USD\":40.000}", one[] = "{\"BTC-USD\":10}";
    static const char hole[] =
        "{\"BTC-USD\":{\"count\":1,\"missing\":17,\"from\":\"2025-11-10T00:00:50Z\",\"to\":\"2025-11-10T00:00:51Z\","
        "\"cursor\":\"7-50\"}}";
    wire_t wire = {.sent = buffer_new(0)};
    subscribe(10, 10);
    expect(SUBSCRIBED("7-10", "true"));
    client_t *other = peer_new(&fixture.hub, &wire_link, &wire);
    peer_says(other, TEXT(SUBSCRIBE("")));
    hear_of(true, "{}", "{}", one);
    hear_of(true, stale, hole, one);
    hear_of(true, "{}", hole, one);
    client_pump(other);
    const char *told[] = {"connection.lost", "connection.restored", "\"upstream\""};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        ck_assert_msg(memmem(wire.sent.bytes, wire.sent.length, told[i], strlen(told[i])), "%s", told[i]);
    expect_nothing();
    hear_of(false, "{}", hole, one);
    expect_with("connection.lost");
    hear_of(true, "{}", hole, one);
    expect_with("\"missed\":null");
    client_pump(other);
    ck_assert(memmem(wire.sent.bytes, wire.sent.length, "\"missed\":17", 11));
    hear_of(true, "{}", hole, "{\"ETH-USD\":1}");
    expect_with("BTC-USD is no longer offered");
    hear_of(true, "{}", hole, one);
    expect_with("connection.restored");
    peer_leaves(&other);
    buffer_release(&wire.sent);
}
END_TEST

START_TEST(who_subscribes_to_a_stream_that_starves_is_not_told_when_it_had_a_trade)
{
    hear_stale("a", true, "{\"BTC-USD\":10}", "{\"BTC-USD\":31.500}");
    subscribe(10, 10);
    expect(SUBSCRIBED("7-10", "true"));
    expect_nothing();
}
END_TEST

START_TEST(a_stream_that_comes_while_the_answer_is_made_is_not_told_from_where_it_is_live)
{
    fixture.now_ns = made_ns(10) + DELAY_S * NS_PER_S;
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(",\"count\":2"));
    follow(BTC, FIXTURE_EPOCH, 10);
    it_is_due(10);
    answer_start(10, 11, 10);
    hear("b", true, "{\"BTC-USD\":500}");
    follow("trade.BTC-USD.b", FIXTURE_EPOCH, 500);
    answer("history", "\"upto\":{\"a\":\"7-10\"}", 9, 10, "");
    client_pump(fixture.client);
    expect_with("\"cursors\":{\"a\":\"7-10\"}");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        what_came_late_is_not_ahead_of_what_is_not_due,
        nor_is_it_in_the_live_ring,
        a_gap_at_the_end_of_the_live_ring_is_not_told_before_what_follows,
        nothing_is_told_of_trades_before_they_are_due,
        who_subscribes_to_a_stream_that_starves_is_not_told_when_it_had_a_trade,
        a_stream_that_comes_while_the_answer_is_made_is_not_told_from_where_it_is_live,
    };
    return RUN_TESTS("undue", TEST_CASE(setup, teardown, tests));
}
