/* A client whose role gets everything a minute later, for tests of delayed streams. */
#pragma once

#include "gatewayd/history/delays.h"

#include "common/config/config_load.h"
#include "common/timestamp.h"
#include "tests/unit/gateway_fixture.h"

enum { DELAY_S = 60 };

static roles_t *roles;
static identity_t delayed;

static inline void on_begun(void *arg, live_stream_t *live_stream)
{
    (void)arg;
    fanout_stream(&fixture.hub, live_stream);
    subscribe_tick(&fixture.hub);
}

/* When trade `seq` was made: gateway_fixture.h. */
static inline int64_t made_ns(uint64_t seq)
{
    int64_t day_ns;
    ck_assert(timestamp_parse(TEXT("2025-11-10T00:00:00.5Z"), &day_ns));
    return day_ns + (int64_t)seq * NS_PER_S;
}

static inline size_t print_received(char out[static TRADE_MAX], uint64_t epoch, uint64_t seq, int64_t timestamp_ns,
                                    int64_t received_ns)
{
    char made[TIMESTAMP_MAX];
    trade_t trade = {.cursor = {epoch, seq},
                     .symbol = TEXT("BTC-USD"),
                     .timestamp = {made, timestamp_print(made, timestamp_ns, 3)},
                     .qty = TEXT("0.10"),
                     .price = TEXT("105383.80000"),
                     .id = TEXT("1"),
                     .source = TEXT("a"),
                     .received_ns = received_ns};
    return trade_print(out, &trade);
}

static inline size_t print_made(char out[static TRADE_MAX], uint64_t epoch, uint64_t seq)
{
    return print_received(out, epoch, seq, made_ns(seq), made_ns(seq) + 1000);
}

static inline void are_made_in(uint64_t epoch, uint64_t from, uint64_t to)
{
    char json[TRADE_MAX];
    for (uint64_t seq = from; seq <= to; seq++) {
        size_t length = print_made(json, epoch, seq);
        markets_trade(fixture.hub.markets, TEXT(BTC), (cursor_t){epoch, seq}, (text_t){json, length});
    }
    fanout_flush(&fixture.hub);
}

static inline void are_made(uint64_t from, uint64_t to)
{
    are_made_in(FIXTURE_EPOCH, from, to);
}

static inline void answer(const char *service, const char *part, uint64_t from, uint64_t to, const char *rest)
{
    char json[TRADE_MAX];
    buffer_t text = buffer_new(0);
    buffer_append(&text, TEXT("{\"ok\":true,\"id\":1,\"trades\":["));
    for (uint64_t seq = from; seq <= to; seq++) {
        buffer_append(&text, seq == from ? TEXT("") : TEXT(","));
        buffer_append(&text, (text_t){json, print_made(json, FIXTURE_EPOCH, seq)});
    }
    buffer_printf(&text, "]%s}%c", rest, '\0');
    service_answers(service, part, text.bytes);
    buffer_release(&text);
}

/* It is the time at which trade `seq` becomes known to the role. */
static inline void it_is_due(uint64_t seq)
{
    fixture.now_ns = made_ns(seq) + DELAY_S * NS_PER_S;
    delays_tick(fixture.hub.delays, fixture.now_ns);
    subscribe_tick(&fixture.hub);
    fanout_flush(&fixture.hub);
    client_pump(fixture.client);
}

static inline void setup(void)
{
    char *environment[] = {NULL};
    const char *settings[] = {"gatewayd.roles={\"viewer\":{\"delay_ms\":60000}}"};
    config_t *config = config_load(NULL, settings, 1, environment);
    fixture_setup();
    roles = roles_new(config);
    config_destroy(&config);
    delayed = (identity_t){.role = role_keep((role_t *)roles_find(roles, TEXT("viewer"))), .expires_ns = IDENTITY_FOREVER};
    fixture.client->talk.caller.identity = &delayed;
    fixture.hub.delays = delays_new(fixture.hub.markets, fixture.hub.history, on_begun, NULL);
    fixture.now_ns = made_ns(0) + DELAY_S * NS_PER_S;
}

static inline void teardown(void)
{
    peer_leaves(&fixture.client);
    ck_assert_uint_eq(delays_streams(fixture.hub.delays), 0);
    delays_destroy(&fixture.hub.delays);
    fixture_teardown();
    identity_release(&delayed);
    roles_destroy(&roles);
}

/* History is asked where the stream begins: what is the last one that is due by its own time, and the first one that is not (from..to: none, or one)? */
static inline void answer_start(uint64_t last, uint64_t from, uint64_t to)
{
    answer("history", "\"before\":\"", last, last, "");
    answer("history", "\"after\":\"", from, to, "");
}

/* A subscribe of the role when the live stream is at 7-<last>, of which the ring has nothing, and history the trades up to 7-<known>. */
static inline void subscribe(uint64_t last, uint64_t known)
{
    char symbols[64];
    snprintf(symbols, sizeof symbols, "{\"BTC-USD\":%llu}", (unsigned long long)last);
    fixture.now_ns = made_ns(known) + DELAY_S * NS_PER_S;
    hear("a", true, symbols);
    say(SUBSCRIBE(""));
    follow(BTC, FIXTURE_EPOCH, last);
    it_is_due(known);
    answer_start(known, known + 1, known < last ? known + 1 : known);
    client_pump(fixture.client);
}
