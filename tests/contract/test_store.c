/* What every store must do, whatever it keeps trades in: the contract of cached/stores/store.h. Each case runs against each kind.
 *
 * A new kind: a backend in store_backends.h, and its line in backends[].
 */
#include "cached/stores/kinds.h"
#include "common/log.h"
#include "tests/contract/store_backends.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>

enum { TEXT_LENGTH = 17000, READ_MAX = 20000 };

static const store_backend_t *backend;
static const store_kind_t *kind;
static void *handle;
static char error[STORE_ERROR_MAX];

#define TOPIC TEXT("trade.BTC-USD.blockchain")
#define OTHER TEXT("trade.ETH-USD.börse-東京") /* a source's name is any UTF-8 */

#define OK(call) ck_assert_msg((call) == STORE_OK, "%s: expected STORE_OK: %s", #call, error)

/* --- what was read --- */

typedef struct {
    cursor_t cursor;
    int64_t timestamp_ns;
    uint64_t hash; /* of the text */
} seen_t;

static seen_t seen[READ_MAX];
static size_t seen_count, seen_limit;

static bool see(void *arg, const store_trade_t *trade)
{
    const store_query_t *query = arg;
    ck_assert_uint_lt(seen_count, READ_MAX);
    ck_assert(text_equal(trade->topic, query->topic));
    seen[seen_count++] = (seen_t){trade->cursor, trade->timestamp_ns, text_hash(trade->json)};
    return seen_count < seen_limit;
}

static const store_query_t everything = {.from = {0, 0},
                                         .to = {UINT64_MAX, UINT64_MAX},
                                         .after_ns = INT64_MIN,
                                         .before_ns = INT64_MAX,
                                         .order = STORE_OLDEST_FIRST,
                                         .limit = UINT64_MAX};

static void read_with(void *self, store_query_t query)
{
    seen_count = 0;
    seen_limit = SIZE_MAX;
    OK(kind->read.range(self, &query, see, &query, error));
}

static void read_all(text_t topic)
{
    store_query_t query = everything;
    query.topic = topic;
    read_with(handle, query);
}

typedef struct {
    text_t topic;
    store_stream_t stream; /* its topic is not kept */
    size_t count;
} found_t;

static bool find(void *arg, const store_stream_t *stream)
{
    found_t *found = arg;
    found->count++;
    if (text_equal(stream->topic, found->topic))
        found->stream = *stream;
    return true;
}

static found_t load(void *self, text_t topic)
{
    found_t found = {.topic = topic};
    OK(kind->read.load(self, find, &found, error));
    return found;
}

static void assert_place(text_t topic, cursor_t place, uint64_t trades)
{
    found_t found = load(handle, topic);
    ck_assert_uint_eq(found.stream.place.epoch, place.epoch);
    ck_assert_uint_eq(found.stream.place.seq, place.seq);
    ck_assert_uint_eq(found.stream.trades, trades);
}

/* --- what is written --- */

static store_trade_t batch[READ_MAX];
static char *texts[READ_MAX];
static size_t batch_count;

static void batch_add_text(text_t topic, cursor_t cursor, int64_t timestamp_ns, const char *text)
{
    ck_assert_uint_lt(batch_count, READ_MAX);
    free(texts[batch_count]);
    texts[batch_count] = strdup(text);
    batch[batch_count] = (store_trade_t){topic, cursor, timestamp_ns, text_of(texts[batch_count])};
    batch_count++;
}

static void text_at(char out[static 200], cursor_t cursor)
{
    snprintf(out, 200, "{\"epoch\":%" PRIu64 ",\"seq\":%" PRIu64 ",\"price\":%" PRIu64 ".50000}", cursor.epoch, cursor.seq,
             cursor.seq * 7);
}

static void batch_add(text_t topic, cursor_t cursor, int64_t timestamp_ns)
{
    char text[200];
    text_at(text, cursor);
    batch_add_text(topic, cursor, timestamp_ns, text);
}

static void append_batch(void)
{
    OK(kind->write.append(handle, batch, batch_count, error));
    batch_count = 0;
}

/* Trades of one epoch whose timestamps are ten times their seq. */
static void append(text_t topic, uint64_t epoch, uint64_t from, uint64_t to)
{
    for (uint64_t seq = from; seq <= to; seq++)
        batch_add(topic, (cursor_t){epoch, seq}, (int64_t)seq * 10);
    append_batch();
}

static void assert_seen_at(size_t number, cursor_t cursor)
{
    char text[200];
    text_at(text, cursor);
    ck_assert_uint_eq(seen[number].cursor.epoch, cursor.epoch);
    ck_assert_uint_eq(seen[number].cursor.seq, cursor.seq);
    ck_assert_uint_eq(seen[number].hash, text_hash(text_of(text)));
}

/* All that was seen: these seqs of one epoch, upwards or downwards. */
static void assert_seen(uint64_t epoch, uint64_t first, uint64_t last)
{
    uint64_t count = (first < last ? last - first : first - last) + 1;
    ck_assert_uint_eq(seen_count, count);
    for (uint64_t i = 0; i < count; i++)
        assert_seen_at(i, (cursor_t){epoch, first < last ? first + i : first - i});
}

