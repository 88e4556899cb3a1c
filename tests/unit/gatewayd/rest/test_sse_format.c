/* Notifications to events, and ids to places. */
#include "gatewayd/rest/sse_format.h"

#include "common/json/json.h"
#include "gatewayd/forms/frame.h"
#include "tests/unit/run_tests.h"

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

/* What is subscribed to: <symbol> <since>; */
static void print_choice(text_t symbols)
{
    text_t symbol;
    buffer_clear(&out);
    while (sse_format_symbol(&symbols, &symbol)) {
        buffer_append(&out, symbol);
        buffer_append(&out, TEXT(" "));
        sse_format_put_since(events, symbol, &out);
        buffer_append(&out, TEXT(";"));
    }
}

static const char *choose(const char *symbols, const char *id)
{
    if (!sse_format_resume(events, text_of(id)))
        return "an id of another service";
    return sse_format_choose(events, text_of(symbols));
}

static const struct {
    const char *symbols, *id, *choice;
} asked[] = {
    {"B-U", "", "B-U ;"},
    {"B-U,E-U", "", "B-U ;E-U ;"},
    {"B-U,E-U", "E-U.a=7-3", "B-U ;E-U {\"a\":\"7-3\"};"},
    {"B-U", "B-U.a=7-3 X-Y.a=1-1 B-U.b=c=8-4", "B-U {\"a\":\"7-3\",\"b=c\":\"8-4\"};"},
    {"a\"b", "", "a\"b ;"},
    {"B-U,,E-U,", "", "B-U ; ;E-U ;"},
};

START_TEST(an_id_tells_where_each_symbol_goes_on)
{
    ck_assert_ptr_null(choose(asked[_i].symbols, asked[_i].id));
    print_choice(text_of(asked[_i].symbols));
    ck_assert_str_eq(text(), asked[_i].choice);
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
    {"B-U", "b.a=7-1", "an id of"},
    {"B-U", "B-U.a=7-1,E-U.a=7-1x", "an id of"},
    {"B-U", "B-U=7.1", "an id of"},
};

START_TEST(what_is_no_id_and_no_list_of_symbols_is_refused)
{
    const char *wrong = choose(refused[_i].symbols, refused[_i].id);
    ck_assert_msg(wrong && strncmp(wrong, refused[_i].wrong, strlen(refused[_i].wrong)) == 0, "%s: %s", refused[_i].id, wrong);
}
END_TEST

/* A notification comes, as an event. Where it passes as it is, it is what it would be made. */
static bool hear(const char *message)
{
    text_t method, json = text_of(message), rest, event = TEXT("");
    buffer_t rendered = buffer_new(0);
    buffer_clear(&out);
    ck_assert(json_plain_string(json_member(json, "method"), &method));
    frame_append_notification(&rendered, DIALECT_SSE, method, json_member(json, "params"));
    rest = buffer_text(&rendered);
    bool some = frame_next_event(&rest, &event), passes = some && sse_format_passes(events, event);
    bool fits = !some || sse_format_append(events, event, &out);
    ck_assert_uint_eq(rest.length, 0);
    ck_assert(!passes || text_equal(buffer_text(&out), event));
    buffer_release(&rendered);
    return fits;
}

#define UPDATE(symbol, seq) "{\"jsonrpc\":\"2.0\",\"method\":\"trades.update\",\"params\":" PARAMS(symbol, seq) "}"
#define PARAMS(symbol, seq)                                                                                                    \
    "{\"epoch\":7,\"seq\":" seq ",\"seqnum\":1,\"symbol\":\"" symbol "\",\"source\":\"a\",\"price\":1.50}"

static void place(const char *symbol, const char *source, uint64_t epoch, uint64_t seq)
{
    sse_format_place(events, text_of(symbol), text_of(source), (cursor_t){epoch, seq});
}

static bool begin(void)
{
    buffer_clear(&out);
    return sse_format_begin(events, &out);
}

