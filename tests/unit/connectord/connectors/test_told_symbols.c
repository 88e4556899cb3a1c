#include "connectord/connectors/told_symbols.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static told_symbols_t symbols;

static void setup(void)
{
    ck_assert(told_symbols_init(&symbols));
}

static void teardown(void)
{
    told_symbols_release(&symbols);
}

static void want(const char *symbol, bool wanted)
{
    told_symbols_want(&symbols, text_of(symbol), wanted);
}

static void expect_next(const char *symbol)
{
    const told_symbol_t *next = told_symbols_next(&symbols);
    ck_assert_msg(symbol ? next && text_equal(next->symbol, text_of(symbol)) : !next, "expected %s, found %.*s",
                  symbol ? symbol : "none", next ? (int)next->symbol.length : 4, next ? next->text : "none");
}

static told_symbol_t *find(const char *symbol)
{
    return told_symbols_find(&symbols, text_of(symbol));
}

static void send_next(const char *symbol)
{
    expect_next(symbol);
    told_symbol_sent(told_symbols_next(&symbols));
}

START_TEST(each_is_told_once_and_comes_again_until_it_is_sent)
{
    want("A-B", true), want("C-D", true);
    expect_next("A-B");
    send_next("A-B");
    send_next("C-D");
    expect_next(NULL);
    ck_assert(find("A-B")->open);
    told_symbol_confirmed(find("A-B"), true);
    expect_next(NULL);
}
END_TEST

START_TEST(a_wish_that_is_taken_back_before_it_is_told_is_not_told)
{
    want("A-B", true), want("A-B", false);
    expect_next(NULL);
    want("C-D", false);
    ck_assert_ptr_null(find("C-D"));
}
END_TEST

START_TEST(while_one_waits_for_its_answer_it_is_not_told_again)
{
    want("A-B", true);
    send_next("A-B");
    want("A-B", false);
    expect_next(NULL);
    told_symbol_confirmed(find("A-B"), true);
    send_next("A-B");
    told_symbol_confirmed(find("A-B"), false);
    ck_assert(!find("A-B")->open && !find("A-B")->parked);
    expect_next(NULL);
}
END_TEST

START_TEST(each_has_its_turn_although_another_changes_all_the_time)
{
    want("A-B", true), want("C-D", true), want("E-F", true);
    send_next("A-B");
    expect_next("C-D");
    told_symbol_confirmed(find("A-B"), true);
    want("A-B", false);
    send_next("C-D");
    send_next("E-F");
    send_next("A-B");
}
END_TEST

START_TEST(one_that_is_refused_or_dropped_is_parked_until_it_is_wanted_once_more)
{
    want("A-B", true);
    send_next("A-B");
    told_symbol_refused(find("A-B"));
    expect_next(NULL);
    want("A-B", true);
    send_next("A-B");
    told_symbol_confirmed(find("A-B"), true);
    told_symbol_confirmed(find("A-B"), false); /* unasked */
    expect_next(NULL);
    want("A-B", true);
    expect_next("A-B");
}
END_TEST

START_TEST(one_whose_answer_is_overdue_is_told_again_when_it_is_wanted_once_more)
{
    want("A-B", true);
    send_next("A-B");
    want("A-B", true);
    expect_next("A-B");
}
END_TEST

START_TEST(one_that_is_subscribed_already_is_known_once)
{
    want("A-B", true);
    send_next("A-B");
    told_symbol_confirmed(find("A-B"), true);
    want("A-B", true);
    ck_assert_ptr_eq(told_symbols_take_known(&symbols), find("A-B"));
    ck_assert_ptr_null(told_symbols_take_known(&symbols));
    expect_next(NULL);
}
END_TEST

START_TEST(what_was_not_heard_is_told_again)
{
    want("A-B", true), want("C-D", true);
    send_next("A-B");
    told_symbol_confirmed(find("A-B"), true);
    send_next("C-D");
    ck_assert_ptr_eq(told_symbols_only_waiting(&symbols), find("C-D"));
    told_symbols_unheard(&symbols);
    ck_assert_ptr_null(told_symbols_only_waiting(&symbols));
    send_next("C-D");
    expect_next(NULL);
}
END_TEST

START_TEST(another_connection_begins_with_none)
{
    want("A-B", true);
    told_symbols_clear(&symbols);
    expect_next(NULL);
    ck_assert_ptr_null(find("A-B"));
    want("A-B", true);
    expect_next("A-B");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("told_symbols");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, each_is_told_once_and_comes_again_until_it_is_sent);
    tcase_add_test(tests, a_wish_that_is_taken_back_before_it_is_told_is_not_told);
    tcase_add_test(tests, while_one_waits_for_its_answer_it_is_not_told_again);
    tcase_add_test(tests, each_has_its_turn_although_another_changes_all_the_time);
    tcase_add_test(tests, one_that_is_refused_or_dropped_is_parked_until_it_is_wanted_once_more);
    tcase_add_test(tests, one_whose_answer_is_overdue_is_told_again_when_it_is_wanted_once_more);
    tcase_add_test(tests, one_that_is_subscribed_already_is_known_once);
    tcase_add_test(tests, what_was_not_heard_is_told_again);
    tcase_add_test(tests, another_connection_begins_with_none);
    return RUN_TESTS("told_symbols", tests);
}
