/* Settings of a source: read, copied and compared. */
#include "common/config/config.h"
#include "tests/unit/fake_connector.h"

static void set_up(void)
{
    static const char *const symbols[] = {"BTC-USD", "ETH-USD", "LTC-USD"};
    fake_set_up(symbols, 3);
}

static void tear_down(void)
{
    loop_destroy(&loop);
}

START_TEST(settings_are_read_from_the_configuration)
{
    static const char *const overrides[] = {
        "connectord.sources=[{\"name\":\"a\"},{\"name\":\"b\",\"connector\":\"replay\",\"file\":\"f\",\"speed\":2.5,\"loop\":"
        "true,"
        "\"subscribe\":\"demand\",\"symbols\":[\"ETH-USD\",\"BTC-USD\",\"ETH-USD\"],\"grace_ms\":7,\"silence_ms\":800,"
        "\"messages_per_minute\":9,\"dedup_window\":10,\"future_ms\":1700,\"token\":\"t\",\"ca\":\"c\",\"url\":\"ws://h\","
        "\"breaker\":{\"failures\":13,\"healthy_ms\":14,\"open_ms\":15},"
        "\"witness\":{\"enabled\":false,\"every_ms\":1001,\"delay_ms\":18},"
        "\"starvation\":{\"enabled\":false,\"probability\":0.01,\"minimum_ms\":16},"
        "\"backoff\":{\"initial_ms\":11,\"maximum_ms\":12,\"multiplier\":1.5,\"jitter\":0.25}}]"};
    char *const environment[] = {NULL};
    config_t *config = config_load(NULL, overrides, 1, environment);
    ck_assert_ptr_nonnull(config);
    source_config_release(&settings);
    ck_assert(source_config_read(&settings, config, 1, connector_setting_at));
    ck_assert(text_equal(settings.name, TEXT("b")));
    ck_assert_str_eq(settings.connector, "replay");
    ck_assert_str_eq(source_config_setting(&settings, "file")->text, "f");
    ck_assert_str_eq(settings.token, "t");
    ck_assert_str_eq(settings.ca, "c");
    ck_assert_str_eq(settings.url, "ws://h");
    ck_assert_double_eq(source_config_setting(&settings, "speed")->number, 2.5);
    ck_assert(source_config_setting(&settings, "loop")->number > 0 && settings.demand);
    ck_assert_uint_eq(settings.symbol_count, 2); /* one that is listed twice counts once */
    ck_assert(text_equal(settings.symbols[1], TEXT("BTC-USD")));
    ck_assert_uint_eq(settings.grace_ms, 7);
    ck_assert_uint_eq(settings.silence_ms, 800);
    ck_assert_uint_eq(settings.messages_per_minute, 9);
    ck_assert_uint_eq(settings.dedup_window, 10);
    ck_assert_int_eq(settings.future_ms, 1700);
    ck_assert_uint_eq(settings.backoff.initial_ms, 11);
    ck_assert_uint_eq(settings.backoff.maximum_ms, 12);
    ck_assert_double_eq(settings.backoff.multiplier, 1.5);
    ck_assert_double_eq(settings.backoff.jitter, 0.25);
    ck_assert_uint_eq(settings.breaker.failures, 13);
    ck_assert_uint_eq(settings.breaker.healthy_ms, 14);
    ck_assert_uint_eq(settings.breaker.open_ms, 15);
    ck_assert(!settings.witness.enabled);
    ck_assert_uint_eq(settings.witness.every_ms, 1001);
    ck_assert_uint_eq(settings.witness.delay_ms, 18);
    ck_assert(!settings.starvation.enabled);
    ck_assert_double_eq(settings.starvation.probability, 0.01);
    ck_assert_uint_eq(settings.starvation.minimum_ms, 16);
    source_config_release(&settings);
    ck_assert(source_config_read(&settings, config, 0, connector_setting_at));
    ck_assert_str_eq(settings.connector, "blockchain");
    ck_assert(!settings.demand);
    ck_assert_int_eq(settings.future_ms, 24 * 3600 * 1000);
    ck_assert_uint_eq(settings.breaker.failures, 5);
    ck_assert_uint_eq(settings.breaker.open_ms, 60000);
    ck_assert(settings.starvation.enabled);
    ck_assert_double_eq(settings.starvation.probability, 1e-6);
    ck_assert_uint_eq(settings.starvation.minimum_ms, 30000);
    source_config_release(&settings);
    config_destroy(&config);
}
END_TEST

