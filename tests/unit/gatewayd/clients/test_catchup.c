/* Readers that come back from far behind: pages of history, one at a time, until the ring takes over. */
#include "tests/unit/gateway_fixture.h"

#include "gatewayd/history/page_frames.h"

/* The connection takes more, again and again. */
static void take_all(void)
{
    for (int i = 0; i < 40; i++)
        client_pump(fixture.client);
}

/* The client resumes behind 7-<since>, while the ring begins behind 7-<floor>; history says that it has what follows. */
static void resume(uint64_t since, uint64_t floor)
{
    char text[512];
    hear("a", true, "{\"BTC-USD\":1}");
    snprintf(text, sizeof text, SUBSCRIBE(",\"since\":\"7-%llu\""), (unsigned long long)since);
    say(text);
    follow(BTC, FIXTURE_EPOCH, floor);
    service_answers_trades("history", "\"count\":1}", since + 1, since + 1, ",\"missing\":0");
    client_pump(fixture.client);
    snprintf(text, sizeof text, "\"cursor\":\"7-%llu\",", (unsigned long long)since);
    expect_with(text);
}

START_TEST(a_page_is_asked_for_when_the_client_takes_more_and_not_before)
{
    resume(0, 100);
    fixture.wire.choked = true;
    service_answers_trades("history", "\"from\":\"7-1\",\"to\":\"7-100\"", 1, 40, ",\"missing\":0,\"next\":\"7-41\"");
    pass_ms(1000);
    ck_assert_uint_eq(fixture.asked_count, 0);
    ck_assert_uint_eq(fixture.client->talk.outbox.length, 0); /* nothing is held for it alone */
    fixture.wire.choked = false;
    take_all();
    expect_trades(FIXTURE_EPOCH, 1, 40);
    service_answers_trades("history", "\"from\":\"7-41\",\"to\":\"7-100\"", 41, 100, ",\"missing\":0");
    take_all();
    expect_trades(FIXTURE_EPOCH, 41, 100);
    trades_come(101, 101);
    take_all();
    expect_trades(FIXTURE_EPOCH, 101, 101);
}
END_TEST

START_TEST(a_page_that_nobody_took_in_time_is_asked_for_again)
{
    resume(0, 100);
    fixture.wire.choked = true;
    service_answers_trades("history", "\"from\":\"7-1\"", 1, 100, ",\"missing\":0");
    pass_ms(PAGE_CACHE_MS);
    fixture.wire.choked = false;
    take_all();
    expect_nothing();
    service_answers_trades("history", "\"from\":\"7-1\"", 1, 100, ",\"missing\":0");
    take_all();
    expect_trades(FIXTURE_EPOCH, 1, 100);
}
END_TEST

START_TEST(trades_that_come_meanwhile_follow_from_the_ring)
{
    resume(0, 50);
    trades_come(51, 60);
    expect_nothing();
    service_answers_trades("history", "\"from\":\"7-1\"", 1, 50, ",\"missing\":0");
    take_all();
    expect_trades(FIXTURE_EPOCH, 1, 60);
}
END_TEST

START_TEST(a_ring_that_laps_meanwhile_is_caught_up_with)
{
    resume(0, 50);
    trades_come(51, 1000);
    service_answers_trades("history", "\"from\":\"7-1\",\"to\":\"7-50\"", 1, 50, ",\"missing\":0");
    take_all();
    expect_trades(FIXTURE_EPOCH, 1, 50);
    uint64_t floor = ring_floor(markets_stream(fixture.hub.markets, TEXT(BTC), (cursor_t){0})->ring).seq;
    ck_assert_uint_gt(floor, 50);
    service_answers_trades("history", "\"from\":\"7-51\"", 51, floor, ",\"missing\":0");
    take_all();
    expect_trades(FIXTURE_EPOCH, 51, 1000);
}
END_TEST

START_TEST(a_reader_that_is_lapped_before_it_is_up_to_date_goes_back_to_history)
{
    resume(0, 50);
    trades_come(51, 60);
    service_answers_trades("history", "\"from\":\"7-1\"", 1, 50, ",\"missing\":0");
    expect_trades(FIXTURE_EPOCH, 1, 50);
    fixture.wire.choked = true; /* it is seated now, with 51 to 60 before it */
    trades_come(61, 1000);
    fixture.wire.choked = false;
    take_all();
    expect_nothing();
    uint64_t floor = ring_floor(markets_stream(fixture.hub.markets, TEXT(BTC), (cursor_t){0})->ring).seq;
    service_answers_trades("history", "\"from\":\"7-51\"", 51, floor, ",\"missing\":0");
    take_all();
    expect_trades(FIXTURE_EPOCH, 51, 1000);
}
END_TEST

