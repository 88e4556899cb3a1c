#include "cached/archive/stock.h"

#include <stdio.h>

#include "cached/streams/shelf.h"

stock_t stock_new(void)
{
    return (stock_t){buffer_new((SHELF_STREAMS_MAX + 1) * sizeof(stock_stream_t))};
}

void stock_release(stock_t *self)
{
    buffer_release(&self->streams);
}

/* A stream that nobody could have stored is left out: it could be neither read nor shown. */
static bool on_stream(void *arg, const store_stream_t *stream)
{
    stock_t *self = arg;
    text_t symbol, source;
    if (!topic_parse(stream->topic, &symbol, &source))
        return true;
    stock_stream_t added = {.topic_length = stream->topic.length, .place = stream->place, .trades = stream->trades};
    memcpy(added.topic, stream->topic.at, stream->topic.length);
    buffer_append(&self->streams, (text_t){(const char *)&added, sizeof added});
    return buffer_ok(&self->streams);
}

store_result_t stock_load(stock_t *self, const store_kind_t *kind, void *store, char *error)
{
    buffer_clear(&self->streams);
    store_result_t result = kind->load(store, on_stream, self, error);
    if (result != STORE_OK || buffer_ok(&self->streams))
        return result;
    snprintf(error, STORE_ERROR_MAX, "expected at most %d streams, found more", SHELF_STREAMS_MAX);
    return STORE_REFUSED;
}

size_t stock_count(const stock_t *self)
{
    return self->streams.length / sizeof(stock_stream_t);
}

stock_stream_t stock_at(const stock_t *self, size_t number)
{
    stock_stream_t stream;
    memcpy(&stream, self->streams.bytes + number * sizeof stream, sizeof stream);
    return stream;
}