/* --- set-up --- */

static void *open_store(void)
{
    void *self = NULL;
    store_result_t result = kind->open(backend->url(), &self, error);
    ck_assert_msg(result == STORE_OK, "open: %s", error);
    ck_assert_ptr_nonnull(self);
    return self;
}

static void begin(int number)
{
    backend = &backends[number];
    backend->start();
    kind = store_kind(backend->url());
    ck_assert_ptr_nonnull(kind);
    handle = open_store();
}

static void set_up(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    signal(SIGPIPE, SIG_IGN); /* as loop.c has it */
    batch_count = 0;
}

static void tear_down(void)
{
    if (kind)
        kind->close(handle);
    handle = NULL;
    if (backend)
        backend->stop();
    backend = NULL;
    for (size_t i = 0; i < READ_MAX; i++) {
        free(texts[i]);
        texts[i] = NULL;
    }
}

/* --- the cases --- */

START_TEST(a_new_store_is_empty)
{
    begin(_i);
    ck_assert_uint_eq(load(handle, TOPIC).count, 0);
    read_all(TOPIC);
    ck_assert_uint_eq(seen_count, 0);
}
END_TEST

START_TEST(trades_come_back_in_order_byte_for_byte)
{
    begin(_i);
    append(TOPIC, 5, 1, 3000);
    read_all(TOPIC);
    assert_seen(5, 1, 3000);
    for (size_t i = 0; i < seen_count; i++)
        ck_assert_int_eq(seen[i].timestamp_ns, (int64_t)(i + 1) * 10);
    assert_place(TOPIC, (cursor_t){5, 3000}, 3000);
}
END_TEST

START_TEST(any_text_comes_back_unchanged)
{
    static const char *const exact[] = {
        "{\"qty\":12345678901234567890123456789012345678.90,\"price\":0.00000000000000000000000000000000000001}",
        "{\"qty\":8.5E-5,\"price\":105383.80000}",
        "{\"source\":\"börse-東京-💱\"}",
        "  spaces, 'quotes', \\\\backslashes\\n, $1 %s ? :name\r\n\ttabs ",
        "\x01\x7f",
        "",
    };
    enum { EXACT = sizeof exact / sizeof *exact };
    begin(_i);
    static char longest[TEXT_LENGTH];
    memset(longest, 'x', sizeof longest - 1);
    for (uint64_t i = 0; i < EXACT; i++)
        batch_add_text(OTHER, (cursor_t){1, i + 1}, 1763941200123456789 + (int64_t)i, exact[i]);
    batch_add_text(OTHER, (cursor_t){1, EXACT + 1}, INT64_C(1763941200123456789), longest);
    append_batch();
    read_all(OTHER);
    ck_assert_uint_eq(seen_count, EXACT + 1);
    for (size_t i = 0; i < EXACT; i++)
        ck_assert_msg(seen[i].hash == text_hash(text_of(exact[i])), "changed: %s", exact[i]);
    ck_assert(seen[EXACT].hash == text_hash(text_of(longest)));
    ck_assert_int_eq(seen[2].timestamp_ns, INT64_C(1763941200123456791));
}
END_TEST

START_TEST(the_same_batch_twice_is_as_good_as_once)
{
    begin(_i);
    append(TOPIC, 5, 1, 100);
    append(TOPIC, 5, 1, 100);
    read_all(TOPIC);
    assert_seen(5, 1, 100);
    assert_place(TOPIC, (cursor_t){5, 100}, 100);
}
END_TEST

START_TEST(what_overlaps_is_stored_once)
{
    begin(_i);
    append(TOPIC, 5, 1, 100);
    append(TOPIC, 5, 51, 150);
    batch_add(TOPIC, (cursor_t){5, 151}, 1510);
    batch_add(TOPIC, (cursor_t){5, 151}, 1510); /* twice in one batch */
    batch_add(TOPIC, (cursor_t){5, 152}, 1520);
    append_batch();
    read_all(TOPIC);
    assert_seen(5, 1, 152);
    assert_place(TOPIC, (cursor_t){5, 152}, 152);
}
END_TEST

START_TEST(nothing_to_append_is_well)
{
    begin(_i);
    append_batch();
    ck_assert_uint_eq(load(handle, TOPIC).count, 0);
}
END_TEST

START_TEST(streams_in_one_batch_are_kept_apart)
{
    begin(_i);
    for (uint64_t seq = 1; seq <= 500; seq++) {
        batch_add(TOPIC, (cursor_t){5, seq}, (int64_t)seq * 10);
        if (seq % 2)
            batch_add(OTHER, (cursor_t){9, seq / 2 + 1}, (int64_t)seq);
    }
    append_batch();
    read_all(TOPIC);
    assert_seen(5, 1, 500);
    read_all(OTHER);
    assert_seen(9, 1, 250);
    assert_place(TOPIC, (cursor_t){5, 500}, 500);
    assert_place(OTHER, (cursor_t){9, 250}, 250);
    ck_assert_uint_eq(load(handle, OTHER).count, 2);
}
END_TEST

