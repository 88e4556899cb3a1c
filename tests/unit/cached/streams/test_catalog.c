#include <stdio.h>
#include <stdlib.h>

#include "cached/streams/catalog.h"
#include "common/config/config.h"
#include "tests/unit/run_tests.h"

static catalog_t *catalog;

static void setup(void)
{
    catalog = catalog_new(10);
    ck_assert_ptr_nonnull(catalog);
}

static void teardown(void)
{
    catalog_destroy(&catalog);
}

static void offer(const char *source, const char *symbols)
{
    catalog_offer(catalog, &(status_t){.source = text_of(source), .symbols = text_of(symbols)});
}

static void append(const char *topic, uint64_t seq)
{
    ck_assert(memory_log_append(catalog_memory_log(catalog, text_of(topic)), &(memory_log_trade_t){{1, seq}, 0, TEXT("{}")}));
}

static void assert_symbols(const char *expected)
{
    char found[500] = "";
    catalog_symbol_t symbol;
    for (size_t at = 0; catalog_next(catalog, &at, &symbol);) {
        strcat(found, *found ? " " : "");
        strncat(found, symbol.symbol.at, symbol.symbol.length);
    }
    ck_assert_str_eq(found, expected);
}

START_TEST(a_stream_has_one_memory_log)
{
    memory_log_t *memory_log = catalog_memory_log(catalog, TEXT("trade.BTC-USD.a"));
    ck_assert_ptr_nonnull(memory_log);
    ck_assert_ptr_eq(catalog_memory_log(catalog, TEXT("trade.BTC-USD.a")), memory_log);
    ck_assert_ptr_eq(catalog_find(catalog, TEXT("trade.BTC-USD.a")), memory_log);
    ck_assert_ptr_ne(catalog_memory_log(catalog, TEXT("trade.BTC-USD.b")), memory_log);
    ck_assert_uint_eq(catalog_streams(catalog), 2);
}
END_TEST

START_TEST(finding_makes_nothing)
{
    ck_assert_ptr_null(catalog_find(catalog, TEXT("trade.BTC-USD.a")));
    assert_symbols("");
}
END_TEST

START_TEST(what_is_no_topic_gets_no_memory_log)
{
    static const char *const topics[] = {"",         "trade.", "trade.BTC-USD", "trade.BTC/USD.a", "trade.BTCUSD.a",
                                         "status.a", "BTC-USD"};
    ck_assert_ptr_null(catalog_memory_log(catalog, text_of(topics[_i])));
    ck_assert_uint_eq(catalog_streams(catalog), 0);
}
END_TEST

START_TEST(symbols_are_known_by_streams_and_by_offers_and_sorted)
{
    append("trade.ETH-USD.a", 1);
    append("trade.BTC-USD.b", 1);
    append("trade.BTC-USD.a", 1);
    offer("a", "{\"XRP-USD\":0,\"ADA-USD\":7}");
    assert_symbols("ADA-USD BTC-USD ETH-USD XRP-USD");
    catalog_symbol_t symbol;
    ck_assert(catalog_symbol(catalog, TEXT("BTC-USD"), &symbol));
    ck_assert_uint_eq(symbol.memory_log_count, 2);
    ck_assert(catalog_symbol(catalog, TEXT("XRP-USD"), &symbol));
    ck_assert_uint_eq(symbol.memory_log_count, 0);
    ck_assert(!catalog_symbol(catalog, TEXT("DOGE-USD"), &symbol));
    ck_assert_uint_eq(catalog_trades(catalog), 3);
}
END_TEST

START_TEST(an_offer_that_is_not_repeated_is_withdrawn)
{
    offer("a", "{\"BTC-USD\":0,\"ETH-USD\":0}");
    offer("b", "{\"ETH-USD\":0,\"XRP-USD\":0}");
    offer("a", "{\"BTC-USD\":0}");
    assert_symbols("BTC-USD ETH-USD XRP-USD");
    ck_assert(!catalog_offered(catalog, TEXT("trade.ETH-USD.a")));
    ck_assert(catalog_offered(catalog, TEXT("trade.ETH-USD.b")));
    offer("b", "{}");
    assert_symbols("BTC-USD");
}
END_TEST

