#include "common/clock.h"
#include "common/log.h"
#include "connectord/backfill/rest_hosts.h"
#include "tests/unit/http_answers.h"
#include "tests/unit/run_tests.h"

enum { MINUTE_MS = 60000, MANY = 1000 };

static loop_t *loop;
static rest_hosts_t *hosts;
static rest_host_t *host;
static http_answers_t server;
static const char *status, *headers;
static int answered;
static http_client_result_t result;
static size_t length;

static void answer(http_answers_t *self, const char *request, buffer_t *out)
{
    (void)self, (void)request;
    http_answers_print(out, status, headers, TEXT("[]"));
}

static void set_up(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    status = "200 OK";
    headers = "";
    answered = 0;
    loop = loop_new();
    http_answers_start(&server, loop, answer);
    hosts = rest_hosts_new(loop);
    host = rest_hosts_find(hosts, server.url, "", MANY, MINUTE_MS);
    ck_assert_ptr_nonnull(host);
}

static void tear_down(void)
{
    rest_hosts_destroy(&hosts);
    http_answers_stop(&server);
    loop_destroy(&loop);
}

static void on_answer(void *arg, const http_client_answer_t *answer)
{
    rest_host_answered(arg, answer);
    result = answer->result;
    length = answer->body.length;
    answered++;
}

static http_transfer_t *ask_of(rest_host_t *asked, const char *path, const char *header)
{
    char error[HTTP_CLIENT_ERROR_MAX];
    const rest_question_t question = {server.url, text_of(path), header};
    return rest_host_ask(asked, &question, on_answer, asked, error);
}

static void wait_for(const int *count, int wanted)
{
    while (*count < wanted)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

static void ask_and_wait(rest_host_t *asked)
{
    ck_assert_ptr_nonnull(ask_of(asked, "/", NULL));
    wait_for(&answered, answered + 1);
}

START_TEST(a_question_has_its_path_and_its_header)
{
    ck_assert_uint_eq(rest_host_wait_ms(host), 0);
    ck_assert_ptr_nonnull(ask_of(host, "/trades?after=7", "X-Key: 5"));
    wait_for(&answered, 1);
    ck_assert_int_eq(result, HTTP_CLIENT_ANSWERED);
    ck_assert_uint_eq(length, 2);
    ck_assert_ptr_nonnull(strstr(server.request, "GET /trades?after=7 HTTP/1.1\r\n"));
    ck_assert_ptr_nonnull(strstr(server.request, "\r\nX-Key: 5\r\n"));
    ck_assert_uint_eq(rest_host_wait_ms(host), 0);
}
END_TEST

START_TEST(a_host_is_one_whoever_asks_it)
{
    char url[80];
    snprintf(url, sizeof url, "%s/api", server.url);
    ck_assert_ptr_eq(rest_hosts_find(hosts, server.url, "", 1, 1), host);
    ck_assert_ptr_eq(rest_hosts_find(hosts, url, "", 1, 1), host);
    ck_assert_ptr_ne(rest_hosts_find(hosts, "http://127.0.0.1:1", "", 1, MINUTE_MS), host);
    ck_assert_ptr_eq(rest_hosts_find(hosts, server.url, "", 1, 1), host); /* stays */
}
END_TEST

START_TEST(no_more_are_asked_than_the_host_takes)
{
    rest_host_t *narrow = rest_hosts_find(hosts, "http://127.0.0.2", "", 10, MINUTE_MS);
    for (int i = 0; i < 5; i++) { /* half of them at once: limiter.h */
        ck_assert_uint_eq(rest_host_wait_ms(narrow), 0);
        ask_and_wait(narrow);
    }
    ck_assert_uint_gt(rest_host_wait_ms(narrow), 0);
    ck_assert_uint_le(rest_host_wait_ms(narrow), MINUTE_MS / 5);
    ck_assert_uint_eq(rest_host_wait_ms(host), 0); /* another one */
}
END_TEST

START_TEST(few_are_under_way_at_once)
{
    http_transfer_t *transfers[REST_AT_ONCE];
    server.mute = true;
    for (int i = 0; i < REST_AT_ONCE; i++) {
        ck_assert_uint_eq(rest_host_wait_ms(host), 0);
        transfers[i] = ask_of(host, "/", NULL);
    }
    wait_for(&server.requests, 1); /* libcurl lets others wait until it knows what the server speaks */
    ck_assert_uint_gt(rest_host_wait_ms(host), 0);
    http_transfer_cancel(&transfers[2]);
    rest_host_answered(host, NULL);
    ck_assert_uint_eq(rest_host_wait_ms(host), 0);
    ck_assert_int_eq(answered, 0);
    rest_hosts_destroy(&hosts); /* with what is under way */
    ck_assert_int_eq(answered, 0);
}
END_TEST

START_TEST(what_cannot_be_asked_holds_no_place)
{
    static char path[HTTP_CLIENT_URL_MAX + 1];
    memset(path, 'x', sizeof path - 1);
    path[0] = '/';
    for (int i = 0; i < 2 * REST_AT_ONCE; i++)
        ck_assert_ptr_null(ask_of(host, path, NULL));
    ck_assert_ptr_null(ask_of(host, "/", "no\r\nheader"));
    ck_assert_uint_eq(rest_host_wait_ms(host), 0);
    ask_and_wait(host);
    ck_assert_int_eq(answered, 1);
}
END_TEST

static const struct {
    const char *status, *headers;
    uint64_t wait_ms; /* at most */
} refusals[] = {
    {"429 Too Many Requests", "", REST_PAUSE_MS},
    {"429 Too Many Requests", "Retry-After: 70\r\n", 70000},
    {"418 I'm a teapot", "", REST_PAUSE_MS},
    {"418 I'm a teapot", "Retry-After: 120\r\n", 120000},
    {"503 Service Unavailable", "Retry-After: 30\r\n", 30000},
    {"503 Service Unavailable", "", 0},
    {"500 Internal Server Error", "", 0},
    {"200 OK", "", 0},
};

START_TEST(a_host_is_left_alone_for_as_long_as_it_asks_to_be)
{
    uint64_t wanted_ms = refusals[_i].wait_ms;
    status = refusals[_i].status;
    headers = refusals[_i].headers;
    ask_and_wait(host);
    ck_assert_uint_le(rest_host_wait_ms(host), wanted_ms + 1);
    ck_assert(wanted_ms < 10000 || rest_host_wait_ms(host) > wanted_ms - 10000);
    ck_assert_int_eq(wanted_ms >= REST_PAUSE_MS, rest_host_wait_ms(host) > 0);
}
END_TEST

START_TEST(a_shorter_pause_does_not_shorten_a_longer_one)
{
    status = "429 Too Many Requests";
    headers = "Retry-After: 70\r\n";
    ask_and_wait(host);
    headers = "Retry-After: 1\r\n";
    ask_and_wait(host); /* was under way */
    ck_assert_uint_gt(rest_host_wait_ms(host), 60000);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_question_has_its_path_and_its_header, a_host_is_one_whoever_asks_it,
                                  no_more_are_asked_than_the_host_takes,  few_are_under_way_at_once,
                                  what_cannot_be_asked_holds_no_place,    a_shorter_pause_does_not_shorten_a_longer_one};
    TCase *cases = TEST_CASE(set_up, tear_down, tests);
    tcase_add_loop_test(cases, a_host_is_left_alone_for_as_long_as_it_asks_to_be, 0, sizeof refusals / sizeof *refusals);
    return RUN_TESTS("rest_hosts", cases);
}
