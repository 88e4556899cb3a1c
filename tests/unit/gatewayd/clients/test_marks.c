/* Subscriptions with `mark`: each catch-up ends with a count and a hash of what went out. */
#include "tests/unit/gateway_fixture.h"

#include "common/json/json.h"

#define MARK ",\"mark\":true"

static uint64_t count;
static uint32_t hash;

static void setup(void)
{
    fixture_setup();
    count = hash = 0;
}

static void take_all(void)
{
    for (int i = 0; i < 40; i++)
        client_pump(fixture.client);
}

static uint64_t floor_of_ring(void)
{
    return ring_floor(markets_stream(fixture.hub.markets, TEXT(BTC), (cursor_t){0})->ring).seq;
}

static void add(text_t message)
{
    if (!text_equal(json_member(message, "method"), TEXT("\"trades.update\"")))
        return;
    count++;
    hash += frame_sum(DIALECT_RPC, json_member(message, "params"));
}

/* Takes what was sent up to the next mark, which is right about it. Returns how many messages that were, without those of batches. */
static size_t expect_mark(const char *from, const char *to)
{
    char expected[256];
    count = hash = 0;
    for (size_t messages = 0;; messages++) {
        text_t message = take();
        ck_assert_msg(message.length > 0, "no mark behind %zu messages", messages);
        if (!text_starts_with(message, TEXT("{\"jsonrpc\":\"2.0\",\"method\":\"trades.live\""))) {
            if (json_kind(message) != JSON_ARRAY)
                add(message);
            for (json_walk_t walk = json_walk(message); json_kind(message) == JSON_ARRAY && json_next(&walk);)
                add(walk.value);
            continue;
        }
        snprintf(expected, sizeof expected,
                 "{\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"source\":\"a\",\"from\":\"%s\",\"to\":\"%s\",\"count\":%llu,"
                 "\"hash\":\"%08x\"}",
                 from, to, (unsigned long long)count, hash);
        ck_assert_msg(text_equal(json_member(message, "params"), text_of(expected)), "expected %s\nfound %.*s", expected,
                      TEXT_ARG(message));
        return messages;
    }
}

/* The stream is at 7-`last`, and the client subscribes. */
static void subscribe(const char *call, uint64_t last)
{
    hear("a", true, "{\"BTC-USD\":10}");
    say(SUBSCRIBE("")); /* so that there is a ring */
    follow(BTC, FIXTURE_EPOCH, 10);
    for (uint64_t seq = 11; seq <= last; seq++)
        trades_come(seq, seq);
    expect_with("\"subscribed\"");
    expect_trades(FIXTURE_EPOCH, 11, last);
    markets_stream(fixture.hub.markets, TEXT(BTC), (cursor_t){0})->oldest.asked_ns =
        fixture.now_ns + 3600 * NS_PER_S; /* test_oldest.c */
    say(call);
    take_all();
}

START_TEST(who_asks_for_no_mark_gets_none)
{
    subscribe(SUBSCRIBE(",\"since\":\"7-15\""), 20);
    expect(SUBSCRIBED("7-15", "true"));
    expect_trades(FIXTURE_EPOCH, 16, 20);
    expect_nothing();
    ck_assert(!fixture.hub.marks);
}
END_TEST

START_TEST(who_missed_nothing_is_told_from_where_it_is_live)
{
    hear("a", true, "{\"BTC-USD\":10}");
    fixture.deaf = true; /* so that it does not ask what the oldest is */
    say(SUBSCRIBE(MARK));
    follow(BTC, FIXTURE_EPOCH, 10);
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-10", "true"));
    ck_assert_uint_eq(expect_mark("7-10", "7-10"), 0);
    ck_assert_uint_eq(count, 0);
    trades_come(11, 12);
    expect_trades(FIXTURE_EPOCH, 11, 12);
    expect_nothing();
}
END_TEST

