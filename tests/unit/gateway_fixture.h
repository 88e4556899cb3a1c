/* A hub with one client, for tests of gatewayd: the bus, the history services and the connection are played by the test. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "gatewayd/clients/catchup.h"
#include "gatewayd/clients/client.h"
#include "gatewayd/clients/fanout.h"
#include "gatewayd/doors/rpc_session.h"
#include "gatewayd/history/history_client.h"
#include "gatewayd/history/page_cache.h"
#include "gatewayd/methods/methods.h"
#include "gatewayd/streams/market.h"
#include "gatewayd/streams/offers.h"
#include "gatewayd/streams/recent.h"
#include "gatewayd/subscribe/subscribe.h"
#include "proto/trade.h"
#include "tests/unit/run_tests.h"

enum { FIXTURE_EPOCH = 7, FIXTURE_ASKED_MAX = 64, FIXTURE_PEERS_MAX = 4096, FIXTURE_RING = RING_BYTES_MIN };

#define BTC "trade.BTC-USD.a"

/* A request to a service that was not answered yet. */
typedef struct {
    uint64_t handle;
    void *service;
    char text[512];
    requester_fn *done;
    void *arg;
} asked_request_t;

/* The client's end of the connection. */
typedef struct {
    buffer_t sent;
    size_t taken; /* bytes that the test has looked at */
    bool choked;
    size_t room; /* takes so many bytes, and is choked then; 0: any number */
    unsigned wakes, writes;
    unsigned closed; /* the close code; 0: open */
    char reason[FRAME_REASON_MAX + 1];
} wire_t;

/* A client that speaks JSON-RPC. */
typedef struct {
    client_t *client;
    rpc_session_t *rpc;
} peer_t;

typedef struct {
    int64_t now_ns;      /* since 1970 */
    int64_t received_ns; /* of the trades that are printed; 0: long before their timestamps, which count as wrong then */
    peer_t peers[FIXTURE_PEERS_MAX];
    size_t peer_count;
    hub_t hub;
    identity_t everyone;
    wire_t wire;
    client_t *client;
    asked_request_t asked[FIXTURE_ASKED_MAX];
    size_t asked_count;
    uint64_t handles;
    size_t histories;  /* how many there are that know the same */
    bool deaf;         /* no service takes a request */
    char wanted[1024]; /* "+BTC-USD -BTC-USD " as the bus was told */
} gateway_fixture_t;

static gateway_fixture_t fixture;

static size_t wire_send(void *link, text_t frames, buffer_t *owner)
{
    (void)owner;
    wire_t *wire = link;
    ck_assert_msg(!wire->choked && !wire->closed, "sent to a link that was not ready");
    text_t rest = frames, payload;
    while (wire->room > 0 && (size_t)(rest.at - frames.at) < wire->room && frame_next(&rest, &payload))
        ;
    size_t taken = wire->room > 0 ? (size_t)(rest.at - frames.at) : frames.length;
    wire->choked = taken < frames.length || wire->choked;
    buffer_append(&wire->sent, (text_t){frames.at, taken});
    wire->writes++;
    return taken;
}

static bool wire_ready(void *link)
{
    wire_t *wire = link;
    return !wire->choked && !wire->closed;
}

static void wire_wake(void *link)
{
    ((wire_t *)link)->wakes++;
}

static void wire_close(void *link, unsigned code, text_t reason)
{
    wire_t *wire = link;
    wire->closed = code;
    snprintf(wire->reason, sizeof wire->reason, "%.*s", TEXT_ARG(reason));
}

static const client_link_t wire_link = {.send = wire_send, .ready = wire_ready, .wake = wire_wake, .close = wire_close};

static uint64_t service_send(void *service, text_t request, requester_fn *done, void *arg)
{
    if (fixture.deaf)
        return 0;
    ck_assert_uint_lt(fixture.asked_count, FIXTURE_ASKED_MAX);
    asked_request_t *asked = &fixture.asked[fixture.asked_count++];
    *asked = (asked_request_t){.handle = ++fixture.handles, .service = service, .done = done, .arg = arg};
    snprintf(asked->text, sizeof asked->text, "%.*s", TEXT_ARG(request));
    return asked->handle;
}

