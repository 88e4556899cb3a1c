#include "connectord/publish/demand.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct {
    const char *topic;
    int wanted, released; /* how often */
} demanded_stream_t;

static void on_wanted(void *item)
{
    ((demanded_stream_t *)item)->wanted++;
}

static void on_released(void *item)
{
    ((demanded_stream_t *)item)->released++;
}

static const demand_events_t events = {on_wanted, on_released};

enum { BTC_A, BTC_B, ETH_A, BTC_EUR_A, STREAMS };

typedef struct {
    demand_t *demand;
    demanded_stream_t streams[STREAMS];
} demand_fixture_t;

static demand_fixture_t *fixture_new(void)
{
    demand_fixture_t *self = calloc(1, sizeof *self);
    ck_assert_ptr_nonnull(self);
    self->demand = demand_new(&events);
    const char *const topics[] = {"trade.BTC-USD.a", "trade.BTC-USD.b", "trade.ETH-USD.a", "trade.BTC-EUR.a"};
    for (size_t i = 0; i < STREAMS; i++) {
        self->streams[i].topic = topics[i];
        ck_assert(demand_offer(self->demand, text_of(topics[i]), &self->streams[i]));
    }
    return self;
}

static void fixture_destroy(demand_fixture_t *self)
{
    demand_destroy(&self->demand);
    free(self);
}

/* Which streams a prefix is demand for. */
static const struct {
    const char *prefix;
    bool wanted[STREAMS];
} prefixes[] = {
    {"trade.BTC-USD.", {[BTC_A] = true, [BTC_B] = true}},
    {"trade.BTC-USD.a", {[BTC_A] = true}},
    {"trade.BTC-USD", {[BTC_A] = true, [BTC_B] = true}},
    {"trade.BTC-", {[BTC_A] = true, [BTC_B] = true, [BTC_EUR_A] = true}},
    {"trade.E", {[ETH_A] = true}},
    {"trade.BTC-USD.ab", {0}},
    {"trade.XRP-USD.", {0}},
    {"trade.", {0}},
    {"trade", {0}},
    {"", {0}},
    {"status.a", {0}},
    {"trade.\x01\xff", {0}},
};

START_TEST(a_prefix_is_demand_for_the_topics_that_it_begins)
{
    demand_fixture_t *fixture = fixture_new();
    text_t prefix = text_of(prefixes[_i].prefix);
    bool any = false;
    demand_subscribe(fixture->demand, prefix);
    for (size_t i = 0; i < STREAMS; i++) {
        ck_assert_int_eq(fixture->streams[i].wanted, prefixes[_i].wanted[i]);
        ck_assert_int_eq(fixture->streams[i].released, 0);
        any |= prefixes[_i].wanted[i];
    }
    ck_assert_uint_eq(demand_prefixes(fixture->demand), any); /* what matches nothing is not kept */
    demand_unsubscribe(fixture->demand, prefix);
    for (size_t i = 0; i < STREAMS; i++) {
        ck_assert_int_eq(fixture->streams[i].wanted, prefixes[_i].wanted[i]);
        ck_assert_int_eq(fixture->streams[i].released, prefixes[_i].wanted[i]);
    }
    ck_assert_uint_eq(demand_prefixes(fixture->demand), 0);
    fixture_destroy(fixture);
}
END_TEST

START_TEST(a_stream_is_released_when_its_last_prefix_goes)
{
    demand_fixture_t *fixture = fixture_new();
    const demanded_stream_t *stream = &fixture->streams[BTC_A];
    demand_subscribe(fixture->demand, TEXT("trade.BTC-USD."));
    demand_subscribe(fixture->demand, TEXT("trade.BTC-USD.a"));
    demand_subscribe(fixture->demand, TEXT("trade.B"));
    ck_assert_int_eq(stream->wanted, 1);
    demand_unsubscribe(fixture->demand, TEXT("trade.BTC-USD."));
    demand_unsubscribe(fixture->demand, TEXT("trade.B"));
    ck_assert_int_eq(stream->released, 0);
    demand_unsubscribe(fixture->demand, TEXT("trade.BTC-USD.a"));
    ck_assert_int_eq(stream->released, 1);
    demand_subscribe(fixture->demand, TEXT("trade.BTC-USD."));
    ck_assert_int_eq(stream->wanted, 2);
    fixture_destroy(fixture);
}
END_TEST

