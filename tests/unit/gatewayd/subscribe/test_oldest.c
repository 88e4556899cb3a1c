/* A subscribe with `mark` says what can still be had by `since`. */
#include "gatewayd/subscribe/subscribe_oldest.h"

#include "tests/unit/gateway_fixture.h"

#define MARK ",\"mark\":true"
#define STATS(more)                                                                                                            \
    "{\"ok\":true,\"stats\":[{\"topic\":\"trade.BTC-USD.b\",\"trades\":5,\"retention\":{\"trades\":5}},"                       \
    "{\"topic\":\"trade.BTC-USD.a\",\"trades\":101,\"firstTimestamp\":\"1970-01-01T00:15:00Z\","                               \
    "\"lastTimestamp\":\"1970-01-01T00:16:40Z\"" more "}]}"

/* What comes between `oldest` and the end of the answer; now is 1970-01-01T00:16:40Z. */
static void expect_oldest(const char *oldest)
{
    char expected[512];
    snprintf(expected, sizeof expected, "\"recovered\":true%s%s}}", *oldest ? ",\"oldest\":" : "", oldest);
    expect_with(expected);
    expect_with("trades.live");
}

static void subscribe(void)
{
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE(MARK));
    follow(BTC, FIXTURE_EPOCH, 10);
}

/* History has 7-5, and the journal less. Trades of the fixture are of the future: it is when they were received that counts. */
static void history_has_more(void)
{
    service_answers_trades("history", "\"from\":\"0-0\"", 5, 5, ",\"missing\":0");
    service_answers_trades("journal", "\"from\":\"0-0\"", 8, 8, ",\"missing\":0");
}

START_TEST(it_is_asked_for_before_the_answer)
{
    subscribe();
    expect_nothing();
    history_has_more();
    expect_nothing();
    service_answers("history", "{\"op\":\"stats\",\"symbol\":\"BTC-USD\"}", STATS(""));
    client_pump(fixture.client);
    expect_oldest("{\"a\":{\"cursor\":\"7-5\",\"time\":\"1970-01-01T00:00:00.000000001Z\",\"until\":null}}");
}
END_TEST

static const struct {
    const char *stats, *until;
} estimates[] = {
    {STATS(",\"retention\":{}"), "null"},
    {STATS(",\"retention\":{\"ms\":86400000}"), "\"1970-01-02T00:00:00.000000001Z\""},
    {STATS(",\"retention\":{\"trades\":101}"), "\"1970-01-01T00:16:40.000000000Z\""},
    {STATS(",\"retention\":{\"trades\":100}"), "\"1970-01-01T00:16:40.000000000Z\""},
    {STATS(",\"retention\":{\"trades\":201}"), "\"1970-01-01T00:18:19.009901000Z\""},
    {STATS(",\"stored\":1,\"retention\":{\"trades\":101,\"ms\":86400000}"), "\"1970-01-01T00:18:19.009901000Z\""},
    {STATS(",\"retention\":{\"trades\":18446744073709551615}"), "null"},
    {STATS(",\"retention\":{\"ms\":18446744073709551615}"), "null"},
    {STATS(",\"retention\":7"), "null"},
    {"{\"ok\":false}", "null"},
    {"{\"ok\":true,\"stats\":[{\"topic\":\"trade.BTC-USD.a\",\"trades\":1,\"retention\":{\"trades\":2}}]}", "null"},
    {"{\"ok\":tr", "null"},
    {NULL, "null"},
};

START_TEST(when_it_goes_is_estimated)
{
    char expected[256];
    subscribe();
    history_has_more();
    service_answers("history", "\"stats\"", estimates[_i].stats);
    client_pump(fixture.client);
    snprintf(expected, sizeof expected, "{\"a\":{\"cursor\":\"7-5\",\"time\":\"1970-01-01T00:00:00.000000001Z\",\"until\":%s}}",
             estimates[_i].until);
    expect_oldest(expected);
}
END_TEST

START_TEST(what_the_journal_has_goes_nobody_knows_when)
{
    subscribe();
    service_answers_trades("history", "\"from\":\"0-0\"", 5, 5, ",\"missing\":0");
    service_answers_trades("journal", "\"from\":\"0-0\"", 3, 3, ",\"missing\":0");
    client_pump(fixture.client);
    expect_oldest("{\"a\":{\"cursor\":\"7-3\",\"time\":\"1970-01-01T00:00:00.000000001Z\",\"until\":null}}");
}
END_TEST

