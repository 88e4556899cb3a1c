/* Clients that were slow, or that a pause of the gateway left behind: they read on in history, and join the ring again. */
#include "tests/unit/gateway_fixture.h"

static void take_all(void)
{
    for (int i = 0; i < 40; i++)
        client_pump(fixture.client);
}

static uint64_t floor_of_ring(void)
{
    return ring_floor(markets_stream(fixture.hub.markets, TEXT(BTC), (cursor_t){0})->ring).seq;
}

/* The client is at 7-12 and takes nothing, while 7-13 to 7-2000 come. */
static void fall_behind(void)
{
    subscribe_at_10();
    trades_come(11, 12);
    expect_trades(FIXTURE_EPOCH, 11, 12);
    fixture.wire.choked = true;
    trades_come(13, 2000);
}

START_TEST(who_was_slow_gets_from_history_what_the_ring_has_lost)
{
    fall_behind();
    pass_ms(60000);
    ck_assert_uint_eq(fixture.asked_count, 0); /* before it takes more nothing is done for it */
    ck_assert_uint_eq(fixture.client->talk.outbox.length, 0);
    fixture.wire.choked = false;
    client_pump(fixture.client);
    expect_nothing();
    service_answers_trades("history", "\"from\":\"7-13\"", 13, 1012, ",\"missing\":0,\"next\":\"7-1013\"");
    take_all();
    service_answers_trades("history", "\"from\":\"7-1013\"", 1013, floor_of_ring(), ",\"missing\":0");
    take_all();
    expect_trades(FIXTURE_EPOCH, 13, 2000);
    expect_nothing();
    trades_come(2001, 2003);
    expect_trades(FIXTURE_EPOCH, 2001, 2003);
    ck_assert_uint_eq(fixture.hub.counts.caught, 1);
    ck_assert_uint_eq(fixture.hub.catching_count, 0);
}
END_TEST

START_TEST(who_stays_slow_is_a_cursor_in_history)
{
    fall_behind();
    fixture.wire.room = 20000; /* takes so many bytes, and stops */
    uint64_t next = 13, newest = 2000;
    for (int round = 0; round < 30; round++) {
        fixture.wire.choked = false;
        client_pump(fixture.client);
        if (fixture.asked_count > 0) {
            char part[64];
            const char *from = strstr(fixture.asked[0].text, "\"from\":\"7-") + strlen("\"from\":\"7-");
            uint64_t begin = strtoull(from, NULL, 10), end = begin + 999 < newest ? begin + 999 : newest;
            ck_assert_uint_eq(begin, next);
            snprintf(part, sizeof part, "\"from\":\"7-%llu\"", (unsigned long long)begin);
            service_answers_trades("history", part, begin, end, ",\"missing\":0,\"next\":\"7-1\"");
        }
        trades_come(newest + 1, newest + 500);
        newest += 500;
        const reader_t *reader = LIST_OWNER(fixture.client->readers.catching.next, reader_t, in_queue);
        ck_assert(!list_empty(&fixture.client->readers.catching));
        expect_trades(FIXTURE_EPOCH, next, reader->last.seq);
        expect_nothing();
        next = reader->last.seq + 1;
        ck_assert_uint_eq(fixture.client->talk.outbox.length, 0);
    }
    ck_assert_uint_gt(next, 500);
    ck_assert_uint_eq(fixture.hub.counts.caught, 1);
}
END_TEST

START_TEST(a_gap_is_told_for_what_neither_history_nor_the_journal_has)
{
    fall_behind();
    fixture.wire.choked = false;
    client_pump(fixture.client);
    service_answers_trades("history", "\"from\":\"7-13\"", 21, 30, ",\"missing\":8,\"next\":\"7-31\"");
    service_answers_trades("journal", "\"from\":\"7-13\"", 21, 30, ",\"missing\":8,\"next\":\"7-31\"");
    take_all();
    expect_with("\"trades.gap\",\"params\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"source\":\"a\",\"from\":\"7-13\","
                "\"to\":\"7-20\",\"missing\":8}");
    expect_trades(FIXTURE_EPOCH, 21, 30);
    service_answers_trades("history", "\"from\":\"7-31\"", 31, floor_of_ring(), ",\"missing\":0");
    take_all();
    expect_trades(FIXTURE_EPOCH, 31, 2000);
}
END_TEST

