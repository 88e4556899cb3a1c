/* What connector replay makes of recordings with marks and times (recorded_line.h), and by a definition. */
#include "tests/unit/replay_fixture.h"
#include "tests/unit/run_tests.h"

/* A message of Coinbase's with so many trades. */
static void record_defined(int count)
{
    FILE *out = record();
    fputs("# line 0: connected\n1762795473.5: {\"channel\":\"market_trades\",\"events\":[{\"type\":\"update\",\"trades\":[",
          out);
    for (int i = 0; i < count; i++)
        fprintf(out,
                "%s{\"trade_id\":\"%c\",\"product_id\":\"BTC-USD\",\"price\":\"1\",\"size\":\"2\",\"side\":\"BUY\","
                "\"time\":\"2025-11-10T17:00:00Z\"}",
                i == 0 ? "" : ",", 'a' + i);
    fputs("]}]}\n", out);
    fclose(out);
    config.settings[DEFINITION].text = "deploy/sources/coinbase-advanced.json";
}

START_TEST(a_recording_of_another_source_is_played_by_its_definition)
{
    record_defined(3);
    connect_with(2);
    settle();
    ck_assert_int_eq(trades, 3);
    ck_assert_str_eq(events, "+BTC-USD +ETH-USD a b c ");
}
END_TEST

START_TEST(who_leaves_in_the_midst_of_a_message_is_told_no_more_of_it)
{
    record_defined(3);
    leaves = true;
    connect_with(2);
    settle();
    ck_assert_int_eq(trades, 1);
    leaves = false;
    connect_with(2);
    settle();
    ck_assert_int_eq(trades, 4);
}
END_TEST

START_TEST(recorded_times_set_the_pace)
{
    FILE *out = record();
    for (int i = 0; i < 3; i++) {
        fprintf(out, "%d.%d: ", 1762795473, i * 2);
        print_trade(out, "BTC-USD", "a", "2025-11-10T17:00:00Z");
    }
    fclose(out);
    config.settings[SPEED].number = 1;
    connect_with(2);
    UNTIL(trades >= 1);
    int64_t begin_ns = clock_mono_ns();
    UNTIL(trades == 3);
    ck_assert_int_ge(clock_mono_ns() - begin_ns, 390 * NS_PER_MS);
}
END_TEST

START_TEST(a_definition_that_can_not_be_used_is_named_before_it_plays)
{
    char error[CONNECTOR_ERROR_MAX];
    ck_assert(replay->check(&config, error));
    config.settings[DEFINITION].text = "deploy/sources/okx.json";
    ck_assert(replay->check(&config, error));
    config.settings[DEFINITION].text = "there-is-none.json";
    ck_assert(!replay->check(&config, error));
    ck_assert_str_eq(error, "definition: there-is-none.json: can't open it: No such file or directory");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("replay_recorded");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, a_recording_of_another_source_is_played_by_its_definition);
    tcase_add_test(tests, who_leaves_in_the_midst_of_a_message_is_told_no_more_of_it);
    tcase_add_test(tests, recorded_times_set_the_pace);
    tcase_add_test(tests, a_definition_that_can_not_be_used_is_named_before_it_plays);
    return RUN_TESTS("replay_recorded", tests);
}
