#include "connectord/recording/recorded_line.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static void check(const char *line, recorded_kind_t kind, size_t number, int64_t time_ns, const char *message)
{
    recorded_line_t found = recorded_line_read(text_of(line));
    ck_assert_msg(found.kind == kind, "%s: expected kind %d, found %d", line, kind, found.kind);
    ck_assert_msg(found.line == number, "%s: expected line %zu, found %zu", line, number, found.line);
    ck_assert_msg(found.time_ns == time_ns, "%s: found %lld", line, (long long)found.time_ns);
    ck_assert_msg(text_equal(found.message, text_of(message)), "%s: found %.*s", line, TEXT_ARG(found.message));
}

START_TEST(messages_stand_behind_their_time)
{
    check("1762795473.937000001: {\"a\":1}", RECORDED_MESSAGE, 0, INT64_C(1762795473937000001), "{\"a\":1}");
    check("1652459224.5300605: pong", RECORDED_MESSAGE, 0, INT64_C(1652459224530060500), "pong");
    check("1652459224: [1]", RECORDED_MESSAGE, 0, INT64_C(1652459224000000000), "[1]");
    check("1652459224.1234567899: [1]", RECORDED_MESSAGE, 0, INT64_C(1652459224123456789), "[1]");
    check("https://host/path -> 1652459224.5: [1]", RECORDED_MESSAGE, 0, INT64_C(1652459224500000000), "[1]");
}
END_TEST

START_TEST(messages_without_a_time_are_as_they_are)
{
    check("{\"a\":1}", RECORDED_MESSAGE, 0, 0, "{\"a\":1}");
    check("[\"1652459224: 1\"]", RECORDED_MESSAGE, 0, 0, "[\"1652459224: 1\"]");
    check("nonsense", RECORDED_MESSAGE, 0, 0, "nonsense");
    check("1652459224", RECORDED_MESSAGE, 0, 0, "1652459224");
    check("99999999999999999999999: 1", RECORDED_MESSAGE, 0, 0, "99999999999999999999999: 1");
    check("9300000000: 1", RECORDED_MESSAGE, 0, 0, "9300000000: 1");
}
END_TEST

START_TEST(connections_are_told_by_marks_ours_and_those_of_others)
{
    check("# line 0: connected", RECORDED_CONNECTION, 0, 0, "");
    check("# line 3: continued", RECORDED_CONNECTION, 3, 0, "");
    check("# line 1", RECORDED_LINE, 1, 0, "");
    check("wss://ws.okx.com:8443/ws <-> 1652459224.5", RECORDED_CONNECTION, 0, 0, "");
    check("<-> 1652459224.5", RECORDED_CONNECTION, 0, 0, "");
    ck_assert(recorded_line_read(TEXT("# line 3: continued")).marked);
    ck_assert(!recorded_line_read(TEXT("<-> 1652459224.5")).marked);
}
END_TEST

START_TEST(names_of_subscriptions_are_marks)
{
    recorded_line_t name = recorded_line_read(TEXT("# line 2: readings.sensor-7 is called 17 4"));
    ck_assert_int_eq(name.kind, RECORDED_NAME);
    ck_assert_uint_eq(name.line, 2);
    ck_assert(text_equal(name.subject, TEXT("readings.sensor-7")) && text_equal(name.id, TEXT("17 4")));
    check("# line 2: BTC-USD is called ", RECORDED_REMARK, 0, 0, "");
    check("# line 2: BTC is called 17", RECORDED_REMARK, 0, 0, "");
    check("# line 2: BTC-USD called 17", RECORDED_REMARK, 0, 0, "");
}
END_TEST

START_TEST(remarks_and_what_was_sent_are_nothing_to_play)
{
    check("", RECORDED_REMARK, 0, 0, "");
    check("#", RECORDED_REMARK, 0, 0, "");
    check("# line 4", RECORDED_REMARK, 0, 0, "");
    check("# line 1: gone", RECORDED_REMARK, 0, 0, "");
    check("# line x", RECORDED_REMARK, 0, 0, "");
    check("wss://ws.okx.com:8443/ws <- 1652459225.2: {\"op\":\"subscribe\"}", RECORDED_REMARK, 0, 0, "");
}
END_TEST

