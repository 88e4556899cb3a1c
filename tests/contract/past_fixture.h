/* Trades and candles that a connector's backend (past_backend_t) says in the exchange's words, and what the connector reads of them. */
#pragma once

#include "common/timestamp.h"
#include "tests/contract/connector_fixture.h"

enum { PAST_RECORDS = 2000 };

static script_trade_t past_trades[PAST_RECORDS];
static past_candle_t past_candles[PAST_RECORDS];
static char past_volumes[PAST_RECORDS][DECIMAL_MAX + 1];
static buffer_t past_page, past_question;
static char past_error[PAST_ERROR_MAX];
static size_t past_found;                 /* records that were told so far */
static bool past_was_found[PAST_RECORDS]; /* … which */

#define PAST_START_NS (INT64_C(1762795440) * NS_PER_S) /* 2025-11-10T17:24:00Z */
#define DIGITS_60     "123456789012345678901234567890123456789012345678901234567890"

static const past_t *past_begin(int number)
{
    begin(number, 1);
    ck_assert_msg(!connector->past || backend->past, "%s has no backend for the past", connector->name);
    past_page = buffer_new(0);
    past_question = buffer_new(0);
    past_found = 0;
    memset(past_was_found, 0, sizeof past_was_found);
    return connector->past;
}

static void past_end(void)
{
    buffer_release(&past_page);
    buffer_release(&past_question);
}

/* --- trades --- */

/* The exchange's id of a trade of ours: they count up by one. */
static uint64_t past_id(size_t number)
{
    return 881614 + number;
}

/* In time order; times are whole milliseconds, which every exchange can say. */
static void past_make_trades(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        script_trade_t *trade = &past_trades[i];
        *trade = (script_trade_t){.symbol = "BTC-USD"};
        size_t length = timestamp_print(trade->timestamp, PAST_START_NS + (int64_t)i * 7 * NS_PER_MS, 6);
        trade->timestamp[length] = '\0';
        snprintf(trade->side, sizeof trade->side, "%s", i % 3 == 0 ? "buy" : "sell");
        snprintf(trade->qty, sizeof trade->qty, "0.%04zu5000", i);
        snprintf(trade->price, sizeof trade->price, "105383.%05zu000", i);
        snprintf(trade->id, sizeof trade->id, "%llu", (unsigned long long)past_id(i));
    }
}

/* Which one it is, its id says. */
static void past_check_trade(void *arg, const trade_t *trade, uint64_t id)
{
    const char *wrong;
    trade_t named = *trade;
    ck_assert_ptr_eq(arg, &past_found);
    ck_assert_uint_ge(id, past_id(0));
    size_t number = id - past_id(0);
    ck_assert_uint_lt(number, PAST_RECORDS);
    const script_trade_t *wanted = &past_trades[number];
    ck_assert_msg(!past_was_found[number], "%s twice", wanted->id);
    past_was_found[number] = true;
    past_found++;
    named.source = config.name;
    ck_assert_msg(trade_valid(&named, &wrong), "%s: invalid %s", wanted->id, wrong);
    ck_assert_int_eq(named.timestamp_ns, trade->timestamp_ns); /* was set already */
    int64_t wanted_ns;
    ck_assert(timestamp_parse(text_of(wanted->timestamp), &wanted_ns));
    ck_assert_int_eq(trade->timestamp_ns, wanted_ns);
    ck_assert(text_equal(trade->symbol, text_of(wanted->symbol)));
    ck_assert(text_equal(trade->id, text_of(wanted->id)));
    ck_assert_msg(text_equal(trade->qty, text_of(wanted->qty)), "expected %s, found %.*s", wanted->qty, TEXT_ARG(trade->qty));
    ck_assert_msg(text_equal(trade->price, text_of(wanted->price)), "expected %s, found %.*s", wanted->price,
                  TEXT_ARG(trade->price));
    ck_assert_str_eq(trade->side == SIDE_BUY ? "buy" : "sell", wanted->side);
}

static bool past_read_trades(text_t body)
{
    past_found = 0;
    memset(past_was_found, 0, sizeof past_was_found);
    snprintf(past_error, sizeof past_error, "not set");
    return connector->past->read_trades(body, TEXT("BTC-USD"), past_check_trade, &past_found, past_error);
}

static void past_print_trades(size_t count)
{
    buffer_clear(&past_page);
    backend->past->print_trades(&past_page, past_trades, count);
    ck_assert(buffer_ok(&past_page));
}

/* --- candles --- */

static void past_make_candles(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        snprintf(past_volumes[i], sizeof past_volumes[i], "%zu.0%zu5000", i, i);
        past_candles[i] = (past_candle_t){
            .start_ns = PAST_START_NS + (int64_t)i * 60 * NS_PER_S, .volume = text_of(past_volumes[i]), .trades = i};
    }
}

static void past_check_candle(void *arg, const past_candle_t *candle)
{
    ck_assert_ptr_eq(arg, &past_found);
    ck_assert_int_ge(candle->start_ns, PAST_START_NS);
    ck_assert_int_eq((candle->start_ns - PAST_START_NS) % (60 * NS_PER_S), 0);
    size_t number = (size_t)((candle->start_ns - PAST_START_NS) / (60 * NS_PER_S));
    ck_assert_uint_lt(number, PAST_RECORDS);
    ck_assert_msg(!past_was_found[number], "minute %zu twice", number);
    past_was_found[number] = true;
    past_found++;
    ck_assert(decimal_valid(candle->volume));
    ck_assert_msg(text_equal(candle->volume, past_candles[number].volume), "expected %.*s, found %.*s",
                  TEXT_ARG(past_candles[number].volume), TEXT_ARG(candle->volume));
    if (candle->counted)
        ck_assert_uint_eq(candle->trades, past_candles[number].trades);
}

static bool past_read_candles(text_t body)
{
    past_found = 0;
    memset(past_was_found, 0, sizeof past_was_found);
    snprintf(past_error, sizeof past_error, "not set");
    return connector->past->read_candles(body, TEXT("BTC-USD"), past_check_candle, &past_found, past_error);
}

static void past_print_candles(size_t count)
{
    buffer_clear(&past_page);
    backend->past->print_candles(&past_page, past_candles, count);
    ck_assert(buffer_ok(&past_page));
}

/* --- both --- */

typedef bool past_reader_fn(text_t body);
typedef void past_printer_fn(size_t count);

static const struct {
    past_reader_fn *read;
    past_printer_fn *print;
} past_kinds[] = {{past_read_trades, past_print_trades}, {past_read_candles, past_print_candles}};

enum { PAST_KINDS = sizeof past_kinds / sizeof *past_kinds };

static const past_t *past_begin_with(int number, size_t count)
{
    past_make_trades(count);
    past_make_candles(count);
    return past_begin(number);
}

/* Good ones that say all of the first `count`. */
static void past_check_all(int kind, size_t count)
{
    bool good = past_kinds[kind].read(buffer_text(&past_page));
    ck_assert_msg(good, "kind %d: %s", kind, past_error);
    ck_assert_str_eq(past_error, "");
    ck_assert_uint_eq(past_found, count);
}
