/* subscribe with `since`: what was missed comes behind the answer, or it is said what of it can not be had. */
#include "tests/unit/gateway_fixture.h"

START_TEST(since_that_the_ring_holds_is_answered_from_it)
{
    subscribe_at_10();
    trades_come(11, 20);
    expect_trades(FIXTURE_EPOCH, 11, 20);
    say(SUBSCRIBE(",\"since\":\"7-15\""));
    expect(SUBSCRIBED("7-15", "true"));
    expect_trades(FIXTURE_EPOCH, 16, 20);
    trades_come(21, 21);
    expect_trades(FIXTURE_EPOCH, 21, 21);
    ck_assert_uint_eq(fixture.asked_count, 0);
}
END_TEST

START_TEST(since_of_a_source_by_name_is_that_source_s)
{
    subscribe_at_10();
    trades_come(11, 20);
    expect_trades(FIXTURE_EPOCH, 11, 20);
    say(SUBSCRIBE(",\"since\":{\"other\":\"7-3\",\"a\":\"7-19\"}"));
    expect(SUBSCRIBED("7-19", "true"));
    expect_trades(FIXTURE_EPOCH, 20, 20);
    expect_nothing();
}
END_TEST

START_TEST(since_before_the_ring_is_recovered_from_history)
{
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(",\"since\":\"7-5\""));
    follow(BTC, FIXTURE_EPOCH, 10);
    trades_come(11, 12);
    expect_nothing();
    service_answers_trades("history", "\"from\":\"7-6\",\"to\":\"7-10\",\"count\":1", 6, 6, ",\"missing\":0,\"next\":\"7-7\"");
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-5", "true"));
    expect_nothing();
    service_answers_trades("history", "\"from\":\"7-6\",\"to\":\"7-12\",\"count\":1000", 6, 10, ",\"missing\":0");
    client_pump(fixture.client); /* the page has left … */
    client_pump(fixture.client); /* … and the ring goes on */
    expect_trades(FIXTURE_EPOCH, 6, 12);
}
END_TEST

START_TEST(what_history_lacks_the_journal_may_have)
{
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(",\"since\":\"7-5\""));
    follow(BTC, FIXTURE_EPOCH, 10);
    service_answers_trades("history", "\"from\":\"7-6\"", 9, 9, ",\"missing\":3,\"next\":\"7-10\"");
    service_answers_trades("journal", "\"from\":\"7-6\"", 6, 6, ",\"missing\":0,\"next\":\"7-7\"");
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-5", "true"));
}
END_TEST

START_TEST(what_nobody_has_any_more_is_not_recovered_and_named)
{
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(",\"since\":\"7-5\""));
    follow(BTC, FIXTURE_EPOCH, 10);
    for (int i = 0; i < 2; i++) { /* for the answer, and for the page */
        service_answers_trades("history", "\"from\":\"7-6\"", 9, 9, ",\"missing\":3,\"next\":\"7-10\"");
        service_answers_trades("journal", "\"from\":\"7-6\"", 9, 10, ",\"missing\":3");
        client_pump(fixture.client);
    }
    expect(SUBSCRIBED("7-5", "false"));
    expect_with("\"trades.gap\",\"params\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"source\":\"a\",\"from\":\"7-6\","
                "\"to\":\"7-8\","
                "\"missing\":3}");
    expect_trades(FIXTURE_EPOCH, 9, 10);
}
END_TEST

START_TEST(services_that_are_away_are_waited_for_and_not_for_ever)
{
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(",\"since\":\"7-5\""));
    follow(BTC, FIXTURE_EPOCH, 10);
    service_answers("history", "range", NULL);
    service_answers("journal", "range", NULL);
    pass_ms(HISTORY_RETRY_MS);
    service_answers("history", "range", NULL);
    fixture.now_ns += HISTORY_PATIENCE_MS * NS_PER_MS;
    service_answers("journal", "range", NULL);
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-5", "false"));
}
END_TEST

START_TEST(a_service_that_comes_back_in_time_recovers_all)
{
    fixture.deaf = true;
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(",\"since\":\"7-5\""));
    follow(BTC, FIXTURE_EPOCH, 10);
    pass_ms(HISTORY_PATIENCE_MS / 2);
    expect_nothing();
    fixture.deaf = false;
    pass_ms(HISTORY_RETRY_MS);
    service_answers_trades("history", "\"from\":\"7-6\"", 6, 6, ",\"missing\":0,\"next\":\"7-7\"");
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-5", "true"));
}
END_TEST