START_TEST(ten_thousand_at_once)
{
    begin(_i);
    append(TOPIC, 1763941200123456, 1, 10000);
    read_all(TOPIC);
    assert_seen(1763941200123456, 1, 10000);
}
END_TEST

START_TEST(epochs_order_before_seqs)
{
    begin(_i);
    append(TOPIC, 5, 1, 100);
    append(TOPIC, 8, 1, 20);
    append(TOPIC, 5, 101, 200); /* of an epoch that is over */
    assert_place(TOPIC, (cursor_t){8, 20}, 120);
    read_all(TOPIC);
    ck_assert_uint_eq(seen_count, 120);
    assert_seen_at(99, (cursor_t){5, 100});
    assert_seen_at(100, (cursor_t){8, 1});
    store_query_t query = everything;
    query.topic = TOPIC;
    query.from = (cursor_t){5, 99};
    query.to = (cursor_t){8, 2};
    query.order = STORE_NEWEST_FIRST;
    read_with(handle, query);
    ck_assert_uint_eq(seen_count, 4);
    assert_seen_at(0, (cursor_t){8, 2});
    assert_seen_at(3, (cursor_t){5, 99});
}
END_TEST

START_TEST(an_impossible_cursor_is_left_out)
{
    begin(_i);
    batch_add(TOPIC, (cursor_t){5, 1}, 10);
    batch_add(TOPIC, (cursor_t){5, UINT64_MAX}, 20);
    batch_add(TOPIC, (cursor_t){UINT64_MAX, 1}, 30);
    append_batch();
    OK(kind->write.skip(handle, TOPIC, (cursor_t){UINT64_MAX, UINT64_MAX}, error));
    append(TOPIC, 5, 2, 10);
    read_all(TOPIC);
    assert_seen(5, 1, 10);
    assert_place(TOPIC, (cursor_t){5, 10}, 10);
}
END_TEST

/* What a query wants of seqs 1 to 3000, with timestamps ten times that. */
static const struct {
    const char *what;
    uint64_t from, to;
    int64_t after_ns, before_ns;
    bool newest;
    uint64_t limit;
    uint64_t first, last; /* 0: nothing */
} queries[] = {
    {"all", 0, UINT64_MAX, INT64_MIN, INT64_MAX, false, UINT64_MAX, 1, 3000},
    {"all, newest first", 0, UINT64_MAX, INT64_MIN, INT64_MAX, true, UINT64_MAX, 3000, 1},
    {"the oldest 10", 0, UINT64_MAX, INT64_MIN, INT64_MAX, false, 10, 1, 10},
    {"the newest 10", 0, UINT64_MAX, INT64_MIN, INT64_MAX, true, 10, 3000, 2991},
    {"one by its cursor", 1024, 1024, INT64_MIN, INT64_MAX, false, 10, 1024, 1024},
    {"between cursors, both with it", 1000, 2000, INT64_MIN, INT64_MAX, false, UINT64_MAX, 1000, 2000},
    {"between cursors, newest first", 1000, 2000, INT64_MIN, INT64_MAX, true, 3, 2000, 1998},
    {"between times, both without it", 0, UINT64_MAX, 10230, 20480, false, UINT64_MAX, 1024, 2047},
    {"between times, newest first", 0, UINT64_MAX, 10230, 20480, true, UINT64_MAX, 2047, 1024},
    {"after a time, some", 0, UINT64_MAX, 15000, INT64_MAX, false, 5, 1501, 1505},
    {"after a time, newest first", 0, UINT64_MAX, 15000, INT64_MAX, true, 5, 3000, 2996},
    {"before a time, newest first", 0, UINT64_MAX, INT64_MIN, 15000, true, 5, 1499, 1495},
    {"between cursors and times", 1000, 2000, 15000, 25000, false, UINT64_MAX, 1501, 2000},
    {"between times and cursors", 1600, 5000, 15000, 17000, true, UINT64_MAX, 1699, 1600},
    {"none: a limit of 0", 0, UINT64_MAX, INT64_MIN, INT64_MAX, false, 0, 0, 0},
    {"none: behind the end", 3001, UINT64_MAX, INT64_MIN, INT64_MAX, false, 10, 0, 0},
    {"none: turned around", 20, 10, INT64_MIN, INT64_MAX, false, 10, 0, 0},
    {"none: after all", 0, UINT64_MAX, 30000, INT64_MAX, false, 10, 0, 0},
    {"none: before all", 0, UINT64_MAX, INT64_MIN, 10, true, 10, 0, 0},
    {"none: no time between", 0, UINT64_MAX, 100, 110, true, 10, 0, 0},
    {"none: times turned around", 0, UINT64_MAX, 200, 100, false, 10, 0, 0},
};

START_TEST(a_range_is_what_the_query_wants)
{
    begin(_i);
    append(TOPIC, 5, 1, 3000);
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        store_query_t query = {TOPIC,
                               {5, queries[i].from},
                               {5, queries[i].to},
                               queries[i].after_ns,
                               queries[i].before_ns,
                               queries[i].newest ? STORE_NEWEST_FIRST : STORE_OLDEST_FIRST,
                               queries[i].limit};
        read_with(handle, query);
        ck_assert_msg((seen_count == 0) == (queries[i].first == 0), "%s: %zu came", queries[i].what, seen_count);
        if (seen_count > 0)
            assert_seen(5, queries[i].first, queries[i].last);
    }
}
END_TEST

