#include "common/json/json_write.h"

#include "common/json/json.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static buffer_t out;

static void set_up(void)
{
    out = buffer_new(0);
}

static void tear_down(void)
{
    buffer_release(&out);
}

static void expect(const char *wanted)
{
    ck_assert(buffer_ok(&out));
    ck_assert_msg(text_equal(buffer_text(&out), text_of(wanted)), "expected %s, found %.*s", wanted,
                  TEXT_ARG(buffer_text(&out)));
    ck_assert(json_valid(buffer_text(&out)));
}

START_TEST(members_are_named_and_separated)
{
    json_writer_t json = json_write(&out);
    json_open_object(&json, NULL);
    json_put_text(&json, "text", TEXT("a"));
    json_put_u64(&json, "most", UINT64_MAX);
    json_put_bool(&json, "yes", true);
    json_put_bool(&json, "no", false);
    json_put_null(&json, "nothing");
    json_put_raw(&json, "price", TEXT("0.10"));
    json_put_escaped(&json, "escaped", TEXT("a\\nb"));
    json_put_time(&json, "at", INT64_C(1762795473981112345), 6);
    json_close_object(&json);
    expect("{\"text\":\"a\",\"most\":18446744073709551615,\"yes\":true,\"no\":false,"
           "\"nothing\":null,\"price\":0.10,\"escaped\":\"a\\nb\",\"at\":\"2025-11-10T17:24:33.981112Z\"}");
}
END_TEST

START_TEST(containers_nest_and_may_be_empty)
{
    json_writer_t json = json_write(&out);
    json_open_array(&json, NULL);
    json_open_object(&json, NULL);
    json_close_object(&json);
    json_open_array(&json, NULL);
    json_open_array(&json, NULL);
    json_close_array(&json);
    json_put_null(&json, NULL);
    json_close_array(&json);
    json_open_object(&json, NULL);
    json_open_array(&json, "a");
    json_put_u64(&json, NULL, 1);
    json_put_u64(&json, NULL, 2);
    json_close_array(&json);
    json_open_object(&json, "b");
    json_close_object(&json);
    json_close_object(&json);
    json_close_array(&json);
    expect("[{},[[],null],{\"a\":[1,2],\"b\":{}}]");
}
END_TEST

START_TEST(depth_has_no_limit_of_its_own)
{
    json_writer_t json = json_write(&out);
    for (int i = 0; i < 100000; i++)
        json_open_array(&json, NULL);
    for (int i = 0; i < 100000; i++)
        json_close_array(&json);
    ck_assert_uint_eq(out.length, 200000);
}
END_TEST

START_TEST(texts_and_names_are_escaped_whatever_they_end_with)
{
    json_writer_t json = json_write(&out);
    json_open_object(&json, NULL);
    json_put_name(&json, TEXT("a\"{"));
    json_put_text(&json, NULL, TEXT("b\\["));
    json_put_name(&json, TEXT(":"));
    json_put_text(&json, NULL, TEXT("\n\xff:"));
    json_put_name(&json, TEXT(""));
    json_put_text(&json, NULL, TEXT(""));
    json_close_object(&json);
    expect("{\"a\\\"{\":\"b\\\\[\",\":\":\"\\n\xef\xbf\xbd:\",\"\":\"\"}");
}
END_TEST

START_TEST(what_was_before_the_value_does_not_matter)
{
    static const char *const before[] = {"data: ", "{}", "1", "{", "\x1e"};
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        buffer_clear(&out);
        buffer_append(&out, text_of(before[i]));
        json_writer_t json = json_write(&out);
        json_put_u64(&json, NULL, 7);
        ck_assert_uint_eq(out.length, strlen(before[i]) + 1);
    }
}
END_TEST

START_TEST(another_writer_goes_on_with_the_value)
{
    json_writer_t json = json_write(&out);
    json_open_object(&json, NULL);
    json_open_array(&json, "trades");
    json_writer_t second = json_write_on(&out);
    json_put_raw(&second, NULL, TEXT("{\"seq\":1}"));
    json_writer_t third = json_write_on(&out);
    json_put_raw(&third, NULL, TEXT("{\"seq\":2}"));
    json_close_array(&third);
    json_put_bool(&third, "more", false);
    json_close_object(&third);
    expect("{\"trades\":[{\"seq\":1},{\"seq\":2}],\"more\":false}");
}
END_TEST

START_TEST(what_does_not_fit_shows_at_the_end)
{
    buffer_release(&out);
    out = buffer_new(10);
    json_writer_t json = json_write(&out);
    json_open_array(&json, NULL);
    for (int i = 0; i < 100; i++)
        json_put_text(&json, NULL, TEXT("text"));
    json_close_array(&json);
    ck_assert(!buffer_ok(&out));
    ck_assert_uint_le(out.length, 10);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("json_write");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, members_are_named_and_separated);
    tcase_add_test(tests, containers_nest_and_may_be_empty);
    tcase_add_test(tests, depth_has_no_limit_of_its_own);
    tcase_add_test(tests, texts_and_names_are_escaped_whatever_they_end_with);
    tcase_add_test(tests, what_was_before_the_value_does_not_matter);
    tcase_add_test(tests, another_writer_goes_on_with_the_value);
    tcase_add_test(tests, what_does_not_fit_shows_at_the_end);
    return RUN_TESTS("json_write", tests);
}
