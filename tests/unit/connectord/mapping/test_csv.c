#include "connectord/mapping/csv.h"

#include "common/json/json.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

/* All that a text is read as, a line for each row or fault. */
static void read_all(text_t text, char *out, size_t size)
{
    csv_t csv;
    char error[CSV_ERROR_MAX];
    text_t row;
    csv_result_t result;
    size_t length = 0;
    out[0] = '\0';
    if (!csv_open(&csv, text, error))
        snprintf(out, size, "! %s\n", error);
    else
        while ((result = csv_next(&csv, &row, error)) != CSV_END) {
            if (result == CSV_ROW)
                ck_assert(json_valid(row));
            length += (size_t)(result == CSV_ROW ? snprintf(out + length, size - length, "%.*s\n", TEXT_ARG(row))
                                                 : snprintf(out + length, size - length, "! %s\n", error));
        }
    csv_release(&csv);
}

static const struct {
    const char *text, *wanted;
} cases[] = {
    {"a,b\r\n1,2\r\n", "{\"a\":\"1\",\"b\":\"2\"}\n"},
    {"a,b\n1,2\n3,4", "{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"3\",\"b\":\"4\"}\n"},
    {"\xef\xbb\xbf"
     "a\n1\n",
     "{\"a\":\"1\"}\n"},
    {"a,b\n", ""},
    {"a,b", ""},
    {"\n\r\na\n\n1\n\r\n\n2\n\n", "{\"a\":\"1\"}\n{\"a\":\"2\"}\n"},
    {"a,b\n,\n", "{\"a\":\"\",\"b\":\"\"}\n"},
    {",b\n1,2\n", "{\"\":\"1\",\"b\":\"2\"}\n"},
    {"a,b\n 1 ,\t2\n", "{\"a\":\" 1 \",\"b\":\"\\t2\"}\n"},
    {"\"a,\"\"x\",b\n\"1,\"\"2\",\"3\r\n4\"\n", "{\"a,\\\"x\":\"1,\\\"2\",\"b\":\"3\\r\\n4\"}\n"},
    {"a\n\"\"\n", "{\"a\":\"\"}\n"},
    {"a,b\n1\n2,3,4\n5,6\n",
     "! line 2: expected 2 columns, found 1\n! line 3: expected 2 columns, found 3\n{\"a\":\"5\",\"b\":\"6\"}\n"},
    {"a,b\n\"1\"x,2\n3,4\n", "! line 2: expected a comma or a line's end behind a quote, found x\n{\"a\":\"3\",\"b\":\"4\"}\n"},
    {"a,b\n1\"x\",2\n3,4\n", "! line 2: expected no quote within a value, found one behind 1\n{\"a\":\"3\",\"b\":\"4\"}\n"},
    {"a\n1\n\"2\n3", "{\"a\":\"1\"}\n! line 3: expected a quote at the end of a value, found the end of the text\n"},
    {"a\n\"1\n2\"\n\xff\n3\n", "{\"a\":\"1\\n2\"}\n! line 4: expected UTF-8, found something else\n{\"a\":\"3\"}\n"},
    {"a\n1\r2\n", "{\"a\":\"1\\r2\"}\n"},
    {"", "! line 1: expected the names of columns, found nothing\n"},
    {"\n\n", "! line 3: expected the names of columns, found nothing\n"},
    {"a,a\n", "! line 1: expected columns of different names, found twice a\n"},
    {"\xff\n1\n", "! line 1: expected UTF-8 in the names of the columns, found something else\n"},
    {"\"a\n1\n", "! line 1: expected a quote at the end of a value, found the end of the text\n"},
};

START_TEST(a_text_is_read_row_by_row)
{
    char found[1024];
    read_all(text_of(cases[_i].text), found, sizeof found);
    ck_assert_str_eq(found, cases[_i].wanted);
}
END_TEST

START_TEST(more_columns_than_there_may_be_are_refused)
{
    char text[4096] = "a0", found[200];
    for (int i = 1; i <= CSV_COLUMNS_MAX; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), ",a%d", i);
    read_all(text_of(text), found, sizeof found);
    ck_assert_str_eq(found, "! line 1: expected at most 256 columns, found more\n");
    *strrchr(text, ',') = '\0';
    read_all(text_of(text), found, sizeof found);
    ck_assert_str_eq(found, "");
}
END_TEST

START_TEST(a_row_that_is_too_long_costs_itself)
{
    size_t length = 3 * CSV_ROW_MAX;
    char *text = malloc(length), found[200];
    ck_assert_ptr_nonnull(text);
    memset(text, 'x', length);
    memcpy(text, "a\n", 2);
    memcpy(text + length - 3, "\n1\n", 3);
    read_all((text_t){text, length}, found, sizeof found);
    ck_assert_str_eq(found, "! line 2: expected a row of at most 64 KiB, found more\n{\"a\":\"1\"}\n");
    free(text);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("csv");
    tcase_add_loop_test(tests, a_text_is_read_row_by_row, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tests, more_columns_than_there_may_be_are_refused);
    tcase_add_test(tests, a_row_that_is_too_long_costs_itself);
    return RUN_TESTS("csv", tests);
}
