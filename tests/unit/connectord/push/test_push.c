/* The parts of the connector push: who may post, what a POST must be like, its records, and what is answered. */
#include "common/clock.h"
#include "common/http/http_request.h"
#include "connectord/push/push_access.h"
#include "connectord/push/push_report.h"
#include "connectord/push/push_request.h"
#include "tests/unit/run_tests.h"
#include "tests/unit/temporary_folder.h"

static const char token[] = "0123456789abcdef";

/* --- who may --- */

static source_config_t config;
static char error[PUSH_ACCESS_ERROR_MAX];
static push_access_t access_of_source;

static bool init_with(const char *given, const char *path)
{
    config = (source_config_t){.token = given, .settings = {{.name = "token_file", .text = path}}, .setting_count = 1};
    return push_access_init(&access_of_source, &config, error);
}

static bool init_with_file(folder_t *folder, const char *content)
{
    char path[96];
    snprintf(path, sizeof path, "%s/token", folder->path);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(content, file);
    fclose(file);
    return init_with("", path);
}

static push_verdict_t judge(const char *authorization, int64_t at_ms)
{
    uint64_t wait_ms;
    push_verdict_t verdict =
        push_access_judge(&access_of_source, text_of(authorization), TEXT("192.0.2.1"), at_ms * NS_PER_MS, &wait_ms);
    ck_assert((wait_ms > 0) == (verdict == PUSH_WRONG || verdict == PUSH_LATER));
    return verdict;
}

START_TEST(the_token_opens_and_a_wrong_one_has_to_wait)
{
    ck_assert(init_with(token, ""));
    ck_assert_int_eq(judge("Bearer 0123456789abcdef", 1000000), PUSH_ALLOWED);
    ck_assert_int_eq(judge("bearer  0123456789abcdef", 1000000), PUSH_ALLOWED);
    ck_assert_int_eq(judge("", 1000000), PUSH_UNNAMED);
    ck_assert_int_eq(judge("Bearer ", 1000000), PUSH_UNNAMED);
    ck_assert_int_eq(judge("Basic 0123456789abcdef", 1000000), PUSH_UNNAMED);
    ck_assert_int_eq(judge("Bearer 0123456789abcdeF", 1000000), PUSH_WRONG);
    ck_assert_int_eq(judge("Bearer 0123456789abcdef", 1000000 + GUESSES_FIRST_MS - 1), PUSH_LATER);
    ck_assert_int_eq(judge("Bearer 0123456789abcdef", 1000000 + GUESSES_FIRST_MS), PUSH_ALLOWED);
    push_access_release(&access_of_source);
}
END_TEST

START_TEST(a_token_in_a_file_is_without_white_space_around_it)
{
    folder_t folder = folder_new();
    ck_assert(init_with_file(&folder, "  0123456789abcdef\r\n\n"));
    ck_assert_int_eq(judge("Bearer 0123456789abcdef", 1), PUSH_ALLOWED);
    push_access_release(&access_of_source);
    folder_remove(&folder);
}
END_TEST

START_TEST(a_bad_token_is_named_but_not_told)
{
    char much[PUSH_TOKEN_MAX + 2];
    folder_t folder = folder_new();
    memset(much, 'a', sizeof much - 1);
    much[sizeof much - 1] = '\0';
    ck_assert(!init_with("secret", ""));
    ck_assert_str_eq(error, "token: expected a token of 16 to 1024 bytes, found 6");
    ck_assert(!init_with("secret secret secret", ""));
    ck_assert_ptr_nonnull(strstr(error, "printable"));
    ck_assert_ptr_null(strstr(error, "secret"));
    ck_assert(!init_with(much, ""));
    ck_assert(!init_with_file(&folder, "short\n"));
    ck_assert_str_eq(error, "token_file: expected a token of 16 to 1024 bytes, found 5");
    ck_assert(!init_with_file(&folder, much));
    ck_assert(!init_with(token, folder.path));
    ck_assert_str_eq(error, "token_file: expected none beside token");
    ck_assert(!init_with("", folder.path));
    ck_assert_ptr_nonnull(strstr(error, "Is a directory"));
    ck_assert(!init_with("", "/there/is/none"));
    ck_assert_str_eq(error, "token_file: /there/is/none: can't open it: No such file or directory");
    push_access_release(&access_of_source);
    folder_remove(&folder);
}
END_TEST

