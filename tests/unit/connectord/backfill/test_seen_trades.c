#include "connectord/backfill/seen_trades.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

enum { WINDOW = 100, ROUNDS = 20000, NUMBERS = 1200000, PRINTS = 4 };

static seen_trades_t seen;

static void begin(size_t window, bool counted)
{
    seen_trades_release(&seen);
    ck_assert(seen_trades_init(&seen, window, counted));
}

static seen_trade_t trade_of(char room[static 20], uint64_t number, uint64_t print)
{
    return (seen_trade_t){.id = {room, text_from_u64(room, number)}, .number = number, .fingerprint = print};
}

static dedup_verdict_t look(uint64_t number, uint64_t print)
{
    char room[20];
    seen_trade_t trade = trade_of(room, number, print);
    return seen_trades_look(&seen, &trade);
}

static void add(uint64_t number, uint64_t print)
{
    char room[20];
    seen_trade_t trade = trade_of(room, number, print);
    seen_trades_expect(&seen, trade.id, number);
    seen_trades_add(&seen, &trade, 0);
}

/* How many of the trades have no place of their own. */
static size_t others(void)
{
    return dedup_count(seen.others);
}

START_TEST(a_repeat_is_seen_and_what_says_something_else_is_not)
{
    begin(WINDOW, true);
    ck_assert_int_eq(look(7, 0), DEDUP_NEW);
    add(7, 0);
    ck_assert_int_eq(look(7, 0), DEDUP_SEEN);
    ck_assert_int_eq(look(7, 2), DEDUP_CONFLICT);
    add(7, 2);
    ck_assert_int_eq(look(7, 0), DEDUP_SEEN);
    ck_assert_int_eq(look(7, 2), DEDUP_SEEN);
    ck_assert_int_eq(look(7, 3), DEDUP_CONFLICT);
    ck_assert_int_eq(look(8, 0), DEDUP_NEW);
    ck_assert_uint_eq(others(), 1);
}
END_TEST

START_TEST(what_was_left_out_has_its_place_when_it_comes)
{
    begin(WINDOW, true);
    add(100, 1);
    add(150, 2);
    ck_assert_int_eq(look(120, 3), DEDUP_NEW);
    add(120, 3);
    ck_assert_int_eq(look(120, 3), DEDUP_SEEN);
    ck_assert_int_eq(look(121, 3), DEDUP_NEW);
    ck_assert_uint_eq(others(), 0);
}
END_TEST

START_TEST(as_many_as_the_window_has_are_remembered_and_few_more)
{
    begin(WINDOW, true);
    for (uint64_t n = 1; n <= 1000; n++)
        add(n, n);
    for (uint64_t n = 1000; n > 1000 - WINDOW; n--)
        ck_assert_int_eq(look(n, n), DEDUP_SEEN);
    ck_assert_int_eq(look(800, 800), DEDUP_NEW);
    ck_assert_uint_eq(others(), 0);
    ck_assert_uint_lt(seen.places, 200);
}
END_TEST

START_TEST(one_far_ahead_alone_changes_nothing)
{
    begin(WINDOW, true);
    for (uint64_t n = 1; n <= 50; n++)
        add(n, n);
    add(1000000, 9);
    add(51, 51);
    ck_assert_int_eq(look(1000000, 9), DEDUP_SEEN);
    ck_assert_int_eq(look(1, 1), DEDUP_SEEN);
    ck_assert_uint_eq(others(), 1);
}
END_TEST

START_TEST(numbers_that_go_on_from_elsewhere_have_places_there_and_the_former_ones_are_remembered)
{
    begin(WINDOW, true);
    for (uint64_t n = 1; n <= 40; n++)
        add(n, n);
    for (uint64_t n = 1000; n < 1040; n++)
        add(n, n);
    ck_assert_uint_eq(others(), 41); /* the first one was only a stray yet */
    for (uint64_t n = 1; n <= 40; n++)
        ck_assert_int_eq(look(n, n), DEDUP_SEEN);
    seen_trades_restart(&seen, 5);
    add(5, 6);
    add(6, 6);
    ck_assert_int_eq(look(1039, 1039), DEDUP_SEEN);
    ck_assert_int_eq(look(5, 6), DEDUP_SEEN);
    ck_assert_int_eq(look(7, 7), DEDUP_SEEN); /* of before */
    ck_assert_int_eq(look(7, 8), DEDUP_CONFLICT);
    seen_trades_restart(&seen, 0);
    add(3000, 1);
    add(3001, 1);
    ck_assert_uint_eq(others(), 82);
}
END_TEST

