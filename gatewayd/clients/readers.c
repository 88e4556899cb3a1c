#include "gatewayd/clients/readers.h"

#include <stdlib.h>

static void leave_queue(reader_t *self)
{
    readers_t *readers = self->owner;
    list_remove(&self->in_queue);
    if (readers->page_reader == self)
        readers->paging.cancel(&readers->paging);
    if (!list_empty(&readers->catching) || !list_linked(&readers->in_catching))
        return;
    list_remove(&readers->in_catching);
    readers->hub->catching_count--;
}

static void catch_up(reader_t *self)
{
    readers_t *readers = self->owner;
    self->state = READER_CATCHING;
    self->stuck_ns = self->retry_ns = 0;
    self->page_count = 0;
    list_append(&readers->catching, &self->in_queue);
    if (list_linked(&readers->in_catching))
        return;
    list_append(&readers->hub->catching, &readers->in_catching);
    readers->hub->catching_count++;
}

/* Behind is who has a seat, or waits for history to get one, and has not been at the ring's head yet. */
static void set_behind(reader_t *self, bool behind)
{
    self->owner->behind += behind;
    self->owner->behind -= self->behind;
    self->behind = behind;
}

/* Who takes compressed frames and wants batches gets compressed batches, which are made of the frames as they are. */
static dialect_t ring_dialect(const subscription_t *subscription)
{
    const client_link_t *link = subscription->owner->end->link;
    return link->deflates && !subscription->batch ? DIALECT_DEFLATE : link->dialect;
}

/* The last reader of a ring in another dialect takes it with it. */
static void forget_ring(live_stream_t *live_stream, const ring_t *ring)
{
    if (!ring || ring == live_stream->ring)
        return;
    for (size_t i = 0; i < live_stream->reader_count; i++) {
        if (live_stream->readers[i]->ring == ring)
            return;
    }
    live_stream_forget(live_stream, ring);
}

static bool set_mark(reader_t *self, bool mark)
{
    if (!mark) {
        self->marking = false;
        free(self->mark);
        self->mark = NULL;
    } else if (!self->mark) {
        self->mark = calloc(1, sizeof *self->mark);
    }
    return !mark || self->mark;
}

reader_t *reader_new(subscription_t *subscription, live_stream_t *live_stream)
{
    reader_t *self = aligned_alloc(alignof(reader_t), sizeof *self);
    if (!self)
        return NULL;
    *self = (reader_t){.owner = subscription->owner,
                       .batch = subscription->batch,
                       .latest = subscription->market->latest,
                       .subscription = subscription,
                       .live_stream = live_stream};
    if (!set_mark(self, subscription->mark) || !live_stream_add(live_stream, self)) {
        set_mark(self, false);
        free(self);
        return NULL;
    }
    list_init(&self->in_subscription);
    list_init(&self->in_queue);
    list_append(&subscription->readers, &self->in_subscription);
    return self;
}

void reader_destroy(reader_t **self_p)
{
    reader_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    leave_queue(self);
    set_behind(self, false);
    live_stream_drop(self->live_stream, self);
    list_remove(&self->in_subscription);
    forget_ring(self->live_stream, self->ring);
    set_mark(self, false);
    free(self);
}

reader_t *subscription_reader(const subscription_t *self, const live_stream_t *live_stream)
{
    LIST_EACH(item, &self->readers)
    {
        reader_t *reader = LIST_OWNER(item, reader_t, in_subscription);
        if (reader->live_stream == live_stream)
            return reader;
    }
    return NULL;
}

/* Before the newest record, where only that is wanted and it has not been had. */
static cursor_t wanted_from(const reader_t *self, cursor_t last)
{
    cursor_t newest = self->latest && self->ring ? ring_last(self->ring) : (cursor_t){0};
    cursor_t before = newest.seq > 0 ? cursor_before(newest) : newest;
    return cursor_compare(last, before) < 0 ? before : last;
}

static void seat(reader_t *self, cursor_t last)
{
    ring_t *left = self->ring;
    leave_queue(self);
    self->ring = live_stream_ring(self->live_stream, ring_dialect(self->subscription));
    if (self->ring != left)
        forget_ring(self->live_stream, left);
    self->has_last = true;
    self->last = wanted_from(self, last);
    self->up_to_date = false;
    set_behind(self, self->ring != NULL);
    if (!self->ring) {
        self->state = READER_WAITING;
        if (self->live_stream->ring)
            client_end_close(self->owner->end, CLOSE_TRY_LATER, TEXT("out of memory"));
    } else if (ring_find(self->ring, self->last, &self->position)) {
        self->state = READER_LIVE;
        reader_touch(self);
    } else {
        catch_up(self);
    }
}

/* The client knows a place that it was not told about yet by its former name. */
static cursor_t known_as(const reader_t *self, cursor_t last)
{
    cursor_t former = self->live_stream->former;
    return self->turned ? (cursor_t){former.epoch, former.seq + last.seq} : last;
}

void reader_mark(reader_t *self, cursor_t from)
{
    if (!self->mark)
        return;
    *self->mark = (reader_mark_t){.from = from};
    self->marking = true;
}