START_TEST(the_same_prefix_counts_once)
{
    demand_fixture_t *fixture = fixture_new();
    demand_subscribe(fixture->demand, TEXT("trade.ETH-USD."));
    demand_subscribe(fixture->demand, TEXT("trade.ETH-USD."));
    demand_unsubscribe(fixture->demand, TEXT("trade.ETH-USD."));
    demand_unsubscribe(fixture->demand, TEXT("trade.ETH-USD."));
    ck_assert_int_eq(fixture->streams[ETH_A].wanted, 1);
    ck_assert_int_eq(fixture->streams[ETH_A].released, 1);
    fixture_destroy(fixture);
}
END_TEST

START_TEST(leaving_without_having_come_changes_nothing)
{
    demand_fixture_t *fixture = fixture_new();
    demand_unsubscribe(fixture->demand, TEXT("trade.BTC-USD."));
    for (size_t i = 0; i < STREAMS; i++)
        ck_assert_int_eq(fixture->streams[i].released, 0);
    fixture_destroy(fixture);
}
END_TEST

START_TEST(a_prefix_longer_than_any_topic_is_ignored)
{
    demand_fixture_t *fixture = fixture_new();
    char longer[4096];
    memset(longer, 'A', sizeof longer);
    text_t start = TEXT("trade.BTC-USD.");
    memcpy(longer, start.at, start.length);
    demand_subscribe(fixture->demand, (text_t){longer, sizeof longer});
    ck_assert_uint_eq(demand_prefixes(fixture->demand), 0);
    fixture_destroy(fixture);
}
END_TEST

START_TEST(a_thousand_symbols_are_told_apart)
{
    enum { SYMBOLS = 1000 };
    static char topics[SYMBOLS][32];
    static demanded_stream_t streams[SYMBOLS];
    demand_t *demand = demand_new(&events);
    for (int i = 0; i < SYMBOLS; i++) {
        snprintf(topics[i], sizeof topics[i], "trade.S%d-USD.x", i);
        ck_assert(demand_offer(demand, text_of(topics[i]), &streams[i]));
    }
    for (int i = 0; i < SYMBOLS; i += 2)
        demand_subscribe(demand, (text_t){topics[i], strlen(topics[i]) - 1}); /* "trade.S0-USD." */
    for (int i = 0; i < SYMBOLS; i++)
        ck_assert_int_eq(streams[i].wanted, i % 2 == 0);
    ck_assert_uint_eq(demand_prefixes(demand), SYMBOLS / 2);
    demand_destroy(&demand);
}
END_TEST

START_TEST(what_is_offered_later_is_wanted_by_who_is_there_already)
{
    demand_fixture_t *fixture = fixture_new();
    demanded_stream_t late = {.topic = "trade.XRP-USD.a"};
    demand_subscribe(fixture->demand, TEXT("trade.XRP-USD."));
    demand_subscribe(fixture->demand, TEXT("trade.XRP-USD.ab"));
    demand_subscribe(fixture->demand, TEXT("trade.X"));
    ck_assert_uint_eq(demand_prefixes(fixture->demand), 0);
    ck_assert(demand_offer(fixture->demand, text_of(late.topic), &late));
    ck_assert_int_eq(late.wanted, 1);
    ck_assert_uint_eq(demand_prefixes(fixture->demand), 2);
    demand_unsubscribe(fixture->demand, TEXT("trade.XRP-USD."));
    ck_assert_int_eq(late.released, 0);
    demand_unsubscribe(fixture->demand, TEXT("trade.X"));
    ck_assert_int_eq(late.released, 1);
    fixture_destroy(fixture);
}
END_TEST

