#include "gatewayd/streams/offer_record.h"

#include "common/clock.h"

#include <stdlib.h>

static void stream_destroy(offer_stream_t *stream)
{
    free(stream->failure);
    free(stream);
}

static void forget_gone(offer_record_t *record)
{
    while (record->gone) {
        offer_stream_t *stream = record->gone;
        record->gone = stream->next;
        stream_destroy(stream);
    }
}

offer_record_t *offer_record_new(text_t name)
{
    offer_record_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    memcpy(self->name, name.at, name.length);
    self->public.name = (text_t){self->name, name.length};
    self->holes = buffer_new(OFFER_UPSTREAM_MAX);
    self->backfill = buffer_new(OFFER_UPSTREAM_MAX);
    self->public.symbols = table_new();
    if (!self->public.symbols)
        offer_record_destroy(&self);
    return self;
}

void offer_record_destroy(offer_record_t **self_p)
{
    offer_record_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    size_t at = 0;
    offer_stream_t *stream;
    while (self->public.symbols && (stream = table_each(self->public.symbols, &at)))
        stream_destroy(stream);
    table_destroy(&self->public.symbols);
    forget_gone(self);
    buffer_release(&self->holes);
    buffer_release(&self->backfill);
    free(self);
}

static void name_symbol(offer_record_t *record, text_t symbol, uint64_t last)
{
    offer_stream_t *stream = table_get(record->public.symbols, symbol);
    if (!stream) {
        if (table_count(record->public.symbols) >= OFFERS_SYMBOLS_MAX || !(stream = calloc(1, sizeof *stream)))
            return;
        memcpy(stream->symbol_text, symbol.at, symbol.length);
        stream->symbol = (text_t){stream->symbol_text, symbol.length};
        if (!table_put(record->public.symbols, stream->symbol, stream)) {
            free(stream);
            return;
        }
        stream->fresh = true;
        record->fresh++;
    }
    stream->last = last;
    stream->round = record->round;
}

/* Drops one symbol that the last status did not name; false when there is none. */
static bool drop_unnamed(offer_record_t *record)
{
    size_t at = 0;
    offer_stream_t *stream;
    while ((stream = table_each(record->public.symbols, &at))) {
        if (stream->round == record->round)
            continue;
        table_remove(record->public.symbols, stream->symbol);
        stream->gone = true;
        stream->next = record->gone;
        record->gone = stream;
        return true;
    }
    return false;
}

static void take_symbols(offer_record_t *record, const status_t *status)
{
    text_t symbol;
    uint64_t last;
    size_t named = 0;
    record->round++;
    json_walk_t walk = json_walk(status->symbols);
    while (status_next_symbol(&walk, &symbol, &last)) {
        name_symbol(record, symbol, last);
        named++;
    }
    while (table_count(record->public.symbols) > named && drop_unnamed(record))
        ;
}

static void take_former(offer_record_t *record, const status_t *status)
{
    text_t symbol;
    uint64_t seq;
    record->public.former_epoch = status->former_epoch;
    for (json_walk_t walk = json_walk(status->former); status->former_epoch != 0 && status_next_symbol(&walk, &symbol, &seq);) {
        offer_stream_t *stream = table_get(record->public.symbols, symbol);
        if (stream)
            stream->former = seq;
    }
}

static void name_stale(offer_record_t *record, const status_t *status)
{
    text_t symbol;
    int64_t silence_ms;
    json_walk_t walk = json_walk(status->stale);
    while (status_next_stale(&walk, &symbol, &silence_ms)) {
        offer_stream_t *stream = table_get(record->public.symbols, symbol);
        if (!stream)
            continue;
        stream->stale_round = record->round;
        if (stream->stale_ns == 0 && silence_ms < status->time_ns / NS_PER_MS)
            stream->change_ns = status->time_ns - silence_ms * NS_PER_MS;
    }
}

