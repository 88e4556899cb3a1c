#include "common/clock.h"
#include "common/timestamp.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

START_TEST(times_are_read)
{
    static const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:00.000000001Z", 1},
        {"2025-11-10T17:24:33.937345Z", INT64_C(1762795473937345000)},
        {"2025-11-10T17:24:33.981112345Z", INT64_C(1762795473981112345)},
        {"2025-11-10T17:24:33", INT64_C(1762795473000000000)},
        {"2025-11-10 17:24:33.5", INT64_C(1762795473500000000)},
        {"2025-11-10t17:24:33z", INT64_C(1762795473000000000)},
        {"2025-11-10T19:54:33+02:30", INT64_C(1762795473000000000)},
        {"2025-11-10T16:24:33-01:00", INT64_C(1762795473000000000)},
        {"2025-11-10T17:24:33-00:00", INT64_C(1762795473000000000)},
        {"2000-02-29T00:00:00Z", INT64_C(951782400000000000)},
        {"2016-12-31T23:59:60Z", INT64_C(1483228799000000000)},
        {"1969-12-31T23:30:00-01:00", INT64_C(1800000000000)},
        {"2262-04-11T23:47:16.854775807Z", INT64_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ns = -1;
        ck_assert_msg(timestamp_parse(text_of(cases[i].text), &ns), "%s was refused", cases[i].text);
        ck_assert_msg(ns == cases[i].ns, "%s gave %jd", cases[i].text, (intmax_t)ns);
    }
}
END_TEST

START_TEST(what_is_no_time_is_refused)
{
    static const char *const cases[] = {
        "",
        "2025",
        "2025-11-10",
        "2025-11-10T",
        "2025-11-10T17:24",
        "2025-11-10T17:24Z",
        "2025-11-10T17:24:33.",
        "2025-11-10T17:24:33.Z",
        "2025-11-10T17:24:33.1234567890Z",
        "2025-11-10T17:24:33ZZ",
        "2025-11-10T17:24:33Z ",
        " 2025-11-10T17:24:33Z",
        "2025-11-10X17:24:33Z",
        "2025-13-10T17:24:33Z",
        "2025-00-10T17:24:33Z",
        "2025-11-31T17:24:33Z",
        "2025-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2025-11-00T00:00:00Z",
        "2025-11-10T24:00:00Z",
        "2025-11-10T17:60:00Z",
        "2025-11-10T17:24:61Z",
        "2025-11-10T17:24:33+0200",
        "2025-11-10T17:24:33+24:00",
        "2025-11-10T17:24:33+02:60",
        "2025-11-10T17:24:33+02",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "2262-04-11T23:47:16.854775808Z",
        "2262-12-31T00:00:00Z",
        "2263-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "+2025-11-10T17:24:33Z",
        "2025-1-10T17:24:33Z",
        "20251110T172433Z",
        "2025-11-10T17:24:-3Z",
        "2025-11-10T17:24:33,5Z",
        "1763941200",
        "1763941200000",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ns = 77;
        ck_assert_msg(!timestamp_parse(text_of(cases[i]), &ns), "%s was taken", cases[i]);
        ck_assert_int_eq(ns, 77);
    }
    ck_assert(!timestamp_parse((text_t){NULL, 0}, &(int64_t){0}));
}
END_TEST

START_TEST(fractions_are_cut_not_rounded)
{
    static const char *const wanted[] = {"2025-11-10T17:24:33Z",          "2025-11-10T17:24:33.9Z",
                                         "2025-11-10T17:24:33.98Z",       "2025-11-10T17:24:33.987Z",
                                         "2025-11-10T17:24:33.9876Z",     "2025-11-10T17:24:33.98765Z",
                                         "2025-11-10T17:24:33.987654Z",   "2025-11-10T17:24:33.9876549Z",
                                         "2025-11-10T17:24:33.98765499Z", "2025-11-10T17:24:33.987654999Z"};
    for (int digits = 0; digits <= 9; digits++) {
        char out[TIMESTAMP_MAX];
        size_t length = timestamp_print(out, INT64_C(1762795473987654999), digits);
        ck_assert_msg(text_equal((text_t){out, length}, text_of(wanted[digits])), "%d digits: %.*s", digits, (int)length, out);
    }
}
END_TEST

START_TEST(every_day_of_the_range_agrees_with_the_c_library)
{
    for (int64_t day = 0; day * 86400 < INT64_MAX / NS_PER_S; day++) {
        time_t seconds = day * 86400 + day % 86400;
        struct tm tm;
        char wanted[64], out[TIMESTAMP_MAX];
        strftime(wanted, sizeof wanted, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm));
        int64_t ns = seconds * NS_PER_S, back;
        text_t printed = {out, timestamp_print(out, ns, 0)};
        ck_assert_msg(text_equal(printed, text_of(wanted)), "expected %s, found %.*s", wanted, TEXT_ARG(printed));
        ck_assert_msg(timestamp_parse(printed, &back) && back == ns, "%s came back as %jd", wanted, (intmax_t)back);
    }
}
END_TEST

START_TEST(clocks_move_forward_and_agree_on_the_present)
{
    int64_t real = clock_real_ns(), mono = clock_mono_ns();
    ck_assert_int_ge(clock_mono_ns(), mono);
    ck_assert_int_le(llabs(real / NS_PER_S - time(NULL)), 1);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("timestamp");
    tcase_add_test(tests, times_are_read);
    tcase_add_test(tests, what_is_no_time_is_refused);
    tcase_add_test(tests, fractions_are_cut_not_rounded);
    tcase_add_test(tests, every_day_of_the_range_agrees_with_the_c_library);
    tcase_add_test(tests, clocks_move_forward_and_agree_on_the_present);
    return RUN_TESTS("timestamp", tests);
}
