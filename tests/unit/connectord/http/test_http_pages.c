#include "connectord/http/http_pages.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static http_protocol_t *protocol;
static http_pages_t pages;
static char error[HTTP_PAGES_ERROR_MAX];

static void begin(const char *json, const char *base)
{
    char wrong[MAPPING_ERROR_MAX];
    protocol = http_protocol_new(text_of(json), wrong);
    ck_assert_msg(protocol != NULL, "%s", wrong);
    ck_assert(http_pages_init(&pages, protocol, text_of(base)));
}

static void tear_down(void)
{
    http_pages_release(&pages);
    http_protocol_destroy(&protocol);
}

static http_pages_result_t read_page(const char *json, const char *etag)
{
    error[0] = '\0';
    return http_pages_read(&pages, text_of(json), text_of(etag), TEXT(""), error);
}

START_TEST(without_a_next_there_is_one_page)
{
    begin("{}", "http://a/t?x=1");
    ck_assert_str_eq(http_pages_url(&pages), "http://a/t?x=1");
    ck_assert_int_eq(read_page("{\"next\":\"/u\"}", ""), HTTP_PAGES_END);
    ck_assert_int_eq(http_pages_unchanged(&pages), HTTP_PAGES_END);
}
END_TEST

START_TEST(a_url_leads_to_the_next_page_until_there_is_none)
{
    static const char *const ends[] = {"{}", "{\"next\":null}", "{\"next\":\"\"}", "{\"next\":false}", "[]", "[1,\"/u\"]"};
    begin("{\"next\": \"/next\"}", "http://a/t");
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        ck_assert(http_pages_first(&pages, TEXT("")));
        ck_assert_int_eq(read_page("{\"next\":\"/u\\u003fp=2\"}", ""), HTTP_PAGES_MORE);
        ck_assert_str_eq(http_pages_url(&pages), "http://a/u?p=2");
        ck_assert_int_eq(read_page(ends[i], ""), HTTP_PAGES_END);
    }
}
END_TEST

START_TEST(a_cursor_is_set_beside_what_was_had)
{
    begin("{\"next\": {\"cursor\": \"/c\", \"parameter\": \"page\"}, \"since\": {\"parameter\": \"after\", \"from\": \"id\"}}",
          "http://a/t");
    ck_assert(http_pages_first(&pages, TEXT("7&8")));
    ck_assert_str_eq(http_pages_url(&pages), "http://a/t?after=7%268");
    ck_assert_int_eq(read_page("{\"c\":12}", ""), HTTP_PAGES_MORE);
    ck_assert_str_eq(http_pages_url(&pages), "http://a/t?after=7%268&page=12");
    ck_assert_int_eq(read_page("{\"c\":\"x=y\"}", ""), HTTP_PAGES_MORE);
    ck_assert_str_eq(http_pages_url(&pages), "http://a/t?after=7%268&page=x%3Dy");
    ck_assert_int_eq(read_page("{\"c\":\"x=y\"}", ""), HTTP_PAGES_BAD);
}
END_TEST

START_TEST(pages_are_bounded)
{
    begin("{\"next\": \"/next\", \"pages\": 2}", "http://a/t");
    ck_assert_int_eq(read_page("{\"next\":\"/2\"}", ""), HTTP_PAGES_MORE);
    ck_assert_int_eq(read_page("{\"next\":\"/3\"}", ""), HTTP_PAGES_CUT);
}
END_TEST

static const struct {
    const char *json, *error;
} bad[] = {
    {"{\"next\":\"https://a/t\"}", "next (/next): expected a URL of the same scheme and host, found one of a:443"},
    {"{\"next\":\"//b/t\"}", "next (/next): expected a URL of the same scheme and host, found one of b:80"},
    {"{\"next\":\"file:///etc/passwd\"}", "next (/next): expected a URL, found file:///etc/passwd"},
    {"{\"next\":\"a b\"}", "next (/next): expected a URL, found a b"},
    {"{\"next\":{}}", "next (/next): expected a text, found {}"},
    {"{\"next\":true}", "next (/next): expected a text, found true"},
    {"{\"next\":\"/u\",\"next\":\"/v\"}", "next (/next): expected once, found twice"},
    {"{\"next\":\"/t\"}", "next (/next): expected another page, found the same again"},
};

START_TEST(what_leads_elsewhere_is_named)
{
    begin("{\"next\": \"/next\"}", "http://a/t");
    ck_assert_int_eq(read_page(bad[_i].json, "\"1\""), HTTP_PAGES_BAD);
    ck_assert_str_eq(error, bad[_i].error);
    ck_assert_uint_eq(http_pages_etag(&pages).length, 0);
}
END_TEST

START_TEST(each_page_is_known_by_its_etag_and_leads_on_unchanged)
{
    begin("{\"next\": \"/next\"}", "http://a/t");
    ck_assert_uint_eq(http_pages_etag(&pages).length, 0);
    ck_assert_int_eq(read_page("{\"next\":\"/2\"}", "\"one\""), HTTP_PAGES_MORE);
    ck_assert_uint_eq(http_pages_etag(&pages).length, 0);
    ck_assert_int_eq(read_page("{}", "\"two\""), HTTP_PAGES_END);
    ck_assert(http_pages_first(&pages, TEXT("")));
    ck_assert(text_equal(http_pages_etag(&pages), TEXT("\"one\"")));
    ck_assert_int_eq(http_pages_unchanged(&pages), HTTP_PAGES_MORE);
    ck_assert_str_eq(http_pages_url(&pages), "http://a/2");
    ck_assert(text_equal(http_pages_etag(&pages), TEXT("\"two\"")));
    ck_assert_int_eq(http_pages_unchanged(&pages), HTTP_PAGES_END);
    http_pages_forget(&pages);
    ck_assert_uint_eq(http_pages_etag(&pages).length, 0);
    ck_assert(http_pages_first(&pages, TEXT("")));
    ck_assert_uint_gt(http_pages_etag(&pages).length, 0);
    http_pages_forget_all(&pages);
    ck_assert_uint_eq(http_pages_etag(&pages).length, 0);
}
END_TEST

START_TEST(an_etag_belongs_to_its_url)
{
    begin("{\"since\": {\"parameter\": \"after\", \"from\": \"id\"}}", "http://a/t");
    ck_assert_int_eq(read_page("{}", "\"one\""), HTTP_PAGES_END);
    ck_assert(http_pages_first(&pages, TEXT("7")));
    ck_assert_uint_eq(http_pages_etag(&pages).length, 0);
    ck_assert_int_eq(http_pages_read(&pages, TEXT("{}"), TEXT(""), TEXT("yesterday"), error), HTTP_PAGES_END);
    ck_assert(http_pages_first(&pages, TEXT("7")));
    ck_assert(text_equal(http_pages_modified(&pages), TEXT("yesterday")));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("http_pages");
    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_test(tests, without_a_next_there_is_one_page);
    tcase_add_test(tests, a_url_leads_to_the_next_page_until_there_is_none);
    tcase_add_test(tests, a_cursor_is_set_beside_what_was_had);
    tcase_add_test(tests, pages_are_bounded);
    tcase_add_loop_test(tests, what_leads_elsewhere_is_named, 0, sizeof bad / sizeof *bad);
    tcase_add_test(tests, each_page_is_known_by_its_etag_and_leads_on_unchanged);
    tcase_add_test(tests, an_etag_belongs_to_its_url);
    return RUN_TESTS("http_pages", tests);
}