START_TEST(what_the_ring_has_is_followed_by_a_mark)
{
    subscribe(SUBSCRIBE(MARK ",\"since\":\"7-15\""), 40);
    expect(SUBSCRIBED("7-15", "true"));
    expect_mark("7-15", "7-40");
    ck_assert_uint_eq(count, 25);
    trades_come(41, 42);
    expect_trades(FIXTURE_EPOCH, 41, 42);
    expect_nothing();
}
END_TEST

START_TEST(subscribing_again_tells_it_again)
{
    subscribe(SUBSCRIBE(MARK), 20);
    expect(SUBSCRIBED("7-20", "true"));
    expect_mark("7-20", "7-20");
    say(SUBSCRIBE(MARK));
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-20", "true"));
    expect_mark("7-20", "7-20");
    say(SUBSCRIBE(""));
    client_pump(fixture.client);
    expect(SUBSCRIBED("7-20", "true"));
    expect_nothing();
}
END_TEST

START_TEST(a_mark_goes_behind_the_answer_of_a_batch_that_other_trades_went_before)
{
    subscribe(SUBSCRIBE(""), 20);
    take();
    say("[" SUBSCRIBE(
        MARK) ",{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"getRecentTrades\",\"params\":{\"symbol\":\"BTC-USD\"}}]");
    trades_come(21, 25); /* the answer waits for history */
    expect_nothing();
    service_answers_trades("history", "\"recent\"", 20, 11, "");
    take_all();
    expect_with("\"subscribed\"");
    expect_mark("7-20", "7-25");
    ck_assert_uint_eq(count, 5);
}
END_TEST

/* Those behind 7-12 come: the ring lacks the first ones. */
static void come_from_far(const char *call)
{
    subscribe(call, 2000);
    service_answers_trades("history", "\"from\":\"7-13\"", 13, 13, ",\"missing\":0");
    take_all();
    expect_with("\"recovered\":true");
    service_answers_trades("history", "\"from\":\"7-13\"", 13, 1012, ",\"missing\":0,\"next\":\"7-1013\"");
    take_all();
}

START_TEST(pages_of_history_and_the_ring_are_one_catch_up)
{
    come_from_far(SUBSCRIBE(MARK ",\"since\":\"7-12\""));
    trades_come(2001, 2005);
    service_answers_trades("history", "\"from\":\"7-1013\"", 1013, floor_of_ring() + 7, ",\"missing\":0");
    take_all();
    expect_mark("7-12", "7-2005");
    ck_assert_uint_eq(count, 1993);
    expect_nothing();
}
END_TEST

START_TEST(batches_are_counted_like_single_ones)
{
    come_from_far(SUBSCRIBE(MARK ",\"batch\":true,\"since\":\"7-12\""));
    service_answers_trades("history", "\"from\":\"7-1013\"", 1013, floor_of_ring(), ",\"missing\":0");
    take_all();
    ck_assert_uint_lt(expect_mark("7-12", "7-2000"), 100);
    ck_assert_uint_eq(count, 1988);
}
END_TEST

START_TEST(a_page_that_is_taken_in_parts_is_counted_in_parts)
{
    fixture.wire.room = 0;
    subscribe(SUBSCRIBE(MARK ",\"since\":\"7-12\""), 2000);
    service_answers_trades("history", "\"from\":\"7-13\"", 13, 13, ",\"missing\":0");
    take_all();
    expect_with("\"recovered\":true");
    fixture.wire.room = 3000;
    service_answers_trades("history", "\"from\":\"7-13\"", 13, 1012, ",\"missing\":0,\"next\":\"7-1013\"");
    for (int i = 0; i < 1000; i++) {
        if (fixture.asked_count > 0)
            service_answers_trades("history", "\"from\":\"7-1013\"", 1013, floor_of_ring(), ",\"missing\":0");
        fixture.wire.choked = false;
        client_pump(fixture.client);
    }
    fixture.wire.room = 0;
    ck_assert_uint_eq(expect_mark("7-12", "7-2000"), 1988);
}
END_TEST

