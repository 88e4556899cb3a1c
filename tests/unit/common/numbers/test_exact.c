#include <stdlib.h>

#include "common/numbers/decimal.h"
#include "common/numbers/exact.h"
#include "tests/unit/run_tests.h"

#define EXACT_UNITS_MAX ((((exact_units_t)1 << 126) - 1) * 2 + 1)
#define NINES_38        "99999999999999999999999999999999999999"

static exact_t exact_of(const char *decimal)
{
    exact_t number = {0};
    ck_assert(decimal_valid(text_of(decimal)));
    exact_set(&number, text_of(decimal));
    return number;
}

/* Prints and releases it. */
static void assert_prints(exact_t *number, const char *expected)
{
    buffer_t out = buffer_new(0);
    exact_print(number, &out);
    ck_assert_msg(text_equal(buffer_text(&out), text_of(expected)), "expected %s\nfound    %.*s", expected,
                  TEXT_ARG(buffer_text(&out)));
    buffer_release(&out);
    exact_release(number);
}

static const struct {
    const char *decimal, *plain;
} forms[] = {
    {"0", "0"},
    {"-0.00", "0.00"},
    {"105383.80000", "105383.80000"},
    {"-0.00885072", "-0.00885072"},
    {"8.5E-5", "0.000085"},
    {"8.5e+3", "8500"},
    {"-1.25E1", "-12.5"},
    {"0E5", "0"},
    {"0e-3", "0.000"},
    {"123456789012345678", "123456789012345678"},
    {"1234567890123456789", "1234567890123456789"},
    {"0.123456789012345678", "0.123456789012345678"},
    {"12345678901234567890123456789012345678", "12345678901234567890123456789012345678"},
    {"-0.12345678901234567890123456789012345678", "-0.12345678901234567890123456789012345678"},
    {NINES_38 "9.5", NINES_38 "9.5"},
    {"-1E50", "-100000000000000000000000000000000000000000000000000"},
    {"1E-50", "0.00000000000000000000000000000000000000000000000001"},
};

START_TEST(a_number_is_printed_without_its_exponent)
{
    exact_t number = exact_of(forms[_i].decimal);
    assert_prints(&number, forms[_i].plain);
}
END_TEST

static const struct {
    const char *a, *b, *sum, *product;
} pairs[] = {
    {"0.10", "0.2", "0.30", "0.020"},
    {"0", "0.000", "0.000", "0.000"},
    {"-0.0", "0", "0.0", "0.0"},
    {"1", "-1", "0", "-1"},
    {"105383.80000", "0.00885072", "105383.80885072", "932.7225063360000"},
    {"8.5E-5", "8.5E+5", "850000.000085", "72.250000"},
    {"-1.5", "-2.25", "-3.75", "3.375"},
    {"1E38", "1E-38", "100000000000000000000000000000000000000.00000000000000000000000000000000000001",
     "1.00000000000000000000000000000000000000"},
    {NINES_38, NINES_38, "199999999999999999999999999999999999998",
     "9999999999999999999999999999999999999800000000000000000000000000000000000001"},
    {"170141183460469231731687303715884105727", "1", "170141183460469231731687303715884105728",
     "170141183460469231731687303715884105727"},
    {"-170141183460469231731687303715884105728", "-1", "-170141183460469231731687303715884105729",
     "170141183460469231731687303715884105728"},
    {"1E60", "-1E60", "0",
     "-1"
     "00000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000"},
};

START_TEST(sums_and_products_are_exact_either_way)
{
    for (int swap = 0; swap < 2; swap++) {
        exact_t a = exact_of(swap ? pairs[_i].b : pairs[_i].a), b = exact_of(swap ? pairs[_i].a : pairs[_i].b);
        exact_t product = exact_of("1E70"); /* something large in the way */
        exact_multiply(&product, &a, &b);
        assert_prints(&product, pairs[_i].product);
        exact_add(&a, &b);
        assert_prints(&a, pairs[_i].sum);
        exact_release(&b);
    }
}
END_TEST