START_TEST(of_an_unknown_topic_there_is_nothing)
{
    begin(_i);
    append(TOPIC, 5, 1, 10);
    read_all(TEXT("trade.BTC-USD.blockchai"));
    ck_assert_uint_eq(seen_count, 0);
    uint64_t count = 7;
    OK(kind->write.retain(handle, OTHER, 0, INT64_MAX, &count, error));
    ck_assert_uint_eq(count, 0);
    OK(kind->write.clear(handle, OTHER, &count, error));
    ck_assert_uint_eq(count, 0);
    ck_assert_uint_eq(load(handle, OTHER).count, 1);
}
END_TEST

START_TEST(who_has_enough_gets_no_more)
{
    begin(_i);
    append(TOPIC, 5, 1, 3000);
    store_query_t query = everything;
    query.topic = TOPIC;
    seen_count = 0;
    seen_limit = 7;
    OK(kind->read.range(handle, &query, see, &query, error));
    assert_seen(5, 1, 7);
    read_all(TOPIC); /* and the handle is as good as before */
    assert_seen(5, 1, 3000);
}
END_TEST

START_TEST(equal_timestamps_are_kept_and_found_all)
{
    begin(_i);
    for (uint64_t seq = 1; seq <= 2100; seq++)
        batch_add(TOPIC, (cursor_t){5, seq}, seq <= 50 ? 99 : 100);
    append_batch();
    store_query_t query = everything;
    query.topic = TOPIC;
    query.after_ns = 99;
    query.before_ns = 101;
    read_with(handle, query);
    assert_seen(5, 51, 2100);
}
END_TEST

/* Far out of order, over several blocks: each trade's timestamp is a scrambled number below 5003. */
static int64_t scrambled(uint64_t seq)
{
    return (int64_t)(seq * 2654435761U % 5003);
}

START_TEST(times_are_exact_whatever_their_order)
{
    begin(_i);
    for (uint64_t seq = 1; seq <= 5000; seq++) {
        batch_add(TOPIC, (cursor_t){5, seq}, scrambled(seq));
        if (seq % 700 == 0)
            append_batch();
    }
    append_batch();
    store_query_t query = everything;
    query.topic = TOPIC;
    query.after_ns = 1000;
    query.before_ns = 2000;
    read_with(handle, query);
    size_t at = 0;
    for (uint64_t seq = 1; seq <= 5000; seq++)
        if (scrambled(seq) > 1000 && scrambled(seq) < 2000)
            assert_seen_at(at++, (cursor_t){5, seq});
    ck_assert_uint_eq(at, seen_count);
    ck_assert_uint_gt(at, 500);
}
END_TEST

START_TEST(a_skip_moves_the_place_and_only_forward)
{
    begin(_i);
    OK(kind->write.skip(handle, TOPIC, (cursor_t){5, 100}, error));
    assert_place(TOPIC, (cursor_t){5, 100}, 0);
    append(TOPIC, 5, 1, 150);
    read_all(TOPIC);
    assert_seen(5, 101, 150);
    OK(kind->write.skip(handle, TOPIC, (cursor_t){5, 120}, error));
    OK(kind->write.skip(handle, TOPIC, (cursor_t){4, 9000}, error));
    assert_place(TOPIC, (cursor_t){5, 150}, 50);
    OK(kind->write.skip(handle, TOPIC, (cursor_t){6, 0}, error));
    assert_place(TOPIC, (cursor_t){6, 0}, 50);
}
END_TEST

static uint64_t retain_all(uint64_t keep, int64_t before_ns)
{
    uint64_t dropped, total = 0;
    do {
        OK(kind->write.retain(handle, TOPIC, keep, before_ns, &dropped, error));
        total += dropped;
    } while (dropped > 0);
    return total;
}

START_TEST(retain_by_count_keeps_the_newest)
{
    begin(_i);
    append(TOPIC, 5, 1, 3000);
    append(OTHER, 5, 1, 100);
    ck_assert_uint_eq(retain_all(3000, INT64_MIN), 0);
    ck_assert_uint_eq(retain_all(1500, INT64_MIN), 1500);
    read_all(TOPIC);
    assert_seen(5, 1501, 3000);
    assert_place(TOPIC, (cursor_t){5, 3000}, 1500);
    store_query_t query = everything; /* times are still found */
    query.topic = TOPIC;
    query.before_ns = 16000;
    read_with(handle, query);
    assert_seen(5, 1501, 1599);
    ck_assert_uint_eq(retain_all(0, INT64_MIN), 1500);
    assert_place(TOPIC, (cursor_t){5, 3000}, 0);
    assert_place(OTHER, (cursor_t){5, 100}, 100);
    append(TOPIC, 5, 3000, 3010);
    read_all(TOPIC);
    assert_seen(5, 3001, 3010);
}
END_TEST

