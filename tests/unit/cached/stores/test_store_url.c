#include <stdio.h>
#include <stdlib.h>

#include "cached/stores/store_url.h"
#include "tests/unit/run_tests.h"

static store_url_t url;

static const struct {
    const char *text, *user, *password, *host;
    int port;
    const char *path, *query;
} good[] = {
    {"redis://localhost", "", "", "localhost", 0, "", ""},
    {"redis://localhost:6380/3", "", "", "localhost", 6380, "3", ""},
    {"redis://:word@host", "", "word", "host", 0, "", ""},
    {"redis://user:p%40ss%2Fw%20rd@host:1/2?trades=5", "user", "p@ss/w rd", "host", 1, "2", "trades=5"},
    {"redis://user:p@ss@host", "user", "p@ss", "host", 0, "", ""},
    {"redis://[::1]:6379/0", "", "", "::1", 6379, "0", ""},
    {"redis://:word@/run/redis.sock?trades=7", "", "word", "", 0, "run/redis.sock", "trades=7"},
    {"redis:///run/redis.sock", "", "", "", 0, "run/redis.sock", ""},
};

START_TEST(parts_of_good_urls)
{
    const char *wrong = store_url_parse(&url, good[_i].text);
    ck_assert_msg(!wrong, "%s: %s", good[_i].text, wrong);
    ck_assert_str_eq(url.user, good[_i].user);
    ck_assert_str_eq(url.password, good[_i].password);
    ck_assert_str_eq(url.host, good[_i].host);
    ck_assert_int_eq(url.port, good[_i].port);
    ck_assert_str_eq(url.path, good[_i].path);
    ck_assert_str_eq(url.query, good[_i].query);
}
END_TEST

static const char *const bad[] = {
    "redis:",       "redis://host:0",        "redis://host:65536", "redis://host:x",      "redis://%4/",
    "redis://%zz/", "redis://user:%00@host", "redis://host/%",     "redis://[::1]:99999/"};

START_TEST(bad_urls_are_told_without_showing_them)
{
    const char *wrong = store_url_parse(&url, bad[_i]);
    ck_assert_msg(wrong, "taken: %s", bad[_i]);
    ck_assert_ptr_null(strstr(wrong, "user"));
}
END_TEST

START_TEST(a_url_that_is_too_long_is_refused)
{
    static char text[STORE_URL_MAX + 100];
    memset(text, 'a', sizeof text - 1);
    memcpy(text, "redis:///", 9);
    ck_assert_ptr_nonnull(store_url_parse(&url, text));
    ck_assert_ptr_nonnull(store_url_parse_path(&url, text));
}
END_TEST

START_TEST(numbers_of_the_query)
{
    uint64_t value = 9;
    ck_assert_ptr_null(store_url_parse(&url, "redis://host?retrades=1&trades=50&more=x&trades=60"));
    ck_assert(store_url_number(&url, "trades", &value));
    ck_assert_uint_eq(value, 50);
    ck_assert(!store_url_number(&url, "more", &value));
    ck_assert(store_url_number(&url, "absent", &value));
    ck_assert_uint_eq(value, 50);
}
END_TEST

START_TEST(a_url_is_shown_without_credentials)
{
    char shown[24];
    store_url_shown("redis://user:word@host/1?password=word", shown, sizeof shown);
    ck_assert_ptr_null(strstr(shown, "word"));
    ck_assert_ptr_nonnull(strstr(shown, "host"));
    store_url_shown("sqlite:///state/trades.db", shown, 8);
    ck_assert_str_eq(shown, "sqlite:");
    store_url_shown("memory:", shown, 1);
    ck_assert_str_eq(shown, "");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("store_url");
    tcase_add_loop_test(tests, parts_of_good_urls, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(tests, bad_urls_are_told_without_showing_them, 0, sizeof bad / sizeof *bad);
    tcase_add_test(tests, a_url_that_is_too_long_is_refused);
    tcase_add_test(tests, numbers_of_the_query);
    tcase_add_test(tests, a_url_is_shown_without_credentials);
    return RUN_TESTS("store_url", tests);
}
