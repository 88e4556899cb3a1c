/* Messages, and the end of a connection. How one is made, or not, is test_ws_client_handshake.c's. */
#include "common/clock.h"
#include "tests/unit/ws_client_fixture.h"

START_TEST(messages_come_whole_and_in_order)
{
    connect_and_open();
    server_send(&rig.server, "one");
    server_send(&rig.server, "two");
    server_send(&rig.server, "{}");
    UNTIL(rig.messages == 3);
    check_received("one|two|{}|");
}
END_TEST

START_TEST(fragments_are_put_together)
{
    connect_and_open();
    server_send_frame(&rig.server, TEXT("one"), LWS_WRITE_TEXT | LWS_WRITE_NO_FIN);
    server_send_frame(&rig.server, TEXT("-two"), LWS_WRITE_CONTINUATION | LWS_WRITE_NO_FIN);
    server_send_frame(&rig.server, TEXT("-three"), LWS_WRITE_CONTINUATION);
    server_send(&rig.server, "four");
    UNTIL(rig.messages == 2);
    check_received("one-two-three|four|");
}
END_TEST

START_TEST(message_of_a_mebibyte_comes_whole)
{
    static char large[WS_CLIENT_MESSAGE_MAX];
    memset(large, 'x', sizeof large);
    connect_and_open();
    server_send_frame(&rig.server, (text_t){large, sizeof large}, LWS_WRITE_TEXT);
    server_send(&rig.server, "next");
    UNTIL(rig.messages == 2);
    ck_assert_uint_eq(rig.received.length, sizeof large + 1 + 5);
    ck_assert_int_eq(rig.unreadable, 0);
}
END_TEST

START_TEST(larger_message_is_left_out_and_the_next_one_is_not)
{
    static char large[3 * WS_CLIENT_MESSAGE_MAX];
    memset(large, 'x', sizeof large);
    connect_and_open();
    server_send(&rig.server, "before");
    server_send_frame(&rig.server, (text_t){large, WS_CLIENT_MESSAGE_MAX + 1}, LWS_WRITE_TEXT);
    server_send(&rig.server, "between");
    server_send_frame(&rig.server, (text_t){large, sizeof large}, LWS_WRITE_TEXT);
    server_send(&rig.server, "behind");
    UNTIL(rig.messages == 3);
    check_received("before|between|behind|");
    ck_assert_int_eq(rig.unreadable, 2);
    ck_assert_str_eq(rig.reason, "message over 1 MiB: xxxxx");
    ck_assert_int_eq(rig.closed, 0);
}
END_TEST

START_TEST(binary_message_is_left_out_and_the_next_one_is_not)
{
    connect_and_open();
    server_send_frame(&rig.server, TEXT("bytes"), LWS_WRITE_BINARY);
    server_send(&rig.server, "text");
    server_send_frame(&rig.server, TEXT("by"), LWS_WRITE_BINARY | LWS_WRITE_NO_FIN);
    server_send_frame(&rig.server, TEXT("tes"), LWS_WRITE_CONTINUATION);
    server_send(&rig.server, "more");
    UNTIL(rig.messages == 2);
    check_received("text|more|");
    ck_assert_int_eq(rig.unreadable, 2);
}
END_TEST

START_TEST(invalid_utf8_is_handed_on_and_the_connection_goes_on)
{
    connect_and_open();
    server_send(&rig.server, "a\xff");
    server_send(&rig.server, "next");
    UNTIL(rig.messages == 2 || rig.closed);
    check_received("a\xff|next|");
}
END_TEST

START_TEST(origin_goes_with_the_handshake)
{
    connect_and_open();
    UNTIL(rig.server.opened);
    ck_assert_str_eq(rig.server.origin, "https://exchange.example");
}
END_TEST

START_TEST(writable_comes_when_asked_for_and_once)
{
    connect_and_open();
    ck_assert_int_eq(rig.writable, 0);
    ws_client_want_write(rig.ws_client);
    UNTIL(rig.heard.length > 0);
    server_send(&rig.server, "answer");
    UNTIL(rig.messages);
    ck_assert_int_eq(rig.writable, 1);
    ck_assert(text_equal(buffer_text(&rig.heard), TEXT("hello|")));
}
END_TEST

START_TEST(reason_of_the_exchanges_close_is_told)
{
    connect_and_open();
    server_send(&rig.server, "last");
    server_hang_up(&rig.server);
    UNTIL(rig.closed);
    check_received("last|");
    ck_assert_str_eq(rig.reason, "closed by the exchange: 1001 going away");
    ck_assert(!ws_client_is_open(rig.ws_client));
}
END_TEST

START_TEST(silent_connection_is_lost)
{
    connect_to_server(100);
    UNTIL(rig.closed);
    ck_assert_int_eq(rig.opened, 1);
    ck_assert_str_eq(rig.reason, "silent for 100 ms");
}
END_TEST

enum { SILENCE_MS = 200, TICK_MS = 20, TICKS = 25 };

/* Sends a message, or a pong nobody asked for, every TICK_MS for a while, and then nothing. */
static int ticks;
static int tick_flags;
static int64_t ticked_ns, longest_ns; /* the last one, and the longest time between two */

static void note_pause(void)
{
    int64_t now_ns = clock_steady_ns();
    if (now_ns - ticked_ns > longest_ns)
        longest_ns = now_ns - ticked_ns;
    ticked_ns = now_ns;
}

static void on_tick(void *arg)
{
    (void)arg;
    note_pause();
    if (ticks > 0 && ticks-- > 0)
        server_send_frame(&rig.server, TEXT("tick"), tick_flags);
}