START_TEST(retain_by_age_drops_what_is_older)
{
    begin(_i);
    append(TOPIC, 5, 1, 3000);
    ck_assert_uint_eq(retain_all(UINT64_MAX, 10), 0);
    ck_assert_uint_eq(retain_all(UINT64_MAX, 15000), 1499);
    read_all(TOPIC);
    assert_seen(5, 1500, 3000);
    assert_place(TOPIC, (cursor_t){5, 3000}, 1501);
    ck_assert_uint_eq(retain_all(UINT64_MAX, 15000), 0);
    ck_assert_uint_eq(retain_all(100, 16000), 1401); /* both */
    assert_place(TOPIC, (cursor_t){5, 3000}, 100);
    ck_assert_uint_eq(retain_all(UINT64_MAX, INT64_MAX), 100);
    read_all(TOPIC);
    ck_assert_uint_eq(seen_count, 0);
}
END_TEST

START_TEST(retain_by_age_finds_what_is_old_among_the_new)
{
    begin(_i);
    for (uint64_t seq = 1; seq <= 4000; seq++)
        batch_add(TOPIC, (cursor_t){5, seq}, scrambled(seq));
    append_batch();
    size_t old = 0;
    for (uint64_t seq = 1; seq <= 4000; seq++)
        old += scrambled(seq) < 1234;
    ck_assert_uint_eq(retain_all(UINT64_MAX, 1234), old);
    read_all(TOPIC);
    ck_assert_uint_eq(seen_count, 4000 - old);
    for (size_t i = 0; i < seen_count; i++)
        ck_assert_int_ge(seen[i].timestamp_ns, 1234);
}
END_TEST

START_TEST(clear_forgets_the_trades_of_one_stream_but_not_its_place)
{
    begin(_i);
    append(TOPIC, 5, 1, 2000);
    append(OTHER, 5, 1, 100);
    uint64_t cleared = 0;
    OK(kind->write.clear(handle, TOPIC, &cleared, error));
    ck_assert_uint_eq(cleared, 2000);
    read_all(TOPIC);
    ck_assert_uint_eq(seen_count, 0);
    assert_place(TOPIC, (cursor_t){5, 2000}, 0);
    append(TOPIC, 5, 1990, 2010);
    read_all(TOPIC);
    assert_seen(5, 2001, 2010);
    assert_place(TOPIC, (cursor_t){5, 2010}, 10);
    assert_place(OTHER, (cursor_t){5, 100}, 100);
}
END_TEST

/* --- fill --- */

static void fill_batch(uint64_t expected)
{
    uint64_t filled = 77;
    OK(kind->write.fill(handle, batch, batch_count, &filled, error));
    ck_assert_uint_eq(filled, expected);
    batch_count = 0;
}

/* As append (), from before the place. */
static void fill(text_t topic, uint64_t epoch, uint64_t from, uint64_t to, uint64_t expected)
{
    for (uint64_t seq = from; seq <= to; seq++)
        batch_add(topic, (cursor_t){epoch, seq}, (int64_t)seq * 10);
    fill_batch(expected);
}

START_TEST(fill_puts_old_trades_before_those_that_are_there)
{
    begin(_i);
    OK(kind->write.skip(handle, TOPIC, (cursor_t){5, 2500}, error));
    append(TOPIC, 5, 2501, 3000);
    fill(TOPIC, 5, 1, 1200, 1200);
    fill(TOPIC, 5, 1000, 2600, 1300); /* what is there is there once */
    fill(TOPIC, 5, 1, 3000, 0);
    read_all(TOPIC);
    assert_seen(5, 1, 3000);
    assert_place(TOPIC, (cursor_t){5, 3000}, 3000);
    store_query_t query = everything; /* by time, too */
    query.topic = TOPIC;
    query.after_ns = 9000;
    query.before_ns = 12010;
    read_with(handle, query);
    assert_seen(5, 901, 1200);
    append(TOPIC, 5, 2990, 3010); /* and it goes on as before */
    read_all(TOPIC);
    assert_seen(5, 1, 3010);
    assert_place(TOPIC, (cursor_t){5, 3010}, 3010);
}
END_TEST

START_TEST(fill_finds_the_holes)
{
    begin(_i);
    for (uint64_t seq = 1; seq <= 3000; seq++)
        if (seq % 3 == 0 || seq > 2990)
            batch_add(TOPIC, (cursor_t){5, seq}, (int64_t)seq * 10);
    append_batch();
    fill(TOPIC, 5, 1, 3000, 1994);
    read_all(TOPIC);
    assert_seen(5, 1, 3000);
    assert_place(TOPIC, (cursor_t){5, 3000}, 3000);
}
END_TEST

START_TEST(fill_takes_trades_in_any_order_and_times_that_are_wild)
{
    begin(_i);
    OK(kind->write.skip(handle, TOPIC, (cursor_t){5, 2000}, error));
    for (uint64_t seq = 2000; seq > 0; seq--)
        batch_add(TOPIC, (cursor_t){5, seq % 2 ? seq : 2001 - seq},
                  scrambled(seq % 2 ? seq : 2001 - seq)); /* the odd ones, twice */
    fill_batch(1000);
    for (uint64_t seq = 2000; seq > 0; seq--)
        batch_add(TOPIC, (cursor_t){5, seq}, scrambled(seq));
    fill_batch(1000);
    read_all(TOPIC);
    assert_seen(5, 1, 2000);
    for (size_t i = 0; i < seen_count; i++)
        ck_assert_int_eq(seen[i].timestamp_ns, scrambled(i + 1));
}
END_TEST

