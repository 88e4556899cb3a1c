#include "common/json/json.h"
#include "proto/request.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

static void expect(text_t found, const char *wanted)
{
    ck_assert_msg(text_equal(found, text_of(wanted)), "expected %s, found %.*s", wanted, TEXT_ARG(found));
}

static request_t parsed(const char *json)
{
    request_t request;
    buffer_t answer = buffer_new(0);
    ck_assert_msg(request_parse(text_of(json), &request, &answer), "%s: %.*s", json, TEXT_ARG(buffer_text(&answer)));
    buffer_release(&answer);
    return request;
}

START_TEST(recent_is_read)
{
    request_t request = parsed("{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"count\":7,\"before\":\"1970-01-01T00:00:01Z\","
                               "\"id\":18446744073709551615}");
    expect(request.op, "recent");
    expect(request.symbol, "BTC-USD");
    ck_assert_uint_eq(request.count, 7);
    ck_assert(request.has_before && request.before_ns == 1000000000);
    ck_assert(request.has_id && request.id == UINT64_MAX);
    ck_assert(!request.has_after && !request.has_from && !request.has_to);
}
END_TEST

START_TEST(range_is_read)
{
    request_t request = parsed(" {\"to\":\"2-9\",\"from\":\"1-2\",\"topic\":\"trade.BTC-USD.blockchain\",\"op\":\"range\"} ");
    expect(request.topic, "trade.BTC-USD.blockchain");
    ck_assert(request.has_from && request.from.epoch == 1 && request.from.seq == 2);
    ck_assert(request.has_to && request.to.epoch == 2 && request.to.seq == 9);
    ck_assert_uint_eq(request.count, REQUEST_COUNT_DEFAULT);
}
END_TEST

START_TEST(what_is_absent_is_empty_or_the_default)
{
    request_t request = parsed("{\"op\":\"symbols\"}");
    ck_assert(!request.has_id && !request.has_from && !request.has_to && !request.has_before && !request.has_after);
    ck_assert(request.symbol.length == 0 && request.topic.length == 0 && request.token.length == 0);
    ck_assert_uint_eq(request.count, REQUEST_COUNT_DEFAULT);
}
END_TEST

START_TEST(unknown_members_and_operations_are_left_to_the_server)
{
    request_t request = parsed("{\"op\":\"dance\",\"steps\":{\"n\":[1]},\"symbol\":\"BTC-USD\"}");
    expect(request.op, "dance");
    request = parsed("{\"op\":\"clear\",\"token\":\"s\\u00e9cret\"}");
    expect(request.token, "s\\u00e9cret");
    request = parsed("{\"op\":\"since\",\"symbol\":\"A-B\",\"after\":\"1970-01-01T00:00:00Z\",\"count\":10000}");
    ck_assert(request.has_after && request.after_ns == 0 && request.count == REQUEST_COUNT_MAX);
}
END_TEST