START_TEST(an_id_tells_the_places_of_all_streams)
{
    choose("B-U,E-U", "");
    place("B-U", "a", 7, 10);
    place("E-U", "a", 7, 0);
    place("E-U", "b", 6, 5);
    ck_assert(begin());
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
    char expected[1024];
    sse_format_resume_if_known(events, text_of(foreign[_i].id));
    ck_assert_ptr_null(sse_format_choose(events, TEXT("B-U,E-U")));
    print_choice(TEXT("B-U,E-U"));
    ck_assert_str_eq(text(), "B-U ;E-U ;");
    place("B-U", "a", 7, 10);
    ck_assert(begin());
    sse_format_put_unknown(events, TEXT("B-U"), &out);
    sse_format_put_unknown(events, TEXT("E-U"), &out);
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
    ck_assert_ptr_null(sse_format_choose(events, TEXT("B-U")));
    print_choice(TEXT("B-U"));
    ck_assert_str_eq(text(), "B-U {\"a\":\"7-3\"};");
    place("B-U", "a", 7, 3);
    ck_assert(begin());
    sse_format_put_unknown(events, TEXT("B-U"), &out);
    ck_assert_str_eq(text(), "retry: 1000\nid: B-U.a=7-3\n\n");
}
END_TEST

START_TEST(the_states_of_sources_are_events_of_their_own)
{
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
    choose("B-U", "");
    place("B-U", "a", 7, 1);
    ck_assert(begin());
    frame_append_notification(&out, DIALECT_SSE, TEXT("subscription.failing"),
                              TEXT("{\"channel\":\"trades\",\"symbol\":\"B-U\",\"reason\":\"no \\\"way\\\"\"}"));
    ck_assert_str_eq(text(), "retry: 1000\nid: B-U.a=7-1\n\nevent: failing\n"
                             "data: {\"channel\":\"trades\",\"symbol\":\"B-U\",\"reason\":\"no \\\"way\\\"\"}\n\n");
    hear("{\"method\":\"subscription.restored\",\"params\":{\"symbol\":\"B-U\"}}");
    ck_assert_str_eq(text(), "event: working\ndata: {\"symbol\":\"B-U\"}\n\n");
    hear("{\"method\":\"subscription.failing\",\"params\":{\"symbol\":\"B-U\"}}");
    ck_assert_str_eq(text(), "event: failing\ndata: {\"symbol\":\"B-U\"}\n\n");
}
END_TEST

START_TEST(what_is_told_before_the_beginning_does_not_begin_the_events)
{
    choose("B-U", "");
    hear("{\"method\":\"connection.lost\",\"params\":{\"source\":\"a\"}}");
    ck_assert_str_eq(text(), "event: lost\ndata: {\"source\":\"a\"}\n\n");
    place("B-U", "a", 7, 1);
    ck_assert(begin());
    ck_assert_str_eq(text(), "retry: 1000\nid: B-U.a=7-1\n\n");
}
END_TEST

START_TEST(more_streams_than_an_id_holds_are_too_many)
{
    char message[256];
    choose("B-U", "");
    ck_assert(begin());
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
    TCase *tcase = tcase_create("sse_format");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, an_id_tells_where_each_symbol_goes_on, 0, sizeof asked / sizeof *asked);
    tcase_add_loop_test(tcase, what_is_no_id_and_no_list_of_symbols_is_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_test(tcase, an_id_tells_the_places_of_all_streams);
    tcase_add_loop_test(tcase, an_id_of_another_service_is_a_gap_of_each_symbol_and_no_place, 0,
                        sizeof foreign / sizeof *foreign);
    tcase_add_test(tcase, an_id_of_ours_is_no_gap);
    tcase_add_test(tcase, the_states_of_sources_are_events_of_their_own);
    tcase_add_test(tcase, subscriptions_that_fail_are_events_of_their_own);
    tcase_add_test(tcase, what_is_told_before_the_beginning_does_not_begin_the_events);
    tcase_add_test(tcase, more_streams_than_an_id_holds_are_too_many);
    return RUN_TESTS("sse_format", tcase);
}
