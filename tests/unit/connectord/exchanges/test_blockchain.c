/* What is the blockchain connector's own, against a server in the same loop; what every connector must do is
 * test_connector.c's.
 */
#include "tests/unit/exchange_fixture.h"
#include "tests/unit/run_tests.h"

#define TRADE_OF(seqnum, symbol, id)                                                                                           \
    "{\"seqnum\":" #seqnum ",\"event\":\"updated\",\"channel\":\"trades\",\"symbol\":\"" symbol                                \
    "\",\"timestamp\":\"2019-08-13T11:30:06.100140Z\",\"side\":\"sell\",\"qty\":8.5E-5,\"price\":11252.4,\"trade_id\":\"" id   \
    "\"}"

static const connector_t *blockchain;
static void *connector;

static void set_up(void)
{
    exchange_set_up();
    blockchain = connector_find("blockchain");
}

static void tear_down(void)
{
    blockchain->close(connector);
    exchange_tear_down();
}

/* Connects and has the first symbols subscribed; the server has heard the heartbeat's request and theirs. */
static void connect_with(size_t count)
{
    connector = blockchain->open(loop, web, &config, &connector_events, NULL);
    ck_assert_ptr_nonnull(connector);
    blockchain->connect(connector);
    UNTIL(strstr(events, "connected "));
    for (size_t i = 0; i < count; i++)
        blockchain->subscribe(connector, symbols[i]);
    UNTIL(count == 0 || strstr(heard, symbols[count - 1].at));
    UNTIL(strstr(heard, "heartbeat"));
    events[0] = '\0';
}

START_TEST(heartbeat_and_symbols_are_asked_for)
{
    connect_with(2);
    ck_assert_str_eq(heard, "{\"action\":\"subscribe\",\"channel\":\"heartbeat\"}\n"
                            "{\"action\":\"subscribe\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\"}\n"
                            "{\"action\":\"subscribe\",\"channel\":\"trades\",\"symbol\":\"ETH-USD\"}\n");
    ck_assert_str_eq(server.origin, "https://exchange.blockchain.com");
    heard[0] = '\0';
    server_send(&server, "{\"seqnum\":0,\"event\":\"subscribed\",\"channel\":\"trades\",\"symbol\":\"ETH-USD\"}");
    check_after("+ETH-USD", "+ETH-USD ");
    blockchain->unsubscribe(connector, TEXT("ETH-USD"));
    UNTIL(heard[0] != '\0');
    ck_assert_str_eq(heard, "{\"action\":\"unsubscribe\",\"channel\":\"trades\",\"symbol\":\"ETH-USD\"}\n");
}
END_TEST

START_TEST(token_goes_with_the_subscription_well_escaped)
{
    config.token = "a\"b\\c";
    connect_with(1);
    ck_assert_ptr_nonnull(strstr(heard, ",\"symbol\":\"BTC-USD\",\"token\":\"a\\\"b\\\\c\"}\n"));
}
END_TEST

START_TEST(token_that_fits_no_message_is_refused)
{
    static char token[10000];
    memset(token, 't', sizeof token - 1);
    config.token = token;
    connector = blockchain->open(loop, web, &config, &connector_events, NULL);
    ck_assert_ptr_null(connector);
}
END_TEST

START_TEST(change_of_mind_waits_for_the_answer)
{
    connect_with(1);
    heard[0] = '\0';
    blockchain->unsubscribe(connector, TEXT("BTC-USD"));
    blockchain->subscribe(connector, TEXT("BTC-USD"));
    blockchain->unsubscribe(connector, TEXT("BTC-USD"));
    server_send(&server, "{\"seqnum\":0,\"event\":\"subscribed\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\"}");
    UNTIL(heard[0] != '\0');
    blockchain->subscribe(connector, TEXT("BTC-USD"));
    server_send(&server, "{\"seqnum\":1,\"event\":\"unsubscribed\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\"}");
    UNTIL(strstr(heard, "\"subscribe\""));
    ck_assert_str_eq(heard, "{\"action\":\"unsubscribe\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\"}\n"
                            "{\"action\":\"subscribe\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\"}\n");
    ck_assert_str_eq(events, "+BTC-USD -BTC-USD ");
}
END_TEST

START_TEST(hole_in_the_numbering_is_told_behind_the_trade_that_showed_it)
{
    connect_with(1);
    server_send(&server, TRADE_OF(0, "BTC-USD", "a"));
    server_send(&server, TRADE_OF(3, "BTC-USD", "b"));
    server_send(&server, TRADE_OF(4, "BTC-USD", "c"));
    check_after("trade:c", "trade:a trade:b gap:1-3 trade:c ");
}
END_TEST