START_TEST(what_is_withdrawn_is_not_wanted_and_wanted_when_it_is_back)
{
    demand_fixture_t *fixture = fixture_new();
    demanded_stream_t *stream = &fixture->streams[BTC_A];
    demand_subscribe(fixture->demand, TEXT("trade.BTC-USD."));
    demand_subscribe(fixture->demand, TEXT("trade.BTC-USD.a"));
    demand_withdraw(fixture->demand, text_of(stream->topic), stream);
    demand_withdraw(fixture->demand, text_of(stream->topic), stream);
    ck_assert_uint_eq(demand_prefixes(fixture->demand), 1); /* the other source's is left */
    demand_unsubscribe(fixture->demand, TEXT("trade.BTC-USD."));
    ck_assert_int_eq(stream->released, 0);
    ck_assert_int_eq(fixture->streams[BTC_B].released, 1);
    ck_assert(demand_offer(fixture->demand, text_of(stream->topic), stream));
    ck_assert_int_eq(stream->wanted, 2);
    demand_unsubscribe(fixture->demand, TEXT("trade.BTC-USD.a"));
    ck_assert_int_eq(stream->released, 1);
    fixture_destroy(fixture);
}
END_TEST

START_TEST(two_offers_of_one_topic_are_told_apart)
{
    demand_fixture_t *fixture = fixture_new();
    demanded_stream_t next = {.topic = "trade.ETH-USD.a"};
    demand_subscribe(fixture->demand, TEXT("trade.ETH-USD."));
    ck_assert(demand_offer(fixture->demand, text_of(next.topic), &next));
    ck_assert_int_eq(next.wanted, 1);
    demand_withdraw(fixture->demand, text_of(next.topic), &fixture->streams[ETH_A]);
    demand_unsubscribe(fixture->demand, TEXT("trade.ETH-USD."));
    ck_assert_int_eq(next.released, 1);
    ck_assert_int_eq(fixture->streams[ETH_A].released, 0);
    fixture_destroy(fixture);
}
END_TEST

START_TEST(prefixes_of_what_is_not_offered_are_bounded_and_displace_none)
{
    demand_fixture_t *fixture = fixture_new();
    demanded_stream_t first = {.topic = "trade.S0-USD.x"}, beyond = {.topic = "trade.S10000-USD.x"};
    char prefix[64];
    for (int i = 0; i <= DEMAND_STRANGERS_MAX; i++) {
        snprintf(prefix, sizeof prefix, "trade.S%d-USD.", i);
        demand_subscribe(fixture->demand, text_of(prefix));
    }
    demand_subscribe(fixture->demand, TEXT("trade.ETH-USD."));
    ck_assert_int_eq(fixture->streams[ETH_A].wanted, 1);
    ck_assert(demand_offer(fixture->demand, text_of(first.topic), &first));
    ck_assert(demand_offer(fixture->demand, text_of(beyond.topic), &beyond));
    ck_assert_int_eq(first.wanted, 1);
    ck_assert_int_eq(beyond.wanted, 0);
    fixture_destroy(fixture);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("demand");
    tcase_add_loop_test(tests, a_prefix_is_demand_for_the_topics_that_it_begins, 0, sizeof prefixes / sizeof *prefixes);
    tcase_add_test(tests, a_stream_is_released_when_its_last_prefix_goes);
    tcase_add_test(tests, the_same_prefix_counts_once);
    tcase_add_test(tests, leaving_without_having_come_changes_nothing);
    tcase_add_test(tests, a_prefix_longer_than_any_topic_is_ignored);
    tcase_add_test(tests, a_thousand_symbols_are_told_apart);
    tcase_add_test(tests, what_is_offered_later_is_wanted_by_who_is_there_already);
    tcase_add_test(tests, what_is_withdrawn_is_not_wanted_and_wanted_when_it_is_back);
    tcase_add_test(tests, two_offers_of_one_topic_are_told_apart);
    tcase_add_test(tests, prefixes_of_what_is_not_offered_are_bounded_and_displace_none);
    return RUN_TESTS("demand", tests);
}
