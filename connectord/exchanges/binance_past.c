#include "connectord/exchanges/binance_past.h"

#include "common/clock.h"
#include "common/http_client/http_url.h"
#include "common/json/json.h"
#include "common/numbers/decimal.h"
#include "connectord/exchanges/binance_message.h"
#include "connectord/exchanges/fields.h"

#include <stdio.h>

enum { CANDLES = 1000, MINUTE_MS = 60000, REASON_MAX = 300 };

enum { ID, PRICE, QTY, TIME, MAKER, CODE, MESSAGE, NAMES };
static const text_t names[NAMES] = {TEXT_CONST("id"),           TEXT_CONST("price"), TEXT_CONST("qty"), TEXT_CONST("time"),
                                    TEXT_CONST("isBuyerMaker"), TEXT_CONST("code"),  TEXT_CONST("msg")};

/* --- questions --- */

static void print_name(buffer_t *out, text_t symbol)
{
    char name[SYMBOL_MAX];
    http_url_append_escaped((text_t){name, binance_name_print(name, symbol)}, out);
}

static void print_trades(buffer_t *out, text_t symbol, const past_place_t *place)
{
    buffer_append(out, TEXT("/api/v3/historicalTrades?symbol="));
    print_name(out, symbol);
    buffer_printf(out, "&fromId=%llu&limit=%d", (unsigned long long)place->id + 1, PAST_PAGE_MAX);
}

/* Times are µs, as in what is answered. The end is the last one that belongs to it. */
static void print_candles(buffer_t *out, text_t symbol, int64_t from_ns, int64_t to_ns)
{
    buffer_append(out, TEXT("/api/v3/klines?symbol="));
    print_name(out, symbol);
    buffer_printf(out, "&interval=1m&startTime=%lld&endTime=%lld&limit=%d", (long long)(from_ns / NS_PER_US),
                  (long long)(to_ns / NS_PER_US) - 1, CANDLES);
}

/* --- answers --- */

/* The reason of the first mistake stays. */
static void complain(char error[static PAST_ERROR_MAX], const char *what, const char *reason, text_t sample)
{
    if (error[0] == '\0')
        snprintf(error, PAST_ERROR_MAX, "%s: %.*s, found %.*s", what, REASON_MAX, reason, TEXT_ARG(text_cut(sample, 100)));
}

/* False with the exchange's own words, if these are there. */
static bool refuse(text_t body, const char *wanted, char error[static PAST_ERROR_MAX])
{
    fields_t fields;
    if (fields_read(&fields, names, NAMES, body) && fields_kind(&fields, MESSAGE) == FIELD_STRING)
        snprintf(error, PAST_ERROR_MAX, "the exchange says: %.*s",
                 TEXT_ARG(text_cut(fields_text(&fields, MESSAGE), REASON_MAX)));
    else
        snprintf(error, PAST_ERROR_MAX, "expected an array of %s, found %.*s", wanted, TEXT_ARG(text_cut(body, 100)));
    return false;
}

static bool is_array(text_t body)
{
    json_walk_t walk = json_walk(body);
    return walk.first && !walk.object;
}

static bool has_trade_fields(fields_t *fields)
{
    return fields_expect(fields, ID, FIELD_NUMBER) && fields_expect(fields, PRICE, FIELD_STRING) &&
           fields_expect(fields, QTY, FIELD_STRING) && fields_expect(fields, TIME, FIELD_NUMBER) &&
           fields_expect(fields, MAKER, FIELD_OTHER);
}

