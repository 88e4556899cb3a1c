/* What a role may call and see of what is asked by methods; the rest does not exist. */
#include "gatewayd/methods/methods.h"

#include "tests/unit/granted_fixture.h"

/* What the role `viewer`, which may see BTC-* of trades and readings, asks for, and what it hears. */
static const struct {
    const char *request, *answer;
} hidden[] = {
    {CALL("subscribe", "\"channel\":\"trades\",\"symbol\":\"ETH-USD\""), REFUSED("-32602", "Invalid symbol: ETH-USD") "}}"},
    {CALL("unsubscribe", "\"channel\":\"trades\",\"symbol\":\"ETH-USD\""), REFUSED("-32602", "Invalid symbol: ETH-USD") "}}"},
    {CALL("getRecentTrades", "\"symbol\":\"ETH-USD\""), REFUSED("-32602", "Invalid symbol: ETH-USD") "}}"},
    {CALL("getRecentTrades", "\"symbol\":\"NO-SUCH\""), REFUSED("-32602", "Invalid symbol: NO-SUCH") "}}"},
    {CALL("getTradesSince", "\"symbol\":\"ETH-USD\",\"afterTimestamp\":0"), REFUSED("-32602", "Invalid symbol: ETH-USD") "}}"},
    {CALL("getTradesRange", "\"symbol\":\"ETH-USD\",\"source\":\"a\""), REFUSED("-32602", "Invalid symbol: ETH-USD") "}}"},
    {CALL("getCandles", "\"symbol\":\"ETH-USD\",\"interval\":\"1m\""), REFUSED("-32602", "Invalid symbol: ETH-USD") "}}"},
    {CALL("getCoverage", "\"symbol\":\"ETH-USD\""), REFUSED("-32602", "Invalid symbol: ETH-USD") "}}"},
    {CALL("getStats", "\"symbol\":\"ETH-USD\""), REFUSED("-32602", "Invalid symbol: ETH-USD") "}}"},
    {CALL("getRecent", "\"channel\":\"ticker\",\"symbol\":\"BTC-USD\""),
     REFUSED("-32602", "Only 'trades' channel is supported") "}}"},
    {CALL("getSymbols", "\"channel\":\"ticker\""), REFUSED("-32602", "Only 'trades' channel is supported") "}}"},
    {CALL("getSymbols", ""),
     "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"symbols\":[\"BTC-USD\"],\"sources\":{\"BTC-USD\":[\"a\"]}}}"},
    {CALL("clearHistory", "\"token\":\"0123456789abcdef\""), ROLE},
};

START_TEST(what_a_role_may_not_see_does_not_exist)
{
    be("viewer");
    hear("a", true, "{\"BTC-USD\":10,\"ETH-USD\":5,\"ticker.BTC-USD\":3}");
    hear("b", true, "{\"ETH-USD\":5}");
    say(hidden[_i].request);
    expect(hidden[_i].answer);
}
END_TEST

START_TEST(the_status_tells_of_what_the_role_may_see)
{
    be("viewer");
    hear_stale("a", true, "{\"BTC-USD\":10,\"ETH-USD\":5}", "{\"ETH-USD\":31.500,\"BTC-USD\":31.500}");
    hear("b", true, "{\"ETH-USD\":5}");
    say(CALL("getStatus", ""));
    text_t found = take();
    ck_assert(memmem(found.at, found.length, "\"name\":\"a\"", 10) &&
              memmem(found.at, found.length, "\"stale\":{\"BTC-USD\":", 19));
    ck_assert(!memmem(found.at, found.length, "ETH-USD", 7) && !memmem(found.at, found.length, "\"name\":\"b\"", 10));
    ck_assert(memmem(found.at, found.length, "\"symbols\":1", 11) != NULL);
    say(CALL("getChannels", ""));
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"channels\":{\"trades\":{\"keep\":\"log\",\"sources\":[\"a\"]}}}}");
}
END_TEST

START_TEST(stats_are_of_what_the_role_may_see)
{
    be("viewer");
    say(CALL("getStats", ""));
    service_answers(
        "history", "\"stats\"",
        "{\"ok\":true,\"stats\":[{\"topic\":\"trade.ETH-USD.a\",\"symbol\":\"ETH-USD\"},{\"topic\":\"trade.BTC-USD.a\","
        "\"symbol\":\"BTC-USD\"},{\"topic\":\"ticker.BTC-USD.a\",\"symbol\":\"ticker.BTC-USD\"}]}");
    client_pump(fixture.client);
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"stats\":[{\"topic\":\"trade.BTC-USD.a\",\"symbol\":\"BTC-USD\"}]}}");
}
END_TEST

