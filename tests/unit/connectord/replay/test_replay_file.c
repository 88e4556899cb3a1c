/* What is the replay connector's own: pace, laps, when it begins. What every connector must do is test_connector.c's. */
#include "tests/unit/replay_fixture.h"

static void record_three(const char *first, const char *second, const char *third)
{
    FILE *out = record();
    print_trade(out, "BTC-USD", "a", first);
    print_trade(out, "ETH-USD", "b", second);
    print_trade(out, "BTC-USD", "c", third);
    fclose(out);
}

START_TEST(playing_begins_once_everything_is_subscribed)
{
    record_three("2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z");
    connect_with(1);
    settle();
    ck_assert_str_eq(events, "+BTC-USD ");
    replay->subscribe(connector, symbols[1]);
    settle();
    ck_assert_str_eq(events, "+BTC-USD +ETH-USD a b c ");
}
END_TEST

START_TEST(on_demand_playing_begins_at_the_first_subscribe)
{
    record_three("2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z");
    config.demand = true;
    connect_with(1);
    settle();
    ck_assert_str_eq(events, "+BTC-USD a c ");
}
END_TEST

START_TEST(end_of_the_file_is_no_loss)
{
    record_three("2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z");
    connect_with(2);
    settle();
    events[0] = '\0';
    uv_run(loop_uv(loop), UV_RUN_DEFAULT); /* ends, as nothing more is scheduled */
    ck_assert_str_eq(events, "");
    replay->unsubscribe(connector, symbols[0]);
    settle();
    ck_assert_str_eq(events, "-BTC-USD ");
}
END_TEST

START_TEST(each_connection_plays_from_the_start_with_the_same_ids)
{
    record_three("2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z");
    for (int i = 0; i < 3; i++) {
        connect_with(2);
        settle();
        ck_assert_str_eq(events, "+BTC-USD +ETH-USD a b c ");
        replay->disconnect(connector);
    }
}
END_TEST

/* Milliseconds that the three trades take. */
static double play_ms(double speed)
{
    config.settings[SPEED].number = speed;
    connect_with(2);
    UNTIL(trades >= 1);
    int64_t begin_ns = clock_mono_ns();
    UNTIL(trades == 3);
    return (double)(clock_mono_ns() - begin_ns) / (double)NS_PER_MS;
}

START_TEST(speed_one_keeps_the_recorded_pace)
{
    record_three("2025-11-10T17:00:00.000Z", "2025-11-10T17:00:00.100Z", "2025-11-10T17:00:00.300Z");
    ck_assert_double_ge(play_ms(1), 290);
}
END_TEST

START_TEST(speed_n_is_n_times_faster)
{
    record_three("2025-11-10T17:00:00Z", "2025-11-10T17:00:10Z", "2025-11-10T17:00:30Z");
    double took_ms = play_ms(200);
    ck_assert_double_ge(took_ms, 140);
    ck_assert_double_lt(took_ms, 15000);
}
END_TEST

START_TEST(speed_zero_does_not_wait)
{
    record_three("2025-11-10T17:00:00Z", "2025-11-10T17:30:00Z", "2025-11-10T17:59:59Z");
    connect_with(2);
    settle();
    ck_assert_int_eq(trades, 3);
}
END_TEST

START_TEST(seam_between_two_recordings_is_not_waited_for)
{
    record_three("2021-04-17T16:43:37Z", "2025-11-10T17:24:33Z", "2025-11-10T17:24:33.001Z");
    ck_assert_double_lt(play_ms(1), 15000);
}
END_TEST

START_TEST(time_that_goes_back_does_not_stop_it)
{
    record_three("2025-11-10T17:00:10Z", "2025-11-10T17:00:00Z", "2025-11-10T17:00:10Z");
    ck_assert_double_lt(play_ms(1), 5000);
}
END_TEST

