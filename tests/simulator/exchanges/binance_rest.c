#include "tests/simulator/exchanges/binance_rest.h"

#include <inttypes.h>
#include <stdlib.h>

#include "tests/simulator/clock.h"
#include "tests/simulator/exchange.h"
#include "tests/simulator/market/candles.h"
#include "tests/simulator/market/rest.h"

enum { TRADES_USUAL = 500, CANDLES_USUAL = 500, CANDLES_MAX = 1000, DECIMALS = 8 };

/* Larger times are microseconds. */
static const uint64_t milliseconds_max = UINT64_C(100000000000000);

static bool is_named(const char *symbol, const char *asked)
{
    for (; *symbol; symbol++)
        if (*symbol != '-' && *asked++ != *symbol)
            return false;
    return *asked == '\0';
}

/* BTCUSDT */
static size_t find_symbol(const sim_rest_call_t *call)
{
    const symbols_t *symbols = exchange_symbols(call->exchange);
    const char *asked = rest_text(call, "symbol");
    for (size_t symbol = 0; asked && symbol < symbols->count; symbol++)
        if (is_named(symbols->names[symbol], asked))
            return symbol;
    return SYMBOL_NONE;
}

static int64_t unit_ns(const sim_rest_call_t *call)
{
    return strcasecmp(call->request->time_unit, "MICROSECOND") == 0 ? NS_PER_US : NS_PER_MS;
}

/* --- trades ------------------------------------------------------------------------------------------------------ */

static void print_trade(sim_rest_call_t *call, const sim_view_t *trade, const char *comma)
{
    sim_exact_t price, qty;
    exact_read(&price, trade->price.text, trade->price.length);
    exact_read(&qty, trade->qty.text, trade->qty.length);
    const sim_exact_t quote = exact_product(&price, &qty);
    fprintf(call->out, "%s{\"id\":%" PRIu64 ",\"price\":\"", comma, trade->id);
    rest_piece(call, trade->price);
    fputs("\",\"qty\":\"", call->out);
    rest_piece(call, trade->qty);
    fputs("\",\"quoteQty\":\"", call->out);
    rest_exact(call, &quote, 0);
    fprintf(call->out, "\",\"time\":%" PRId64 ",\"isBuyerMaker\":%s,\"isBestMatch\":true}", trade->time_ns / unit_ns(call),
            trade->sold ? "true" : "false");
}

/* From an id on; without it, the newest ones. */
static void get_trades(sim_rest_call_t *call, size_t symbol)
{
    const uint64_t last = market_last(exchange_market(call->exchange), symbol);
    const size_t most = rest_whole(call, "limit", 1, PAGE_TRADES_MAX, TRADES_USUAL);
    sim_page_t *page =
        rest_page_from(call, symbol, rest_whole(call, "fromId", 0, UINT64_MAX, last >= most ? last - most + 1 : 1), most);
    if (!page)
        return;
    fputs("[", call->out);
    for (size_t i = 0; i < page->count; i++)
        print_trade(call, &page->trades[i], i > 0 ? "," : "");
    fputs("]", call->out);
    free(page);
}

/* --- candles ----------------------------------------------------------------------------------------------------- */

static void print_quoted(sim_rest_call_t *call, sim_piece_t piece)
{
    fputs(",\"", call->out);
    rest_piece(call, piece.length > 0 ? piece : (sim_piece_t){"0.00000000", 10});
    fputs("\"", call->out);
}

