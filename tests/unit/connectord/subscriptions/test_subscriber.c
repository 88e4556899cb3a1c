/* What a source does about subscriptions that fail and streams that go stale, over a connector that the test plays. */
#include "common/clock.h"
#include "tests/unit/source_fixture.h"

static void confirm(const char *symbol, bool subscribed)
{
    fakes[0].up->on_confirmed(fakes[0].arg, text_of(symbol), subscribed);
}

static void reject(const char *symbol, const char *reason)
{
    fakes[0].up->on_rejected(fakes[0].arg, text_of(symbol), text_of(reason));
}

static void check_failing(const char *failing)
{
    status_t status = describe();
    ck_assert_msg(text_equal(status.failing, text_of(failing)), "%.*s", TEXT_ARG(status.failing));
}

START_TEST(refused_symbol_is_told_and_asked_for_again_until_it_is_confirmed)
{
    make_connected(false);
    confirm("BTC-USD", true);
    confirm("LTC-USD", true);
    for (uint64_t i = 1; i <= 3; i++) {
        reject("ETH-USD", "Service temporarily \"unavailable\"");
        check_failing("{\"ETH-USD\":\"Service temporarily \\\"unavailable\\\"\"}");
        wait_for("+ETH-USD");
        ck_assert_uint_eq(describe().retries, i);
        calls[0] = '\0';
    }
    ck_assert_uint_eq(describe().health, 87); /* one of three: 40 / 3 */
    confirm("ETH-USD", true);
    wait_for_call();
    check_calls("heartbeat/up");
    check_failing("{}");
    ck_assert_uint_eq(describe().health, 100);
}
END_TEST

START_TEST(symbol_that_is_not_answered_is_asked_for_again)
{
    settings.confirm_ms = 1;
    make_connected(false);
    confirm("BTC-USD", true);
    confirm("LTC-USD", true);
    wait_for("+ETH-USD");
    check_failing("{\"ETH-USD\":\"the exchange does not answer\"}");
    ck_assert_ptr_null(strstr(calls, "+BTC-USD"));
}
END_TEST

START_TEST(answer_is_awaited_from_when_the_limit_lets_the_question_out)
{
    settings.confirm_ms = 1;
    settings.messages_per_minute = 600; /* 100 ms each */
    int64_t begin_ns = clock_mono_ns();
    make_connected(false);
    wait_for("heartbeat/up");
    ck_assert_int_ge(clock_mono_ns() - begin_ns, 101 * NS_PER_MS);
    ck_assert(text_starts_with(describe().failing, TEXT("{\"BTC-USD\":\"the exchange does not answer\"")));
}
END_TEST

START_TEST(trade_says_that_it_is_subscribed)
{
    make_connected(false);
    reject("ETH-USD", "no");
    trade("ETH-USD");
    check_failing("{}");
}
END_TEST

START_TEST(symbol_that_the_exchange_drops_is_asked_for_again)
{
    make_connected(false);
    confirm("ETH-USD", true);
    confirm("ETH-USD", false);
    check_failing("{\"ETH-USD\":\"unsubscribed by the exchange\"}");
    wait_for("+ETH-USD");
    confirm("ETH-USD", true);
    check_failing("{}");
}
END_TEST

START_TEST(answers_that_nobody_asked_for_change_nothing)
{
    make_connected(true);
    confirm("BTC-USD", true);
    confirm("XRP-USD", true); /* is not offered */
    reject("BTC-USD", "no");
    reject("", "slower");
    check_failing("{}");
    run_on(5);
    check_calls("later");
}
END_TEST

START_TEST(released_symbol_does_not_fail_and_is_asked_for_no_more)
{
    make_connected(true);
    source_want(source, TEXT("ETH-USD"));
    reject("ETH-USD", "no");
    source_release(source, TEXT("ETH-USD"));
    wait_for("-ETH-USD");
    check_failing("{}");
    wait_for("heartbeat/up");
    calls[0] = '\0';
    run_on(20);
    check_calls("later");
}
END_TEST

START_TEST(lost_connection_ends_the_failing_and_a_new_one_asks_for_all)
{
    make_connected(false);
    reject("ETH-USD", "no");
    fake_lose(0, "broken wire");
    check_failing("{}");
    wait_for("connect");
    calls[0] = '\0';
    fakes[0].up->on_connected(fakes[0].arg);
    check_calls("restored/up +BTC-USD +ETH-USD +LTC-USD");
}
END_TEST

