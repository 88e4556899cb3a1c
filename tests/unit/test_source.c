/* A source over a connector that the test plays. The life of the connection itself is test_connection.c's. */
#include "common/config.h"
#include "common/log.h"
#include "connectord/source.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

/* What the source has called of the connector, and what it has told upwards: a word each, in order. */
static char calls[4096];
static loop_t *loop;
static source_t *source;
static source_config_t settings;
static bool opens, duplicate;

static const connector_events_t *up; /* the source's */
static void *up_arg;

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void note(const char *format, ...)
{
    size_t length = strlen(calls);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(calls + length, sizeof calls - length, format, arguments);
    va_end(arguments);
    strncat(calls, " ", sizeof calls - strlen(calls) - 1);
    uv_stop(loop_uv(loop)); /* so that wait_for_call looks before the loop sleeps */
}

/* What has been noted since the last call. */
static void check_calls(const char *wanted)
{
    if (calls[0] != '\0')
        calls[strlen(calls) - 1] = '\0';
    ck_assert_str_eq(calls, wanted);
    calls[0] = '\0';
}

static void *fake_open(loop_t *l, web_t *web, const source_config_t *config, const connector_events_t *events, void *arg)
{
    (void)l, (void)web, (void)config;
    up = events;
    up_arg = arg;
    return opens ? &up : NULL;
}

static void fake_connect(void *self)
{
    (void)self;
    note("connect");
}

static void fake_disconnect(void *self)
{
    (void)self;
    note("disconnect");
}

static void fake_subscribe(void *self, text_t symbol)
{
    (void)self;
    note("+%.*s", TEXT_ARG(symbol));
}

static void fake_unsubscribe(void *self, text_t symbol)
{
    (void)self;
    note("-%.*s", TEXT_ARG(symbol));
}

static void fake_close(void *self)
{
    if (self)
        note("close");
}

static const connector_t fake = {.name = "fake",
                                 .open = fake_open,
                                 .connect = fake_connect,
                                 .disconnect = fake_disconnect,
                                 .subscribe = fake_subscribe,
                                 .unsubscribe = fake_unsubscribe,
                                 .close = fake_close};

static bool on_trade(void *arg, source_t *self, trade_t *trade)
{
    (void)arg, (void)self;
    note("trade:%.*s.%.*s", TEXT_ARG(trade->symbol), TEXT_ARG(trade->source));
    return !duplicate;
}

static void on_status(void *arg, source_t *self, status_event_t event)
{
    static const char *const names[] = {"heartbeat", "connected", "lost", "restored", "gap"};
    status_t status = {0};
    (void)arg;
    source_describe(self, &status);
    note("%s/%s", names[event], status.connected ? "up" : "down");
}

static const source_events_t events = {on_trade, on_status};

static void set_up(void)
{
    static const char *const symbols[] = {"BTC-USD", "ETH-USD", "LTC-USD"};
    calls[0] = '\0';
    opens = true;
    duplicate = false;
    loop = loop_new();
    settings = (source_config_t){.name = TEXT("exchange"),
                                 .connector = "fake",
                                 .grace_ms = 1,
                                 .backoff = {.initial_ms = 1, .maximum_ms = 8, .multiplier = 2.0, .jitter = 0.0}};
    settings.symbols = calloc(3, sizeof *settings.symbols);
    ck_assert_ptr_nonnull(settings.symbols);
    for (size_t i = 0; i < 3; i++)
        settings.symbols[settings.symbol_count++] = text_of(symbols[i]);
    log_set_level(LOG_LEVEL_ERROR);
}

static void tear_down(void)
{
    source_destroy(&source);
    loop_destroy(&loop);
}

static void make(void)
{
    source = source_new_with(&fake, loop, NULL, &settings, &events, NULL);
    ck_assert_ptr_nonnull(source);
    ck_assert_ptr_null(settings.symbols);
    check_calls("");
}

static void make_demand(void)
{
    settings.demand = true;
    make();
}

/* A source that is started and connected, with nothing noted. */
static void make_connected(bool demand)
{
    settings.demand = demand;
    make();
    source_start(source);
    up->on_connected(up_arg);
    calls[0] = '\0';
}