/* [open time, "open", "high", "low", "close", "volume", close time, "quote volume", count, "0", "0", "0"]: what takers bought is not told */
static void print_candle(sim_rest_call_t *call, const sim_candle_t *candle, int64_t step_s)
{
    const int64_t unit = unit_ns(call);
    fprintf(call->out, "[%" PRId64, candle->start_s * (NS_PER_S / unit));
    print_quoted(call, candle->open);
    print_quoted(call, candle->high);
    print_quoted(call, candle->low);
    print_quoted(call, candle->close);
    fputs(",\"", call->out);
    rest_exact(call, &candle->volume, DECIMALS);
    fprintf(call->out, "\",%" PRId64 ",\"", (candle->start_s + step_s) * (NS_PER_S / unit) - 1);
    rest_exact(call, &candle->quote, DECIMALS);
    fprintf(call->out, "\",%" PRIu64 ",\"0\",\"0\",\"0\"]", candle->count);
}

/* A time that is asked for, in milliseconds. */
static int64_t read_ms(const sim_rest_call_t *call, const char *name)
{
    const uint64_t time = rest_whole(call, name, 0, INT64_MAX, 0);
    return (int64_t)(time >= milliseconds_max ? time / 1000 : time);
}

/* The first candle that starts then, or later. */
static int64_t first_from(int64_t ms, int64_t step_s)
{
    const int64_t step_ms = step_s * 1000;
    return (ms + step_ms - 1) / step_ms * step_s;
}

/* Those whose open time is from startTime to endTime, the first of them; without startTime, the last ones. */
static void print_candles(sim_rest_call_t *call, size_t symbol, int64_t step_s)
{
    const sim_market_t *market = exchange_market(call->exchange);
    const int64_t most = (int64_t)rest_whole(call, "limit", 1, CANDLES_MAX, CANDLES_USUAL);
    const int64_t now_s = exchange_now_ns(call->exchange) / NS_PER_S, first_s = candles_first(market, symbol, step_s);
    int64_t end_s = rest_text(call, "endTime") ? read_ms(call, "endTime") / 1000 : now_s;
    end_s = end_s < now_s ? end_s : now_s;
    int64_t at_s = rest_text(call, "startTime") ? first_from(read_ms(call, "startTime"), step_s)
                                                : end_s - end_s % step_s - (most - 1) * step_s;
    at_s = at_s > first_s ? at_s : first_s;
    sim_candles_t candles = candles_from(market, symbol, at_s, step_s);
    fputs("[", call->out);
    for (int64_t count = 0; !call->empty && first_s >= 0 && candles.start_s <= end_s && count < most; count++) {
        sim_candle_t candle;
        candles_next(&candles, &candle);
        fputs(count > 0 ? "," : "", call->out);
        print_candle(call, &candle, step_s);
    }
    fputs("]", call->out);
}

static void get_candles(sim_rest_call_t *call, size_t symbol)
{
    static const struct {
        const char *name;
        int64_t step_s;
    } intervals[] = {{"1s", 1},    {"1m", 60},    {"3m", 180},   {"5m", 300},   {"15m", 900},   {"30m", 1800}, {"1h", 3600},
                     {"2h", 7200}, {"4h", 14400}, {"6h", 21600}, {"8h", 28800}, {"12h", 43200}, {"1d", 86400}, {"3d", 259200}};
    const char *asked = rest_text(call, "interval");
    for (size_t i = 0; asked && i < sizeof intervals / sizeof *intervals; i++) {
        if (strcmp(intervals[i].name, asked) == 0) {
            print_candles(call, symbol, intervals[i].step_s);
            return;
        }
    }
    rest_fail(call, 400, "{\"code\":-1120,\"msg\":\"Invalid interval.\"}");
}

static bool get(sim_rest_call_t *call)
{
    const bool trades = strcmp(call->request->path, "/api/v3/historicalTrades") == 0;
    if (!trades && strcmp(call->request->path, "/api/v3/klines") != 0)
        return false;
    const size_t symbol = find_symbol(call);
    if (symbol == SYMBOL_NONE)
        rest_fail(call, 400, "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}");
    else if (trades)
        get_trades(call, symbol);
    else
        get_candles(call, symbol);
    return true;
}

const sim_rest_api_t binance_rest = {get, "{\"code\":-1003,\"msg\":\"", "\"}"};