START_TEST(fill_leaves_out_what_is_behind_the_place)
{
    begin(_i);
    append(TOPIC, 5, 11, 20);
    for (uint64_t seq = 5; seq <= 25; seq++)
        batch_add(TOPIC, (cursor_t){5, seq}, (int64_t)seq * 10);
    batch_add(TOPIC, (cursor_t){6, 1}, 10);
    batch_add(TOPIC, (cursor_t){4, 900}, 10); /* an epoch that is over */
    batch_add(OTHER, (cursor_t){5, 1}, 10);   /* a stream without a place */
    fill_batch(7);
    read_all(TOPIC);
    ck_assert_uint_eq(seen_count, 17);
    assert_seen_at(0, (cursor_t){4, 900});
    assert_seen_at(1, (cursor_t){5, 5});
    assert_seen_at(16, (cursor_t){5, 20});
    assert_place(TOPIC, (cursor_t){5, 20}, 17);
    ck_assert_uint_eq(load(handle, OTHER).count, 1);
    read_all(OTHER);
    ck_assert_uint_eq(seen_count, 0);
    fill_batch(0); /* nothing at all is well, too */
}
END_TEST

START_TEST(fill_brings_back_what_was_cleared_or_dropped)
{
    begin(_i);
    uint64_t cleared;
    append(TOPIC, 5, 1, 2000);
    OK(kind->write.clear(handle, TOPIC, &cleared, error));
    fill(TOPIC, 5, 1, 1500, 1500);
    ck_assert_uint_eq(retain_all(100, INT64_MIN), 1400);
    fill(TOPIC, 5, 1001, 2000, 900);
    read_all(TOPIC);
    assert_seen(5, 1001, 2000);
    assert_place(TOPIC, (cursor_t){5, 2000}, 1000);
    ck_assert_uint_eq(retain_all(UINT64_MAX, 15000), 499); /* by age, too */
    fill(TOPIC, 5, 1490, 1510, 10);
    ck_assert_uint_eq(retain_all(UINT64_MAX, 15000), 10);
    append(TOPIC, 5, 2001, 2010);
    read_all(TOPIC);
    assert_seen(5, 1500, 2010);
    assert_place(TOPIC, (cursor_t){5, 2010}, 511);
}
END_TEST

START_TEST(fill_keeps_streams_apart)
{
    begin(_i);
    OK(kind->write.skip(handle, TOPIC, (cursor_t){5, 500}, error));
    OK(kind->write.skip(handle, OTHER, (cursor_t){9, 250}, error));
    for (uint64_t seq = 1; seq <= 500; seq++) {
        batch_add(TOPIC, (cursor_t){5, seq}, (int64_t)seq * 10);
        if (seq % 2)
            batch_add(OTHER, (cursor_t){9, seq / 2 + 1}, (int64_t)seq);
    }
    fill_batch(750);
    read_all(TOPIC);
    assert_seen(5, 1, 500);
    read_all(OTHER);
    assert_seen(9, 1, 250);
    assert_place(TOPIC, (cursor_t){5, 500}, 500);
    assert_place(OTHER, (cursor_t){9, 250}, 250);
}
END_TEST

/* An import beside cached: each goes on where it is, in turns and at the same time. */
typedef struct {
    void *handle;
    uint64_t from, to;
    bool fill;
} writing_t;

static void *write_pieces(void *arg)
{
    const writing_t *self = arg;
    enum { PIECE = 50 };
    store_trade_t trades[PIECE];
    char written[PIECE][200], wrong[STORE_ERROR_MAX] = "";
    for (uint64_t from = self->from; from < self->to && !*wrong; from += PIECE) {
        for (uint64_t i = 0; i < PIECE; i++) {
            text_at(written[i], (cursor_t){5, from + i});
            trades[i] = (store_trade_t){TOPIC, {5, from + i}, (int64_t)(from + i) * 10, text_of(written[i])};
        }
        uint64_t filled;
        store_result_t result = self->fill ? kind->write.fill(self->handle, trades, PIECE, &filled, wrong)
                                           : kind->write.append(self->handle, trades, PIECE, wrong);
        ck_assert_msg(result == STORE_OK, "%s", wrong);
    }
    return NULL;
}

START_TEST(fill_and_append_at_the_same_time)
{
    begin(_i);
    void *second = open_store();
    append(TOPIC, 5, 3001, 3100);
    pthread_t thread;
    writing_t appending = {handle, 3101, 5100, false}, filling = {second, 1, 3000, true};
    ck_assert_int_eq(pthread_create(&thread, NULL, write_pieces, &filling), 0);
    write_pieces(&appending);
    pthread_join(thread, NULL);
    kind->close(second);
    read_all(TOPIC);
    assert_seen(5, 1, 5100);
    assert_place(TOPIC, (cursor_t){5, 5100}, 5100);
}
END_TEST