/* Runs the loop until something has been noted. */
static void wait_for_call(void)
{
    while (calls[0] == '\0')
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

static status_t describe(void)
{
    status_t status = {0};
    source_describe(source, &status);
    return status;
}

static void trade(const char *symbol)
{
    trade_t trade = {.symbol = text_of(symbol), .id = TEXT("1")};
    up->on_trade(up_arg, &trade);
}

START_TEST(always_subscribes_every_symbol_once_connected)
{
    make();
    source_start(source);
    check_calls("connect");
    up->on_connected(up_arg);
    check_calls("connected/up +BTC-USD +ETH-USD +LTC-USD");
}
END_TEST

START_TEST(always_does_not_care_what_is_wanted)
{
    make_connected(false);
    source_want(source, TEXT("BTC-USD"));
    source_release(source, TEXT("BTC-USD"));
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    check_calls("");
}
END_TEST

START_TEST(demand_subscribes_what_is_wanted_once)
{
    make_connected(true);
    source_want(source, TEXT("ETH-USD"));
    source_want(source, TEXT("ETH-USD"));
    source_want(source, TEXT("XRP-USD")); /* is not offered */
    check_calls("+ETH-USD");
}
END_TEST

START_TEST(demand_before_the_connection_is_met_by_it)
{
    make_demand();
    source_want(source, TEXT("LTC-USD"));
    source_start(source);
    source_want(source, TEXT("BTC-USD"));
    check_calls("connect");
    up->on_connected(up_arg);
    check_calls("connected/up +BTC-USD +LTC-USD");
}
END_TEST

START_TEST(released_symbol_is_unsubscribed_after_the_grace_period)
{
    make_connected(true);
    source_want(source, TEXT("ETH-USD"));
    source_want(source, TEXT("BTC-USD"));
    source_release(source, TEXT("ETH-USD"));
    check_calls("+ETH-USD +BTC-USD");
    wait_for_call();
    check_calls("-ETH-USD");
    source_release(source, TEXT("BTC-USD"));
    wait_for_call();
    check_calls("-BTC-USD");
}
END_TEST

START_TEST(symbol_wanted_again_within_the_grace_period_stays)
{
    make_connected(true);
    source_want(source, TEXT("ETH-USD"));
    source_want(source, TEXT("BTC-USD"));
    source_release(source, TEXT("ETH-USD"));
    source_release(source, TEXT("BTC-USD"));
    source_want(source, TEXT("ETH-USD"));
    check_calls("+ETH-USD +BTC-USD");
    wait_for_call();
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    check_calls("-BTC-USD");
}
END_TEST

START_TEST(release_of_what_nobody_wanted_does_nothing)
{
    make_connected(true);
    source_release(source, TEXT("ETH-USD"));
    source_want(source, TEXT("BTC-USD"));
    source_release(source, TEXT("BTC-USD"));
    check_calls("+BTC-USD");
    wait_for_call();
    check_calls("-BTC-USD");
}
END_TEST

START_TEST(loss_is_told_and_mended_by_a_reconnect_with_all_that_was_wanted)
{
    make_connected(true);
    source_want(source, TEXT("ETH-USD"));
    source_want(source, TEXT("BTC-USD"));
    check_calls("+ETH-USD +BTC-USD");
    up->on_lost(up_arg, "broken wire");
    ck_assert(text_equal(describe().reason, TEXT("broken wire")));
    check_calls("lost/down");
    wait_for_call();
    check_calls("connect");
    up->on_lost(up_arg, "still broken"); /* no news */
    wait_for_call();
    check_calls("connect");
    ck_assert(text_equal(describe().reason, TEXT("still broken")));
    up->on_connected(up_arg);
    check_calls("restored/up +BTC-USD +ETH-USD");
    ck_assert_uint_eq(describe().reason.length, 0);
    ck_assert_uint_eq(describe().reconnects, 1);
}
END_TEST

START_TEST(demand_that_changed_while_lost_is_met_afterwards)
{
    make_connected(true);
    source_want(source, TEXT("ETH-USD"));
    up->on_lost(up_arg, "broken wire");
    source_want(source, TEXT("LTC-USD"));
    source_release(source, TEXT("ETH-USD"));
    check_calls("+ETH-USD lost/down");
    wait_for_call();
    for (int i = 0; i < 20; i++) { /* more than the grace period */
        up->on_lost(up_arg, "still broken");
        calls[0] = '\0';
        wait_for_call();
    }
    check_calls("connect");
    up->on_connected(up_arg);
    check_calls("restored/up +LTC-USD");
}
END_TEST

START_TEST(gap_is_told_counted_and_ends_the_connection)
{
    make_connected(false);
    up->on_gap(up_arg, 7, 9);
    check_calls("gap/up disconnect lost/down");
    ck_assert(text_equal(describe().reason, TEXT("the exchange's numbering has a hole: expected 7, found 9")));
    ck_assert_uint_eq(describe().gaps, 1);
    wait_for_call();
    check_calls("connect");
    up->on_connected(up_arg);
    check_calls("restored/up +BTC-USD +ETH-USD +LTC-USD");
}
END_TEST

START_TEST(trades_go_up_with_the_sources_name_and_are_counted)
{
    make_connected(true);
    trade("BTC-USD"); /* one that is not wanted any more is good too */
    duplicate = true;
    trade("BTC-USD");
    check_calls("trade:BTC-USD.exchange trade:BTC-USD.exchange");
    ck_assert_uint_eq(describe().trades, 1);
    ck_assert_uint_eq(describe().duplicates, 1);
}
END_TEST

START_TEST(malformed_and_rejected_messages_leave_the_connection_alone)
{
    make_connected(false);
    for (int i = 0; i < 1000; i++)
        up->on_malformed(up_arg, "price: missing", TEXT("{}"));
    up->on_rejected(up_arg, TEXT("BTC-USD"), TEXT("no"));
    up->on_rejected(up_arg, TEXT(""), TEXT("slower"));
    check_calls("");
    ck_assert_uint_eq(describe().malformed, 1000);
    ck_assert(describe().connected);
}
END_TEST

START_TEST(status_says_since_when)
{
    make();
    int64_t made_ns = describe().since_ns;
    ck_assert(!describe().connected);
    ck_assert_int_gt(made_ns, 0);
    source_start(source);
    up->on_connected(up_arg);
    int64_t connected_ns = describe().since_ns;
    ck_assert_int_gt(connected_ns, made_ns);
    trade("BTC-USD");
    ck_assert_int_eq(describe().since_ns, connected_ns);
    up->on_lost(up_arg, "broken wire");
    ck_assert_int_gt(describe().since_ns, connected_ns);
}
END_TEST

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
    up->on_lost(up_arg, "refused");
    check_breaker("closed");
    check_calls("connect lost/down");
    wait_for_call();
    up->on_lost(up_arg, "refused");
    check_breaker("open");
    check_calls("connect heartbeat/down");
    wait_for_call();
    check_breaker("half_open");
    check_calls("connect heartbeat/down");
    up->on_connected(up_arg);
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
    up->on_connected(up_arg);
    ck_assert_uint_eq(describe().health, 100);
    up->on_gap(up_arg, 7, 9); /* which is a loss, too */
    ck_assert_uint_eq(describe().health, 0);
    calls[0] = '\0';
    wait_for_call();
    up->on_connected(up_arg);
    ck_assert_uint_eq(describe().health, 80);
}
END_TEST

