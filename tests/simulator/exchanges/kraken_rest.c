#include "tests/simulator/exchanges/kraken_rest.h"

#include <inttypes.h>
#include <stdlib.h>

#include "tests/simulator/clock.h"
#include "tests/simulator/exchange.h"
#include "tests/simulator/market/candles.h"
#include "tests/simulator/market/rest.h"

enum { PAIR_BYTES = SYMBOL_BYTES + 4, CANDLES_MAX = 720, MINUTE_S = 60, DECIMALS = 8 };

static const char unknown_pair[] = "{\"error\":[\"EQuery:Unknown asset pair\"]}";

/* --- names of pairs ---------------------------------------------------------------------------------------------- */

/* The name of an asset here. */
static const char *asset_name(const char *name)
{
    return strcmp(name, "BTC") == 0 ? "XBT" : strcmp(name, "DOGE") == 0 ? "XDG" : name;
}

static bool one_of(const char *name, const char *spaced)
{
    char padded[PAIR_BYTES + 2];
    snprintf(padded, sizeof padded, " %s ", name);
    return strstr(spaced, padded);
}

/* Pairs of the oldest assets have long names besides, with an X before coins and a Z before currencies: XXBTZUSD. */
typedef struct {
    char pair[PAIR_BYTES], long_pair[PAIR_BYTES];
} kraken_names_t;

static kraken_names_t names_of(const char *symbol)
{
    static const char coins[] = " XBT ETH LTC XRP XLM ETC ZEC XMR REP MLN ", currencies[] = " USD EUR GBP CAD JPY ";
    kraken_names_t names;
    char copy[SYMBOL_BYTES], *quote = copy;
    snprintf(copy, sizeof copy, "%s", symbol);
    const char *base = asset_name(strsep(&quote, "-")), *other = asset_name(quote);
    snprintf(names.pair, sizeof names.pair, "%.12s%.12s", base, other);
    if (one_of(base, coins) && one_of(other, currencies))
        snprintf(names.long_pair, sizeof names.long_pair, "X%.12sZ%.12s", base, other);
    else if (one_of(base, coins) && one_of(other, coins))
        snprintf(names.long_pair, sizeof names.long_pair, "X%.12sX%.12s", base, other);
    else
        memcpy(names.long_pair, names.pair, sizeof names.pair);
    return names;
}

static size_t find_pair(const sim_rest_call_t *call, kraken_names_t *names)
{
    const symbols_t *symbols = exchange_symbols(call->exchange);
    const char *asked = rest_text(call, "pair");
    for (size_t symbol = 0; asked && symbol < symbols->count; symbol++) {
        *names = names_of(symbols->names[symbol]);
        if (strcmp(names->pair, asked) == 0 || strcmp(names->long_pair, asked) == 0)
            return symbol;
    }
    return SYMBOL_NONE;
}

/* --- trades ------------------------------------------------------------------------------------------------------ */

/* Seconds with as many decimals as it takes. */
static void print_seconds(FILE *out, int64_t ns)
{
    char buffer[32];
    text_writer_t text = writer_on(buffer, sizeof buffer);
    writer_trimmed(&text, (uint64_t)ns, 9);
    fputs(writer_string(&text), out);
}

/* ["105433.60000","0.00027625",1762795433.9717445,"b","l","",10218208]; the side is the taker's */
static void print_trade(sim_rest_call_t *call, const sim_view_t *trade, const char *comma)
{
    fprintf(call->out, "%s[\"", comma);
    rest_piece(call, trade->price);
    fputs("\",\"", call->out);
    rest_piece(call, trade->qty);
    fputs("\",", call->out);
    print_seconds(call->out, trade->time_ns);
    fprintf(call->out, ",\"%s\",\"%s\",\"\",%" PRIu64 "]", trade->sold ? "s" : "b", view_hash(trade) & 1 ? "l" : "m",
            trade->id);
}

/* since is exclusive; without it, the newest ones. */
static void get_trades(sim_rest_call_t *call, size_t symbol, const kraken_names_t *names)
{
    const sim_market_t *market = exchange_market(call->exchange);
    const size_t most = rest_whole(call, "count", 1, PAGE_TRADES_MAX, PAGE_TRADES_MAX);
    const uint64_t last = market_last(market, symbol), since_ns = rest_whole(call, "since", 0, INT64_MAX, 0);
    const uint64_t newest = last >= most ? last - most + 1 : 1;
    sim_page_t *page =
        rest_page_from(call, symbol, rest_text(call, "since") ? market_after(market, symbol, (int64_t)since_ns) : newest, most);
    if (!page)
        return;
    fprintf(call->out, "{\"error\":[],\"result\":{\"%s\":[", names->long_pair);
    int64_t last_ns = (int64_t)since_ns;
    for (size_t i = 0; i < page->count; i++) {
        print_trade(call, &page->trades[i], i > 0 ? "," : "");
        last_ns = page->trades[i].time_ns > last_ns ? page->trades[i].time_ns : last_ns;
    }
    fprintf(call->out, "],\"last\":\"%" PRId64 "\"}}", last_ns);
    free(page);
}

