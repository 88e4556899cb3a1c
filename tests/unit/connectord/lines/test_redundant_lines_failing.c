/* Lines whose subscriptions fail or whose streams go stale: what one line lacks another has, and none is left while no other
 * carries. */
#include "tests/unit/redundant_lines_fixture.h"

static void confirm(size_t line, bool subscribed)
{
    fakes[line].up->on_confirmed(fakes[line].arg, TEXT("BTC-USD"), subscribed);
}

static void reject(size_t line, const char *reason)
{
    fakes[line].up->on_rejected(fakes[line].arg, TEXT("BTC-USD"), text_of(reason));
}

static void check_failing(const char *failing)
{
    status_t status = describe();
    ck_assert_msg(text_equal(status.failing, text_of(failing)), "%.*s", TEXT_ARG(status.failing));
}

START_TEST(what_fails_on_every_line_fails_and_what_one_line_has_does_not)
{
    make_connected();
    confirm(0, true);
    reject(1, "no");
    check_failing("{}");
    lost(0, "cut");
    check_failing("{\"BTC-USD\":\"no\"}");
    wait_for("connect0");
    connected(0);
    check_failing("{}"); /* it may have it, as far as is known */
    reject(0, "no");
    check_failing("{\"BTC-USD\":\"no\"}");
    confirm(1, true);
    check_failing("{}");
}
END_TEST

START_TEST(tries_of_all_lines_are_counted)
{
    make_connected();
    reject(0, "no");
    reject(1, "no");
    wait_for("+0:BTC-USD");
    wait_for("+1:BTC-USD");
    ck_assert_uint_ge(describe().retries, 2);
}
END_TEST

START_TEST(line_that_has_a_symbol_to_itself_is_not_rotated)
{
    settings.rotate_ms = 2;
    settings.backoff = (backoff_config_t){.initial_ms = 60000, .maximum_ms = 60000, .multiplier = 1};
    make_connected();
    confirm(0, true);
    reject(1, "no");
    wait_for("heartbeat");
    calls[0] = '\0';
    run_on(40);
    check_calls("later");
    confirm(1, true);
    wait_for("disconnect0");
}
END_TEST

static void trade_on_both(void)
{
    trade(0);
    trade(1);
}

START_TEST(only_one_line_at_a_time_is_without_a_stale_symbol)
{
    settings.starvation = (trade_rate_config_t){.enabled = true, .probability = 0.2, .minimum_ms = 1};
    make_connected();
    confirm(0, true);
    confirm(1, true);
    feed_until_learned(trade_on_both);
    while (!strstr(calls, "-0:BTC-USD") && !strstr(calls, "-1:BTC-USD"))
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    size_t first = strstr(calls, "-1:BTC-USD") != NULL;
    const char *first_left = first == 0 ? "-0:BTC-USD" : "-1:BTC-USD", *second_left = first == 0 ? "-1:BTC-USD" : "-0:BTC-USD";
    run_on(600); /* two checks, in which the other would be left, too */
    ck_assert_ptr_null(strstr(calls, second_left));
    while (!strstr(calls, second_left)) { /* the first one's next turn may come before */
        if (strstr(calls, first_left)) {
            calls[0] = '\0';
            confirm(first, false);
            confirm(first, true);
        }
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    }
    ck_assert_uint_ge(describe().resubscribes, 2);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        what_fails_on_every_line_fails_and_what_one_line_has_does_not,
        tries_of_all_lines_are_counted,
        line_that_has_a_symbol_to_itself_is_not_rotated,
        only_one_line_at_a_time_is_without_a_stale_symbol,
    };
    return RUN_TESTS("lines_failing", TEST_CASE_WITHIN(20, set_up, tear_down, tests));
}
