/* Subscriptions that want what is pending as one JSON-RPC batch. */
#include "tests/unit/gateway_fixture.h"

#include "common/json/json.h"

/* The next message is a batch of the trades from..to. */
static void expect_batch(uint64_t from, uint64_t to)
{
    text_t found = take();
    ck_assert_msg(json_valid(found) && json_kind(found) == JSON_ARRAY, "expected a batch, found %.*s", TEXT_ARG(found));
    uint64_t seq = from;
    for (json_walk_t walk = json_walk(found); json_next(&walk); seq++) {
        cursor_t cursor;
        ck_assert(text_equal(json_member(walk.value, "method"), TEXT("\"trades.update\"")));
        ck_assert(trade_cursor(json_member(walk.value, "params"), &cursor));
        ck_assert_uint_eq(cursor.seq, seq);
    }
    ck_assert_uint_eq(seq, to + 1);
}

static void subscribe(const char *more)
{
    char call[256];
    snprintf(
        call, sizeof call,
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscribe\",\"params\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\"%s}}",
        more);
    say(call);
}

static void subscribe_for_batches(const char *more)
{
    char with[128];
    snprintf(with, sizeof with, ",\"batch\":true%s", more);
    hear("a", true, "{\"BTC-USD\":10}");
    subscribe(with);
    follow(BTC, FIXTURE_EPOCH, 10);
    client_pump(fixture.client);
    expect_with("\"subscribed\"");
}

START_TEST(what_is_pending_comes_as_one_batch)
{
    subscribe_for_batches("");
    trades_come(11, 30);
    expect_batch(11, 30);
    trades_come(31, 31);
    expect_batch(31, 31);
    expect_nothing();
    ck_assert_uint_eq(fixture.hub.counts.trades, 21);
}
END_TEST

START_TEST(others_get_the_same_trades_one_by_one)
{
    wire_t wire = {.sent = buffer_new(0)};
    client_t *other = peer_new(&fixture.hub, &wire_link, &wire);
    subscribe_for_batches("");
    peer_says(other, TEXT(SUBSCRIBE("")));
    trades_come(11, 15);
    expect_batch(11, 15);
    wire_t mine = fixture.wire;
    fixture.wire = wire;
    expect_with("\"subscribed\"");
    expect_trades(FIXTURE_EPOCH, 11, 15);
    expect_nothing();
    fixture.wire = mine;
    peer_leaves(&other);
    buffer_release(&wire.sent);
}
END_TEST

START_TEST(two_who_are_at_the_same_place_share_a_batch)
{
    subscribe_for_batches("");
    live_stream_t *live_stream = market_find(markets_find(fixture.hub.markets, TEXT("BTC-USD")), TEXT("a"));
    trades_come(11, 20);
    uint64_t from;
    cursor_t last;
    ck_assert(ring_find(live_stream->ring, (cursor_t){FIXTURE_EPOCH, 10}, &from));
    text_t run = ring_read(live_stream->ring, from, &last);
    const char *first = ring_batch(live_stream->ring, from, run, false).at;
    memset((char *)(uintptr_t)first + 10, 'x', 1); /* it would be overwritten if it were made again */
    ck_assert_int_eq(ring_batch(live_stream->ring, from, run, false).at[10], 'x');
    text_t shorter = {run.at, run.length - 1};
    text_t payload, rest = run;
    frame_next(&rest, &payload);
    shorter.length = (size_t)(rest.at - run.at);
    ck_assert_uint_lt(ring_batch(live_stream->ring, from, shorter, false).length, run.length);
    expect_batch(11, 20);
}
END_TEST

START_TEST(what_was_missed_comes_in_batches_from_the_ring)
{
    subscribe_at_10();
    trades_come(11, 100);
    expect_trades(FIXTURE_EPOCH, 11, 100);
    subscribe(",\"batch\":true,\"since\":\"7-20\"");
    expect_with("\"recovered\":true");
    expect_batch(21, 100);
    trades_come(101, 102);
    expect_batch(101, 102);
    expect_nothing();
}
END_TEST

