#include "tests/unit/gateway_fixture.h"

#include "gatewayd/forms/rpc.h"

#define ASK(method, more) "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":{\"symbol\":\"BTC-USD\"" more "}}"
#define RECENT(count)     ASK("getRecentTrades", ",\"count\":" count)

/* Of the client's answer: the seqs of its trades, as "12 11 10 ". */
static const char *seqs_of(text_t answer)
{
    static char seqs[65536];
    seqs[0] = '\0';
    size_t used = 0;
    text_t trades = json_member(json_member(answer, "result"), "trades");
    for (json_walk_t walk = json_walk(trades); json_next(&walk);)
        used += (size_t)snprintf(seqs + used, sizeof seqs - used, "%.*s ", TEXT_ARG(json_member(walk.value, "seq")));
    return seqs;
}

static const char *run_of(uint64_t from, uint64_t to)
{
    static char seqs[65536];
    size_t used = 0;
    for (uint64_t seq = from;; seq = from < to ? seq + 1 : seq - 1) {
        used += (size_t)snprintf(seqs + used, sizeof seqs - used, "%llu ", (unsigned long long)seq);
        if (seq == to)
            return seqs;
    }
}

START_TEST(many_trades_are_asked_for_in_pieces_and_answered_as_one)
{
    say(RECENT("2500"));
    service_answers_trades("history", "\"count\":1000}", 3000, 2001, ",\"next\":{\"a\":\"7-2000\"}");
    expect_nothing();
    service_answers_trades("history", "\"count\":1000,\"upto\":{\"a\":\"7-2000\"}}", 2000, 1001,
                           ",\"next\":{\"a\":\"7-1000\"}");
    service_answers_trades("history", "\"count\":500,\"upto\":{\"a\":\"7-1000\"}}", 1000, 501, ",\"next\":{\"a\":\"7-500\"}");
    text_t answer = take();
    ck_assert(json_valid(answer));
    ck_assert_str_eq(seqs_of(answer), run_of(3000, 501));
    ck_assert(text_equal(json_member(json_member(answer, "result"), "next"), TEXT("{\"a\":\"7-500\"}")));
    ck_assert(text_equal(json_member(json_member(answer, "result"), "symbol"), TEXT("\"BTC-USD\"")));
    ck_assert_uint_eq(fixture.hub.turns.bytes, 0);
}
END_TEST

START_TEST(where_history_ends_so_does_the_answer)
{
    say(RECENT("10000"));
    service_answers_trades("history", "\"count\":1000}", 1500, 501, ",\"incomplete\":true,\"next\":{\"a\":\"7-500\"}");
    service_answers_trades("history", "\"upto\":{\"a\":\"7-500\"}", 500, 1, "");
    text_t answer = take(), result = json_member(answer, "result");
    ck_assert(json_valid(answer));
    ck_assert_str_eq(seqs_of(answer), run_of(1500, 1));
    ck_assert(json_kind(json_member(result, "next")) == JSON_NONE);
    ck_assert(json_kind(json_member(result, "incomplete")) == JSON_TRUE);
}
END_TEST

START_TEST(a_piece_with_nothing_in_it_is_the_last)
{
    say(RECENT("2000"));
    service_answers_trades("history", "\"count\":1000}", 1000, 1, ",\"next\":{\"a\":\"7-0\"}");
    service_answers("history", "\"upto\":{\"a\":\"7-0\"}", "{\"ok\":true,\"trades\":[ ]}");
    text_t answer = take();
    ck_assert(json_valid(answer));
    ck_assert_str_eq(seqs_of(answer), run_of(1000, 1));
}
END_TEST

START_TEST(nothing_at_all_is_an_empty_list)
{
    say(RECENT("2000"));
    service_answers("history", "\"count\":1000}", "{\"ok\":true,\"trades\":[]}");
    text_t answer = take();
    ck_assert(json_valid(answer));
    ck_assert_str_eq(seqs_of(answer), "");
    ck_assert(json_kind(json_member(json_member(answer, "result"), "trades")) == JSON_ARRAY);
}
END_TEST

