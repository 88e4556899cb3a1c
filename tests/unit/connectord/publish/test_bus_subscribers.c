/* Who has subscribed to what: peer by peer. */
#include "connectord/publish/bus_subscribers.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

enum { ONE = 1, OTHER = 2 };

#define LONG "trade.A%d-USD.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

typedef struct {
    int wanted, released; /* how often */
} subscribed_stream_t;

static demand_t *demand;
static bus_subscribers_t *subscribers;
static bus_subscribers_refusal_t refusal;
static subscribed_stream_t btc, eth;

static void on_wanted(void *item)
{
    ((subscribed_stream_t *)item)->wanted++;
}

static void on_released(void *item)
{
    ((subscribed_stream_t *)item)->released++;
}

static const demand_events_t events = {on_wanted, on_released};

static void set_up(void)
{
    btc = eth = (subscribed_stream_t){0};
    demand = demand_new(&events);
    ck_assert(demand_offer(demand, TEXT("trade.BTC-USD.a"), &btc));
    ck_assert(demand_offer(demand, TEXT("trade.ETH-USD.a"), &eth));
    subscribers = bus_subscribers_new(demand);
    refusal = (bus_subscribers_refusal_t){0};
}

static void tear_down(void)
{
    bus_subscribers_destroy(&subscribers);
    demand_destroy(&demand);
}

static bus_subscribers_result_t hear(uint64_t peer, char kind, const char *prefix)
{
    char bytes[512];
    size_t length = (size_t)snprintf(bytes, sizeof bytes, "%c%s", kind, prefix);
    return bus_subscribers_hear(subscribers, peer, &(text_t){bytes, length}, 1, &refusal);
}

static void subscribe(uint64_t peer, const char *prefix)
{
    ck_assert_int_eq(hear(peer, 1, prefix), BUS_SUBSCRIBERS_SUBSCRIBED);
}

static void unsubscribe(uint64_t peer, const char *prefix)
{
    ck_assert_int_eq(hear(peer, 0, prefix), BUS_SUBSCRIBERS_OTHER);
}

START_TEST(a_stream_is_wanted_until_the_last_of_its_peers_ends_it)
{
    subscribe(ONE, "trade.BTC-USD.");
    subscribe(OTHER, "trade.BTC-USD.");
    subscribe(OTHER, "trade.BTC-USD.");
    ck_assert_int_eq(btc.wanted, 1);
    unsubscribe(ONE, "trade.BTC-USD.");
    ck_assert_int_eq(btc.released, 0);
    unsubscribe(OTHER, "trade.BTC-USD.");
    ck_assert_int_eq(btc.released, 1);
    ck_assert_uint_eq(bus_subscribers_bytes(subscribers), 0);
}
END_TEST

START_TEST(whoever_never_subscribed_ends_nothing)
{
    subscribe(ONE, "trade.BTC-USD.");
    unsubscribe(OTHER, "trade.BTC-USD.");
    subscribe(OTHER, "trade.ETH-USD.");
    unsubscribe(OTHER, "trade.BTC-USD.");
    bus_subscribers_leave(subscribers, OTHER);
    ck_assert_int_eq(btc.released, 0);
    ck_assert_int_eq(eth.released, 1);
}
END_TEST

START_TEST(what_a_peer_has_ends_with_it)
{
    subscribe(ONE, "trade.BTC-USD.");
    subscribe(ONE, "trade.ETH-USD.");
    subscribe(OTHER, "trade.BTC-USD.");
    bus_subscribers_leave(subscribers, ONE);
    bus_subscribers_leave(subscribers, ONE);
    ck_assert_int_eq(eth.released, 1);
    ck_assert_int_eq(btc.released, 0);
    bus_subscribers_leave(subscribers, OTHER);
    ck_assert_int_eq(btc.released, 1);
    ck_assert_uint_eq(bus_subscribers_bytes(subscribers), 0);
}
END_TEST

