/* subscribe: where updates begin, what comes before them, and what is refused. */
#include "tests/unit/gateway_fixture.h"

#define ERROR(code, message) "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":" code ",\"message\":\"" message "\"}}"

START_TEST(updates_begin_behind_the_cursor_of_the_answer)
{
    subscribe_at_10();
    trades_come(11, 12);
    expect_trades(FIXTURE_EPOCH, 11, 12);
}
END_TEST

START_TEST(the_answer_waits_until_the_stream_is_known)
{
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(""));
    expect_nothing();
    follow(BTC, FIXTURE_EPOCH, 12);
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-12", "true"));
}
END_TEST

START_TEST(a_stream_that_is_long_in_coming_begins_where_the_answer_says)
{
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(""));
    pass_ms(SUBSCRIBE_STREAM_MS);
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-10", "true"));
    follow(BTC, FIXTURE_EPOCH, 12);
    pass_ms(HUB_TICK_MS);
    service_answers_trades("history", "\"from\":\"7-11\",\"to\":\"7-12\"", 11, 12, ",\"missing\":0");
    client_pump(fixture.client);
    expect_trades(FIXTURE_EPOCH, 11, 12);
    trades_come(13, 13);
    expect_trades(FIXTURE_EPOCH, 13, 13);
}
END_TEST

START_TEST(before_any_status_a_subscribe_waits)
{
    say(SUBSCRIBE(""));
    pass_ms(500);
    expect_nothing();
    hear("a", true, "{\"BTC-USD\":10}");
    pass_ms(HUB_TICK_MS);
    follow(BTC, FIXTURE_EPOCH, 10);
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-10", "true"));
}
END_TEST

START_TEST(without_any_status_it_is_not_ready)
{
    say(SUBSCRIBE(""));
    pass_ms(SUBSCRIBE_STATUS_MS);
    client_pump(fixture.client);
    expect(ERROR("-32000", "Not ready: no source has been heard yet"));
}
END_TEST

START_TEST(a_symbol_that_no_source_offers_is_refused_when_all_have_had_time_to_say)
{
    hear("b", true, "{\"ETH-USD\":1}");
    say(SUBSCRIBE(""));
    expect_nothing();
    pass_ms(OFFERS_SETTLED_MS);
    client_pump(fixture.client);
    expect(ERROR("-32602", "Invalid symbol: BTC-USD"));
    say(SUBSCRIBE(""));
    expect(ERROR("-32602", "Invalid symbol: BTC-USD"));
    ck_assert_str_eq(fixture.wanted, "");
}
END_TEST

START_TEST(a_source_that_does_not_offer_the_symbol_is_refused)
{
    hear("a", true, "{\"BTC-USD\":1}");
    hear("b", true, "{\"ETH-USD\":1}");
    fixture.now_ns += OFFERS_SETTLED_MS * NS_PER_MS;
    say(SUBSCRIBE(",\"source\":\"b\""));
    expect(ERROR("-32602", "Invalid source: b"));
    say(SUBSCRIBE(",\"source\":\"nobody\""));
    expect(ERROR("-32602", "Invalid source: nobody"));
}
END_TEST

START_TEST(subscriptions_are_bounded)
{
    fixture.hub.limits.subscriptions = 1;
    subscribe_at_10();
    hear("a", true, "{\"BTC-USD\":10,\"ETH-USD\":1}");
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscribe\",\"params\":{\"channel\":\"trades\",\"symbol\":\"ETH-USD\"}}");
    expect(ERROR("-32001", "Too many subscriptions: at most 1"));
    say(SUBSCRIBE("")); /* the one that it has is no new one */
    expect(SUBSCRIBED("7-10", "true"));
}
END_TEST

START_TEST(to_subscribe_again_doubles_nothing)
{
    subscribe_at_10();
    trades_come(11, 12);
    expect_trades(FIXTURE_EPOCH, 11, 12);
    say(SUBSCRIBE(""));
    expect(SUBSCRIBED("7-12", "true"));
    trades_come(13, 13);
    expect_trades(FIXTURE_EPOCH, 13, 13);
    expect_nothing();
}
END_TEST

