/* JSON-RPC messages to events, and ids to places. */
#include "gatewayd/doors/sse_format.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static sse_format_t *events;
static buffer_t out;

static void setup(void)
{
    events = sse_format_new();
    out = buffer_new(0);
}

static void teardown(void)
{
    sse_format_destroy(&events);
    buffer_release(&out);
}

static const char *text(void)
{
    buffer_append(&out, TEXT("\0"));
    return out.bytes;
}

static const char *subscribe(const char *symbols, const char *source, const char *id)
{
    buffer_clear(&out);
    if (!sse_format_resume(events, text_of(id)))
        return "an id of another service";
    return sse_format_subscribe(events, text_of(symbols), text_of(source), &out);
}

#define SUBSCRIBE(more)                                                                                                        \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscribe\",\"params\":{\"channel\":\"trades\",\"symbol\":" more "}}"

static const struct {
    const char *symbols, *source, *id, *request;
} asked[] = {
    {"B-U", "", "", "[" SUBSCRIBE("\"B-U\"") "]"},
    {"B-U,E-U", "a", "", "[" SUBSCRIBE("\"B-U\",\"source\":\"a\"") "," SUBSCRIBE("\"E-U\",\"source\":\"a\"") "]"},
    {"B-U,E-U", "", "E-U.a=7-3", "[" SUBSCRIBE("\"B-U\"") "," SUBSCRIBE("\"E-U\",\"since\":{\"a\":\"7-3\"}") "]"},
    {"B-U", "", "B-U.a=7-3 X-Y.a=1-1 B-U.b=c=8-4", "[" SUBSCRIBE("\"B-U\",\"since\":{\"a\":\"7-3\",\"b=c\":\"8-4\"}") "]"},
    {"a\"b", "", "", "[" SUBSCRIBE("\"a\\\"b\"") "]"},
};

START_TEST(a_query_becomes_a_batch_of_subscribes)
{
    ck_assert_ptr_null(subscribe(asked[_i].symbols, asked[_i].source, asked[_i].id));
    ck_assert_str_eq(text(), asked[_i].request);
}
END_TEST

static const struct {
    const char *symbols, *id, *wrong;
} refused[] = {
    {"", "", "symbols:"},
    {"A-A,A-A,A-A,A-A,A-A,A-A,A-A,A-A,A-A,A-A,A-A,A-A,A-A,A-A,A-A,A-A,A-A", "", "symbols:"},
    {"B-U", "x", "an id of"},
    {"B-U", " ", "an id of"},
    {"B-U", "B-U.a=7", "an id of"},
    {"B-U", "B-U=7-1", "an id of"},
    {"B-U", "B-U.=7-1", "an id of"},
    {"B-U", "b-u.a=7-1", "an id of"},
    {"B-U", "B-U.a=7-1,E-U.a=7-1x", "an id of"},
    {"B-U", "B-U=7.1", "an id of"},
};

START_TEST(what_is_no_id_and_no_list_of_symbols_is_refused)
{
    const char *wrong = subscribe(refused[_i].symbols, "", refused[_i].id);
    ck_assert_msg(wrong && strncmp(wrong, refused[_i].wrong, strlen(refused[_i].wrong)) == 0, "%s: %s", refused[_i].id, wrong);
}
END_TEST

static bool hear(const char *message)
{
    buffer_clear(&out);
    return sse_format_append(events, text_of(message), &out);
}

#define ANSWER(symbol, cursors)                                                                                                \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"channel\":\"trades\",\"symbol\":\"" symbol "\",\"cursors\":" cursors "}}"
#define UPDATE(symbol, seq) "{\"jsonrpc\":\"2.0\",\"method\":\"trades.update\",\"params\":" PARAMS(symbol, seq) "}"
#define PARAMS(symbol, seq)                                                                                                    \
    "{\"epoch\":7,\"seq\":" seq ",\"seqnum\":1,\"symbol\":\"" symbol "\",\"source\":\"a\",\"price\":1.50}"

