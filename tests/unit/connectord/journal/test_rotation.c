/* Lines that reconnect in turn. */
#include "common/clock.h"
#include "tests/unit/redundant_lines_fixture.h"

START_TEST(rotation_makes_one_line_anew_in_turn)
{
    settings.rotate_ms = 20;
    make_connected();
    wait_for("connect0 heartbeat/1/up"); /* which is within "disconnect0 connect0 …" */
    check_calls("disconnect0 connect0 heartbeat/1/up");
    connected(0);
    check_calls("heartbeat/2/up +0:BTC-USD");
    wait_for("connect1 heartbeat/1/up");
    check_calls("disconnect1 connect1 heartbeat/1/up");
}
END_TEST

START_TEST(rotation_waits_for_the_other_line)
{
    settings.rotate_ms = 4;
    make_connected();
    lost(1, "cut");
    for (int i = 0; i < 20; i++) { /* longer than several rotations; line 1 tries and fails all the while */
        wait_for("connect1");
        calls[0] = '\0';
        lost(1, "cut");
        check_calls("");
    }
    ck_assert_uint_eq(redundant_lines_connected(lines), 1);
    wait_for("connect1");
    connected(1);
    wait_for("disconnect0");
    ck_assert_uint_eq(describe().reconnects, 1);
}
END_TEST

START_TEST(rotation_waits_until_the_other_line_has_settled)
{
    settings.rotate_ms = 2;
    settings.settle_ms = 40;
    make();
    connected(0);
    connected(1);
    calls[0] = '\0';
    int64_t begin_ns = clock_mono_ns();
    wait_for("disconnect0");
    ck_assert_int_ge(clock_mono_ns() - begin_ns, 38 * NS_PER_MS); /* the lines were connected before `begin` */
    connected(0);
    begin_ns = clock_mono_ns();
    wait_for("disconnect1");
    ck_assert_int_ge(clock_mono_ns() - begin_ns, 38 * NS_PER_MS);
}
END_TEST

START_TEST(rotation_waits_until_others_bring_what_the_line_holds)
{
    settings.rotate_ms = 2;
    lags[0] = true;
    make_connected();
    run_on(20);
    check_calls("later");
    lags[0] = false;
    wait_for("disconnect0");
}
END_TEST

START_TEST(rotation_leaves_time_for_the_subscriptions)
{
    settings.rotate_ms = 2;
    settings.messages_per_minute = 2 * 60000 / 40; /* of two lines: 40 ms for the one symbol */
    make_connected();
    int64_t begin_ns = clock_mono_ns();
    wait_for("disconnect0");
    ck_assert_int_ge(clock_mono_ns() - begin_ns, 38 * NS_PER_MS);
}
END_TEST

START_TEST(one_line_is_never_rotated)
{
    settings.lines = 1;
    settings.rotate_ms = 1;
    make();
    connected(0);
    calls[0] = '\0';
    run_on(20); /* for longer than the rotations here are apart */
    check_calls("later");
}
END_TEST

START_TEST(loss_of_the_other_line_during_a_rotation_is_a_loss)
{
    settings.rotate_ms = 20;
    make_connected();
    wait_for("disconnect0");
    calls[0] = '\0';
    lost(1, "cut");
    check_calls("lost/0/down");
    connected(0);
    check_calls("restored/1/up +0:BTC-USD");
}
END_TEST

START_TEST(rotation_does_not_forget_a_release)
{
    settings.demand = true;
    settings.rotate_ms = 20;
    settings.grace_ms = 2000; /* the rotation, and what follows here, comes before its end, on a busy machine, too */
    make_connected();
    redundant_lines_want(lines, TEXT("BTC-USD"));
    redundant_lines_release(lines, TEXT("BTC-USD"));
    wait_for("connect0 heartbeat/1/up");
    connected(0);
    wait_for("-0:BTC-USD");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        rotation_makes_one_line_anew_in_turn,
        rotation_waits_for_the_other_line,
        rotation_waits_until_the_other_line_has_settled,
        rotation_waits_until_others_bring_what_the_line_holds,
        rotation_leaves_time_for_the_subscriptions,
        one_line_is_never_rotated,
        loss_of_the_other_line_during_a_rotation_is_a_loss,
        rotation_does_not_forget_a_release,
    };
    return RUN_TESTS("rotation", TEST_CASE_WITHIN(20, set_up, tear_down, tests));
}