static const struct {
    const char *token, *method, *answer, *told;
} cut[] = {
    /* the time is 1970-01-01T00:16:40 */
    {"late", CALL("getStats", ""),
     "{\"ok\":true,\"stats\":[{\"topic\":\"trade.BTC-USD.a\",\"symbol\":\"BTC-USD\",\"source\":\"a\",\"trades\":5,\"first\":"
     "\"7-1\",\"bytes\":7,"
     "\"retention\":{\"trades\":9},\"duplicates\":0}]}",
     "\"stats\":[{\"topic\":\"trade.BTC-USD.a\",\"symbol\":\"BTC-USD\",\"source\":\"a\",\"retention\":{\"trades\":9}}]}}"},
    {"recent", CALL("getStats", ""),
     "{\"ok\":true,\"stats\":[{\"topic\":\"trade.BTC-USD.a\",\"symbol\":\"BTC-USD\",\"trades\":5}]}",
     "\"stats\":[{\"topic\":\"trade.BTC-USD.a\",\"symbol\":\"BTC-USD\"}]}}"},
    {"trader", CALL("getStats", ""), "{\"ok\":true,\"stats\":[{\"symbol\":\"BTC-USD\",\"trades\":5}]}",
     "\"stats\":[{\"symbol\":\"BTC-USD\",\"trades\":5}]}}"},
    {"late", CALL("getCoverage", "\"symbol\":\"BTC-USD\""),
     "{\"ok\":true,\"coverage\":[{\"source\":\"a\",\"state\":\"backfilled\",\"cursor\":\"7-9\",\"first\":\"7-8\",\"last\":\"7-"
     "9\",\"trades\":2}],"
     "\"oldest\":{\"a\":{\"cursor\":\"7-1\",\"time\":\"1970-01-01T00:16:38.9Z\"},\"b\":{\"cursor\":\"7-1\",\"time\":\"1970-01-"
     "01T00:16:39Z\"}}}",
     "\"coverage\":[{\"source\":\"a\",\"state\":\"backfilled\",\"trades\":2}],\"oldest\":{\"a\":{\"cursor\":\"7-1\",\"time\":"
     "\"1970-01-01T00:16:38.9Z\"}}}}"},
    {"recent", CALL("getCoverage", "\"symbol\":\"BTC-USD\""),
     "{\"ok\":true,\"coverage\":[],\"oldest\":{\"a\":{\"time\":\"1970-01-01T00:16:04Z\"},\"b\":{\"time\":\"1970-01-01T00:16:"
     "05Z\"},\"c\":{}}}",
     "\"coverage\":[],\"oldest\":{\"b\":{\"time\":\"1970-01-01T00:16:05Z\"}}}}"},
    {"trader", CALL("getCoverage", "\"symbol\":\"BTC-USD\""),
     "{\"ok\":true,\"coverage\":[{\"cursor\":\"7-9\"}],\"oldest\":{\"a\":{}}}",
     "\"coverage\":[{\"cursor\":\"7-9\"}],\"oldest\":{\"a\":{}}}}"},
};

START_TEST(what_history_says_of_streams_is_cut_to_what_the_role_may_see)
{
    be(cut[_i].token);
    hear("a", true, "{\"BTC-USD\":10}");
    say(cut[_i].method);
    service_answers("history", "{\"op\":", cut[_i].answer);
    client_pump(fixture.client);
    expect_with(cut[_i].told);
}
END_TEST

static const struct {
    const char *token;
    bool recent, old, counts; /* is told of what was a second and a half, and 40 s ago, and what there is now? */
} statuses[] = {{"late", false, true, false}, {"recent", true, false, true}, {"trader", true, true, true}};

static void is_told(text_t found, const char *part, bool told)
{
    ck_assert_msg((memmem(found.at, found.length, part, strlen(part)) != NULL) == told, "%s in %.*s", part, TEXT_ARG(found));
}

START_TEST(so_is_the_status)
{
    const offer_t *offer;
    be(statuses[_i].token);
    status_t status = {
        .source = TEXT("a"),
        .connected = true,
        .time_ns = fixture.now_ns,
        .epoch = FIXTURE_EPOCH,
        .stale = TEXT("{\"BTC-NEW\":0.500,\"BTC-OLD\":40.000}"),
        .holes = TEXT(
            "{\"BTC-NEW\":{\"count\":1,\"from\":\"1970-01-01T00:16:38Z\",\"to\":\"1970-01-01T00:16:39.500000000Z\",\"cursor\":"
            "\"7-9\"},"
            "\"BTC-OLD\":{\"count\":2,\"from\":\"1970-01-01T00:16:00Z\",\"to\":\"1970-01-01T00:16:10Z\",\"cursor\":\"7-1\"}}"),
        .backfill = TEXT("{\"BTC-NEW\":{\"missing\":120,\"late\":false}}"),
        .symbols = TEXT("{\"BTC-NEW\":10,\"BTC-OLD\":10}")};
    offers_update(fixture.hub.offers, &status, fixture.now_ns, &offer);
    say(CALL("getStatus", ""));
    text_t found = take();
    is_told(found, "\"BTC-NEW\":0.500", statuses[_i].recent);
    is_told(found, "\"BTC-OLD\":40.000", statuses[_i].old);
    is_told(found, "\"cursor\":\"7-9\"", statuses[_i].recent);
    is_told(found, "\"cursor\":\"7-1\"", statuses[_i].old);
    is_told(found, "\"missing\":120", statuses[_i].counts);
    is_told(found, "\"id_conflicts\":0,\"future\":0", statuses[_i].counts);
}
END_TEST