static void service_cancel(void *service, uint64_t handle)
{
    (void)service;
    for (size_t i = 0; i < fixture.asked_count; i++) {
        if (fixture.asked[i].handle == handle)
            fixture.asked[i] = fixture.asked[--fixture.asked_count];
    }
}

static size_t service_endpoints(const void *service)
{
    (void)service;
    return fixture.histories;
}

static uint64_t service_send_to(void *service, size_t endpoint, text_t request, uint32_t limit_ms, requester_fn *done,
                                void *arg)
{
    ck_assert_uint_lt(endpoint, fixture.histories);
    ck_assert_uint_gt(limit_ms, 0);
    return service_send(service, request, done, arg);
}

static const history_service_t test_service = {
    .send = service_send, .cancel = service_cancel, .endpoints = service_endpoints, .send_to = service_send_to};

static void on_wanted(void *arg, text_t symbol, bool wanted)
{
    (void)arg;
    size_t used = strlen(fixture.wanted);
    snprintf(fixture.wanted + used, sizeof fixture.wanted - used, "%c%.*s ", wanted ? '+' : '-', TEXT_ARG(symbol));
}

static int64_t tell_time(void)
{
    return fixture.now_ns;
}

static inline client_t *peer_new(hub_t *hub, const client_link_t *link, wire_t *wire)
{
    ck_assert_uint_lt(fixture.peer_count, FIXTURE_PEERS_MAX);
    peer_t *peer = &fixture.peers[fixture.peer_count++];
    peer->client = client_new(hub, link, wire);
    peer->rpc = rpc_session_new(&peer->client->talk);
    return peer->client;
}

static inline peer_t *peer_of(const client_t *client)
{
    size_t i = fixture.peer_count;
    while (i > 0 && fixture.peers[i - 1].client != client)
        i--;
    ck_assert_uint_gt(i, 0);
    return &fixture.peers[i - 1];
}

static inline void peer_says(client_t *client, text_t message)
{
    rpc_session_receive(peer_of(client)->rpc, message);
}

static inline void peer_leaves(client_t **client)
{
    peer_t *peer = *client ? peer_of(*client) : NULL;
    client_destroy(client);
    if (!peer)
        return;
    rpc_session_destroy(&peer->rpc);
    *peer = fixture.peers[--fixture.peer_count];
}

static inline void fixture_setup(void)
{
    fixture = (gateway_fixture_t){.histories = 1, .now_ns = 1000 * NS_PER_S};
    hub_init(&fixture.hub);
    fixture.everyone = (identity_t){.role = role_new_everyone(), .expires_ns = IDENTITY_FOREVER};
    fixture.hub.everyone = &fixture.everyone;
    fixture.hub.clock = tell_time;
    fixture.hub.call = methods_call;
    fixture.hub.catch_up = catchup_step;
    fixture.hub.offers = offers_new();
    fixture.hub.markets = markets_new(FIXTURE_RING, on_wanted, NULL);
    static char history[] = "history", journal[] = "journal";
    void *replays[] = {journal};
    fixture.hub.history = history_client_new(&test_service, history, replays, 1);
    fixture.hub.recent = recent_new(fixture.hub.offers, fixture.hub.markets, &fixture.hub.buses);
    fixture.hub.pages = page_cache_new();
    fixture.wire.sent = buffer_new(0);
    fixture.client = peer_new(&fixture.hub, &wire_link, &fixture.wire);
}

