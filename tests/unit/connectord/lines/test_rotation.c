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

/* Connected lines; what each would miss can be asked for, and the exchange ends a connection after so long. */
static void make_mortal(uint32_t lives_ms)
{
    static const past_t past;
    static connector_t mortal;
    mortal = fake;
    mortal.past = &past;
    mortal.lives_ms = lives_ms;
    lines = redundant_lines_new_with(&mortal, loop, NULL, &settings, &events, NULL);
    ck_assert_ptr_nonnull(lines);
    redundant_lines_start(lines);
    for (size_t i = 0; i < redundant_lines_count(lines); i++)
        connected(i);
    calls[0] = '\0';
}

START_TEST(lines_are_rotated_before_the_exchange_ends_their_connections)
{
    int64_t begin_ns = clock_mono_ns();
    make_mortal(100);
    wait_for("disconnect0 connect0 heartbeat/1/up"); /* 45 ms apart */
    connected(0);
    wait_for("disconnect1 connect1 heartbeat/1/up");
    ck_assert_int_ge(clock_mono_ns() - begin_ns, 89 * NS_PER_MS);
}
END_TEST

START_TEST(what_is_configured_counts_more_than_what_is_known_of_the_exchange)
{
    settings.rotate_ms = 20;
    make_mortal(24 * 3600000);
    wait_for("disconnect0 connect0 heartbeat/1/up");
}
END_TEST

START_TEST(single_line_is_rotated_where_the_exchange_can_be_asked_for_what_it_misses)
{
    settings.lines = 1;
    int64_t begin_ns = clock_mono_ns();
    make_mortal(60);
    wait_for("connect0");
    check_calls("disconnect0 lost/0/down connect0");
    ck_assert_int_ge(clock_mono_ns() - begin_ns, 53 * NS_PER_MS);
    ck_assert(text_equal(describe().reason, TEXT("renewed before the exchange ends the connection")));
    connected(0);
    check_calls("restored/1/up +0:BTC-USD");
    wait_for("disconnect0"); /* and so on */
}
END_TEST

START_TEST(single_line_that_is_down_at_its_turn_is_left_alone)
{
    settings.lines = 1;
    make_mortal(20);
    lost(0, "cut");
    wait_for("connect0");
    calls[0] = '\0';
    run_on(60);
    check_calls("later");
}
END_TEST

START_TEST(single_line_that_lives_as_long_as_it_likes_is_left_alone)
{
    settings.lines = 1;
    make_mortal(0);
    run_on(20);
    check_calls("later");
}
END_TEST

START_TEST(single_line_is_not_rotated_where_nobody_can_be_asked_for_what_it_misses)
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
        lines_are_rotated_before_the_exchange_ends_their_connections,
        what_is_configured_counts_more_than_what_is_known_of_the_exchange,
        single_line_is_rotated_where_the_exchange_can_be_asked_for_what_it_misses,
        single_line_that_is_down_at_its_turn_is_left_alone,
        single_line_that_lives_as_long_as_it_likes_is_left_alone,
        single_line_is_not_rotated_where_nobody_can_be_asked_for_what_it_misses,
        loss_of_the_other_line_during_a_rotation_is_a_loss,
        rotation_does_not_forget_a_release,
    };
    return RUN_TESTS("rotation", TEST_CASE_WITHIN(20, set_up, tear_down, tests));
}