START_TEST(a_gap_is_told_and_not_counted)
{
    come_from_far(SUBSCRIBE(MARK ",\"since\":\"7-12\""));
    service_answers_trades("history", "\"from\":\"7-1013\"", 1113, floor_of_ring(), ",\"missing\":100");
    service_answers_trades("journal", "\"from\":\"7-1013\"", 1113, floor_of_ring(), ",\"missing\":100");
    take_all();
    markets_gap(fixture.hub.markets, TEXT(BTC), (cursor_t){FIXTURE_EPOCH, 2001}, (cursor_t){FIXTURE_EPOCH, 2010});
    fanout_flush(&fixture.hub);
    expect_mark("7-12", "7-2000");
    ck_assert_uint_eq(count, 1888);
    expect_with("trades.gap");
}
END_TEST

START_TEST(a_gap_at_the_end_of_the_ring_is_its_end)
{
    subscribe(SUBSCRIBE(""), 20);
    take();
    markets_gap(fixture.hub.markets, TEXT(BTC), (cursor_t){FIXTURE_EPOCH, 21}, (cursor_t){FIXTURE_EPOCH, 30});
    say(SUBSCRIBE(MARK ",\"since\":\"7-18\""));
    take_all();
    expect_with("\"recovered\":false");
    ck_assert_uint_eq(expect_mark("7-18", "7-30"), 3);
    ck_assert_uint_eq(count, 2);
}
END_TEST

START_TEST(who_says_it_is_beyond_the_end_is_told_a_gap_and_a_mark)
{
    subscribe(SUBSCRIBE(MARK ",\"since\":\"7-50\""), 20);
    pass_ms(SUBSCRIBE_RESUME_MS);
    take_all();
    expect(SUBSCRIBED("7-20", "false"));
    expect_with("trades.gap");
    expect_mark("7-50", "7-20");
}
END_TEST

START_TEST(each_stream_of_the_symbol_has_its_mark_also_one_that_comes_later)
{
    hear("a", true, "{\"BTC-USD\":10}");
    hear("b", true, "{\"BTC-USD\":5}");
    fixture.deaf = true;
    say(SUBSCRIBE(MARK ",\"since\":{\"a\":\"7-8\"}"));
    follow(BTC, FIXTURE_EPOCH, 8);
    follow("trade.BTC-USD.b", FIXTURE_EPOCH, 5);
    client_pump(fixture.client);
    expect_with("\"cursors\":{\"a\":\"7-8\",\"b\":\"7-5\"}");
    expect_with("\"source\":\"a\",\"from\":\"7-8\",\"to\":\"7-8\",\"count\":0");
    expect_with("\"source\":\"b\",\"from\":\"7-5\",\"to\":\"7-5\",\"count\":0");
    hear("c", true, "{\"BTC-USD\":3}");
    follow("trade.BTC-USD.c", FIXTURE_EPOCH, 3);
    client_pump(fixture.client);
    expect_with("\"source\":\"c\",\"from\":\"7-3\",\"to\":\"7-3\",\"count\":0");
    expect_nothing();
}
END_TEST

/* The client has everything up to 7-12 and takes nothing more, while 7-13 to 7-2000 come. */
static void fall_behind(slow_t slow)
{
    fixture.hub.limits.slow = slow;
    subscribe(SUBSCRIBE(MARK), 12);
    expect_with("\"subscribed\"");
    expect_mark("7-12", "7-12");
    fixture.wire.choked = true;
    trades_come(13, 2000);
    fixture.wire.choked = false;
    client_pump(fixture.client);
}