START_TEST(recent_trades_come_from_the_ring_where_it_has_enough)
{
    subscribe_at_10();
    trades_come(11, 20);
    expect_trades(FIXTURE_EPOCH, 11, 20);
    say(SUBSCRIBE(",\"count\":2"));
    text_t answer = take();
    const char *newest = memmem(answer.at, answer.length, "\"trades\":[{\"epoch\":7,\"seq\":20,", 30);
    ck_assert_ptr_nonnull(newest);
    ck_assert(memmem(answer.at, answer.length, "\"seq\":19,", 9));
    ck_assert(!memmem(answer.at, answer.length, "\"seq\":18,", 9));
    ck_assert_uint_eq(fixture.asked_count, 0);
}
END_TEST

START_TEST(recent_trades_before_the_ring_come_from_history_up_to_its_beginning)
{
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(",\"count\":4"));
    follow(BTC, FIXTURE_EPOCH, 10);
    trades_come(11, 12);
    /* history has seen more already than the ring's beginning */
    service_answers_trades("history", "\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"count\":4,\"upto\":{\"a\":\"7-10\"}", 11, 8,
                           "");
    client_pump(fixture.client);
    text_t answer = take();
    uint64_t expected = 12;
    for (const char *at = answer.at; (at = memmem(at, (size_t)(answer.at + answer.length - at), "\"seq\":", 6)); at += 6)
        ck_assert_uint_eq(strtoull(at + 6, NULL, 10), expected--);
    ck_assert_uint_eq(expected, 8);
    ck_assert(memmem(answer.at, answer.length, "\"cursor\":\"7-12\"", 15));
    trades_come(13, 13);
    expect_trades(FIXTURE_EPOCH, 13, 13);
}
END_TEST

START_TEST(history_that_lags_behind_the_ring_is_asked_again)
{
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(",\"count\":2"));
    follow(BTC, FIXTURE_EPOCH, 10);
    service_answers_trades("history", "recent", 9, 8, "");
    client_pump(fixture.client);
    expect_nothing();
    pass_ms(HISTORY_RETRY_MS);
    service_answers_trades("history", "recent", 10, 9, "");
    client_pump(fixture.client);
    expect_with("\"trades\":[{\"epoch\":7,\"seq\":10,");
}
END_TEST

START_TEST(without_history_the_subscription_stands_and_says_so)
{
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(",\"count\":2"));
    follow(BTC, FIXTURE_EPOCH, 10);
    trades_come(11, 11);
    service_answers("history", "recent", NULL);
    client_pump(fixture.client);
    text_t answer = take();
    ck_assert(memmem(answer.at, answer.length, "\"trades\":[{\"epoch\":7,\"seq\":11,", 30));
    ck_assert(memmem(answer.at, answer.length, "}],\"partial\":true}", 18));
}
END_TEST

START_TEST(who_subscribes_to_a_source_that_is_down_is_told_behind_the_answer)
{
    hear("a", false, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(""));
    follow(BTC, FIXTURE_EPOCH, 10);
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-10", "true"));
    expect_with("\"connection.lost\",\"params\":{\"source\":\"a\",");
}
END_TEST

START_TEST(who_subscribes_to_a_stale_stream_is_told)
{
    hear_stale("a", true, "{\"BTC-USD\":10}", "{\"BTC-USD\":31.500}");
    say(SUBSCRIBE(""));
    follow(BTC, FIXTURE_EPOCH, 10);
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-10", "true"));
    expect_with("\"connection.lost\",\"params\":{\"source\":\"a\",\"symbol\":\"BTC-USD\",");
}
END_TEST

START_TEST(updates_wait_for_the_answer_of_the_whole_batch)
{
    subscribe_at_10();
    trades_come(11, 15);
    expect_trades(FIXTURE_EPOCH, 11, 15);
    say("[" SUBSCRIBE(",\"since\":\"7-13\"") ",{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"getRecentTrades\",\"params\":{"
                                             "\"symbol\":\"BTC-USD\"}}]");
    expect_nothing();
    trades_come(16, 16);
    expect_nothing();
    service_answers("history", "recent", "{\"ok\":true,\"id\":1,\"trades\":[]}");
    client_pump(fixture.client);
    expect_with("[" SUBSCRIBED("7-13", "true") ",{\"jsonrpc\":\"2.0\",\"id\":2,");
    expect_trades(FIXTURE_EPOCH, 14, 16);
    expect_nothing();
}
END_TEST

