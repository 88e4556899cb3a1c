#include "common/http_client/http_url.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static const struct {
    const char *url;
    bool valid;
    const char *host;
} urls[] = {
    {"http://a/b?c=d", true, "a:80"}, {"https://[::1]:8443/x", true, "[::1]:8443"},
    {"HTTPS://A.b", true, "A.b:443"}, {"ws://a/", false, "a:"},
    {"ftp://a/", false, "a:21"},      {"file:///etc/passwd", false, "?"},
    {"http://u:p@a/", false, "?"},    {"http://", false, "?"},
    {"no url", false, "?"},           {"", false, "?"},
};

START_TEST(only_urls_of_the_web_without_a_user_are_valid)
{
    const char *wrong = "";
    char host[HTTP_URL_HOST_MAX];
    ck_assert_int_eq(http_url_valid(urls[_i].url, &wrong), urls[_i].valid);
    ck_assert_uint_gt(strlen(wrong), 0);
    http_url_print_host(urls[_i].url, host);
    if (urls[_i].valid)
        ck_assert_str_eq(host, urls[_i].host);
}
END_TEST

static const struct {
    const char *one, *other;
    bool same;
} origins[] = {
    {"https://a/x", "https://A:443/y?z", true}, {"http://a/", "http://a:80", true},      {"http://a/", "https://a/", false},
    {"https://a/", "https://b/", false},        {"https://a/", "https://a:444/", false}, {"https://a/", "nonsense", false},
};

START_TEST(origins_are_scheme_host_and_port)
{
    ck_assert_int_eq(http_url_same_origin(origins[_i].one, origins[_i].other), origins[_i].same);
}
END_TEST

static const struct {
    const char *base, *reference, *wanted; /* NULL: it is refused */
} references[] = {
    {"https://a/trades?x=1", "/trades?page=2", "https://a/trades?page=2"},
    {"https://a/b/trades", "?page=2", "https://a/b/trades?page=2"},
    {"https://a/b/trades", "more", "https://a/b/more"},
    {"https://a/b", "https://c/d#e", "https://c/d"},
    {"https://a/b", "//c/d", "https://c/d"},
    {"https://a/b", "ftp://c/d", NULL},
    {"https://a/b", "file:///etc/passwd", NULL},
    {"https://a/b", "https://u:p@a/", NULL},
    {"https://a/b", "a b", NULL},
    {"https://a/b", "a\r\nHost: c", NULL},
    {"https://a/b", "", NULL},
};

START_TEST(a_reference_is_resolved_where_it_was_found)
{
    buffer_t out = buffer_new(0);
    const char *wanted = references[_i].wanted;
    bool resolved = http_url_resolve(references[_i].base, text_of(references[_i].reference), &out);
    ck_assert_int_eq(resolved, wanted != NULL);
    if (wanted)
        ck_assert_str_eq(out.bytes, wanted);
    buffer_release(&out);
}
END_TEST

static const struct {
    const char *url, *name, *value, *wanted;
} parameters[] = {
    {"https://a/b", "after", "7", "https://a/b?after=7"},
    {"https://a/b?", "after", "7", "https://a/b?after=7"},
    {"https://a/b?x=1", "after", "7", "https://a/b?x=1&after=7"},
    {"https://a/b?after=6&x=1#y", "after", "7", "https://a/b?x=1&after=7"},
    {"https://a/b?after&afterwards=1", "after", "7", "https://a/b?afterwards=1&after=7"},
    {"https://a/b", "at", "2025-11-10T17:24:33Z & more/?#%\xc3\xa9",
     "https://a/b?at=2025-11-10T17%3A24%3A33Z%20%26%20more%2F%3F%23%25%C3%A9"},
};

START_TEST(a_parameter_is_set_and_its_value_escaped)
{
    buffer_t out = buffer_new(0);
    http_url_set_parameter(text_of(parameters[_i].url), text_of(parameters[_i].name), text_of(parameters[_i].value), &out);
    buffer_append(&out, (text_t){"", 1});
    ck_assert_str_eq(out.bytes, parameters[_i].wanted);
    buffer_release(&out);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("http_url");
    tcase_add_loop_test(tests, only_urls_of_the_web_without_a_user_are_valid, 0, sizeof urls / sizeof *urls);
    tcase_add_loop_test(tests, origins_are_scheme_host_and_port, 0, sizeof origins / sizeof *origins);
    tcase_add_loop_test(tests, a_reference_is_resolved_where_it_was_found, 0, sizeof references / sizeof *references);
    tcase_add_loop_test(tests, a_parameter_is_set_and_its_value_escaped, 0, sizeof parameters / sizeof *parameters);
    return RUN_TESTS("http_url", tests);
}
