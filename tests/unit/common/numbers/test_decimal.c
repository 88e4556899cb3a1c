#include "common/numbers/decimal.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

#define DIGITS_38 "12345678901234567890123456789012345678"
#define DIGITS_64 "1234567890123456789012345678901234567890123456789012345678901234"

START_TEST(json_numbers_are_decimals)
{
    static const char *const cases[] = {
        "0",     "-0",   "1",   "105383.80000", "0.00885072",           "8.5E-5", "8.5e+5", "1e99", "1E-99",
        "1e099", "-1.5", "0.0", DIGITS_38,      "-0." DIGITS_38 "e-10", DIGITS_64};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(decimal_valid(text_of(cases[i])), "%s was refused", cases[i]);
}
END_TEST

START_TEST(other_text_is_no_decimal)
{
    static const char *const cases[] = {"",      "-",           "+1",    "01",  "-01",      ".5",     "5.",
                                        "1.2.3", "--1",         "1e",    "1e+", "1e100",    "1e-100", "1e99999999999999999999",
                                        "1 ",    " 1",          "0x1",   "NaN", "Infinity", "1,5",    "1e1.5",
                                        "1e5e5", DIGITS_64 "5", "\"1\"", "1E",  "e5"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(!decimal_valid(text_of(cases[i])), "%s was taken", cases[i]);
}
END_TEST

START_TEST(sign_looks_at_the_value)
{
    static const struct {
        const char *text;
        int sign;
    } cases[] = {{"0", 0}, {"-0", 0},     {"0.000", 0}, {"-0.0e5", 0},   {"0e99", 0},
                 {"1", 1}, {"0.0001", 1}, {"1e-99", 1}, {"-8.5E-5", -1}, {"100", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(decimal_sign(text_of(cases[i].text)) == cases[i].sign, "%s", cases[i].text);
}
END_TEST

START_TEST(values_in_ascending_order_compare_so)
{
    static const char *const ascending[] = {"-1e99",  "-" DIGITS_64, "-100.5",       "-100",    "-99.999", "-1",     "-0.00001",
                                            "0",      "1e-99",       "8.4E-5",       "8.5E-5",  "0.1",     "0.11",   "0.2",
                                            "1",      "9",           "10",           "99.9",    "100",     "100.01", "1e5",
                                            "100001", DIGITS_38,     DIGITS_38 ".1", DIGITS_64, "1e99"};
    int count = sizeof ascending / sizeof *ascending;
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < count; j++) {
            int found = decimal_compare(text_of(ascending[i]), text_of(ascending[j]));
            ck_assert_msg((found > 0) - (found < 0) == (i > j) - (i < j), "%s and %s gave %d", ascending[i], ascending[j],
                          found);
        }
    }
}
END_TEST

START_TEST(equal_values_are_equal_however_they_are_written)
{
    static const char *const cases[][2] = {
        {"8.5E-5", "0.0000850"}, {"105383.80000", "105383.8"}, {"0", "-0.00e7"}, {"1e3", "1000"},
        {"1000e-3", "1.000"},    {"-12.50", "-1.25e1"},        {"0.001e3", "1"}, {"1E+2", "100.0"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(decimal_compare(text_of(cases[i][0]), text_of(cases[i][1])) == 0, "%s and %s", cases[i][0], cases[i][1]);
        ck_assert_msg(decimal_compare(text_of(cases[i][1]), text_of(cases[i][0])) == 0, "%s and %s", cases[i][1], cases[i][0]);
    }
}
END_TEST

START_TEST(equal_values_have_one_hash_and_others_another)
{
    static const char *const same[][2] = {
        {"8.5E-5", "0.0000850"}, {"105383.80000", "105383.8"},
        {"0", "-0.00e7"},        {"1e3", "1000"},
        {"1000e-3", "1.000"},    {"-12.50", "-1.25e1"},
        {"10", "1E+1"},          {"12345678901234567890123.40", "1234567890123456789012.34e1"}};
    static const char *const others[] = {"0",
                                         "1",
                                         "-1",
                                         "10",
                                         "100",
                                         "0.1",
                                         "0.01",
                                         "11",
                                         "101",
                                         "1.01",
                                         "1.001",
                                         "12.345",
                                         "123.45",
                                         "1e99",
                                         "1e-9",
                                         "-0.1",
                                         "2",
                                         "0.2",
                                         "20",
                                         "12345678901234567890123.4",
                                         "1234567890123456789012.34"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        ck_assert_msg(decimal_hash(text_of(same[i][0])) == decimal_hash(text_of(same[i][1])), "%s", same[i][0]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert_msg(decimal_hash(text_of(others[i])) != decimal_hash(text_of(others[j])), "%s %s", others[i], others[j]);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("decimal");
    tcase_add_test(tests, json_numbers_are_decimals);
    tcase_add_test(tests, other_text_is_no_decimal);
    tcase_add_test(tests, sign_looks_at_the_value);
    tcase_add_test(tests, values_in_ascending_order_compare_so);
    tcase_add_test(tests, equal_values_are_equal_however_they_are_written);
    tcase_add_test(tests, equal_values_have_one_hash_and_others_another);
    return RUN_TESTS("decimal", tests);
}
