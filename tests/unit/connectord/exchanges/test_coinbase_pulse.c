/* Where symbols are subscribed on demand there may be none: the heartbeat of one keeps the connection. */
#include "tests/unit/connectord/exchanges/coinbase_fixture.h"
#include "tests/unit/run_tests.h"

#define PULSE(product)      "{\"type\":\"subscribe\",\"product_ids\":[" product "],\"channels\":[\"heartbeat\"]}\n"
#define PULSE_ONLY(product) "{\"type\":\"subscriptions\",\"channels\":[{\"name\":\"heartbeat\",\"product_ids\":[" product "]}]}"
#define MATCHES_ONLY(type, product)                                                                                            \
    "{\"type\":\"" type "\",\"channels\":[{\"name\":\"matches\",\"product_ids\":[" product "]}]}\n"

static void connect_on_demand(void)
{
    config.demand = true;
    connect_with(0);
    check_heard("}\n", PULSE(BTC));
}

START_TEST(pulse_is_asked_for_before_all_symbols)
{
    connect_on_demand();
    server_send(&server, PULSE_ONLY(BTC));
    server_send(&server, HEARTBEAT_OF("BTC-USD", "7"));
    check_quiet();
    ck_assert_str_eq(heard, "");
}
END_TEST

START_TEST(pulse_stays_when_its_symbol_is_no_longer_wanted)
{
    connect_on_demand();
    subscribe(2);
    check_heard("}\n", REQUEST("subscribe", BTC "," ETH));
    server_send(&server, LISTING(BTC "," ETH));
    check_after("+ETH-USD", "+BTC-USD +ETH-USD ");
    coinbase->unsubscribe(connector, symbols[0]);
    check_heard("}\n", MATCHES_ONLY("unsubscribe", BTC));
    server_send(&server, LISTING(ETH));
    check_after("-BTC-USD", "-BTC-USD ");
    coinbase->unsubscribe(connector, symbols[1]);
    check_heard("}\n", REQUEST("unsubscribe", ETH));
    server_send(&server, PULSE_ONLY(BTC));
    check_after("-ETH-USD", "-ETH-USD ");
}
END_TEST

/* The symbol itself is refused when it is wanted. */
START_TEST(pulse_that_is_refused_moves_to_the_next_symbol_and_ends_with_the_last)
{
    connect_on_demand();
    server_send(&server, ERROR("BTC-USD is not a valid product"));
    check_heard("}\n", PULSE(ETH));
    subscribe(1);
    check_heard("}\n", REQUEST("subscribe", BTC));
    server_send(&server, ERROR("ETH-USD is not a valid product"));
    check_heard("}\n", PULSE(LTC));
    server_send(&server, ERROR("BTC-USD is not a valid product"));
    check_after("rejected:", "rejected:BTC-USD:BTC-USD is not a valid product ");
    server_send(&server, ERROR("LTC-USD is not a valid product"));
    check_quiet();
    ck_assert_str_eq(heard, "");
}
END_TEST

START_TEST(pulse_is_not_asked_for_where_all_symbols_are_subscribed)
{
    connect_with(1);
    check_heard("}\n", REQUEST("subscribe", BTC));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("coinbase_pulse");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, pulse_is_asked_for_before_all_symbols);
    tcase_add_test(tests, pulse_stays_when_its_symbol_is_no_longer_wanted);
    tcase_add_test(tests, pulse_that_is_refused_moves_to_the_next_symbol_and_ends_with_the_last);
    tcase_add_test(tests, pulse_is_not_asked_for_where_all_symbols_are_subscribed);
    return RUN_TESTS("coinbase_pulse", tests);
}