START_TEST(an_id_tells_the_places_of_all_streams)
{
    text_t error;
    subscribe("B-U,E-U", "", "");
    ck_assert(!sse_format_begun(events, &error));
    ck_assert(hear("[" ANSWER("B-U", "{\"a\":\"7-10\"}") "," ANSWER("E-U", "{\"a\":\"7-0\",\"b\":\"6-5\"}") "]"));
    ck_assert(sse_format_begun(events, &error) && error.length == 0);
    ck_assert_str_eq(text(), "retry: 1000\nid: B-U.a=7-10 E-U.a=7-0 E-U.b=6-5\n\n");
    hear(UPDATE("E-U", "1"));
    ck_assert_str_eq(text(), "id: B-U.a=7-10 E-U.a=7-1 E-U.b=6-5\ndata: " PARAMS("E-U", "1") "\n\n");
    hear(UPDATE("B-U", "11"));
    ck_assert_str_eq(text(), "id: B-U.a=7-11 E-U.a=7-1 E-U.b=6-5\ndata: " PARAMS("B-U", "11") "\n\n");
    hear("{\"method\":\"trades.gap\",\"params\":{\"symbol\":\"B-U\",\"source\":\"a\",\"from\":\"7-12\",\"to\":\"7-20\"}}");
    ck_assert_str_eq(text(), "event: gap\nid: B-U.a=7-20 E-U.a=7-1 E-U.b=6-5\n"
                             "data: {\"symbol\":\"B-U\",\"source\":\"a\",\"from\":\"7-12\",\"to\":\"7-20\"}\n\n");
    hear("{\"method\":\"trades.update\",\"params\":{\"epoch\":7,\"seq\":21,\"seqnum\":1,\"symbol\":\"B-U\",\n\r\"source\":"
         "\"a\"}}");
    ck_assert_str_eq(text(), "id: B-U.a=7-21 E-U.a=7-1 E-U.b=6-5\n"
                             "data: {\"epoch\":7,\"seq\":21,\"seqnum\":1,\"symbol\":\"B-U\",  \"source\":\"a\"}\n\n");
}
END_TEST

#define GAP(symbol, found)                                                                                                     \
    "event: gap\ndata: {\"channel\":\"trades\",\"symbol\":\"" symbol                                                           \
    "\",\"source\":null,\"from\":null,\"to\":null,\"missing\":null,"                                                           \
    "\"reason\":\"Last-Event-ID: expected the id of an event, found " found "\"}\n\n"

static const struct {
    const char *id, *found;
} foreign[] = {
    {"42", "42"},
    {"x\"\\", "x\\\"\\\\"},
    {"B-U.a=7-10 nonsense", "B-U.a=7-10 nonsense"}, /* what can be read of it is not used either */
    {"\xff\xfe", ""},
    {"0123456789012345678901234567890123456789012345678901234567890123456789",
     "0123456789012345678901234567890123456789012345678901234567890123"},
};

START_TEST(an_id_of_another_service_is_a_gap_of_each_symbol_and_no_place)
{
    text_t error;
    char expected[1024];
    sse_format_resume_if_known(events, text_of(foreign[_i].id));
    ck_assert_ptr_null(sse_format_subscribe(events, TEXT("B-U,E-U"), TEXT(""), &out));
    ck_assert_str_eq(text(), "[" SUBSCRIBE("\"B-U\"") "," SUBSCRIBE("\"E-U\"") "]");
    ck_assert(hear("[" ANSWER("B-U", "{\"a\":\"7-10\"}") "," ANSWER("E-U", "{}") "]"));
    ck_assert(sse_format_begun(events, &error) && error.length == 0);
    snprintf(expected, sizeof expected, "retry: 1000\nid: B-U.a=7-10\n\n" GAP("B-U", "%s") GAP("E-U", "%s"), foreign[_i].found,
             foreign[_i].found);
    ck_assert_str_eq(text(), expected);
    hear(UPDATE("B-U", "11"));
    ck_assert_str_eq(text(), "id: B-U.a=7-11\ndata: " PARAMS("B-U", "11") "\n\n");
}
END_TEST

START_TEST(an_id_of_ours_is_no_gap)
{
    sse_format_resume_if_known(events, TEXT("B-U.a=7-3"));
    ck_assert_ptr_null(sse_format_subscribe(events, TEXT("B-U"), TEXT(""), &out));
    ck_assert_str_eq(text(), "[" SUBSCRIBE("\"B-U\",\"since\":{\"a\":\"7-3\"}") "]");
    hear("[" ANSWER("B-U", "{\"a\":\"7-3\"}") "]");
    ck_assert_str_eq(text(), "retry: 1000\nid: B-U.a=7-3\n\n");
}
END_TEST