START_TEST(history_that_lags_is_asked_again)
{
    resume(0, 50);
    service_answers_trades("history", "\"from\":\"7-1\"", 1, 30, ",\"missing\":0");
    expect_trades(FIXTURE_EPOCH, 1, 30);
    service_answers("history", "\"from\":\"7-31\"", "{\"ok\":true,\"id\":1,\"trades\":[],\"missing\":0}");
    service_answers("journal", "\"from\":\"7-31\"", NULL);
    ck_assert_uint_eq(fixture.asked_count, 0);
    pass_ms(HISTORY_RETRY_MS);
    service_answers_trades("history", "\"from\":\"7-31\"", 31, 50, ",\"missing\":0");
    expect_trades(FIXTURE_EPOCH, 31, 50);
}
END_TEST

START_TEST(a_hole_in_a_page_is_named_in_its_place)
{
    resume(0, 50);
    service_answers_trades("history", "\"from\":\"7-1\"", 1, 30, ",\"missing\":0");
    expect_trades(FIXTURE_EPOCH, 1, 30);
    service_answers_trades("history", "\"from\":\"7-31\"", 41, 50, ",\"missing\":10");
    service_answers_trades("journal", "\"from\":\"7-31\"", 45, 50, ",\"missing\":14");
    expect_with("\"from\":\"7-31\",\"to\":\"7-40\",\"missing\":10");
    expect_trades(FIXTURE_EPOCH, 41, 50);
}
END_TEST

START_TEST(what_the_journal_does_not_have_either_is_gone_at_once)
{
    resume(0, 50);
    service_answers("history", "\"from\":\"7-1\"", "{\"ok\":false,\"error\":{\"code\":\"invalid_topic\",\"message\":\"\"}}");
    service_answers("journal", "\"from\":\"7-1\"", "{\"ok\":true,\"id\":1,\"trades\":[],\"missing\":50}");
    expect_with("\"from\":\"7-1\",\"to\":\"7-50\",\"missing\":50");
    trades_come(51, 51);
    take_all();
    expect_trades(FIXTURE_EPOCH, 51, 51);
}
END_TEST

START_TEST(without_services_it_gives_up_after_a_while_and_says_what_is_missing)
{
    resume(0, 50);
    trades_come(51, 52);
    service_answers("history", "\"from\":\"7-1\"", NULL);
    service_answers("journal", "\"from\":\"7-1\"", NULL);
    fixture.deaf = true;
    pass_ms(HISTORY_PATIENCE_MS / 2);
    expect_nothing();
    pass_ms(HISTORY_PATIENCE_MS);
    take_all();
    expect_with("\"from\":\"7-1\",\"to\":\"7-50\",\"missing\":50");
    take_all();
    expect_trades(FIXTURE_EPOCH, 51, 52);
}
END_TEST

START_TEST(a_client_that_unsubscribes_meanwhile_is_asked_nothing_more)
{
    resume(0, 50);
    ck_assert_uint_eq(fixture.asked_count, 1);
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"unsubscribe\",\"params\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\"}}");
    ck_assert_uint_eq(fixture.asked_count, 0);
    ck_assert(list_empty(&fixture.hub.catching));
}
END_TEST

/* Pages of so many trades are asked for, one after the other, and come. */
static void expect_pages(const unsigned *counts, size_t count)
{
    uint64_t from = 1;
    for (size_t i = 0; i < count; i++) {
        char part[64], rest[64];
        uint64_t to = from + counts[i] - 1;
        snprintf(part, sizeof part, "\"from\":\"7-%llu\",\"to\":\"7-50000\",\"count\":%u}", (unsigned long long)from,
                 counts[i]);
        snprintf(rest, sizeof rest, ",\"missing\":0,\"next\":\"7-%llu\"", (unsigned long long)to + 1);
        service_answers_trades("history", part, from, to, rest);
        take_all();
        expect_trades(FIXTURE_EPOCH, from, to);
        from = to + 1;
    }
}

START_TEST(pages_grow_while_they_fit)
{
    static const unsigned counts[] = {1000, 2000, 2000, 2000};
    resume(0, 50000);
    expect_pages(counts, sizeof counts / sizeof *counts);
}
END_TEST

START_TEST(where_many_catch_up_pages_are_short_and_end_at_the_same_places)
{
    static const unsigned counts[] = {1000, 1000, 1000};
    fixture.hub.catching_count += CATCHUP_FEW;
    resume(0, 50000);
    expect_pages(counts, sizeof counts / sizeof *counts);
    fixture.hub.catching_count -= CATCHUP_FEW;
}
END_TEST

/* A second one, which resumes behind 7-<since> as well; room: see wire_t. What it is sent is in `other_wire`. */
static wire_t other_wire;

static client_t *another_resumes(uint64_t since, size_t room)
{
    char text[512];
    other_wire = (wire_t){.sent = buffer_new(0), .room = room};
    client_t *other = peer_new(&fixture.hub, &wire_link, &other_wire);
    snprintf(text, sizeof text, SUBSCRIBE(",\"since\":\"7-%llu\""), (unsigned long long)since);
    peer_says(other, text_of(text));
    return other;
}

