/* The coinbase connector, and a server in the same loop that plays the exchange. */
#pragma once

#include "common/json/json.h"
#include "connectord/websocket/ws_client.h"
#include "proto/topic.h"
#include "tests/unit/exchange_fixture.h"

#define TRADE_OF(type, symbol, id)                                                                                             \
    "{\"type\":\"" type "\",\"trade_id\":" id                                                                                  \
    ",\"side\":\"sell\",\"size\":\"0.04\",\"price\":\"14.7775\",\"product_id\":\"" symbol                                      \
    "\",\"sequence\":7,\"time\":\"2021-04-17T16:43:30.244075Z\"}"
#define HEARTBEAT_OF(symbol, id)                                                                                               \
    "{\"type\":\"heartbeat\",\"last_trade_id\":" id ",\"product_id\":\"" symbol                                                \
    "\",\"sequence\":7,\"time\":\"2021-04-17T16:43:31Z\"}"
#define LISTING(products)                                                                                                      \
    "{\"type\":\"subscriptions\",\"channels\":[{\"name\":\"heartbeat\",\"product_ids\":[\"LTC-USD\"]},"                        \
    "{\"name\":\"matches\",\"product_ids\":[" products "]}]}"
#define ERROR(reason) "{\"type\":\"error\",\"message\":\"Failed to subscribe\",\"reason\":\"" reason "\"}"
#define REQUEST(type, products)                                                                                                \
    "{\"type\":\"" type "\",\"channels\":[{\"name\":\"matches\",\"product_ids\":[" products                                    \
    "]},{\"name\":\"heartbeat\",\"product_ids\":[" products "]}]}\n"
#define BTC "\"BTC-USD\""
#define ETH "\"ETH-USD\""
#define LTC "\"LTC-USD\""

static const connector_t *coinbase;
static void *connector;

static void set_up(void)
{
    exchange_set_up();
    coinbase = connector_find("coinbase");
}

static void tear_down(void)
{
    coinbase->close(connector);
    exchange_tear_down();
}

static inline void subscribe(size_t count)
{
    for (size_t i = 0; i < count; i++)
        coinbase->subscribe(connector, symbols[i]);
}

/* All that was heard up to and with `last`, and nothing is kept of it. */
static inline void check_heard(const char *last, const char *wanted)
{
    UNTIL(strstr(heard, last));
    ck_assert_str_eq(heard, wanted);
    heard[0] = '\0';
}

/* Connects and asks for the first symbols. */
static inline void connect_with(size_t count)
{
    connector = coinbase->open(loop, web, &config, &connector_events, NULL);
    ck_assert_ptr_nonnull(connector);
    coinbase->connect(connector);
    UNTIL(strstr(events, "connected "));
    subscribe(count);
    UNTIL(count == 0 || heard[0] != '\0');
    events[0] = '\0';
}

/* The first three are subscribed. */
static inline void connect_and_confirm(void)
{
    connect_with(3);
    server_send(&server, LISTING(BTC "," ETH "," LTC));
    check_after("+LTC-USD", "+BTC-USD +ETH-USD +LTC-USD ");
    heard[0] = '\0';
}

/* Nothing more was told, and what the server has sent has been read. */
static inline void check_quiet(void)
{
    server_send(&server, "{\"type\":5}");
    check_after("malformed:", "malformed:type: expected a string, found a number ");
}

static inline void disconnect(const char *event)
{
    (void)event;
    coinbase->disconnect(connector);
}
