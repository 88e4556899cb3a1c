#include "cached/streams/retention.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

#define HOUR INT64_C(3600000000000)

static retention_t *retention_from(const char *json)
{
    char setting[1024];
    snprintf(setting, sizeof setting, "cached.retention.store=%s", json);
    const char *settings[] = {setting};
    char *environment[] = {NULL};
    config_t *config = config_load(NULL, settings, 1, environment);
    ck_assert_ptr_nonnull(config);
    retention_t *retention = retention_new(config, "cached.retention.store");
    ck_assert_ptr_nonnull(retention);
    config_destroy(&config);
    return retention;
}

static const struct {
    const char *symbol;
    uint64_t trades;
    int64_t age_ns;
} rules[] = {
    {"BTC-USD", 1, 0},          {"ETH-USD", 2, 24 * HOUR}, {"ETH-EUR", 3, 0},
    {"DOGE-USDT", 4, HOUR / 2}, {"BTC-EUR", 5, 0}, /* as many characters as "*-EUR": the first */
};

START_TEST(the_own_name_counts_and_then_the_pattern_with_the_most_characters)
{
    retention_t *retention =
        retention_from("{\"*\":{\"trades\":4,\"hours\":0.5},\"BTC-*\":{\"trades\":5},\"*-EUR\":{\"trades\":3},"
                       "\"*-USD\":{\"trades\":2,\"hours\":24},\"BTC-USD\":{\"trades\":1}}");
    retention_rule_t rule = retention_of(retention, text_of(rules[_i].symbol));
    ck_assert_uint_eq(rule.trades, rules[_i].trades);
    ck_assert_int_eq(rule.age_ns, rules[_i].age_ns);
    retention_destroy(&retention);
}
END_TEST

static const struct {
    const char *subject;
    uint64_t trades;
} channel_rules[] = {
    {"readings.sensor-7", 4}, {"readings.sensor-70", 3}, {"readings.pump", 2}, {"ticker.pump", 1}, {"BTC-USD", 1},
};

START_TEST(rules_are_for_channels_too)
{
    retention_t *retention =
        retention_from("{\"*\":{\"trades\":1},\"readings.*\":{\"trades\":2,\"hours\":2},\"readings.sensor-*\":{\"trades\":3},"
                       "\"readings.sensor-7\":{\"trades\":4}}");
    ck_assert_uint_eq(retention_of(retention, text_of(channel_rules[_i].subject)).trades, channel_rules[_i].trades);
    ck_assert_int_eq(retention_of(retention, TEXT("readings.pump")).age_ns, 2 * HOUR);
    retention_destroy(&retention);
}
END_TEST

START_TEST(without_a_rule_there_is_no_limit)
{
    retention_t *retention = retention_from("{\"*-EUR\":{\"trades\":3}}");
    retention_rule_t rule = retention_of(retention, TEXT("BTC-USD"));
    ck_assert_uint_eq(rule.trades, 0);
    ck_assert_int_eq(rule.age_ns, 0);
    retention_destroy(&retention);
    retention = retention_from("{}");
    ck_assert_uint_eq(retention_of(retention, TEXT("BTC-USD")).trades, 0);
    retention_destroy(&retention);
}
END_TEST

START_TEST(coverage_has_a_rule_of_its_own)
{
    retention_t *retention =
        retention_from("{\"*\":{\"hours\":1},\"coverage.*\":{\"trades\":5},\"ETH-*\":{},\"XRP-*\":{\"trades\":7}}");
    ck_assert_uint_eq(retention_of(retention, TEXT("coverage.BTC-USD")).trades, RETENTION_COVERAGE);
    ck_assert_int_eq(retention_of(retention, TEXT("coverage.BTC-USD")).age_ns, 0);
    ck_assert_uint_eq(retention_of(retention, TEXT("coverage.XRP-USD")).trades, RETENTION_COVERAGE);
    ck_assert_uint_eq(retention_of(retention, TEXT("coverage.ETH-USD")).trades, 0);
    retention_destroy(&retention);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof *(table))

static const struct {
    const char *rules;
    int64_t longest_ns;
} longest[] = {
    {"{}", 0},
    {"{\"*\":{\"hours\":24}}", 24 * HOUR},
    {"{\"*\":{\"hours\":24},\"*-USD\":{\"hours\":48},\"BTC-USD\":{\"hours\":1,\"trades\":5}}", 48 * HOUR},
    {"{\"*\":{\"hours\":24},\"BTC-USD\":{\"trades\":5}}", 0}, /* of any age */
    {"{\"*-USD\":{\"hours\":24}}", 0},                        /* others have no rule */
};

START_TEST(no_trade_outlives_the_longest_age_if_there_is_one_for_all)
{
    retention_t *retention = retention_from(longest[_i].rules);
    ck_assert_int_eq(retention_longest(retention), longest[_i].longest_ns);
    retention_destroy(&retention);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("retention");
    tcase_add_loop_test(tests, the_own_name_counts_and_then_the_pattern_with_the_most_characters, 0, COUNT(rules));
    tcase_add_loop_test(tests, rules_are_for_channels_too, 0, COUNT(channel_rules));
    tcase_add_test(tests, without_a_rule_there_is_no_limit);
    tcase_add_test(tests, coverage_has_a_rule_of_its_own);
    tcase_add_loop_test(tests, no_trade_outlives_the_longest_age_if_there_is_one_for_all, 0, sizeof longest / sizeof *longest);
    return RUN_TESTS("retention", tests);
}