START_TEST(a_source_that_is_withdrawn_offers_nothing_whatever_it_names)
{
    offer("a", "{\"BTC-USD\":0,\"ETH-USD\":0}");
    offer("b", "{\"ETH-USD\":0}");
    catalog_offer(
        catalog, &(status_t){.event = STATUS_WITHDRAWN, .source = TEXT("a"), .symbols = TEXT("{\"BTC-USD\":0,\"ETH-USD\":0}")});
    assert_symbols("ETH-USD");
    ck_assert(!catalog_offered(catalog, TEXT("trade.ETH-USD.a")));
    offer("a", "{\"BTC-USD\":0}");
    assert_symbols("BTC-USD ETH-USD");
}
END_TEST

START_TEST(a_symbol_with_trades_stays_without_an_offer)
{
    offer("a", "{\"BTC-USD\":1}");
    append("trade.BTC-USD.a", 1);
    offer("a", "{}");
    assert_symbols("BTC-USD");
}
END_TEST

START_TEST(the_bus_cannot_make_it_grow_without_end)
{
    char topic[64], source[64];
    for (int i = 0; i < CATALOG_SOURCES_MAX + 10; i++) {
        snprintf(topic, sizeof topic, "trade.BTC-USD.source%d", i);
        ck_assert_int_eq(catalog_memory_log(catalog, text_of(topic)) != NULL, i < CATALOG_SOURCES_MAX);
    }
    for (int i = 0; i < 2 * CATALOG_STREAMS_MAX; i++) {
        snprintf(topic, sizeof topic, "trade.S%d-USD.a", i);
        catalog_memory_log(catalog, text_of(topic));
    }
    ck_assert_uint_le(catalog_streams(catalog), CATALOG_STREAMS_MAX);
    for (int i = 0; i < 3000; i++) {
        snprintf(source, sizeof source, "source%d", i);
        offer(source, "{\"BTC-USD\":0}");
    }
    catalog_symbol_t symbol;
    ck_assert(catalog_symbol(catalog, TEXT("BTC-USD"), &symbol));
    ck_assert_uint_eq(symbol.memory_log_count, CATALOG_SOURCES_MAX);
}
END_TEST

static retention_t *rules_from(const char *json)
{
    char setting[256];
    snprintf(setting, sizeof setting, "cached.retention.memory=%s", json);
    const char *settings[] = {setting};
    config_t *config = config_load(NULL, settings, 1, (char *[]){NULL});
    ck_assert_ptr_nonnull(config);
    retention_t *rules = retention_new(config, "cached.retention.memory");
    config_destroy(&config);
    return rules;
}

static void offer_readings(const char *source, const char *channels)
{
    catalog_offer(catalog, &(status_t){.source = text_of(source),
                                       .symbols = TEXT("{\"BTC-USD\":0,\"events.a\":0,\"readings.a\":0,\"readings.b\":0}"),
                                       .channels = text_of(channels)});
}

static uint64_t limit_of(const char *topic)
{
    return memory_log_limit(catalog_memory_log(catalog, text_of(topic)));
}

START_TEST(of_a_channel_that_keeps_the_latest_less_is_held)
{
    catalog_destroy(&catalog);
    catalog = catalog_new(5000);
    for (uint64_t seq = 1; seq <= 3000; seq++)
        append("readings.a.lab", seq); /* before the status says anything */
    ck_assert_uint_eq(limit_of("readings.a.lab"), 5000);
    offer_readings("lab", "{\"events\":\"log\",\"readings\":\"latest\"}");
    ck_assert_uint_eq(memory_log_count(catalog_find(catalog, TEXT("readings.a.lab"))), CATALOG_LATEST);
    ck_assert_uint_eq(limit_of("readings.b.lab"), CATALOG_LATEST); /* a new one */
    ck_assert_uint_eq(limit_of("events.a.lab"), 5000);
    ck_assert_uint_eq(limit_of("trade.BTC-USD.lab"), 5000);
    ck_assert_uint_eq(limit_of("readings.a.other"), 5000); /* of a source that says nothing */
    offer_readings("other", "{}");
    ck_assert_uint_eq(limit_of("readings.a.other"), 5000);
    ck_assert_uint_eq(limit_of("readings.a.lab"), CATALOG_LATEST);
    offer("lab", "{}"); /* withdrawn: what was said of it stands */
    ck_assert_uint_eq(limit_of("readings.a.lab"), CATALOG_LATEST);
    offer_readings("lab", "{\"readings\":\"log\"}");
    ck_assert_uint_eq(limit_of("readings.a.lab"), 5000);
}
END_TEST