START_TEST(who_was_slow_is_told_when_it_has_caught_up)
{
    fall_behind(SLOW_CATCHUP);
    service_answers_trades("history", "\"from\":\"7-13\"", 13, 1012, ",\"missing\":0,\"next\":\"7-1013\"");
    take_all();
    service_answers_trades("history", "\"from\":\"7-1013\"", 1013, floor_of_ring(), ",\"missing\":0");
    take_all();
    expect_mark("7-12", "7-2000");
    ck_assert_uint_eq(count, 1988);
    trades_come(2001, 2002);
    expect_trades(FIXTURE_EPOCH, 2001, 2002);
    expect_nothing();
}
END_TEST

/* In what history is asked. */
static uint64_t number_behind(const char *part)
{
    const char *found = strstr(fixture.asked[0].text, part);
    ck_assert_ptr_nonnull(found);
    return strtoull(found + strlen(part), NULL, 10);
}

START_TEST(who_falls_behind_while_it_catches_up_is_told_once)
{
    fall_behind(SLOW_CATCHUP);
    service_answers_trades("history", "\"from\":\"7-13\"", 13, 1012, ",\"missing\":0,\"next\":\"7-1013\"");
    take_all();
    fixture.wire.choked = true;
    trades_come(2001, 4000);
    fixture.wire.choked = false;
    take_all();
    while (fixture.asked_count > 0) {
        uint64_t from = number_behind("\"from\":\"7-"), to = number_behind("\"to\":\"7-"), most = from + 999;
        service_answers_trades("history", "\"range\"", from, to < most ? to : most, ",\"missing\":0,\"next\":\"7-1\"");
        take_all();
    }
    expect_mark("7-12", "7-4000");
    ck_assert_uint_eq(count, 3988);
    expect_nothing();
}
END_TEST

START_TEST(with_conflation_the_gap_is_followed_by_a_mark)
{
    fall_behind(SLOW_CONFLATE);
    take_all();
    expect_with("trades.gap");
    expect_mark("7-12", "7-2000");
    ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(another_epoch_is_told_within_a_catch_up)
{
    subscribe(SUBSCRIBE(""), 20);
    take();
    markets_renew(fixture.hub.markets, TEXT(BTC), (cursor_t){FIXTURE_EPOCH, 15}, (cursor_t){FIXTURE_EPOCH + 1, 5});
    fixture.deaf = true;
    say(SUBSCRIBE(MARK ",\"since\":\"8-2\""));
    take_all();
    expect_with("\"cursor\":\"8-2\"");
    expect_mark("8-2", "8-5");
    ck_assert_uint_eq(count, 3);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("marks");
    tcase_add_checked_fixture(tests, setup, fixture_teardown);
    tcase_add_test(tests, who_asks_for_no_mark_gets_none);
    tcase_add_test(tests, who_missed_nothing_is_told_from_where_it_is_live);
    tcase_add_test(tests, what_the_ring_has_is_followed_by_a_mark);
    tcase_add_test(tests, subscribing_again_tells_it_again);
    tcase_add_test(tests, a_mark_goes_behind_the_answer_of_a_batch_that_other_trades_went_before);
    tcase_add_test(tests, pages_of_history_and_the_ring_are_one_catch_up);
    tcase_add_test(tests, batches_are_counted_like_single_ones);
    tcase_add_test(tests, a_page_that_is_taken_in_parts_is_counted_in_parts);
    tcase_add_test(tests, a_gap_is_told_and_not_counted);
    tcase_add_test(tests, a_gap_at_the_end_of_the_ring_is_its_end);
    tcase_add_test(tests, who_says_it_is_beyond_the_end_is_told_a_gap_and_a_mark);
    tcase_add_test(tests, each_stream_of_the_symbol_has_its_mark_also_one_that_comes_later);
    tcase_add_test(tests, who_was_slow_is_told_when_it_has_caught_up);
    tcase_add_test(tests, who_falls_behind_while_it_catches_up_is_told_once);
    tcase_add_test(tests, with_conflation_the_gap_is_followed_by_a_mark);
    tcase_add_test(tests, another_epoch_is_told_within_a_catch_up);
    return RUN_TESTS("marks", tests);
}