START_TEST(mistakes_are_answered_with_code_member_and_what_was_found)
{
    static const struct {
        const char *json, *code, *message;
    } cases[] = {
        {"", "invalid_json", "expected one JSON object"},
        {"{\"op\":\"symbols\"", "invalid_json", "expected one JSON object"},
        {"{\"op\":\"\xff\"}", "invalid_json", "UTF-8"},
        {"[]", "invalid_request", "expected a JSON object"},
        {"7", "invalid_request", "expected a JSON object"},
        {"{}", "invalid_request", "op: expected"},
        {"{\"op\":\"\"}", "invalid_request", "op: expected"},
        {"{\"op\":7}", "invalid_request", "op: expected a string without escapes, found 7"},
        {"{\"op\":\"symbols\",\"id\":\"x\"}", "invalid_request", "id: expected a whole number"},
        {"{\"op\":\"symbols\",\"id\":-1}", "invalid_request", "found -1"},
        {"{\"op\":\"recent\"}", "invalid_request", "symbol: recent needs it"},
        {"{\"op\":\"since\",\"after\":\"1970-01-01T00:00:00Z\"}", "invalid_request", "symbol: since needs it"},
        {"{\"op\":\"range\"}", "invalid_request", "topic: range needs it"},
        {"{\"op\":\"recent\",\"symbol\":\"btc\"}", "invalid_symbol", "found \\\"btc\\\""},
        {"{\"op\":\"recent\",\"symbol\":null}", "invalid_symbol", "found null"},
        {"{\"op\":\"range\",\"topic\":\"BTC-USD\"}", "invalid_topic", "found \\\"BTC-USD\\\""},
        {"{\"op\":\"recent\",\"symbol\":\"A-B\",\"count\":0}", "invalid_count", "from 1 to 10000, found 0"},
        {"{\"op\":\"recent\",\"symbol\":\"A-B\",\"count\":10001}", "invalid_count", "found 10001"},
        {"{\"op\":\"recent\",\"symbol\":\"A-B\",\"count\":1.5}", "invalid_count", "found 1.5"},
        {"{\"op\":\"recent\",\"symbol\":\"A-B\",\"count\":\"5\"}", "invalid_count", "found \\\"5\\\""},
        {"{\"op\":\"recent\",\"symbol\":\"A-B\",\"before\":\"yesterday\"}", "invalid_time",
         "before: expected a time (2025-11-10T17:24:33Z), a day"},
        {"{\"op\":\"since\",\"symbol\":\"A-B\",\"after\":1}", "invalid_time", "after: expected"},
        {"{\"op\":\"range\",\"topic\":\"trade.A-B.s\",\"from\":\"1\"}", "invalid_cursor",
         "from: expected \\\"<epoch>-<seq>\\\""},
        {"{\"op\":\"range\",\"topic\":\"trade.A-B.s\",\"to\":1}", "invalid_cursor", "to: expected"},
        {"{\"op\":\"clear\",\"token\":1234}", "invalid_request", "token: expected a string, found something else"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        request_t request;
        buffer_t answer = buffer_new(0);
        ck_assert_msg(!request_parse(text_of(cases[i].json), &request, &answer), "%s was taken", cases[i].json);
        text_t text = buffer_text(&answer), code;
        ck_assert_msg(json_valid(text), "%.*s", TEXT_ARG(text));
        expect(json_member(text, "ok"), "false");
        text_t error = json_member(text, "error"), message = json_member(error, "message");
        ck_assert(json_plain_string(json_member(error, "code"), &code));
        expect(code, cases[i].code);
        ck_assert_msg(memmem(message.at, message.length, cases[i].message, strlen(cases[i].message)),
                      "%s: expected %s, found %.*s", cases[i].json, cases[i].message, TEXT_ARG(message));
        buffer_release(&answer);
    }
}
END_TEST

START_TEST(errors_carry_the_id)
{
    request_t request;
    buffer_t answer = buffer_new(0);
    ck_assert(!request_parse(TEXT("{\"op\":\"recent\",\"symbol\":7,\"id\":12}"), &request, &answer));
    expect(json_member(buffer_text(&answer), "id"), "12");
    buffer_release(&answer);
}
END_TEST

START_TEST(wrong_value_is_repeated_only_in_part)
{
    char json[9000];
    int length = snprintf(json, sizeof json, "{\"op\":\"recent\",\"symbol\":\"%08000d\"}", 0);
    request_t request;
    buffer_t answer = buffer_new(0);
    ck_assert(!request_parse((text_t){json, (size_t)length}, &request, &answer));
    ck_assert(json_valid(buffer_text(&answer)));
    ck_assert_uint_lt(answer.length, 400);
    buffer_release(&answer);
}
END_TEST

START_TEST(request_over_the_limit_is_refused)
{
    static char json[REQUEST_MAX + 1];
    memset(json, ' ', sizeof json);
    memcpy(json, "{\"op\":\"symbols\"}", 16);
    request_t request;
    buffer_t answer = buffer_new(0);
    ck_assert(request_parse((text_t){json, REQUEST_MAX}, &request, &answer));
    ck_assert(!request_parse((text_t){json, REQUEST_MAX + 1}, &request, &answer));
    expect(buffer_text(&answer),
           "{\"ok\":false,\"error\":{\"code\":\"invalid_request\",\"message\":\"expected at most 16384 bytes, found 16385\"}}");
    buffer_release(&answer);
}
END_TEST

START_TEST(answers_begin_anew_and_are_escaped)
{
    request_t request = {.has_id = true, .id = 7};
    buffer_t answer = buffer_new(0);
    buffer_append(&answer, TEXT("half an answ"));
    answer_begin(&answer, &request);
    expect(buffer_text(&answer), "{\"ok\":true,\"id\":7");
    answer_error(&answer, &request, ERROR_INVALID_SYMBOL, "Invalid symbol: %s", "a\"b");
    expect(buffer_text(&answer),
           "{\"ok\":false,\"id\":7,\"error\":{\"code\":\"invalid_symbol\",\"message\":\"Invalid symbol: a\\\"b\"}}");
    request.has_id = false;
    answer_begin(&answer, &request);
    expect(buffer_text(&answer), "{\"ok\":true");
    buffer_release(&answer);
}
END_TEST

START_TEST(answer_that_does_not_fit_is_replaced_by_an_error)
{
    request_t request = {.has_id = false};
    buffer_t answer = buffer_new(128);
    answer_begin(&answer, &request);
    buffer_printf(&answer, "%0200d", 0);
    ck_assert(!buffer_ok(&answer));
    answer_error(&answer, &request, ERROR_INTERNAL, "too large");
    ck_assert(buffer_ok(&answer) && json_valid(buffer_text(&answer)));
    buffer_release(&answer);
}
END_TEST

START_TEST(range_request_is_what_the_server_reads)
{
    buffer_t out = buffer_new(0);
    cursor_t to = {1, 9};
    range_request_print(&out, TEXT("trade.BTC-USD.blockchain"), (cursor_t){1, 2}, &to, 500);
    expect(buffer_text(&out),
           "{\"op\":\"range\",\"topic\":\"trade.BTC-USD.blockchain\",\"from\":\"1-2\",\"to\":\"1-9\",\"count\":500}");
    request_t request;
    buffer_t answer = buffer_new(0);
    ck_assert(request_parse(buffer_text(&out), &request, &answer));
    ck_assert(request.count == 500 && request.to.seq == 9 && request.from.seq == 2);
    buffer_clear(&out);
    range_request_print(&out, TEXT("trade.A-B.s"), (cursor_t){1, 2}, NULL, 1);
    expect(buffer_text(&out), "{\"op\":\"range\",\"topic\":\"trade.A-B.s\",\"from\":\"1-2\",\"count\":1}");
    buffer_release(&out);
    buffer_release(&answer);
}
END_TEST

START_TEST(range_answer_is_read)
{
    range_answer_t answer;
    ck_assert(range_answer_parse(TEXT("{\"ok\":true,\"id\":7,\"trades\":[{\"seq\":1},{}],\"missing\":3,\"next\":\"5-1001\"}"),
                                 &answer));
    expect(answer.trades, "[{\"seq\":1},{}]");
    ck_assert_uint_eq(answer.missing, 3);
    ck_assert(answer.has_next && answer.next.epoch == 5 && answer.next.seq == 1001);
    ck_assert(range_answer_parse(TEXT("{\"ok\":true,\"trades\":[],\"missing\":0}"), &answer));
    ck_assert(!answer.has_next && answer.missing == 0);
}
END_TEST

START_TEST(what_is_no_range_answer_is_refused)
{
    static const char *const cases[] = {
        "",
        "[]",
        "{\"ok\":true}",
        "{\"ok\":false,\"error\":{\"code\":\"internal\",\"message\":\"\"}}",
        "{\"ok\":false,\"trades\":[],\"missing\":0}",
        "{\"ok\":1,\"trades\":[],\"missing\":0}",
        "{\"ok\":true,\"trades\":{},\"missing\":0}",
        "{\"ok\":true,\"missing\":0}",
        "{\"ok\":true,\"trades\":[]}",
        "{\"ok\":true,\"trades\":[],\"missing\":-1}",
        "{\"ok\":true,\"trades\":[],\"missing\":0,\"next\":null}",
        "{\"ok\":true,\"trades\":[],\"missing\":0,\"next\":\"5\"}",
        "{\"ok\":true,\"trades\":[,],\"missing\":0}",
        "{\"ok\":true,\"trades\":[],\"missing\":0",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        range_answer_t answer;
        ck_assert_msg(!range_answer_parse(text_of(cases[i]), &answer), "%s was taken", cases[i]);
    }
}
END_TEST

START_TEST(a_list_of_streams_is_asked_for_and_read)
{
    buffer_t out = buffer_new(0);
    streams_request_print(&out, TEXT(""));
    buffer_append(&out, TEXT(" "));
    streams_request_print(&out, TEXT("trade.BTC-USD.a"));
    ck_assert(text_equal(buffer_text(&out), TEXT("{\"op\":\"streams\"} {\"op\":\"streams\",\"topic\":\"trade.BTC-USD.a\"}")));
    buffer_release(&out);
    json_walk_t walk;
    streams_item_t item;
    ck_assert(
        streams_answer_parse(TEXT("{\"ok\":true,\"epoch\":7,\"streams\":[{\"topic\":\"trade.BTC-USD.a\",\"first\":\"7-1\","
                                  "\"last\":\"7-42\"},{\"topic\":\"x\",\"last\":\"7-1\"},{\"topic\":\"trade.A-B.c\"}]}"),
                             &walk));
    ck_assert(json_next(&walk) && streams_item_parse(walk.value, &item));
    ck_assert(text_equal(item.topic, TEXT("trade.BTC-USD.a")));
    ck_assert_uint_eq(item.last.seq, 42);
    ck_assert_msg(json_next(&walk) && !streams_item_parse(walk.value, &item), "the topic is invalid");
    ck_assert_msg(json_next(&walk) && !streams_item_parse(walk.value, &item), "there is no cursor");
    ck_assert(!json_next(&walk));
    ck_assert(!streams_answer_parse(TEXT("{\"ok\":false}"), &walk));
    ck_assert(!streams_answer_parse(TEXT("{\"ok\":true}"), &walk));
    ck_assert(!streams_answer_parse(TEXT("{\"ok\":tru"), &walk));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("request");
    tcase_add_test(tests, recent_is_read);
    tcase_add_test(tests, range_is_read);
    tcase_add_test(tests, what_is_absent_is_empty_or_the_default);
    tcase_add_test(tests, unknown_members_and_operations_are_left_to_the_server);
    tcase_add_test(tests, mistakes_are_answered_with_code_member_and_what_was_found);
    tcase_add_test(tests, errors_carry_the_id);
    tcase_add_test(tests, wrong_value_is_repeated_only_in_part);
    tcase_add_test(tests, request_over_the_limit_is_refused);
    tcase_add_test(tests, answers_begin_anew_and_are_escaped);
    tcase_add_test(tests, answer_that_does_not_fit_is_replaced_by_an_error);
    tcase_add_test(tests, range_request_is_what_the_server_reads);
    tcase_add_test(tests, range_answer_is_read);
    tcase_add_test(tests, what_is_no_range_answer_is_refused);
    tcase_add_test(tests, a_list_of_streams_is_asked_for_and_read);
    return RUN_TESTS("request", tests);
}