START_TEST(a_source_that_comes_later_joins_a_subscription_to_all)
{
    subscribe_at_10();
    hear("b", true, "{\"BTC-USD\":3}");
    follow("trade.BTC-USD.b", FIXTURE_EPOCH, 3);
    char json[TRADE_MAX];
    size_t length = print_trade(json, "b", FIXTURE_EPOCH, 4);
    markets_trade(fixture.hub.markets, TEXT("trade.BTC-USD.b"), (cursor_t){FIXTURE_EPOCH, 4}, (text_t){json, length});
    fanout_flush(&fixture.hub);
    expect_with("\"seq\":4,");
    say(SUBSCRIBE(""));
    expect_with("\"cursor\":null,\"cursors\":{\"a\":\"7-10\",\"b\":\"7-4\"}");
}
END_TEST

START_TEST(a_subscription_to_one_source_gets_no_other)
{
    hear("a", true, "{\"BTC-USD\":10}");
    hear("b", true, "{\"BTC-USD\":3}");
    say(SUBSCRIBE(",\"source\":\"a\""));
    follow(BTC, FIXTURE_EPOCH, 10);
    follow("trade.BTC-USD.b", FIXTURE_EPOCH, 3);
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-10", "true"));
    char json[TRADE_MAX];
    size_t length = print_trade(json, "b", FIXTURE_EPOCH, 4);
    markets_trade(fixture.hub.markets, TEXT("trade.BTC-USD.b"), (cursor_t){FIXTURE_EPOCH, 4}, (text_t){json, length});
    trades_come(11, 11);
    expect_trades(FIXTURE_EPOCH, 11, 11);
    expect_nothing();
}
END_TEST

START_TEST(to_unsubscribe_ends_a_subscribe_that_waits)
{
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(""));
    say("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"unsubscribe\",\"params\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\"}}");
    expect(ERROR("-32000", "Unsubscribed before it started: BTC-USD"));
    expect(
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"event\":\"unsubscribed\"}}");
    ck_assert_str_eq(fixture.wanted, "+BTC-USD -BTC-USD ");
}
END_TEST

START_TEST(a_client_that_leaves_while_it_subscribes_leaves_nothing_behind)
{
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(",\"since\":\"7-5\""));
    follow(BTC, FIXTURE_EPOCH, 10);
    ck_assert_uint_eq(fixture.asked_count, 1);
    peer_leaves(&fixture.client);
    ck_assert_uint_eq(fixture.asked_count, 0);
    ck_assert_str_eq(fixture.wanted, "+BTC-USD -BTC-USD ");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        updates_begin_behind_the_cursor_of_the_answer,
        the_answer_waits_until_the_stream_is_known,
        a_stream_that_is_long_in_coming_begins_where_the_answer_says,
        before_any_status_a_subscribe_waits,
        without_any_status_it_is_not_ready,
        a_symbol_that_no_source_offers_is_refused_when_all_have_had_time_to_say,
        a_source_that_does_not_offer_the_symbol_is_refused,
        subscriptions_are_bounded,
        to_subscribe_again_doubles_nothing,
        recent_trades_come_from_the_ring_where_it_has_enough,
        recent_trades_before_the_ring_come_from_history_up_to_its_beginning,
        history_that_lags_behind_the_ring_is_asked_again,
        without_history_the_subscription_stands_and_says_so,
        who_subscribes_to_a_source_that_is_down_is_told_behind_the_answer,
        who_subscribes_to_a_stale_stream_is_told,
        updates_wait_for_the_answer_of_the_whole_batch,
        a_source_that_comes_later_joins_a_subscription_to_all,
        a_subscription_to_one_source_gets_no_other,
        to_unsubscribe_ends_a_subscribe_that_waits,
        a_client_that_leaves_while_it_subscribes_leaves_nothing_behind,
    };
    return RUN_TESTS("subscribe", TEST_CASE(fixture_setup, fixture_teardown, tests));
}