/* Trades of BTC-USD at a pace that takes little time to learn. */
static void feed_until_learned(void)
{
    up->on_confirmed(up_arg, TEXT("BTC-USD"), true);
    for (int i = 0; i <= PULSE_LEARN; i++) {
        trade("BTC-USD");
        struct timespec pace = {.tv_nsec = (PULSE_BURST_MS + 1) * 1000000L};
        nanosleep(&pace, NULL);
    }
    calls[0] = '\0';
}

START_TEST(starving_stream_is_told_at_once_and_so_is_its_end)
{
    settings.starvation = (pulse_config_t){.enabled = true, .probability = 0.5, .minimum_ms = 1};
    make_connected(false);
    feed_until_learned();
    wait_for_call();
    check_calls("heartbeat/up");
    status_t status = describe();
    ck_assert_msg(text_starts_with(status.stale, TEXT("{\"BTC-USD\":0.")), "%.*s", TEXT_ARG(status.stale));
    ck_assert_uint_eq(status.health, 87); /* one of three: 40 / 3 */
    trade("BTC-USD");
    check_calls("trade:BTC-USD.exchange heartbeat/up");
    ck_assert(text_equal(describe().stale, TEXT("{}")));
    wait_for_call(); /* and it starves again */
    check_calls("heartbeat/up");
    up->on_lost(up_arg, "broken wire");
    ck_assert(text_equal(describe().stale, TEXT("{}"))); /* lost says it all */
}
END_TEST

START_TEST(unsubscribed_stream_does_not_starve)
{
    settings.starvation = (pulse_config_t){.enabled = true, .probability = 0.5, .minimum_ms = 1};
    make_connected(true);
    source_want(source, TEXT("BTC-USD"));
    feed_until_learned();
    source_release(source, TEXT("BTC-USD"));
    while (!strstr(calls, "-BTC-USD"))
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    ck_assert(text_equal(describe().stale, TEXT("{}")));
    up->on_confirmed(up_arg, TEXT("BTC-USD"), false);
    calls[0] = '\0';
    for (int i = 0; i < 2; i++) /* two checks go by */
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    check_calls("");
}
END_TEST