/* What is worth a notification: not what a lost connection changes, which has one of its own. */
static void take_stale(offer_record_t *record, const status_t *status, bool tell)
{
    if (record->changes == 0 && record->public.stale == 0 && status->stale.length <= TEXT("{}").length)
        return;
    record->changes = record->public.stale = 0;
    size_t at = 0;
    offer_stream_t *stream;
    while ((stream = table_each(record->public.symbols, &at))) {
        stream->change_ns = 0;
        stream->again = false;
    }
    name_stale(record, status);
    at = 0;
    while ((stream = table_each(record->public.symbols, &at))) {
        if (stream->stale_round != record->round && stream->stale_ns != 0) {
            stream->change_ns = stream->stale_ns;
            stream->stale_ns = 0;
        } else if (stream->change_ns != 0) {
            stream->stale_ns = stream->change_ns;
        }
        record->public.stale += stream->stale_ns != 0;
        if (!tell)
            stream->change_ns = 0;
        record->changes += stream->change_ns != 0;
    }
}

/* Up to where an escape or a character begins: a cut one would break the JSON that the reason goes into. */
static size_t cut_length(text_t reason)
{
    size_t length = 0;
    while (length < reason.length) {
        size_t step = text_utf8_char((text_t){reason.at + length, reason.length - length});
        if (reason.at[length] == '\\' && length + 1 < reason.length)
            step = reason.at[length + 1] == 'u' ? 6 : 2;
        if (step == 0 || length + step > reason.length || length + step > OFFER_REASON_MAX)
            break;
        length += step;
    }
    return length;
}

/* Cut as a source's reason is. False when memory runs out. */
static bool keep_failure(offer_stream_t *stream, text_t reason)
{
    size_t length = cut_length(reason);
    char *failure = malloc(length + 1);
    if (!failure)
        return false;
    memcpy(failure, reason.at, length);
    failure[length] = '\0';
    free(stream->failure);
    stream->failure = failure;
    return true;
}

static void name_failing(offer_record_t *record, const status_t *status)
{
    text_t symbol, reason;
    json_walk_t walk = json_walk(status->failing);
    while (status_next_failing(&walk, &symbol, &reason)) {
        offer_stream_t *stream = table_get(record->public.symbols, symbol);
        if (!stream)
            continue;
        bool failed = stream->failure != NULL;
        stream->fail_round = record->round;
        if (reason.length == 0)
            reason = TEXT("rejected");
        if (!failed || !text_equal(text_of(stream->failure), reason))
            stream->turned = keep_failure(stream, reason) && !failed;
    }
}

/* The same for subscriptions that fail. What still does when the source comes back is told again. */
static void take_failing(offer_record_t *record, const status_t *status, bool tell, bool was_up)
{
    if (record->turns == 0 && record->public.failing == 0 && status->failing.length <= TEXT("{}").length)
        return;
    record->turns = record->public.failing = 0;
    size_t at = 0;
    offer_stream_t *stream;
    while ((stream = table_each(record->public.symbols, &at)))
        stream->turned = false;
    name_failing(record, status);
    at = 0;
    while ((stream = table_each(record->public.symbols, &at))) {
        if (stream->fail_round != record->round && stream->failure) {
            free(stream->failure);
            stream->failure = NULL;
            stream->turned = true;
        }
        stream->turned = (stream->turned || (!was_up && stream->failure)) && tell;
        record->public.failing += stream->failure != NULL;
        record->turns += stream->turned;
    }
}

/* What was told before is forgotten: that it is new, and, in another run, all of it. */
static void forget_holes(offer_record_t *record, bool another_run)
{
    size_t at = 0;
    offer_stream_t *stream;
    while ((record->holed > 0 || another_run) && (stream = table_each(record->public.symbols, &at))) {
        stream->holed = false;
        if (another_run)
            stream->holes = 0;
    }
    record->holed = 0;
}

/* Holes that are new. In a run's first status all are, since it began after what was heard of the one before; but of a stream that is heard of for the first time in
 * a run nobody knows. Before take_offers, which forgets what is fresh. */