/* All ticks, on a connection that is open. False: the machine had this process wait for so long that the exchange was silent indeed. */
static bool tick_through(loop_timer_t *timer)
{
    rig.messages = rig.closed = 0;
    ticks = TICKS;
    longest_ns = 0;
    ticked_ns = clock_steady_ns();
    loop_timer_start(timer, 0, TICK_MS);
    UNTIL(ticks == 0 || rig.closed);
    note_pause();
    return !rig.closed || longest_ns < SILENCE_MS / 2 * NS_PER_MS;
}

static void check_not_silent(int flags)
{
    connect_to_server(SILENCE_MS);
    tick_flags = flags;
    loop_timer_t *timer = loop_timer_new(rig.loop, on_tick, NULL);
    UNTIL(rig.opened);
    while (!tick_through(timer)) {
        rig.opened = 0;
        ws_client_connect(rig.ws_client);
        UNTIL(rig.opened);
    }
    ck_assert_int_eq(rig.closed, 0);
    UNTIL(rig.closed);
    ck_assert_str_eq(rig.reason, "silent for 200 ms");
    loop_timer_destroy(&timer);
}

START_TEST(messages_keep_a_connection_alive)
{
    check_not_silent(LWS_WRITE_TEXT);
    ck_assert_int_eq(rig.messages, TICKS);
}
END_TEST

START_TEST(pongs_keep_a_connection_alive)
{
    check_not_silent(LWS_WRITE_PONG);
    ck_assert_int_eq(rig.messages, 0);
}
END_TEST

START_TEST(ping_is_answered_beside_what_is_sent)
{
    connect_and_open();
    server_send_frame(&rig.server, TEXT("ping"), LWS_WRITE_PING);
    UNTIL(rig.server.pongs == 1);
    ws_client_want_write(rig.ws_client);
    server_send_frame(&rig.server, TEXT("ping"), LWS_WRITE_PING);
    UNTIL(rig.server.pongs == 2 && rig.heard.length > 0);
    ck_assert_int_eq(rig.writable, 1);
    ck_assert_int_eq(rig.closed, 0);
}
END_TEST

START_TEST(frame_against_the_rules_ends_the_connection)
{
    connect_and_open();
    server_send(&rig.server, "before");
    server_send_frame(&rig.server, TEXT("\xc1\x01x"), LWS_WRITE_HTTP); /* as it is */
    UNTIL(rig.closed);
    check_received("before|");
    ck_assert_str_eq(rig.reason, "the exchange sent a frame with reserved bits");
}
END_TEST

START_TEST(disconnect_says_goodbye_and_is_silent)
{
    connect_and_open();
    server_send(&rig.server, "unheard");
    ws_client_disconnect(rig.ws_client);
    UNTIL(rig.server.closed);
    ck_assert_int_eq(rig.server.close_code, 1000);
    ck_assert_int_eq(rig.messages + rig.closed, 0);
}
END_TEST

START_TEST(disconnect_from_within_a_message_ends_it_there)
{
    connect_and_open();
    rig.disconnects = true;
    server_send(&rig.server, "first");
    server_send(&rig.server, "second");
    UNTIL(rig.server.closed);
    check_received("first|");
    ck_assert_int_eq(rig.server.close_code, 1000);
    ck_assert_int_eq(rig.closed, 0);
}
END_TEST

START_TEST(connects_again_after_each_end)
{
    connect_and_open();
    for (int i = 2; i < 10; i++) {
        if (i % 2) {
            server_hang_up(&rig.server);
            UNTIL(rig.closed == i / 2);
        } else {
            ws_client_disconnect(rig.ws_client);
        }
        ws_client_connect(rig.ws_client);
        UNTIL(rig.opened == i && rig.server.opened == i);
    }
}
END_TEST

START_TEST(destroy_leaves_nothing_behind_in_any_state)
{
    start_server();
    for (int turns = 0; turns < 40; turns++) { /* from looking up to open */
        ws_client_config_t config = {
            .url = rig.server.url, .origin = "x", .ca = rig.ca, .connect_ms = 1000, .silence_ms = 1000};
        ws_client_t *ws_client = ws_client_new(rig.loop, rig.web, &config, &events, NULL);
        ws_client_connect(ws_client);
        for (int i = 0; i < turns; i++)
            uv_run(loop_uv(rig.loop), UV_RUN_NOWAIT);
        ws_client_destroy(&ws_client);
    }
    ck_assert_int_eq(rig.closed, 0);
}
END_TEST

START_TEST(settings_of_no_use_are_refused)
{
    static const ws_client_config_t cases[] = {
        {.url = "", .origin = "", .ca = "", .silence_ms = 1},
        {.url = "http://host/", .origin = "", .ca = "", .silence_ms = 1},
        {.url = "wss://host/", .origin = "", .ca = "/there/is/no/such/file", .silence_ms = 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_ptr_null(ws_client_new(rig.loop, rig.web, &cases[i], &events, NULL));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        messages_come_whole_and_in_order,
        fragments_are_put_together,
        message_of_a_mebibyte_comes_whole,
        larger_message_is_left_out_and_the_next_one_is_not,
        binary_message_is_left_out_and_the_next_one_is_not,
        invalid_utf8_is_handed_on_and_the_connection_goes_on,
        origin_goes_with_the_handshake,
        writable_comes_when_asked_for_and_once,
        reason_of_the_exchanges_close_is_told,
        silent_connection_is_lost,
        messages_keep_a_connection_alive,
        pongs_keep_a_connection_alive,
        ping_is_answered_beside_what_is_sent,
        frame_against_the_rules_ends_the_connection,
        disconnect_says_goodbye_and_is_silent,
        disconnect_from_within_a_message_ends_it_there,
        connects_again_after_each_end,
        destroy_leaves_nothing_behind_in_any_state,
        settings_of_no_use_are_refused,
    };
    return RUN_TESTS("upstream", OVER_WS_AND_WSS(tests));
}
