#include "cached/archive/store_listing.h"

#include <stdio.h>

#include "cached/streams/catalog.h"

store_listing_t store_listing_new(void)
{
    return (store_listing_t){buffer_new((CATALOG_STREAMS_MAX + 1) * sizeof(store_listing_stream_t))};
}

void store_listing_release(store_listing_t *self)
{
    buffer_release(&self->streams);
}

/* A stream that nobody could have stored is left out: it could be neither read nor shown. */
static bool on_stream(void *arg, const store_stream_t *stream)
{
    store_listing_t *self = arg;
    text_t symbol, source;
    if (!topic_parse(stream->topic, &symbol, &source))
        return true;
    store_listing_stream_t added = {.place = stream->place, .trades = stream->trades};
    KEEP_TEXT(&added.topic, stream->topic);
    buffer_append(&self->streams, (text_t){(const char *)&added, sizeof added});
    return buffer_ok(&self->streams);
}

store_result_t store_listing_load(store_listing_t *self, const store_kind_t *kind, void *store, char *error)
{
    buffer_clear(&self->streams);
    store_result_t result = kind->read.load(store, on_stream, self, error);
    if (result != STORE_OK || buffer_ok(&self->streams))
        return result;
    snprintf(error, STORE_ERROR_MAX, "expected at most %d streams, found more", CATALOG_STREAMS_MAX);
    return STORE_REFUSED;
}

size_t store_listing_count(const store_listing_t *self)
{
    return self->streams.length / sizeof(store_listing_stream_t);
}

store_listing_stream_t store_listing_at(const store_listing_t *self, size_t number)
{
    store_listing_stream_t stream;
    memcpy(&stream, self->streams.bytes + number * sizeof stream, sizeof stream);
    return stream;
}
