#include "connectord/exchanges/kraken_past.h"

#include "common/clock.h"
#include "common/json/json.h"
#include "common/numbers/decimal.h"
#include "common/timestamp.h"
#include "connectord/exchanges/fields.h"
#include "connectord/exchanges/kraken_symbol.h"
#include "connectord/mapping/epoch_time.h"

#include <stdarg.h>
#include <stdio.h>

enum { MINUTE_S = 60, US_DIGITS = 6, CELLS_MAX = 8 };

/* A row's cells are named by their places. */
enum { PRICE, VOLUME, TIME, SIDE, TRADE_ID = 6, TRADE_CELLS };
enum { START, CANDLE_VOLUME = 6, CANDLE_COUNT, CANDLE_CELLS };

_Static_assert((int)TRADE_CELLS <= (int)CELLS_MAX && (int)CANDLE_CELLS <= (int)CELLS_MAX, "all cells have room");

typedef struct {
    text_t cells[CELLS_MAX]; /* raw */
    size_t count;
    size_t number; /* of the row, from 0 */
    char *error;   /* PAST_ERROR_MAX bytes, for the first reason */
} row_t;

static bool wrong(char error[static PAST_ERROR_MAX], const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool wrong(char error[static PAST_ERROR_MAX], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (error[0] == '\0')
        vsnprintf(error, PAST_ERROR_MAX, format, arguments);
    va_end(arguments);
    return false;
}

/* --- questions --- */

static void print_trades(buffer_t *out, text_t symbol, const past_place_t *place)
{
    int64_t since_us =
        place->time_ns / NS_PER_US - 1; /* the trade itself comes once more, rather than that one of the same time is missed */
    buffer_append(out, TEXT("/0/public/Trades?pair="));
    kraken_pair_print(out, symbol);
    buffer_append(out, TEXT("&since="));
    buffer_append_u64(out, since_us > 0 ? (uint64_t)(since_us * NS_PER_US) : 0);
    buffer_append(out, TEXT("&count=1000"));
}

/* `since` is exclusive; an end cannot be named. */
static void print_candles(buffer_t *out, text_t symbol, int64_t from_ns, int64_t to_ns)
{
    int64_t since_s = from_ns / NS_PER_S - MINUTE_S;
    (void)to_ns;
    buffer_append(out, TEXT("/0/public/OHLC?pair="));
    kraken_pair_print(out, symbol);
    buffer_append(out, TEXT("&interval=1&since="));
    buffer_append_u64(out, since_s > 0 ? (uint64_t)since_s : 0);
}

/* --- answers --- */

/* What the exchange says is wrong. */
static bool read_error(const fields_t *fields, size_t field, char error[static PAST_ERROR_MAX])
{
    json_walk_t walk = json_walk(fields_text(fields, field));
    text_t why;
    if (fields_kind(fields, field) == FIELD_ABSENT)
        return true;
    if (json_kind(fields_text(fields, field)) != JSON_ARRAY)
        return wrong(error, "error: expected an array, found %.*s", TEXT_ARG(text_cut(fields_text(fields, field), 100)));
    if (!json_next(&walk))
        return true;
    return wrong(error, "the exchange says: %.*s", TEXT_ARG(json_plain_string(walk.value, &why) ? why : walk.value));
}

/* The rows stand under the pair's name, which is the exchange's own, beside `last`. */
static bool find_rows(text_t result, text_t *rows, char error[static PAST_ERROR_MAX])
{
    json_walk_t walk = json_walk(result);
    size_t found = 0;
    while (json_next(&walk))
        if (!text_equal(walk.key, TEXT("last")) && json_kind(walk.value) == JSON_ARRAY) {
            *rows = walk.value;
            found++;
        }
    return found == 1 || wrong(error, "result: expected the rows of one pair, found %zu", found);
}

static bool read_rows(text_t body, text_t *rows, char error[static PAST_ERROR_MAX])
{
    enum { WHY, RESULT, FIELDS };
    static const text_t names[FIELDS] = {TEXT_CONST("error"), TEXT_CONST("result")};
    fields_t fields;
    error[0] = '\0';
    if (!fields_read(&fields, names, FIELDS, body))
        return wrong(error, "%s", fields.reason);
    if (!read_error(&fields, WHY, error))
        return false;
    if (json_kind(fields_text(&fields, RESULT)) != JSON_OBJECT)
        return wrong(error, "result: expected an object");
    return find_rows(fields_text(&fields, RESULT), rows, error);
}

/* --- rows --- */

static bool row_wrong(row_t *row, const char *name, const char *expected, text_t found)
{
    return wrong(row->error, "row %zu: %s: expected %s, found %.*s", row->number, name, expected,
                 TEXT_ARG(found.length > 0 ? text_cut(found, 100) : TEXT("nothing")));
}

/* What there are more of than we know is skipped. */
static bool row_read(row_t *row, text_t json)
{
    json_walk_t walk = json_walk(json);
    row->count = 0;
    memset(row->cells, 0, sizeof row->cells);
    if (json_kind(json) != JSON_ARRAY)
        return row_wrong(row, "all of it", "an array", json);
    while (row->count < CELLS_MAX && json_next(&walk))
        row->cells[row->count++] = walk.value;
    return true;
}

static bool row_decimal(row_t *row, size_t cell, const char *name, text_t *decimal)
{
    return (json_plain_string(row->cells[cell], decimal) && decimal_valid(*decimal)) ||
           row_wrong(row, name, "a decimal in a string", row->cells[cell]);
}

static bool row_side(row_t *row, side_t *side)
{
    text_t letter;
    bool read = json_plain_string(row->cells[SIDE], &letter), buy = read && text_equal(letter, TEXT("b"));
    *side = buy ? SIDE_BUY : SIDE_SELL;
    return buy || (read && text_equal(letter, TEXT("s"))) || row_wrong(row, "side", "\"b\" or \"s\"", row->cells[SIDE]);
}

static bool row_time(row_t *row, char out[static TIMESTAMP_MAX], text_t *timestamp)
{
    int64_t ns;
    int digits;
    text_t time = row->cells[TIME];
    if (json_kind(time) != JSON_NUMBER || !epoch_time_parse(time, NS_PER_S, &ns, &digits))
        return row_wrong(row, "time", "seconds since 1970", time);
    *timestamp = (text_t){out, timestamp_print(out, ns, US_DIGITS)};
    return true;
}

static bool row_id(row_t *row, uint64_t *id)
{
    text_t cell = row->cells[TRADE_ID];
    return (json_u64(cell, id) && *id >= 1 && *id <= INT64_MAX) || row_wrong(row, "trade_id", "1 to 2^63-1", cell);
}

static bool row_trade(row_t *row, trade_t *trade, char time[static TIMESTAMP_MAX], uint64_t *id)
{
    const char *member;
    if (!row_decimal(row, PRICE, "price", &trade->price) || !row_decimal(row, VOLUME, "volume", &trade->qty) ||
        !row_time(row, time, &trade->timestamp) || !row_side(row, &trade->side) || !row_id(row, id))
        return false;
    trade->id = row->cells[TRADE_ID];
    trade->source = TEXT("-"); /* not ours to know; any valid one does for the check */
    bool valid = trade_valid(trade, &member);
    trade->source = (text_t){0};
    return valid || wrong(row->error, "row %zu: %s: invalid", row->number, member);
}

static bool read_trades(text_t body, text_t symbol, past_trade_fn *on_trade, void *arg, char error[static PAST_ERROR_MAX])
{
    text_t rows = {0};
    if (!read_rows(body, &rows, error))
        return false;
    json_walk_t walk = json_walk(rows);
    for (row_t row = {.error = error}; json_next(&walk); row.number++) {
        char time[TIMESTAMP_MAX];
        uint64_t id;
        trade_t trade = {.symbol = symbol};
        if (row_read(&row, walk.value) && row_trade(&row, &trade, time, &id))
            on_trade(arg, &trade, id);
    }
    return true;
}

/* --- candles --- */

static bool row_start(row_t *row, int64_t *start_ns)
{
    uint64_t start_s;
    text_t cell = row->cells[START];
    bool whole = json_u64(cell, &start_s) && start_s % MINUTE_S == 0 && start_s <= INT64_MAX / NS_PER_S;
    *start_ns = whole ? (int64_t)start_s * NS_PER_S : 0;
    return whole || row_wrong(row, "time", "whole minutes since 1970 in seconds", cell);
}

static bool row_candle(row_t *row, past_candle_t *candle)
{
    text_t count = row->cells[CANDLE_COUNT];
    if (!row_start(row, &candle->start_ns) || !row_decimal(row, CANDLE_VOLUME, "volume", &candle->volume))
        return false;
    if (decimal_sign(candle->volume) < 0)
        return row_wrong(row, "volume", "0 or more", row->cells[CANDLE_VOLUME]);
    candle->counted = json_u64(count, &candle->trades);
    return candle->counted || row_wrong(row, "count", "a whole number", count);
}

/* Each row once the next one is there: so never the last one. */
static bool read_candles(text_t body, text_t symbol, past_candle_fn *on_candle, void *arg, char error[static PAST_ERROR_MAX])
{
    text_t rows = {0}, closed;
    (void)symbol;
    if (!read_rows(body, &rows, error))
        return false;
    json_walk_t walk = json_walk(rows);
    bool some = json_next(&walk);
    for (row_t row = {.error = error}; some; row.number++) {
        past_candle_t candle = {0};
        closed = walk.value;
        some = json_next(&walk);
        if (some && row_read(&row, closed) && row_candle(&row, &candle))
            on_candle(arg, &candle);
    }
    return true;
}

const past_t kraken_past = {
    .url = "https://api.kraken.com",
    .requests = 1,
    .interval_ms = 1000,
    .page = PAST_PAGE_MAX,
    .window = false,
    .candles = 720,
    .recent = true,
    .print_trades = print_trades,
    .print_candles = print_candles,
    .read_trades = read_trades,
    .read_candles = read_candles,
};