START_TEST(settings_of_lines_are_read_and_can_be_copied)
{
    static const char *const overrides[] = {"connectord.sources=[{\"name\":\"a\",\"symbols\":[\"BTC-USD\"],\"lines\":2,"
                                            "\"rotate_ms\":5000,\"settle_ms\":70,\"group\":\"btc\"},"
                                            "{\"name\":\"b\"}]"};
    char *const environment[] = {NULL};
    config_t *config = config_load(NULL, overrides, 1, environment);
    ck_assert_ptr_nonnull(config);
    source_config_t one, copy;
    ck_assert(source_config_read(&one, config, 0, connector_setting_at) && source_config_copy(&copy, &one));
    source_config_release(&one);
    ck_assert_uint_eq(copy.lines, 2);
    ck_assert_uint_eq(copy.rotate_ms, 5000);
    ck_assert_uint_eq(copy.settle_ms, 70);
    ck_assert(text_equal(copy.group, TEXT("btc")));
    ck_assert_uint_eq(copy.symbol_count, 1);
    ck_assert(text_equal(copy.symbols[0], TEXT("BTC-USD")));
    source_config_release(&copy);
    ck_assert(source_config_read(&one, config, 1, connector_setting_at));
    ck_assert_uint_eq(one.lines, 1);
    ck_assert_uint_eq(one.rotate_ms, 0);
    ck_assert_uint_eq(one.group.length, 0);
    source_config_release(&one);
    source_config_release(&settings);
    config_destroy(&config);
}
END_TEST

START_TEST(settings_are_compared_but_for_the_order_of_the_symbols)
{
    source_config_t other, given = settings;
    given.settings[0] = (connector_setting_t){"file", .text = "f"};
    given.settings[1] = (connector_setting_t){"speed", .number = 2};
    given.setting_count = 2;
    ck_assert(source_config_copy(&settings, &given) && source_config_copy(&other, &given));
    source_config_release(&given);
    ck_assert(source_config_equal(&settings, &other) && source_config_symbols_equal(&settings, &other));
    text_t first = other.symbols[0];
    other.symbols[0] = other.symbols[2];
    other.symbols[2] = first;
    ck_assert(source_config_symbols_equal(&settings, &other));
    other.symbols[2] = TEXT("XRP-USD");
    ck_assert(source_config_equal(&settings, &other) && !source_config_symbols_equal(&settings, &other));
    other.backoff.jitter = 0.5;
    ck_assert(!source_config_equal(&settings, &other));
    other.backoff = settings.backoff;
    other.future_ms = settings.future_ms + 1;
    ck_assert(!source_config_equal(&settings, &other));
    other.future_ms = settings.future_ms;
    other.settings[1].number = 1;
    ck_assert(!source_config_equal(&settings, &other));
    other.settings[1].number = 2;
    ck_assert(source_config_equal(&settings, &other));
    other.settings[0].text = "g";
    ck_assert(!source_config_equal(&settings, &other));
    other.settings[0] = settings.settings[0];
    other.url = "ws://elsewhere";
    ck_assert(!source_config_equal(&settings, &other));
    source_config_release(&other);
    source_config_release(&settings);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        settings_are_read_from_the_configuration,
        settings_of_lines_are_read_and_can_be_copied,
        settings_are_compared_but_for_the_order_of_the_symbols,
    };
    return RUN_TESTS("source_config", TEST_CASE_WITHIN(20, set_up, tear_down, tests));
}