START_TEST(stop_disconnects_and_starts_nothing_any_more)
{
    make_connected(true);
    source_want(source, TEXT("BTC-USD"));
    source_release(source, TEXT("BTC-USD"));
    source_stop(source);
    source_stop(source);
    check_calls("+BTC-USD disconnect");
    uv_run(loop_uv(loop), UV_RUN_DEFAULT); /* ends as nothing is scheduled */
    check_calls("");
    ck_assert(!describe().connected);
}
END_TEST

START_TEST(stop_while_waiting_ends_the_wait)
{
    make_connected(false);
    up->on_lost(up_arg, "broken wire");
    source_stop(source);
    check_calls("lost/down disconnect");
    uv_run(loop_uv(loop), UV_RUN_DEFAULT);
    check_calls("");
}
END_TEST

START_TEST(connector_that_refuses_gives_no_source)
{
    opens = false;
    ck_assert_ptr_null(source_new_with(&fake, loop, NULL, &settings, &events, NULL));
    ck_assert_ptr_null(settings.symbols);
}
END_TEST

START_TEST(unknown_connector_gives_no_source)
{
    ck_assert_ptr_null(source_new(loop, NULL, &settings, &events, NULL));
    ck_assert_ptr_null(settings.symbols);
}
END_TEST

START_TEST(every_connector_that_is_named_is_found)
{
    char names[256];
    snprintf(names, sizeof names, "%s", connector_names());
    int count = 0;
    for (char *at = names, *name; (name = strsep(&at, ", ")); count += *name != '\0')
        ck_assert_msg(*name == '\0' || strcmp(connector_find(name)->name, name) == 0, "%s", name);
    ck_assert_int_eq(count, 2);
    ck_assert_ptr_null(connector_find("fake"));
    ck_assert_ptr_null(connector_find(""));
}
END_TEST

START_TEST(settings_are_read_from_the_configuration)
{
    static const char *const overrides[] = {
        "connectord.sources=[{\"name\":\"a\"},{\"name\":\"b\",\"connector\":\"replay\",\"file\":\"f\",\"speed\":2.5,\"loop\":"
        "true,"
        "\"subscribe\":\"demand\",\"symbols\":[\"ETH-USD\",\"BTC-USD\",\"ETH-USD\"],\"grace_ms\":7,\"silence_ms\":800,"
        "\"messages_per_minute\":9,\"dedup_window\":10,\"token\":\"t\",\"ca\":\"c\",\"url\":\"ws://h\","
        "\"breaker\":{\"failures\":13,\"healthy_ms\":14,\"open_ms\":15},"
        "\"starvation\":{\"enabled\":false,\"probability\":0.01,\"minimum_ms\":16},"
        "\"backoff\":{\"initial_ms\":11,\"maximum_ms\":12,\"multiplier\":1.5,\"jitter\":0.25}}]"};
    char *const environment[] = {NULL};
    config_t *config = config_load(NULL, overrides, 1, environment);
    ck_assert_ptr_nonnull(config);
    source_config_release(&settings);
    ck_assert(source_config_read(&settings, config, 1));
    ck_assert(text_equal(settings.name, TEXT("b")));
    ck_assert_str_eq(settings.connector, "replay");
    ck_assert_str_eq(settings.file, "f");
    ck_assert_str_eq(settings.token, "t");
    ck_assert_str_eq(settings.ca, "c");
    ck_assert_str_eq(settings.url, "ws://h");
    ck_assert_double_eq(settings.speed, 2.5);
    ck_assert(settings.loop && settings.demand);
    ck_assert_uint_eq(settings.symbol_count, 2); /* one that is listed twice counts once */
    ck_assert(text_equal(settings.symbols[1], TEXT("BTC-USD")));
    ck_assert_uint_eq(settings.grace_ms, 7);
    ck_assert_uint_eq(settings.silence_ms, 800);
    ck_assert_uint_eq(settings.messages_per_minute, 9);
    ck_assert_uint_eq(settings.dedup_window, 10);
    ck_assert_uint_eq(settings.backoff.initial_ms, 11);
    ck_assert_uint_eq(settings.backoff.maximum_ms, 12);
    ck_assert_double_eq(settings.backoff.multiplier, 1.5);
    ck_assert_double_eq(settings.backoff.jitter, 0.25);
    ck_assert_uint_eq(settings.breaker.failures, 13);
    ck_assert_uint_eq(settings.breaker.healthy_ms, 14);
    ck_assert_uint_eq(settings.breaker.open_ms, 15);
    ck_assert(!settings.starvation.enabled);
    ck_assert_double_eq(settings.starvation.probability, 0.01);
    ck_assert_uint_eq(settings.starvation.minimum_ms, 16);
    source_config_release(&settings);
    ck_assert(source_config_read(&settings, config, 0));
    ck_assert_str_eq(settings.connector, "blockchain");
    ck_assert(!settings.demand);
    ck_assert_uint_eq(settings.breaker.failures, 5);
    ck_assert_uint_eq(settings.breaker.open_ms, 60000);
    ck_assert(settings.starvation.enabled);
    ck_assert_double_eq(settings.starvation.probability, 1e-6);
    ck_assert_uint_eq(settings.starvation.minimum_ms, 30000);
    source_config_release(&settings);
    config_destroy(&config);
}
END_TEST

