/* Where a client's readers sit, what they are queued for, and what goes when they do. */
#include "gatewayd/clients/readers.h"

#include "tests/unit/gateway_fixture.h"

enum { FIRST = 10 /* the ring begins behind it */, LATEST = 20, MORE_THAN_A_RING = 400 };

static wire_t wire;
static client_link_t connection;
static client_end_t end;
static readers_t readers;
static subscription_t *subscription;
static live_stream_t *stream;

static market_t *market(const char *symbol)
{
    market_t *opened = markets_open(fixture.hub.markets, text_of(symbol));
    ck_assert_ptr_nonnull(opened);
    return opened;
}

static void set_up(void)
{
    fixture_setup();
    wire = (wire_t){.sent = buffer_new(0)};
    connection = wire_link;
    end = (client_end_t){.link = &connection, .arg = &wire};
    readers_open(&readers, &fixture.hub, &end, NULL, NULL, NULL);
    pace_turn_init(&readers.turn, NULL);
    subscription = readers_subscribe(&readers, market("BTC-USD"));
    stream = markets_live_stream(fixture.hub.markets, subscription->market, TEXT("a"));
}

static void tear_down(void)
{
    readers_close(&readers);
    ck_assert_uint_eq(readers.subscription_count, 0);
    ck_assert_uint_eq(readers.behind, 0);
    ck_assert_uint_eq(fixture.hub.catching_count, 0);
    ck_assert(list_empty(&fixture.hub.catching));
    buffer_release(&wire.sent);
    fixture_teardown();
}

static void trades(uint64_t from, uint64_t to)
{
    char json[TRADE_MAX];
    for (uint64_t seq = from; seq <= to; seq++)
        markets_trade(fixture.hub.markets, TEXT(BTC), (cursor_t){FIXTURE_EPOCH, seq},
                      (text_t){json, print_trade(json, "a", FIXTURE_EPOCH, seq)});
}

/* The bus tells from where the stream is followed; 11 to 20 come. */
static void stream_comes(void)
{
    ck_assert_ptr_eq(markets_stream(fixture.hub.markets, TEXT(BTC), (cursor_t){FIXTURE_EPOCH, FIRST}), stream);
    trades(FIRST + 1, LATEST);
}

static reader_t *a_reader(void)
{
    reader_t *reader = reader_new(subscription, stream);
    ck_assert_ptr_nonnull(reader);
    return reader;
}

static reader_t *seated(uint64_t last)
{
    reader_t *reader = a_reader();
    reader_seat(reader, (cursor_t){FIXTURE_EPOCH, last});
    return reader;
}

static bool is_ready(const reader_t *reader)
{
    return readers.ready.next == &reader->in_queue && readers.ready.previous == &reader->in_queue;
}

/* As a client that has taken what there is. */
static void read_all(reader_t *reader)
{
    list_remove(&reader->in_queue);
    reader->position = ring_head(reader->ring);
    reader->last = ring_last(reader->ring);
    reader_touch(reader);
}

START_TEST(without_a_place_of_its_own_a_reader_takes_a_stream_from_its_beginning)
{
    reader_t *reader = a_reader();
    ck_assert_int_eq(reader->state, READER_WAITING);
    ck_assert(!reader_touch(reader));
    stream_comes();
    reader_stream_known(reader);
    ck_assert_int_eq(reader->state, READER_LIVE);
    ck_assert_uint_eq(reader->last.seq, FIRST);
    ck_assert(is_ready(reader));
}
END_TEST

START_TEST(with_a_place_it_waits_for_the_ring_and_is_seated_there)
{
    reader_t *reader = seated(15);
    ck_assert_int_eq(reader->state, READER_WAITING);
    ck_assert_uint_eq(readers.behind, 0);
    stream_comes();
    reader_stream_known(reader);
    ck_assert_int_eq(reader->state, READER_LIVE);
    ck_assert_uint_eq(reader->last.seq, 15);
    cursor_t last;
    ring_read(reader->ring, reader->position, &last);
    ck_assert_uint_eq(ring_frames(reader->ring), LATEST - FIRST);
    ck_assert_uint_eq(last.seq, LATEST);
    ck_assert_uint_eq(ring_cursor(reader->ring, reader->position).seq, 15);
}
END_TEST

START_TEST(one_that_waits_no_longer_is_left_alone)
{
    stream_comes();
    reader_t *reader = seated(1);
    reader->retry_ns = 17; /* of catching up */
    reader_stream_known(reader);
    ck_assert_int_eq(reader->retry_ns, 17);
}
END_TEST

