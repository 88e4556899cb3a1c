/* What every connector that can be asked about the past must do: the contract of connectord/connectors/past.h. Each case runs against each connector, over
 * trades and candles that its backend (past_backend_t) says in the exchange's words.
 */
#pragma once

#include "tests/contract/past_question_cases.h"

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

static void past_add_cases(TCase *tests, int count)
{
    past_add_question_cases(tests, count);
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
}
