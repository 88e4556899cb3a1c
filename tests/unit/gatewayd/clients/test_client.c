/* What a client is sent, when, and in which order. */
#include "tests/unit/gateway_fixture.h"

#include "common/json/json.h"

START_TEST(trades_that_come_in_one_go_go_out_in_one_write)
{
    subscribe_at_10();
    unsigned writes = fixture.wire.writes;
    trades_come(11, 60);
    ck_assert_uint_eq(fixture.wire.writes, writes + 1);
    expect_trades(FIXTURE_EPOCH, 11, 60);
    expect_nothing();
}
END_TEST

/* Trades from..to of a source, without a flush. */
static void pile_up(const char *source, uint64_t from, uint64_t to)
{
    char json[TRADE_MAX], topic[TOPIC_MAX];
    snprintf(topic, sizeof topic, "trade.BTC-USD.%s", source);
    for (uint64_t seq = from; seq <= to; seq++) {
        size_t length = print_trade(json, source, FIXTURE_EPOCH, seq);
        markets_trade(fixture.hub.markets, text_of(topic), (cursor_t){FIXTURE_EPOCH, seq}, (text_t){json, length});
    }
}

/* Subscribed to three streams, each of which is at 7-10. */
static void subscribe_to_three(void)
{
    static const char *const sources[] = {"a", "b", "c"};
    for (size_t i = 0; i < 3; i++)
        hear(sources[i], true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(""));
    follow(BTC, FIXTURE_EPOCH, 10);
    follow("trade.BTC-USD.b", FIXTURE_EPOCH, 10);
    follow("trade.BTC-USD.c", FIXTURE_EPOCH, 10);
    client_pump(fixture.client);
    expect_with("\"subscribed\"");
}

START_TEST(short_runs_of_several_streams_go_out_in_one_write)
{
    subscribe_to_three();
    unsigned writes = fixture.wire.writes;
    pile_up("a", 11, 12);
    pile_up("b", 11, 13);
    pile_up("c", 11, 11);
    fanout_flush(&fixture.hub);
    ck_assert_uint_eq(fixture.wire.writes, writes + 1);
    expect_trades(FIXTURE_EPOCH, 11, 12);
    expect_trades(FIXTURE_EPOCH, 11, 13);
    expect_trades(FIXTURE_EPOCH, 11, 11);
    expect_nothing();
}
END_TEST

START_TEST(a_long_run_goes_out_between_short_ones_and_all_is_there)
{
    subscribe_to_three();
    fixture.wire.choked = true;
    pile_up("a", 11, 12);
    pile_up("b", 11, 160); /* more than what is copied, less than the ring */
    pile_up("c", 11, 13);
    fanout_flush(&fixture.hub);
    fixture.wire.choked = false;
    client_pump(fixture.client);
    size_t of_b = 0, others = 0;
    for (text_t found; (found = take()).length > 0;) {
        bool b = memmem(found.at, found.length, "\"source\":\"b\"", 12) != NULL;
        of_b += b;
        others += !b;
    }
    ck_assert_uint_eq(of_b, 150);
    ck_assert_uint_eq(others, 5);
    ck_assert(client_idle(fixture.client));
}
END_TEST

START_TEST(what_a_lapped_stream_skips_is_told_before_it_goes_on_among_others)
{
    fixture.hub.limits.slow = SLOW_CONFLATE;
    subscribe_to_three();
    pile_up("b", 11, 11);
    fanout_flush(&fixture.hub);
    expect_trades(FIXTURE_EPOCH, 11, 11);
    fixture.wire.choked = true;
    pile_up("a", 11, 12);
    pile_up("b", 12, 2000);
    pile_up("c", 11, 13);
    fanout_flush(&fixture.hub);
    fixture.wire.choked = false;
    client_pump(fixture.client);
    expect_trades(FIXTURE_EPOCH, 11, 12);
    expect_with("\"source\":\"b\",\"from\":\"7-12\",\"to\":\"7-2000\"");
    expect_trades(FIXTURE_EPOCH, 11, 13);
    expect_nothing();
}
END_TEST

