#include "gatewayd/forms/params.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static const struct {
    const char *raw, *text; /* NULL: refused */
} cases[] = {
    {"\"BTC-USD\"", "BTC-USD"},
    {"\"\"", ""},
    {"\"BTC\\u002dUSD\"", "BTC-USD"},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
    {"\"\\u00e4\\u20AC\\uD83D\\ude00\"", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"\"\xc3\xa4\"", "\xc3\xa4"},
    {"\"a\\u0000b\"", NULL},
    {"\"\\ud83d\"", "\xef\xbf\xbd"},
    {"7", NULL},
    {"null", NULL},
    {"[\"a\"]", NULL},
    {"", NULL},
};

START_TEST(a_json_string_is_read_as_what_it_means)
{
    param_text_t text;
    bool ok = param_text(text_of(cases[_i].raw), &text);
    ck_assert_int_eq(ok, cases[_i].text != NULL);
    if (ok)
        ck_assert(text_equal(param_slice(&text), text_of(cases[_i].text)));
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
    param_text_t text;
    char raw[sizeof text.bytes + 1];
    memset(raw, 'x', sizeof raw);
    raw[0] = raw[sizeof text.bytes - 1] = '"';
    ck_assert(param_text((text_t){raw, sizeof text.bytes}, &text));
    ck_assert_uint_eq(text.length, sizeof text.bytes - 2);
    raw[sizeof text.bytes - 1] = 'x';
    raw[sizeof text.bytes] = '"';
    ck_assert(!param_text((text_t){raw, sizeof text.bytes + 1}, &text));
}
END_TEST

START_TEST(what_is_found_is_shown_cut_between_characters)
{
    char raw[100];
    memset(raw, 'x', sizeof raw);
    ck_assert_uint_eq(param_found((text_t){raw, 10}).length, 10);
    ck_assert_uint_eq(param_found((text_t){raw, sizeof raw}).length, 64);
    raw[63] = '\xc3';
    raw[64] = '\xa4';
    ck_assert_uint_eq(param_found((text_t){raw, sizeof raw}).length, 63);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("params");
    tcase_add_loop_test(tcase, a_json_string_is_read_as_what_it_means, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tcase, what_does_not_fit_is_refused);
    tcase_add_test(tcase, what_is_found_is_shown_cut_between_characters);
    return RUN_TESTS("params", tcase);
}
