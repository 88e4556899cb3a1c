/* What comes, as far as it is the kraken connector's own; what every connector must do is test_connector.c's. */
#include "tests/unit/connectord/exchanges/kraken_fixture.h"

#include <unistd.h>

START_TEST(trades_of_a_message_come_one_by_one)
{
    connect_with(2);
    server_send(&server, UPDATE(TRADE("BTC/USD", "7") "," TRADE("ETH/USD", "5") "," TRADE("BTC/USD", "6")));
    check_after("trade:6", "trade:7 trade:5 trade:6 ");
}
END_TEST

START_TEST(bad_trade_costs_no_other_of_its_message)
{
    connect_with(1);
    server_send(&server, UPDATE("7," TRADE("BTC/USD", "1") ",{}," TRADE("BTC/USD", "\"2\"") "," TRADE("XRP/USD", "3") "," TRADE(
                             "ETH/USD", "4") "," TRADE("BTC/USD", "5")));
    check_after("trade:5", "malformed:expected an object trade:1 malformed:symbol: missing "
                           "malformed:trade_id: expected a number, found a string "
                           "malformed:symbol: XRP-USD is not subscribed malformed:symbol: ETH-USD is not subscribed trade:5 ");
}
END_TEST

START_TEST(snapshot_is_told_in_order_of_ids_as_what_was_before)
{
    connect_with(1);
    server_send(&server, SNAPSHOT(TRADE("BTC/USD", "12") "," TRADE("BTC/USD", "9") ",{}," TRADE("BTC/USD", "100") "," TRADE(
                             "BTC/USD", "10")));
    server_send(&server, UPDATE(TRADE("BTC/USD", "101")));
    check_after("trade:101", "malformed:symbol: missing former:9 former:10 former:12 former:100 trade:101 ");
}
END_TEST

START_TEST(snapshot_longer_than_any_is_told_whole)
{
    buffer_t message = buffer_new(0);
    connect_with(1);
    buffer_append(&message, TEXT("{\"channel\":\"trade\",\"type\":\"snapshot\",\"data\":["));
    for (int i = 2500; i > 0; i--)
        buffer_printf(&message,
                      "%s"
                      "{\"symbol\":\"BTC/"
                      "USD\",\"side\":\"buy\",\"price\":1,\"qty\":1,\"trade_id\":%d,\"timestamp\":\"2023-10-06T17:35:55Z\"}",
                      i < 2500 ? "," : "", i);
    buffer_append(&message, (text_t){"]}", 3});
    server_send(&server, message.bytes);
    buffer_release(&message);
    UNTIL(strlen(events) > 4000); /* the notes are full soon */
    ck_assert(text_starts_with(text_of(events), TEXT("former:1 former:2 ")));
    server_send(&server, "nonsense");
    events[0] = '\0';
    UNTIL(strstr(events, "malformed:expected JSON"));
}
END_TEST

static void disconnect_at_second(const char *event)
{
    if (strstr(event, ":2 "))
        kraken->disconnect(connector);
}

START_TEST(nothing_comes_after_a_disconnect_in_the_middle_of_a_message)
{
    static const char *const messages[] = {
        UPDATE(TRADE("BTC/USD", "1") "," TRADE("BTC/USD", "2") "," TRADE("BTC/USD", "3") ",7"),
        SNAPSHOT(TRADE("BTC/USD", "3") "," TRADE("BTC/USD", "2") "," TRADE("BTC/USD", "1"))};
    connect_with(1);
    upon_event = disconnect_at_second;
    server_send(&server, messages[_i]);
    UNTIL(server.closed);
    ck_assert_str_eq(events, _i == 0 ? "trade:1 trade:2 " : "former:1 former:2 ");
}
END_TEST

