/* Trades come newest first, those with a number below `after`:
 *
 *     [{"time":"2014-11-07T22:19:28.578544Z","trade_id":74,"price":"10.00000000","size":"0.01000000","side":"buy"}, …]
 *
 * so a page that begins behind a place ends a page's length above it. Where there are not that many yet, it goes back behind the place.
 *
 * Candles come newest first, too: [[start in s, low, high, open, close, volume], …]; a minute without a trade has none.
 */
#include "connectord/exchanges/coinbase_past.h"

#include "common/http_client/http_url.h"
#include "common/numbers/decimal.h"
#include "common/timestamp.h"
#include "connectord/exchanges/coinbase_message.h"

#include <stdio.h>

enum { CANDLES_MAX = 300, MINUTE_S = 60, FOUND_MAX = 120, REASON_MAX = 420 };

static const int64_t minute_ns = MINUTE_S * NS_PER_S;

/* --- questions --- */

static void print_product(buffer_t *out, text_t symbol)
{
    buffer_append(out, TEXT("/products/"));
    http_url_append_escaped(symbol, out);
}

static void print_trades(buffer_t *out, text_t symbol, const past_place_t *place)
{
    print_product(out, symbol);
    buffer_printf(out, "/trades?limit=%d&after=", PAST_PAGE_MAX);
    buffer_append_u64(out, place->id + PAST_PAGE_MAX + 1);
}

static void print_time(buffer_t *out, int64_t ns)
{
    char time[TIMESTAMP_MAX];
    buffer_append(out, (text_t){time, timestamp_print(time, ns, 0)});
}

/* `end` is inclusive there: the start of the last minute. */
static void print_candles(buffer_t *out, text_t symbol, int64_t from_ns, int64_t to_ns)
{
    print_product(out, symbol);
    buffer_printf(out, "/candles?granularity=%d&start=", MINUTE_S);
    print_time(out, from_ns);
    buffer_append(out, TEXT("&end="));
    print_time(out, to_ns - minute_ns);
}

/* --- answers --- */

/* A record of an answer. False with the reason when it is not valid. */
typedef bool coinbase_record_fn(void *arg, text_t record, char reason[static REASON_MAX]);

static bool read_records(text_t body, coinbase_record_fn *take, void *arg, char error[static PAST_ERROR_MAX])
{
    char reason[REASON_MAX];
    size_t count = 0;
    json_walk_t walk = json_walk(body);
    error[0] = '\0';
    if (walk.object || !walk.first) { /* an object, or no container */
        snprintf(error, PAST_ERROR_MAX, "expected an array, found %.*s", TEXT_ARG(text_cut(body, FOUND_MAX)));
        return false;
    }
    while (json_next(&walk)) {
        count++;
        if (!take(arg, walk.value, reason) && error[0] == '\0')
            snprintf(error, PAST_ERROR_MAX, "record %zu: %s", count, reason);
    }
    if (!json_closed(&walk))
        snprintf(error, PAST_ERROR_MAX, "expected JSON, found something else behind %zu records", count);
    return json_closed(&walk);
}

typedef struct {
    text_t symbol;
    past_trade_fn *on_trade;
    void *arg;
    coinbase_message_t message;
} coinbase_trades_t;

static bool take_trade(void *arg, text_t record, char reason[static REASON_MAX])
{
    coinbase_trades_t *self = arg;
    if (!coinbase_message_read_trade(&self->message, self->symbol, record)) {
        snprintf(reason, REASON_MAX, "%s", self->message.fields.reason);
        return false;
    }
    self->on_trade(self->arg, &self->message.trade, self->message.id);
    return true;
}

static bool read_trades(text_t body, text_t symbol, past_trade_fn *on_trade, void *arg, char error[static PAST_ERROR_MAX])
{
    coinbase_trades_t trades = {.symbol = symbol, .on_trade = on_trade, .arg = arg};
    return read_records(body, take_trade, &trades, error);
}

typedef struct {
    past_candle_fn *on_candle;
    void *arg;
} coinbase_candles_t;

static bool read_start(text_t text, int64_t *start_ns)
{
    uint64_t start_s;
    if (!text_to_u64(text, &start_s) || start_s > INT64_MAX / NS_PER_S || start_s % MINUTE_S != 0)
        return false;
    *start_ns = (int64_t)start_s * NS_PER_S;
    return true;
}

static bool take_candle(void *arg, text_t record, char reason[static REASON_MAX])
{
    enum { START, VOLUME = 5, VALUES };
    coinbase_candles_t *self = arg;
    text_t values[VALUES] = {0};
    json_walk_t walk = json_walk(record);
    for (size_t i = 0; i < VALUES && !walk.object && json_next(&walk); i++)
        values[i] = walk.value;
    past_candle_t candle = {.volume = values[VOLUME]};
    if (!read_start(values[START], &candle.start_ns))
        snprintf(reason, REASON_MAX, "expected [start of a minute in s, …], found %.*s", TEXT_ARG(text_cut(record, FOUND_MAX)));
    else if (!decimal_valid(candle.volume) || decimal_sign(candle.volume) < 0)
        snprintf(reason, REASON_MAX, "expected a volume as the 6th number, found %.*s", TEXT_ARG(text_cut(record, FOUND_MAX)));
    else {
        self->on_candle(self->arg, &candle);
        return true;
    }
    return false;
}

static bool read_candles(text_t body, text_t symbol, past_candle_fn *on_candle, void *arg, char error[static PAST_ERROR_MAX])
{
    (void)symbol;
    coinbase_candles_t candles = {.on_candle = on_candle, .arg = arg};
    return read_records(body, take_candle, &candles, error);
}

const past_t coinbase_past = {
    .url = "https://api.exchange.coinbase.com",
    .requests = 10,
    .interval_ms = 1000,
    .page = PAST_PAGE_MAX,
    .window = true,
    .candles = CANDLES_MAX,
    .print_trades = print_trades,
    .print_candles = print_candles,
    .read_trades = read_trades,
    .read_candles = read_candles,
};
