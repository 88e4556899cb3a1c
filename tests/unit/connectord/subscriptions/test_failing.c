/* What the gateway tells of streams whose subscription at the exchange fails. */
#include "tests/unit/gateway_fixture.h"

#define SYMBOLS "{\"BTC-USD\":10,\"ETH-USD\":1}"
#define FAILING                                                                                                                \
    "{\"jsonrpc\":\"2.0\",\"method\":\"subscription.failing\",\"params\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\","      \
    "\"source\":\"a\","
#define RESTORED                                                                                                               \
    "{\"jsonrpc\":\"2.0\",\"method\":\"subscription.restored\",\"params\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\","     \
    "\"source\":\"a\"}}"

static void hear_failing(const char *source, bool connected, const char *failing)
{
    const offer_t *offer;
    status_t status = {.source = text_of(source),
                       .connected = connected,
                       .since_ns = fixture.now_ns,
                       .time_ns = fixture.now_ns,
                       .epoch = FIXTURE_EPOCH,
                       .breaker = TEXT("closed"),
                       .health = 97,
                       .stale = TEXT("{}"),
                       .failing = text_of(failing),
                       .symbols = TEXT(SYMBOLS)};
    offer_change_t change = offers_update(fixture.hub.offers, &status, fixture.now_ns, &offer);
    if (change != OFFER_SAME)
        fanout_source(&fixture.hub, offer, change == OFFER_UP);
    fanout_stale(&fixture.hub, offer);
    client_pump(fixture.client);
}

START_TEST(clients_of_a_symbol_that_fails_are_told_once_and_others_not)
{
    subscribe_at_10();
    hear_failing("a", true, "{\"ETH-USD\":\"no\"}");
    expect_nothing(); /* it is subscribed to BTC-USD */
    hear_failing("a", true, "{\"ETH-USD\":\"no\",\"BTC-USD\":\"not \\\"now\\\"\"}");
    expect(FAILING "\"reason\":\"not \\\"now\\\"\"}}");
    hear_failing("a", true, "{\"BTC-USD\":\"still not\"}");
    expect_nothing();
    hear_failing("a", true, "{}");
    expect(RESTORED);
    hear_failing("a", true, "{}");
    expect_nothing();
}
END_TEST

START_TEST(who_subscribes_to_what_fails_is_told_in_the_answer)
{
    hear_failing("a", true, "{\"BTC-USD\":\"not \\\"now\\\"\"}");
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscribe\",\"params\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\"}}");
    follow("trade.BTC-USD.a", FIXTURE_EPOCH, 10);
    expect_with(",\"recovered\":true,\"failing\":{\"a\":\"not \\\"now\\\"\"}}}");
    expect_nothing();
}
END_TEST

START_TEST(what_fails_is_in_the_status_while_the_source_is_up)
{
    hear_failing("a", true, "{\"BTC-USD\":\"no\",\"ETH-USD\":\"no \\\"way\\\"\"}");
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"getStatus\"}");
    expect_with("\"BTC-USD\":\"no\"");
    say("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"getStatus\"}");
    expect_with("\"ETH-USD\":\"no \\\"way\\\"\"");
    hear_failing("a", false, "{}");
    say("{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"getStatus\"}");
    expect_with("\"stale\":{},\"id_conflicts\":0,\"future\":0,\"symbols\":2}");
}
END_TEST

START_TEST(lost_source_says_more_and_what_still_fails_is_told_when_it_is_back)
{
    subscribe_at_10();
    hear_failing("a", true, "{\"BTC-USD\":\"no\"}");
    expect(FAILING "\"reason\":\"no\"}}");
    hear_failing("a", false, "{}");
    expect_with("connection.lost");
    expect_nothing();
    hear_failing("a", true, "{}");
    expect_with("connection.restored");
    expect_nothing();
    hear_failing("a", true, "{\"BTC-USD\":\"no\"}");
    expect(FAILING "\"reason\":\"no\"}}");
}
END_TEST

START_TEST(what_fails_behind_a_silent_bus_is_told_again)
{
    bool changed;
    subscribe_at_10();
    hear_failing("a", true, "{\"BTC-USD\":\"no\"}");
    expect(FAILING "\"reason\":\"no\"}}");
    fixture.now_ns += 10 * NS_PER_S;
    const offer_t *offer = offers_silence(fixture.hub.offers, fixture.now_ns, NS_PER_S, &changed);
    ck_assert_uint_eq(offer_failure(offer, TEXT("BTC-USD")).length, 0);
    hear_failing("a", true, "{\"BTC-USD\":\"no\"}");
    expect_with("connection.restored");
    expect(FAILING "\"reason\":\"no\"}}");
    expect_nothing();
}
END_TEST

START_TEST(new_source_of_a_symbol_that_fails_there_is_told)
{
    subscribe_at_10();
    hear_failing("b", true, "{\"BTC-USD\":\"no\"}");
    follow("trade.BTC-USD.b", FIXTURE_EPOCH, 3);
    client_pump(fixture.client);
    expect_with("\"source\":\"b\",\"reason\":\"no\"");
    expect_nothing();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        clients_of_a_symbol_that_fails_are_told_once_and_others_not,
        who_subscribes_to_what_fails_is_told_in_the_answer,
        what_fails_is_in_the_status_while_the_source_is_up,
        lost_source_says_more_and_what_still_fails_is_told_when_it_is_back,
        what_fails_behind_a_silent_bus_is_told_again,
        new_source_of_a_symbol_that_fails_there_is_told,
    };
    return RUN_TESTS("failing", TEST_CASE(fixture_setup, fixture_teardown, tests));
}
