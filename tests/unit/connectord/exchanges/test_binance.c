/* What is the binance connector's own, against a server in the same loop; what every connector must do is test_connector.c's. */
#include "common/clock.h"
#include "connectord/connectors/exchange_spread.h"
#include "tests/unit/exchange_fixture.h"
#include "tests/unit/run_tests.h"
#include "tests/unit/websocket_crowd.h"

enum { MANY = 1025 };

static const connector_t *binance;
static void *connector;
static bool answers;    /* the server does, and grants everything but … */
static const char *bad; /* … what has this name; NULL: all */
static int64_t heard_ns[64];
static size_t heard_count;

static void on_request(websocket_server_t *client, text_t request)
{
    char text[WS_CLIENT_SEND_MAX + 1], reply[200];
    ck_assert_uint_le(request.length, WS_CLIENT_SEND_MAX);
    snprintf(text, sizeof text, "%.*s", TEXT_ARG(request));
    if (heard_count < sizeof heard_ns / sizeof *heard_ns)
        heard_ns[heard_count++] = clock_mono_ns();
    uv_stop(loop_uv(loop));
    if (!answers)
        return;
    bool refused = bad && strstr(text, bad);
    snprintf(reply, sizeof reply, "{%s,%.40s",
             refused ? "\"error\":{\"code\":2,\"msg\":\"Invalid request\"}" : "\"result\":null", strstr(text, "\"id\":"));
    server_send(client, reply);
}

static void set_up(void)
{
    exchange_set_up();
    crowd_start(web);
    crowd.upon_message = on_request;
    config.url = crowd.url;
    binance = connector_find("binance");
    answers = true;
    bad = NULL;
    heard_count = 0;
}

static void tear_down(void)
{
    binance->close(connector);
    exchange_tear_down();
    crowd_release();
}

static void connect_binance(void)
{
    connector = binance->open(loop, web, &config, &connector_events, NULL);
    ck_assert_ptr_nonnull(connector);
    binance->connect(connector);
    check_after("connected ", "connected ");
}

static void subscribe(const char *symbol)
{
    binance->subscribe(connector, text_of(symbol));
}

static void say(const char *message)
{
    server_send(&crowd.clients[0], message);
}

/* S1-USDT and so on: "s1usdt@trade". */
static void subscribe_many(size_t count)
{
    char symbol[24];
    for (size_t i = 1; i <= count; i++) {
        snprintf(symbol, sizeof symbol, "S%zu-USDT", i);
        subscribe(symbol);
    }
}

#define TRADE_OF(symbol, id)                                                                                                   \
    "{\"stream\":\"x\",\"data\":{\"e\":\"trade\",\"E\":1,\"s\":\"" symbol "\",\"t\":" id                                       \
    ",\"p\":\"0.001\",\"q\":\"100\",\"T\":1672515782136120,\"m\":true}}"

START_TEST(many_symbols_are_asked_for_in_one_message_and_one_answer_confirms_them)
{
    connect_binance();
    subscribe("BTC-USDT");
    subscribe("ETH-BTC");
    subscribe("1000SATS-FDUSD");
    check_after("+1000SATS-FDUSD ", "+BTC-USDT +ETH-BTC +1000SATS-FDUSD ");
    ck_assert_str_eq(
        crowd.heard[0],
        "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@trade\",\"ethbtc@trade\",\"1000satsfdusd@trade\"],\"id\":1}\n");
    crowd.heard[0][0] = '\0';
    binance->unsubscribe(connector, TEXT("ETH-BTC"));
    check_after("-ETH-BTC ", "-ETH-BTC ");
    ck_assert_str_eq(crowd.heard[0], "{\"method\":\"UNSUBSCRIBE\",\"params\":[\"ethbtc@trade\"],\"id\":2}\n");
}
END_TEST

static size_t occurrences(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)); text++)
        count++;
    return count;
}

