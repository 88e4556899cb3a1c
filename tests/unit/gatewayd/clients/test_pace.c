#include "gatewayd/clients/pace.h"

#include "tests/unit/gateway_fixture.h"

enum { CROWD = 160, TRADES = 180 /* that a ring of the fixture holds */ };

static loop_t *loop;
static wire_t wires[CROWD];
static client_t *crowd[CROWD];

static void setup(void)
{
    fixture_setup();
    loop = loop_new();
    fixture.hub.pace = pace_new(loop, &fixture.hub.counts.bytes);
    ck_assert_ptr_nonnull(fixture.hub.pace);
}

static void teardown(void)
{
    for (size_t i = 0; i < CROWD; i++) {
        peer_leaves(&crowd[i]);
        buffer_release(&wires[i].sent);
    }
    fixture_teardown();
    pace_destroy(&fixture.hub.pace);
    loop_destroy(&loop);
}

/* All of them come back at once, to get all that the ring has. */
static void come_back(void)
{
    for (size_t i = 0; i < CROWD; i++) {
        wires[i] = (wire_t){.sent = buffer_new(0)};
        crowd[i] = peer_new(&fixture.hub, &wire_link, &wires[i]);
        peer_says(crowd[i], TEXT(SUBSCRIBE(",\"since\":\"7-10\"")));
    }
}

static size_t caught_up(void)
{
    size_t count = 0;
    for (size_t i = 0; i < CROWD; i++)
        count += crowd[i]->readers.behind == 0;
    return count;
}

static void stop_when_all_have(void *arg)
{
    (void)arg;
    if (caught_up() == CROWD)
        loop_stop(loop);
}

START_TEST(who_catches_up_takes_turns_and_live_trades_go_out_between)
{
    subscribe_at_10();
    trades_come(11, 10 + TRADES);
    expect_trades(FIXTURE_EPOCH, 11, 10 + TRADES);
    come_back();
    uint64_t sent = fixture.hub.counts.bytes;
    ck_assert_uint_lt(caught_up(), CROWD);
    trades_come(11 + TRADES, 11 + TRADES);
    expect_trades(FIXTURE_EPOCH, 11 + TRADES, 11 + TRADES); /* at once */
    ck_assert_uint_lt(fixture.hub.counts.bytes - sent, PACE_BURST_MS * PACE_BYTES_PER_MS + 2 * RING_RUN_MAX);
    loop_timer_t *timer = loop_timer_new(loop, stop_when_all_have, NULL);
    loop_timer_start(timer, 1, 1);
    loop_run(loop);
    loop_timer_destroy(&timer);
    for (size_t i = 0; i < CROWD; i++) {
        fixture.wire.taken = 0;
        wire_t mine = fixture.wire;
        fixture.wire = wires[i];
        expect_with("\"recovered\":true");
        expect_trades(FIXTURE_EPOCH, 11, 11 + TRADES);
        expect_nothing();
        fixture.wire = mine;
    }
}
END_TEST

static void stop(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

START_TEST(a_client_that_leaves_while_it_waits_is_forgotten)
{
    subscribe_at_10();
    trades_come(11, 10 + TRADES);
    come_back();
    ck_assert_uint_lt(caught_up(), CROWD);
    for (size_t i = 0; i < CROWD; i++)
        peer_leaves(&crowd[i]);
    loop_timer_t *timer = loop_timer_new(loop, stop, NULL);
    loop_timer_start(timer, 5, 0);
    loop_run(loop);
    loop_timer_destroy(&timer);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {who_catches_up_takes_turns_and_live_trades_go_out_between,
                                  a_client_that_leaves_while_it_waits_is_forgotten};
    return RUN_TESTS("pace", TEST_CASE(setup, teardown, tests));
}
