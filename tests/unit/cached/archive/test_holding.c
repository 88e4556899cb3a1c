#include "cached/archive/holding.h"

#include <check.h>
#include <stdlib.h>

enum { EPOCH = 7, LIMIT = 5 };

static holdings_t *holdings;
static arena_t *arena;
static tape_t *tape;
static holding_t *holding;

static void set_up(void)
{
    arena = arena_new();
    ck_assert_ptr_nonnull(arena);
    tape = tape_new(TEXT("trade.BTC-USD.test"), LIMIT, arena);
    holdings = holdings_new();
    ck_assert_ptr_nonnull(holdings);
    holding = holdings_add(holdings, tape);
    ck_assert_ptr_nonnull(holding);
}

static void tear_down(void)
{
    holdings_destroy(&holdings);
    tape_destroy(&tape);
    arena_destroy(&arena);
}

static void append(uint64_t epoch, uint64_t from, uint64_t to)
{
    for (uint64_t seq = from; seq <= to; seq++)
        ck_assert(tape_append(tape, &(tape_trade_t){{epoch, seq}, (int64_t)seq, TEXT("{}")}));
}

static void stored(uint64_t epoch, uint64_t seq)
{
    holding->place = (cursor_t){epoch, seq};
}

static void assert_nothing(void)
{
    ck_assert_int_eq(holding_next(holding).kind, NEXT_NOTHING);
    ck_assert_uint_eq(holding_lag(holding), 0);
}

static void assert_tape(uint64_t seq)
{
    holding_next_t next = holding_next(holding);
    ck_assert_int_eq(next.kind, NEXT_TAPE);
    ck_assert_uint_eq(tape_at(tape, next.number).cursor.seq, seq);
}

static void assert_journal(uint64_t epoch, uint64_t from, uint64_t to)
{
    holding_next_t next = holding_next(holding);
    ck_assert_int_eq(next.kind, NEXT_JOURNAL);
    ck_assert_uint_eq(next.from.epoch, epoch);
    ck_assert_uint_eq(next.to.epoch, epoch);
    ck_assert_uint_eq(next.from.seq, from);
    ck_assert_uint_eq(next.to.seq, to);
}

START_TEST(an_empty_stream_has_nothing_to_store)
{
    assert_nothing();
    tape_skip(tape, (cursor_t){EPOCH, 0});
    assert_nothing();
}
END_TEST

START_TEST(what_follows_the_place_is_in_the_tape)
{
    append(EPOCH, 1, 4);
    assert_tape(1);
    ck_assert_uint_eq(holding_lag(holding), 4);
    stored(EPOCH, 3);
    assert_tape(4);
    ck_assert_uint_eq(holding_lag(holding), 1);
    stored(EPOCH, 4);
    assert_nothing();
}
END_TEST

START_TEST(what_the_tape_dropped_is_in_the_journal_and_more_so_that_the_place_gets_ahead_of_the_tape)
{
    append(EPOCH, 1, 3 + LIMIT); /* it has 4 and on */
    assert_journal(EPOCH, 1, 6);
    stored(EPOCH, 2);
    assert_journal(EPOCH, 3, 6);
    append(EPOCH, 9, 10); /* meanwhile it drops 4 and 5 */
    stored(EPOCH, 6);
    assert_tape(7);
    stored(EPOCH, 5);
    assert_tape(6);
}
END_TEST

START_TEST(the_journal_is_asked_within_one_epoch)
{
    append(EPOCH, 1, 3 + LIMIT - 3);
    append(EPOCH + 1, 1, 3); /* the tape has 4 and 5, and the new ones */
    assert_journal(EPOCH, 1, 3);
}
END_TEST

START_TEST(what_was_cleared_before_it_was_stored_is_in_the_journal)
{
    append(EPOCH, 1, 4);
    tape_clear(tape);
    stored(EPOCH, 1);
    assert_journal(EPOCH, 2, 4);
    append(EPOCH, 5, 5);
    assert_journal(EPOCH, 2, 5);
    stored(EPOCH, 4);
    assert_tape(5);
}
END_TEST

START_TEST(a_hole_between_two_trades_that_are_held_is_nobodys)
{
    append(EPOCH, 1, 2);
    tape_skip(tape, (cursor_t){EPOCH, 3});
    stored(EPOCH, 2);
    assert_nothing();
    append(EPOCH, 4, 4);
    assert_tape(4);
}
END_TEST

START_TEST(a_new_epoch_begins_at_its_first_trade)
{
    stored(EPOCH, 100);
    append(EPOCH + 1, 1, 1);
    assert_tape(1);
    append(EPOCH + 1, 2, 2 + LIMIT);
    assert_journal(EPOCH + 1, 1, 5);
    ck_assert_uint_eq(holding_lag(holding), 2 + LIMIT);
}
END_TEST

START_TEST(a_store_ahead_of_memory_waits_for_it)
{
    append(EPOCH, 1, 3);
    stored(EPOCH, 50);
    assert_nothing();
}
END_TEST

START_TEST(a_place_never_goes_back_and_nothing_waits_where_all_is_stored)
{
    append(EPOCH, 1, 3);
    holding_next_t next = holding_next(holding);
    holding_wait(holding, &next, 1000);
    holding_wait(holding, &next, 2000);
    ck_assert_int_eq(holding->behind_ns, 1000);
    holding_move(holding, (cursor_t){EPOCH, 2});
    ck_assert_int_eq(holding->behind_ns, 1000);
    holding_move(holding, (cursor_t){EPOCH, 1});
    ck_assert_uint_eq(holding->place.seq, 2);
    holding_move(holding, (cursor_t){EPOCH, 3});
    ck_assert_int_eq(holding->behind_ns, 0);
}
END_TEST

START_TEST(a_tape_has_one_holding)
{
    ck_assert_ptr_eq(holdings_add(holdings, tape), holding);
    ck_assert_ptr_eq(holdings_find(holdings, TEXT("trade.BTC-USD.test")), holding);
    ck_assert_ptr_null(holdings_find(holdings, TEXT("trade.BTC-USD.other")));
    ck_assert_uint_eq(holdings_count(holdings), 1);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("holding");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, an_empty_stream_has_nothing_to_store);
    tcase_add_test(tests, what_follows_the_place_is_in_the_tape);
    tcase_add_test(tests, what_the_tape_dropped_is_in_the_journal_and_more_so_that_the_place_gets_ahead_of_the_tape);
    tcase_add_test(tests, the_journal_is_asked_within_one_epoch);
    tcase_add_test(tests, what_was_cleared_before_it_was_stored_is_in_the_journal);
    tcase_add_test(tests, a_hole_between_two_trades_that_are_held_is_nobodys);
    tcase_add_test(tests, a_new_epoch_begins_at_its_first_trade);
    tcase_add_test(tests, a_store_ahead_of_memory_waits_for_it);
    tcase_add_test(tests, a_place_never_goes_back_and_nothing_waits_where_all_is_stored);
    tcase_add_test(tests, a_tape_has_one_holding);
    Suite *suite = suite_create("holding");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