/* A peer that takes so many bytes at a time gets every trade of each stream once and in order. */
static void take_by(size_t room)
{
    uint64_t next[3] = {11, 11, 11}, last[3] = {12, 160, 90};
    fixture.wire.choked = true;
    for (size_t i = 0; i < 3; i++)
        pile_up((const char *[]){"a", "b", "c"}[i], 11, last[i]);
    fanout_flush(&fixture.hub);
    conversation_notify(&fixture.client->talk, TEXT("connection.lost"), TEXT("{}"));
    fixture.wire.room = room;
    for (unsigned turn = 0; turn < 2000 && !client_idle(fixture.client); turn++) {
        fixture.wire.choked = false;
        client_pump(fixture.client);
    }
    expect_with("connection.lost");
    for (text_t found; (found = take()).length > 0;) {
        trade_t trade;
        text_t params = json_member(found, "params");
        ck_assert(trade_parse(params, &trade));
        size_t i = (size_t)(trade.source.at[0] - 'a');
        ck_assert_uint_eq(trade.cursor.seq, next[i]++);
    }
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_eq(next[i], last[i] + 1);
    ck_assert_uint_eq(fixture.hub.counts.trades, 2 + 150 + 80);
}

static const size_t rooms[] = {1, 300, 1000, 4001, 20000, 100000};

START_TEST(a_peer_that_takes_a_part_gets_all_of_it_once_and_in_order)
{
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        fixture_teardown();
        fixture_setup();
        subscribe_to_three();
        take_by(rooms[i]);
    }
}
END_TEST

START_TEST(so_does_one_that_takes_a_part_of_the_outbox)
{
    subscribe_at_10();
    fixture.wire.choked = true;
    for (int i = 0; i < 50; i++)
        say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}");
    fixture.wire.room = 500;
    for (int turn = 0; turn < 200 && !client_idle(fixture.client); turn++) {
        fixture.wire.choked = false;
        client_pump(fixture.client);
    }
    for (int i = 0; i < 50; i++)
        expect_with("\"pong\":true");
    expect_nothing();
}
END_TEST

START_TEST(a_client_that_takes_nothing_gets_it_all_when_it_does)
{
    subscribe_at_10();
    fixture.wire.choked = true;
    trades_come(11, 20);
    trades_come(21, 30);
    ck_assert_uint_ge(fixture.wire.wakes, 1);
    expect_nothing();
    fixture.wire.choked = false;
    client_pump(fixture.client);
    expect_trades(FIXTURE_EPOCH, 11, 30);
    ck_assert(client_idle(fixture.client));
}
END_TEST

START_TEST(a_lapped_client_is_told_what_it_missed_and_goes_on_with_the_newest_where_that_is_configured)
{
    fixture.hub.limits.slow = SLOW_CONFLATE;
    subscribe_at_10();
    trades_come(11, 12);
    expect_trades(FIXTURE_EPOCH, 11, 12);
    fixture.wire.choked = true;
    trades_come(13, 2000);
    fixture.wire.choked = false;
    client_pump(fixture.client);
    expect("{\"jsonrpc\":\"2.0\",\"method\":\"trades.gap\",\"params\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\","
           "\"source\":\"a\","
           "\"from\":\"7-13\",\"to\":\"7-2000\",\"missing\":1988}}");
    expect_nothing();
    trades_come(2001, 2003);
    expect_trades(FIXTURE_EPOCH, 2001, 2003);
}
END_TEST

START_TEST(a_lapped_client_is_disconnected_with_its_cursor_where_that_is_configured)
{
    fixture.hub.limits.slow = SLOW_DISCONNECT;
    subscribe_at_10();
    trades_come(11, 12);
    fixture.wire.choked = true;
    trades_come(13, 2000);
    fixture.wire.choked = false;
    client_pump(fixture.client);
    ck_assert_uint_eq(fixture.wire.closed, CLOSE_TRY_LATER);
    ck_assert_str_eq(fixture.wire.reason, "7-12");
}
END_TEST

START_TEST(a_gap_on_the_bus_stands_between_the_trades)
{
    subscribe_at_10();
    markets_gap(fixture.hub.markets, TEXT(BTC), (cursor_t){FIXTURE_EPOCH, 11}, (cursor_t){FIXTURE_EPOCH, 13});
    trades_come(14, 14);
    expect_with("\"trades.gap\",\"params\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"source\":\"a\",\"from\":\"7-11\","
                "\"to\":\"7-13\","
                "\"missing\":3}");
    expect_trades(FIXTURE_EPOCH, 14, 14);
}
END_TEST

