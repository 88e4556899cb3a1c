#include "gatewayd/offers.h"

#include "common/clock.h"
#include "common/log.h"

#include <stdlib.h>

/* Where a walk over the changes goes on behind the streams that are offered. */
#define GONE (SIZE_MAX / 2)

typedef struct stream {
    struct stream *next; /* of the gone */
    char symbol_text[SYMBOL_MAX];
    text_t symbol;
    bool gone;  /* not offered any more since the last status */
    bool fresh; /* not offered before the last status */
    uint64_t last;
    uint64_t round;       /* of the status that named it last */
    uint64_t stale_round; /* … that named it as stale */
    int64_t stale_ns;     /* when its last trade came; 0: it is not stale */
    int64_t change_ns;    /* the same, of one whose staleness changed with the last status; 0: it did not */
} stream_t;

/* An offer with what its slices point to. */
typedef struct {
    offer_t public;
    char name[SOURCE_MAX];
    char reason[OFFER_REASON_MAX];
    char breaker[OFFER_BREAKER_MAX];
    char group[SOURCE_MAX];
    uint64_t round; /* of statuses */
    size_t changes; /* streams with a change_ns */
    size_t fresh;   /* streams that are fresh */
    stream_t *gone; /* owned, until the next status */
} record_t;

struct offers {
    table_t *by_name;                      /* → record_t; owned by `records` */
    record_t *records[OFFERS_SOURCES_MAX]; /* those that were withdrawn stand behind the others */
    size_t count, live;
    int64_t first_ns; /* when the first status came; 0: none yet */
};

static void bury_gone(record_t *record)
{
    while (record->gone) {
        stream_t *stream = record->gone;
        record->gone = stream->next;
        free(stream);
    }
}

static void record_destroy(record_t *record)
{
    size_t at = 0;
    stream_t *stream;
    while (record->public.symbols && (stream = table_each(record->public.symbols, &at)))
        free(stream);
    table_destroy(&record->public.symbols);
    bury_gone(record);
    free(record);
}

static size_t record_number(const offers_t *self, const record_t *record)
{
    size_t number = 0;
    while (self->records[number] != record)
        number++;
    return number;
}

/* Moves a record to another place; those between move up or down. */
static void move_record(offers_t *self, size_t from, size_t to)
{
    record_t *record = self->records[from];
    for (; from < to; from++)
        self->records[from] = self->records[from + 1];
    for (; from > to; from--)
        self->records[from] = self->records[from - 1];
    self->records[to] = record;
}

/* Makes room for one more in place of the one that has been withdrawn for longest. */
static void forget_withdrawn(offers_t *self)
{
    if (self->count < OFFERS_SOURCES_MAX || self->live == self->count)
        return;
    record_t *record = self->records[--self->count];
    table_remove(self->by_name, record->public.name);
    record_destroy(record);
}

static record_t *record_new(offers_t *self, text_t name)
{
    forget_withdrawn(self);
    record_t *record = self->count < OFFERS_SOURCES_MAX ? calloc(1, sizeof *record) : NULL;
    if (!record)
        return NULL;
    memcpy(record->name, name.at, name.length);
    record->public.name = (text_t){record->name, name.length};
    record->public.symbols = table_new();
    if (!record->public.symbols || !table_put(self->by_name, name, record)) {
        record_destroy(record);
        return NULL;
    }
    self->records[self->count++] = record; /* behind the withdrawn ones as yet */
    return record;
}