START_TEST(later_laps_have_ids_of_their_own)
{
    record_three("2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z");
    config.settings[LOOP].number = true;
    int64_t before_ms = clock_real_ns() / NS_PER_MS;
    connect_with(2);
    UNTIL(trades >= 9);
    replay->disconnect(connector);
    char *at = events, *word;
    long long laps[3] = {0};
    for (int i = 0; i < 9; i++) {
        do
            word = strsep(&at, " ");
        while (*word == '+');
        ck_assert_int_eq(word[0], 'a' + i % 3);
        if (i < 3)
            ck_assert_str_eq(word + 1, "");
        else if (i % 3 == 0)
            ck_assert_int_eq(sscanf(word + 1, ".%lld", &laps[i / 3]), 1);
        else
            ck_assert_int_eq(strtoll(word + 2, NULL, 10), laps[i / 3]);
    }
    ck_assert_int_ge(laps[1], before_ms);
    ck_assert_int_gt(laps[2], laps[1]);
}
END_TEST

START_TEST(loop_over_a_file_without_a_trade_ends)
{
    FILE *out = record();
    fputs("{\"seqnum\":1,\"event\":\"updated\",\"channel\":\"heartbeat\",\"timestamp\":\"2021-01-01T00:00:00Z\"}\n\n", out);
    fclose(out);
    config.settings[LOOP].number = true;
    connect_with(2);
    uv_run(loop_uv(loop), UV_RUN_DEFAULT);
    settle();
    ck_assert_str_eq(events, "+BTC-USD +ETH-USD ");
}
END_TEST

START_TEST(line_that_is_no_frame_is_told_with_its_number)
{
    FILE *out = record();
    print_trade(out, "BTC-USD", "a", "2025-11-10T17:00:00Z");
    fputs("{\"seqnum\":1,\"event\":\"updated\",\"channel\":\"heartbeat\",\"timestamp\":\"2021-01-01T00:00:00Z\"}\n", out);
    fputs("nonsense\n", out);
    for (int i = 0; i < 2000000; i++)
        fputc('x', out);
    fputs("\n\r\n", out);
    print_trade(out, "XRP-USD", "b", "2025-11-10T17:00:00Z"); /* not configured: left out in silence */
    print_trade(out, "BTC-USD", "", "2025-11-10T17:00:00Z");
    print_trade(out, "ETH-USD", "c", "2025-11-10T17:00:00Z");
    fclose(out);
    connect_with(2);
    settle();
    ck_assert_str_eq(events, "+BTC-USD +ETH-USD a malformed:line 3: expected JSON malformed:line 4: over 1 MiB "
                             "malformed:line 7: trade_id: invalid, found  c ");
}
END_TEST

START_TEST(others_get_their_turn_while_it_plays_as_fast_as_it_goes)
{
    FILE *out = record();
    for (int i = 0; i < 5000; i++)
        print_trade(out, "BTC-USD", "a", "2025-11-10T17:00:00Z");
    fclose(out);
    connect_with(2);
    int turns = 0;
    for (int before = -1; trades < 5000; turns += trades != before, before = trades)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    ck_assert_int_ge(turns, 5);
}
END_TEST

START_TEST(file_that_is_none_is_a_loss_that_names_it)
{
    connector = replay->open(loop, NULL, &config, &connector_events, NULL);
    replay->connect(connector);
    UNTIL(strstr(events, "lost"));
    ck_assert_ptr_nonnull(strstr(events, path));
    ck_assert_ptr_nonnull(strstr(events, "No such file"));
    record_three("2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z"); /* now there is one */
    connect_with(2);
    settle();
    ck_assert_int_eq(trades, 3);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("replay_file");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, playing_begins_once_everything_is_subscribed);
    tcase_add_test(tests, on_demand_playing_begins_at_the_first_subscribe);
    tcase_add_test(tests, end_of_the_file_is_no_loss);
    tcase_add_test(tests, each_connection_plays_from_the_start_with_the_same_ids);
    tcase_add_test(tests, speed_one_keeps_the_recorded_pace);
    tcase_add_test(tests, speed_n_is_n_times_faster);
    tcase_add_test(tests, speed_zero_does_not_wait);
    tcase_add_test(tests, seam_between_two_recordings_is_not_waited_for);
    tcase_add_test(tests, time_that_goes_back_does_not_stop_it);
    tcase_add_test(tests, later_laps_have_ids_of_their_own);
    tcase_add_test(tests, loop_over_a_file_without_a_trade_ends);
    tcase_add_test(tests, line_that_is_no_frame_is_told_with_its_number);
    tcase_add_test(tests, others_get_their_turn_while_it_plays_as_fast_as_it_goes);
    tcase_add_test(tests, file_that_is_none_is_a_loss_that_names_it);
    return RUN_TESTS("replay_file", tests);
}
