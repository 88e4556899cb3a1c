/* Counts of seconds, milliseconds, …, exactly as they are told. */
#include "connectord/mapping/epoch_time.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

enum { S = 1000000000, MS = 1000000, US = 1000, NS = 1 };

static const struct {
    const char *text;
    int64_t unit_ns, ns;
    int digits; /* -1: invalid */
} cases[] = {
    {"0", S, 0, 0},
    {"1762795473", S, 1762795473000000000, 0},
    {"1762795473937", MS, 1762795473937000000, 3},
    {"1762795473937123", US, 1762795473937123000, 6},
    {"1762795473937123456", NS, 1762795473937123456, 9},
    {"1762795473.9", S, 1762795473900000000, 1},
    {"1762795473.937123456", S, 1762795473937123456, 9},
    {"1762795473.000", S, 1762795473000000000, 3},
    {"1762795473937.25", MS, 1762795473937250000, 5},
    {"1762795473937.1234560", MS, 1762795473937123456, 9}, /* zeros beyond a nanosecond change nothing */
    {"5.0", NS, 5, 9},
    {"1.0000000000000000", S, 1000000000, 9},
    {"9223372036.854775807", S, INT64_MAX, 9}, /* the last there is, in 2262 */
    {"9223372036854775807", NS, INT64_MAX, 9},
    {"9223372036.854775808", S, 0, -1},
    {"9223372037", S, 0, -1},
    {"9223372036854775808", NS, 0, -1},
    {"99999999999999999999", NS, 0, -1},
    {"1.0000000001", S, 0, -1}, /* finer than a nanosecond */
    {"1.5", NS, 0, -1},
    {"", S, 0, -1},
    {".5", S, 0, -1},
    {"1.", S, 0, -1},
    {"1.2.3", S, 0, -1},
    {"-1", S, 0, -1},
    {"+1", S, 0, -1},
    {" 1", S, 0, -1},
    {"1e3", S, 0, -1},
    {"1.5e3", S, 0, -1},
    {"0x10", S, 0, -1},
};

START_TEST(a_count_is_read_exactly_or_not_at_all)
{
    int64_t ns = -1;
    int digits = -1;
    bool valid = epoch_time_parse(text_of(cases[_i].text), cases[_i].unit_ns, &ns, &digits);
    ck_assert_msg(valid == (cases[_i].digits >= 0), "'%s' is %svalid", cases[_i].text, valid ? "" : "in");
    if (!valid)
        return;
    ck_assert_msg(ns == cases[_i].ns, "'%s' is %lld ns, found %lld", cases[_i].text, (long long)cases[_i].ns, (long long)ns);
    ck_assert_msg(digits == cases[_i].digits, "'%s' tells %d digits, found %d", cases[_i].text, cases[_i].digits, digits);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("epoch_time");
    tcase_add_loop_test(tcase, a_count_is_read_exactly_or_not_at_all, 0, sizeof cases / sizeof *cases);
    return RUN_TESTS("epoch_time", tcase);
}