/* --- what a POST has to be like --- */

static const struct {
    const char *head;
    unsigned status; /* 0: it is good */
    const char *reason;
} heads[] = {
    {"POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n", 0, ""},
    {"POST / HTTP/1.1\r\nContent-Type: Application/JSON ; charset=utf-8\r\nContent-Length: 1\r\n", 0, ""},
    {"POST / HTTP/1.1\r\nContent-Type: application/x-ndjson\r\nContent-Encoding: identity\r\nContent-Length: 1\r\n", 0, ""},
    {"PUT / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 1\r\n", 405, "expected POST, found PUT"},
    {"POST / HTTP/1.1\r\nContent-Type: application/json\r\n", 411, "expected a Content-Length, found none"},
    {"POST / HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n", 411,
     "expected a Content-Length, found a Transfer-Encoding"},
    {"POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 101\r\n", 413,
     "expected at most 100 bytes, found 101"},
    {"POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 0\r\n", 400, "expected a body, found none"},
    {"POST / HTTP/1.1\r\nContent-Length: 1\r\n", 415,
     "Content-Type: expected application/json or application/x-ndjson, found none"},
    {"POST / HTTP/1.1\r\nContent-Type: application/jsonp\r\nContent-Length: 1\r\n", 415,
     "Content-Type: expected application/json or application/x-ndjson, found application/jsonp"},
    {"POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n", 415,
     "Content-Encoding: expected none, found gzip"},
};

START_TEST(a_head_is_good_or_it_is_said_what_is_expected)
{
    char text[512];
    static http_request_t request;
    http_refusal_t unread;
    push_refusal_t refusal;
    push_form_t form;
    size_t length;
    snprintf(text, sizeof text, "%sHost: x\r\n\r\n", heads[_i].head);
    ck_assert_int_eq(http_request_read(&request, text_of(text), &length, &unread), HTTP_WHOLE);
    bool good = push_request_good(&request, 100, &form, &refusal);
    ck_assert_int_eq(good, heads[_i].status == 0);
    if (!good) {
        ck_assert_uint_eq(refusal.status, heads[_i].status);
        ck_assert_str_eq(refusal.reason, heads[_i].reason);
    }
}
END_TEST

/* --- its records --- */

static const struct {
    push_form_t form;
    const char *body, *records; /* each with a ';' behind it; NULL: the body is refused */
} bodies[] = {
    {PUSH_JSON, "{\"a\":1}", "{\"a\":1};"},
    {PUSH_JSON, " \r\n\t{} \n", "{} \n;"},
    {PUSH_JSON, TEXT_MARK "[{},{\"a\":[2]} ,3]", "{};{\"a\":[2]};3;"},
    {PUSH_JSON, "[]", ""},
    {PUSH_JSON, "[{},", NULL},
    {PUSH_JSON, "{}{}", NULL},
    {PUSH_JSON, "", NULL},
    {PUSH_JSON, " ", NULL},
    {PUSH_JSON, "\"a\"", NULL},
    {PUSH_JSON, "7", NULL},
    {PUSH_NDJSON, "{}\n{\"a\":1}\r\n\n \n nonsense \n[{}]", "{};{\"a\":1};nonsense;[{}];"},
    {PUSH_NDJSON, TEXT_MARK "{}", "{};"},
    {PUSH_NDJSON, "\n\n", ""},
    {PUSH_NDJSON, "\r", ""},
};