START_TEST(message_has_no_more_symbols_than_fit)
{
    connect_binance();
    subscribe_many(250);
    UNTIL(strstr(events, "+S250-USDT "));
    ck_assert_uint_eq(occurrences(crowd.heard[0], "SUBSCRIBE"), 3);
    ck_assert_uint_eq(occurrences(crowd.heard[0], "@trade"), 250);
}
END_TEST

START_TEST(symbol_of_the_greatest_length_fits)
{
    char symbol[SYMBOL_MAX + 1];
    connect_binance();
    for (int i = 0; i < 100; i++) {
        memset(symbol, 'A', SYMBOL_MAX);
        snprintf(symbol, sizeof symbol, "%03d-", i);
        symbol[4] = 'A';
        symbol[SYMBOL_MAX] = '\0';
        subscribe(symbol);
    }
    UNTIL(strstr(crowd.heard[0], "099aaaa"));
    ck_assert_uint_eq(occurrences(crowd.heard[0], "SUBSCRIBE"), 1);
}
END_TEST

/* 1,024 on the first connection, and the last on a second one. */
START_TEST(symbols_are_spread_over_connections)
{
    answers = false;
    connect_binance();
    subscribe_many(MANY);
    UNTIL(crowd.count == 2 && crowd.heard[1][0] != '\0');
    ck_assert_ptr_nonnull(strstr(crowd.heard[1], "{\"method\":\"SUBSCRIBE\",\"params\":[\"s1025usdt@trade\"],\"id\":"));
}
END_TEST

START_TEST(of_several_that_were_refused_only_the_bad_one_stays_out)
{
    bad = "ethbtc@";
    connect_binance();
    subscribe("BTC-USDT");
    subscribe("ETH-BTC");
    subscribe("LTC-BTC");
    UNTIL(strstr(events, "+BTC-USDT ") && strstr(events, "+LTC-BTC ") && strstr(events, "rejected:ETH-BTC:Invalid request "));
    ck_assert_uint_eq(occurrences(crowd.heard[0], "SUBSCRIBE"), 4);
    ck_assert_uint_eq(occurrences(events, "rejected:"), 1);
    events[0] = '\0';
    say(TRADE_OF("BTCUSDT", "1"));
    say(TRADE_OF("ETHBTC", "2"));
    say(TRADE_OF("LTCBTC", "3"));
    check_after("trade:3 ", "trade:1 malformed:s: ETHBTC is not subscribed trade:3 ");
}
END_TEST

START_TEST(refusal_without_a_number_names_no_symbol)
{
    answers = false;
    connect_binance();
    subscribe("BTC-USDT");
    UNTIL(heard_count == 1);
    say("{\"code\":3,\"msg\":\"Invalid JSON\"}");
    check_after("rejected:", "rejected::Invalid JSON ");
}
END_TEST

START_TEST(late_answers_harm_nobody)
{
    answers = false;
    connect_binance();
    subscribe("BTC-USDT");
    UNTIL(heard_count == 1);
    subscribe("BTC-USDT"); /* once more: the answer is overdue */
    UNTIL(heard_count == 2);
    say("{\"result\":null,\"id\":1}");
    say("{\"code\":2,\"msg\":\"no\",\"id\":1}");
    say("{\"result\":null,\"id\":18446744073709551615}");
    say("{\"result\":null,\"id\":2}");
    check_after("+BTC-USDT ", "+BTC-USDT ");
}
END_TEST

static trade_t last;
static char last_symbol[SYMBOL_MAX], last_time[40];

static void note_trade(void *arg, const trade_t *trade, memo_t *memo)
{
    (void)memo;
    (void)arg;
    last = *trade;
    snprintf(last_symbol, sizeof last_symbol, "%.*s", TEXT_ARG(trade->symbol));
    snprintf(last_time, sizeof last_time, "%.*s", TEXT_ARG(trade->timestamp));
    note(events, "trade ");
}