/* It is never silent for longer than a third of what is too long. */
START_TEST(idle_connection_is_kept_by_pings)
{
    config.silence_ms = 3300;
    connect_with(0);
    uint64_t begin = uv_now(loop_uv(loop));
    check_heard("{\"method\":\"ping\"}\n");
    ck_assert_uint_ge(uv_now(loop_uv(loop)) - begin, 1050);
    server_send(&server, "{\"method\":\"pong\",\"time_in\":\"\"}");
    server_send(&server, "nonsense");
    check_after("malformed", "malformed:expected JSON ");
}
END_TEST

#define STATUS(system)                                                                                                         \
    "{\"channel\":\"status\",\"type\":\"update\",\"data\":[{\"api_version\":\"v2\",\"system\":\"" system "\"}]}"

START_TEST(only_an_exchange_that_is_not_online_is_logged)
{
    char log[2048];
    FILE *capture = tmpfile();
    int real_stderr = dup(STDERR_FILENO);
    connect_with(1);
    log_set_level(LOG_LEVEL_INFO);
    dup2(fileno(capture), STDERR_FILENO);
    server_send(&server, STATUS("online"));
    server_send(&server, STATUS("cancel_only"));
    for (int i = 0; i < 100; i++)
        server_send(&server, STATUS("maintenance"));
    server_send(&server, "{\"channel\":\"heartbeat\"}");
    server_send(&server, UPDATE(TRADE("BTC/USD", "1")));
    UNTIL(events[0] != '\0');
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    rewind(capture);
    log[fread(log, 1, sizeof log - 1, capture)] = '\0';
    fclose(capture);
    ck_assert_str_eq(events, "trade:1 ");
    ck_assert_ptr_null(strstr(log, "system=online"));
    ck_assert_ptr_nonnull(strstr(log, "kraken: the exchange is not online source=exchange system=cancel_only"));
    int lines = 0;
    for (const char *at = log; (at = strchr(at, '\n')); at++)
        lines++;
    ck_assert_int_eq(lines, LOG_LIMIT_LINES);
}
END_TEST

START_TEST(malformed_messages_are_told_and_the_good_ones_around_them_come)
{
    static char large[(1 << 20) + 1];
    memset(large, '1', sizeof large);
    connect_with(1);
    server_send(&server, "nonsense");
    server_send(&server, UPDATE(TRADE("BTC/USD", "1")));
    server_send(&server, "{\"channel\":\"trade\",\"type\":\"update\",\"data\":[" TRADE("BTC/USD", "2"));
    server_send(&server, UPDATE(TRADE("BTC/USD", "3")));
    server_send(&server, "\xff\xfe");
    server_send_frame(&server, TEXT("\x00\x01"), LWS_WRITE_BINARY);
    server_send_frame(&server, (text_t){large, sizeof large}, LWS_WRITE_TEXT);
    server_send(&server, "{\"method\":\"subscribe\"}");
    server_send(&server, UPDATE(TRADE("BTC/USD", "4")));
    check_after("trade:4", "malformed:expected JSON trade:1 malformed:expected JSON trade:3 malformed:expected JSON "
                           "malformed:expected a text message, found a binary one malformed:message over 1 MiB "
                           "malformed:success: missing trade:4 ");
}
END_TEST

START_TEST(silence_is_a_loss)
{
    config.silence_ms = 100;
    connect_with(1);
    check_after("lost:", "lost:silent for 100 ms ");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("kraken");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, trades_of_a_message_come_one_by_one);
    tcase_add_test(tests, bad_trade_costs_no_other_of_its_message);
    tcase_add_test(tests, snapshot_is_told_in_order_of_ids_as_what_was_before);
    tcase_add_test(tests, snapshot_longer_than_any_is_told_whole);
    tcase_add_loop_test(tests, nothing_comes_after_a_disconnect_in_the_middle_of_a_message, 0, 2);
    tcase_add_test(tests, idle_connection_is_kept_by_pings);
    tcase_add_test(tests, only_an_exchange_that_is_not_online_is_logged);
    tcase_add_test(tests, malformed_messages_are_told_and_the_good_ones_around_them_come);
    tcase_add_test(tests, silence_is_a_loss);
    return RUN_TESTS("kraken", tests);
}
