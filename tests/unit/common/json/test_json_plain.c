#include "common/json/json.h"
#include "common/json/json_plain.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static void expect(const char *json, const char *plain)
{
    buffer_t out = buffer_new(0);
    text_t found = json_plain(text_of(json), &out);
    ck_assert_msg(text_equal(found, text_of(plain)), "%s: expected %s, found %.*s", json, plain, TEXT_ARG(found));
    buffer_release(&out);
}

START_TEST(what_need_not_be_escaped_is_not)
{
    expect("{\"b\\u00f6rse\":[\"\\u0041\\/\\ud83d\\uDE00\",1]}", "{\"b\xc3\xb6rse\":[\"A/\xf0\x9f\x98\x80\",1]}");
    expect("\"\\u20AC\"", "\"\xe2\x82\xac\"");
}
END_TEST

START_TEST(what_must_be_escaped_is_so_in_one_way)
{
    expect("\"\\u0022\\\"\\u005c\\\\\"", "\"\\\"\\\"\\\\\\\\\"");
    expect("\"\\n\\u0000\\u001F\"", "\"\\n\\u0000\\u001F\"");
}
END_TEST

START_TEST(half_a_pair_stays_what_it_was)
{
    expect("\"\\ud83d\\u0041\"", "\"\\ud83dA\"");
    expect("\"\\ude00\\ud83d\"", "\"\\ude00\\ud83d\"");
    expect("\"\\ud83d\\\\uDE00\"", "\"\\ud83d\\\\uDE00\"");
    expect("\"\\ufffd\"", "\"\xef\xbf\xbd\"");
}
END_TEST

START_TEST(what_has_no_escape_is_not_copied)
{
    buffer_t out = buffer_new(0);
    text_t json = TEXT("{\"b\xc3\xb6rse\":1}");
    ck_assert_ptr_eq(json_plain(json, &out).at, json.at);
    ck_assert_ptr_null(out.bytes);
    buffer_release(&out);
}
END_TEST

START_TEST(a_byte_order_mark_before_it_is_left_out_once)
{
    expect(TEXT_MARK "{\"a\":\"\\u0062\"}", "{\"a\":\"b\"}");
    expect(TEXT_MARK "[1]", "[1]");
    expect(TEXT_MARK TEXT_MARK "[1]", TEXT_MARK "[1]");
    expect("\"" TEXT_MARK "\"", "\"" TEXT_MARK "\"");
}
END_TEST

START_TEST(what_is_no_json_does_not_become_any)
{
    static const char *const broken[] = {"",        "\\",      "\\u007b}", "{\"a\":\\u0031}", "\"\\u00g0\"",
                                         "\"\\u00", "\"\\x\"", "\"a\\\""};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        expect(broken[i], broken[i]);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("json_plain");
    tcase_add_test(tests, what_need_not_be_escaped_is_not);
    tcase_add_test(tests, what_must_be_escaped_is_so_in_one_way);
    tcase_add_test(tests, half_a_pair_stays_what_it_was);
    tcase_add_test(tests, what_has_no_escape_is_not_copied);
    tcase_add_test(tests, a_byte_order_mark_before_it_is_left_out_once);
    tcase_add_test(tests, what_is_no_json_does_not_become_any);
    return RUN_TESTS("json_plain", tests);
}