START_TEST(trades_since_and_by_cursor_go_on_from_where_a_piece_ended)
{
    say(ASK("getTradesSince", ",\"afterTimestamp\":0,\"count\":1500,\"source\":\"a\""));
    service_answers_trades("history", "\"count\":1000,\"source\":\"a\"", 1, 1000, ",\"next\":{\"a\":\"7-1001\"}");
    service_answers_trades("history", "\"from\":{\"a\":\"7-1001\"}}", 1001, 1500, ",\"next\":{\"a\":\"7-1501\"}");
    ck_assert_str_eq(seqs_of(take()), run_of(1, 1500));
    say(ASK("getTradesRange", ",\"source\":\"a\",\"from\":\"7-1\",\"to\":\"7-2000\",\"count\":1500"));
    service_answers_trades("history", "\"to\":\"7-2000\",\"from\":\"7-1\"}", 3, 1002, ",\"missing\":2,\"next\":\"7-1003\"");
    service_answers_trades("history", "\"from\":\"7-1003\"}", 1004, 1503, ",\"missing\":1,\"next\":\"7-1504\"");
    text_t result = json_member(take(), "result");
    ck_assert(text_equal(json_member(result, "missing"), TEXT("3")));
    ck_assert(text_equal(json_member(result, "next"), TEXT("\"7-1504\"")));
}
END_TEST

START_TEST(an_error_in_the_midst_is_the_answer)
{
    say(RECENT("2000"));
    service_answers_trades("history", "\"count\":1000}", 2000, 1001, ",\"next\":{\"a\":\"7-1000\"}");
    service_answers("history", "\"upto\":{\"a\":\"7-1000\"}", NULL);
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,\"message\":\"History is not available now\"}}");
    ck_assert_uint_eq(fixture.hub.turns.bytes, 0);
}
END_TEST

START_TEST(a_piece_that_is_no_json_is_an_invalid_reply)
{
    static const char *const pieces[] = {
        "{\"ok\":true,\"trades\":[{\"epoch\":7,\"seq\":1}", "{\"ok\":true,\"trades\":[{\"epoch\":7}],",
        "{\"ok\":true,\"trades\":[{\"epoch\":07}]}", "{\"ok\":true,\"trades\":[]}}", "{\"ok\":true,\"trades\":{\"epoch\":7}}"};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        say(RECENT("2000"));
        service_answers("history", "\"count\":1000}", pieces[i]);
        expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,\"message\":\"Invalid reply from history\"}}");
    }
}
END_TEST

START_TEST(a_client_that_goes_takes_its_pieces_with_it)
{
    say(RECENT("2000"));
    service_answers_trades("history", "\"count\":1000}", 2000, 1001, ",\"next\":{\"a\":\"7-1000\"}");
    peer_leaves(&fixture.client);
    ck_assert_uint_eq(fixture.hub.turns.bytes, 0);
}
END_TEST

START_TEST(one_client_has_one_large_answer_under_way_and_too_many_that_wait_are_refused)
{
    for (size_t i = 0; i < RPC_OPEN_MAX; i++)
        say(RECENT("10000"));
    ck_assert_uint_eq(fixture.asked_count, 1);
    expect_nothing();
    say(RECENT("10000"));
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32001,\"message\":\"Too many requests are waiting\"}}");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {many_trades_are_asked_for_in_pieces_and_answered_as_one,
                                  where_history_ends_so_does_the_answer,
                                  a_piece_with_nothing_in_it_is_the_last,
                                  nothing_at_all_is_an_empty_list,
                                  trades_since_and_by_cursor_go_on_from_where_a_piece_ended,
                                  an_error_in_the_midst_is_the_answer,
                                  a_piece_that_is_no_json_is_an_invalid_reply,
                                  a_client_that_goes_takes_its_pieces_with_it,
                                  one_client_has_one_large_answer_under_way_and_too_many_that_wait_are_refused};
    return RUN_TESTS("pieces", TEST_CASE(fixture_setup, fixture_teardown, tests));
}
