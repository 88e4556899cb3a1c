/* A token, a newer one, and the end of both: what becomes of the client. */
#include "gatewayd/methods/client_grant.h"

#include "tests/unit/granted_fixture.h"

START_TEST(before_a_token_came_every_method_is_refused_and_none_is_forgotten)
{
    char message[256];
    hear("a", true, "{\"BTC-USD\":10}");
    for (size_t i = 0; methods_name(i); i++) {
        snprintf(message, sizeof message, CALL("%s", "\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"token\":\"x\""),
                 methods_name(i));
        say(message);
        expect(NO_TOKEN);
    }
    say(CALL("nothing", ""));
    expect(NO_TOKEN);
    say("[" CALL("ping", "") "," CALL("ping", "") "]");
    expect("[" NO_TOKEN "," NO_TOKEN "]");
    ck_assert_uint_eq(fixture.hub.subscription_count, 0);
}
END_TEST

START_TEST(a_token_says_who_it_is)
{
    say(TOKEN("viewer alice 3600"));
    expect(
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"subject\":\"alice\",\"role\":\"viewer\",\"expires\":\"1970-01-01T01:16:40."
        "000000Z\"}}");
    say(CALL("ping", ""));
    expect_with("pong");
}
END_TEST

START_TEST(what_is_no_good_token_changes_nothing)
{
    say(TOKEN("x"));
    expect(REFUSED("-32001", "the token is not a signed JSON Web Token") ",\"data\":{\"reason\":\"malformed\"}}}");
    say(TOKEN("nobody alice 3600"));
    expect(REFUSED("-32003", "the token gives no role that is known here") ",\"data\":{\"reason\":\"no_role\"}}}");
    say(CALL("authenticate", "\"token\":7"));
    expect(REFUSED("-32602", "token: expected a string") "}}");
    say(CALL("authenticate", ""));
    expect(NO_TOKEN);
    say(CALL("ping", ""));
    expect(NO_TOKEN);
    be("trader");
}
END_TEST

START_TEST(where_no_token_is_needed_each_is_good)
{
    peer_leaves(&fixture.client);
    fixture.hub.grants = NULL;
    fixture.hub.everyone = &fixture.everyone;
    fixture.client = peer_new(&fixture.hub, &wire_link, &fixture.wire);
    say(TOKEN("x"));
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"subject\":null,\"role\":\"everyone\",\"expires\":null}}");
    say(REFRESH("x"));
    expect_with("everyone");
}
END_TEST

START_TEST(who_brings_no_token_is_closed)
{
    tick(FIRST_S - 1);
    ck_assert_uint_eq(fixture.wire.closed, 0);
    tick(FIRST_S);
    ck_assert_uint_eq(fixture.wire.closed, 4401);
    ck_assert_str_eq(fixture.wire.reason, "no token came in time");
}
END_TEST

START_TEST(it_is_warned_and_closed_when_the_token_expires)
{
    say(TOKEN("viewer alice 100"));
    expect_with("result");
    tick(40);
    expect("{\"jsonrpc\":\"2.0\",\"method\":\"token.expiring\",\"params\":{\"expires\":\"1970-01-01T00:18:20.000000Z\","
           "\"seconds\":60."
           "000}}");
    tick(100);
    ck_assert_uint_eq(fixture.wire.closed, 4401);
    ck_assert_str_eq(fixture.wire.reason, "the token has expired");
    ck_assert_ptr_null(client_role(fixture.client));
}
END_TEST

START_TEST(a_new_token_keeps_the_connection)
{
    say(TOKEN("viewer alice 100"));
    expect_with("result");
    say(REFRESH("viewer bob 200"));
    expect_with("\"reason\":\"subject\"");
    say(REFRESH("viewer alice 200"));
    expect_with("\"expires\":\"1970-01-01T00:20:00.000000Z\"");
    tick(100);
    expect_nothing();
    ck_assert_uint_eq(fixture.wire.closed, 0);
    tick(200);
    ck_assert_uint_eq(fixture.wire.closed, 4401);
}
END_TEST

#define ENDED                                                                                                                  \
    "{\"jsonrpc\":\"2.0\",\"method\":\"subscription.ended\",\"params\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\","        \
    "\"reason\":\"role\"}}"

START_TEST(what_a_new_role_may_not_see_ends)
{
    be("viewer");
    subscribe_btc();
    say(REFRESH("eth alice 3600"));
    client_pump(fixture.client);
    text_t first = take(), second = take(); /* the notification and the reply */
    ck_assert(text_equal(first, text_of(ENDED)) || text_equal(second, text_of(ENDED)));
    trades_come(11, 12);
    expect_nothing();
    ck_assert_uint_eq(fixture.hub.subscription_count, 0);
}
END_TEST

START_TEST(a_role_with_another_delay_has_to_subscribe_again)
{
    be("trader");
    subscribe_btc();
    say(REFRESH("late alice 3600"));
    client_pump(fixture.client);
    text_t first = take(), second = take();
    ck_assert(text_equal(first, text_of(ENDED)) || text_equal(second, text_of(ENDED)));
    trades_come(11, 12);
    expect_nothing();
}
END_TEST

START_TEST(what_is_under_way_is_refused_when_the_role_has_changed)
{
    be("viewer");
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE("")); /* waits for the stream */
    say("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"refreshToken\",\"params\":{\"token\":\"eth alice 3600\"}}");
    client_pump(fixture.client);
    text_t first = take(), second = take();
    ck_assert(text_equal(first, text_of(ENDED)) || text_equal(second, text_of(ENDED)));
    follow(BTC, FIXTURE_EPOCH, 10);
    client_pump(fixture.client);
    expect(REFUSED("-32602", "Invalid symbol: BTC-USD") "}}");
    trades_come(11, 12);
    expect_nothing();
    ck_assert_uint_eq(fixture.hub.subscription_count, 0);
}
END_TEST

START_TEST(a_reload_may_take_a_role_away)
{
    be("viewer");
    subscribe_btc();
    roles_destroy(&roles);
    roles = load_roles("{\"viewer\":{\"symbols\":[\"ETH-*\"]}}");
    grants_renew(grants);
    client_pump(fixture.client);
    expect(ENDED);
    roles_destroy(&roles);
    roles = load_roles("{\"trader\":{}}");
    grants_renew(grants);
    ck_assert_uint_eq(fixture.wire.closed, 4403);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {before_a_token_came_every_method_is_refused_and_none_is_forgotten,
                                  a_token_says_who_it_is,
                                  what_is_no_good_token_changes_nothing,
                                  where_no_token_is_needed_each_is_good,
                                  who_brings_no_token_is_closed,
                                  it_is_warned_and_closed_when_the_token_expires,
                                  a_new_token_keeps_the_connection,
                                  what_a_new_role_may_not_see_ends,
                                  a_role_with_another_delay_has_to_subscribe_again,
                                  what_is_under_way_is_refused_when_the_role_has_changed,
                                  a_reload_may_take_a_role_away};
    return RUN_TESTS("client_grant", TEST_CASE(granted_set_up, granted_tear_down, tests));
}