static void take_holes(offer_record_t *record, const status_t *status, bool first)
{
    status_hole_t hole;
    bool another_run = record->holes_run != record->public.run;
    forget_holes(record, another_run);
    record->holes_run = record->public.run;
    for (json_walk_t walk = json_walk(status->holes); status_next_hole(&walk, &hole);) {
        offer_stream_t *stream = table_get(record->public.symbols, hole.symbol);
        if (!stream)
            continue;
        stream->holed = hole.count > stream->holes && !first && (another_run || !stream->fresh);
        stream->holes = hole.count;
        stream->hole = hole;
        stream->hole.symbol = stream->symbol;
        record->holed += stream->holed;
    }
}

/* As it is, where it differs from what is kept: what does not fit is as if nothing had been said. */
static text_t keep_raw(buffer_t *kept, text_t raw)
{
    if (text_equal(buffer_text(kept), raw))
        return raw.length > 0 ? buffer_text(kept) : TEXT("");
    buffer_clear(kept);
    if (raw.length > TEXT("{}").length)
        buffer_append(kept, raw);
    return buffer_ok(kept) ? buffer_text(kept) : TEXT("");
}

/* The same for what is offered again, or no longer. */
static void take_offers(offer_record_t *record, const status_t *status, bool tell)
{
    size_t at = 0;
    offer_stream_t *stream;
    while (record->fresh > 0 && (stream = table_each(record->public.symbols, &at))) {
        if (!stream->fresh)
            continue;
        stream->fresh = false;
        record->fresh--;
        if (tell && stream->stale_ns == 0) {
            stream->change_ns = status->time_ns;
            stream->again = true;
            record->changes++;
        }
    }
    for (stream = record->gone; stream; stream = stream->next)
        stream->change_ns = tell ? status->time_ns : 0;
}

static void keep_breaker(offer_record_t *record, text_t breaker)
{
    size_t length = breaker.length < OFFER_BREAKER_MAX ? breaker.length : OFFER_BREAKER_MAX;
    if (length > 0)
        memcpy(record->breaker, breaker.at, length);
    record->public.breaker = (text_t){record->breaker, length};
}

/* What does not fit is as if nothing had been said. */
static void keep_channels(offer_record_t *record, text_t channels)
{
    bool fits = channels.length > 0 && channels.length <= OFFER_CHANNELS_MAX;
    if (fits)
        memcpy(record->channels, channels.at, channels.length);
    record->public.channels = (text_t){record->channels, fits ? channels.length : 0};
}

static void keep_group(offer_record_t *record, const status_t *status)
{
    if (status->group.length > 0)
        memcpy(record->group, status->group.at, status->group.length);
    record->public.group = (text_t){record->group, status->group.length};
    record->public.active = status->active;
}

void offer_record_keep_reason(offer_record_t *self, text_t reason)
{
    size_t length = cut_length(reason);
    if (length > 0)
        memcpy(self->reason, reason.at, length);
    self->public.reason = (text_t){self->reason, length};
}

void offer_record_take(offer_record_t *self, const status_t *status, bool first, bool was_up)
{
    offer_record_keep_reason(self, status->reason);
    forget_gone(self);
    take_symbols(self, status);
    take_former(self, status);
    take_stale(self, status, status->connected && !first);
    take_failing(self, status, status->connected && !first, was_up);
    take_holes(self, status, first);
    take_offers(self, status, was_up && status->connected);
    self->public.holes = keep_raw(&self->holes, status->holes);
    self->public.backfill = keep_raw(&self->backfill, status->backfill);
    keep_breaker(self, status->breaker);
    keep_group(self, status);
    keep_channels(self, status->channels);
    self->public.health = status->health;
    self->public.id_conflicts = status->id_conflicts;
    self->public.future = status->future;
    self->public.demand = status->demand;
}

void offer_record_clear(offer_record_t *self)
{
    self->round++;
    while (drop_unnamed(self))
        ;
    forget_gone(self);
    self->holed = self->changes = self->turns = self->public.stale = self->public.failing = 0;
}