START_TEST(every_channel_counts_in_the_numbering)
{
    connect_with(1);
    server_send(&server, "{\"seqnum\":0,\"event\":\"subscribed\",\"channel\":\"heartbeat\"}");
    server_send(&server,
                "{\"seqnum\":1,\"event\":\"updated\",\"channel\":\"heartbeat\",\"timestamp\":\"2021-01-01T00:00:00Z\"}");
    server_send(&server, "{\"seqnum\":2,\"event\":\"snapshot\",\"channel\":\"l2\",\"bids\":[[[[[[[[[1]]]]]]]]]}");
    server_send(&server, TRADE_OF(3, "BTC-USD", "a"));
    check_after("trade:a", "trade:a ");
}
END_TEST

static void disconnect_at_gap(const char *event)
{
    if (strncmp(event, "gap:", 4) == 0)
        blockchain->disconnect(connector);
}

START_TEST(nothing_comes_after_a_disconnect_at_a_hole)
{
    connect_with(1);
    upon_event = disconnect_at_gap;
    server_send(&server, TRADE_OF(0, "BTC-USD", "a"));
    server_send(&server, TRADE_OF(5, "BTC-USD", "b"));
    server_send(&server, TRADE_OF(6, "BTC-USD", "c"));
    UNTIL(server.closed);
    ck_assert_str_eq(events, "trade:a trade:b gap:1-5 ");
    ck_assert_int_eq(server.close_code, 1000);
}
END_TEST

START_TEST(repeated_number_is_no_hole)
{
    connect_with(1);
    server_send(&server, TRADE_OF(0, "BTC-USD", "a"));
    server_send(&server, TRADE_OF(0, "BTC-USD", "a"));
    server_send(&server, TRADE_OF(1, "BTC-USD", "b"));
    check_after("trade:b", "trade:a trade:a trade:b ");
}
END_TEST

START_TEST(numbering_that_begins_again_is_told_and_followed)
{
    connect_with(1);
    server_send(&server, TRADE_OF(0, "BTC-USD", "a"));
    server_send(&server, TRADE_OF(1, "BTC-USD", "b"));
    server_send(&server, TRADE_OF(0, "BTC-USD", "c"));
    server_send(&server, TRADE_OF(1, "BTC-USD", "d"));
    check_after("trade:d", "trade:a trade:b trade:c gap:2-0 trade:d ");
}
END_TEST

START_TEST(malformed_messages_are_left_out_and_make_no_hole)
{
    static char large[(1 << 20) + 1];
    memset(large, '1', sizeof large);
    connect_with(1);
    server_send(&server, "nonsense");
    server_send(&server, TRADE_OF(0, "BTC-USD", "a"));
    server_send(&server, "{\"seqnum\":1,");
    server_send(&server, TRADE_OF(2, "BTC-USD", "b"));
    server_send(&server, "\xff\xfe");
    server_send_frame(&server, TEXT("\x00\x01"), LWS_WRITE_BINARY);
    server_send_frame(&server, (text_t){large, sizeof large}, LWS_WRITE_TEXT);
    server_send(&server, TRADE_OF(5, "BTC-USD", "c"));
    server_send(&server, "{\"seqnum\":6,\"event\":\"updated\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\"}");
    server_send(&server, TRADE_OF(7, "XRP-USD", "x"));
    server_send(&server, TRADE_OF(8, "ETH-USD", "y"));
    server_send(&server, TRADE_OF(9, "BTC-USD", "d"));
    check_after("trade:d", "malformed:expected JSON trade:a malformed:expected JSON trade:b malformed:expected JSON "
                           "malformed:expected a text message, found a binary one malformed:message over 1 MiB trade:c "
                           "malformed:timestamp: missing malformed:symbol: XRP-USD is not subscribed "
                           "malformed:symbol: ETH-USD is not subscribed trade:d ");
}
END_TEST