START_TEST(trade_has_the_symbol_that_was_asked_for_and_the_takers_side)
{
    connector_events_t noting = connector_events;
    noting.on_trade = note_trade;
    connector = binance->open(loop, web, &config, &noting, NULL);
    binance->connect(connector);
    check_after("connected ", "connected ");
    subscribe("BTC-USDT");
    check_after("+BTC-USDT ", "+BTC-USDT ");
    say(TRADE_OF("BTCUSDT", "12345"));
    check_after("trade ", "trade ");
    ck_assert_str_eq(last_symbol, "BTC-USDT");
    ck_assert_str_eq(last_time, "2022-12-31T19:43:02.136120Z");
    ck_assert_int_eq(last.side, SIDE_SELL);
    ck_assert_uint_eq(last.seqnum, 0);
    ck_assert_int_gt(last.received_ns, 0);
}
END_TEST

START_TEST(bad_messages_are_told_and_the_good_ones_around_them_come)
{
    connect_binance();
    subscribe("BTC-USDT");
    check_after("+BTC-USDT ", "+BTC-USDT ");
    say(TRADE_OF("BTCUSDT", "1"));
    say(TRADE_OF("BTCUSDT", "\"2\""));
    say(TRADE_OF("btcusdt", "3"));
    say("{\"e\":\"trade\"}");
    say("{\"e\":\"trade\",\"E\":1,\"s\":\"BTCUSDT\",\"t\":4,\"p\":\"0.001\",\"q\":\"100\",\"T\":1672515782136,\"m\":false}");
    say("{\"e\":\"aggTrade\",\"s\":\"BTCUSDT\",\"a\":5}");
    say(TRADE_OF("BTCUSDT", "6"));
    check_after("trade:6 ", "trade:1 malformed:t: expected a number, found a string malformed:s: btcusdt is not subscribed "
                            "malformed:s: missing trade:4 trade:6 ");
}
END_TEST

START_TEST(two_symbols_of_one_name_are_not_mixed_up)
{
    connect_binance();
    subscribe("BTC-USDT");
    subscribe("BT-CUSDT");
    UNTIL(strstr(events, "+BTC-USDT ") && strstr(events, "rejected:"));
    ck_assert_ptr_nonnull(strstr(events, "rejected:BT-CUSDT:BTCUSDT is BTC-USDT already "));
    ck_assert_uint_eq(occurrences(crowd.heard[0], "btcusdt@trade"), 1);
    events[0] = '\0';
    binance->unsubscribe(connector, TEXT("BTC-USDT"));
    check_after("-BTC-USDT ", "-BTC-USDT ");
    subscribe("BT-CUSDT"); /* the name is free now */
    check_after("+BT-CUSDT ", "+BT-CUSDT ");
    say(TRADE_OF("BTCUSDT", "1"));
    check_after("trade:1 ", "trade:1 ");
}
END_TEST

START_TEST(connection_is_left_before_the_server_shuts_down)
{
    connect_binance();
    subscribe("BTC-USDT");
    check_after("+BTC-USDT ", "+BTC-USDT ");
    say("{\"stream\":\"!serverShutdown\",\"data\":{\"e\":\"serverShutdown\",\"E\":1770123456789}}");
    say(TRADE_OF("BTCUSDT", "1"));
    check_after("lost:", "lost:the server shuts down ");
    UNTIL(crowd_there() == 0);
    ck_assert_int_eq(crowd.clients[0].close_code, 1000);
    ck_assert_str_eq(events, "");
}
END_TEST

START_TEST(pings_are_answered_with_what_they_hold)
{
    connect_binance();
    server_send_frame(&crowd.clients[0], TEXT("ping"), LWS_WRITE_PING); /* websocket_server_t counts pongs that hold this */
    UNTIL(crowd.clients[0].pongs == 1);
}
END_TEST