START_TEST(what_is_no_subscription_to_any_topic_is_refused)
{
    static const char *const good[] = {"",        "t",        "trade.", "trade.B", "trade.BTC-USD.a", "trade.LTC-USD.\xc3",
                                       "status.", "status.a", "sta",    "x",       "readings.a",      "readings.a.b"};
    static const char *const bad[] = {"X",    "tradeX",        "trade.b/c", "trades.a",          "readings.a b",
                                      "1x.a", "trade.BTCUSD.", "status. a", "trade.BTC-USD.\xff"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        subscribe(ONE, good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(hear(OTHER, 1, bad[i]) == BUS_SUBSCRIBERS_REFUSED, "%s", bad[i]);
        ck_assert_uint_eq(refusal.peer, OTHER);
    }
    ck_assert_int_eq(hear(OTHER, 'x', "trade."), BUS_SUBSCRIBERS_REFUSED);
    ck_assert_int_eq(bus_subscribers_hear(subscribers, OTHER, &TEXT(""), 1, &refusal), BUS_SUBSCRIBERS_REFUSED);
    ck_assert_int_eq(bus_subscribers_hear(subscribers, OTHER, (text_t[]){TEXT("\1trade."), TEXT("x")}, 2, &refusal),
                     BUS_SUBSCRIBERS_REFUSED);
    ck_assert_uint_eq(bus_subscribers_bytes(subscribers), 1 + 6 + 7 + 15 + 15 + 7 + 8 + 3 + 1 + 10 + 12);
}
END_TEST

/* Subscribes to so many prefixes that nobody offers; which one was refused, or the count. */
static int subscribe_many(uint64_t peer, int from, int count)
{
    char prefix[128];
    for (int i = from; i < from + count; i++) {
        snprintf(prefix, sizeof prefix, LONG, i);
        if (hear(peer, 1, prefix) == BUS_SUBSCRIBERS_REFUSED)
            return i;
    }
    return from + count;
}

START_TEST(of_those_that_want_what_nobody_offers_the_greediest_goes)
{
    subscribe(ONE, "trade.BTC-USD.");
    ck_assert_int_eq(subscribe_many(ONE, 0, 100), 100);
    int refused = subscribe_many(OTHER, 100, BUS_SUBSCRIBERS_UNMATCHED_BYTES / 50);
    ck_assert_int_lt(refused, BUS_SUBSCRIBERS_UNMATCHED_BYTES / 50);
    ck_assert_uint_eq(refusal.peer, OTHER);
    bus_subscribers_leave(subscribers, OTHER);
    ck_assert_int_eq(subscribe_many(ONE, 100, 100), 200);
    ck_assert_int_eq(btc.released, 0);
}
END_TEST

START_TEST(another_peer_than_the_one_that_asks_may_be_the_greediest)
{
    int most = BUS_SUBSCRIBERS_UNMATCHED_BYTES / 80;
    ck_assert_int_eq(subscribe_many(ONE, 0, most), most);
    subscribe_many(OTHER, most, most);
    ck_assert_uint_eq(refusal.peer, ONE);
}
END_TEST

START_TEST(a_prefix_counts_for_each_peer_that_has_it)
{
    demand_t *many = demand_new(&events);
    bus_subscribers_t *crowd = bus_subscribers_new(many);
    static char topics[BUS_SUBSCRIBERS_PEER_PREFIXES + 1][32];
    for (int i = 0; i <= BUS_SUBSCRIBERS_PEER_PREFIXES; i++) {
        snprintf(topics[i], sizeof topics[i], "\1trade.A%d-USD.x", i);
        ck_assert(demand_offer(many, (text_t){topics[i] + 1, strlen(topics[i]) - 1}, &btc));
    }
    for (int i = 0; i < BUS_SUBSCRIBERS_PEER_PREFIXES; i++) {
        text_t frame = {topics[i], strlen(topics[i]) - 1};
        ck_assert_int_eq(bus_subscribers_hear(crowd, ONE, &frame, 1, &refusal), BUS_SUBSCRIBERS_SUBSCRIBED);
    }
    text_t beyond = text_of(topics[BUS_SUBSCRIBERS_PEER_PREFIXES]);
    ck_assert_int_eq(bus_subscribers_hear(crowd, ONE, &beyond, 1, &refusal), BUS_SUBSCRIBERS_REFUSED);
    bus_subscribers_leave(crowd, ONE);
    ck_assert_int_eq(bus_subscribers_hear(crowd, ONE, &beyond, 1, &refusal), BUS_SUBSCRIBERS_SUBSCRIBED);
    bus_subscribers_destroy(&crowd);
    demand_destroy(&many);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("bus_subscribers");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_stream_is_wanted_until_the_last_of_its_peers_ends_it);
    tcase_add_test(tests, whoever_never_subscribed_ends_nothing);
    tcase_add_test(tests, what_a_peer_has_ends_with_it);
    tcase_add_test(tests, what_is_no_subscription_to_any_topic_is_refused);
    tcase_add_test(tests, of_those_that_want_what_nobody_offers_the_greediest_goes);
    tcase_add_test(tests, another_peer_than_the_one_that_asks_may_be_the_greediest);
    tcase_add_test(tests, a_prefix_counts_for_each_peer_that_has_it);
    return RUN_TESTS("bus_subscribers", tests);
}