static inline void fixture_teardown(void)
{
    peer_leaves(&fixture.client);
    history_client_destroy(&fixture.hub.history);
    recent_destroy(&fixture.hub.recent);
    page_cache_destroy(&fixture.hub.pages);
    markets_destroy(&fixture.hub.markets);
    waits_release(&fixture.hub.waits);
    offers_destroy(&fixture.hub.offers);
    identity_release(&fixture.everyone);
    buffer_release(&fixture.wire.sent);
    ck_assert_uint_eq(fixture.asked_count, 0);
    ck_assert_uint_eq(fixture.hub.subscription_count, 0);
}

/* Time passes, and the gateway looks after what waits. */
static inline void pass_ms(int64_t ms)
{
    fixture.now_ns += ms * NS_PER_MS;
    subscribe_tick(&fixture.hub);
    catchup_tick(&fixture.hub);
}

/* A status comes: symbols as raw JSON. */
static inline offer_change_t hear_stale(const char *source, bool connected, const char *symbols, const char *stale)
{
    const offer_t *offer;
    status_t status = {.source = text_of(source),
                       .connected = connected,
                       .since_ns = fixture.now_ns,
                       .time_ns = fixture.now_ns,
                       .reason = connected ? TEXT("") : TEXT("closed by \\\"peer\\\""),
                       .epoch = FIXTURE_EPOCH,
                       .breaker = TEXT("closed"),
                       .health = 97,
                       .stale = text_of(stale),
                       .symbols = text_of(symbols)};
    offer_change_t change = offers_update(fixture.hub.offers, &status, fixture.now_ns, &offer);
    if (change != OFFER_SAME)
        fanout_source(&fixture.hub, offer, change == OFFER_UP);
    fanout_stale(&fixture.hub, offer);
    return change;
}

static inline offer_change_t hear(const char *source, bool connected, const char *symbols)
{
    return hear_stale(source, connected, symbols, "{}");
}

/* The bus tells from where it follows a stream. */
static inline void follow(const char *topic, uint64_t epoch, uint64_t last)
{
    live_stream_t *live_stream = markets_stream(fixture.hub.markets, text_of(topic), (cursor_t){epoch, last});
    ck_assert_ptr_nonnull(live_stream);
    fanout_stream(&fixture.hub, live_stream);
    subscribe_tick(&fixture.hub);
}

/* A trade's JSON; its timestamp is seq seconds after some moment. */
static inline size_t print_trade(char out[static TRADE_MAX], const char *source, uint64_t epoch, uint64_t seq)
{
    char timestamp[32];
    snprintf(timestamp, sizeof timestamp, "2025-11-10T%02u:%02u:%02u.5Z", (unsigned)(seq / 3600 % 24),
             (unsigned)(seq / 60 % 60), (unsigned)(seq % 60));
    trade_t trade = {.cursor = {epoch, seq},
                     .symbol = TEXT("BTC-USD"),
                     .timestamp = text_of(timestamp),
                     .qty = TEXT("0.10"),
                     .price = TEXT("105383.80000"),
                     .id = TEXT("1"),
                     .source = text_of(source),
                     .received_ns = fixture.received_ns > 0 ? fixture.received_ns : 1};
    return trade_print(out, &trade);
}

/* Trades from..to come from the bus, in one go. */
static inline void trades_come(uint64_t from, uint64_t to)
{
    char json[TRADE_MAX];
    for (uint64_t seq = from; seq <= to; seq++) {
        size_t length = print_trade(json, "a", FIXTURE_EPOCH, seq);
        markets_trade(fixture.hub.markets, TEXT(BTC), (cursor_t){FIXTURE_EPOCH, seq}, (text_t){json, length});
    }
    subscribe_tick(&fixture.hub);
    fanout_flush(&fixture.hub);
}

static inline void say(const char *json)
{
    peer_says(fixture.client, text_of(json));
}

