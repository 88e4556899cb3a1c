#include "cached/archive/stored_place.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

enum { EPOCH = 7, LIMIT = 5 };

static stored_places_t *stored_places;
static arena_t *arena;
static memory_log_t *memory_log;
static stored_place_t *stored_place;

static void set_up(void)
{
    arena = arena_new();
    ck_assert_ptr_nonnull(arena);
    memory_log = memory_log_new(TEXT("trade.BTC-USD.test"), LIMIT, arena);
    stored_places = stored_places_new();
    ck_assert_ptr_nonnull(stored_places);
    stored_place = stored_places_add(stored_places, memory_log);
    ck_assert_ptr_nonnull(stored_place);
}

static void tear_down(void)
{
    stored_places_destroy(&stored_places);
    memory_log_destroy(&memory_log);
    arena_destroy(&arena);
}

static void append(uint64_t epoch, uint64_t from, uint64_t to)
{
    for (uint64_t seq = from; seq <= to; seq++)
        ck_assert(memory_log_append(memory_log, &(memory_log_trade_t){{epoch, seq}, (int64_t)seq, TEXT("{}")}));
}

static void stored(uint64_t epoch, uint64_t seq)
{
    stored_place->place = (cursor_t){epoch, seq};
}

static void assert_nothing(void)
{
    ck_assert_int_eq(stored_place_next(stored_place).kind, NEXT_NOTHING);
    ck_assert_uint_eq(stored_place_lag(stored_place), 0);
}

static void assert_memory_log(uint64_t seq)
{
    stored_place_next_t next = stored_place_next(stored_place);
    ck_assert_int_eq(next.kind, NEXT_MEMORY_LOG);
    ck_assert_uint_eq(memory_log_at(memory_log, next.number).cursor.seq, seq);
}

static void assert_journal(uint64_t epoch, uint64_t from, uint64_t to)
{
    stored_place_next_t next = stored_place_next(stored_place);
    ck_assert_int_eq(next.kind, NEXT_JOURNAL);
    ck_assert_uint_eq(next.from.epoch, epoch);
    ck_assert_uint_eq(next.to.epoch, epoch);
    ck_assert_uint_eq(next.from.seq, from);
    ck_assert_uint_eq(next.to.seq, to);
}

START_TEST(an_empty_stream_has_nothing_to_store)
{
    assert_nothing();
    memory_log_skip(memory_log, (cursor_t){EPOCH, 0});
    assert_nothing();
}
END_TEST

START_TEST(what_follows_the_place_is_in_the_memory_log)
{
    append(EPOCH, 1, 4);
    assert_memory_log(1);
    ck_assert_uint_eq(stored_place_lag(stored_place), 4);
    stored(EPOCH, 3);
    assert_memory_log(4);
    ck_assert_uint_eq(stored_place_lag(stored_place), 1);
    stored(EPOCH, 4);
    assert_nothing();
}
END_TEST

START_TEST(what_the_memory_log_dropped_is_in_the_journal_and_more_so_that_the_place_gets_ahead_of_the_memory_log)
{
    append(EPOCH, 1, 3 + LIMIT); /* it has 4 and on */
    assert_journal(EPOCH, 1, 6);
    stored(EPOCH, 2);
    assert_journal(EPOCH, 3, 6);
    append(EPOCH, 9, 10); /* meanwhile it drops 4 and 5 */
    stored(EPOCH, 6);
    assert_memory_log(7);
    stored(EPOCH, 5);
    assert_memory_log(6);
}
END_TEST

START_TEST(the_journal_is_asked_within_one_epoch)
{
    append(EPOCH, 1, 3 + LIMIT - 3);
    append(EPOCH + 1, 1, 3); /* the memory log has 4 and 5, and the new ones */
    assert_journal(EPOCH, 1, 3);
}
END_TEST

START_TEST(what_was_cleared_before_it_was_stored_is_in_the_journal)
{
    append(EPOCH, 1, 4);
    memory_log_clear(memory_log);
    stored(EPOCH, 1);
    assert_journal(EPOCH, 2, 4);
    append(EPOCH, 5, 5);
    assert_journal(EPOCH, 2, 5);
    stored(EPOCH, 4);
    assert_memory_log(5);
}
END_TEST

START_TEST(a_hole_between_two_trades_that_are_held_is_nobodys)
{
    append(EPOCH, 1, 2);
    memory_log_skip(memory_log, (cursor_t){EPOCH, 3});
    stored(EPOCH, 2);
    assert_nothing();
    append(EPOCH, 4, 4);
    assert_memory_log(4);
}
END_TEST

START_TEST(a_new_epoch_begins_at_its_first_trade)
{
    stored(EPOCH, 100);
    append(EPOCH + 1, 1, 1);
    assert_memory_log(1);
    append(EPOCH + 1, 2, 2 + LIMIT);
    assert_journal(EPOCH + 1, 1, 5);
    ck_assert_uint_eq(stored_place_lag(stored_place), 2 + LIMIT);
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
    stored_place_next_t next = stored_place_next(stored_place);
    stored_place_wait(stored_place, &next, 1000);
    stored_place_wait(stored_place, &next, 2000);
    ck_assert_int_eq(stored_place->behind_ns, 1000);
    stored_place_move(stored_place, (cursor_t){EPOCH, 2});
    ck_assert_int_eq(stored_place->behind_ns, 1000);
    stored_place_move(stored_place, (cursor_t){EPOCH, 1});
    ck_assert_uint_eq(stored_place->place.seq, 2);
    stored_place_move(stored_place, (cursor_t){EPOCH, 3});
    ck_assert_int_eq(stored_place->behind_ns, 0);
}
END_TEST

START_TEST(a_memory_log_has_one_stored_place)
{
    ck_assert_ptr_eq(stored_places_add(stored_places, memory_log), stored_place);
    ck_assert_ptr_eq(stored_places_find(stored_places, TEXT("trade.BTC-USD.test")), stored_place);
    ck_assert_ptr_null(stored_places_find(stored_places, TEXT("trade.BTC-USD.other")));
    ck_assert_uint_eq(stored_places_count(stored_places), 1);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("stored_place");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, an_empty_stream_has_nothing_to_store);
    tcase_add_test(tests, what_follows_the_place_is_in_the_memory_log);
    tcase_add_test(tests,
                   what_the_memory_log_dropped_is_in_the_journal_and_more_so_that_the_place_gets_ahead_of_the_memory_log);
    tcase_add_test(tests, the_journal_is_asked_within_one_epoch);
    tcase_add_test(tests, what_was_cleared_before_it_was_stored_is_in_the_journal);
    tcase_add_test(tests, a_hole_between_two_trades_that_are_held_is_nobodys);
    tcase_add_test(tests, a_new_epoch_begins_at_its_first_trade);
    tcase_add_test(tests, a_store_ahead_of_memory_waits_for_it);
    tcase_add_test(tests, a_place_never_goes_back_and_nothing_waits_where_all_is_stored);
    tcase_add_test(tests, a_memory_log_has_one_stored_place);
    return RUN_TESTS("stored_place", tests);
}