START_TEST(since_of_another_gateway_that_was_ahead_is_waited_for)
{
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(",\"since\":\"7-12\""));
    follow(BTC, FIXTURE_EPOCH, 10);
    expect_nothing();
    trades_come(11, 13);
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-12", "true"));
    expect_trades(FIXTURE_EPOCH, 13, 13);
}
END_TEST

/* A replay that was killed with a question unanswered leaves a stream's place unknown for as long as its time-out. */
START_TEST(who_resumes_waits_for_a_stream_that_is_long_in_coming)
{
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(",\"since\":\"7-5\""));
    pass_ms(SUBSCRIBE_STREAM_MS);
    client_pump(fixture.client);
    expect_nothing();
    follow(BTC, FIXTURE_EPOCH, 10);
    service_answers_trades("history", "\"from\":\"7-6\"", 6, 6, ",\"missing\":0,\"next\":\"7-7\"");
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-5", "true"));
}
END_TEST

START_TEST(a_gateway_that_repairs_a_hole_is_waited_for_until_it_reaches_since)
{
    hear("a", true, "{\"BTC-USD\":12}");
    say(SUBSCRIBE(",\"since\":\"7-12\""));
    follow(BTC, FIXTURE_EPOCH, 10);
    pass_ms(SUBSCRIBE_STREAM_MS);
    client_pump(fixture.client);
    expect_nothing();
    trades_come(11, 13);
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-12", "true"));
    expect_trades(FIXTURE_EPOCH, 13, 13);
    expect_nothing();
}
END_TEST

START_TEST(who_resumes_where_nobody_knows_what_there_is_is_told_to_try_again)
{
    static const char refusal[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,\"message\":"
                                  "\"Not ready: the position of trade.BTC-USD.a is not known yet\"}}";
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(",\"since\":\"7-5\""));
    pass_ms(1000);
    say(SUBSCRIBE(",\"since\":\"7-6\""));
    pass_ms(SUBSCRIBE_RESUME_MS - 1000);
    client_pump(fixture.client);
    expect(refusal);
    ck_assert_uint_eq(fixture.hub.subscription_count, 1); /* the other one waits yet */
    pass_ms(1000);
    client_pump(fixture.client);
    expect(refusal);
    expect_nothing();
    ck_assert_uint_eq(fixture.hub.subscription_count, 0);
    ck_assert_str_eq(fixture.wanted, "+BTC-USD -BTC-USD ");
}
END_TEST

START_TEST(since_that_never_was_is_not_recovered)
{
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(",\"since\":\"7-99\""));
    follow(BTC, FIXTURE_EPOCH, 10);
    pass_ms(SUBSCRIBE_RESUME_MS);
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-10", "false"));
    expect_with("\"from\":\"7-100\",\"to\":\"7-10\",\"missing\":null");
    trades_come(11, 11);
    expect_trades(FIXTURE_EPOCH, 11, 11);
}
END_TEST

START_TEST(since_of_a_lost_journal_is_not_recovered_and_all_of_the_new_one_comes)
{
    hear("a", true, "{\"BTC-USD\":2}");
    say(SUBSCRIBE(",\"since\":\"6-50\""));
    follow(BTC, FIXTURE_EPOCH, 2);
    client_pump(fixture.client);
    expect(SUBSCRIBED("6-50", "false"));
    service_answers("history", "\"from\":\"6-51\",\"to\":\"7-2\"", "{\"ok\":true,\"id\":1,\"trades\":[],\"missing\":0}");
    service_answers_trades("journal", "\"from\":\"6-51\",\"to\":\"7-2\"", 1, 2, ",\"missing\":0");
    expect_with("\"from\":\"6-51\",\"to\":\"7-0\",\"missing\":null");
    expect_trades(FIXTURE_EPOCH, 1, 2);
}
END_TEST

/* Its journal was lost, and the clock was behind: nobody but the client knows of the later epoch. */
START_TEST(since_of_a_later_epoch_than_there_is_gets_all_of_the_present_one)
{
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(",\"since\":\"9-50\""));
    follow(BTC, FIXTURE_EPOCH, 10);
    pass_ms(SUBSCRIBE_RESUME_MS);
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-0", "false"));
    expect_with("\"from\":\"9-51\",\"to\":\"7-0\",\"missing\":null");
    service_answers_trades("history", "\"from\":\"7-1\",\"to\":\"7-10\"", 1, 10, ",\"missing\":0");
    expect_trades(FIXTURE_EPOCH, 1, 10);
    trades_come(11, 11);
    expect_trades(FIXTURE_EPOCH, 11, 11);
}
END_TEST