START_TEST(the_place_decides_whether_it_reads_the_ring_or_catches_up)
{
    static const struct {
        uint64_t last;
        reader_state_t state;
        bool behind, ready;
    } cases[] = {{FIRST - 1, READER_CATCHING, true, false},
                 {FIRST, READER_LIVE, true, true},
                 {LATEST - 1, READER_LIVE, true, true},
                 {LATEST, READER_LIVE, false, false}};
    stream_comes();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        reader_t *reader = seated(cases[i].last);
        ck_assert_msg(reader->state == cases[i].state, "behind %u", (unsigned)cases[i].last);
        ck_assert_uint_eq(readers.behind, cases[i].behind);
        ck_assert_int_eq(reader->up_to_date, !cases[i].behind);
        ck_assert_int_eq(is_ready(reader), cases[i].ready);
        ck_assert_uint_eq(fixture.hub.catching_count, cases[i].state == READER_CATCHING);
        reader_destroy(&reader);
        ck_assert_uint_eq(readers.behind, 0);
        ck_assert(list_empty(&readers.ready));
    }
}
END_TEST

START_TEST(a_client_counts_once_however_many_of_its_readers_catch_up)
{
    stream_comes();
    live_stream_t *other = markets_live_stream(fixture.hub.markets, subscription->market, TEXT("b"));
    markets_stream(fixture.hub.markets, TEXT("trade.BTC-USD.b"), (cursor_t){FIXTURE_EPOCH, FIRST});
    reader_t *first = seated(1), *second = reader_new(subscription, other);
    reader_seat(second, (cursor_t){FIXTURE_EPOCH, 1});
    ck_assert_uint_eq(readers.behind, 2);
    ck_assert_uint_eq(fixture.hub.catching_count, 1);
    reader_destroy(&first);
    ck_assert_uint_eq(fixture.hub.catching_count, 1);
    reader_seat(second, (cursor_t){FIXTURE_EPOCH, FIRST});
    ck_assert_uint_eq(fixture.hub.catching_count, 0);
    ck_assert(list_empty(&fixture.hub.catching));
}
END_TEST

START_TEST(one_that_reads_is_queued_once_and_is_behind_until_it_has_been_at_the_head)
{
    stream_comes();
    reader_t *reader = seated(15);
    ck_assert(!reader_touch(reader));
    ck_assert_uint_eq(readers.behind, 1);
    reader->turned = true;
    read_all(reader);
    ck_assert(!reader->turned); /* the ring has told it */
    ck_assert(list_empty(&readers.ready));
    ck_assert_uint_eq(readers.behind, 0);
    ck_assert(reader->up_to_date);
    trades(LATEST + 1, LATEST + 1);
    ck_assert(reader_touch(reader));
    ck_assert(is_ready(reader));
    ck_assert_uint_eq(readers.behind, 0);               /* it has been there: it only has something to read */
    reader_seat(reader, (cursor_t){FIXTURE_EPOCH, 15}); /* it resumes further back */
    ck_assert_uint_eq(readers.behind, 1);
    ck_assert(!reader->up_to_date);
}
END_TEST

START_TEST(what_is_held_waits_for_the_answer)
{
    stream_comes();
    reader_t *reader = a_reader();
    reader->turned = true;
    reader_hold(reader, (cursor_t){FIXTURE_EPOCH, 15});
    ck_assert(!reader->turned); /* the answer has the new epoch */
    ck_assert_int_eq(reader->state, READER_LIVE);
    ck_assert(!reader_touch(reader));
    ck_assert(list_empty(&readers.ready));
    readers_release(&readers);
    ck_assert(is_ready(reader));
    ck_assert_uint_eq(reader->last.seq, 15);
}
END_TEST

START_TEST(who_had_everything_and_is_overrun_in_one_go_catches_up)
{
    stream_comes();
    reader_t *reader = seated(LATEST);
    ck_assert(!reader_overrun(reader)); /* nothing of it is overwritten */
    trades(LATEST + 1, LATEST + MORE_THAN_A_RING);
    ck_assert(ring_lapped(reader->ring, reader->position));
    wire.choked = true;
    ck_assert(!reader_overrun(reader)); /* a slow one */
    wire.choked = false;
    reader->held = true;
    ck_assert(!reader_overrun(reader));
    reader->held = false;
    ck_assert_uint_eq(fixture.hub.counts.caught, 0);
    ck_assert(reader_overrun(reader));
    ck_assert_uint_eq(fixture.hub.counts.caught, 1);
    ck_assert_int_eq(reader->state, READER_CATCHING);
    ck_assert_uint_eq(reader->last.seq, LATEST);
    ck_assert(!reader_overrun(reader));
}
END_TEST

START_TEST(who_had_something_to_read_before_is_not_overrun_but_slow)
{
    stream_comes();
    reader_t *reader = seated(15);
    trades(LATEST + 1, LATEST + MORE_THAN_A_RING);
    ck_assert(ring_lapped(reader->ring, reader->position));
    ck_assert(!reader_overrun(reader));
    ck_assert(is_ready(reader));
}
END_TEST

START_TEST(the_last_reader_of_compressed_frames_takes_their_ring_with_it)
{
    stream_comes();
    connection.deflates = true;
    reader_t *one = seated(15), *two = seated(16);
    ring_t *compressed = stream->others[DIALECT_DEFLATE];
    ck_assert_ptr_nonnull(compressed);
    ck_assert_ptr_eq(one->ring, compressed);
    ck_assert_ptr_eq(two->ring, compressed);
    reader_destroy(&one);
    ck_assert_ptr_eq(stream->others[DIALECT_DEFLATE], compressed);
    reader_destroy(&two);
    ck_assert_ptr_null(stream->others[DIALECT_DEFLATE]);
    ck_assert_ptr_nonnull(stream->ring);
}
END_TEST

