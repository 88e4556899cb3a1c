/* A store whose answers the test scripts. What it keeps outlives its handles. */
#pragma once

#include <stdatomic.h>
#include <stdio.h>

#include "cached/stores/store.h"

enum { FAKE_STREAMS = 4, FAKE_TRADES = 60000 };

typedef struct {
    char topic[128];
    cursor_t place;
    cursor_t trades[FAKE_TRADES];
    size_t count;
} fake_stream_t;

static struct {
    fake_stream_t streams[FAKE_STREAMS];
    size_t count;
    _Atomic int reads, writes;    /* how they are answered: a store_result_t */
    _Atomic bool forgets_to_tell; /* the next append is stored, but says that the store is away */
    _Atomic int opens, appends, doubled;
    _Atomic uint64_t kept; /* `keep` of the last retain */
} fake;

static inline fake_stream_t *fake_stream(text_t topic)
{
    for (size_t i = 0; i < fake.count; i++)
        if (text_equal(text_of(fake.streams[i].topic), topic))
            return &fake.streams[i];
    fake_stream_t *stream = &fake.streams[fake.count++];
    snprintf(stream->topic, sizeof stream->topic, "%.*s", TEXT_ARG(topic));
    return stream;
}

static inline store_result_t fake_answer(int result, char *error)
{
    if (result != STORE_OK)
        snprintf(error, STORE_ERROR_MAX, "fake: %s", result == STORE_AWAY ? "away" : "refused");
    return (store_result_t)result;
}

static inline store_result_t fake_open(const char *url, void **self, char *error)
{
    (void)url;
    fake.opens++;
    *self = fake.reads == STORE_OK ? &fake : NULL;
    return fake_answer(fake.reads, error);
}

static inline store_result_t fake_append(void *self, const store_trade_t *trades, size_t count, char *error)
{
    (void)self;
    fake.appends++;
    for (size_t i = 0; fake.writes == STORE_OK && i < count; i++) {
        fake_stream_t *stream = fake_stream(trades[i].topic);
        if (cursor_compare(trades[i].cursor, stream->place) <= 0) {
            fake.doubled++;
            continue;
        }
        stream->place = trades[i].cursor;
        stream->trades[stream->count++] = trades[i].cursor;
    }
    return fake_answer(atomic_exchange(&fake.forgets_to_tell, false) ? STORE_AWAY : fake.writes, error);
}

static inline store_result_t fake_skip(void *self, text_t topic, cursor_t place, char *error)
{
    (void)self;
    fake_stream_t *stream = fake_stream(topic);
    if (fake.writes == STORE_OK && cursor_compare(place, stream->place) > 0)
        stream->place = place;
    return fake_answer(fake.writes, error);
}

static inline store_result_t fake_load(void *self, store_stream_fn *told, void *arg, char *error)
{
    (void)self;
    for (size_t i = 0; fake.reads == STORE_OK && i < fake.count; i++)
        told(arg, &(store_stream_t){text_of(fake.streams[i].topic), fake.streams[i].place, fake.streams[i].count});
    return fake_answer(fake.reads, error);
}

static inline size_t fake_json(char *out, size_t size, cursor_t cursor)
{
    return (size_t)snprintf(
        out, size,
        "{\"epoch\":%llu,\"seq\":%llu,\"seqnum\":1,\"event\":\"updated\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\","
        "\"timestamp\":\"2025-11-10T17:24:33.937345Z\",\"side\":\"buy\",\"qty\":0.5,\"price\":1.50,\"tradeId\":\"7\","
        "\"source\":\"test\",\"received\":\"2025-11-10T17:24:33.981112345Z\"}",
        (unsigned long long)cursor.epoch, (unsigned long long)cursor.seq);
}

static inline store_result_t fake_range(void *self, const store_query_t *query, store_trade_fn *told, void *arg, char *error)
{
    (void)self;
    const fake_stream_t *stream = fake_stream(query->topic);
    uint64_t count = 0;
    for (size_t i = 0; fake.reads == STORE_OK && i < stream->count && count < query->limit; i++) {
        char json[512] = "";
        cursor_t cursor = stream->trades[query->order == STORE_OLDEST_FIRST ? i : stream->count - 1 - i];
        if (cursor_compare(cursor, query->from) < 0 || cursor_compare(cursor, query->to) > 0)
            continue;
        count++;
        if (!told(arg, &(store_trade_t){query->topic, cursor, 1, {json, fake_json(json, sizeof json, cursor)}}))
            break;
    }
    return fake_answer(fake.reads, error);
}

static inline store_result_t fake_retain(void *self, text_t topic, uint64_t keep, int64_t before_ns, uint64_t *dropped,
                                         char *error)
{
    (void)self, (void)before_ns;
    fake_stream_t *stream = fake_stream(topic);
    *dropped = stream->count > keep ? stream->count - keep : 0;
    memmove(stream->trades, stream->trades + *dropped, (stream->count - *dropped) * sizeof *stream->trades);
    stream->count -= *dropped;
    fake.kept = keep;
    return fake_answer(fake.writes, error);
}

static inline store_result_t fake_clear(void *self, text_t topic, uint64_t *cleared, char *error)
{
    (void)self;
    fake_stream_t *stream = fake_stream(topic);
    *cleared = stream->count;
    stream->count = 0;
    return fake_answer(fake.writes, error);
}

static inline void fake_close(void *self)
{
    (void)self;
}

static const store_kind_t fake_kind = {
    .scheme = "fake",
    .open = fake_open,
    .close = fake_close,
    .read = {.load = fake_load, .range = fake_range},
    .write =
        {.append = fake_append, .skip = fake_skip, .retain = fake_retain, .expire = store_expires_nothing, .clear = fake_clear},
};