START_TEST(without_numbers_or_a_window_it_is_as_a_window_of_ids)
{
    begin(WINDOW, false);
    add(7, 1);
    ck_assert_int_eq(look(7, 1), DEDUP_SEEN);
    ck_assert_uint_eq(others(), 1);
    begin(WINDOW, true);
    seen_trade_t unnumbered = {.id = TEXT("x"), .fingerprint = 1};
    ck_assert_int_eq(seen_trades_look(&seen, &unnumbered), DEDUP_NEW);
    seen_trades_add(&seen, &unnumbered, 0);
    ck_assert_int_eq(seen_trades_look(&seen, &unnumbered), DEDUP_SEEN);
    begin(0, true);
    add(7, 1);
    ck_assert_int_eq(look(7, 1), DEDUP_NEW);
}
END_TEST

/* The number of the next trade: mostly the next one; or one left out, a repeat, one from before, one of another numbering. */
static uint64_t step(uint64_t *next, bool *restarts)
{
    int kind = rand() % 1000;
    *restarts = kind == 0;
    if (*restarts)
        *next = 1 + (uint64_t)rand() % 1000000;
    else if (kind < 5)
        return 1 + (uint64_t)rand() % 1000000;
    else if (kind < 200 && *next > WINDOW)
        return *next - 1 - (uint64_t)rand() % (WINDOW / 2);
    else if (kind < 220)
        *next += (uint64_t)rand() % WINDOW;
    return (*next)++;
}

/* When a trade was added last, counted in trades that were; 0: never. */
static int added[NUMBERS][PRINTS];

/* What has to be said of it; false: either is right. */
static bool is_certain(const seen_trade_t *trade, int now, dedup_verdict_t *wanted)
{
    const int *when = added[trade->number];
    int last = 0, own = when[trade->fingerprint];
    for (int print = 0; print < PRINTS; print++)
        last = when[print] > last ? when[print] : last;
    *wanted = own > 0 ? DEDUP_SEEN : last > 0 ? DEDUP_CONFLICT : DEDUP_NEW;
    return last == 0 || now - (own > 0 ? own : last) < WINDOW;
}

START_TEST(whatever_comes_the_last_ones_are_known)
{
    uint64_t next = 1000;
    bool restarts;
    int count = 0, certain = 0;
    memset(added, 0, sizeof added);
    begin(WINDOW, true);
    srand((unsigned)_i + 1);
    for (int i = 0; i < ROUNDS; i++) {
        char room[20];
        dedup_verdict_t wanted;
        seen_trade_t trade = trade_of(room, step(&next, &restarts), 1 + (uint64_t)rand() % (PRINTS - 1));
        if (restarts)
            seen_trades_restart(&seen, trade.number);
        dedup_verdict_t found = seen_trades_look(&seen, &trade);
        if (is_certain(&trade, count, &wanted)) {
            certain++;
            ck_assert_msg(found == wanted, "seed %d, round %d: found %d, expected %d", _i + 1, i, found, wanted);
        }
        if (found == DEDUP_SEEN)
            continue;
        seen_trades_add(&seen, &trade, 0);
        added[trade.number][trade.fingerprint] = ++count;
    }
    ck_assert_int_gt(certain, ROUNDS * 9 / 10);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("seen_trades");
    tcase_add_test(tests, a_repeat_is_seen_and_what_says_something_else_is_not);
    tcase_add_test(tests, what_was_left_out_has_its_place_when_it_comes);
    tcase_add_test(tests, as_many_as_the_window_has_are_remembered_and_few_more);
    tcase_add_test(tests, one_far_ahead_alone_changes_nothing);
    tcase_add_test(tests, numbers_that_go_on_from_elsewhere_have_places_there_and_the_former_ones_are_remembered);
    tcase_add_test(tests, without_numbers_or_a_window_it_is_as_a_window_of_ids);
    tcase_add_loop_test(tests, whatever_comes_the_last_ones_are_known, 0, 10);
    return RUN_TESTS("seen_trades", tests);
}