START_TEST(of_an_epoch_that_ended_nobody_knows_how_many_are_missing)
{
    subscribe_at_10();
    markets_gap(fixture.hub.markets, TEXT(BTC), (cursor_t){FIXTURE_EPOCH, 11}, (cursor_t){FIXTURE_EPOCH + 1, 0});
    fanout_flush(&fixture.hub);
    expect_with("\"from\":\"7-11\",\"to\":\"8-0\",\"missing\":null");
}
END_TEST

START_TEST(a_trade_that_comes_twice_goes_out_once)
{
    subscribe_at_10();
    trades_come(11, 12);
    trades_come(9, 13);
    expect_trades(FIXTURE_EPOCH, 11, 13);
    expect_nothing();
}
END_TEST

START_TEST(too_much_that_waits_ends_the_connection)
{
    fixture.hub.limits.pending_bytes = 1000;
    fixture.wire.choked = true;
    for (int i = 0; i < 100 && !fixture.wire.closed; i++)
        say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}");
    ck_assert_uint_eq(fixture.wire.closed, CLOSE_POLICY);
    ck_assert_uint_le(fixture.client->talk.outbox.length, 1000);
}
END_TEST

START_TEST(one_answer_may_be_longer_than_what_may_wait)
{
    fixture.hub.limits.pending_bytes = 1000;
    fixture.wire.choked = true;
    char json[5000];
    memset(json, ' ', sizeof json);
    conversation_send(&fixture.client->talk, (text_t){json, sizeof json});
    ck_assert_uint_eq(fixture.wire.closed, 0);
    conversation_send(&fixture.client->talk, (text_t){json, sizeof json});
    ck_assert_uint_eq(fixture.wire.closed, CLOSE_POLICY);
}
END_TEST

/* A ping, or SignalR's completion of an invocation, may wait before it, and behind it. */
START_TEST(a_long_answer_may_wait_beside_short_messages)
{
    fixture.hub.limits.pending_bytes = 1000;
    fixture.wire.choked = true;
    char json[5000];
    memset(json, ' ', sizeof json);
    conversation_send(&fixture.client->talk, (text_t){json, 100});
    conversation_send(&fixture.client->talk, (text_t){json, sizeof json});
    conversation_send(&fixture.client->talk, (text_t){json, 100});
    ck_assert_uint_eq(fixture.wire.closed, 0);
    conversation_send(&fixture.client->talk, (text_t){json, 900});
    ck_assert_uint_eq(fixture.wire.closed, CLOSE_POLICY);
}
END_TEST

START_TEST(nothing_goes_to_a_client_that_is_closing)
{
    subscribe_at_10();
    conversation_end(&fixture.client->talk, CLOSE_TOO_BIG, TEXT("too long"));
    trades_come(11, 12);
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}");
    client_pump(fixture.client);
    expect_nothing();
}
END_TEST

START_TEST(the_bus_is_asked_for_a_symbol_once_and_no_more_when_the_last_client_leaves)
{
    wire_t other = {.sent = buffer_new(0)};
    client_t *second = peer_new(&fixture.hub, &wire_link, &other);
    subscribe_at_10();
    peer_says(second, text_of(SUBSCRIBE("")));
    ck_assert_str_eq(fixture.wanted, "+BTC-USD ");
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"unsubscribe\",\"params\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\"}}");
    ck_assert_str_eq(fixture.wanted, "+BTC-USD ");
    peer_leaves(&second);
    ck_assert_str_eq(fixture.wanted, "+BTC-USD -BTC-USD ");
    buffer_release(&other.sent);
}
END_TEST

START_TEST(clients_of_a_source_that_goes_down_and_up_are_told_once)
{
    subscribe_at_10();
    ck_assert_int_eq(hear("a", false, "{\"BTC-USD\":10,\"ETH-USD\":1}"), OFFER_DOWN);
    ck_assert_int_eq(hear("a", false, "{\"BTC-USD\":10,\"ETH-USD\":1}"), OFFER_SAME);
    ck_assert_int_eq(hear("b", false, "{\"ETH-USD\":1}"), OFFER_SAME);
    client_pump(fixture.client);
    expect("{\"jsonrpc\":\"2.0\",\"method\":\"connection.lost\",\"params\":{\"source\":\"a\",\"since\":\"1970-01-01T00:16:40."
           "000000Z\","
           "\"reason\":\"closed by \\\"peer\\\"\",\"staleness\":0.000}}");
    expect_nothing();
    fixture.now_ns += 2500 * NS_PER_MS;
    ck_assert_int_eq(hear("a", true, "{\"BTC-USD\":10}"), OFFER_UP);
    client_pump(fixture.client);
    expect("{\"jsonrpc\":\"2.0\",\"method\":\"connection.restored\",\"params\":{\"source\":\"a\",\"since\":\"1970-01-01T00:16:"
           "42.500000Z\","
           "\"staleness\":2.500,\"missed\":null}}");
}
END_TEST