/* `timestamp` is where the trade's points to. */
static bool read_trade(fields_t *fields, text_t symbol, char timestamp[static TIMESTAMP_MAX], trade_t *trade, uint64_t *id)
{
    int64_t ns;
    const char *wrong;
    if (!has_trade_fields(fields))
        return false;
    text_t maker = fields_text(fields, MAKER);
    bool sold = text_equal(maker, TEXT("true"));
    if (!sold && !text_equal(maker, TEXT("false")))
        return fields_wrong(fields, "isBuyerMaker: expected true or false");
    if (!binance_id_read(fields_text(fields, ID), id))
        return fields_wrong(fields, "id: expected a whole number from 1 to 2^63-1");
    *trade = (trade_t){.symbol = symbol,
                       .source = TEXT("-"), /* not ours to know; any valid one does for the check */
                       .timestamp = {timestamp, binance_time_print(timestamp, fields_text(fields, TIME), &ns)},
                       .side = sold ? SIDE_SELL : SIDE_BUY,
                       .qty = fields_text(fields, QTY),
                       .price = fields_text(fields, PRICE),
                       .id = fields_text(fields, ID)};
    if (!trade_valid(trade, &wrong))
        return fields_wrong(fields, "%s: invalid", wrong);
    trade->source = (text_t){0};
    return true;
}

static bool read_trades(text_t body, text_t symbol, past_trade_fn *on_trade, void *arg, char error[static PAST_ERROR_MAX])
{
    fields_t fields;
    char timestamp[TIMESTAMP_MAX];
    error[0] = '\0';
    if (!is_array(body))
        return refuse(body, "trades", error);
    json_walk_t walk = json_walk(body);
    while (json_next(&walk)) {
        trade_t trade;
        uint64_t id = 0;
        if (fields_read(&fields, names, NAMES, walk.value) && read_trade(&fields, symbol, timestamp, &trade, &id))
            on_trade(arg, &trade, id);
        else
            complain(error, "a trade", fields.reason, walk.value);
    }
    return json_closed(&walk) || refuse(body, "trades", error);
}

enum { START, VOLUME = 5, COUNT = 8, CELLS };

/* A candle's cells, as far as they are there; raw. How many. */
static size_t read_cells(text_t row, text_t cells[static CELLS])
{
    size_t count = 0;
    json_walk_t walk = json_walk(row);
    while (json_kind(row) == JSON_ARRAY && count < CELLS && json_next(&walk))
        cells[count++] = walk.value;
    return count;
}

static const char *read_candle(text_t row, past_candle_t *candle)
{
    text_t cells[CELLS];
    char start[TIMESTAMP_MAX];
    if (read_cells(row, cells) < CELLS)
        return "expected an array of 9 or more";
    *candle = (past_candle_t){.counted = true};
    if (binance_time_print(start, cells[START], &candle->start_ns) == 0 || candle->start_ns % (MINUTE_MS * NS_PER_MS) != 0)
        return "start: expected a whole minute in ms since 1970";
    if (!json_plain_string(cells[VOLUME], &candle->volume) || !decimal_valid(candle->volume) ||
        decimal_sign(candle->volume) < 0)
        return "volume: expected a decimal";
    return json_u64(cells[COUNT], &candle->trades) ? NULL : "number of trades: expected a whole number";
}

static bool read_candles(text_t body, text_t symbol, past_candle_fn *on_candle, void *arg, char error[static PAST_ERROR_MAX])
{
    (void)symbol;
    error[0] = '\0';
    if (!is_array(body))
        return refuse(body, "candles", error);
    json_walk_t walk = json_walk(body);
    while (json_next(&walk)) {
        past_candle_t candle;
        const char *wrong = read_candle(walk.value, &candle);
        if (wrong)
            complain(error, "a candle", wrong, walk.value);
        else
            on_candle(arg, &candle);
    }
    return json_closed(&walk) || refuse(body, "candles", error);
}

const past_t binance_past = {
    .url = "https://api.binance.com",
    .header = "X-MBX-TIME-UNIT: MICROSECOND", /* as exactly as the feed tells times; it would be ms */
    .requests = 200,
    .interval_ms = 60000,
    .page = PAST_PAGE_MAX,
    .window = false,
    .candles = CANDLES,
    .print_trades = print_trades,
    .print_candles = print_candles,
    .read_trades = read_trades,
    .read_candles = read_candles,
};
