/* What every connector that can be asked about the past must do: the contract of connectord/connectors/past.h. Each case runs against each connector, over
 * trades and candles that its backend (past_backend_t) says in the exchange's words.
 */
#pragma once

#include "common/timestamp.h"
#include "tests/contract/connector_fixture.h"

#include <ctype.h>

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

/* --- what is so whatever is asked for --- */

START_TEST(what_is_said_of_the_past_can_be_so)
{
    const past_t *past = past_begin(_i);
    if (!past)
        return;
    ck_assert_int_eq(strncmp(past->url, "https://", 8), 0);
    ck_assert_int_ne(past->url[strlen(past->url) - 1], '/');
    ck_assert_uint_gt(past->requests, 0);
    ck_assert_uint_gt(past->interval_ms, 0);
    ck_assert_uint_ge(past->page, 1);
    ck_assert_uint_le(past->page, PAST_PAGE_MAX);
    ck_assert_uint_ge(past->candles, 1);
    past_end();
}
END_TEST

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

START_TEST(each_record_of_a_page_comes_once_with_its_exact_text)
{
    if (!past_begin_with(_i, 300))
        return;
    for (int kind = 0; kind < PAST_KINDS; kind++) {
        past_kinds[kind].print(300);
        past_check_all(kind, 300);
    }
    past_end();
}
END_TEST

START_TEST(page_may_have_one_record_or_none)
{
    if (!past_begin_with(_i, 1))
        return;
    for (int kind = 0; kind < PAST_KINDS; kind++)
        for (size_t count = 0; count < 2; count++) {
            past_kinds[kind].print(count);
            past_check_all(kind, count);
        }
    past_end();
}
END_TEST

static void past_swap(size_t one, size_t other)
{
    script_trade_t trade = past_trades[one];
    past_candle_t candle = past_candles[one];
    past_trades[one] = past_trades[other];
    past_trades[other] = trade;
    past_candles[one] = past_candles[other];
    past_candles[other] = candle;
}

/* What is printed is in disorder, and then what is compared with in order again. */
START_TEST(page_may_be_in_any_order)
{
    if (!past_begin_with(_i, 100))
        return;
    for (int kind = 0; kind < PAST_KINDS; kind++) {
        for (size_t i = 0; i < 100; i++)
            past_swap(i, i * 37 % 100);
        past_kinds[kind].print(100);
        past_make_trades(100);
        past_make_candles(100);
        past_check_all(kind, 100);
    }
    past_end();
}
END_TEST

START_TEST(page_that_is_longer_than_expected_is_read)
{
    if (!past_begin_with(_i, PAST_RECORDS))
        return;
    for (int kind = 0; kind < PAST_KINDS; kind++) {
        past_kinds[kind].print(PAST_RECORDS);
        past_check_all(kind, PAST_RECORDS);
    }
    past_end();
}
END_TEST

/* --- pages that are not what was asked for --- */

static void past_check_refused(int kind, text_t body, size_t most)
{
    ck_assert_msg(!past_kinds[kind].read(body), "taken: %.*s", TEXT_ARG(text_cut(body, 200)));
    ck_assert_msg(past_error[0] != '\0' && strcmp(past_error, "not set") != 0, "no reason: %.*s",
                  TEXT_ARG(text_cut(body, 200)));
    ck_assert_uint_le(past_found, most);
}

/* In memory of just that length, so that a sanitizer sees what is read behind it. */
START_TEST(page_cut_anywhere_is_refused_and_what_came_before_is_good)
{
    if (!past_begin_with(_i, 5))
        return;
    for (int kind = 0; kind < PAST_KINDS; kind++) {
        past_kinds[kind].print(5);
        for (size_t length = 0; length < past_page.length; length++) {
            char *cut = malloc(length > 0 ? length : 1);
            memcpy(cut, past_page.bytes, length);
            past_check_refused(kind, (text_t){cut, length}, 5);
            free(cut);
        }
    }
    past_end();
}
END_TEST

START_TEST(page_of_something_else_is_refused)
{
    static const char *const bodies[] = {"",
                                         " ",
                                         "null",
                                         "true",
                                         "5",
                                         "\"text\"",
                                         "nonsense",
                                         "\xff\xfe",
                                         "{}",
                                         "{\"a\":1}",
                                         "{\"a\":[1,2]}",
                                         "]",
                                         "[1}",
                                         "{]",
                                         "<!DOCTYPE html>\n<html><body><h1>502 Bad Gateway</h1></body></html>\n"};
    if (!past_begin_with(_i, 0))
        return;
    for (int kind = 0; kind < PAST_KINDS; kind++)
        for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
            past_check_refused(kind, text_of(bodies[i]), 0);
    past_end();
}
END_TEST

START_TEST(error_that_the_exchange_says_is_the_reason)
{
    if (!past_begin_with(_i, 0))
        return;
    for (int kind = 0; kind < PAST_KINDS; kind++) {
        past_check_refused(kind, text_of(backend->past->error), 0);
        ck_assert_msg(strstr(past_error, backend->past->error_words), "expected \"%s\" in \"%s\"", backend->past->error_words,
                      past_error);
    }
    past_end();
}
END_TEST

