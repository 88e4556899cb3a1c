/* What a status says of a source's lines and of its group. The rest is test_status.c's. */
#include "proto/status.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

static char json[2048];

/* A status as it is printed, with `more` put in before its end. */
static text_t printed(const status_t *status, const char *more)
{
    buffer_t out = buffer_new(0);
    status_print(&out, status);
    text_t text = buffer_text(&out);
    ck_assert_uint_gt(text.length, 0);
    int length = snprintf(json, sizeof json, "%.*s%s}", (int)text.length - 1, text.at, more);
    ck_assert_int_lt(length, (int)sizeof json);
    buffer_release(&out);
    return (text_t){json, (size_t)length};
}

static status_t plain(void)
{
    return (status_t){.source = TEXT("a"), .connected = true, .reason = TEXT(""), .lines = 1, .lines_connected = 1};
}

START_TEST(one_line_and_no_group_are_not_spoken_of)
{
    status_t status = plain(), read;
    text_t text = printed(&status, "");
    ck_assert_ptr_null(strstr(text.at, "lines"));
    ck_assert_ptr_null(strstr(text.at, "saved"));
    ck_assert_ptr_null(strstr(text.at, "group"));
    ck_assert_ptr_null(strstr(text.at, "active"));
    ck_assert(status_parse(text, &read));
    ck_assert_uint_eq(read.lines, 1);
    ck_assert_uint_eq(read.lines_connected, 1);
    ck_assert_uint_eq(read.saved, 0);
    ck_assert_uint_eq(read.group.length, 0);
    ck_assert(read.active);
}
END_TEST

START_TEST(lines_and_group_are_printed_and_read)
{
    status_t status = plain(), read;
    status.lines = 3;
    status.lines_connected = 2;
    status.saved = 17;
    status.group = TEXT("btc");
    ck_assert(status_parse(printed(&status, ""), &read));
    ck_assert_ptr_nonnull(strstr(json, ",\"lines\":3,\"lines_connected\":2,\"saved\":17,\"group\":\"btc\",\"active\":false,"));
    ck_assert_uint_eq(read.lines, 3);
    ck_assert_uint_eq(read.lines_connected, 2);
    ck_assert_uint_eq(read.saved, 17);
    ck_assert(text_equal(read.group, TEXT("btc")));
    ck_assert(!read.active);
}
END_TEST

START_TEST(what_makes_no_sense_is_no_status)
{
    static const char *const odd[] = {",\"lines\":0,\"lines_connected\":0,\"saved\":0",
                                      ",\"lines\":2,\"lines_connected\":3,\"saved\":0",
                                      ",\"lines\":2",
                                      ",\"lines\":\"2\",\"lines_connected\":1,\"saved\":0",
                                      ",\"lines\":2,\"lines_connected\":1,\"saved\":-1",
                                      ",\"group\":7,\"active\":true",
                                      ",\"group\":\"\",\"active\":true",
                                      ",\"group\":\"a b\",\"active\":true",
                                      ",\"group\":\"btc\"",
                                      ",\"group\":\"btc\",\"active\":1"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        status_t status = plain(), read;
        ck_assert_msg(!status_parse(printed(&status, odd[i]), &read), "%s", odd[i]);
    }
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("status of lines and groups");
    tcase_add_test(tests, one_line_and_no_group_are_not_spoken_of);
    tcase_add_test(tests, lines_and_group_are_printed_and_read);
    tcase_add_test(tests, what_makes_no_sense_is_no_status);
    return RUN_TESTS("status_lines", tests);
}
