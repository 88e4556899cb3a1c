/* What is said of the past, and how it is asked for: the half of the contract (past_cases.h) that needs no answer. */
#pragma once

#include "tests/contract/past_fixture.h"

#include <ctype.h>

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

static void past_add_question_cases(TCase *tests, int count)
{
    tcase_add_loop_test(tests, what_is_said_of_the_past_can_be_so, 0, count);
    tcase_add_loop_test(tests, question_is_well_formed_whatever_it_asks_for, 0, count);
    tcase_add_loop_test(tests, question_is_appended_and_differs_by_what_is_asked_for, 0, count);
}