START_TEST(what_history_lacks_is_no_gap_while_the_journal_is_not_heard)
{
    fall_behind();
    fixture.wire.choked = false;
    client_pump(fixture.client);
    service_answers_trades("history", "\"from\":\"7-13\"", 21, 30, ",\"missing\":8,\"next\":\"7-31\"");
    service_answers("journal", "\"from\":\"7-13\"", NULL);
    take_all();
    expect_nothing();
    pass_ms(HISTORY_RETRY_MS);
    service_answers_trades("history", "\"from\":\"7-13\"", 21, 30, ",\"missing\":8,\"next\":\"7-31\"");
    service_answers_trades("journal", "\"from\":\"7-13\"", 13, floor_of_ring(), ",\"missing\":0");
    take_all();
    expect_trades(FIXTURE_EPOCH, 13, 2000);
}
END_TEST

START_TEST(what_history_has_only_in_parts_the_journal_may_have_between)
{
    fall_behind();
    fixture.wire.choked = false;
    client_pump(fixture.client);
    char json[TRADE_MAX];
    buffer_t answer = buffer_new(0);
    buffer_append(&answer, TEXT("{\"ok\":true,\"id\":1,\"missing\":8,\"trades\":["));
    buffer_append(&answer, (text_t){json, print_trade(json, "a", FIXTURE_EPOCH, 14)});
    buffer_append(&answer, TEXT(","));
    buffer_append(&answer, (text_t){json, print_trade(json, "a", FIXTURE_EPOCH, 21)});
    buffer_printf(&answer, "]}%c", '\0');
    service_answers("history", "\"from\":\"7-13\"", answer.bytes);
    service_answers_trades("journal", "\"from\":\"7-13\"", 16, 21, ",\"missing\":3");
    buffer_release(&answer);
    take_all();
    expect_with("\"from\":\"7-13\",\"to\":\"7-13\",\"missing\":1");
    expect_trades(FIXTURE_EPOCH, 14, 14);
    service_answers_trades("history", "\"from\":\"7-15\"", 21, 21, ",\"missing\":6");
    service_answers_trades("journal", "\"from\":\"7-15\"", 16, floor_of_ring(), ",\"missing\":1");
    take_all();
    expect_with("\"from\":\"7-15\",\"to\":\"7-15\",\"missing\":1");
    expect_trades(FIXTURE_EPOCH, 16, 2000);
}
END_TEST

/* More than the ring holds comes in one go, to a client that has had all and takes more. */
static void come_in_one_go(slow_t slow)
{
    fixture.hub.limits.slow = slow;
    fixture.hub.stood_ns = fixture.now_ns;
    subscribe_at_10();
    trades_come(11, 12);
    trades_come(13, 2000);
    expect_trades(FIXTURE_EPOCH, 11, 12);
    service_answers_trades("history", "\"from\":\"7-13\"", 13, floor_of_ring(), ",\"missing\":0");
    take_all();
    expect_trades(FIXTURE_EPOCH, 13, 2000);
    expect_nothing();
    ck_assert_uint_eq(fixture.wire.closed, 0);
    ck_assert_uint_eq(fixture.hub.counts.conflated + fixture.hub.counts.disconnected, 0);
}

START_TEST(a_pause_of_the_gateway_is_not_its_clients_whatever_is_configured)
{
    for (slow_t slow = SLOW_CATCHUP; slow <= SLOW_DISCONNECT; slow++) {
        fixture_teardown();
        fixture_setup();
        come_in_one_go(slow);
    }
}
END_TEST

/* What comes then is more than a peer takes in so short a time. */
START_TEST(who_had_everything_when_the_gateway_stood_is_not_slow)
{
    fixture.hub.limits.slow = SLOW_CONFLATE;
    subscribe_at_10();
    trades_come(11, 12);
    expect_trades(FIXTURE_EPOCH, 11, 12);
    fixture.hub.stood_ns = fixture.now_ns;
    fixture.wire.choked = true;
    trades_come(13, 20);
    trades_come(21, 2000);
    fixture.wire.choked = false;
    client_pump(fixture.client);
    service_answers_trades("history", "\"from\":\"7-13\"", 13, floor_of_ring(), ",\"missing\":0");
    take_all();
    expect_trades(FIXTURE_EPOCH, 13, 2000);
    expect_nothing();
    ck_assert_uint_eq(fixture.hub.counts.conflated, 0);
}
END_TEST

START_TEST(who_was_behind_already_is_slow)
{
    fixture.hub.limits.slow = SLOW_CONFLATE;
    subscribe_at_10();
    fixture.wire.choked = true;
    trades_come(11, 20);
    fixture.hub.stood_ns = fixture.now_ns + 1;
    pass_ms(1);
    trades_come(21, 2000);
    fixture.wire.choked = false;
    client_pump(fixture.client);
    expect_with("\"trades.gap\"");
    ck_assert_uint_eq(fixture.hub.counts.conflated, 1);
}
END_TEST