START_TEST(batches_are_made_of_the_frames_as_they_are_from_the_same_place_on)
{
    stream_comes();
    connection.deflates = true;
    reader_t *reader = seated(15);
    subscription_set_batch(subscription, true);
    ck_assert_ptr_eq(reader->ring, stream->ring);
    ck_assert_ptr_null(stream->others[DIALECT_DEFLATE]);
    ck_assert(reader->batch);
    ck_assert_uint_eq(ring_cursor(reader->ring, reader->position).seq, 15);
    ck_assert(is_ready(reader));
    ck_assert(a_reader()->batch); /* and of those that come later */
    subscription_set_batch(subscription, false);
    ck_assert(!reader->batch);
    ck_assert_ptr_eq(reader->ring, stream->others[DIALECT_DEFLATE]);
    ck_assert_uint_eq(ring_cursor(reader->ring, reader->position).seq, 15);
}
END_TEST

static unsigned cancelled;

static void on_cancel(task_t *task)
{
    ck_assert_ptr_eq(task, &readers.paging);
    readers.page_reader = NULL;
    cancelled++;
}

START_TEST(a_page_that_is_asked_for_is_cancelled_with_its_reader_and_no_other)
{
    stream_comes();
    reader_t *reader = seated(1), *other = seated(2);
    cancelled = 0;
    readers.page_reader = reader;
    readers.paging.cancel = on_cancel;
    reader_destroy(&other);
    ck_assert_uint_eq(cancelled, 0);
    reader_destroy(&reader);
    ck_assert_uint_eq(cancelled, 1);
}
END_TEST

START_TEST(a_stream_has_one_reader_of_a_subscription)
{
    live_stream_t *other = markets_live_stream(fixture.hub.markets, subscription->market, TEXT("b"));
    reader_t *reader = a_reader();
    ck_assert_ptr_eq(subscription_reader(subscription, stream), reader);
    ck_assert_ptr_null(subscription_reader(subscription, other));
    ck_assert_uint_eq(stream->reader_count, 1);
    reader_destroy(&reader);
    ck_assert_ptr_null(reader);
    reader_destroy(&reader);
    ck_assert_ptr_null(subscription_reader(subscription, stream));
    ck_assert_uint_eq(stream->reader_count, 0);
}
END_TEST

START_TEST(the_last_subscription_to_a_symbol_closes_its_market)
{
    readers_t others;
    readers_open(&others, &fixture.hub, &end, NULL, NULL, NULL);
    pace_turn_init(&others.turn, NULL);
    subscription_t *same = readers_subscribe(&others, market("BTC-USD"));
    ck_assert_ptr_nonnull(readers_subscribe(&readers, market("ETH-USD")));
    ck_assert_uint_eq(readers.subscription_count, 2);
    ck_assert_uint_eq(fixture.hub.subscription_count, 3);
    ck_assert_ptr_eq(readers_subscription(&readers, TEXT("BTC-USD")), subscription);
    ck_assert_ptr_null(readers_subscription(&others, TEXT("ETH-USD")));
    readers_unsubscribe(subscription);
    ck_assert_ptr_null(readers_subscription(&readers, TEXT("BTC-USD")));
    ck_assert_str_eq(fixture.wanted, "+BTC-USD +ETH-USD ");
    readers_unsubscribe(same);
    ck_assert_str_eq(fixture.wanted, "+BTC-USD +ETH-USD -BTC-USD ");
    readers_close(&others);
    ck_assert_uint_eq(fixture.hub.subscription_count, 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {without_a_place_of_its_own_a_reader_takes_a_stream_from_its_beginning,
                                  with_a_place_it_waits_for_the_ring_and_is_seated_there,
                                  one_that_waits_no_longer_is_left_alone,
                                  the_place_decides_whether_it_reads_the_ring_or_catches_up,
                                  a_client_counts_once_however_many_of_its_readers_catch_up,
                                  one_that_reads_is_queued_once_and_is_behind_until_it_has_been_at_the_head,
                                  what_is_held_waits_for_the_answer,
                                  who_had_everything_and_is_overrun_in_one_go_catches_up,
                                  who_had_something_to_read_before_is_not_overrun_but_slow,
                                  the_last_reader_of_compressed_frames_takes_their_ring_with_it,
                                  batches_are_made_of_the_frames_as_they_are_from_the_same_place_on,
                                  a_page_that_is_asked_for_is_cancelled_with_its_reader_and_no_other,
                                  a_stream_has_one_reader_of_a_subscription,
                                  the_last_subscription_to_a_symbol_closes_its_market};
    return RUN_TESTS("readers", TEST_CASE(set_up, tear_down, tests));
}
