#include "gatewayd/streams/offers.h"

#include "common/clock.h"
#include "common/log.h"
#include "gatewayd/streams/offer_record.h"

#include <stdlib.h>

struct offers {
    table_t *by_name;                            /* → offer_record_t; owned by `records` */
    offer_record_t *records[OFFERS_SOURCES_MAX]; /* those that were withdrawn stand behind the others */
    size_t count, live;
    int64_t first_ns; /* when the first status came; 0: none yet */
    uint64_t heard_count;
};

static size_t record_number(const offers_t *self, const offer_record_t *record)
{
    size_t number = 0;
    while (self->records[number] != record)
        number++;
    return number;
}

/* Moves a record to another place; those between move up or down. */
static void move_record(offers_t *self, size_t from, size_t to)
{
    offer_record_t *record = self->records[from];
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
    offer_record_t *record = self->records[--self->count];
    table_remove(self->by_name, record->public.name);
    offer_record_destroy(&record);
}

/* Makes one, with its name in the table. NULL when there are too many. */
static offer_record_t *add_record(offers_t *self, text_t name)
{
    forget_withdrawn(self);
    offer_record_t *record = self->count < OFFERS_SOURCES_MAX ? offer_record_new(name) : NULL;
    if (!record || !table_put(self->by_name, name, record)) {
        offer_record_destroy(&record);
        return NULL;
    }
    self->records[self->count++] = record; /* behind the withdrawn ones as yet */
    return record;
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
        offer_record_destroy(&self->records[i]);
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
    offer_record_t *record = table_get(self->by_name, status->source);
    bool first = !record;
    *offer = NULL;
    if (first && status->event == STATUS_WITHDRAWN)
        return OFFER_SAME;
    if (!record && !(record = add_record(self, status->source))) {
        static log_limit_t limit;
        log_warn_limited(&limit, "offers: too many sources", LOG_SLICE("source", status->source));
        return OFFER_SAME;
    }
    if (self->first_ns == 0)
        self->first_ns = now_ns;
    self->heard_count++;
    *offer = &record->public;
    size_t number = record_number(self, record);
    if (number >= self->live)
        move_record(self, number, self->live++);
    bool was_up = offer_up(&record->public);
    record->public.connected = status->connected;
    record->public.silent = false;
    record->public.heard_ns = now_ns;
    record->public.since_ns = status->since_ns;
    bool same_journal = record->public.epoch == status->epoch, same_process = record->public.run == status->run;
    record->public.epoch = status->epoch;
    record->public.run = status->run;
    offer_record_take(record, status, first, was_up);
    if (!status->connected && (was_up || first))
        record->public.down_ns = status->since_ns;
    bool held = same_process && !was_up && status->connected && status->since_ns < record->public.down_ns;
    if (held)
        record->public.since_ns = now_ns;
    keep_missed(&record->public, status, held && same_journal);
    if (first || was_up == status->connected)
        return OFFER_SAME;
    return status->connected ? OFFER_UP : OFFER_DOWN;
}

void offers_withdraw(offers_t *self, text_t source)
{
    offer_record_t *record = table_get(self->by_name, source);
    size_t number = record ? record_number(self, record) : self->live;
    if (number >= self->live)
        return;
    move_record(self, number, --self->live);
    offer_record_clear(record);
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
        offer_record_keep_reason(self->records[i], TEXT("the bus is silent"));
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

int64_t offers_settles_ns(const offers_t *self)
{
    return self->first_ns != 0 ? self->first_ns + OFFERS_SETTLED_MS * NS_PER_MS : INT64_MAX;
}

uint64_t offers_heard_count(const offers_t *self)
{
    return self->heard_count;
}

const offer_t *offers_at(const offers_t *self, size_t number)
{
    return number < self->live ? &self->records[number]->public : NULL;
}

const offer_t *offers_find(const offers_t *self, text_t source)
{
    const offer_record_t *record = table_get(self->by_name, source);
    return record ? &record->public : NULL;
}

bool offers_has(const offers_t *self, text_t symbol)
{
    for (size_t i = 0; i < self->live; i++) {
        if (offer_has(&self->records[i]->public, symbol, NULL))
            return true;
    }
    return false;
}

bool offers_channel(const offers_t *self, text_t channel, bool *latest)
{
    text_t name;
    bool offered = false, newest;
    *latest = false;
    for (size_t i = 0; i < self->live; i++) {
        json_walk_t walk = json_walk(self->records[i]->public.channels);
        while (status_next_channel(&walk, &name, &newest)) {
            if (!text_equal(name, channel))
                continue;
            offered = true;
            *latest = *latest || newest;
        }
    }
    return offered;
}

bool offers_channel_of(const offers_t *self, text_t subject)
{
    text_t channel, key;
    bool latest;
    subject_split(subject, &channel, &key);
    return subject_is_symbol(subject) || offers_channel(self, channel, &latest);
}

int64_t offers_staleness_ns(const offers_t *self, text_t symbol, int64_t now_ns)
{
    int64_t youngest_ns = INT64_MAX;
    for (size_t i = 0; i < self->live; i++) {
        const offer_t *offer = &self->records[i]->public;
        if (!offer_has(offer, symbol, NULL))
            continue;
        int64_t age_ns = offer_up(offer) ? 0 : now_ns - offer->since_ns;
        if (age_ns < youngest_ns)
            youngest_ns = age_ns;
    }
    return youngest_ns == INT64_MAX ? 0 : youngest_ns;
}
