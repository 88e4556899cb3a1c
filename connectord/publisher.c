#include "connectord/publisher.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/socket.h"
#include "proto/topic.h"

#include <stdlib.h>

struct publisher {
    socket_t *socket;
    demand_t *demand;
    publisher_listener_fn *listener;
    void *arg;
    buffer_t topic, json; /* of the status that is being sent */
};

static bool takes_statuses(text_t prefix)
{
    const text_t status = TEXT(TOPIC_STATUS);
    return text_starts_with(prefix, status) || text_starts_with(status, prefix);
}

/* One frame: a byte 1 (subscribe) or 0 (unsubscribe), and the prefix. Anything else was made up by some peer. */
static void on_message(void *arg, const text_t *frames, size_t count)
{
    publisher_t *self = arg;
    if (count != 1 || frames[0].length == 0)
        return;
    text_t prefix = {frames[0].at + 1, frames[0].length - 1};
    if (frames[0].at[0] == 1) {
        demand_subscribe(self->demand, prefix);
        if (takes_statuses(prefix))
            self->listener(self->arg);
    } else if (frames[0].at[0] == 0) {
        demand_unsubscribe(self->demand, prefix);
    }
}

static const socket_events_t events = {.on_message = on_message};

static void publisher_send(publisher_t *self, text_t topic, text_t json)
{
    const text_t frames[] = {topic, json};
    static log_limit_t limit;
    if (!socket_send(self->socket, frames, 2) && log_allowed(&limit, clock_mono_ns()))
        log_warn("publisher: not sent", LOG_SLICE("topic", topic), LOG_U64("suppressed", log_suppressed(&limit)));
}

publisher_t *publisher_new(loop_t *loop, const char *endpoint, int queue_limit, demand_t *demand,
                           publisher_listener_fn *listener, void *arg)
{
    publisher_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->demand = demand;
    self->listener = listener;
    self->arg = arg;
    self->topic = buffer_new(TOPIC_MAX);
    self->json = buffer_new(0);
    self->socket = socket_new(loop, SOCKET_XPUB, queue_limit, &events, self);
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
    buffer_release(&self->topic);
    buffer_release(&self->json);
    free(self);
    *self_ref = NULL;
}
