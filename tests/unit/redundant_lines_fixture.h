/* Several lines of one source over a connector that the test plays; each line's connection is the test's to make and to lose. */
#pragma once

#include "connectord/lines/redundant_lines.h"
#include "tests/unit/fake_connector.h"

static redundant_lines_t *lines;
static bool there[LINES_MAX]; /* as told by on_line */
static bool lags[LINES_MAX];  /* the answers of is_covered */

_Static_assert((int)LINES_MAX <= (int)FAKES_MAX, "each line has a connector");

static inline status_t describe(void)
{
    status_t status = {0};
    redundant_lines_describe(lines, &status);
    return status;
}

static inline bool on_trade(void *arg, size_t line, trade_t *trade, memo_t *memo)
{
    (void)memo;
    (void)arg, (void)line;
    note("trade:%.*s.%.*s", TEXT_ARG(trade->symbol), TEXT_ARG(trade->source));
    return !duplicate;
}

static inline void on_status(void *arg, status_event_t event)
{
    static const char *const names[] = {"heartbeat", "connected", "lost", "restored", "gap"};
    (void)arg;
    note("%s/%zu/%s", names[event], redundant_lines_connected(lines), describe().connected ? "up" : "down");
}

static inline void on_line(void *arg, size_t line, bool up)
{
    (void)arg;
    there[line] = up;
}

static inline void on_symbol(void *arg, text_t symbol)
{
    (void)arg, (void)symbol;
}

static inline bool is_covered(void *arg, size_t line)
{
    (void)arg;
    return !lags[line];
}

static const redundant_lines_events_t events = {
    .on_trade = on_trade, .on_symbol = on_symbol, .on_line = on_line, .is_covered = is_covered, .on_status = on_status};

static inline void set_up(void)
{
    static const char *const symbols[] = {"BTC-USD"};
    fake_set_up(symbols, 1);
    numbered = true;
    settings.lines = 2;
    memset(lags, 0, sizeof lags);
    settings.messages_per_minute = 1000000; /* a symbol takes no time */
}

static inline void tear_down(void)
{
    redundant_lines_destroy(&lines);
    loop_destroy(&loop);
}

static inline void make(void)
{
    lines = redundant_lines_new_with(&fake, loop, NULL, &settings, &events, NULL);
    ck_assert_ptr_nonnull(lines);
    ck_assert_ptr_null(settings.symbols);
    redundant_lines_start(lines);
}

static inline void connected(size_t line)
{
    fakes[line].up->on_connected(fakes[line].arg);
}

static inline void lost(size_t line, const char *reason)
{
    fake_lose(line, reason);
}

static inline void trade(size_t line)
{
    trade_t one = {.symbol = TEXT("BTC-USD"), .qty = TEXT("1"), .id = TEXT("1")};
    fakes[line].up->on_trade(fakes[line].arg, &one, NULL);
}

/* Two lines, both connected, with nothing noted. */
static inline void make_connected(void)
{
    make();
    connected(0);
    connected(1);
    calls[0] = '\0';
}