static void check_answer(const char *line, recorded_kind_t kind, size_t number, const char *subject)
{
    check(line, kind, number, 0, "");
    ck_assert_msg(text_equal(recorded_line_read(text_of(line)).subject, text_of(subject)), "%s", line);
    buffer_t out = buffer_new(0);
    recorded_line_put_answer(&out, number, kind, text_of(subject));
    ck_assert_msg(text_equal((text_t){buffer_text(&out).at, buffer_text(&out).length - 1}, text_of(line)), "%s", line);
    buffer_release(&out);
}

START_TEST(what_was_asked_is_named)
{
    check_answer("# line 0: asked", RECORDED_ASKED, 0, "");
    check_answer("# line 2: asked for BTC-USD", RECORDED_ASKED, 2, "BTC-USD");
    check_answer("# line 0: answered", RECORDED_ANSWERED, 0, "");
    check_answer("# line 0: answered for readings.*", RECORDED_ANSWERED, 0, "readings.*");
    check("# line 0: asked for", RECORDED_REMARK, 0, 0, "");
    check("# line 0: asked for B", RECORDED_REMARK, 0, 0, "");
    check("# line 0: answered BTC-USD", RECORDED_REMARK, 0, 0, "");
}
END_TEST

static void check_put(int64_t received_ns, text_t message, const char *wanted)
{
    buffer_t out = buffer_new(0);
    recorded_line_put_message(&out, received_ns, message);
    ck_assert_msg(text_equal(buffer_text(&out), text_of(wanted)), "expected %s, found %.*s", wanted,
                  TEXT_ARG(buffer_text(&out)));
    buffer_release(&out);
}

START_TEST(a_message_is_one_line_whatever_is_in_it)
{
    check_put(INT64_C(1762795473000000007), TEXT("{}"), "1762795473.000000007: {}\n");
    check_put(INT64_C(1000000000), TEXT("{\"a\":\n\r\n 1}\n"), "1.000000000: {\"a\":    1} \n");
    check_put(INT64_C(1000000000), TEXT("{\"a\":\"\n\"}"),
              "1.000000000: {\"a\":\"\v\"}\n"); /* was no JSON, and does not become any */
}
END_TEST

START_TEST(what_is_put_is_read_again)
{
    buffer_t out = buffer_new(0);
    recorded_line_put_mark(&out, 2, TEXT("connected"));
    recorded_line_put_mark(&out, 1, TEXT(""));
    recorded_line_put_name(&out, 1, TEXT("BTC-USD"), TEXT("17"));
    recorded_line_put_remark(&out, TEXT("12 messages were left out"));
    ck_assert(text_equal(buffer_text(&out),
                         TEXT("# line 2: connected\n# line 1\n# line 1: BTC-USD is called 17\n# 12 messages were left out\n")));
    buffer_clear(&out);
    recorded_line_put_message(&out, INT64_C(1762795473123456789), TEXT("{\"a\":[\"#\"]}"));
    check((out.bytes[out.length - 1] = '\0', out.bytes), RECORDED_MESSAGE, 0, INT64_C(1762795473123456789), "{\"a\":[\"#\"]}");
    buffer_release(&out);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("recorded_line");
    tcase_add_test(tests, messages_stand_behind_their_time);
    tcase_add_test(tests, messages_without_a_time_are_as_they_are);
    tcase_add_test(tests, connections_are_told_by_marks_ours_and_those_of_others);
    tcase_add_test(tests, names_of_subscriptions_are_marks);
    tcase_add_test(tests, remarks_and_what_was_sent_are_nothing_to_play);
    tcase_add_test(tests, what_was_asked_is_named);
    tcase_add_test(tests, a_message_is_one_line_whatever_is_in_it);
    tcase_add_test(tests, what_is_put_is_read_again);
    return RUN_TESTS("recorded_line", tests);
}