static void hear_of_renewal(void)
{
    const offer_t *offer;
    status_t status = {.source = TEXT("a"),
                       .connected = true,
                       .since_ns = fixture.now_ns,
                       .time_ns = fixture.now_ns,
                       .epoch = FIXTURE_EPOCH,
                       .former_epoch = 5,
                       .former = TEXT("{\"BTC-USD\":40}"),
                       .symbols = TEXT("{\"BTC-USD\":10}")};
    offers_update(fixture.hub.offers, &status, fixture.now_ns, &offer);
}

START_TEST(since_of_a_journal_that_was_renewed_goes_on_in_the_present_epoch)
{
    hear_of_renewal();
    say(SUBSCRIBE(",\"since\":\"5-48\""));
    follow(BTC, FIXTURE_EPOCH, 6);
    trades_come(7, 10);
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-8", "true"));
    expect_trades(FIXTURE_EPOCH, 9, 10);
    expect_nothing();
}
END_TEST

/* A gateway that has followed the stream through has it from before, too. */
START_TEST(a_journal_that_is_renewed_loses_and_doubles_nothing_for_who_is_live_and_who_resumes)
{
    char json[TRADE_MAX];
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(""));
    follow(BTC, 5, 46);
    client_pump(fixture.client);
    expect(SUBSCRIBED("5-46", "true"));
    for (uint64_t seq = 47; seq <= 50; seq++)
        markets_trade(fixture.hub.markets, TEXT(BTC), (cursor_t){5, seq}, (text_t){json, print_trade(json, "a", 5, seq)});
    hear_of_renewal();
    markets_renew(fixture.hub.markets, TEXT(BTC), (cursor_t){5, 40}, (cursor_t){FIXTURE_EPOCH, 10});
    trades_come(11, 11);
    expect_trades(5, 47, 50);
    expect_with("\"from\":\"5-51\",\"to\":\"7-10\"");
    expect_trades(FIXTURE_EPOCH, 11, 11);
    say(SUBSCRIBE(",\"since\":\"5-48\""));
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-8", "true"));
    expect_trades(5, 49, 50);
    expect_with("\"from\":\"5-51\",\"to\":\"7-10\"");
    expect_trades(FIXTURE_EPOCH, 11, 11);
    say(SUBSCRIBE(",\"since\":\"7-10\""));
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-10", "true"));
    expect_trades(FIXTURE_EPOCH, 11, 11);
    expect_nothing();
}
END_TEST

/* It has had another journal, and knows of this one's former epoch nothing. */
START_TEST(since_of_a_lost_journal_gets_all_of_the_renewed_one)
{
    hear_of_renewal();
    say(SUBSCRIBE(",\"since\":\"6-50\""));
    follow(BTC, 5, 40);
    markets_renew(fixture.hub.markets, TEXT(BTC), (cursor_t){5, 40}, (cursor_t){FIXTURE_EPOCH, 0});
    trades_come(1, 3);
    pass_ms(SUBSCRIBE_RESUME_MS);
    client_pump(fixture.client);
    expect(SUBSCRIBED("6-50", "false"));
    service_answers("history", "\"from\":\"6-51\"", "{\"ok\":true,\"id\":1,\"trades\":[],\"missing\":0}");
    service_answers_trades("journal", "\"from\":\"6-51\"", 1, 3, ",\"missing\":0");
    expect_with("\"from\":\"6-51\",\"to\":\"7-0\"");
    client_pump(fixture.client);
    expect_trades(FIXTURE_EPOCH, 1, 3);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        since_that_the_ring_holds_is_answered_from_it,
        since_of_a_source_by_name_is_that_source_s,
        since_before_the_ring_is_recovered_from_history,
        what_history_lacks_the_journal_may_have,
        what_nobody_has_any_more_is_not_recovered_and_named,
        services_that_are_away_are_waited_for_and_not_for_ever,
        a_service_that_comes_back_in_time_recovers_all,
        since_of_another_gateway_that_was_ahead_is_waited_for,
        who_resumes_waits_for_a_stream_that_is_long_in_coming,
        a_gateway_that_repairs_a_hole_is_waited_for_until_it_reaches_since,
        who_resumes_where_nobody_knows_what_there_is_is_told_to_try_again,
        since_that_never_was_is_not_recovered,
        since_of_a_lost_journal_is_not_recovered_and_all_of_the_new_one_comes,
        since_of_a_later_epoch_than_there_is_gets_all_of_the_present_one,
        since_of_a_journal_that_was_renewed_goes_on_in_the_present_epoch,
        a_journal_that_is_renewed_loses_and_doubles_nothing_for_who_is_live_and_who_resumes,
        since_of_a_lost_journal_gets_all_of_the_renewed_one,
    };
    return RUN_TESTS("resume", TEST_CASE(fixture_setup, fixture_teardown, tests));
}
