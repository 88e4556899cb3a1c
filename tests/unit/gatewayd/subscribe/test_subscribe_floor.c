/* How far back a role may see: by queries, in snapshots, and where it resumes. */
#include "gatewayd/subscribe/subscribe_floor.h"

#include "tests/unit/granted_fixture.h"

/* A hundredth of an hour is 36 s: what is not newer than 00:16:04 is too old. */
static const struct {
    const char *request, *asked;
} bounded[] = {
    {CALL("getRecentTrades", "\"symbol\":\"BTC-USD\""), "\"after\":\"1970-01-01T00:16:04.000000000Z\""},
    {CALL("getRecentTrades", "\"symbol\":\"BTC-USD\",\"afterTimestamp\":\"1970-01-01T00:00:01Z\""),
     "\"after\":\"1970-01-01T00:16:04"},
    {CALL("getRecentTrades", "\"symbol\":\"BTC-USD\",\"afterTimestamp\":\"1970-01-01T00:16:30Z\""),
     "\"after\":\"1970-01-01T00:16:30"},
    {CALL("getTradesSince", "\"symbol\":\"BTC-USD\",\"afterTimestamp\":\"1970-01-01T00:00:01Z\""),
     "\"after\":\"1970-01-01T00:16:04"},
    {CALL("getCandles", "\"symbol\":\"BTC-USD\",\"interval\":\"1s\""), "\"after\":\"1970-01-01T00:16:04"},
    {CALL("getCoverage", "\"symbol\":\"BTC-USD\""), "\"after\":\"1970-01-01T00:16:04"},
};

START_TEST(a_role_may_see_so_far_back)
{
    be("recent");
    say(bounded[_i].request);
    service_answers("history", bounded[_i].asked, "{\"ok\":true,\"trades\":[],\"candles\":[],\"coverage\":[]}");
    client_pump(fixture.client);
    expect_with("result");
}
END_TEST

START_TEST(a_range_begins_where_the_role_may_see)
{
    be("recent");
    say(CALL("getTradesRange", "\"symbol\":\"BTC-USD\",\"source\":\"a\",\"from\":\"7-3\",\"to\":\"7-30\""));
    service_answers_trades(
        "history", "\"op\":\"since\",\"symbol\":\"BTC-USD\",\"source\":\"a\",\"after\":\"1970-01-01T00:16:04", 20, 20, "");
    service_answers_trades("history",
                           "\"op\":\"range\",\"topic\":\"trade.BTC-USD.a\",\"count\":100,\"to\":\"7-30\",\"from\":\"7-20\"", 20,
                           21, ",\"missing\":0");
    client_pump(fixture.client);
    expect_with("\"seq\":20");
}
END_TEST

START_TEST(a_range_behind_that_is_as_it_was_asked)
{
    be("recent");
    say(CALL("getTradesRange", "\"symbol\":\"BTC-USD\",\"source\":\"a\",\"from\":\"7-25\""));
    service_answers_trades("history", "\"op\":\"since\"", 20, 20, "");
    service_answers_trades("history", "\"from\":\"7-25\"", 25, 26, "");
    client_pump(fixture.client);
    expect_with("\"seq\":25");
}
END_TEST

START_TEST(nothing_of_a_range_is_told_where_history_can_not_tell_what_is_too_old)
{
    be("recent");
    say(CALL("getTradesRange", "\"symbol\":\"BTC-USD\",\"source\":\"a\""));
    service_answers("history", "\"op\":\"since\"", NULL);
    client_pump(fixture.client);
    expect_with("-32000");
}
END_TEST

/* Trades of the fixture are of 2025: the clock is some seconds behind them. */
static void resume_at(const char *since, uint64_t seconds)
{
    char message[256];
    fixture.now_ns = INT64_C(1762732800) * NS_PER_S + (int64_t)seconds * NS_PER_S; /* 2025-11-10T00:00:00Z */
    fixture.received_ns = fixture.now_ns;
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"authenticate\",\"params\":{\"token\":\"recent alice 2000000000\"}}");
    expect_with("result");
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(""));
    follow(BTC, FIXTURE_EPOCH, 10);
    client_pump(fixture.client);
    expect_with("subscribed");
    trades_come(11, 60);
    expect_trades(7, 11, 60);
    snprintf(message, sizeof message, SUBSCRIBE(",\"since\":\"%s\""), since);
    say(message);
}

START_TEST(who_resumes_begins_where_the_role_may_see)
{
    resume_at("7-12", 76); /* what is not newer than second 40 is too old */
    client_pump(fixture.client);
    expect_with("\"cursors\":{\"a\":\"7-39\"},\"recovered\":false");
    expect("{\"jsonrpc\":\"2.0\",\"method\":\"trades.gap\",\"params\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\","
           "\"source\":\"a\",\"from\":"
           "\"7-13\",\"to\":\"7-39\",\"missing\":27}}");
    expect_trades(7, 40, 60);
    expect_nothing();
}
END_TEST

START_TEST(who_resumes_behind_that_misses_nothing)
{
    resume_at("7-50", 76);
    client_pump(fixture.client);
    expect_with("\"cursors\":{\"a\":\"7-50\"},\"recovered\":true");
    expect_trades(7, 51, 60);
    expect_nothing();
}
END_TEST

START_TEST(what_the_ring_does_not_have_history_is_asked_for)
{
    resume_at("7-3", 40); /* second 4: before the ring, which begins behind 10 */
    service_answers_trades(
        "history", "\"op\":\"since\",\"symbol\":\"BTC-USD\",\"source\":\"a\",\"after\":\"2025-11-10T00:00:04", 7, 7, "");
    service_answers_trades("history", "\"from\":\"7-7\"", 7, 7, ",\"missing\":0"); /* is it recoverable? */
    client_pump(fixture.client);
    expect_with("\"cursors\":{\"a\":\"7-6\"},\"recovered\":false");
    expect_with("\"from\":\"7-4\",\"to\":\"7-6\",\"missing\":3");
    service_answers_trades("history", "\"from\":\"7-7\"", 7, 10, ",\"missing\":0");
    client_pump(fixture.client);
    expect_trades(7, 7, 60);
}
END_TEST

START_TEST(a_snapshot_has_what_the_role_may_see)
{
    resume_at("7-60", 76);
    client_pump(fixture.client);
    expect_with("subscribed");
    say(SUBSCRIBE(",\"count\":100"));
    service_answers("history", "\"after\":\"2025-11-10T00:00:40", "{\"ok\":true,\"trades\":[]}");
    client_pump(fixture.client);
    text_t found = take();
    ck_assert(memmem(found.at, found.length, "\"seq\":40", 8) && !memmem(found.at, found.length, "\"seq\":39", 8));
}
END_TEST

int main(void)
{
    TCase *tables = tcase_create("tables");
    tcase_add_checked_fixture(tables, granted_set_up, granted_tear_down);
    tcase_add_loop_test(tables, a_role_may_see_so_far_back, 0, sizeof bounded / sizeof *bounded);
    const TTest *const tests[] = {a_range_begins_where_the_role_may_see,
                                  a_range_behind_that_is_as_it_was_asked,
                                  nothing_of_a_range_is_told_where_history_can_not_tell_what_is_too_old,
                                  who_resumes_begins_where_the_role_may_see,
                                  who_resumes_behind_that_misses_nothing,
                                  what_the_ring_does_not_have_history_is_asked_for,
                                  a_snapshot_has_what_the_role_may_see};
    return RUN_TESTS("subscribe_floor", tables, TEST_CASE(granted_set_up, granted_tear_down, tests));
}
