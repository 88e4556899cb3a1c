#include "gatewayd/clients/fanout.h"

#include "common/loop/share.h"
#include "tests/unit/gateway_fixture.h"

enum { CROWD = 20, LAST = 60 };

static loop_t *loop;
static wire_t wires[CROWD];
static client_t *crowd[CROWD];
static uint64_t come; /* trades, so far */

static bool fan_out(void *arg)
{
    return fanout_step(arg);
}

/* A piece in a turn. */
static void setup(void)
{
    fixture_setup();
    loop = loop_new();
    subscribe_at_10();
    for (size_t i = 0; i < CROWD; i++) {
        wires[i] = (wire_t){.sent = buffer_new(0)};
        crowd[i] = peer_new(&fixture.hub, &wire_link, &wires[i]);
        peer_says(crowd[i], TEXT(SUBSCRIBE("")));
    }
    fixture.hub.trades = share_new(loop, 0, fan_out, &fixture.hub);
    come = 10;
}

static void teardown(void)
{
    for (size_t i = 0; i < CROWD; i++) {
        peer_leaves(&crowd[i]);
        buffer_release(&wires[i].sent);
    }
    share_destroy(&fixture.hub.trades);
    fixture_teardown();
    loop_destroy(&loop);
}

static size_t writes(void)
{
    size_t count = 0;
    for (size_t i = 0; i < CROWD; i++)
        count += wires[i].writes > 1; /* the answer was one */
    return count;
}

/* One more comes while the pass goes on. */
static void on_turn(void *arg)
{
    (void)arg;
    if (come < LAST)
        trades_come(come + 1, come + 1);
    come += come < LAST;
    if (come == LAST && list_empty(&fixture.hub.pumping) && fixture.hub.untouched == 0)
        loop_stop(loop);
}

static void run_until_all_is_out(void)
{
    loop_turn_t *turn = loop_turn_new(loop, on_turn, NULL);
    loop_run(loop);
    loop_turn_destroy(&turn);
}

static void expect_all(size_t client)
{
    wire_t mine = fixture.wire;
    fixture.wire = wires[client];
    fixture.wire.taken = 0;
    expect_with("\"event\":\"subscribed\"");
    expect_trades(FIXTURE_EPOCH, 11, LAST);
    expect_nothing();
    fixture.wire = mine;
}

START_TEST(a_pass_takes_one_turn_after_the_other_and_nobody_misses_a_trade_or_gets_it_twice)
{
    trades_come(11, 11);
    come = 11;
    ck_assert_uint_eq(writes(), 0); /* the live stream's readers were told, no more */
    run_until_all_is_out();
    for (size_t i = 0; i < CROWD; i++)
        expect_all(i);
}
END_TEST

START_TEST(who_leaves_in_the_midst_of_a_pass_is_forgotten)
{
    trades_come(11, 11);
    come = 11;
    peer_leaves(&crowd[3]);
    peer_leaves(&crowd[CROWD - 1]);
    run_until_all_is_out();
    expect_all(0);
    expect_all(4);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_pass_takes_one_turn_after_the_other_and_nobody_misses_a_trade_or_gets_it_twice,
                                  who_leaves_in_the_midst_of_a_pass_is_forgotten};
    return RUN_TESTS("fanout", TEST_CASE(setup, teardown, tests));
}
