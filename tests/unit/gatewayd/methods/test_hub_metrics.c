/* What the gateway counts, by what it prints. */
#include "tests/unit/gateway_fixture.h"

#include "gatewayd/methods/hub_metrics.h"

static void expect_metric(const char *line)
{
    buffer_t text = buffer_new(0), wanted = buffer_new(0);
    metrics_t metrics = {.out = &text};
    hub_metrics(&metrics, &fixture.hub);
    buffer_printf(&wanted, "\n%s\n", line);
    ck_assert(buffer_ok(&text));
    ck_assert_msg(memmem(text.bytes, text.length, wanted.bytes, wanted.length), "expected %s in\n%.*s", line,
                  TEXT_ARG(buffer_text(&text)));
    buffer_release(&text);
    buffer_release(&wanted);
}

START_TEST(clients_and_subscriptions_are_told)
{
    subscribe_at_10();
    expect_metric("dataflow_gateway_clients 1");
    expect_metric("dataflow_gateway_clients_total 1");
    expect_metric("dataflow_gateway_subscriptions 1");
    expect_metric("dataflow_gateway_rings 1");
    peer_leaves(&fixture.client);
    expect_metric("dataflow_gateway_clients 0");
    expect_metric("dataflow_gateway_clients_total 1");
    expect_metric("dataflow_gateway_subscriptions 0");
    expect_metric("dataflow_gateway_rings 0");
    fixture.client = peer_new(&fixture.hub, &wire_link, &fixture.wire);
    expect_metric("dataflow_gateway_clients_total 2");
}
END_TEST

START_TEST(what_is_sent_is_counted)
{
    char line[64];
    subscribe_at_10();
    trades_come(11, 60);
    expect_metric("dataflow_gateway_sent_trades_total 50");
    snprintf(line, sizeof line, "dataflow_gateway_writes_total %u", fixture.wire.writes);
    expect_metric(line);
    snprintf(line, sizeof line, "dataflow_gateway_sent_bytes_total %zu", fixture.wire.sent.length);
    expect_metric(line);
}
END_TEST

START_TEST(the_lag_is_what_waits_in_the_ring_for_the_slowest)
{
    char line[64];
    subscribe_at_10();
    expect_metric("dataflow_gateway_ring_lag_bytes 0");
    const ring_t *ring = market_find(markets_find(fixture.hub.markets, TEXT("BTC-USD")), TEXT("a"))->ring;
    uint64_t begin = ring_head(ring);
    size_t before = fixture.wire.sent.length;
    fixture.wire.choked = true;
    trades_come(11, 20);
    uint64_t sent = fixture.hub.counts.bytes;
    uint64_t lag = ring_head(ring) - begin;
    snprintf(line, sizeof line, "dataflow_gateway_ring_lag_bytes %llu", (unsigned long long)lag);
    ck_assert_uint_gt(lag, 0);
    expect_metric(line);
    fixture.wire.choked = false;
    client_pump(fixture.client);
    ck_assert_uint_eq(fixture.wire.sent.length - before, lag);
    ck_assert_uint_eq(fixture.hub.counts.bytes - sent, lag);
    expect_metric("dataflow_gateway_ring_lag_bytes 0");
}
END_TEST

static void fall_behind(void)
{
    subscribe_at_10();
    trades_come(11, 12);
    fixture.wire.choked = true;
    trades_come(13, 2000);
    fixture.wire.choked = false;
    client_pump(fixture.client);
}

START_TEST(it_is_told_who_answers_what_was_last)
{
    fixture.hub.buses.following = true;
    subscribe_at_10();
    trades_come(11, 20);
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"getRecentTrades\",\"params\":{\"symbol\":\"BTC-USD\",\"count\":2}}");
    service_answers_trades("history", "recent", 20, 19, ",\"next\":{\"a\":\"7-18\"}");
    expect_metric("dataflow_gateway_recent_total{by=\"history\"} 1");
    expect_metric("dataflow_gateway_recent_total{by=\"rings\"} 1"); /* what history said was learned, and told by the rings */
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"getRecentTrades\",\"params\":{\"symbol\":\"BTC-USD\",\"count\":2}}");
    expect_metric("dataflow_gateway_recent_total{by=\"history\"} 1");
    expect_metric("dataflow_gateway_recent_total{by=\"rings\"} 2");
}
END_TEST

START_TEST(slow_clients_are_counted_by_what_becomes_of_them)
{
    fixture.hub.limits.slow = SLOW_CONFLATE;
    expect_metric("dataflow_gateway_slow_clients_total{action=\"conflated\"} 0");
    fall_behind();
    expect_metric("dataflow_gateway_slow_clients_total{action=\"conflated\"} 1");
    expect_metric("dataflow_gateway_slow_clients_total{action=\"catchup\"} 0");
    expect_metric("dataflow_gateway_slow_clients_total{action=\"disconnected\"} 0");
}
END_TEST

START_TEST(so_are_those_that_catch_up)
{
    fall_behind();
    expect_metric("dataflow_gateway_slow_clients_total{action=\"catchup\"} 1");
    expect_metric("dataflow_gateway_slow_clients_total{action=\"conflated\"} 0");
    expect_metric("dataflow_gateway_catching_clients 1");
}
END_TEST

START_TEST(so_are_those_that_are_disconnected)
{
    fixture.hub.limits.slow = SLOW_DISCONNECT;
    fall_behind();
    expect_metric("dataflow_gateway_slow_clients_total{action=\"conflated\"} 0");
    expect_metric("dataflow_gateway_slow_clients_total{action=\"disconnected\"} 1");
}
END_TEST

START_TEST(and_those_that_do_not_read_their_answers)
{
    fixture.hub.limits.pending_bytes = 65536;
    fixture.wire.choked = true;
    for (int i = 0; i < 5000; i++)
        say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}");
    ck_assert_uint_eq(fixture.wire.closed, CLOSE_POLICY);
    expect_metric("dataflow_gateway_slow_clients_total{action=\"overflowed\"} 1");
}
END_TEST

START_TEST(requests_and_errors_are_counted)
{
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}");
    say("[{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"},{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"nope\"},7]");
    expect_metric("dataflow_rpc_requests_total 4");
    expect_metric("dataflow_rpc_errors_total 2");
    say("junk");
    expect_metric("dataflow_rpc_requests_total 4");
    expect_metric("dataflow_rpc_errors_total 3");
}
END_TEST

START_TEST(each_source_and_each_bus_is_told)
{
    hear("a", true, "{}");
    hear("b", false, "{}");
    fixture.hub.buses.endpoints[0] = "tcp://one";
    fixture.hub.buses.endpoints[1] = "tcp://two";
    fixture.hub.buses.count = 2;
    fixture.hub.buses.silent[1] = true;
    expect_metric("dataflow_gateway_source_up{source=\"a\"} 1\ndataflow_gateway_source_up{source=\"b\"} 0");
    expect_metric("dataflow_gateway_bus_silent{bus=\"tcp://one\"} 0\ndataflow_gateway_bus_silent{bus=\"tcp://two\"} 1");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        clients_and_subscriptions_are_told,
        what_is_sent_is_counted,
        the_lag_is_what_waits_in_the_ring_for_the_slowest,
        slow_clients_are_counted_by_what_becomes_of_them,
        so_are_those_that_catch_up,
        so_are_those_that_are_disconnected,
        and_those_that_do_not_read_their_answers,
        requests_and_errors_are_counted,
        it_is_told_who_answers_what_was_last,
        each_source_and_each_bus_is_told,
    };
    return RUN_TESTS("hub_metrics", TEST_CASE(fixture_setup, fixture_teardown, tests));
}