static const struct {
    const char *dividend, *divisor, *quotient;
} quotients[] = {
    {"10.500", "1.0", "10.5"},
    {"0.00", "3", "0"},
    {"1000", "0.1", "10000"},
    {"1", "3", "0.3333333333333333333333333333333333"},
    {"-2", "3", "-0.6666666666666666666666666666666667"},
    {"-2", "-3", "0.6666666666666666666666666666666667"},
    {"1E40", "3", "3333333333333333333333333333333333000000"},
    {"1", "3E40", "0.00000000000000000000000000000000000000003333333333333333333333333333333333"},
    {"1E99", "1E-62",
     "1"
     "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000"},
    /* 34 digits, and the 35th is a 5 with nothing behind it: to the even one */
    {"10000000000000000000000000000000005", "10", "1000000000000000000000000000000000"},
    {"10000000000000000000000000000000015", "10", "1000000000000000000000000000000002"},
    {"10000000000000000000000000000000025", "10", "1000000000000000000000000000000002"},
    {"-10000000000000000000000000000000015", "10", "-1000000000000000000000000000000002"},
    /* and with something behind it: up */
    {"100000000000000000000000000000000050000000001", "100000000000", "1000000000000000000000000000000001"},
    {"99999999999999999999999999999999994", "10", "9999999999999999999999999999999999"},
    {"99999999999999999999999999999999995", "10", "10000000000000000000000000000000000"},
    {"9.9999999999999999999999999999999996", "1", "10"},
};

START_TEST(a_quotient_has_34_digits_rounded_half_to_even)
{
    exact_t dividend = exact_of(quotients[_i].dividend), divisor = exact_of(quotients[_i].divisor);
    buffer_t out = buffer_new(0);
    exact_print_quotient(&dividend, &divisor, &out);
    ck_assert_msg(text_equal(buffer_text(&out), text_of(quotients[_i].quotient)), "%s / %s\nexpected %s\nfound    %.*s",
                  quotients[_i].dividend, quotients[_i].divisor, quotients[_i].quotient, TEXT_ARG(buffer_text(&out)));
    buffer_release(&out);
    exact_release(&dividend);
    exact_release(&divisor);
}
END_TEST

START_TEST(a_sum_outgrows_128_bits_and_comes_back)
{
    exact_t sum = {0}, term = exact_of(NINES_38);
    for (int i = 0; i < 1000; i++)
        exact_add(&sum, &term);
    exact_release(&term);
    term = exact_of("-" NINES_38);
    for (int i = 0; i < 999; i++)
        exact_add(&sum, &term);
    assert_prints(&sum, NINES_38);
    exact_release(&term);
}
END_TEST

START_TEST(only_zero_is_zero)
{
    static const char *const zeros[] = {"0", "-0.000", "0E-99", "0E99"}, *const others[] = {"1E-99", "-1", "1E99"};
    for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++) {
        exact_t number = exact_of(zeros[i]);
        ck_assert_msg(exact_is_zero(&number), "%s", zeros[i]);
        exact_release(&number);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        exact_t number = exact_of(others[i]), minus = {0};
        ck_assert_msg(!exact_is_zero(&number), "%s", others[i]);
        exact_t one = exact_of("-1");
        exact_multiply(&minus, &number, &one);
        exact_add(&number, &minus);
        ck_assert_msg(exact_is_zero(&number), "%s less itself", others[i]);
        exact_release(&number);
        exact_release(&minus);
        exact_release(&one);
    }
}
END_TEST

START_TEST(a_number_turns_its_sign)
{
    static const struct {
        const char *decimal, *turned;
        int sign;
    } turns[] = {{"0.0", "0.0", 0}, {"1.50", "-1.50", 1}, {"-8.5E-5", "0.000085", -1}, {"-" NINES_38 "9", NINES_38 "9", -1}};
    for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
        exact_t number = exact_of(turns[i].decimal);
        ck_assert_int_eq(exact_sign(&number), turns[i].sign);
        exact_negate(&number);
        ck_assert_int_eq(exact_sign(&number), -turns[i].sign);
        assert_prints(&number, turns[i].turned);
    }
    exact_t least = exact_of("-170141183460469231731687303715884105728"), zero = {0};
    exact_add(&zero, &least);
    exact_negate(&zero);
    assert_prints(&zero, "170141183460469231731687303715884105728");
    exact_t units = {.units = -(exact_units_t)1 - EXACT_UNITS_MAX};
    exact_negate(&units);
    assert_prints(&units, "170141183460469231731687303715884105728");
    exact_release(&least);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("exact");
    tcase_add_loop_test(tcase, a_number_is_printed_without_its_exponent, 0, sizeof forms / sizeof *forms);
    tcase_add_loop_test(tcase, sums_and_products_are_exact_either_way, 0, sizeof pairs / sizeof *pairs);
    tcase_add_loop_test(tcase, a_quotient_has_34_digits_rounded_half_to_even, 0, sizeof quotients / sizeof *quotients);
    tcase_add_test(tcase, a_sum_outgrows_128_bits_and_comes_back);
    tcase_add_test(tcase, only_zero_is_zero);
    tcase_add_test(tcase, a_number_turns_its_sign);
    return RUN_TESTS("exact", tcase);
}