START_TEST(refused_symbol_is_told_and_not_asked_for_again)
{
    connect_with(2);
    heard[0] = '\0';
    server_send(&server, "{\"seqnum\":0,\"event\":\"rejected\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"text\":\"no\"}");
    server_send(&server, "{\"seqnum\":1,\"event\":\"subscribed\",\"channel\":\"trades\",\"symbol\":\"ETH-USD\"}");
    check_after("+ETH-USD", "rejected:BTC-USD:no +ETH-USD ");
    blockchain->subscribe(connector, TEXT("LTC-USD"));
    UNTIL(heard[0] != '\0');
    ck_assert_str_eq(heard, "{\"action\":\"subscribe\",\"channel\":\"trades\",\"symbol\":\"LTC-USD\"}\n");
}
END_TEST

#define ANSWER(seqnum, event) "{\"seqnum\":" #seqnum ",\"event\":\"" event "\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\"}"
#define SUBSCRIBE             "{\"action\":\"subscribe\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\"}\n"
#define UNSUBSCRIBE           "{\"action\":\"unsubscribe\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\"}\n"

START_TEST(rejection_that_names_no_symbol_is_for_the_only_one_that_waits)
{
    connect_with(1);
    server_send(&server, "{\"seqnum\":0,\"event\":\"rejected\",\"channel\":\"trades\",\"symbol\":null,\"text\":\"not now\"}");
    check_after("rejected:", "rejected:BTC-USD:not now ");
    heard[0] = '\0';
    blockchain->subscribe(connector, TEXT("BTC-USD"));
    UNTIL(heard[0] != '\0');
    ck_assert_str_eq(heard, SUBSCRIBE);
}
END_TEST

START_TEST(symbol_that_is_not_answered_can_be_asked_for_again)
{
    connect_with(1);
    heard[0] = '\0';
    blockchain->subscribe(connector, TEXT("BTC-USD"));
    UNTIL(heard[0] != '\0');
    ck_assert_str_eq(heard, SUBSCRIBE);
    server_send(&server, ANSWER(0, "subscribed"));
    server_send(
        &server,
        "{\"seqnum\":1,\"event\":\"rejected\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"text\":\"Already subscribed\"}");
    server_send(&server, TRADE_OF(2, "BTC-USD", "a"));
    check_after("trade:a", "+BTC-USD rejected:BTC-USD:Already subscribed trade:a ");
}
END_TEST

START_TEST(who_is_subscribed_already_is_subscribed)
{
    connect_with(1);
    server_send(
        &server,
        "{\"seqnum\":0,\"event\":\"rejected\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"text\":\"Already subscribed\"}");
    server_send(&server, TRADE_OF(1, "BTC-USD", "a"));
    check_after("trade:a", "+BTC-USD trade:a ");
}
END_TEST

START_TEST(what_the_exchange_ends_by_itself_is_told_and_not_asked_for_again)
{
    connect_with(1);
    server_send(&server, ANSWER(0, "subscribed"));
    server_send(&server, ANSWER(1, "unsubscribed"));
    check_after("-BTC-USD", "+BTC-USD -BTC-USD ");
    heard[0] = '\0';
    blockchain->subscribe(connector, TEXT("LTC-USD"));
    UNTIL(heard[0] != '\0');
    ck_assert_ptr_null(strstr(heard, "BTC-USD"));
    heard[0] = '\0';
    blockchain->subscribe(connector, TEXT("BTC-USD"));
    UNTIL(heard[0] != '\0');
    ck_assert_str_eq(heard, SUBSCRIBE);
}
END_TEST

START_TEST(unsubscribe_that_is_refused_is_done)
{
    connect_with(1);
    server_send(&server, ANSWER(0, "subscribed"));
    check_after("+BTC-USD", "+BTC-USD ");
    heard[0] = '\0';
    blockchain->unsubscribe(connector, TEXT("BTC-USD"));
    UNTIL(heard[0] != '\0');
    blockchain->subscribe(connector, TEXT("BTC-USD"));
    server_send(
        &server,
        "{\"seqnum\":1,\"event\":\"rejected\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"text\":\"Not subscribed\"}");
    UNTIL(strstr(heard, "\"subscribe\""));
    ck_assert_str_eq(heard, UNSUBSCRIBE SUBSCRIBE);
    ck_assert_str_eq(events, "-BTC-USD ");
}
END_TEST

