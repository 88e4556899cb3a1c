/* SignalR's records in and out, with the JSON-RPC in them. */
#include "tests/unit/gateway_fixture.h"

#include "gatewayd/doors/signalr.h"

enum { RECORD_BYTES = 4096 };

static const client_link_t hub_link = {
    .dialect = DIALECT_SIGNALR, .send = wire_send, .ready = wire_ready, .wake = wire_wake, .close = wire_close};

static signalr_t *signalr;

static void setup(void)
{
    fixture_setup();
    peer_leaves(&fixture.client);
    fixture.client = peer_new(&fixture.hub, &hub_link, &fixture.wire);
    signalr = signalr_new(&fixture.client->talk, peer_of(fixture.client)->rpc, rpc_session_receive, RECORD_BYTES, 0);
}

static void teardown(void)
{
    signalr_destroy(&signalr);
    fixture_teardown();
}

static void hear_record(const char *records)
{
    signalr_receive(signalr, text_of(records));
    client_pump(fixture.client);
}

static void shake(void)
{
    hear_record("{\"protocol\":\"json\",\"version\":1}\x1e");
    expect("{}\x1e");
}

#define SEND(json)     "{\"type\":1,\"target\":\"SendMessage\",\"arguments\":[\"" json "\"]}\x1e"
#define RECEIVED(json) "{\"type\":1,\"target\":\"ReceiveMessage\",\"arguments\":[\"" json "\"]}\x1e"

START_TEST(a_record_may_end_anywhere_in_a_frame)
{
    static const char records[] = "{\"protocol\":\"json\",\"version\":1}\x1e" SEND("[]") SEND("[]");
    static const char refused[] = RECEIVED("{\\\"jsonrpc\\\":\\\"2.0\\\",\\\"id\\\":null,\\\"error\\\":{\\\"code\\\":-32600,"
                                           "\\\"message\\\":\\\"Invalid Request\\\",\\\"data\\\":\\\"the batch is empty\\\"}}");
    for (size_t cut = 0; cut < sizeof records; cut++) {
        teardown();
        setup();
        signalr_receive(signalr, (text_t){records, cut});
        signalr_receive(signalr, (text_t){records + cut, sizeof records - 1 - (cut < sizeof records ? cut : 0)});
        client_pump(fixture.client);
        expect("{}\x1e");
        expect(refused);
        expect(refused);
        expect_nothing();
    }
}
END_TEST

