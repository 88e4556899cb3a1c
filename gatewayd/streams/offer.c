#include "gatewayd/streams/offer.h"

/* Where a walk over the changes goes on behind the streams that are offered. */
#define GONE (SIZE_MAX / 2)

bool offer_up(const offer_t *offer)
{
    return offer->connected && !offer->silent;
}

bool offer_has(const offer_t *offer, text_t symbol, cursor_t *last)
{
    const offer_stream_t *stream = table_get(offer->symbols, symbol);
    if (stream && last)
        *last = (cursor_t){offer->epoch, stream->last};
    return stream != NULL;
}

cursor_t offer_present(const offer_t *offer, text_t symbol, cursor_t cursor)
{
    const offer_stream_t *stream = table_get(offer->symbols, symbol);
    if (!stream || offer->former_epoch == 0)
        return cursor;
    return cursor_renew(cursor, (cursor_t){offer->former_epoch, stream->former}, offer->epoch);
}

bool offer_each(const offer_t *offer, size_t *at, text_t *symbol)
{
    const offer_stream_t *stream = table_each(offer->symbols, at);
    if (stream)
        *symbol = stream->symbol;
    return stream != NULL;
}

static offer_stale_t stale_from(const offer_stream_t *stream, int64_t last_ns)
{
    return (offer_stale_t){stream->symbol, last_ns, stream->stale_ns != 0 || stream->gone, stream->gone, stream->again};
}

bool offer_is_stale(const offer_t *offer, text_t symbol, offer_stale_t *stale)
{
    const offer_stream_t *stream = table_get(offer->symbols, symbol);
    if (!stream || stream->stale_ns == 0)
        return false;
    *stale = stale_from(stream, stream->stale_ns);
    return true;
}

bool offer_each_stale(const offer_t *offer, size_t *at, offer_stale_t *stale)
{
    const offer_stream_t *stream = NULL;
    while (offer->stale > 0 && (stream = table_each(offer->symbols, at)) && stream->stale_ns == 0)
        ;
    if (stream)
        *stale = stale_from(stream, stream->stale_ns);
    return stream != NULL;
}

bool offer_each_change(const offer_t *offer, size_t *at, offer_stale_t *change)
{
    const offer_stream_t *stream = NULL;
    const offer_record_t *record = (const offer_record_t *)offer; /* its first member */
    while (record->changes > 0 && *at < GONE && (stream = table_each(offer->symbols, at)) && stream->change_ns == 0)
        ;
    if (!stream) {
        size_t number = *at < GONE ? 0 : *at - GONE;
        stream = record->gone;
        for (size_t i = 0; stream && i < number; i++)
            stream = stream->next;
        *at = GONE + number + 1;
    }
    if (!stream || stream->change_ns == 0)
        return false;
    *change = stale_from(stream, stream->change_ns);
    return true;
}

static text_t failure_of(const offer_stream_t *stream)
{
    return stream->failure ? text_of(stream->failure) : TEXT("");
}

text_t offer_failure(const offer_t *offer, text_t symbol)
{
    const offer_stream_t *stream = offer_up(offer) ? table_get(offer->symbols, symbol) : NULL;
    return stream ? failure_of(stream) : TEXT("");
}

bool offer_each_failing(const offer_t *offer, size_t *at, offer_failing_t *failing)
{
    const offer_stream_t *stream = NULL;
    while (offer->failing > 0 && (stream = table_each(offer->symbols, at)) && !stream->failure)
        ;
    if (stream)
        *failing = (offer_failing_t){stream->symbol, failure_of(stream)};
    return stream != NULL;
}

bool offer_each_failing_change(const offer_t *offer, size_t *at, offer_failing_t *change)
{
    const offer_stream_t *stream = NULL;
    const offer_record_t *record = (const offer_record_t *)offer; /* its first member */
    while (record->turns > 0 && (stream = table_each(offer->symbols, at)) && !stream->turned)
        ;
    if (stream)
        *change = (offer_failing_t){stream->symbol, failure_of(stream)};
    return stream != NULL;
}

bool offer_each_hole(const offer_t *offer, size_t *at, status_hole_t *hole)
{
    const offer_stream_t *stream = NULL;
    const offer_record_t *record = (const offer_record_t *)offer; /* its first member */
    while (record->holed > 0 && (stream = table_each(offer->symbols, at)) && !stream->holed)
        ;
    if (stream)
        *hole = stream->hole;
    return stream != NULL;
}