/* Takes as long as the pause: 10 s. */
START_TEST(what_a_throttle_swallowed_is_asked_for_again_after_a_pause)
{
    connect_with(2);
    heard[0] = '\0';
    server_send(&server, "{\"event\":\"rejected\",\"text\":\"slower\"}");
    server_send(&server, "{\"seqnum\":0,\"event\":\"subscribed\",\"channel\":\"heartbeat\"}");
    server_send(&server, "{\"seqnum\":1,\"event\":\"subscribed\",\"channel\":\"trades\",\"symbol\":\"ETH-USD\"}");
    check_after("+ETH-USD", "rejected::slower +ETH-USD ");
    uint64_t begin = uv_now(loop_uv(loop));
    blockchain->subscribe(connector, TEXT("LTC-USD"));
    UNTIL(strstr(heard, "LTC-USD"));
    ck_assert_uint_ge(uv_now(loop_uv(loop)) - begin, 9000);
    UNTIL(strstr(heard, "BTC-USD"));
    ck_assert_ptr_null(strstr(heard, "ETH-USD"));
    ck_assert_ptr_null(strstr(heard, "heartbeat"));
}
END_TEST

START_TEST(no_more_is_sent_than_the_limit_allows)
{
    config.messages_per_minute = 4; /* two at once */
    connect_with(1);
    blockchain->subscribe(connector, TEXT("ETH-USD"));
    blockchain->subscribe(connector, TEXT("LTC-USD"));
    for (uint64_t i = 0; i < 3; i++) { /* three round trips */
        events[0] = '\0';
        server_send(&server, TRADE_OF(0, "BTC-USD", "a"));
        UNTIL(events[0] != '\0');
    }
    blockchain->disconnect(connector); /* reconnecting earns nothing */
    blockchain->connect(connector);
    UNTIL(strstr(events, "connected "));
    UNTIL(server.opened == 2);
    server_send(&server, "{\"seqnum\":0,\"event\":\"rejected\",\"channel\":\"x\",\"text\":\"marker\"}");
    UNTIL(strstr(events, "marker"));
    ck_assert_str_eq(heard, "{\"action\":\"subscribe\",\"channel\":\"heartbeat\"}\n"
                            "{\"action\":\"subscribe\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\"}\n");
}
END_TEST

START_TEST(each_connection_begins_anew)
{
    connect_with(1);
    server_send(&server, TRADE_OF(0, "BTC-USD", "a"));
    server_hang_up(&server);
    check_after("lost:", "trade:a lost:closed by the exchange: 1001 going away ");
    heard[0] = '\0';
    blockchain->connect(connector);
    UNTIL(strstr(events, "connected "));
    blockchain->subscribe(connector, TEXT("ETH-USD"));
    UNTIL(strstr(heard, "ETH-USD"));
    ck_assert_ptr_null(strstr(heard, "BTC-USD"));
    events[0] = '\0';
    server_send(&server, TRADE_OF(0, "BTC-USD", "b"));
    server_send(&server, TRADE_OF(1, "ETH-USD", "c"));
    check_after("trade:c", "malformed:symbol: BTC-USD is not subscribed trade:c ");
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
    TCase *tests = tcase_create("blockchain");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, heartbeat_and_symbols_are_asked_for);
    tcase_add_test(tests, token_goes_with_the_subscription_well_escaped);
    tcase_add_test(tests, token_that_fits_no_message_is_refused);
    tcase_add_test(tests, change_of_mind_waits_for_the_answer);
    tcase_add_test(tests, hole_in_the_numbering_is_told_behind_the_trade_that_showed_it);
    tcase_add_test(tests, every_channel_counts_in_the_numbering);
    tcase_add_test(tests, nothing_comes_after_a_disconnect_at_a_hole);
    tcase_add_test(tests, repeated_number_is_no_hole);
    tcase_add_test(tests, numbering_that_begins_again_is_told_and_followed);
    tcase_add_test(tests, malformed_messages_are_left_out_and_make_no_hole);
    tcase_add_test(tests, refused_symbol_is_told_and_not_asked_for_again);
    tcase_add_test(tests, rejection_that_names_no_symbol_is_for_the_only_one_that_waits);
    tcase_add_test(tests, symbol_that_is_not_answered_can_be_asked_for_again);
    tcase_add_test(tests, who_is_subscribed_already_is_subscribed);
    tcase_add_test(tests, what_the_exchange_ends_by_itself_is_told_and_not_asked_for_again);
    tcase_add_test(tests, unsubscribe_that_is_refused_is_done);
    tcase_add_test(tests, what_a_throttle_swallowed_is_asked_for_again_after_a_pause);
    tcase_add_test(tests, no_more_is_sent_than_the_limit_allows);
    tcase_add_test(tests, each_connection_begins_anew);
    tcase_add_test(tests, silence_is_a_loss);
    return RUN_TESTS("blockchain", tests);
}
