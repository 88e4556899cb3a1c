/* What roles say, as the configuration has them. */
#include "gatewayd/auth/roles.h"

#include "common/clock.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>

static roles_t *roles;

static void load_roles(const char *json)
{
    char setting[2048];
    char *environment[] = {NULL};
    snprintf(setting, sizeof setting, "gatewayd.roles=%s", json);
    const char *settings[] = {setting};
    config_t *config = config_load(NULL, settings, 1, environment);
    ck_assert_ptr_nonnull(config);
    roles = roles_new(config);
    ck_assert_ptr_nonnull(roles);
    config_destroy(&config); /* nothing of it is needed */
}

static void forget_roles(void)
{
    roles_destroy(&roles);
}

START_TEST(a_role_that_says_nothing_may_all_but_operate)
{
    load_roles("{\"trader\":{}}");
    const role_t *trader = roles_find(roles, TEXT("trader"));
    const role_limits_t none = {0};
    ck_assert_ptr_nonnull(trader);
    ck_assert(role_may_symbol(trader, TEXT("trades"), TEXT("BTC-USD")) &&
              role_may_symbol(trader, TEXT("readings"), TEXT("sensor-7")));
    ck_assert(role_may_method(trader, TEXT("subscribe")) && !role_may_method(trader, TEXT("clearHistory")));
    ck_assert(!role_is_operator(trader));
    ck_assert_mem_eq(role_limits(trader), &none, sizeof none);
    ck_assert_ptr_null(roles_find(roles, TEXT("Trader")));
    ck_assert_ptr_null(roles_find(roles, TEXT("")));
}
END_TEST

START_TEST(patterns_say_what_it_may_see)
{
    load_roles("{\"a.b\":{\"symbols\":[\"*-USD\",\"ETH-EUR\"],\"channels\":[\"trades\",\"read*\"]},\"a\":{},\"a.b.symbols\":{"
               "\"symbols\":[]}}");
    const role_t *role = roles_find(roles, TEXT("a.b"));
    ck_assert(text_equal(role_name(role), TEXT("a.b")));
    ck_assert(role_may_symbol(role, TEXT("trades"), TEXT("BTC-USD")));
    ck_assert(role_may_symbol(role, TEXT("trades"), TEXT("ETH-EUR")));
    ck_assert(!role_may_symbol(role, TEXT("trades"), TEXT("BTC-EUR")));
    ck_assert(!role_may_symbol(role, TEXT("trades"), TEXT("BTC-USDT")));
    ck_assert(role_may_symbol(role, TEXT("readings"), TEXT("x-USD")));
    ck_assert(!role_may_symbol(role, TEXT("ticker"), TEXT("BTC-USD")));
    ck_assert(role_may_channel(role, TEXT("readings")) && !role_may_channel(role, TEXT("coverage")));
    const role_t *blind = roles_find(roles, TEXT("a.b.symbols"));
    ck_assert(!role_may_symbol(blind, TEXT("trades"), TEXT("BTC-USD")) && !role_may_channel(blind, TEXT("trades")));
}
END_TEST

START_TEST(methods_are_named_in_any_case)
{
    load_roles("{\"a\":{\"methods\":[\"subscribe\",\"getCandles\",\"clearHistory\"]},\"o\":{\"operator\":true},\"n\":{"
               "\"methods\":[]}}");
    const role_t *a = roles_find(roles, TEXT("a")), *o = roles_find(roles, TEXT("o")), *n = roles_find(roles, TEXT("n"));
    ck_assert(role_may_method(a, TEXT("SUBSCRIBE")) && role_may_method(a, TEXT("clearHistory")));
    ck_assert(!role_may_method(a, TEXT("unsubscribe")) && !role_may_method(a, TEXT("getCandle")) &&
              !role_may_method(a, TEXT("")));
    ck_assert(role_may_method(o, TEXT("clearhistory")) && role_is_operator(o) && !role_is_operator(a));
    ck_assert(!role_may_method(n, TEXT("ping")));
}
END_TEST

START_TEST(limits_are_in_units_of_their_own)
{
    load_roles(
        "{\"a\":{\"history_hours\":1.5,\"delay_ms\":900000,\"subscriptions\":7,\"messages_per_second\":5,\"connections\":2,"
        "\"bytes_per_second\":100000000000}}");
    const role_limits_t *limits = role_limits(roles_find(roles, TEXT("a")));
    ck_assert_int_eq(limits->history_ns, 5400 * NS_PER_S);
    ck_assert_int_eq(limits->delay_ns, 900 * NS_PER_S);
    ck_assert(limits->subscriptions == 7 && limits->messages_per_second == 5 && limits->connections == 2);
    ck_assert_uint_eq(limits->bytes_per_second, 100000000000);
}
END_TEST

START_TEST(what_it_may_see_of_time_ends_on_whole_seconds)
{
    int64_t now_ns = INT64_C(1762732861) * NS_PER_S + 500;
    load_roles("{\"a\":{\"history_hours\":1,\"delay_ms\":1500},\"b\":{}}");
    period_t a = role_period(roles_find(roles, TEXT("a")), now_ns), b = role_period(roles_find(roles, TEXT("b")), now_ns);
    ck_assert_int_eq(a.after_ns, (INT64_C(1762732861) - 3600 + 1) * NS_PER_S);
    ck_assert_int_eq(a.before_ns, (INT64_C(1762732861) - 2) * NS_PER_S);
    ck_assert(period_is_all(b) && !period_is_all(a));
    ck_assert(!period_has(a, a.after_ns) && period_has(a, a.after_ns + 1) && period_has(a, a.before_ns - 1));
    ck_assert(!period_has(a, a.before_ns) && period_has(b, now_ns));
    period_t both = period_both(a, (period_t){a.after_ns - 1, a.before_ns - 1});
    ck_assert(both.after_ns == a.after_ns && both.before_ns == a.before_ns - 1);
}
END_TEST

START_TEST(a_role_outlives_its_table)
{
    load_roles("{\"a\":{\"symbols\":[\"X-*\"]}}");
    role_t *role = role_keep(roles_find(roles, TEXT("a")));
    roles_destroy(&roles);
    ck_assert(role_may_symbol(role, TEXT("trades"), TEXT("X-Y")) && text_equal(role_name(role), TEXT("a")));
    role_release(&role);
    ck_assert_ptr_null(role);
}
END_TEST

START_TEST(without_tokens_everyone_may_what_they_could)
{
    role_t *everyone = role_new_everyone();
    ck_assert(role_may_symbol(everyone, TEXT("trades"), TEXT("X-Y")) && role_may_method(everyone, TEXT("clearHistory")));
    ck_assert(!role_is_operator(everyone));
    role_release(&everyone);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_role_that_says_nothing_may_all_but_operate,
                                  patterns_say_what_it_may_see,
                                  methods_are_named_in_any_case,
                                  limits_are_in_units_of_their_own,
                                  what_it_may_see_of_time_ends_on_whole_seconds,
                                  a_role_outlives_its_table,
                                  without_tokens_everyone_may_what_they_could};
    return RUN_TESTS("roles", TEST_CASE(NULL, forget_roles, tests));
}