static void expect_other(void (*expectations)(void))
{
    wire_t own = fixture.wire;
    fixture.wire = other_wire;
    expectations();
    other_wire = fixture.wire;
    fixture.wire = own;
}

static void recovered_21_to_100(void)
{
    expect_with("\"recovered\":true");
    expect_trades(FIXTURE_EPOCH, 21, 100);
    expect_nothing();
}

static void nothing_but_the_answer(void)
{
    expect_with("\"recovered\":true");
    expect_nothing();
}

static void trades_21_to_100(void)
{
    expect_trades(FIXTURE_EPOCH, 21, 100);
    expect_nothing();
}

static void leave(client_t *other)
{
    peer_leaves(&other);
    buffer_release(&other_wire.sent);
}

/* The newest request before the others. */
static void answer_newest_first(void)
{
    asked_request_t newest = fixture.asked[fixture.asked_count - 1];
    memmove(fixture.asked + 1, fixture.asked, (fixture.asked_count - 1) * sizeof newest);
    fixture.asked[0] = newest;
}

START_TEST(who_comes_back_too_waits_for_the_page_that_another_one_asked_for)
{
    resume(0, 100); /* and asks for its first page */
    client_t *other = another_resumes(20, 0);
    answer_newest_first();
    service_answers_trades("history", "\"from\":\"7-21\",\"to\":\"7-100\",\"count\":1}", 21, 21, ",\"missing\":0");
    client_pump(other);
    expect_other(nothing_but_the_answer);
    ck_assert_uint_eq(fixture.asked_count, 1);
    service_answers_trades("history", "\"from\":\"7-1\",\"to\":\"7-100\"", 1, 100, ",\"missing\":0");
    client_pump(fixture.client);
    client_pump(other);
    expect_trades(FIXTURE_EPOCH, 1, 100);
    expect_nothing();
    expect_other(trades_21_to_100);
    leave(other);
}
END_TEST

START_TEST(who_comes_back_a_moment_later_needs_no_history)
{
    resume(0, 100);
    service_answers_trades("history", "\"from\":\"7-1\"", 1, 100, ",\"missing\":0");
    client_t *other = another_resumes(20, 0);
    client_pump(other);
    ck_assert_uint_eq(fixture.asked_count, 0);
    expect_other(recovered_21_to_100);
    leave(other);
}
END_TEST

START_TEST(of_what_is_kept_it_gets_as_much_as_it_takes_and_then_the_rest)
{
    resume(0, 100);
    service_answers_trades("history", "\"from\":\"7-1\"", 1, 100, ",\"missing\":0");
    client_t *other = another_resumes(20, 2000); /* some trades, in each write */
    for (int i = 0; i < 100; i++) {
        other_wire.choked = false;
        client_pump(other);
    }
    ck_assert_uint_gt(other_wire.writes, 5);
    expect_other(recovered_21_to_100);
    leave(other);
}
END_TEST

START_TEST(who_asked_may_leave_and_the_next_one_asks)
{
    resume(0, 100);
    client_t *other = another_resumes(20, 0);
    answer_newest_first();
    service_answers_trades("history", "\"count\":1}", 21, 21, ",\"missing\":0");
    client_pump(other);
    peer_leaves(&fixture.client);
    ck_assert_uint_eq(fixture.asked_count, 0);
    pass_ms(PAGE_CACHE_WAIT_MS);
    service_answers_trades("history", "\"from\":\"7-21\",\"to\":\"7-100\"", 21, 100, ",\"missing\":0");
    client_pump(other);
    expect_other(recovered_21_to_100);
    leave(other);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_page_is_asked_for_when_the_client_takes_more_and_not_before,
        a_page_that_nobody_took_in_time_is_asked_for_again,
        trades_that_come_meanwhile_follow_from_the_ring,
        a_ring_that_laps_meanwhile_is_caught_up_with,
        a_reader_that_is_lapped_before_it_is_up_to_date_goes_back_to_history,
        history_that_lags_is_asked_again,
        a_hole_in_a_page_is_named_in_its_place,
        what_the_journal_does_not_have_either_is_gone_at_once,
        without_services_it_gives_up_after_a_while_and_says_what_is_missing,
        a_client_that_unsubscribes_meanwhile_is_asked_nothing_more,
        pages_grow_while_they_fit,
        where_many_catch_up_pages_are_short_and_end_at_the_same_places,
        who_comes_back_too_waits_for_the_page_that_another_one_asked_for,
        who_comes_back_a_moment_later_needs_no_history,
        of_what_is_kept_it_gets_as_much_as_it_takes_and_then_the_rest,
        who_asked_may_leave_and_the_next_one_asks,
    };
    return RUN_TESTS("catchup", TEST_CASE(fixture_setup, fixture_teardown, tests));
}
