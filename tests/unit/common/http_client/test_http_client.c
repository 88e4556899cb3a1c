#include "common/http_client/http_client.h"

#include "common/clock.h"
#include "common/log.h"
#include "tests/unit/http_answers.h"
#include "tests/unit/run_tests.h"

#include <zlib.h>

enum { BODY_MAX = 1000 };

static loop_t *loop;
static http_client_t *client;
static http_answers_t server, other;
static char error[HTTP_CLIENT_ERROR_MAX];

/* The answer, copied. */
static struct {
    int count;
    http_client_result_t result;
    unsigned status;
    uint32_t retry_after_ms;
    char error[HTTP_CLIENT_ERROR_MAX], type[80], etag[80], modified[80], body[BODY_MAX + 1];
} got;
static bool inside;

static void copy(char *out, size_t size, text_t text)
{
    snprintf(out, size, "%.*s", TEXT_ARG(text));
}

static void on_answer(void *arg, const http_client_answer_t *answer)
{
    ck_assert_ptr_eq(arg, &got);
    ck_assert_msg(!inside, "a callback from within a call");
    got.count++;
    got.result = answer->result;
    got.status = answer->status;
    got.retry_after_ms = answer->retry_after_ms;
    copy(got.error, sizeof got.error, text_of(answer->error));
    copy(got.type, sizeof got.type, answer->content_type);
    copy(got.etag, sizeof got.etag, answer->etag);
    copy(got.modified, sizeof got.modified, answer->last_modified);
    copy(got.body, sizeof got.body, answer->body);
    uv_stop(loop_uv(loop));
}

static http_transfer_t *ask(const char *url, const text_t *headers, size_t header_count, uint32_t timeout_ms)
{
    http_client_request_t request = {.url = url,
                                     .headers = headers,
                                     .header_count = header_count,
                                     .connect_ms = 5000,
                                     .timeout_ms = timeout_ms,
                                     .body_max = BODY_MAX};
    inside = true;
    http_transfer_t *transfer = http_client_get(client, &request, on_answer, &got, error);
    inside = false;
    return transfer;
}

