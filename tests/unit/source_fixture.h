/* A source over a connector that the test plays. */
#pragma once

#include "connectord/lines/source.h"
#include "tests/unit/fake_connector.h"
#include "tests/unit/no_recording.h"

static source_t *source;

static inline bool on_trade(void *arg, source_t *self, trade_t *trade, memo_t *memo)
{
    (void)memo;
    (void)arg, (void)self;
    note("trade:%.*s.%.*s", TEXT_ARG(trade->symbol), TEXT_ARG(trade->source));
    return !duplicate;
}

static receipt_t receipt; /* of what is offered */

static inline receipt_t on_offer(void *arg, source_t *self, trade_t *trade)
{
    (void)arg, (void)self;
    note("offer:%.*s.%.*s", TEXT_ARG(trade->symbol), TEXT_ARG(trade->source));
    return receipt;
}

static inline void on_status(void *arg, source_t *self, status_event_t event)
{
    static const char *const names[] = {"heartbeat", "connected", "lost", "restored", "gap"};
    status_t status = {0};
    (void)arg;
    source_describe(self, &status);
    note("%s/%s", names[event], status.connected ? "up" : "down");
}

static bool may; /* the answer of may_leave */

static inline bool may_leave(void *arg, const source_t *self, text_t symbol)
{
    (void)arg, (void)self, (void)symbol;
    return may;
}

static inline void on_symbol(void *arg, source_t *from, text_t symbol)
{
    (void)arg, (void)from, (void)symbol;
}

static const source_events_t events = {.on_trade = on_trade,
                                       .on_symbol = on_symbol,
                                       .on_offer = on_offer,
                                       .on_status = on_status,
                                       .may_leave = may_leave,
                                       .on_received = on_received,
                                       .on_mark = on_mark};

static inline void set_up(void)
{
    static const char *const symbols[] = {"BTC-USD", "ETH-USD", "LTC-USD"};
    fake_set_up(symbols, 3);
    settings.grace_ms = 1;
    may = true;
}

static inline void tear_down(void)
{
    source_destroy(&source);
    loop_destroy(&loop);
}

static inline void make(void)
{
    source = source_new_with(&fake, loop, NULL, &settings, &events, NULL);
    ck_assert_ptr_nonnull(source);
    ck_assert_ptr_null(settings.symbols);
    check_calls("");
}

static inline void make_demand(void)
{
    settings.demand = true;
    make();
}

/* A source that is started and connected, with nothing noted. */
static inline void make_connected(bool demand)
{
    settings.demand = demand;
    make();
    source_start(source);
    fakes[0].up->on_connected(fakes[0].arg);
    calls[0] = '\0';
}

static inline status_t describe(void)
{
    status_t status = {0};
    source_describe(source, &status);
    return status;
}

static inline void trade(const char *symbol)
{
    trade_t trade = {.symbol = text_of(symbol), .qty = TEXT("1"), .id = TEXT("1")};
    fakes[0].up->on_trade(fakes[0].arg, &trade, NULL);
}
