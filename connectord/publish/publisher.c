#include "connectord/publish/publisher.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/zeromq/socket.h"
#include "connectord/publish/bus_subscribers.h"
#include "proto/topic.h"

#include <assert.h>
#include <stdlib.h>

/* ZeroMQ looks at every byte of all subscriptions when a subscriber leaves, in some 80 ns. Whoever comes will leave: so seldom do they come that
 * this takes a tenth of the time. */
enum { PACE_NS_PER_BYTE = 800 };

/* ZMTP 3.1 (rfc.zeromq.org/spec/37) says SUBSCRIBE before the prefix. */
static_assert((int)SOCKET_SUBSCRIPTION_BYTES >= (int)(sizeof "\x09SUBSCRIBE" - 1 + TOPIC_MAX),
              "the longest topic can be subscribed to");

struct publisher {
    socket_t *socket;
    bus_subscribers_t *subscribers;
    publisher_subscriber_fn *subscriber;
    void *arg;
    buffer_t topic, json; /* of the status that is being sent */
};

static bool takes_statuses(text_t prefix)
{
    const text_t status = TEXT(TOPIC_STATUS);
    return text_starts_with(prefix, status) || text_starts_with(status, prefix);
}

static void on_peer(void *arg, uint64_t peer, const text_t *frames, size_t count)
{
    publisher_t *self = arg;
    bus_subscribers_refusal_t refusal = {0};
    bus_subscribers_result_t result = bus_subscribers_hear(self->subscribers, peer, frames, count, &refusal);
    if (result == BUS_SUBSCRIBERS_REFUSED) {
        socket_drop(self->socket, refusal.peer, refusal.reason);
        bus_subscribers_leave(self->subscribers, refusal.peer);
    }
    bool subscribed = result == BUS_SUBSCRIBERS_SUBSCRIBED || (result == BUS_SUBSCRIBERS_REFUSED && refusal.peer != peer);
    if (subscribed && takes_statuses((text_t){frames[0].at + 1, frames[0].length - 1}))
        self->subscriber(self->arg);
}

static void on_peer_gone(void *arg, uint64_t peer)
{
    publisher_t *self = arg;
    bus_subscribers_leave(self->subscribers, peer);
}

static int64_t pace_ns(void *arg)
{
    const publisher_t *self = arg;
    return (int64_t)bus_subscribers_bytes(self->subscribers) * PACE_NS_PER_BYTE;
}

static const socket_events_t events = {.name = "bus", .on_peer = on_peer, .on_peer_gone = on_peer_gone, .pace_ns = pace_ns};

static void publisher_send(publisher_t *self, text_t topic, text_t json)
{
    const text_t frames[] = {topic, json};
    static log_limit_t limit;
    if (!socket_send(self->socket, frames, 2))
        log_warn_limited(&limit, "publisher: not sent", LOG_SLICE("topic", topic));
}

publisher_t *publisher_new(loop_t *loop, const char *endpoint, int queue_limit, demand_t *demand,
                           publisher_subscriber_fn *subscriber, void *arg)
{
    publisher_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->subscribers = bus_subscribers_new(demand);
    self->subscriber = subscriber;
    self->arg = arg;
    self->topic = buffer_new(TOPIC_MAX);
    self->json = buffer_new(0);
    self->socket = self->subscribers ? socket_new(loop, SOCKET_XPUB, queue_limit, &events, self) : NULL;
    if (!self->socket || !socket_bind(self->socket, endpoint))
        publisher_destroy(&self);
    return self;
}

void publisher_trade(publisher_t *self, text_t topic, text_t json)
{
    publisher_send(self, topic, json);
}

void publisher_status(publisher_t *self, const status_t *status)
{
    buffer_clear(&self->topic);
    buffer_append(&self->topic, TEXT(TOPIC_STATUS));
    buffer_append(&self->topic, status->source);
    buffer_clear(&self->json);
    status_print(&self->json, status);
    if (buffer_ok(&self->topic) && buffer_ok(&self->json))
        publisher_send(self, buffer_text(&self->topic), buffer_text(&self->json));
}

void publisher_destroy(publisher_t **self_ref)
{
    publisher_t *self = *self_ref;
    if (!self)
        return;
    socket_destroy(&self->socket);
    bus_subscribers_destroy(&self->subscribers);
    buffer_release(&self->topic);
    buffer_release(&self->json);
    free(self);
    *self_ref = NULL;
}
