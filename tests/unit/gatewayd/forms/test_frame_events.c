/* Notifications as events, and events one by one. */

#include "gatewayd/forms/frame.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static buffer_t out;

static void setup(void)
{
    out = buffer_new(0);
}

static void teardown(void)
{
    buffer_release(&out);
}

#define TRADE "{\"epoch\":7,\"seq\":42,\"seqnum\":1,\"symbol\":\"B-U\",\"source\":\"a=b.c\",\"price\":1.50}"
#define GAP   "{\"channel\":\"trades\",\"symbol\":\"B-U\",\"source\":\"a\",\"from\":\"7-12\",\"to\":\"7-20\",\"missing\":9}"

static const struct {
    const char *method, *params, *event, *place;
} events[] = {
    {"trades.update", TRADE, "id: B-U.a=b.c=7-42\ndata: " TRADE "\n\n", "B-U.a=b.c=7-42"},
    {"trades.update", "{\"epoch\":7,\"seq\":42,\"seqnum\":1,\"symbol\":\"B-U\",\n\r\"source\":\"a\"}",
     "id: B-U.a=7-42\ndata: {\"epoch\":7,\"seq\":42,\"seqnum\":1,\"symbol\":\"B-U\",  \"source\":\"a\"}\n\n", "B-U.a=7-42"},
    {"trades.update", "{\"epoch\":7,\"seq\":42}", "data: {\"epoch\":7,\"seq\":42}\n\n", ""},
    {"trades.gap", GAP, "event: gap\nid: B-U.a=7-20\ndata: " GAP "\n\n", "B-U.a=7-20"},
    {"trades.gap", "{\"symbol\":\"B-U\",\"source\":\"a\",\"to\":\"7-20\",\"upstream\":{}}",
     "event: gap\ndata: {\"symbol\":\"B-U\",\"source\":\"a\",\"to\":\"7-20\",\"upstream\":{}}\n\n", ""},
    {"trades.gap", "{\"symbol\":\"b u\",\"source\":\"a\",\"to\":\"7-20\"}",
     "event: gap\ndata: {\"symbol\":\"b u\",\"source\":\"a\",\"to\":\"7-20\"}\n\n", ""},
    {"trades.live", "{\"source\":\"a\",\"to\":\"7-20\"}", "event: trades.live\ndata: {\"source\":\"a\",\"to\":\"7-20\"}\n\n",
     ""},
    {"a_channel_of_thirty_two_letters_a.live", "{}", "event: a_channel_of_thirty_two_letters_a.live\ndata: {}\n\n", ""},
    {"connection.lost", "{\"source\":\"a\"}", "event: lost\ndata: {\"source\":\"a\"}\n\n", ""},
    {"connection.restored", "{}", "event: restored\ndata: {}\n\n", ""},
    {"subscription.failing", "{}", "event: failing\ndata: {}\n\n", ""},
    {"subscription.restored", "{}", "event: working\ndata: {}\n\n", ""},
    {"subscription.ended", "{}", "event: ended\ndata: {}\n\n", ""},
    {"token.expiring", "{}", "event: expiring\ndata: {}\n\n", ""},
    {"more", "{}", "", ""},
};

START_TEST(a_notification_becomes_an_event_with_its_place)
{
    text_t method = text_of(events[_i].method), params = text_of(events[_i].params);
    frame_append_notification(&out, DIALECT_SSE, method, params);
    ck_assert_uint_le(out.length, frame_notify_length(DIALECT_SSE, method, params));
    ck_assert_msg(text_equal(buffer_text(&out), text_of(events[_i].event)), "expected %s\nfound    %.*s", events[_i].event,
                  TEXT_ARG(buffer_text(&out)));
    ck_assert(text_equal(frame_event_place(buffer_text(&out)), text_of(events[_i].place)));
}
END_TEST

START_TEST(events_are_taken_one_by_one)
{
    text_t rest, event;
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        frame_append_notification(&out, DIALECT_SSE, text_of(events[i].method), text_of(events[i].params));
    rest = buffer_text(&out);
    for (size_t i = 0; i + 1 < sizeof events / sizeof *events; i++) { /* the last makes no event */
        text_t before = rest;
        ck_assert(frame_next_event(&rest, &event) && text_equal(event, text_of(events[i].event)));
        ck_assert(frame_skip(DIALECT_SSE, &before) && before.at == rest.at);
    }
    ck_assert(!frame_next_event(&rest, &event) && rest.length == 0);
    rest = TEXT("data: 1\n");
    ck_assert(!frame_next_event(&rest, &event));
}
END_TEST

START_TEST(a_record_is_summed_as_it_stands_in_its_frame)
{
    static const char *const dialects[DIALECT_COUNT] = {"1 2\n3\r", "1 2\n3\r", "1 2\n3\r", "1 2 3 "};
    ck_assert_uint_eq(frame_sum(DIALECT_RPC, TEXT("123456789")), 0xcbf43926);
    ck_assert_uint_eq(frame_sum(DIALECT_SSE, TEXT("123456789")), 0xcbf43926);
    ck_assert_uint_eq(frame_sum(DIALECT_SSE, TEXT("")), 0);
    for (dialect_t dialect = 0; dialect < DIALECT_COUNT; dialect++)
        ck_assert_uint_eq(frame_sum(dialect, TEXT("1 2\n3\r")), frame_sum(DIALECT_RPC, text_of(dialects[dialect])));
}
END_TEST

START_TEST(what_is_no_notification_has_no_event)
{
    frame_append(&out, DIALECT_SSE, TEXT("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}"));
    ck_assert_uint_eq(out.length + frame_length(DIALECT_SSE, TEXT("{}")), 0);
    ck_assert_uint_eq(frame_event_place(TEXT("event: x")).length + frame_event_place(TEXT("id: x")).length +
                          frame_event_place(TEXT("")).length,
                      0);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("event");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_notification_becomes_an_event_with_its_place, 0, sizeof events / sizeof *events);
    tcase_add_test(tcase, events_are_taken_one_by_one);
    tcase_add_test(tcase, what_is_no_notification_has_no_event);
    tcase_add_test(tcase, a_record_is_summed_as_it_stands_in_its_frame);
    return RUN_TESTS("event", tcase);
}