/* Of any five the last comes a second after the first, or later: the exchange takes five, and pongs are among them. */
START_TEST(no_more_than_four_messages_go_out_in_a_second)
{
    bad = "@trade";
    connect_binance();
    subscribe_many(6); /* refused together, and then one by one */
    UNTIL(occurrences(events, "rejected:") == 6);
    ck_assert_uint_eq(heard_count, 7);
    for (size_t i = 0; i + 4 < heard_count; i++)
        ck_assert_int_ge(heard_ns[i + 4] - heard_ns[i], 950 * NS_PER_MS); /* on their way they may be delayed */
}
END_TEST

/* Nothing is traded for longer than an exchange may be silent. */
START_TEST(quiet_connection_is_kept_by_asking)
{
    config.silence_ms = 1500;
    connect_binance();
    int64_t begin_ns = clock_mono_ns();
    while (clock_mono_ns() - begin_ns < 2500 * NS_PER_MS)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    ck_assert_str_eq(events, "");
    ck_assert_ptr_nonnull(strstr(crowd.heard[0], "{\"method\":\"GET_PROPERTY\",\"params\":[\"combined\"],\"id\":1}\n"));
}
END_TEST

START_TEST(connection_that_does_not_answer_is_lost)
{
    config.silence_ms = 1500;
    answers = false;
    connect_binance();
    check_after("lost:", "lost:silent for 1500 ms ");
}
END_TEST

static void leave(const char *event)
{
    (void)event;
    binance->disconnect(connector);
}

START_TEST(source_may_leave_at_a_confirmation)
{
    connect_binance();
    upon_event = leave;
    subscribe("BTC-USDT");
    subscribe("ETH-BTC");
    UNTIL(crowd.count == 1 && crowd_there() == 0);
    ck_assert_str_eq(events, "+BTC-USDT ");
}
END_TEST

START_TEST(source_may_leave_when_a_symbol_has_no_name_of_its_own)
{
    connect_binance();
    subscribe("BTC-USDT");
    check_after("+BTC-USDT ", "+BTC-USDT ");
    upon_event = leave;
    subscribe("BT-CUSDT");
    subscribe("ETH-BTC");
    UNTIL(crowd_there() == 0);
    ck_assert_str_eq(events, "rejected:BT-CUSDT:BTCUSDT is BTC-USDT already ");
    ck_assert_ptr_null(strstr(crowd.heard[0], "ethbtc"));
}
END_TEST

START_TEST(exchange_is_where_it_is_unless_the_configuration_says_so)
{
    config.url = "";
    connector = binance->open(loop, web, &config, &connector_events, NULL);
    ck_assert_ptr_nonnull(connector);
    char error[CONNECTOR_ERROR_MAX];
    ck_assert(binance->check(&config, error));
    ck_assert_uint_eq(binance->lives_ms, 24 * 3600 * 1000);
    ck_assert_ptr_nonnull(binance->past);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        many_symbols_are_asked_for_in_one_message_and_one_answer_confirms_them,
        message_has_no_more_symbols_than_fit,
        symbol_of_the_greatest_length_fits,
        symbols_are_spread_over_connections,
        of_several_that_were_refused_only_the_bad_one_stays_out,
        refusal_without_a_number_names_no_symbol,
        late_answers_harm_nobody,
        trade_has_the_symbol_that_was_asked_for_and_the_takers_side,
        bad_messages_are_told_and_the_good_ones_around_them_come,
        two_symbols_of_one_name_are_not_mixed_up,
        connection_is_left_before_the_server_shuts_down,
        pings_are_answered_with_what_they_hold,
        no_more_than_four_messages_go_out_in_a_second,
        quiet_connection_is_kept_by_asking,
        connection_that_does_not_answer_is_lost,
        source_may_leave_at_a_confirmation,
        source_may_leave_when_a_symbol_has_no_name_of_its_own,
        exchange_is_where_it_is_unless_the_configuration_says_so,
    };
    return RUN_TESTS("binance", TEST_CASE_WITHIN(30, set_up, tear_down, tests));
}
