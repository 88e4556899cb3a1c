/* What the exchange refuses, and whom it concerns. */
#include "tests/unit/connectord/exchanges/coinbase_fixture.h"
#include "tests/unit/run_tests.h"

START_TEST(refused_product_is_given_up_and_the_others_of_its_request_are_asked_for_again)
{
    connect_with(3);
    check_heard("}\n", REQUEST("subscribe", BTC "," ETH "," LTC));
    server_send(&server, ERROR("ETH-USD is not a valid product"));
    check_after("rejected:", "rejected:ETH-USD:ETH-USD is not a valid product ");
    check_heard("}\n", REQUEST("subscribe", BTC "," LTC));
    server_send(&server, LISTING(BTC "," LTC));
    check_after("+LTC-USD", "+BTC-USD +LTC-USD ");
    check_quiet();
    ck_assert_str_eq(heard, "");
}
END_TEST

/* The product may stand in quotes or behind a colon. */
START_TEST(product_is_found_however_the_error_names_it)
{
    static const char *const reasons[] = {"ETH-USD", "invalid: 'ETH-USD'.", "no such product (ETH-USD)",
                                          "products: ETH-USD, are invalid", "product=ETH-USD/ETH-USD"};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons - 1; i++) {
        char error[200], wanted[200];
        if (i == 0)
            connect_with(2);
        else
            coinbase->subscribe(connector, symbols[1]);
        UNTIL(strstr(heard, ETH));
        heard[0] = '\0';
        snprintf(error, sizeof error, ERROR("%s"), reasons[i]);
        snprintf(wanted, sizeof wanted, "rejected:ETH-USD:%s ", reasons[i]);
        server_send(&server, error);
        check_after("rejected:", wanted);
    }
}
END_TEST

START_TEST(error_that_is_said_for_each_channel_counts_once)
{
    connect_with(1);
    coinbase->subscribe(connector, symbols[1]);
    UNTIL(strstr(heard, ETH));
    server_send(&server, ERROR("BTC-USD is not a valid product"));
    server_send(&server, ERROR("BTC-USD is not a valid product"));
    server_send(&server, LISTING(ETH));
    check_after("+ETH-USD", "rejected:BTC-USD:BTC-USD is not a valid product +ETH-USD ");
}
END_TEST

START_TEST(error_that_names_none_of_a_request_has_each_asked_for_by_itself)
{
    connect_with(2);
    coinbase->subscribe(connector, symbols[2]);
    UNTIL(strstr(heard, LTC));
    heard[0] = '\0';
    server_send(&server, ERROR("FOO-USD is not a valid product"));
    UNTIL(strstr(heard, ETH));
    ck_assert_str_eq(heard, REQUEST("subscribe", BTC) REQUEST("subscribe", ETH));
    server_send(&server, LISTING(LTC));
    server_send(&server, ERROR("no"));
    server_send(&server, LISTING(LTC "," ETH));
    check_after("+ETH-USD", "+LTC-USD rejected:BTC-USD:no +ETH-USD ");
}
END_TEST

START_TEST(error_when_nothing_waits_concerns_no_symbol)
{
    connect_and_confirm();
    server_send(&server, ERROR("rate limit exceeded"));
    server_send(&server, ERROR("BTC-USD: halted"));
    check_after("halted", "rejected::rate limit exceeded rejected::BTC-USD: halted ");
    coinbase->subscribe(connector, symbols[0]);
    check_after("+BTC-USD", "+BTC-USD ");
}
END_TEST

START_TEST(unsubscribe_that_is_refused_leaves_nothing_subscribed)
{
    connect_and_confirm();
    coinbase->unsubscribe(connector, symbols[0]);
    coinbase->unsubscribe(connector, symbols[1]);
    UNTIL(heard[0] != '\0');
    heard[0] = '\0';
    server_send(&server, ERROR("BTC-USD is not subscribed"));
    check_after("-BTC-USD", "-BTC-USD ");
    check_heard("}\n", REQUEST("unsubscribe", ETH));
    server_send(&server, ERROR("no"));
    check_after("-ETH-USD", "-ETH-USD ");
}
END_TEST

START_TEST(source_may_leave_at_a_refusal)
{
    connect_with(2);
    upon_event = disconnect;
    server_send(&server, ERROR("BTC-USD is not a valid product"));
    server_send(&server, "nonsense");
    UNTIL(server.closed);
    ck_assert_str_eq(events, "rejected:BTC-USD:BTC-USD is not a valid product ");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("coinbase_refused");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, refused_product_is_given_up_and_the_others_of_its_request_are_asked_for_again);
    tcase_add_test(tests, product_is_found_however_the_error_names_it);
    tcase_add_test(tests, error_that_is_said_for_each_channel_counts_once);
    tcase_add_test(tests, error_that_names_none_of_a_request_has_each_asked_for_by_itself);
    tcase_add_test(tests, error_when_nothing_waits_concerns_no_symbol);
    tcase_add_test(tests, unsubscribe_that_is_refused_leaves_nothing_subscribed);
    tcase_add_test(tests, source_may_leave_at_a_refusal);
    return RUN_TESTS("coinbase_refused", tests);
}