/* A megabyte of it does not come into the log. */
START_TEST(reason_is_short_whatever_the_page_is)
{
    enum { LENGTH = 1000000 };
    static const char *const heads[] = {
        "", "{\"", "[\"", "[[\"", "[{\"", "[{\"price\":\"", "{\"error\":[\"", "{\"message\":\"", "[[1"};
    if (!past_begin_with(_i, 0))
        return;
    for (int kind = 0; kind < PAST_KINDS; kind++)
        for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
            buffer_clear(&past_page);
            buffer_append(&past_page, text_of(heads[i]));
            memset(buffer_room(&past_page, LENGTH), '1', LENGTH);
            buffer_took(&past_page, LENGTH);
            past_check_refused(kind, buffer_text(&past_page), 0);
            ck_assert_ptr_nonnull(memchr(past_error, '\0', sizeof past_error));
        }
    past_end();
}
END_TEST

START_TEST(page_nested_beyond_measure_is_refused)
{
    enum { DEPTH = 100000 };
    if (!past_begin_with(_i, 0))
        return;
    for (int kind = 0; kind < PAST_KINDS; kind++)
        for (int open = 0; open < 2; open++) {
            buffer_clear(&past_page);
            for (int i = 0; i < DEPTH; i++)
                buffer_append(&past_page, open ? TEXT("[") : TEXT("{\"a\":"));
            past_check_refused(kind, buffer_text(&past_page), 0);
        }
    past_end();
}
END_TEST

/* --- records that are not valid --- */

/* The third of five is left out, and its reason told. */
static void past_check_left_out(int kind, const char *what)
{
    past_kinds[kind].print(5);
    bool good = past_kinds[kind].read(buffer_text(&past_page));
    ck_assert_msg(good, "%s: %s", what, past_error);
    ck_assert_msg(past_error[0] != '\0', "%s: no reason", what);
    ck_assert_uint_eq(past_found, 4);
    ck_assert(!past_was_found[2]);
}

/* decimal.h's bound is 64 characters, what an id is 2^63 - 1. */
START_TEST(trade_that_is_not_valid_is_left_out_and_the_good_ones_around_it_come)
{
    static const struct {
        const char *id, *price, *qty;
    } bad[] = {{"881616", "free", "1"},
               {"881616", "", "1"},
               {"881616", "1", "1,5"},
               {"881616", "1", "1e100"},
               {"881616", "1" DIGITS_60 "1234", "1"},
               {"0", "1", "1"},
               {"-5", "1", "1"},
               {"1.5", "1", "1"},
               {"9223372036854775808", "1", "1"},
               {"18446744073709551616", "1", "1"},
               {"881616881616881616881616881616", "1", "1"}};
    if (!past_begin_with(_i, 5))
        return;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(past_trades[2].id, sizeof past_trades[2].id, "%s", bad[i].id);
        snprintf(past_trades[2].price, sizeof past_trades[2].price, "%s", bad[i].price);
        snprintf(past_trades[2].qty, sizeof past_trades[2].qty, "%s", bad[i].qty);
        past_check_left_out(0, bad[i].price);
    }
    past_end();
}
END_TEST

START_TEST(candle_that_is_not_valid_is_left_out_and_the_good_ones_around_it_come)
{
    static const char *const bad[] = {"-1", "1e100", "1" DIGITS_60 "1234"};
    if (!past_begin_with(_i, 5))
        return;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        past_candles[2].volume = text_of(bad[i]);
        past_check_left_out(1, bad[i]);
    }
    past_end();
}
END_TEST

static uint64_t past_last_id;
static char past_last_price[DECIMAL_MAX + 1];

static void past_note_trade(void *arg, const trade_t *trade, uint64_t id)
{
    (void)arg;
    past_last_id = id;
    snprintf(past_last_price, sizeof past_last_price, "%.*s", TEXT_ARG(trade->price));
}

START_TEST(largest_numbers_keep_every_digit)
{
    if (!past_begin_with(_i, 1))
        return;
    snprintf(past_trades[0].id, sizeof past_trades[0].id, "9223372036854775807");
    snprintf(past_trades[0].price, sizeof past_trades[0].price, "1" DIGITS_60 ".10");
    past_print_trades(1);
    ck_assert(connector->past->read_trades(buffer_text(&past_page), TEXT("BTC-USD"), past_note_trade, NULL, past_error));
    ck_assert_str_eq(past_error, "");
    ck_assert_uint_eq(past_last_id, INT64_MAX);
    ck_assert_str_eq(past_last_price, "1" DIGITS_60 ".10");
    past_candles[0].volume = TEXT("1" DIGITS_60 ".10");
    past_print_candles(1);
    past_check_all(1, 1);
    past_end();
}
END_TEST

/* --- questions --- */