void reader_seat(reader_t *self, cursor_t last)
{
    if (!self->marking)
        reader_mark(self, known_as(self, last));
    seat(self, last);
}

void reader_hold(reader_t *self, cursor_t last)
{
    self->held = true;
    self->turned = false; /* the answer says where it is now */
    reader_seat(self, last);
}

void subscription_set_batch(subscription_t *self, bool batch)
{
    self->batch = batch;
    LIST_EACH(item, &self->readers)
    {
        reader_t *reader = LIST_OWNER(item, reader_t, in_subscription);
        reader->batch = batch;
        if (reader->ring && reader->ring != live_stream_ring(reader->live_stream, ring_dialect(self)))
            seat(reader, reader->last); /* no catch-up: it is where it was */
    }
}

bool subscription_set_mark(subscription_t *subscription, bool mark)
{
    bool done = true;
    subscription->mark = mark;
    LIST_EACH(item, &subscription->readers)
    {
        done = set_mark(LIST_OWNER(item, reader_t, in_subscription), mark) && done;
    }
    return done;
}

void reader_stream_known(reader_t *self)
{
    if (self->state == READER_WAITING)
        reader_seat(self, self->has_last ? self->last : ring_floor(self->live_stream->ring));
}

bool reader_touch(reader_t *self)
{
    if (self->state != READER_LIVE || self->held || list_linked(&self->in_queue))
        return false;
    if (self->position == ring_head(self->ring)) {
        self->up_to_date = true;
        self->turned = false; /* the ring has told it */
        set_behind(self, false);
        if (self->marking)
            self->owner->marked(self->owner, self);
        self->marking = false;
        return false;
    }
    list_append(&self->owner->ready, &self->in_queue);
    return true;
}

bool reader_overrun(reader_t *self)
{
    if (self->state != READER_LIVE || self->held || list_linked(&self->in_queue) || !ring_lapped(self->ring, self->position) ||
        !client_end_ready(self->owner->end))
        return false;
    self->owner->hub->counts.caught++;
    reader_seat(self, self->last);
    return true;
}

void readers_open(readers_t *self, hub_t *hub, client_end_t *end, struct conversation *sink, void (*pump)(readers_t *),
                  void (*marked)(readers_t *, const reader_t *))
{
    *self = (readers_t){.hub = hub, .end = end, .sink = sink, .pump = pump, .marked = marked};
    list_t *lists[] = {&self->in_pump,     &self->ready,     &self->subscriptions, &self->catching,
                       &self->in_catching, &self->in_asking, &self->in_page};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        list_init(lists[i]);
}

void readers_forbid(subscription_t *subscription)
{
    if (list_empty(&subscription->subscribes)) {
        readers_unsubscribe(subscription);
        return;
    }
    list_t *item;
    while ((item = list_take(&subscription->readers))) {
        reader_t *reader = LIST_OWNER(item, reader_t, in_subscription);
        reader_destroy(&reader);
    }
    subscription->answered = subscription->all = false;
}

void readers_close(readers_t *self)
{
    list_t *item;
    while ((item = list_take(&self->subscriptions)))
        readers_unsubscribe(LIST_OWNER(item, subscription_t, in_client));
    list_remove(&self->in_pump);
    list_remove(&self->in_asking);
    list_remove(&self->in_page);
    pace_turn_leave(&self->turn);
}

void readers_release(readers_t *self)
{
    LIST_EACH(item, &self->subscriptions)
    {
        subscription_t *subscription = LIST_OWNER(item, subscription_t, in_client);
        LIST_EACH(seat, &subscription->readers)
        {
            reader_t *reader = LIST_OWNER(seat, reader_t, in_subscription);
            reader->held = false;
            reader_touch(reader);
        }
    }
}

subscription_t *readers_subscription(const readers_t *self, text_t symbol)
{
    LIST_EACH(item, &self->subscriptions)
    {
        subscription_t *subscription = LIST_OWNER(item, subscription_t, in_client);
        if (text_equal(subscription->market->symbol, symbol))
            return subscription;
    }
    return NULL;
}

subscription_t *readers_subscribe(readers_t *self, market_t *market)
{
    subscription_t *subscription = calloc(1, sizeof *subscription);
    if (!subscription)
        return NULL;
    subscription->owner = self;
    subscription->market = market;
    list_init(&subscription->subscribes);
    list_init(&subscription->readers);
    list_init(&subscription->in_client);
    list_init(&subscription->in_market);
    list_append(&self->subscriptions, &subscription->in_client);
    list_append(&market->subscriptions, &subscription->in_market);
    self->subscription_count++;
    self->hub->subscription_count++;
    return subscription;
}

void readers_unsubscribe(subscription_t *subscription)
{
    readers_t *self = subscription->owner;
    market_t *market = subscription->market;
    list_t *item;
    while ((item = list_take(&subscription->readers))) {
        reader_t *reader = LIST_OWNER(item, reader_t, in_subscription);
        reader_destroy(&reader);
    }
    list_remove(&subscription->in_client);
    list_remove(&subscription->in_market);
    free(subscription);
    self->subscription_count--;
    self->hub->subscription_count--;
    markets_release(self->hub->markets, market);
}
