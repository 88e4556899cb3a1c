/* A client's messages become calls, and replies messages to it. */
#include "tests/unit/gateway_fixture.h"

START_TEST(a_message_is_answered_and_names_of_methods_have_no_case)
{
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"PING\"}");
    expect_with("\"pong\":true");
    ck_assert_uint_eq(fixture.hub.rpc_counts.requests, 1);
}
END_TEST

START_TEST(what_is_no_method_is_shown)
{
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"fly\"}");
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32601,\"message\":\"Method not found: fly\"}}");
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"f\\u006cy\"}");
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32601,\"message\":\"Method not found: fly\"}}");
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\\u0000b\"}");
    expect_with("Method not found: ");
    ck_assert_uint_eq(fixture.hub.rpc_counts.errors, 3);
}
END_TEST

START_TEST(what_can_not_be_read_is_refused_with_the_id_null)
{
    rpc_session_refuse(peer_of(fixture.client)->rpc, RPC_PARSE_ERROR, "Parse error: expected a text frame, found a binary one");
    client_pump(fixture.client);
    expect(
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"Parse error: expected a text frame, found a "
        "binary one\"}}");
}
END_TEST

START_TEST(its_open_batches_are_known_to_the_conversation)
{
    say("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"getRecentTrades\",\"params\":{\"symbol\":\"BTC-USD\",\"count\":2000}}]");
    ck_assert_ptr_nonnull(fixture.client->talk.batches);
    ck_assert_uint_eq(fixture.client->talk.batches->count, 1);
    service_answers("history", "recent", "{\"ok\":true,\"trades\":[]}");
    ck_assert_uint_eq(fixture.client->talk.batches->count, 0);
    expect_with("[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_message_is_answered_and_names_of_methods_have_no_case, what_is_no_method_is_shown,
                                  what_can_not_be_read_is_refused_with_the_id_null,
                                  its_open_batches_are_known_to_the_conversation};
    return RUN_TESTS("rpc_session", TEST_CASE(fixture_setup, fixture_teardown, tests));
}