START_TEST(many_failures_are_told_in_one_go)
{
    make_connected(false);
    reject("BTC-USD", "no");
    reject("ETH-USD", "no");
    reject("LTC-USD", "no");
    check_failing("{\"BTC-USD\":\"no\",\"ETH-USD\":\"no\",\"LTC-USD\":\"no\"}");
    ck_assert_uint_eq(describe().health, 60);
    wait_for("heartbeat/up");
    ck_assert_ptr_eq(strstr(calls, "heartbeat"), strrchr(calls, 'h'));
}
END_TEST

START_TEST(symbols_that_change_keep_what_fails)
{
    make_connected(false);
    reject("ETH-USD", "no");
    source_config_t next = {.symbols = calloc(2, sizeof *next.symbols), .symbol_count = 2};
    ck_assert_ptr_nonnull(next.symbols);
    next.symbols[0] = TEXT("XRP-USD");
    next.symbols[1] = TEXT("ETH-USD");
    ck_assert(source_change_symbols(source, &next));
    source_config_release(&next);
    check_failing("{\"ETH-USD\":\"no\"}");
    wait_for("+ETH-USD");
}
END_TEST

static void trade_bitcoin(void)
{
    trade("BTC-USD");
}

/* A source whose stream of BTC-USD is learned and then silent; with `reconnect_ms`. */
static void make_stale(uint32_t reconnect_ms)
{
    settings.starvation =
        (trade_rate_config_t){.enabled = true, .probability = 0.2, .minimum_ms = 1, .reconnect_ms = reconnect_ms};
    make_connected(false);
    confirm("BTC-USD", true);
    feed_until_learned(trade_bitcoin);
}

START_TEST(stale_stream_is_subscribed_again_and_stays_so_until_it_has_a_trade)
{
    make_stale(0);
    wait_for("-BTC-USD");
    confirm("BTC-USD", false);
    ck_assert_ptr_nonnull(strstr(calls, "heartbeat/up -BTC-USD +BTC-USD")); /* it is told before anything can end it */
    confirm("BTC-USD", true);
    ck_assert(text_starts_with(describe().stale, TEXT("{\"BTC-USD\":")));
    check_failing("{}");
    ck_assert_uint_eq(describe().resubscribes, 1);
    trade("BTC-USD");
    ck_assert(text_equal(describe().stale, TEXT("{}")));
}
END_TEST

START_TEST(stream_that_stays_stale_is_reconnected_when_a_resubscribe_did_not_help)
{
    make_stale(1);
    wait_for("-BTC-USD");
    confirm("BTC-USD", false);
    confirm("BTC-USD", true);
    wait_for("disconnect lost/down");
    ck_assert_ptr_null(strstr(strstr(calls, "+BTC-USD"), "-BTC-USD"));
    ck_assert(text_starts_with(describe().reason, TEXT("no trades of BTC-USD for ")));
    ck_assert_uint_eq(describe().gaps, 0);
    wait_for("connect");
}
END_TEST

START_TEST(stream_that_nobody_else_carries_is_not_left)
{
    may = false;
    make_stale(1);
    wait_for("heartbeat/up");
    run_on(600); /* two checks */
    check_calls("heartbeat/up later");
    may = true;
    wait_for("-BTC-USD");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        refused_symbol_is_told_and_asked_for_again_until_it_is_confirmed,
        symbol_that_is_not_answered_is_asked_for_again,
        answer_is_awaited_from_when_the_limit_lets_the_question_out,
        trade_says_that_it_is_subscribed,
        symbol_that_the_exchange_drops_is_asked_for_again,
        answers_that_nobody_asked_for_change_nothing,
        released_symbol_does_not_fail_and_is_asked_for_no_more,
        lost_connection_ends_the_failing_and_a_new_one_asks_for_all,
        many_failures_are_told_in_one_go,
        symbols_that_change_keep_what_fails,
        stale_stream_is_subscribed_again_and_stays_so_until_it_has_a_trade,
        stream_that_stays_stale_is_reconnected_when_a_resubscribe_did_not_help,
        stream_that_nobody_else_carries_is_not_left,
    };
    return RUN_TESTS("subscriber", TEST_CASE_WITHIN(20, set_up, tear_down, tests));
}