START_TEST(clients_of_a_stale_stream_are_told_once_and_others_not)
{
    subscribe_at_10();
    static const char symbols[] = "{\"BTC-USD\":10,\"ETH-USD\":1}";
    hear_stale("a", true, symbols, "{\"ETH-USD\":40.000}");
    client_pump(fixture.client);
    expect_nothing(); /* it is subscribed to BTC-USD */
    hear_stale("a", true, symbols, "{\"ETH-USD\":40.000,\"BTC-USD\":31.500}");
    hear_stale("a", true, symbols, "{\"ETH-USD\":40.000,\"BTC-USD\":31.500}");
    client_pump(fixture.client);
    expect("{\"jsonrpc\":\"2.0\",\"method\":\"connection.lost\",\"params\":{\"source\":\"a\",\"symbol\":\"BTC-USD\",\"since\":"
           "\"1970-01-01T00:16:08.500000Z\",\"reason\":\"no trades of BTC-USD, which is unlikely\",\"staleness\":31.500}}");
    expect_nothing();
    fixture.now_ns += 2500 * NS_PER_MS;
    hear_stale("a", true, symbols, "{}");
    client_pump(fixture.client);
    expect("{\"jsonrpc\":\"2.0\",\"method\":\"connection.restored\",\"params\":{\"source\":\"a\",\"symbol\":\"BTC-USD\","
           "\"since\":\"1970-01-01T00:16:42.500000Z\",\"staleness\":34.000}}");
    expect_nothing();
}
END_TEST

START_TEST(the_status_tells_how_well_a_source_is)
{
    hear_stale("a", true, "{\"BTC-USD\":10}", "{\"BTC-USD\":31.500}");
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"getStatus\"}");
    expect_with(
        "\"breaker\":\"closed\",\"health\":97,\"stale\":{\"BTC-USD\":31.500},\"id_conflicts\":0,\"future\":0,\"symbols\":1}");
    hear("a", false, "{\"BTC-USD\":10}");
    say("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"getStatus\"}");
    expect_with("\"breaker\":\"closed\",\"health\":0,\"stale\":{},\"id_conflicts\":0,\"future\":0,\"symbols\":1}");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        trades_that_come_in_one_go_go_out_in_one_write,
        short_runs_of_several_streams_go_out_in_one_write,
        a_long_run_goes_out_between_short_ones_and_all_is_there,
        what_a_lapped_stream_skips_is_told_before_it_goes_on_among_others,
        a_peer_that_takes_a_part_gets_all_of_it_once_and_in_order,
        so_does_one_that_takes_a_part_of_the_outbox,
        a_client_that_takes_nothing_gets_it_all_when_it_does,
        a_lapped_client_is_told_what_it_missed_and_goes_on_with_the_newest_where_that_is_configured,
        a_lapped_client_is_disconnected_with_its_cursor_where_that_is_configured,
        a_gap_on_the_bus_stands_between_the_trades,
        of_an_epoch_that_ended_nobody_knows_how_many_are_missing,
        a_trade_that_comes_twice_goes_out_once,
        too_much_that_waits_ends_the_connection,
        one_answer_may_be_longer_than_what_may_wait,
        a_long_answer_may_wait_beside_short_messages,
        nothing_goes_to_a_client_that_is_closing,
        the_bus_is_asked_for_a_symbol_once_and_no_more_when_the_last_client_leaves,
        clients_of_a_source_that_goes_down_and_up_are_told_once,
        clients_of_a_stale_stream_are_told_once_and_others_not,
        the_status_tells_how_well_a_source_is,
    };
    return RUN_TESTS("client", TEST_CASE(fixture_setup, fixture_teardown, tests));
}