START_TEST(what_was_stored_is_there_after_a_reopen)
{
    begin(_i);
    append(TOPIC, 5, 1, 1500);
    OK(kind->write.skip(handle, OTHER, (cursor_t){5, 77}, error));
    uint64_t cleared;
    OK(kind->write.clear(handle, OTHER, &cleared, error));
    kind->close(handle);
    handle = open_store();
    read_all(TOPIC);
    assert_seen(5, 1, 1500);
    assert_place(TOPIC, (cursor_t){5, 1500}, 1500);
    assert_place(OTHER, (cursor_t){5, 77}, 0);
    append(TOPIC, 5, 1, 1600);
    read_all(TOPIC);
    assert_seen(5, 1, 1600);
}
END_TEST

/* A reader sees each batch whole, and all that was appended before it asked, without closing anything. */
START_TEST(one_handle_reads_while_another_writes)
{
    begin(_i);
    void *reader = open_store();
    store_query_t query = everything;
    query.topic = TOPIC;
    for (uint64_t round = 0; round < 5; round++) {
        append(TOPIC, 5, round * 100 + 1, round * 100 + 100);
        read_with(reader, query);
        assert_seen(5, 1, round * 100 + 100);
        ck_assert_uint_eq(load(reader, TOPIC).stream.place.seq, round * 100 + 100);
    }
    uint64_t cleared;
    OK(kind->write.clear(handle, TOPIC, &cleared, error));
    read_with(reader, query);
    ck_assert_uint_eq(seen_count, 0);
    kind->close(reader);
}
END_TEST

/* In the middle of a long answer, the other handle goes on writing. */
static bool write_meanwhile(void *arg, const store_trade_t *trade)
{
    (void)arg;
    if (trade->cursor.seq == 1)
        append(TOPIC, 5, 3001, 3010);
    seen_count++;
    return true;
}

START_TEST(a_reader_does_not_keep_a_writer_waiting)
{
    begin(_i);
    append(TOPIC, 5, 1, 3000);
    void *reader = open_store();
    store_query_t query = everything;
    query.topic = TOPIC;
    query.to = (cursor_t){5, 3000};
    seen_count = 0;
    OK(kind->read.range(reader, &query, write_meanwhile, NULL, error));
    ck_assert_uint_eq(seen_count, 3000);
    assert_place(TOPIC, (cursor_t){5, 3010}, 3010);
    kind->close(reader);
}
END_TEST

/* Two replicas of cached write the same stream. */
START_TEST(two_writers_store_each_trade_once)
{
    begin(_i);
    void *first = handle, *second = open_store();
    for (uint64_t round = 0; round < 10; round++) {
        handle = round % 2 ? second : first;
        append(TOPIC, 5, round * 50 + 1, round * 50 + 100);
    }
    handle = first;
    kind->close(second);
    read_all(TOPIC);
    assert_seen(5, 1, 550);
    assert_place(TOPIC, (cursor_t){5, 550}, 550);
}
END_TEST

START_TEST(closing_nothing_is_well)
{
    begin(_i);
    kind->close(NULL);
}
END_TEST

/* --- stores that are servers --- */

START_TEST(a_server_that_goes_and_comes_back)
{
    begin(_i);
    append(TOPIC, 5, 1, 100);
    backend->take_away();
    for (uint64_t seq = 101; seq <= 200; seq++)
        batch_add(TOPIC, (cursor_t){5, seq}, (int64_t)seq * 10);
    ck_assert_int_eq(kind->write.append(handle, batch, batch_count, error), STORE_AWAY);
    ck_assert_uint_gt(strlen(error), 0);
    void *other = handle;
    ck_assert_int_eq(kind->open(backend->url(), &other, error), STORE_AWAY);
    ck_assert_ptr_null(other);
    store_query_t query = everything;
    query.topic = TOPIC;
    ck_assert_int_eq(kind->read.range(handle, &query, see, &query, error), STORE_AWAY);
    backend->bring_back();
    append_batch();
    read_all(TOPIC);
    assert_seen(5, 1, 200);
}
END_TEST

START_TEST(a_wrong_password_is_refused_and_not_shown)
{
    begin(_i);
    void *other = handle;
    ck_assert_int_eq(kind->open(backend->url_wrong_password(), &other, error), STORE_REFUSED);
    ck_assert_ptr_null(other);
    ck_assert_uint_gt(strlen(error), 0);
    ck_assert_msg(!strstr(error, WRONG_PASSWORD), "%s", error);
}
END_TEST

/* --- stores that last --- */

START_TEST(a_newer_schema_is_refused_and_left_alone)
{
    begin(_i);
    append(TOPIC, 5, 1, 10);
    backend->set_version(99);
    void *other = handle;
    ck_assert_int_eq(kind->open(backend->url(), &other, error), STORE_REFUSED);
    ck_assert_ptr_null(other);
    ck_assert_msg(strstr(error, "schema version 99, expected at most 1"), "%s", error);
    backend->set_version(1);
    read_all(TOPIC);
    assert_seen(5, 1, 10);
}
END_TEST

