#include "common/clock.h"
#include "common/zeromq/guard_report.h"
#include "common/zeromq/socket_state.h"

#include <stdio.h>

enum {
    MONITOR_QUEUE = 1000,
    HANDLER_QUEUE = 1000,
    FAMILY_MS = 1000 /* a name is tried by IPv4 for so long, then by IPv6, and so on */
};

/* With ZMQ_IPV6 ZeroMQ takes a name for its IPv6 address where it has one, without it for its IPv4 address; who listens may
 * do so at either. So they have their turns, as long as nobody is reached. What the name means is looked up for each try. */
static void try_other_family(socket_t *self)
{
    int64_t now_ns = clock_mono_ns();
    if (now_ns - self->turn_ns < FAMILY_MS * NS_PER_MS)
        return;
    self->turn_ns = now_ns;
    self->ipv6 = !self->ipv6;
    zsock_set_ipv6(self->zsock, self->ipv6);
    socket_reconnect(self);
}

static void on_link(socket_t *self, bool up)
{
    self->turn_ns = clock_mono_ns(); /* whoever was reached last is tried first */
    if (self->events->on_link)
        self->events->on_link(self->arg, up);
}

/* Of one that connects. */
static void on_link_event(socket_t *self, int event, int value)
{
    if (event == ZMQ_EVENT_CONNECT_RETRIED) {
        if (self->by_name)
            try_other_family(self);
    } else if (event & SOCKET_FAILURE_EVENTS) {
        socket_curve_failed(self, value);
    } else {
        if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
            socket_curve_succeeded(self);
        on_link(self, event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    }
}

/* Of one that is bound. A handshake's failure is told without a descriptor, right before the end of its connection. */
static void on_peer_event(socket_t *self, int event, int value)
{
    if (event & SOCKET_FAILURE_EVENTS) {
        socket_curve_note_failure(self, event, value);
    } else if (event == ZMQ_EVENT_CLOSED) {
        socket_curve_listener_closed(self);
    } else if (event == ZMQ_EVENT_ACCEPTED) {
        guard_accepted(self->guard, value);
    } else {
        if (self->curve.failure)
            guard_failed(self->guard, value, self->curve.failure);
        guard_disconnected(self->guard, value);
        self->curve.failure = NULL;
    }
}

/* An event's first frame is its number (16 bits) and a value (32 bits), in the machine's byte order: a descriptor, of a
 * socket that is bound. */
static void on_monitored(void *arg, const text_t *frames, size_t count)
{
    socket_t *self = arg;
    uint16_t event;
    int32_t value;
    if (count < 1 || frames[0].length < sizeof event + sizeof value)
        return;
    memcpy(&event, frames[0].at, sizeof event);
    memcpy(&value, frames[0].at + sizeof event, sizeof value);
    if (self->guard)
        on_peer_event(self, event, value);
    else
        on_link_event(self, event, value);
}

/* ZeroMQ tells of connections on a PAIR socket of its own. */
bool socket_monitor(socket_t *self, int events)
{
    static const socket_events_t monitor_events = {.on_message = on_monitored};
    char endpoint[64];
    /* with the time, since ZeroMQ may not have forgotten yet who was at this place in memory before */
    snprintf(endpoint, sizeof endpoint, "inproc://monitor-%p-%lld", (void *)self, (long long)clock_mono_ns());
    return zmq_socket_monitor(self->zmq, endpoint, events) == 0 &&
           (self->monitor = socket_open(self->loop, ZMQ_PAIR, MONITOR_QUEUE, false, &monitor_events, self)) &&
           socket_connect(self->monitor, endpoint);
}

/* --- a socket that is bound: who may connect --- */

void socket_hear_monitor(const socket_t *self)
{
    size_t bytes = 0;
    while (socket_take(self->monitor, &bytes))
        continue;
}

/* A key that nobody knows may become known. */
static zap_verdict_t zap_admits(void *arg, const zap_newcomer_t *newcomer)
{
    const socket_t *self = arg;
    socket_hear_monitor(self);
    if (!guard_admits(self->guard, newcomer->address))
        return ZAP_REFUSED;
    if (!self->curve.on || curve_peer(newcomer->key))
        return ZAP_ADMITTED;
    guard_tell_key(self->guard, newcomer->address, newcomer->key);
    return ZAP_NOT_NOW;
}

static uint64_t zap_next_id(void *arg)
{
    const socket_t *self = arg;
    socket_hear_monitor(self);
    return guard_next_id(self->guard);
}

static int64_t zap_pace_ns(void *arg)
{
    const socket_t *self = arg;
    const int64_t looks = self->curve.on ? 2 : 1; /* libzmq keeps them twice, if they wait for our word */
    return self->events->pace_ns ? looks * self->events->pace_ns(self->arg) : 0;
}

static void on_gone(void *arg, uint64_t peer)
{
    const socket_t *self = arg;
    if (self->events->on_peer_gone)
        self->events->on_peer_gone(self->arg, peer);
}

static void on_asked(void *arg, const text_t *frames, size_t count)
{
    (void)arg;
    zap_asked(frames, count);
}

static socket_t *open_handler(loop_t *loop, const char *endpoint)
{
    static const socket_events_t handler_events = {.on_message = on_asked};
    socket_t *self = socket_open(loop, ZMQ_ROUTER, HANDLER_QUEUE, false, &handler_events, NULL);
    if (self && !socket_bind(self, endpoint))
        socket_destroy(&self);
    return self;
}

static void close_handler(socket_t **self, const char *endpoint)
{
    zsock_unbind((*self)->zsock, "%s", endpoint);
    socket_destroy(self);
}

static const zap_handler_t handler = {.open = open_handler, .send = socket_send, .close = close_handler};

bool socket_guard(socket_t *self, int queue_limit)
{
    const zap_policy_t policy = {
        .names = self->unread != NULL, .admits = zap_admits, .next_id = zap_next_id, .pace_ns = zap_pace_ns, .arg = self};
    self->guard = guard_new(&(guard_socket_t){.name = self->events->name ? self->events->name : "socket",
                                              .publishes = self->publishes,
                                              .queue_limit = (uint64_t)queue_limit,
                                              .on_gone = on_gone,
                                              .arg = self});
    int events = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED;
    if (self->curve.on)
        events |= ZMQ_EVENT_CLOSED | SOCKET_FAILURE_EVENTS;
    if (!self->guard || !socket_monitor(self, events) || !zap_enter(self->loop, &handler, &policy, self->domain))
        return false;
    zsock_set_zap_domain(self->zsock, self->domain);
    zsock_set_zap_enforce_domain(self->zsock, 1);
    return true;
}