static void name_symbol(record_t *record, text_t symbol, uint64_t last)
{
    stream_t *stream = table_get(record->public.symbols, symbol);
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
static bool drop_unnamed(record_t *record)
{
    size_t at = 0;
    stream_t *stream;
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

static void take_symbols(record_t *record, const status_t *status)
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

static void name_stale(record_t *record, const status_t *status)
{
    text_t symbol;
    int64_t silence_ms;
    json_walk_t walk = json_walk(status->stale);
    while (status_next_stale(&walk, &symbol, &silence_ms)) {
        stream_t *stream = table_get(record->public.symbols, symbol);
        if (!stream)
            continue;
        stream->stale_round = record->round;
        if (stream->stale_ns == 0 && silence_ms < status->time_ns / NS_PER_MS)
            stream->change_ns = status->time_ns - silence_ms * NS_PER_MS;
    }
}

/* What is worth a notification: not what a lost connection changes, which has one of its own. */
static void take_stale(record_t *record, const status_t *status, bool tell)
{
    if (record->changes == 0 && record->public.stale == 0 && status->stale.length <= TEXT("{}").length)
        return;
    record->changes = record->public.stale = 0;
    size_t at = 0;
    stream_t *stream;
    while ((stream = table_each(record->public.symbols, &at)))
        stream->change_ns = 0;
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

/* The same for what is offered anew, or no more. */
static void take_offers(record_t *record, const status_t *status, bool tell)
{
    size_t at = 0;
    stream_t *stream;
    while (record->fresh > 0 && (stream = table_each(record->public.symbols, &at))) {
        if (!stream->fresh)
            continue;
        stream->fresh = false;
        record->fresh--;
        if (tell && stream->stale_ns == 0) {
            stream->change_ns = status->time_ns;
            record->changes++;
        }
    }
    for (stream = record->gone; stream; stream = stream->next)
        stream->change_ns = tell ? status->time_ns : 0;
}

static void keep_breaker(record_t *record, text_t breaker)
{
    size_t length = breaker.length < OFFER_BREAKER_MAX ? breaker.length : OFFER_BREAKER_MAX;
    if (length > 0)
        memcpy(record->breaker, breaker.at, length);
    record->public.breaker = (text_t){record->breaker, length};
}

static void keep_group(record_t *record, const status_t *status)
{
    if (status->group.length > 0)
        memcpy(record->group, status->group.at, status->group.length);
    record->public.group = (text_t){record->group, status->group.length};
    record->public.active = status->active;
}

/* Cut where an escape or a character begins: a cut one would break the JSON that the reason goes into. */
static void keep_reason(record_t *record, text_t reason)
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
    if (length > 0)
        memcpy(record->reason, reason.at, length);
    record->public.reason = (text_t){record->reason, length};
}

offers_t *offers_new(void)
{
    offers_t *self = calloc(1, sizeof *self);
    if (self && !(self->by_name = table_new()))
        offers_destroy(&self);
    return self;
}

void offers_destroy(offers_t **self_p)
{
    offers_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    for (size_t i = 0; i < self->count; i++)
        record_destroy(self->records[i]);
    table_destroy(&self->by_name);
    free(self);
}

/* A source that was connected all the while, while nothing was heard of it, has all in the journal, from where it comes. */
static void keep_missed(offer_t *offer, const status_t *status, bool held)
{
    offer->missed_known = held || status->missed_known;
    offer->missed = held ? 0 : status->missed;
}

offer_change_t offers_update(offers_t *self, const status_t *status, int64_t now_ns, const offer_t **offer)
{
    record_t *record = table_get(self->by_name, status->source);
    bool first = !record;
    *offer = NULL;
    if (first && status->event == STATUS_WITHDRAWN)
        return OFFER_SAME;
    if (!record && !(record = record_new(self, status->source))) {
        static log_limit_t limit;
        if (log_allowed(&limit, clock_mono_ns()))
            log_warn("offers: too many sources", LOG_SLICE("source", status->source),
                     LOG_U64("suppressed", log_suppressed(&limit)));
        return OFFER_SAME;
    }
    if (self->first_ns == 0)
        self->first_ns = now_ns;
    *offer = &record->public;
    size_t number = record_number(self, record);
    if (number >= self->live)
        move_record(self, number, self->live++);
    bool was_up = offer_up(&record->public);
    record->public.connected = status->connected;
    record->public.silent = false;
    record->public.heard_ns = now_ns;
    record->public.since_ns = status->since_ns;
    bool same_journal = record->public.epoch == status->epoch;
    record->public.epoch = status->epoch;
    keep_reason(record, status->reason);
    bury_gone(record);
    take_symbols(record, status);
    take_stale(record, status, status->connected && !first);
    take_offers(record, status, was_up && status->connected);
    keep_breaker(record, status->breaker);
    keep_group(record, status);
    record->public.health = status->health;
    if (!status->connected && (was_up || first))
        record->public.down_ns = status->since_ns;
    bool held = !was_up && status->connected && status->since_ns < record->public.down_ns;
    if (held)
        record->public.since_ns = now_ns;
    keep_missed(&record->public, status, held && same_journal);
    if (first || was_up == status->connected)
        return OFFER_SAME;
    return status->connected ? OFFER_UP : OFFER_DOWN;
}

void offers_withdraw(offers_t *self, text_t source)
{
    record_t *record = table_get(self->by_name, source);
    size_t number = record ? record_number(self, record) : self->live;
    if (number >= self->live)
        return;
    move_record(self, number, --self->live);
    record->round++;
    while (drop_unnamed(record))
        ;
    bury_gone(record);
    record->changes = record->public.stale = 0;
}

const offer_t *offers_silence(offers_t *self, int64_t now_ns, int64_t silence_ns, bool *changed)
{
    for (size_t i = 0; i < self->live; i++) {
        offer_t *offer = &self->records[i]->public;
        if (offer->silent || now_ns - offer->heard_ns < silence_ns)
            continue;
        *changed = offer_up(offer);
        offer->silent = true;
        if (*changed)
            offer->since_ns = offer->down_ns = offer->heard_ns;
        keep_reason(self->records[i], TEXT("the bus is silent"));
        return offer;
    }
    return NULL;
}

bool offers_heard(const offers_t *self)
{
    return self->first_ns != 0;
}

bool offers_settled(const offers_t *self, int64_t now_ns)
{
    return self->first_ns != 0 && now_ns - self->first_ns >= OFFERS_SETTLED_MS * NS_PER_MS;
}

const offer_t *offers_at(const offers_t *self, size_t number)
{
    return number < self->live ? &self->records[number]->public : NULL;
}

const offer_t *offers_find(const offers_t *self, text_t source)
{
    const record_t *record = table_get(self->by_name, source);
    return record ? &record->public : NULL;
}

bool offer_up(const offer_t *offer)
{
    return offer->connected && !offer->silent;
}

bool offer_has(const offer_t *offer, text_t symbol, cursor_t *last)
{
    const stream_t *stream = table_get(offer->symbols, symbol);
    if (stream && last)
        *last = (cursor_t){offer->epoch, stream->last};
    return stream != NULL;
}

bool offer_each(const offer_t *offer, size_t *at, text_t *symbol)
{
    const stream_t *stream = table_each(offer->symbols, at);
    if (stream)
        *symbol = stream->symbol;
    return stream != NULL;
}

static offer_stale_t stale_from(const stream_t *stream, int64_t last_ns)
{
    return (offer_stale_t){stream->symbol, last_ns, stream->stale_ns != 0 || stream->gone, stream->gone};
}

bool offer_is_stale(const offer_t *offer, text_t symbol, offer_stale_t *stale)
{
    const stream_t *stream = table_get(offer->symbols, symbol);
    if (!stream || stream->stale_ns == 0)
        return false;
    *stale = stale_from(stream, stream->stale_ns);
    return true;
}

bool offer_each_stale(const offer_t *offer, size_t *at, offer_stale_t *stale)
{
    const stream_t *stream = NULL;
    while (offer->stale > 0 && (stream = table_each(offer->symbols, at)) && stream->stale_ns == 0)
        ;
    if (stream)
        *stale = stale_from(stream, stream->stale_ns);
    return stream != NULL;
}

bool offer_each_change(const offer_t *offer, size_t *at, offer_stale_t *change)
{
    const stream_t *stream = NULL;
    const record_t *record = (const record_t *)offer; /* its first member */
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

bool offers_has(const offers_t *self, text_t symbol)
{
    for (size_t i = 0; i < self->live; i++) {
        if (offer_has(&self->records[i]->public, symbol, NULL))
            return true;
    }
    return false;
}
