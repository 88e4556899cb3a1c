/* What a source says of its own health: breaker, score, stale streams. */
#include "tests/unit/source_fixture.h"

static void check_breaker(const char *expected)
{
    status_t status = describe();
    ck_assert_msg(text_equal(status.breaker, text_of(expected)), "%.*s", TEXT_ARG(status.breaker));
}

START_TEST(breaker_that_opens_and_closes_is_told_at_once)
{
    settings.breaker = (breaker_config_t){.failures = 2, .healthy_ms = 1, .open_ms = 2};
    make();
    source_start(source);
    fake_lose(0, "refused");
    check_breaker("closed");
    check_calls("connect lost/down");
    wait_for_call();
    fake_lose(0, "refused");
    check_breaker("open");
    check_calls("connect heartbeat/down");
    wait_for_call();
    check_breaker("half_open");
    check_calls("connect heartbeat/down");
    fakes[0].up->on_connected(fakes[0].arg);
    check_breaker("half_open");
    check_calls("restored/up +BTC-USD +ETH-USD +LTC-USD");
    wait_for_call();
    check_breaker("closed");
    check_calls("heartbeat/up");
}
END_TEST

START_TEST(health_falls_with_a_loss_and_with_a_gap)
{
    make();
    ck_assert_uint_eq(describe().health, 0); /* there is no connection */
    source_start(source);
    fakes[0].up->on_connected(fakes[0].arg);
    ck_assert_uint_eq(describe().health, 100);
    fakes[0].up->on_gap(fakes[0].arg, 7, 9); /* which is a loss, too */
    ck_assert_uint_eq(describe().health, 0);
    calls[0] = '\0';
    wait_for_call();
    fakes[0].up->on_connected(fakes[0].arg);
    ck_assert_uint_eq(describe().health, 80);
}
END_TEST

static void trade_bitcoin(void)
{
    trade("BTC-USD");
}

static void learn_bitcoin(void)
{
    fakes[0].up->on_confirmed(fakes[0].arg, TEXT("BTC-USD"), true);
    feed_until_learned(trade_bitcoin);
}

START_TEST(stale_stream_is_told_and_so_is_its_end)
{
    settings.starvation = (trade_rate_config_t){.enabled = true, .probability = 0.5, .minimum_ms = 1};
    may = false; /* what is done about it is test_subscriber.c's */
    make_connected(false);
    learn_bitcoin();
    wait_for_call();
    check_calls("heartbeat/up");
    status_t status = describe();
    ck_assert_msg(text_starts_with(status.stale, TEXT("{\"BTC-USD\":0.")), "%.*s", TEXT_ARG(status.stale));
    ck_assert_uint_eq(status.health, 87); /* one of three: 40 / 3 */
    trade("BTC-USD");
    check_calls("trade:BTC-USD.exchange");
    ck_assert(text_equal(describe().stale, TEXT("{}")));
    wait_for_call();
    ck_assert(text_starts_with(text_of(calls), TEXT("heartbeat/up"))); /* a moment later, in which it may be stale again */
    while (text_equal(describe().stale, TEXT("{}")))
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    fake_lose(0, "broken wire");
    ck_assert(text_equal(describe().stale, TEXT("{}"))); /* lost says it all */
}
END_TEST

static void trade_all(void)
{
    trade("BTC-USD");
    trade("ETH-USD");
    trade("LTC-USD");
}

START_TEST(of_many_that_have_trades_again_one_status_tells)
{
    settings.starvation = (trade_rate_config_t){.enabled = true, .probability = 0.5, .minimum_ms = 1};
    may = false;
    make_connected(false);
    feed_until_learned(trade_all);
    while (describe().health > 60) /* all three: minus 40 */
        wait_for_call();
    calls[0] = '\0';
    trade_all();
    check_calls("trade:BTC-USD.exchange trade:ETH-USD.exchange trade:LTC-USD.exchange");
    ck_assert(text_equal(describe().stale, TEXT("{}")));
    wait_for_call();
    ck_assert(text_starts_with(text_of(calls), TEXT("heartbeat/up")));
}
END_TEST

START_TEST(unsubscribed_stream_is_not_stale)
{
    settings.starvation = (trade_rate_config_t){.enabled = true, .probability = 0.5, .minimum_ms = 1};
    make_connected(true);
    source_want(source, TEXT("BTC-USD"));
    learn_bitcoin();
    source_release(source, TEXT("BTC-USD"));
    while (!strstr(calls, "-BTC-USD"))
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    ck_assert(text_equal(describe().stale, TEXT("{}")));
    fakes[0].up->on_confirmed(fakes[0].arg, TEXT("BTC-USD"), false);
    calls[0] = '\0';
    for (int i = 0; i < 2; i++) /* two checks go by */
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    check_calls("");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        breaker_that_opens_and_closes_is_told_at_once,
        health_falls_with_a_loss_and_with_a_gap,
        stale_stream_is_told_and_so_is_its_end,
        of_many_that_have_trades_again_one_status_tells,
        unsubscribed_stream_is_not_stale,
    };
    return RUN_TESTS("source_health", TEST_CASE_WITHIN(20, set_up, tear_down, tests));
}