START_TEST(every_kind_has_a_backend)
{
    for (size_t i = 0; store_kind_at(i); i++) {
        bool found = false;
        for (int k = 0; k < BACKENDS && !found; k++)
            found = strcmp(backends[k].name, store_kind_at(i)->scheme) == 0;
        ck_assert_msg(found, "%s has none", store_kind_at(i)->scheme);
    }
}
END_TEST

START_TEST(this_store_is_not_here)
{
    printf("SKIP: %s\n", backends[_i].missing());
    fflush(stdout);
}
END_TEST

/* --- which cases run against which kinds --- */

static void add_first_cases(TCase *tests, int number)
{
    tcase_add_loop_test(tests, trades_come_back_in_order_byte_for_byte, number, number + 1);
    tcase_add_loop_test(tests, what_overlaps_is_stored_once, number, number + 1);
    tcase_add_loop_test(tests, streams_in_one_batch_are_kept_apart, number, number + 1);
    tcase_add_loop_test(tests, a_range_is_what_the_query_wants, number, number + 1);
    tcase_add_loop_test(tests, times_are_exact_whatever_their_order, number, number + 1);
    tcase_add_loop_test(tests, retain_by_count_keeps_the_newest, number, number + 1);
    tcase_add_loop_test(tests, retain_by_age_drops_what_is_older, number, number + 1);
    tcase_add_loop_test(tests, clear_forgets_the_trades_of_one_stream_but_not_its_place, number, number + 1);
    tcase_add_loop_test(tests, fill_puts_old_trades_before_those_that_are_there, number, number + 1);
    tcase_add_loop_test(tests, fill_brings_back_what_was_cleared_or_dropped, number, number + 1);
}

static void add_cases(TCase *tests, int number)
{
    tcase_add_loop_test(tests, a_new_store_is_empty, number, number + 1);
    tcase_add_loop_test(tests, any_text_comes_back_unchanged, number, number + 1);
    tcase_add_loop_test(tests, the_same_batch_twice_is_as_good_as_once, number, number + 1);
    tcase_add_loop_test(tests, nothing_to_append_is_well, number, number + 1);
    tcase_add_loop_test(tests, ten_thousand_at_once, number, number + 1);
    tcase_add_loop_test(tests, epochs_order_before_seqs, number, number + 1);
    tcase_add_loop_test(tests, an_impossible_cursor_is_left_out, number, number + 1);
    tcase_add_loop_test(tests, of_an_unknown_topic_there_is_nothing, number, number + 1);
    tcase_add_loop_test(tests, who_has_enough_gets_no_more, number, number + 1);
    tcase_add_loop_test(tests, equal_timestamps_are_kept_and_found_all, number, number + 1);
    tcase_add_loop_test(tests, a_skip_moves_the_place_and_only_forward, number, number + 1);
    tcase_add_loop_test(tests, retain_by_age_finds_what_is_old_among_the_new, number, number + 1);
    tcase_add_loop_test(tests, fill_finds_the_holes, number, number + 1);
    tcase_add_loop_test(tests, fill_takes_trades_in_any_order_and_times_that_are_wild, number, number + 1);
    tcase_add_loop_test(tests, fill_leaves_out_what_is_behind_the_place, number, number + 1);
    tcase_add_loop_test(tests, fill_keeps_streams_apart, number, number + 1);
    tcase_add_loop_test(tests, closing_nothing_is_well, number, number + 1);
}

static void add_lasting_cases(TCase *tests, int number)
{
    tcase_add_loop_test(tests, what_was_stored_is_there_after_a_reopen, number, number + 1);
    tcase_add_loop_test(tests, one_handle_reads_while_another_writes, number, number + 1);
    tcase_add_loop_test(tests, a_reader_does_not_keep_a_writer_waiting, number, number + 1);
    tcase_add_loop_test(tests, two_writers_store_each_trade_once, number, number + 1);
    tcase_add_loop_test(tests, fill_and_append_at_the_same_time, number, number + 1);
    tcase_add_loop_test(tests, a_newer_schema_is_refused_and_left_alone, number, number + 1);
}

static void add_server_cases(TCase *tests, int number)
{
    tcase_add_loop_test(tests, a_server_that_goes_and_comes_back, number, number + 1);
    tcase_add_loop_test(tests, a_wrong_password_is_refused_and_not_shown, number, number + 1);
}

static TCase *cases_of(int number)
{
    TCase *tests = tcase_create(backends[number].name);
    tcase_set_timeout(tests, 30);
    if (backends[number].missing()) {
        tcase_add_loop_test(tests, this_store_is_not_here, number, number + 1);
        return tests;
    }
    if (backends[number].prepare)
        tcase_add_unchecked_fixture(tests, backends[number].prepare, backends[number].unprepare);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    add_first_cases(tests, number);
    if (backends[number].brief)
        return tests;
    add_cases(tests, number);
    if (backends[number].set_version)
        add_lasting_cases(tests, number);
    if (backends[number].take_away)
        add_server_cases(tests, number);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *kinds = tcase_create("kinds");
    tcase_add_test(kinds, every_kind_has_a_backend);
    suite_add_tcase(suite, kinds);
    for (int i = 0; i < BACKENDS; i++)
        suite_add_tcase(suite, cases_of(i));
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