/* --- candles ----------------------------------------------------------------------------------------------------- */

static void print_quoted(sim_rest_call_t *call, sim_piece_t piece)
{
    fputs(",\"", call->out);
    rest_piece(call, piece.length > 0 ? piece : (sim_piece_t){"0", 1});
    fputs("\"", call->out);
}

static unsigned decimals_of(sim_piece_t number)
{
    const char *point = memchr(number.text, '.', number.length);
    return point ? (unsigned)(number.text + number.length - point - 1) : 0;
}

/* [time, "open", "high", "low", "close", "vwap", "volume", count] */
static void print_candle(sim_rest_call_t *call, const sim_candle_t *candle)
{
    const unsigned decimals = decimals_of(candle->close);
    sim_exact_t vwap = {.decimals = decimals};
    if (candle->volume.top > 0)
        vwap = exact_quotient(&candle->quote, &candle->volume, decimals);
    fprintf(call->out, "[%" PRId64, candle->start_s);
    print_quoted(call, candle->open);
    print_quoted(call, candle->high);
    print_quoted(call, candle->low);
    print_quoted(call, candle->close);
    fputs(",\"", call->out);
    rest_exact(call, &vwap, 0);
    fputs("\",\"", call->out);
    rest_exact(call, &candle->volume, DECIMALS);
    fprintf(call->out, "\",%" PRIu64 "]", candle->count);
}

/* The last one is that of the running interval, and is not final. `last` is the start of the last final one. */
static void print_candles(sim_rest_call_t *call, size_t symbol, int64_t since_s, int64_t step_s)
{
    const sim_market_t *market = exchange_market(call->exchange);
    const int64_t now_s = exchange_now_ns(call->exchange) / NS_PER_S, running_s = now_s - now_s % step_s;
    const int64_t first_s = candles_first(market, symbol, step_s), after_s = since_s - since_s % step_s + step_s;
    int64_t at_s = running_s - (CANDLES_MAX - 1) * step_s;
    at_s = at_s > first_s ? at_s : first_s;
    if (rest_text(call, "since") && at_s < after_s)
        at_s = after_s < running_s ? after_s : running_s;
    sim_candles_t candles = candles_from(market, symbol, at_s, step_s);
    for (const char *comma = ""; !call->empty && first_s >= 0 && candles.start_s <= running_s; comma = ",") {
        sim_candle_t candle;
        candles_next(&candles, &candle);
        fputs(comma, call->out);
        print_candle(call, &candle);
    }
    fprintf(call->out, "],\"last\":%" PRId64 "}}", running_s - step_s);
}

static void get_candles(sim_rest_call_t *call, size_t symbol, const kraken_names_t *names)
{
    static const int64_t intervals[] = {1, 5, 15, 30, 60, 240, 1440, 10080, 21600};
    const int64_t interval = (int64_t)rest_whole(call, "interval", 0, INT32_MAX, 1);
    bool known = false;
    for (size_t i = 0; i < sizeof intervals / sizeof *intervals; i++)
        known |= intervals[i] == interval;
    if (!known) {
        rest_fail(call, 200, "{\"error\":[\"EGeneral:Invalid arguments\"]}");
        return;
    }
    fprintf(call->out, "{\"error\":[],\"result\":{\"%s\":[", names->long_pair);
    print_candles(call, symbol, (int64_t)rest_whole(call, "since", 0, INT32_MAX * INT64_C(2), 0), interval * MINUTE_S);
}

static bool get(sim_rest_call_t *call)
{
    static const struct {
        const char *path;
        void (*get)(sim_rest_call_t *call, size_t symbol, const kraken_names_t *names);
    } paths[] = {{"/0/public/Trades", get_trades}, {"/0/public/OHLC", get_candles}};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        kraken_names_t names;
        if (strcmp(paths[i].path, call->request->path) != 0)
            continue;
        const size_t symbol = find_pair(call, &names);
        if (symbol == SYMBOL_NONE)
            rest_fail(call, 200, unknown_pair);
        else
            paths[i].get(call, symbol, &names);
        return true;
    }
    return false;
}

const sim_rest_api_t kraken_rest = {get, "{\"error\":[\"EGeneral:", "\"]}"};