START_TEST(handshakes_other_than_ours_are_refused)
{
    static const struct {
        const char *record, *answer;
    } cases[] = {
        {"{\"protocol\":\"x\",\"version\":1}\x1e", "{\"error\":\"Requested protocol 'x' is not available.\"}\x1e"},
        {"{\"protocol\":\"json\",\"version\":3}\x1e",
         "{\"error\":\"The server does not support version 3 of the 'json' protocol.\"}\x1e"},
        {"{\"type\":6}\x1e",
         "{\"error\":\"expected a handshake such as {\\\"protocol\\\":\\\"json\\\",\\\"version\\\":1}\"}\x1e"},
        {"\x1e", "{\"error\":\"expected one JSON object in a record\"}\x1e"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        teardown();
        setup();
        hear_record(cases[i].record);
        expect(cases[i].answer);
        ck_assert(signalr_over(signalr));
        hear_record(SEND("[]"));
        expect_nothing();
    }
}
END_TEST

START_TEST(trades_come_as_the_argument_of_an_invocation_in_order)
{
    char json[TRADE_MAX];
    shake();
    hear("a", true, "{\"BTC-USD\":10}");
    hear_record(
        SEND("{\\\"jsonrpc\\\":\\\"2.0\\\",\\\"id\\\":1,\\\"method\\\":\\\"subscribe\\\",\\\"params\\\":{\\\"channel\\\":"
             "\\\"trades\\\",\\\"symbol\\\":\\\"BTC-USD\\\"}}"));
    follow(BTC, FIXTURE_EPOCH, 10);
    client_pump(fixture.client);
    expect_with("\\\"event\\\":\\\"subscribed\\\",\\\"cursor\\\":\\\"7-10\\\"");
    trades_come(11, 12);
    for (uint64_t seq = 11; seq <= 12; seq++) {
        buffer_t wanted = buffer_new(0), message = buffer_new(0);
        buffer_append(&message, TEXT("{\"jsonrpc\":\"2.0\",\"method\":\"trades.update\",\"params\":"));
        buffer_append(&message, (text_t){json, print_trade(json, "a", FIXTURE_EPOCH, seq)});
        buffer_append(&message, TEXT("}"));
        buffer_append(&wanted, TEXT("{\"type\":1,\"target\":\"ReceiveMessage\",\"arguments\":["));
        buffer_append_json_string(&wanted, buffer_text(&message));
        buffer_append(&wanted, TEXT("]}\x1e\0"));
        expect(wanted.bytes);
        buffer_release(&wanted);
        buffer_release(&message);
    }
    markets_gap(fixture.hub.markets, TEXT(BTC), (cursor_t){FIXTURE_EPOCH, 13}, (cursor_t){FIXTURE_EPOCH, 14});
    fanout_flush(&fixture.hub);
    expect_with("\\\"method\\\":\\\"trades.gap\\\"");
    expect_nothing();
}
END_TEST

START_TEST(a_quiet_client_is_pinged_and_a_silent_one_is_told_and_gone)
{
    shake();
    signalr_check(signalr, 10 * NS_PER_S, false);
    client_pump(fixture.client);
    expect_nothing();
    signalr_check(signalr, 15 * NS_PER_S, false);
    client_pump(fixture.client);
    expect("{\"type\":6}\x1e");
    signalr_check(signalr, 40 * NS_PER_S, false);
    client_pump(fixture.client);
    expect("{\"type\":6}\x1e");
    ck_assert(!signalr_over(signalr));
    signalr_check(signalr, 41 * NS_PER_S, true);
    client_pump(fixture.client);
    expect_with("{\"type\":7,\"error\":");
    ck_assert(signalr_over(signalr));
}
END_TEST

START_TEST(who_does_not_shake_hands_is_not_waited_for)
{
    signalr_check(signalr, 14 * NS_PER_S, true);
    ck_assert(!signalr_over(signalr));
    signalr_check(signalr, 15 * NS_PER_S, false);
    client_pump(fixture.client);
    expect("{\"error\":\"Handshake was canceled.\"}\x1e");
    ck_assert(signalr_over(signalr));
}
END_TEST

START_TEST(a_record_without_an_end_is_cut_off)
{
    char part[1025];
    shake();
    memset(part, ' ', sizeof part - 1);
    part[sizeof part - 1] = '\0';
    for (size_t i = 0; i < RECORD_BYTES / (sizeof part - 1); i++)
        hear_record(part);
    ck_assert(!signalr_over(signalr));
    hear_record(" ");
    expect_with("{\"type\":7,\"error\":\"the record is too long\"}\x1e");
    ck_assert(signalr_over(signalr));
}
END_TEST

START_TEST(the_ring_of_a_dialect_is_there_while_somebody_reads_it)
{
    shake();
    hear("a", true, "{\"BTC-USD\":10}");
    peer_says(fixture.client, text_of(SUBSCRIBE("")));
    follow(BTC, FIXTURE_EPOCH, 10);
    market_t *market = markets_find(fixture.hub.markets, TEXT("BTC-USD"));
    live_stream_t *live_stream = market_find(market, TEXT("a"));
    ck_assert_ptr_nonnull(live_stream->others[DIALECT_SIGNALR]);
    wire_t other = {.sent = buffer_new(0)};
    client_t *plain = peer_new(&fixture.hub, &wire_link, &other);
    peer_says(plain, text_of(SUBSCRIBE("")));
    readers_unsubscribe(readers_subscription(&fixture.client->readers, TEXT("BTC-USD")));
    ck_assert_ptr_null(live_stream->others[DIALECT_SIGNALR]);
    peer_leaves(&plain);
    buffer_release(&other.sent);
}
END_TEST

START_TEST(a_name_of_a_connection_is_its_noise_in_base64url)
{
    unsigned char noise[24];
    buffer_t out = buffer_new(0);
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (unsigned char)(i * 10 + 11);
    signalr_negotiate(&out, 1, noise);
    buffer_append(&out, TEXT("\0"));
    ck_assert_str_eq(out.bytes, "{\"negotiateVersion\":1,\"connectionId\":\"CxUfKTM9R1FbZW95\",\"connectionToken\":"
                                "\"g42Xoau1v8nT3efx\",\"availableTransports\":[{\"transport\":\"WebSockets\","
                                "\"transferFormats\":[\"Text\"]}]}");
    buffer_release(&out);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_record_may_end_anywhere_in_a_frame,
        handshakes_other_than_ours_are_refused,
        trades_come_as_the_argument_of_an_invocation_in_order,
        a_quiet_client_is_pinged_and_a_silent_one_is_told_and_gone,
        who_does_not_shake_hands_is_not_waited_for,
        a_record_without_an_end_is_cut_off,
        the_ring_of_a_dialect_is_there_while_somebody_reads_it,
        a_name_of_a_connection_is_its_noise_in_base64url,
    };
    return RUN_TESTS("signalr", TEST_CASE(setup, teardown, tests));
}