START_TEST(it_is_left_out_where_nobody_answers)
{
    subscribe();
    service_answers("history", "\"from\":\"0-0\"", NULL);
    service_answers("journal", "\"from\":\"0-0\"", NULL);
    client_pump(fixture.client);
    expect_oldest("");
    say(SUBSCRIBE(MARK)); /* soon after that nobody is asked */
    client_pump(fixture.client);
    expect_oldest("");
    pass_ms(OLDEST_AGAIN_MS);
    say(SUBSCRIBE(MARK));
    history_has_more();
    service_answers("history", "\"stats\"", STATS(""));
    client_pump(fixture.client);
    expect_oldest("{\"a\":{\"cursor\":\"7-5\",\"time\":\"1970-01-01T00:00:00.000000001Z\",\"until\":null}}");
}
END_TEST

START_TEST(it_is_asked_for_once_a_minute)
{
    static const char known[] = "{\"a\":{\"cursor\":\"7-5\",\"time\":\"1970-01-01T00:00:00.000000001Z\",\"until\":null}}";
    subscribe();
    history_has_more();
    service_answers("history", "\"stats\"", STATS(""));
    client_pump(fixture.client);
    expect_oldest(known);
    pass_ms(OLDEST_FRESH_MS - 1);
    say(SUBSCRIBE(MARK));
    client_pump(fixture.client);
    expect_oldest(known);
    pass_ms(1);
    say(SUBSCRIBE(MARK));
    expect_nothing();
    service_answers_trades("history", "\"from\":\"0-0\"", 6, 6, ",\"missing\":0");
    service_answers_trades("journal", "\"from\":\"0-0\"", 8, 8, ",\"missing\":0");
    service_answers("history", "\"stats\"", STATS(""));
    client_pump(fixture.client);
    expect_with("\"oldest\":{\"a\":{\"cursor\":\"7-6\"");
}
END_TEST

START_TEST(others_wait_for_the_same_answer_but_not_for_one_that_never_comes)
{
    wire_t wire = {.sent = buffer_new(0)};
    client_t *other = peer_new(&fixture.hub, &wire_link, &wire);
    subscribe();
    peer_says(other, TEXT(SUBSCRIBE(MARK)));
    ck_assert_uint_eq(fixture.asked_count, 1);
    ck_assert_uint_eq(wire.sent.length, 0);
    history_has_more();
    service_answers("history", "\"stats\"", STATS(""));
    pass_ms(HISTORY_RETRY_MS);
    client_pump(other);
    ck_assert_ptr_nonnull(memmem(wire.sent.bytes, wire.sent.length, "\"oldest\"", 8));
    client_pump(fixture.client);
    pass_ms(OLDEST_FRESH_MS);
    buffer_clear(&wire.sent);
    say(SUBSCRIBE(MARK));
    ck_assert_uint_eq(fixture.asked_count, 1);
    peer_says(other, TEXT(SUBSCRIBE(MARK)));
    peer_leaves(&fixture.client); /* and its question is cancelled */
    ck_assert_uint_eq(fixture.asked_count, 0);
    pass_ms(OLDEST_OTHERS_MS - 1);
    ck_assert_uint_eq(wire.sent.length, 0);
    pass_ms(HISTORY_RETRY_MS);
    client_pump(other);
    ck_assert_uint_gt(wire.sent.length, 0);
    peer_leaves(&other);
    buffer_release(&wire.sent);
}
END_TEST

START_TEST(without_a_mark_nobody_is_asked)
{
    subscribe_at_10();
    ck_assert_uint_eq(fixture.asked_count, 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("oldest");
    tcase_add_checked_fixture(tests, fixture_setup, fixture_teardown);
    tcase_add_test(tests, it_is_asked_for_before_the_answer);
    tcase_add_loop_test(tests, when_it_goes_is_estimated, 0, sizeof estimates / sizeof *estimates);
    tcase_add_test(tests, what_the_journal_has_goes_nobody_knows_when);
    tcase_add_test(tests, it_is_left_out_where_nobody_answers);
    tcase_add_test(tests, it_is_asked_for_once_a_minute);
    tcase_add_test(tests, others_wait_for_the_same_answer_but_not_for_one_that_never_comes);
    tcase_add_test(tests, without_a_mark_nobody_is_asked);
    return RUN_TESTS("oldest", tests);
}