START_TEST(a_body_is_its_records)
{
    char found[256] = "";
    const char *wrong = "";
    push_body_t body;
    text_t record;
    size_t count = 0;
    bool good = push_body_open(&body, bodies[_i].form, text_of(bodies[_i].body), &wrong);
    ck_assert_int_eq(good, bodies[_i].records != NULL);
    ck_assert(good || wrong[0] != '\0');
    while (good && push_body_next(&body, &record)) {
        ck_assert_uint_eq(body.number, ++count);
        snprintf(found + strlen(found), sizeof found - strlen(found), "%.*s;", TEXT_ARG(record));
    }
    if (good)
        ck_assert_str_eq(found, bodies[_i].records);
}
END_TEST

/* --- what is answered --- */

static bool end_of(void *arg, text_t symbol, cursor_t *end)
{
    *end = (cursor_t){7, symbol.length};
    return arg == NULL;
}

static void require_report(const push_report_t *report, const char *wanted)
{
    buffer_t out = buffer_new(0);
    ck_assert(push_report_print(report, end_of, NULL, &out));
    ck_assert_uint_eq(out.length, strlen(wanted));
    ck_assert_mem_eq(out.bytes, wanted, out.length);
    buffer_release(&out);
}

START_TEST(a_report_tells_what_became_of_all)
{
    push_report_t report;
    ck_assert(push_report_init(&report));
    require_report(&report, "{\"accepted\":0,\"duplicates\":0,\"ignored\":0,\"faulty\":0,\"faults\":[],\"cursors\":{}}\n");
    report.accepted = 2;
    report.duplicates = 1;
    push_report_fault(&report, 3, TEXT("price (/px): missing"));
    push_report_fault(&report, 5, TEXT("\"\n"));
    ck_assert(push_report_subject(&report, TEXT("BTC-USD")));
    ck_assert(push_report_subject(&report, TEXT("A-B")));
    ck_assert(push_report_subject(&report, TEXT("BTC-USD")));
    require_report(&report, "{\"accepted\":2,\"duplicates\":1,\"ignored\":0,\"faulty\":2,\"faults\":["
                            "{\"record\":3,\"reason\":\"price (/px): missing\"},{\"record\":5,\"reason\":\"\\\"\\n\"}],"
                            "\"cursors\":{\"BTC-USD\":\"7-7\",\"A-B\":\"7-3\"}}\n");
    push_report_release(&report);
}
END_TEST

START_TEST(a_report_without_a_cursor_is_not_given)
{
    push_report_t report;
    buffer_t out = buffer_new(0);
    ck_assert(push_report_init(&report));
    ck_assert(push_report_subject(&report, TEXT("A-B")));
    ck_assert(!push_report_print(&report, end_of, &report, &out));
    push_report_release(&report);
    buffer_release(&out);
}
END_TEST

START_TEST(faults_are_bounded_and_counted)
{
    push_report_t report;
    ck_assert(push_report_init(&report));
    for (size_t i = 1; i <= PUSH_FAULTS_MAX; i++)
        push_report_fault(&report, i, TEXT("x"));
    size_t length = report.faults.length;
    push_report_fault(&report, PUSH_FAULTS_MAX + 1, TEXT("x"));
    ck_assert_uint_eq(report.faults.length, length);
    ck_assert_uint_eq(report.faulty, PUSH_FAULTS_MAX + 1);
    push_report_release(&report);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("push");
    tcase_add_test(tests, the_token_opens_and_a_wrong_one_has_to_wait);
    tcase_add_test(tests, a_token_in_a_file_is_without_white_space_around_it);
    tcase_add_test(tests, a_bad_token_is_named_but_not_told);
    tcase_add_loop_test(tests, a_head_is_good_or_it_is_said_what_is_expected, 0, sizeof heads / sizeof *heads);
    tcase_add_loop_test(tests, a_body_is_its_records, 0, sizeof bodies / sizeof *bodies);
    tcase_add_test(tests, a_report_tells_what_became_of_all);
    tcase_add_test(tests, a_report_without_a_cursor_is_not_given);
    tcase_add_test(tests, faults_are_bounded_and_counted);
    return RUN_TESTS("push", tests);
}
