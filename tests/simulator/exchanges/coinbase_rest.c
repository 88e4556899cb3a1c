#include "tests/simulator/exchanges/coinbase_rest.h"

#include <inttypes.h>
#include <stdlib.h>

#include "tests/simulator/clock.h"
#include "tests/simulator/exchange.h"
#include "tests/simulator/exchanges/message.h"
#include "tests/simulator/market/candles.h"
#include "tests/simulator/market/moment.h"
#include "tests/simulator/market/rest.h"

enum { TRADES_USUAL = 1000, CANDLES_MAX = 300 };

/* {"trade_id":280232,"side":"sell","size":"985","price":"0.00001305","time":"2021-04-17T16:43:37.089723Z"}; side is the maker's */
static void print_trade(sim_rest_call_t *call, const sim_view_t *trade, const char *comma)
{
    fprintf(call->out, "%s{\"trade_id\":%" PRIu64 ",\"side\":\"%s\",\"size\":\"", comma, trade->id,
            trade->sold ? "buy" : "sell");
    rest_piece(call, trade->qty);
    fputs("\",\"price\":\"", call->out);
    rest_piece(call, trade->price);
    fputs("\",\"time\":\"", call->out);
    message_time(call->out, trade->time_ns);
    fputs("\"}", call->out);
}

/* CB-AFTER is what to ask for next. */
static void get_trades(sim_rest_call_t *call, size_t symbol)
{
    const uint64_t after = rest_whole(call, "after", 1, UINT64_MAX, UINT64_MAX);
    const uint64_t next = market_last(exchange_market(call->exchange), symbol) + 1;
    sim_page_t *page =
        rest_page_below(call, symbol, after < next ? after : next, rest_whole(call, "limit", 1, PAGE_TRADES_MAX, TRADES_USUAL));
    if (!page)
        return;
    fputs("[", call->out);
    for (size_t i = 0; i < page->count; i++)
        print_trade(call, &page->trades[i], i > 0 ? "," : "");
    fputs("]", call->out);
    if (page->count > 0) {
        call->header = "cb-after:";
        snprintf(call->header_value, sizeof call->header_value, "%" PRIu64, page->trades[page->count - 1].id);
    }
    free(page);
}

/* Seconds since 1970, from such a number or from a time; `usual` where it is not given. */
static int64_t read_second(const sim_rest_call_t *call, const char *name, int64_t usual)
{
    const char *text = rest_text(call, name);
    if (!text)
        return usual;
    return strchr(text, '-') ? moment_read(text, strlen(text)) / NS_PER_S : (int64_t)strtoull(text, NULL, 10);
}

/* [time, low, high, open, close, volume] */
static void print_candle(sim_rest_call_t *call, const sim_candle_t *candle)
{
    const sim_piece_t prices[] = {candle->low, candle->high, candle->open, candle->close};
    fprintf(call->out, "[%" PRId64, candle->start_s);
    for (size_t i = 0; i < sizeof prices / sizeof *prices; i++) {
        fputs(",", call->out);
        rest_piece(call, prices[i]);
    }
    fputs(",", call->out);
    rest_exact(call, &candle->volume, 0);
    fputs("]", call->out);
}

/* Newest first: each is walked to by itself. */
static void print_candles(sim_rest_call_t *call, size_t symbol, int64_t start_s, int64_t end_s, int64_t step_s)
{
    const sim_market_t *market = exchange_market(call->exchange);
    const int64_t first_s = candles_first(market, symbol, step_s);
    int count = 0;
    fputs("[", call->out);
    for (int64_t at_s = end_s - end_s % step_s;
         !call->empty && first_s >= 0 && at_s >= start_s && at_s >= first_s && count < CANDLES_MAX; at_s -= step_s) {
        sim_candle_t candle;
        sim_candles_t candles = candles_from(market, symbol, at_s, step_s);
        candles_next(&candles, &candle);
        if (candle.count == 0)
            continue;
        fputs(count++ > 0 ? "," : "", call->out);
        print_candle(call, &candle);
    }
    fputs("]", call->out);
}

static void get_candles(sim_rest_call_t *call, size_t symbol)
{
    static const int64_t granularities[] = {60, 300, 900, 3600, 21600, 86400};
    const int64_t step_s = (int64_t)rest_whole(call, "granularity", 1, INT32_MAX, 60);
    const int64_t now_s = exchange_now_ns(call->exchange) / NS_PER_S;
    const int64_t end_s = read_second(call, "end", now_s), start_s = read_second(call, "start", end_s - CANDLES_MAX * step_s);
    bool known = false;
    for (size_t i = 0; i < sizeof granularities / sizeof *granularities; i++)
        known |= granularities[i] == step_s;
    if (!known)
        rest_fail(call, 400, "{\"message\":\"Unsupported granularity\"}");
    else if (end_s / step_s - start_s / step_s > CANDLES_MAX)
        rest_fail(call, 400,
                  "{\"message\":\"granularity too small for the requested time range. Count of aggregations requested exceeds "
                  "300\"}");
    else
        print_candles(call, symbol, start_s, end_s < now_s ? end_s : now_s, step_s);
}

/* /products/<id>/trades */
static bool get(sim_rest_call_t *call)
{
    static const char root[] = "/products/";
    char product[SYMBOL_BYTES];
    if (strncmp(call->request->path, root, sizeof root - 1) != 0)
        return false;
    const char *at = call->request->path + sizeof root - 1, *slash = strchr(at, '/');
    if (!slash || (strcmp(slash, "/trades") != 0 && strcmp(slash, "/candles") != 0))
        return false;
    snprintf(product, sizeof product, "%.*s", (int)(slash - at), at);
    const size_t symbol = symbols_find(exchange_symbols(call->exchange), product);
    if (symbol == SYMBOL_NONE)
        rest_fail(call, 404, "{\"message\":\"NotFound\"}");
    else if (strcmp(slash, "/trades") == 0)
        get_trades(call, symbol);
    else
        get_candles(call, symbol);
    return true;
}

const sim_rest_api_t coinbase_rest = {get, "{\"message\":\"", "\"}"};