START_TEST(what_was_missed_comes_in_batches_from_history)
{
    hear("a", true, "{\"BTC-USD\":10}");
    subscribe(",\"batch\":true,\"since\":\"7-5\"");
    follow(BTC, FIXTURE_EPOCH, 10);
    service_answers_trades("history", "\"from\":\"7-6\"", 6, 6, ",\"missing\":0,\"next\":\"7-7\"");
    client_pump(fixture.client);
    expect_with("\"recovered\":true");
    service_answers_trades("history", "\"from\":\"7-6\"", 6, 10, ",\"missing\":0");
    client_pump(fixture.client);
    trades_come(11, 12);
    expect_batch(6, 10);
    expect_batch(11, 12);
    expect_nothing();
}
END_TEST

START_TEST(a_batch_is_bounded_and_nothing_is_missing_between_two)
{
    uint64_t next = 11;
    subscribe_for_batches("");
    fixture.wire.choked = true;
    trades_come(11, 190);
    fixture.wire.choked = false;
    client_pump(fixture.client);
    for (text_t found; (found = take()).length > 0;) {
        ck_assert_uint_le(found.length, RING_RUN_MAX);
        for (json_walk_t walk = json_walk(found); json_next(&walk); next++) {
            cursor_t cursor;
            ck_assert(trade_cursor(json_member(walk.value, "params"), &cursor));
            ck_assert_uint_eq(cursor.seq, next);
        }
    }
    ck_assert_uint_eq(next, 191);
}
END_TEST

START_TEST(a_peer_that_takes_a_part_gets_the_whole_batch)
{
    subscribe_for_batches("");
    fixture.wire.choked = true;
    trades_come(11, 60);
    fixture.wire.room = 1;
    fixture.wire.choked = false;
    client_pump(fixture.client);
    expect_batch(11, 60);
    trades_come(61, 70);
    expect_batch(61, 70);
    expect_nothing();
}
END_TEST

START_TEST(the_last_subscribe_says_how)
{
    subscribe_for_batches("");
    subscribe("");
    expect_with("\"subscribed\"");
    trades_come(11, 12);
    expect_trades(FIXTURE_EPOCH, 11, 12);
    expect_nothing();
}
END_TEST

START_TEST(another_value_is_refused)
{
    hear("a", true, "{\"BTC-USD\":10}");
    subscribe(",\"batch\":1");
    expect_with("\"code\":-32602,\"message\":\"batch: expected true or false, found 1\"");
}
END_TEST

START_TEST(records_of_signalr_come_behind_one_another)
{
    buffer_t frames = buffer_new(0), batch = buffer_new(0);
    frame_append(&frames, DIALECT_SIGNALR, TEXT("{\"a\":1}"));
    frame_append(&frames, DIALECT_SIGNALR, TEXT("{\"b\":2}"));
    frame_append_batch(&batch, DIALECT_SIGNALR, buffer_text(&frames));
    text_t rest = buffer_text(&batch), message;
    ck_assert(frame_next(&rest, &message));
    ck_assert_uint_eq(rest.length, 0);
    ck_assert(text_equal(message, TEXT("{\"type\":1,\"target\":\"ReceiveMessage\",\"arguments\":[\"{\\\"a\\\":1}\"]}\x1e"
                                       "{\"type\":1,\"target\":\"ReceiveMessage\",\"arguments\":[\"{\\\"b\\\":2}\"]}\x1e")));
    buffer_release(&frames);
    buffer_release(&batch);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        what_is_pending_comes_as_one_batch,
        others_get_the_same_trades_one_by_one,
        two_who_are_at_the_same_place_share_a_batch,
        what_was_missed_comes_in_batches_from_the_ring,
        what_was_missed_comes_in_batches_from_history,
        a_batch_is_bounded_and_nothing_is_missing_between_two,
        a_peer_that_takes_a_part_gets_the_whole_batch,
        the_last_subscribe_says_how,
        another_value_is_refused,
        records_of_signalr_come_behind_one_another,
    };
    return RUN_TESTS("batch", TEST_CASE(fixture_setup, fixture_teardown, tests));
}