START_TEST(who_falls_behind_later_is_slow)
{
    fixture.hub.limits.slow = SLOW_CONFLATE;
    fixture.hub.stood_ns = fixture.now_ns;
    subscribe_at_10();
    pass_ms(HUB_EXCUSED_MS);
    fixture.wire.choked = true;
    trades_come(11, 20);
    trades_come(21, 2000);
    fixture.wire.choked = false;
    client_pump(fixture.client);
    expect_with("\"trades.gap\"");
    ck_assert_uint_eq(fixture.hub.counts.conflated, 1);
}
END_TEST

START_TEST(time_in_which_the_gateway_stood_is_not_held_against_history)
{
    fall_behind();
    fixture.wire.choked = false;
    client_pump(fixture.client);
    service_answers("history", "\"from\":\"7-13\"", NULL);
    service_answers("journal", "\"from\":\"7-13\"", NULL);
    fixture.now_ns += 2 * HISTORY_PATIENCE_MS * NS_PER_MS;
    catchup_stood(&fixture.hub, 2 * HISTORY_PATIENCE_MS * NS_PER_MS);
    catchup_tick(&fixture.hub);
    service_answers("history", "\"from\":\"7-13\"", NULL);
    service_answers("journal", "\"from\":\"7-13\"", NULL);
    expect_nothing();
    pass_ms(HISTORY_RETRY_MS);
    service_answers_trades("history", "\"from\":\"7-13\"", 13, floor_of_ring(), ",\"missing\":0");
    take_all();
    expect_trades(FIXTURE_EPOCH, 13, 2000);
}
END_TEST

START_TEST(who_catches_up_when_its_journal_is_renewed_gets_each_trade_once)
{
    fall_behind();
    fixture.wire.choked = false;
    client_pump(fixture.client);
    service_answers_trades("history", "\"from\":\"7-13\"", 13, 1012, ",\"missing\":0,\"next\":\"7-1013\"");
    take_all();
    expect_trades(FIXTURE_EPOCH, 13, 1012);
    /* the restored journal ended with 7-1000: what was 7-1001 is 8-1 now */
    markets_renew(fixture.hub.markets, TEXT(BTC), (cursor_t){FIXTURE_EPOCH, 1000}, (cursor_t){FIXTURE_EPOCH + 1, 1000});
    service_answers("history", "\"from\":\"7-1013\"", "{\"ok\":true,\"id\":1,\"trades\":[],\"missing\":0}");
    service_answers("journal", "\"from\":\"7-1013\"", NULL);
    take_all();
    expect_with("\"trades.gap\",\"params\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"source\":\"a\",\"from\":\"7-1013\","
                "\"to\":\"8-12\",\"missing\":null}");
    expect_nothing();
    pass_ms(HISTORY_RETRY_MS);
    ck_assert_uint_eq(fixture.asked_count, 1);
    ck_assert_ptr_nonnull(strstr(fixture.asked[0].text, "\"from\":\"8-13\""));
    peer_leaves(&fixture.client);
}
END_TEST

START_TEST(who_falls_behind_a_renewed_journal_is_told_so_before_what_history_has)
{
    subscribe_at_10();
    trades_come(11, 12);
    expect_trades(FIXTURE_EPOCH, 11, 12);
    fixture.wire.choked = true;
    trades_come(13, 100);
    markets_renew(fixture.hub.markets, TEXT(BTC), (cursor_t){FIXTURE_EPOCH, 10}, (cursor_t){FIXTURE_EPOCH + 1, 90});
    char json[TRADE_MAX];
    for (uint64_t seq = 91; seq <= 2000; seq++) {
        size_t length = print_trade(json, "a", FIXTURE_EPOCH + 1, seq);
        markets_trade(fixture.hub.markets, TEXT(BTC), (cursor_t){FIXTURE_EPOCH + 1, seq}, (text_t){json, length});
    }
    fanout_flush(&fixture.hub);
    fixture.wire.choked = false;
    take_all();
    expect_with("\"from\":\"7-13\",\"to\":\"8-2\",\"missing\":null");
    expect_nothing();
    ck_assert_ptr_nonnull(strstr(fixture.asked[0].text, "\"from\":\"8-3\""));
    peer_leaves(&fixture.client);
}
END_TEST

