/* What the cases of the contract of stores have in common: a handle of the kind that is tested, what is written and what was read. */
#pragma once

#include "cached/stores/kinds.h"
#include "common/log.h"
#include "tests/contract/store_backends.h"

#include <inttypes.h>
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

/* Far out of order, over several blocks: each trade's timestamp is a scrambled number below 5003. */
static int64_t scrambled(uint64_t seq)
{
    return (int64_t)(seq * 2654435761U % 5003);
}

static uint64_t retain_all(uint64_t keep, int64_t before_ns)
{
    uint64_t dropped, total = 0;
    do {
        OK(kind->write.retain(handle, TOPIC, keep, before_ns, &dropped, error));
        total += dropped;
    } while (dropped > 0);
    return total;
}
