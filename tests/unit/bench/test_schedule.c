#include "tests/bench/schedule.h"
#include "tests/unit/run_tests.h"

enum { SYMBOLS = 2000, TRADES = 300000 };

START_TEST(every_symbol_counts_by_one_and_each_trade_is_found_by_its_seq)
{
    static uint64_t last[SYMBOLS];
    schedule_t *schedule = schedule_new(SYMBOLS, _i);
    for (unsigned i = 0; i < SYMBOLS; i++)
        last[i] = 0;
    uint64_t number = 0;
    for (bool right = true; right && number < TRADES; number += right) {
        unsigned symbol = schedule_symbol(schedule, number);
        right = symbol < SYMBOLS && schedule_seq(schedule, number) == ++last[symbol] &&
                schedule_number(schedule, symbol, last[symbol]) == number;
    }
    ck_assert_uint_eq(number, TRADES);
    schedule_destroy(&schedule);
    ck_assert_ptr_null(schedule);
}
END_TEST

START_TEST(without_a_power_law_they_take_turns)
{
    schedule_t *schedule = schedule_new(7, false);
    for (uint64_t number = 0; number < 100; number++)
        ck_assert_uint_eq(schedule_symbol(schedule, number), number % 7);
    schedule_destroy(&schedule);
}
END_TEST

START_TEST(by_a_power_law_the_tenth_has_a_tenth_of_the_first_ones)
{
    schedule_t *schedule = schedule_new(SYMBOLS, true);
    unsigned counts[SYMBOLS] = {0};
    for (uint64_t number = 0; number < TRADES; number++)
        counts[schedule_symbol(schedule, number)]++;
    ck_assert_uint_gt(counts[0], TRADES / 10);
    ck_assert_uint_gt(counts[9], counts[0] / 11);
    ck_assert_uint_lt(counts[9], counts[0] / 9);
    ck_assert_uint_gt(counts[SYMBOLS - 1], 0);
    schedule_destroy(&schedule);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("all");
    tcase_add_loop_test(cases, every_symbol_counts_by_one_and_each_trade_is_found_by_its_seq, 0, 2);
    tcase_add_test(cases, without_a_power_law_they_take_turns);
    tcase_add_test(cases, by_a_power_law_the_tenth_has_a_tenth_of_the_first_ones);
    return RUN_TESTS("schedule", cases);
}