START_TEST(a_client_that_has_read_past_the_turn_is_not_told_again)
{
    subscribe_at_10();
    trades_come(11, 12);
    markets_renew(fixture.hub.markets, TEXT(BTC), (cursor_t){FIXTURE_EPOCH, 10}, (cursor_t){FIXTURE_EPOCH + 1, 2});
    fanout_flush(&fixture.hub);
    expect_trades(FIXTURE_EPOCH, 11, 12);
    expect_with("\"from\":\"7-13\",\"to\":\"8-2\",\"missing\":null");
    fixture.wire.choked = true;
    char json[TRADE_MAX];
    for (uint64_t seq = 3; seq <= 2000; seq++) {
        size_t length = print_trade(json, "a", FIXTURE_EPOCH + 1, seq);
        markets_trade(fixture.hub.markets, TEXT(BTC), (cursor_t){FIXTURE_EPOCH + 1, seq}, (text_t){json, length});
    }
    fanout_flush(&fixture.hub);
    fixture.wire.choked = false;
    take_all();
    expect_nothing();
    ck_assert_ptr_nonnull(strstr(fixture.asked[0].text, "\"from\":\"8-3\""));
    peer_leaves(&fixture.client);
}
END_TEST

enum { CROWD = 20 };

static wire_t wires[CROWD];
static client_t *crowd[CROWD];

/* What history answers to the oldest request. */
static void answer_one(uint64_t newest)
{
    char part[64], rest[64] = ",\"missing\":0";
    uint64_t from = strtoull(strstr(fixture.asked[0].text, "\"from\":\"7-") + 10, NULL, 10);
    uint64_t to = strtoull(strstr(fixture.asked[0].text, "\"to\":\"7-") + 8, NULL, 10);
    uint64_t count = strtoull(strstr(fixture.asked[0].text, "\"count\":") + 8, NULL, 10);
    ck_assert_uint_le(to, newest);
    if (to > from + count - 1)
        snprintf(rest, sizeof rest, ",\"missing\":0,\"next\":\"7-%llu\"", (unsigned long long)(to = from + count - 1) + 1);
    snprintf(part, sizeof part, "\"from\":\"7-%llu\"", (unsigned long long)from);
    service_answers_trades("history", part, from, to, rest);
}

START_TEST(many_that_were_slow_share_pages_and_only_some_are_asked_for_at_one_time)
{
    enum { NEWEST = 6000, APART = 37 };
    subscribe_at_10();
    fixture.wire.choked = true;
    for (size_t i = 0; i < CROWD; i++) { /* each stops a little later */
        wires[i] = (wire_t){.sent = buffer_new(0)};
        crowd[i] = peer_new(&fixture.hub, &wire_link, &wires[i]);
        peer_says(crowd[i], TEXT(SUBSCRIBE("")));
        wires[i].choked = true;
        trades_come(11 + i * APART, 10 + (i + 1) * APART);
    }
    trades_come(11 + CROWD * APART, NEWEST);
    for (size_t i = 0; i < CROWD; i++) {
        wires[i].choked = false;
        client_pump(crowd[i]);
    }
    size_t pages = 0;
    for (; fixture.asked_count > 0; pages++) {
        ck_assert_uint_le(fixture.hub.pages_asked, CATCHUP_ASKED_MAX);
        answer_one(NEWEST);
        for (size_t turn = 0; turn < 10 * CROWD; turn++)
            client_pump(crowd[turn % CROWD]);
    }
    ck_assert_uint_le(pages, 2 * NEWEST / CATCHUP_PAGE_CROWD + CROWD);
    ck_assert_uint_eq(fixture.hub.pages_asked, 0);
    wire_t mine = fixture.wire;
    for (size_t i = 0; i < CROWD; i++) {
        fixture.wire = wires[i];
        expect_with("\"subscribed\"");
        expect_trades(FIXTURE_EPOCH, 11 + i * APART, NEWEST);
        expect_nothing();
        peer_leaves(&crowd[i]);
        buffer_release(&wires[i].sent);
    }
    fixture.wire = mine;
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        who_was_slow_gets_from_history_what_the_ring_has_lost,
        who_stays_slow_is_a_cursor_in_history,
        a_gap_is_told_for_what_neither_history_nor_the_journal_has,
        what_history_lacks_is_no_gap_while_the_journal_is_not_heard,
        what_history_has_only_in_parts_the_journal_may_have_between,
        a_pause_of_the_gateway_is_not_its_clients_whatever_is_configured,
        who_had_everything_when_the_gateway_stood_is_not_slow,
        who_was_behind_already_is_slow,
        who_falls_behind_later_is_slow,
        time_in_which_the_gateway_stood_is_not_held_against_history,
        who_catches_up_when_its_journal_is_renewed_gets_each_trade_once,
        who_falls_behind_a_renewed_journal_is_told_so_before_what_history_has,
        a_client_that_has_read_past_the_turn_is_not_told_again,
        many_that_were_slow_share_pages_and_only_some_are_asked_for_at_one_time,
    };
    return RUN_TESTS("slow", TEST_CASE(fixture_setup, fixture_teardown, tests));
}
