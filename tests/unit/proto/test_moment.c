/* Moments, in the forms of history.md, at the three doors: plain, in a query, in JSON. */
#include "proto/moment.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

#define SECOND INT64_C(1762795473000000000) /* 2025-11-10T17:24:33Z */
#define MINUTE INT64_C(1762795440000000000)
#define DAY    INT64_C(1762732800000000000)

static const struct {
    const char *text;
    int64_t ns;
} taken[] = {
    {"2025-11-10", DAY},
    {"1970-01-01", 0},
    {"2262-04-11", INT64_C(9223286400000000000)},
    {"2025-11-10T17:24", MINUTE},
    {"2025-11-10 17:24", MINUTE},
    {"2025-11-10t17:24z", MINUTE},
    {"2025-11-10T17:24Z", MINUTE},
    {"2025-11-10T18:24+01:00", MINUTE},
    {"2025-11-10T17:24-00:00", MINUTE},
    {"2025-11-10T17:24:33", SECOND},
    {"2025-11-10T17:24:33Z", SECOND},
    {"2025-11-10T17:24:33.937345123Z", SECOND + 937345123},
    {"2025-11-10T19:54:33.937345123+02:30", SECOND + 937345123},
    {"2025-11-10 17:24:33+00:00", SECOND},
    {"2016-12-31T23:59:60Z", INT64_C(1483228799000000000)},
    {"0", 0},
    {"100000000000", INT64_C(100000000000000000)},
    {"1762795473937", SECOND + 937000000},
    {"9223372036854", INT64_C(9223372036854000000)},
};

START_TEST(a_moment_is_a_time_a_day_or_milliseconds)
{
    char quoted[64];
    int64_t plain = -1, query = -1, json = -1;
    snprintf(quoted, sizeof quoted, "\"%s\"", taken[_i].text);
    ck_assert_msg(moment_parse(text_of(taken[_i].text), &plain), "%s was refused", taken[_i].text);
    ck_assert_msg(moment_parse_query(text_of(taken[_i].text), &query), "%s was refused in a query", taken[_i].text);
    ck_assert_msg(moment_parse_json(text_of(quoted), &json), "%s was refused in JSON", quoted);
    ck_assert_msg(plain == taken[_i].ns && query == plain && json == plain, "%s gave %jd, %jd, %jd", taken[_i].text,
                  (intmax_t)plain, (intmax_t)query, (intmax_t)json);
}
END_TEST

static const char *const refused[] = {
    "",
    "now",
    "1",
    "00",
    "1762795473",       /* seconds */
    "17627954739",      /* nobody knows what */
    "17627954739370",   /* nor this */
    "1762795473937345", /* microseconds */
    "1762795473937345123",
    "017627954739",
    "9223372036855",
    "-1762795473937",
    "+1762795473937",
    "1762795473.937",
    "1.762795473937e12",
    "0x19a6ec1f1234",
    "2025",
    "2025-11",
    "2025-11-1",
    "2025-02-29",
    "2025-13-10",
    "1969-12-31",
    "2262-04-12",
    "20251110",
    "2025-11-10Z",
    "2025-11-10+00:00",
    "2025-11-10T",
    "2025-11-10T17",
    "2025-11-10T17:60",
    "2025-11-10T24:00",
    "2025-11-10T17:24.5",
    "2025-11-10T17:24:",
    "2025-11-10T17:24+0100",
    "2025-11-10T17:24+01",
    "2025-11-10T17:24ZZ",
    "2025-11-10T17:24:33+0200",
    "2025-11-10T17:24:33 Z",
    "2025-11-10T17:24:33.9373451234Z",
    "2025-11-10T17:24:33.937345123+02:30 ",
    " 2025-11-10",
    "2025-11-10 ",
};

START_TEST(other_texts_are_none)
{
    char quoted[64];
    int64_t ns = 77;
    snprintf(quoted, sizeof quoted, "\"%s\"", refused[_i]);
    ck_assert_msg(!moment_parse(text_of(refused[_i]), &ns), "%s was taken", refused[_i]);
    ck_assert_msg(!moment_parse_query(text_of(refused[_i]), &ns), "%s was taken in a query", refused[_i]);
    ck_assert_msg(!moment_parse_json(text_of(quoted), &ns), "%s was taken in JSON", quoted);
    ck_assert_int_eq(ns, 77);
}
END_TEST