/* The next message that the client was sent; empty when there is none. Valid until more is sent. */
static inline text_t take(void)
{
    wire_t *wire = &fixture.wire;
    if (wire->taken == wire->sent.length)
        return TEXT("");
    const unsigned char *frame = (const unsigned char *)wire->sent.bytes + wire->taken;
    ck_assert_uint_eq(frame[0], 0x81);
    size_t length = frame[1], header = 2;
    if (length == 126) {
        length = (size_t)frame[2] << 8 | frame[3];
        header = 4;
    } else if (length == 127) {
        length = 0;
        for (header = 2; header < 10; header++)
            length = length << 8 | frame[header];
    }
    wire->taken += header + length;
    ck_assert_uint_le(wire->taken, wire->sent.length);
    return (text_t){(const char *)frame + header, length};
}

static inline void expect(const char *message)
{
    text_t found = take();
    ck_assert_msg(text_equal(found, text_of(message)), "expected %s\nfound    %.*s", message, TEXT_ARG(found));
}

/* The next message holds this text. */
static inline void expect_with(const char *part)
{
    text_t found = take();
    ck_assert_msg(memmem(found.at, found.length, part, strlen(part)), "expected something with %s\nfound %.*s", part,
                  TEXT_ARG(found));
}

static inline void expect_nothing(void)
{
    text_t found = take();
    ck_assert_msg(found.length == 0, "expected nothing, found %.*s", TEXT_ARG(found));
}

/* The next messages are trades.update of these, in order. */
static inline void expect_trades(uint64_t epoch, uint64_t from, uint64_t to)
{
    for (uint64_t seq = from; seq <= to; seq++) {
        text_t found = take();
        char head[128];
        snprintf(head, sizeof head,
                 "{\"jsonrpc\":\"2.0\",\"method\":\"trades.update\",\"params\":{\"epoch\":%llu,\"seq\":%llu,",
                 (unsigned long long)epoch, (unsigned long long)seq);
        ck_assert_msg(text_starts_with(found, text_of(head)), "expected trade %llu, found %.*s", (unsigned long long)seq,
                      TEXT_ARG(found));
    }
}

/* The oldest request that is not answered: checks whom it asks and what it holds, and answers it; NULL: not at all. */
static inline void service_answers(const char *service, const char *part, const char *answer)
{
    ck_assert_msg(fixture.asked_count > 0, "nobody was asked for %s", part);
    asked_request_t asked = fixture.asked[0];
    memmove(fixture.asked, fixture.asked + 1, --fixture.asked_count * sizeof *fixture.asked);
    ck_assert_str_eq(asked.service, service);
    ck_assert_msg(strstr(asked.text, part), "expected a request with %s, found %s", part, asked.text);
    asked.done(asked.arg, answer ? text_of(answer) : (text_t){"", 0});
}

/* The same, with a page of trades from..to, in the order of the numbers. `rest` goes behind them: ,"missing":0 */
static inline void service_answers_trades(const char *service, const char *part, uint64_t from, uint64_t to, const char *rest)
{
    char json[TRADE_MAX];
    buffer_t answer = buffer_new(0);
    buffer_append(&answer, TEXT("{\"ok\":true,\"id\":1,\"trades\":["));
    for (uint64_t seq = from;; seq = from < to ? seq + 1 : seq - 1) {
        buffer_append(&answer, seq == from ? TEXT("") : TEXT(","));
        buffer_append(&answer, (text_t){json, print_trade(json, "a", FIXTURE_EPOCH, seq)});
        if (seq == to)
            break;
    }
    buffer_printf(&answer, "]%s}%c", rest, '\0');
    service_answers(service, part, answer.bytes);
    buffer_release(&answer);
}

#define SUBSCRIBE(more)                                                                                                        \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscribe\",\"params\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\"" more "}}"
#define SUBSCRIBED(place, recovered)                                                                                           \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"event\":\"subscribed\","        \
    "\"cursor\":\"" place "\",\"cursors\":{\"a\":\"" place "\"},\"recovered\":" recovered "}}"

/* The client is subscribed to BTC-USD of source a, which is at 7-10. */
static inline void subscribe_at_10(void)
{
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(""));
    follow(BTC, FIXTURE_EPOCH, 10);
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-10", "true"));
}
