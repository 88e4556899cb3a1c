/* Subscribes that wait: each is looked at when what it waits for has come, whatever else does; and there are not too many of them. */
#include "tests/unit/gateway_fixture.h"

enum { CROWD = 100 };

static wire_t wires[CROWD];
static client_t *crowd[CROWD];

static void setup(void)
{
    fixture_setup();
    for (size_t i = 0; i < CROWD; i++) {
        wires[i] = (wire_t){.sent = buffer_new(0)};
        crowd[i] = peer_new(&fixture.hub, &wire_link, &wires[i]);
    }
}

static void teardown(void)
{
    for (size_t i = 0; i < CROWD; i++) {
        peer_leaves(&crowd[i]);
        buffer_release(&wires[i].sent);
    }
    fixture_teardown();
}

static void subscribe_since(client_t *client, uint64_t seq)
{
    char text[256];
    snprintf(text, sizeof text, SUBSCRIBE(",\"since\":\"7-%llu\""), (unsigned long long)seq);
    peer_says(client, text_of(text));
}

/* Each of the crowd waits for the trade of its number behind 7-1000, in no order. */
static void all_wait(void)
{
    subscribe_at_10();
    for (size_t i = 0; i < CROWD; i++)
        subscribe_since(crowd[i], 1001 + i * 37 % CROWD);
    ck_assert_uint_eq(fixture.hub.waits.count, CROWD);
}

static size_t answered(void)
{
    size_t count = 0;
    for (size_t i = 0; i < CROWD; i++)
        count += wires[i].sent.length > 0;
    return count;
}

START_TEST(what_has_not_come_costs_a_drain_nothing)
{
    all_wait();
    uint64_t looks = fixture.hub.counts.looks;
    for (uint64_t seq = 11; seq <= 1000; seq++)
        trades_come(seq, seq);
    pass_ms(SUBSCRIBE_RESUME_MS - 1);
    ck_assert_uint_eq(fixture.hub.counts.looks, looks);
    ck_assert_uint_eq(answered(), 0);
}
END_TEST

START_TEST(each_goes_on_when_the_stream_comes_to_its_place)
{
    all_wait();
    uint64_t looks = fixture.hub.counts.looks;
    for (uint64_t count = 1; count <= CROWD; count++) {
        trades_come(count == 1 ? 11 : 1000 + count, 1000 + count);
        ck_assert_uint_eq(answered(), count);
    }
    ck_assert_uint_eq(fixture.hub.counts.looks, looks + CROWD);
    ck_assert_uint_eq(fixture.hub.waits.count, 0);
}
END_TEST

START_TEST(what_never_comes_is_told_when_its_time_is_over)
{
    all_wait();
    pass_ms(SUBSCRIBE_RESUME_MS);
    ck_assert_uint_eq(answered(), CROWD);
    ck_assert_ptr_nonnull(memmem(wires[0].sent.bytes, wires[0].sent.length, "\"recovered\":false", 17));
}
END_TEST

START_TEST(who_leaves_waits_no_more)
{
    all_wait();
    for (size_t i = 0; i < CROWD; i += 2)
        peer_leaves(&crowd[i]);
    ck_assert_uint_eq(fixture.hub.waits.count, CROWD / 2);
    trades_come(11, 1000 + CROWD);
    ck_assert_uint_eq(answered(), CROWD / 2);
}
END_TEST

START_TEST(of_one_client_only_some_wait_for_the_same_symbol)
{
    subscribe_at_10();
    for (size_t i = 0; i < WAITS_PER_SYMBOL_MAX; i++)
        subscribe_since(fixture.client, 1000);
    expect_nothing();
    subscribe_since(fixture.client, 1000);
    expect_with("\"error\":{\"code\":-32001,\"message\":\"Too many waiting subscribes to BTC-USD: at most 16\"}");
    subscribe_since(crowd[0], 1000);
    ck_assert_uint_eq(answered(), 0); /* another one may */
    trades_come(11, 1000);
    for (size_t i = 0; i < WAITS_PER_SYMBOL_MAX; i++)
        expect_with("\"recovered\":true");
    subscribe_since(fixture.client, 2000); /* those that have gone on don't count */
    expect_nothing();
}
END_TEST

START_TEST(who_is_refused_and_had_nothing_before_leaves_nothing)
{
    subscribe_at_10();
    waits_t *waits = &fixture.hub.waits;
    waits->count += WAITS_MAX;
    subscribe_since(crowd[0], 1000);
    waits->count -= WAITS_MAX;
    ck_assert_ptr_nonnull(memmem(wires[0].sent.bytes, wires[0].sent.length, "\"code\":-32000", 13));
    ck_assert_ptr_nonnull(memmem(wires[0].sent.bytes, wires[0].sent.length, "Not ready: too many waiting subscribes", 38));
    ck_assert_uint_eq(fixture.hub.subscription_count, 1);
}
END_TEST

START_TEST(a_status_is_what_those_wait_for_who_ask_for_a_symbol_that_nobody_offers_yet)
{
    hear("b", true, "{\"ETH-USD\":1}");
    for (size_t i = 0; i < CROWD; i++)
        peer_says(crowd[i], TEXT(SUBSCRIBE("")));
    pass_ms(1);
    uint64_t looks = fixture.hub.counts.looks;
    for (int i = 0; i < 10; i++)
        pass_ms(1);
    ck_assert_uint_eq(fixture.hub.counts.looks, looks);
    hear("a", true, "{\"BTC-USD\":10}");
    pass_ms(1);
    follow(BTC, FIXTURE_EPOCH, 10);
    ck_assert_uint_eq(answered(), CROWD);
}
END_TEST

START_TEST(many_that_are_due_at_once_go_on_in_turns)
{
    enum { MANY = 1500 };
    static wire_t wire;
    client_t **many = calloc(MANY, sizeof *many);
    subscribe_at_10();
    wire = (wire_t){.sent = buffer_new(0)};
    for (size_t i = 0; i < MANY; i++) {
        many[i] = peer_new(&fixture.hub, &wire_link, &wire);
        subscribe_since(many[i], 11);
    }
    trades_come(11, 11);
    ck_assert_uint_gt(fixture.hub.waits.count, 0);
    for (int i = 0; i < 4; i++)
        pass_ms(1);
    ck_assert_uint_eq(fixture.hub.waits.count, 0);
    for (size_t i = 0; i < MANY; i++)
        peer_leaves(&many[i]);
    free(many);
    buffer_release(&wire.sent);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        what_has_not_come_costs_a_drain_nothing,
        each_goes_on_when_the_stream_comes_to_its_place,
        what_never_comes_is_told_when_its_time_is_over,
        who_leaves_waits_no_more,
        of_one_client_only_some_wait_for_the_same_symbol,
        who_is_refused_and_had_nothing_before_leaves_nothing,
        a_status_is_what_those_wait_for_who_ask_for_a_symbol_that_nobody_offers_yet,
        many_that_are_due_at_once_go_on_in_turns,
    };
    return RUN_TESTS("waits", TEST_CASE(setup, teardown, tests));
}
