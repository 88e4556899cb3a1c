#include "gatewayd/clients/reader.h"

#include "gatewayd/clients/catchup.h"

#include <stdlib.h>

static void leave_queue(reader_t *self)
{
    client_t *client = self->client;
    list_remove(&self->in_queue);
    if (client->page_reader == self)
        catchup_cancel(client);
    if (!list_empty(&client->catching) || !list_linked(&client->in_catching))
        return;
    list_remove(&client->in_catching);
    client->hub->catching_count--;
}

static void catch_up(reader_t *self)
{
    client_t *client = self->client;
    self->state = READER_CATCHING;
    self->stuck_ns = self->retry_ns = 0;
    self->page_count = 0;
    list_append(&client->catching, &self->in_queue);
    if (list_linked(&client->in_catching))
        return;
    list_append(&client->hub->catching, &client->in_catching);
    client->hub->catching_count++;
}

/* Behind is who has a seat, or waits for history to get one, and has not been at the ring's head yet. */
static void set_behind(reader_t *self, bool behind)
{
    client_t *client = self->client;
    client->behind += behind;
    client->behind -= self->behind;
    self->behind = behind;
}

/* Who takes compressed frames and wants batches gets compressed batches, which are made of the frames as they are. */
static dialect_t ring_dialect(const subscription_t *subscription)
{
    const client_link_t *link = subscription->client->link;
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

reader_t *reader_new(subscription_t *subscription, live_stream_t *live_stream)
{
    reader_t *self = aligned_alloc(alignof(reader_t), sizeof *self);
    if (!self)
        return NULL;
    *self = (reader_t){
        .client = subscription->client, .batch = subscription->batch, .subscription = subscription, .live_stream = live_stream};
    if (!live_stream_add(live_stream, self)) {
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

void reader_seat(reader_t *self, cursor_t last)
{
    client_t *client = self->client;
    ring_t *left = self->ring;
    leave_queue(self);
    self->ring = live_stream_ring(self->live_stream, ring_dialect(self->subscription));
    if (self->ring != left)
        forget_ring(self->live_stream, left);
    self->has_last = true;
    self->last = last;
    self->up_to_date = false;
    set_behind(self, self->ring != NULL);
    if (!self->ring) {
        self->state = READER_WAITING;
        if (self->live_stream->ring)
            client_close(client, CLOSE_TRY_LATER, TEXT("out of memory"));
    } else if (ring_find(self->ring, last, &self->position)) {
        self->state = READER_LIVE;
        reader_touch(self);
    } else {
        catch_up(self);
    }
}

void subscription_set_batch(subscription_t *self, bool batch)
{
    self->batch = batch;
    LIST_EACH(item, &self->readers)
    {
        reader_t *reader = LIST_OWNER(item, reader_t, in_subscription);
        reader->batch = batch;
        if (reader->ring && reader->ring != live_stream_ring(reader->live_stream, ring_dialect(self)))
            reader_seat(reader, reader->last);
    }
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
        return false;
    }
    list_append(&self->client->ready, &self->in_queue);
    return true;
}

bool reader_overrun(reader_t *self)
{
    client_t *client = self->client;
    if (self->state != READER_LIVE || self->held || list_linked(&self->in_queue) || !ring_lapped(self->ring, self->position) ||
        !client->link->ready(client->link_arg))
        return false;
    client->hub->counts.caught++;
    reader_seat(self, self->last);
    return true;
}