/* Path and query, with nothing in it that would have to be escaped (RFC 3986). */
static void past_check_question(void)
{
    text_t question = buffer_text(&past_question);
    ck_assert(buffer_ok(&past_question));
    ck_assert_uint_gt(question.length, 1);
    ck_assert_uint_lt(question.length, 1000);
    ck_assert_int_eq(question.at[0], '/');
    ck_assert_int_ne(question.at[1], '/');
    for (size_t i = 0; i < question.length; i++) {
        unsigned char c = (unsigned char)question.at[i];
        bool fine = c < 0x80 && (isalnum(c) || (c != '\0' && strchr("-._~/?&=:", c)));
        bool escape = c == '%' && i + 2 < question.length && isxdigit((unsigned char)question.at[i + 1]) &&
                      isxdigit((unsigned char)question.at[i + 2]);
        ck_assert_msg(fine || escape, "%.*s", TEXT_ARG(question));
    }
}

/* How the question is divided: its '/', '?', '&' and '='. */
static size_t past_divisions(void)
{
    size_t count = 0;
    for (size_t i = 0; i < past_question.length; i++)
        count += strchr("/?&=", past_question.bytes[i]) != NULL;
    return count;
}

static void past_ask(int kind, const char *symbol, uint64_t id)
{
    int64_t from_ns = PAST_START_NS + (int64_t)(id % 1000000) * 60 * NS_PER_S;
    buffer_clear(&past_question);
    if (kind == 0)
        connector->past->print_trades(&past_question, text_of(symbol), &(past_place_t){.id = id, .time_ns = from_ns});
    else
        connector->past->print_candles(&past_question, text_of(symbol), from_ns, from_ns + INT64_C(3600) * NS_PER_S);
    past_check_question();
}

START_TEST(question_is_well_formed_whatever_it_asks_for)
{
    static const char *const strange[] = {"A&B=C-USD", "A#B-USD",      "A?B-USD", "A%20B-U+SD",
                                          "A;B@C-USD", "\xc3\xa9-USD", "A:B-USD", "A-B-C-USD"};
    static const uint64_t ids[] = {0, 1, 881614, UINT64_C(1) << 53, INT64_MAX - 2000, INT64_MAX};
    if (!past_begin(_i))
        return;
    for (int kind = 0; kind < PAST_KINDS; kind++)
        for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
            past_ask(kind, "BTC-USD", ids[i]);
            size_t divisions = past_divisions();
            for (size_t j = 0; j < sizeof strange / sizeof *strange; j++) {
                past_ask(kind, strange[j], ids[i]);
                ck_assert_uint_eq(past_divisions(), divisions);
            }
        }
    past_end();
}
END_TEST

START_TEST(question_is_appended_and_differs_by_what_is_asked_for)
{
    char before[1000];
    if (!past_begin(_i))
        return;
    for (int kind = 0; kind < PAST_KINDS; kind++) {
        past_ask(kind, "BTC-USD", 7);
        snprintf(before, sizeof before, "%.*s", TEXT_ARG(buffer_text(&past_question)));
        past_ask(kind, "BTC-USD", 8);
        ck_assert(!text_equal(buffer_text(&past_question), text_of(before)));
        past_ask(kind, "ETH-USD", 7);
        ck_assert(!text_equal(buffer_text(&past_question), text_of(before)));
        past_ask(kind, "BTC-USD", 7);
        ck_assert(text_equal(buffer_text(&past_question), text_of(before)));
    }
    size_t length = past_question.length;
    connector->past->print_trades(&past_question, TEXT("BTC-USD"), &(past_place_t){0});
    ck_assert_uint_gt(past_question.length, length);
    ck_assert(text_starts_with(buffer_text(&past_question), text_of(before)));
    past_end();
}
END_TEST

static void past_add_cases(TCase *tests, int count)
{
    tcase_add_loop_test(tests, what_is_said_of_the_past_can_be_so, 0, count);
    tcase_add_loop_test(tests, each_record_of_a_page_comes_once_with_its_exact_text, 0, count);
    tcase_add_loop_test(tests, page_may_have_one_record_or_none, 0, count);
    tcase_add_loop_test(tests, page_may_be_in_any_order, 0, count);
    tcase_add_loop_test(tests, page_that_is_longer_than_expected_is_read, 0, count);
    tcase_add_loop_test(tests, page_cut_anywhere_is_refused_and_what_came_before_is_good, 0, count);
    tcase_add_loop_test(tests, page_of_something_else_is_refused, 0, count);
    tcase_add_loop_test(tests, error_that_the_exchange_says_is_the_reason, 0, count);
    tcase_add_loop_test(tests, reason_is_short_whatever_the_page_is, 0, count);
    tcase_add_loop_test(tests, page_nested_beyond_measure_is_refused, 0, count);
    tcase_add_loop_test(tests, trade_that_is_not_valid_is_left_out_and_the_good_ones_around_it_come, 0, count);
    tcase_add_loop_test(tests, candle_that_is_not_valid_is_left_out_and_the_good_ones_around_it_come, 0, count);
    tcase_add_loop_test(tests, largest_numbers_keep_every_digit, 0, count);
    tcase_add_loop_test(tests, question_is_well_formed_whatever_it_asks_for, 0, count);
    tcase_add_loop_test(tests, question_is_appended_and_differs_by_what_is_asked_for, 0, count);
}