START_TEST(a_role_has_its_methods)
{
    be("asker");
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(""));
    expect(ROLE);
    say(CALL("GETSTATUS", ""));
    expect(ROLE);
    say(CALL("getrecenttrades", "\"symbol\":\"BTC-USD\""));
    service_answers("history", "recent", "{\"ok\":true,\"trades\":[]}");
    client_pump(fixture.client);
    expect_with("\"trades\":[]");
    say(CALL("nothing", ""));
    expect_with("-32601");
}
END_TEST

START_TEST(a_role_has_so_many_subscriptions)
{
    be("viewer");
    subscribe_btc();
    hear("a", true, "{\"BTC-USD\":10,\"BTC-EUR\":5}");
    say(CALL("subscribe", "\"channel\":\"trades\",\"symbol\":\"BTC-EUR\""));
    expect_with("Too many subscriptions: at most 1");
}
END_TEST

START_TEST(what_is_too_new_is_not_asked_for)
{
    fixture.now_ns = INT64_C(1762732861) * NS_PER_S + 5; /* 2025-11-10T00:01:01 */
    say(TOKEN("late alice 1762800000"));
    expect_with("\"role\":\"late\"");
    hear("a", true, "{\"BTC-USD\":10}");
    say(CALL("getRecentTrades", "\"symbol\":\"BTC-USD\""));
    service_answers("history", "\"before\":\"2025-11-10T00:01:00.000000000Z\"", "{\"ok\":true,\"trades\":[]}");
    client_pump(fixture.client);
    expect_with("\"trades\":[]");
    say(CALL("getTradesSince", "\"symbol\":\"BTC-USD\",\"afterTimestamp\":0,\"beforeTimestamp\":\"2025-11-10T00:00:07Z\""));
    service_answers("history", "\"before\":\"2025-11-10T00:0", "{\"ok\":true,\"trades\":[]}");
    client_pump(fixture.client);
    expect_with("\"trades\":[]");
    say(CALL("getCandles", "\"symbol\":\"BTC-USD\",\"interval\":\"5m\"")); /* of 00:00 all is not there yet */
    service_answers("history", "\"before\":\"2025-11-10T00:00:00.000000000Z\"", "{\"ok\":true,\"candles\":[]}");
    client_pump(fixture.client);
    expect_with("\"candles\":[]");
}
END_TEST

START_TEST(a_range_ends_where_it_becomes_too_new)
{
    be("late");
    hear("a", true, "{\"BTC-USD\":10}");
    for (int i = 0; i < 2; i++) {
        say(i == 0 ? CALL("getTradesRange", "\"symbol\":\"BTC-USD\",\"source\":\"a\",\"from\":\"7-3\"")
                   : CALL("getTradesRange", "\"symbol\":\"BTC-USD\",\"source\":\"a\",\"from\":\"7-3\",\"to\":\"7-4\""));
        service_answers("history", "\"source\":\"a\",\"before\":\"1970-01-01T00:16:39.000000000Z\",\"count\":1",
                        "{\"ok\":true,\"trades\":[{\"epoch\":7,\"seq\":9,\"symbol\":\"BTC-USD\"}]}"); /* it came late */
        service_answers("history", "\"source\":\"a\",\"after\":\"1970-01-01T00:16:38.999999999Z\",\"count\":1",
                        "{\"ok\":true,\"trades\":[{\"epoch\":7,\"seq\":6,\"symbol\":\"BTC-USD\"}]}");
        client_pump(fixture.client);
        service_answers("history", i == 0 ? "\"to\":\"7-5\"" : "\"to\":\"7-4\"", "{\"ok\":true,\"trades\":[],\"missing\":0}");
        client_pump(fixture.client);
        expect_with("\"trades\":[]");
    }
}
END_TEST

int main(void)
{
    TCase *tables = tcase_create("tables");
    tcase_add_checked_fixture(tables, granted_set_up, granted_tear_down);
    tcase_add_loop_test(tables, what_a_role_may_not_see_does_not_exist, 0, sizeof hidden / sizeof *hidden);
    tcase_add_loop_test(tables, what_history_says_of_streams_is_cut_to_what_the_role_may_see, 0, sizeof cut / sizeof *cut);
    tcase_add_loop_test(tables, so_is_the_status, 0, sizeof statuses / sizeof *statuses);
    const TTest *const tests[] = {
        the_status_tells_of_what_the_role_may_see, stats_are_of_what_the_role_may_see, a_role_has_its_methods,
        a_role_has_so_many_subscriptions,          what_is_too_new_is_not_asked_for,   a_range_ends_where_it_becomes_too_new};
    return RUN_TESTS("role_methods", tables, TEST_CASE(granted_set_up, granted_tear_down, tests));
}