static void get(const char *path)
{
    char url[512];
    static const text_t headers[] = {TEXT_CONST("Authorization: Bearer s3cret"), TEXT_CONST("X-Key: s3cret")};
    snprintf(url, sizeof url, "%s%s", server.url, path);
    memset(&got, 0, sizeof got);
    ck_assert_msg(ask(url, headers, 2, 10000) != NULL, "%s", error);
    while (got.count == 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

static void answer_gzip(buffer_t *out, const char *text, size_t length)
{
    unsigned char packed[4096];
    z_stream stream = {.next_in = (unsigned char *)(uintptr_t)text,
                       .avail_in = (unsigned)length,
                       .next_out = packed,
                       .avail_out = sizeof packed};
    ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    http_answers_print(out, "200 OK", "Content-Encoding: gzip\r\n", (text_t){(char *)packed, stream.total_out});
}

static bool asks(const char *request, const char *path)
{
    return strncmp(request, "GET ", 4) == 0 && strncmp(request + 4, path, strlen(path)) == 0;
}

static void answer(http_answers_t *self, const char *request, buffer_t *out)
{
    char headers[200];
    static char zeros[100000];
    if (asks(request, "/plain"))
        http_answers_print(out, "200 OK",
                           "Content-Type: application/json; charset=utf-8\r\nETag: \"7\"\r\n"
                           "Last-Modified: Mon, 10 Nov 2025 17:24:33 GMT\r\n",
                           TEXT("{\"a\":1}"));
    else if (asks(request, "/gzip"))
        answer_gzip(out, "{\"packed\":true}", 15);
    else if (asks(request, "/bomb"))
        answer_gzip(out, zeros, sizeof zeros);
    else if (asks(request, "/limit"))
        http_answers_print(out, "200 OK", "", (text_t){memset(zeros, 'x', BODY_MAX), BODY_MAX});
    else if (asks(request, "/large"))
        http_answers_print(out, "200 OK", "", (text_t){zeros, BODY_MAX + 1});
    else if (asks(request, "/chunked"))
        buffer_printf(out, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2000\r\n%08192d\r\n0\r\n\r\n", 0);
    else if (asks(request, "/headers"))
        buffer_printf(out, "HTTP/1.1 200 OK\r\nX: %070000d\r\nContent-Length: 0\r\n\r\n", 0);
    else if (asks(request, "/cut"))
        buffer_printf(out, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":");
    else if (asks(request, "/garbage"))
        buffer_printf(out, "\x16\x03\x01nonsense\r\n\r\n");
    else if (asks(request, "/later"))
        http_answers_print(out, "429 Too Many Requests", "Retry-After: 7\r\n", TEXT("no"));
    else if (asks(request, "/much-later"))
        http_answers_print(out, "503 Service Unavailable", "Retry-After: 99999999\r\n", TEXT(""));
    else if (asks(request, "/loop"))
        http_answers_print(out, "302 Found", "Location: /loop\r\n", TEXT(""));
    else if (asks(request, "/moved"))
        http_answers_print(out, "301 Moved Permanently", "Location: /plain\r\n", TEXT("{}"));
    else if (asks(request, "/file"))
        http_answers_print(out, "302 Found", "Location: file:///etc/passwd\r\n", TEXT(""));
    else if (asks(request, "/elsewhere")) {
        snprintf(headers, sizeof headers, "Location: %s/plain\r\n", other.url);
        http_answers_print(out, "302 Found", headers, TEXT(""));
    } else if (asks(request, "/mute"))
        self->mute = true;
    else
        http_answers_print(out, "404 Not Found", "", TEXT("none"));
}

static void set_up(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    loop = loop_new();
    http_answers_start(&server, loop, answer);
    http_answers_start(&other, loop, answer);
    client = http_client_new(loop, "");
    ck_assert_ptr_nonnull(client);
}

static void tear_down(void)
{
    http_client_destroy(&client);
    http_answers_stop(&server);
    http_answers_stop(&other);
    loop_destroy(&loop);
}

START_TEST(an_answer_comes_whole_with_what_it_is_known_by)
{
    get("/plain");
    ck_assert_int_eq(got.result, HTTP_CLIENT_ANSWERED);
    ck_assert_uint_eq(got.status, 200);
    ck_assert_str_eq(got.body, "{\"a\":1}");
    ck_assert_str_eq(got.type, "application/json; charset=utf-8");
    ck_assert_str_eq(got.etag, "\"7\"");
    ck_assert_str_eq(got.modified, "Mon, 10 Nov 2025 17:24:33 GMT");
    ck_assert_str_eq(got.error, "");
    ck_assert_ptr_nonnull(strstr(server.request, "\r\nAuthorization: Bearer s3cret\r\n"));
    ck_assert_ptr_nonnull(strstr(server.request, "\r\nAccept-Encoding: "));
    get("/none");
    ck_assert_uint_eq(got.status, 404);
    ck_assert_int_eq(got.result, HTTP_CLIENT_ANSWERED);
    ck_assert_int_eq(server.connections, 1); /* kept */
}
END_TEST

START_TEST(what_is_packed_is_unpacked_up_to_the_bound)
{
    get("/gzip");
    ck_assert_str_eq(got.body, "{\"packed\":true}");
    get("/bomb");
    ck_assert_int_eq(got.result, HTTP_CLIENT_TOO_LARGE);
    ck_assert_str_eq(got.body, "");
}
END_TEST

static const char *const large[] = {"/large", "/chunked"};

START_TEST(a_larger_body_than_is_wanted_is_dropped_and_named)
{
    char wanted[200];
    get("/limit");
    ck_assert_uint_eq(strlen(got.body), BODY_MAX);
    get(large[_i]);
    ck_assert_int_eq(got.result, HTTP_CLIENT_TOO_LARGE);
    ck_assert_uint_eq(got.status, 200);
    snprintf(wanted, sizeof wanted, "%.40s: expected at most 1000 bytes, found more", server.url + strlen("http://"));
    ck_assert_str_eq(got.error, wanted);
    get("/plain");
    ck_assert_str_eq(got.body, "{\"a\":1}");
}
END_TEST

static const struct {
    const char *path, *error;
    bool hangs_up;
} failures[] = {
    {"/headers", "bytes of headers, found more", false},
    {"/cut", "expected an answer, found: ", true},
    {"/garbage", "expected an answer, found: ", true},
    {"/loop", "expected at most 5 redirects, found more", false},
    {"/file", "expected a redirect to an http:// or https:// URL, found another", false},
};

START_TEST(what_is_no_answer_is_named_and_the_next_one_is_good)
{
    server.hangs_up = failures[_i].hangs_up;
    get(failures[_i].path);
    ck_assert_int_eq(got.result, HTTP_CLIENT_FAILED);
    ck_assert_msg(strstr(got.error, failures[_i].error) && strstr(got.error, "127.0.0.1:"), "%s", got.error);
    server.hangs_up = false;
    get("/plain");
    ck_assert_str_eq(got.body, "{\"a\":1}");
}
END_TEST

START_TEST(a_redirect_is_followed_and_only_its_own_origin_gets_the_headers)
{
    get("/moved");
    ck_assert_str_eq(got.body, "{\"a\":1}");
    ck_assert_ptr_nonnull(strstr(server.request, "GET /plain "));
    ck_assert_ptr_nonnull(strstr(server.request, "s3cret"));
    get("/elsewhere");
    ck_assert_str_eq(got.body, "{\"a\":1}");
    ck_assert_int_eq(other.requests, 1);
    ck_assert_ptr_null(strstr(other.request, "s3cret"));
}
END_TEST

START_TEST(retry_after_is_told_up_to_an_hour)
{
    get("/later");
    ck_assert_uint_eq(got.status, 429);
    ck_assert_uint_eq(got.retry_after_ms, 7000);
    get("/much-later");
    ck_assert_uint_eq(got.retry_after_ms, 3600000);
}
END_TEST

START_TEST(silence_ends_at_the_timeout)
{
    char url[200];
    snprintf(url, sizeof url, "%s/mute", server.url);
    memset(&got, 0, sizeof got);
    int64_t begun_ns = clock_mono_ns();
    ck_assert_ptr_nonnull(ask(url, NULL, 0, 200));
    while (got.count == 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    ck_assert_int_ge(clock_mono_ns() - begun_ns, 150 * NS_PER_MS);
    ck_assert_int_eq(got.result, HTTP_CLIENT_FAILED);
    ck_assert_ptr_nonnull(strstr(got.error, "expected an answer within 200 ms"));
}
END_TEST

START_TEST(nobody_there_and_no_such_host_are_different_failures)
{
    char url[64];
    memset(&got, 0, sizeof got);
    ck_assert_ptr_nonnull(ask("http://no-such-host.invalid/", NULL, 0, 20000));
    while (got.count == 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    ck_assert_int_eq(got.result, HTTP_CLIENT_LOOKUP);
    ck_assert_ptr_nonnull(strstr(got.error, "no-such-host.invalid:80: expected an answer, found: "));
    snprintf(url, sizeof url, "%s", other.url);
    http_answers_stop(&other);
    other.answer = NULL;
    memset(&got, 0, sizeof got);
    ck_assert_ptr_nonnull(ask(url, NULL, 0, 5000));
    while (got.count == 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    ck_assert_int_eq(got.result, HTTP_CLIENT_FAILED);
}
END_TEST

static const char *const invalid[] = {"ws://a/", "ftp://a/", "http://", "nonsense", "http://u:p@a/", "file:///etc/passwd"};

START_TEST(another_url_is_refused_at_once)
{
    ck_assert_ptr_null(ask(invalid[_i], NULL, 0, 1000));
    ck_assert_uint_gt(strlen(error), 0);
    ck_assert_ptr_null(strstr(error, "u:p"));
}
END_TEST

static const text_t no_headers[] = {TEXT_CONST("A"), TEXT_CONST(": b"), TEXT_CONST("A: b\r\nC: d"), TEXT_CONST("A b: c")};

START_TEST(a_header_that_is_two_is_refused)
{
    ck_assert_ptr_null(ask(server.url, &no_headers[_i], 1, 1000));
    ck_assert_ptr_nonnull(strstr(error, "header 1"));
}
END_TEST

START_TEST(nothing_comes_of_what_was_cancelled_or_of_a_client_that_is_gone)
{
    char url[200];
    snprintf(url, sizeof url, "%s/plain", server.url);
    memset(&got, 0, sizeof got);
    for (int turns = 0; turns < 20; turns++) {
        http_transfer_t *transfer = ask(url, NULL, 0, 10000);
        for (int i = 0; i < turns && got.count == 0; i++)
            uv_run(loop_uv(loop), UV_RUN_NOWAIT);
        if (got.count == 0)
            http_transfer_cancel(&transfer);
        got.count = 0;
    }
    for (int i = 0; i < 100; i++)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    ck_assert_int_eq(got.count, 0);
    for (int i = 0; i < 5; i++)
        ck_assert_ptr_nonnull(ask(url, NULL, 0, 10000));
    ck_assert_ptr_nonnull(ask("http://no-such-host.invalid/", NULL, 0, 10000));
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    got.count = 0;
    http_client_destroy(&client);
    for (int i = 0; i < 100; i++)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    ck_assert_int_eq(got.count, 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("http_client");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, an_answer_comes_whole_with_what_it_is_known_by);
    tcase_add_test(tests, what_is_packed_is_unpacked_up_to_the_bound);
    tcase_add_loop_test(tests, a_larger_body_than_is_wanted_is_dropped_and_named, 0, sizeof large / sizeof *large);
    tcase_add_loop_test(tests, what_is_no_answer_is_named_and_the_next_one_is_good, 0, sizeof failures / sizeof *failures);
    tcase_add_test(tests, a_redirect_is_followed_and_only_its_own_origin_gets_the_headers);
    tcase_add_test(tests, retry_after_is_told_up_to_an_hour);
    tcase_add_test(tests, silence_ends_at_the_timeout);
    tcase_add_test(tests, nobody_there_and_no_such_host_are_different_failures);
    tcase_add_loop_test(tests, another_url_is_refused_at_once, 0, sizeof invalid / sizeof *invalid);
    tcase_add_loop_test(tests, a_header_that_is_two_is_refused, 0, sizeof no_headers / sizeof *no_headers);
    tcase_add_test(tests, nothing_comes_of_what_was_cancelled_or_of_a_client_that_is_gone);
    return RUN_TESTS("http_client", tests);
}
