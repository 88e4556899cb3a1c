/* Where in a request its token stands. */
#include "gatewayd/admission/bearer.h"

#include "tests/unit/run_tests.h"

#include <stdio.h>

static const struct {
    const char *header, *query, *token;
} requests[] = {
    {"Authorization: Bearer a.b.c", "", "a.b.c"},
    {"authorization: bearer a.b.c", "", "a.b.c"},
    {"Authorization: BEARER  abc ", "", "abc"},
    {"Authorization: Bearer", "", ""},
    {"Authorization: Basic abc", "", ""},
    {"Authorization: Bearerabc", "", ""},
    {"X: y", "", ""},
    {"X: y", "?access_token=abc", "abc"},
    {"X: y", "?count=1&access_token=a%2eb", "a.b"},
    {"X: y", "?access_token=abc&access_token=def", "abc"},
    {"X: y", "?access_tokens=abc", ""},
    {"X: y", "?xaccess_token=abc", ""},
    {"X: y", "?access_token", ""},
    {"X: y", "?access_token=", ""},
    {"X: y", "?access_token=a%zz", "a%zz"},
    {"Authorization: Bearer abc", "?access_token=def", "abc"},
    {"Authorization: Basic abc", "?access_token=def", "def"},
};

START_TEST(a_token_stands_in_a_header_or_in_the_query)
{
    char text[256], room[HTTP_HEAD_MAX];
    http_request_t request;
    http_refusal_t refusal;
    size_t length;
    snprintf(text, sizeof text, "GET /x%s HTTP/1.1\r\nHost: h\r\n%s\r\n\r\n", requests[_i].query, requests[_i].header);
    ck_assert_int_eq(http_request_read(&request, text_of(text), &length, &refusal), HTTP_WHOLE);
    text_t found = bearer_token(&request, room);
    ck_assert_msg(text_equal(found, text_of(requests[_i].token)), "%s: found %.*s", text, TEXT_ARG(found));
}
END_TEST

int main(void)
{
    TCase *table = tcase_create("table");
    tcase_add_loop_test(table, a_token_stands_in_a_header_or_in_the_query, 0, sizeof requests / sizeof *requests);
    return RUN_TESTS("bearer", table);
}