/* A query's '+' that was not escaped arrives as a space. */
static const struct {
    const char *text;
    int64_t ns; /* -1: refused */
} queries[] = {
    {"2025-11-10T17:24:33 00:00", SECOND},
    {"2025-11-10 17:24:33 00:00", SECOND},
    {"2025-11-10T19:54:33.937345123 02:30", SECOND + 937345123},
    {"2025-11-10T18:24 01:00", MINUTE},
    {"2025-11-10 17:24", MINUTE},
    {"2025-11-10 01:00", DAY + INT64_C(3600000000000)},
    {"2025-11-10T17:24:33 24:00", -1},
    {"2025-11-10T17:24:33  00:00", -1},
    {"2025-11-10T17:24:33Z 00:00", -1},
    {"2025-11-10T17:24:33.9373451234 02:30", -1},
    {" 1762795473937", -1},
};

START_TEST(in_a_query_alone_a_space_before_an_offset_is_a_plus)
{
    int64_t ns = -1;
    text_t text = text_of(queries[_i].text);
    ck_assert_msg(moment_parse_query(text, &ns) == (queries[_i].ns != -1), "%s", queries[_i].text);
    ck_assert_msg(ns == queries[_i].ns, "%s gave %jd", queries[_i].text, (intmax_t)ns);
    if (text.length > 16)
        ck_assert_msg(!moment_parse(text, &ns), "%s was taken elsewhere", queries[_i].text);
}
END_TEST

static const struct {
    const char *raw;
    int64_t ns; /* -1: refused */
} values[] = {
    {"1762795473937", SECOND + 937000000},
    {"0", 0},
    {"\"2025-11-10T17:24:33\\u002B00:00\"", SECOND}, /* as System.Text.Json writes it */
    {"\"\\u0032025-11-10\"", DAY},
    {"1762795473", -1},
    {"-1762795473937", -1},
    {"1762795473937.0", -1},
    {"1762795473937.5", -1},
    {"1.762795473937e12", -1},
    {"true", -1},
    {"null", -1},
    {"[1762795473937]", -1},
    {"{}", -1},
    {"\"2025-11-10\\u0000\"", -1},
    {"", -1},
};

START_TEST(json_has_strings_and_whole_numbers)
{
    int64_t ns = -1;
    ck_assert_msg(moment_parse_json(text_of(values[_i].raw), &ns) == (values[_i].ns != -1), "%s", values[_i].raw);
    ck_assert_msg(ns == values[_i].ns, "%s gave %jd", values[_i].raw, (intmax_t)ns);
}
END_TEST

START_TEST(a_text_of_any_length_is_read_within_its_bounds)
{
    char text[600], raw[602];
    for (size_t length = 0; length < sizeof text; length++) {
        int64_t ns = 77;
        memset(text, '2', sizeof text);
        memset(raw, '2', sizeof raw);
        raw[0] = raw[length + 1] = '"';
        if (length != 12 && length != 13)
            ck_assert(!moment_parse((text_t){text, length}, &ns) && !moment_parse_json((text_t){raw, length + 2}, &ns));
        text[length >= 6 ? length - 6 : 0] = ' ';
        ck_assert(!moment_parse_query((text_t){text, length}, &ns));
    }
    ck_assert(!moment_parse((text_t){NULL, 0}, &(int64_t){0}) && !moment_parse_query((text_t){NULL, 0}, &(int64_t){0}));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("moment");
    tcase_add_loop_test(tests, a_moment_is_a_time_a_day_or_milliseconds, 0, sizeof taken / sizeof *taken);
    tcase_add_loop_test(tests, other_texts_are_none, 0, sizeof refused / sizeof *refused);
    tcase_add_loop_test(tests, in_a_query_alone_a_space_before_an_offset_is_a_plus, 0, sizeof queries / sizeof *queries);
    tcase_add_loop_test(tests, json_has_strings_and_whole_numbers, 0, sizeof values / sizeof *values);
    tcase_add_test(tests, a_text_of_any_length_is_read_within_its_bounds);
    return RUN_TESTS("moment", tests);
}
