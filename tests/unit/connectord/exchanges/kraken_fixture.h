/* The connector "kraken", against a server in the same loop. */
#pragma once

#include "tests/unit/exchange_fixture.h"
#include "tests/unit/run_tests.h"

#define TRADE(symbol, id)                                                                                                      \
    "{\"symbol\":\"" symbol                                                                                                    \
    "\",\"side\":\"buy\",\"price\":105944.20,\"qty\":0.00027600,\"ord_type\":\"limit\",\"trade_id\":" id                       \
    ",\"timestamp\":\"2023-10-06T17:35:55.440295Z\"}"
#define UPDATE(trades)   "{\"channel\":\"trade\",\"type\":\"update\",\"data\":[" trades "]}"
#define SNAPSHOT(trades) "{\"channel\":\"trade\",\"type\":\"snapshot\",\"data\":[" trades "]}"
#define DONE(method, id, symbol)                                                                                               \
    "{\"method\":\"" method "\",\"req_id\":" id ",\"result\":{\"channel\":\"trade\",\"symbol\":\"" symbol                      \
    "\"},\"success\":true}"
#define REFUSED(method, members) "{\"method\":\"" method "\",\"success\":false," members "}"
#define SUBSCRIBE(symbols, id)                                                                                                 \
    "{\"method\":\"subscribe\",\"params\":{\"channel\":\"trade\",\"symbol\":[" symbols "],\"snapshot\":true},\"req_id\":" id   \
    "}\n"
#define UNSUBSCRIBE(symbols, id)                                                                                               \
    "{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"trade\",\"symbol\":[" symbols "]},\"req_id\":" id "}\n"

static const connector_t *kraken;
static void *connector;

static inline void set_up(void)
{
    exchange_set_up();
    kraken = connector_find("kraken");
}

static inline void tear_down(void)
{
    kraken->close(connector);
    exchange_tear_down();
}

/* Connects and has the first symbols subscribed, in one message that the server has heard. */
static inline void connect_with(size_t count)
{
    connector = kraken->open(loop, web, &config, &connector_events, NULL);
    ck_assert_ptr_nonnull(connector);
    kraken->connect(connector);
    UNTIL(strstr(events, "connected "));
    for (size_t i = 0; i < count; i++)
        kraken->subscribe(connector, symbols[i]);
    UNTIL(count == 0 || heard[0] != '\0');
    events[0] = '\0';
}

/* What the server hears next. */
static inline void check_heard(const char *wanted)
{
    UNTIL(strlen(heard) >= strlen(wanted));
    ck_assert_str_eq(heard, wanted);
    heard[0] = '\0';
}