START_TEST(a_rule_comes_before_what_a_channel_keeps)
{
    catalog_destroy(&catalog);
    catalog = catalog_new(5000);
    offer_readings("lab", "{\"readings\":\"latest\",\"events\":\"latest\"}");
    ck_assert_uint_eq(limit_of("readings.a.lab"), CATALOG_LATEST);
    retention_t *rules =
        rules_from("{\"readings.*\":{\"trades\":2000},\"readings.b\":{\"trades\":7},\"events.*\":{\"hours\":1}}");
    catalog_retain(catalog, rules);
    ck_assert_uint_eq(limit_of("readings.a.lab"), 2000);
    ck_assert_uint_eq(limit_of("readings.b.lab"), 7);
    ck_assert_uint_eq(limit_of("events.a.lab"), CATALOG_LATEST); /* it says nothing of a number */
    catalog_retain(catalog, NULL);
    ck_assert_uint_eq(limit_of("readings.a.lab"), CATALOG_LATEST);
    retention_destroy(&rules);
    catalog_destroy(&catalog);
    catalog = catalog_new(10);
    offer_readings("lab", "{\"readings\":\"latest\"}");
    ck_assert_uint_eq(limit_of("readings.a.lab"), 10);
}
END_TEST

START_TEST(no_rule_limits_what_is_held_of_coverage)
{
    catalog_destroy(&catalog);
    catalog = catalog_new(5000);
    ck_assert_uint_eq(limit_of("coverage.BTC-USD.lab"), CATALOG_LATEST);
    retention_t *rules = rules_from("{\"*\":{\"trades\":7,\"hours\":1}}");
    catalog_retain(catalog, rules);
    ck_assert_uint_eq(limit_of("coverage.BTC-USD.lab"), CATALOG_LATEST);
    append("coverage.BTC-USD.lab", 1);
    append("trade.BTC-USD.lab", 1);
    catalog_age(catalog, INT64_MAX / 2);
    ck_assert_uint_eq(memory_log_count(catalog_find(catalog, TEXT("coverage.BTC-USD.lab"))), 1);
    ck_assert_uint_eq(memory_log_count(catalog_find(catalog, TEXT("trade.BTC-USD.lab"))), 0);
    retention_destroy(&rules);
}
END_TEST

START_TEST(it_knows_when_a_source_was_heard_last)
{
    ck_assert_int_eq(catalog_heard(catalog, TEXT("lab")), 0);
    catalog_offer(catalog, &(status_t){.source = TEXT("lab"), .symbols = TEXT("{}"), .time_ns = 77});
    ck_assert_int_eq(catalog_heard(catalog, TEXT("lab")), 77);
    ck_assert_int_eq(catalog_heard(catalog, TEXT("la")), 0);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("catalog");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, no_rule_limits_what_is_held_of_coverage);
    tcase_add_test(tcase, it_knows_when_a_source_was_heard_last);
    tcase_add_test(tcase, a_stream_has_one_memory_log);
    tcase_add_test(tcase, finding_makes_nothing);
    tcase_add_loop_test(tcase, what_is_no_topic_gets_no_memory_log, 0, 7);
    tcase_add_test(tcase, symbols_are_known_by_streams_and_by_offers_and_sorted);
    tcase_add_test(tcase, an_offer_that_is_not_repeated_is_withdrawn);
    tcase_add_test(tcase, a_source_that_is_withdrawn_offers_nothing_whatever_it_names);
    tcase_add_test(tcase, a_symbol_with_trades_stays_without_an_offer);
    tcase_add_test(tcase, the_bus_cannot_make_it_grow_without_end);
    tcase_add_test(tcase, of_a_channel_that_keeps_the_latest_less_is_held);
    tcase_add_test(tcase, a_rule_comes_before_what_a_channel_keeps);
    return RUN_TESTS("catalog", tcase);
}