START_TEST(the_states_of_sources_are_events_of_their_own)
{
    subscribe("B-U", "", "");
    hear("[" ANSWER("B-U", "{}") "]");
    hear("{\"method\":\"connection.lost\",\"params\":{\"source\":\"a\"}}");
    ck_assert_str_eq(text(), "event: lost\ndata: {\"source\":\"a\"}\n\n");
    hear("{\"method\":\"connection.restored\",\"params\":{\"source\":\"a\"}}");
    ck_assert_str_eq(text(), "event: restored\ndata: {\"source\":\"a\"}\n\n");
    hear("{\"method\":\"more\",\"params\":{}}");
    ck_assert_str_eq(text(), "");
}
END_TEST

START_TEST(subscriptions_that_fail_are_events_of_their_own)
{
    subscribe("B-U", "", "");
    hear("[{\"id\":1,\"result\":{\"symbol\":\"B-U\",\"cursors\":{\"a\":\"7-1\"},\"failing\":{\"a\":\"no \\\"way\\\"\"}}}]");
    ck_assert_str_eq(text(),
                     "retry: 1000\nid: B-U.a=7-1\n\nevent: failing\n"
                     "data: {\"channel\":\"trades\",\"symbol\":\"B-U\",\"source\":\"a\",\"reason\":\"no \\\"way\\\"\"}\n\n");
    hear("{\"method\":\"subscription.restored\",\"params\":{\"symbol\":\"B-U\"}}");
    ck_assert_str_eq(text(), "event: working\ndata: {\"symbol\":\"B-U\"}\n\n");
    hear("{\"method\":\"subscription.failing\",\"params\":{\"symbol\":\"B-U\"}}");
    ck_assert_str_eq(text(), "event: failing\ndata: {\"symbol\":\"B-U\"}\n\n");
}
END_TEST

START_TEST(what_is_told_before_the_answers_does_not_begin_the_events)
{
    text_t error;
    subscribe("B-U", "", "");
    hear("{\"method\":\"connection.lost\",\"params\":{\"source\":\"a\"}}");
    ck_assert(!sse_format_begun(events, &error));
    ck_assert_str_eq(text(), "event: lost\ndata: {\"source\":\"a\"}\n\n");
    hear("[" ANSWER("B-U", "{\"a\":\"7-1\"}") "]");
    ck_assert(sse_format_begun(events, &error));
    ck_assert_str_eq(text(), "retry: 1000\nid: B-U.a=7-1\n\n");
}
END_TEST

START_TEST(a_subscribe_that_fails_is_an_error_for_all)
{
    text_t error;
    subscribe("B-U,X", "", "");
    hear("[" ANSWER("B-U", "{}") ",{\"id\":1,\"error\":{\"code\":-1}},{\"id\":1,\"error\":{\"code\":-2}}]");
    ck_assert(sse_format_begun(events, &error));
    ck_assert(text_equal(error, TEXT("{\"code\":-1}")));
    ck_assert_str_eq(text(), "");
}
END_TEST

START_TEST(more_streams_than_an_id_holds_are_too_many)
{
    char message[256];
    subscribe("B-U", "", "");
    ck_assert(hear("[" ANSWER("B-U", "{}") "]"));
    int streams = 0;
    for (bool fits = true; fits && streams < 1000; streams++) {
        snprintf(message, sizeof message,
                 "{\"method\":\"trades.update\",\"params\":{\"epoch\":1763941200123456,\"seq\":1,\"seqnum\":1,\"symbol\":\"B-"
                 "U\",\"source\":"
                 "\"s%d\"}}",
                 streams);
        fits = hear(message);
    }
    ck_assert_int_gt(streams, 32);
    ck_assert_int_le(streams, SSE_FORMAT_PLACES_MAX + 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sse_format");
    TCase *tcase = tcase_create("sse_format");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_query_becomes_a_batch_of_subscribes, 0, sizeof asked / sizeof *asked);
    tcase_add_loop_test(tcase, what_is_no_id_and_no_list_of_symbols_is_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_test(tcase, an_id_tells_the_places_of_all_streams);
    tcase_add_loop_test(tcase, an_id_of_another_service_is_a_gap_of_each_symbol_and_no_place, 0,
                        sizeof foreign / sizeof *foreign);
    tcase_add_test(tcase, an_id_of_ours_is_no_gap);
    tcase_add_test(tcase, the_states_of_sources_are_events_of_their_own);
    tcase_add_test(tcase, subscriptions_that_fail_are_events_of_their_own);
    tcase_add_test(tcase, what_is_told_before_the_answers_does_not_begin_the_events);
    tcase_add_test(tcase, a_subscribe_that_fails_is_an_error_for_all);
    tcase_add_test(tcase, more_streams_than_an_id_holds_are_too_many);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