static void change_symbols(const char *some, const char *other)
{
    source_config_t next = {.symbols = calloc(2, sizeof *next.symbols), .symbol_count = 2};
    ck_assert_ptr_nonnull(next.symbols);
    next.symbols[0] = text_of(some);
    next.symbols[1] = text_of(other);
    ck_assert(source_change_symbols(source, &next));
    source_config_release(&next);
}

START_TEST(symbols_that_change_are_subscribed_and_unsubscribed_on_the_connection)
{
    make_connected(false);
    change_symbols("XRP-USD", "ETH-USD");
    check_calls("-BTC-USD -LTC-USD +XRP-USD");
    up->on_lost(up_arg, "broken wire");
    check_calls("lost/down");
    wait_for_call();
    up->on_connected(up_arg);
    check_calls("connect restored/up +XRP-USD +ETH-USD");
}
END_TEST

START_TEST(symbols_that_change_keep_who_wants_them)
{
    make_connected(true);
    source_want(source, TEXT("ETH-USD"));
    source_want(source, TEXT("BTC-USD"));
    source_release(source, TEXT("ETH-USD"));
    change_symbols("XRP-USD", "ETH-USD");
    check_calls("+ETH-USD +BTC-USD -BTC-USD");
    wait_for_call();
    check_calls("-ETH-USD"); /* its grace period went on */
    source_want(source, TEXT("XRP-USD"));
    source_want(source, TEXT("BTC-USD"));
    check_calls("+XRP-USD");
}
END_TEST

START_TEST(settings_are_compared_but_for_the_order_of_the_symbols)
{
    source_config_t other, given = settings;
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
    other.url = "ws://elsewhere";
    ck_assert(!source_config_equal(&settings, &other));
    source_config_release(&other);
    source_config_release(&settings);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("source");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 20);
    tcase_add_test(tests, always_subscribes_every_symbol_once_connected);
    tcase_add_test(tests, always_does_not_care_what_is_wanted);
    tcase_add_test(tests, demand_subscribes_what_is_wanted_once);
    tcase_add_test(tests, demand_before_the_connection_is_met_by_it);
    tcase_add_test(tests, released_symbol_is_unsubscribed_after_the_grace_period);
    tcase_add_test(tests, symbol_wanted_again_within_the_grace_period_stays);
    tcase_add_test(tests, release_of_what_nobody_wanted_does_nothing);
    tcase_add_test(tests, loss_is_told_and_mended_by_a_reconnect_with_all_that_was_wanted);
    tcase_add_test(tests, demand_that_changed_while_lost_is_met_afterwards);
    tcase_add_test(tests, gap_is_told_counted_and_ends_the_connection);
    tcase_add_test(tests, trades_go_up_with_the_sources_name_and_are_counted);
    tcase_add_test(tests, malformed_and_rejected_messages_leave_the_connection_alone);
    tcase_add_test(tests, status_says_since_when);
    tcase_add_test(tests, breaker_that_opens_and_closes_is_told_at_once);
    tcase_add_test(tests, health_falls_with_a_loss_and_with_a_gap);
    tcase_add_test(tests, starving_stream_is_told_at_once_and_so_is_its_end);
    tcase_add_test(tests, unsubscribed_stream_does_not_starve);
    tcase_add_test(tests, stop_disconnects_and_starts_nothing_any_more);
    tcase_add_test(tests, stop_while_waiting_ends_the_wait);
    tcase_add_test(tests, connector_that_refuses_gives_no_source);
    tcase_add_test(tests, unknown_connector_gives_no_source);
    tcase_add_test(tests, every_connector_that_is_named_is_found);
    tcase_add_test(tests, settings_are_read_from_the_configuration);
    tcase_add_test(tests, symbols_that_change_are_subscribed_and_unsubscribed_on_the_connection);
    tcase_add_test(tests, symbols_that_change_keep_who_wants_them);
    tcase_add_test(tests, settings_are_compared_but_for_the_order_of_the_symbols);
    Suite *suite = suite_create("source");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
