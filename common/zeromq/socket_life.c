/* ZeroMQ's fd is edge-triggered and says only "look": a send may eat the edge. So the fd merely wakes the loop; before the loop
 * sleeps (prepare) each socket is asked for its events, and if it has some an idle handle keeps the loop from sleeping, and
 * after the poll (check) a batch is taken:
 *
 *     prepare: events? ──yes──▶ start idle (poll does not block)
 *     poll:    fd readable ──▶ (nothing: it has woken up)
 *     check:   take up to a batch of messages, then on_drained
 *
 * Asking costs a system call. A socket that had nothing is not asked again before its fd was readable or it was used: what
 * comes in between makes the fd readable, and it stays so until the socket is asked. */
#include "common/log.h"
#include "common/zeromq/binding.h"
#include "common/zeromq/endpoint.h"
#include "common/zeromq/frames.h"
#include "common/zeromq/socket_state.h"

#include <assert.h>
#include <stdlib.h>

enum {
    HEARTBEAT_MS = 1000,
    SILENCE_MS = 5000,
    KEEPALIVE_S = 5,
    UNACKNOWLEDGED_MS = 30000,
    ANSWER_BYTES = 64 << 20, /* of a peer's, at most */
    SKIPPED = 10000          /* frames that nobody wants, in a turn */
};

static int zmq_type(socket_kind_t kind)
{
    switch (kind) {
    case SOCKET_SUB:
        return ZMQ_SUB;
    case SOCKET_XPUB:
        return ZMQ_XPUB;
    case SOCKET_ROUTER:
        return ZMQ_ROUTER;
    case SOCKET_DEALER:
        return ZMQ_DEALER;
    }
    return -1;
}

static bool has_input(socket_t *self)
{
    int events = 0;
    size_t size = sizeof events;
    guard_enter(self->guard);
    bool known = zmq_getsockopt(self->zmq, ZMQ_EVENTS, &events, &size) == 0;
    guard_leave(self->guard);
    return known && (events & ZMQ_POLLIN);
}

static void on_wake(uv_poll_t *handle, int status, int events)
{
    socket_t *self = handle->data;
    (void)status, (void)events;
    self->look = true;
}

static void on_idle(uv_idle_t *handle)
{
    (void)handle;
}

static void on_prepare(uv_prepare_t *handle)
{
    socket_t *self = handle->data;
    if (!self->look || self->paused)
        return;
    self->look = has_input(self) || self->more;
    if (self->look)
        uv_idle_start(&self->idle, on_idle);
    else
        uv_idle_stop(&self->idle);
}

static void on_check(uv_check_t *handle)
{
    socket_t *self = handle->data;
    bool full;
    if (!self->look || self->paused)
        return;
    if (self->skipping)
        self->skipping = frames_skip(self->zmq, SKIPPED);
    size_t taken = socket_take_batch(self, self->unread ? SOCKET_REQUESTS : SOCKET_BATCH, &full);
    bool due = taken > 0 || self->more;
    self->more = full || self->skipping;
    if (due && !self->destroyed && self->events->on_drained)
        self->events->on_drained(self->arg);
}

static void start_handles(socket_t *self, loop_t *loop)
{
    int fd = (int)zsock_fd(self->zsock);
    uv_loop_t *uv = loop_uv(loop);
    self->poll.data = self->prepare.data = self->check.data = self->idle.data = self;
    uv_poll_init(uv, &self->poll, fd);
    uv_prepare_init(uv, &self->prepare);
    uv_check_init(uv, &self->check);
    uv_idle_init(uv, &self->idle);
    uv_poll_start(&self->poll, UV_READABLE, on_wake);
    uv_prepare_start(&self->prepare, on_prepare);
    uv_check_start(&self->check, on_check);
    self->open_handles = 4;
    self->look = true;
}

/* A network that swallows everything breaks no connection for a quarter of an hour, and TCP tries ever more seldom: where
 * nothing is acknowledged TCP gives up sooner, on either side, and a DEALER pings as well, to renew its link. Nobody else
 * pings: libzmq 4.3 aborts the process when a connection breaks whose input waits because the queue is full, and there is a
 * ping to send or to answer (its issue 3937). A DEALER's queue holds an answer to each question that it may have open.
 * Whoever subscribes knows how long there may be silence, and calls socket_reconnect. */
static void watch_link(zsock_t *zsock, int type)
{
    if (type == ZMQ_DEALER) {
        zsock_set_heartbeat_ivl(zsock, HEARTBEAT_MS);
        zsock_set_heartbeat_timeout(zsock, SILENCE_MS);
    }
    zsock_set_connect_timeout(zsock, SILENCE_MS);
    zsock_set_tcp_keepalive(zsock, 1);
    zsock_set_tcp_keepalive_idle(zsock, KEEPALIVE_S);
    zsock_set_tcp_keepalive_intvl(zsock, KEEPALIVE_S);
    zsock_set_tcp_maxrt(zsock, UNACKNOWLEDGED_MS);
}

static void set_limits(zsock_t *zsock, int type, int queue_limit, bool serves)
{
    /* What waits for who asked is bounded by bytes, which are counted: beyond a number of messages ZeroMQ drops an answer in
     * silence. */
    zsock_set_sndhwm(zsock, serves && type == ZMQ_ROUTER ? 0 : queue_limit);
    /* Where a peer that nobody knows can fill the queue it must not be full: see watch_link; the guard bounds it. Nor must
     * the monitor's: ZeroMQ waits then, and whoever ends it waits for that. */
    zsock_set_rcvhwm(zsock, serves || type == ZMQ_PAIR ? 0 : queue_limit);
    if (serves)
        zsock_set_maxmsgsize(zsock, type == ZMQ_XPUB ? SOCKET_SUBSCRIPTION_BYTES : SOCKET_REQUEST_BYTES);
    else
        zsock_set_maxmsgsize(zsock, ANSWER_BYTES);
}

socket_t *socket_open(loop_t *loop, int type, int queue_limit, bool serves, const socket_events_t *events, void *arg)
{
    zsys_handler_set(NULL); /* signals belong to the loop */
    socket_t *self = calloc(1, sizeof *self);
    zsock_t *zsock = self ? zsock_new(type) : NULL;
    unread_t *unread = serves && type == ZMQ_ROUTER ? unread_new(SOCKET_UNREAD_BYTES) : NULL;
    if (!zsock || (serves && type == ZMQ_ROUTER && !unread)) {
        log_error("socket: can't create a ZeroMQ socket", LOG_TEXT("error", zmq_strerror(zmq_errno())));
        zsock_destroy(&zsock);
        unread_destroy(&unread);
        free(self);
        return NULL;
    }
    self->loop = loop;
    self->zsock = zsock;
    self->zmq = zsock_resolve(zsock);
    self->unread = unread;
    self->publishes = type == ZMQ_XPUB;
    self->events = events;
    self->arg = arg;
    set_limits(zsock, type, queue_limit, serves);
    zsock_set_linger(zsock, 0);
    zsock_set_reconnect_ivl(zsock, 100);
    zsock_set_reconnect_ivl_max(zsock, 2000);
    watch_link(zsock, type);
    if (type == ZMQ_XPUB) {
        zsock_set_xpub_verboser(zsock, 1);
        zsock_set_rcvbuf(zsock, GUARD_RECEIVE_BYTES);
    }
    if (type == ZMQ_DEALER)
        zsock_set_immediate(zsock, 1); /* no queue for a peer that is not there: the caller may ask another one */
    start_handles(self, loop);
    return self;
}

socket_t *socket_new(loop_t *loop, socket_kind_t kind, int queue_limit, const socket_events_t *events, void *arg)
{
    bool serves = kind == SOCKET_ROUTER || kind == SOCKET_XPUB;
    assert(events &&
           (events->on_message || (events->on_request && kind == SOCKET_ROUTER) || (events->on_peer && kind == SOCKET_XPUB)));
    socket_t *self = socket_open(loop, zmq_type(kind), queue_limit, serves, events, arg);
    if (self && (!socket_curve_open(self) || (serves && !socket_guard(self, queue_limit))))
        socket_destroy(&self);
    return self;
}

void socket_drop(socket_t *self, uint64_t peer, const char *reason)
{
    guard_drop_id(self->guard, peer, reason);
}

/* Whoever is on the way of a network could read and forge what is not encrypted. */
static bool may_listen(const socket_t *self)
{
    if (self->curve.on || binding_is_local(&self->bound))
        return true;
    if (curve_insecure()) {
        if (self->guard)
            log_warn("socket: listens on a network without CURVE: everybody on the way can read and forge",
                     LOG_TEXT("socket", self->events->name ? self->events->name : "socket"),
                     LOG_TEXT("endpoint", self->endpoint));
        return true;
    }
    log_error("socket: refuses to listen on a network without CURVE: make keys (dataflow keys) and set curve.keys, or set "
              "insecure to true",
              LOG_TEXT("endpoint", self->endpoint));
    return false;
}

bool socket_bind_now(socket_t *self)
{
    self->look = true;
    if (!socket_curve_serve(self))
        return false;
    if (!binding_make(self->zsock, self->endpoint, &self->bound)) {
        log_error("socket: can't listen", LOG_TEXT("endpoint", self->endpoint), LOG_TEXT("error", zmq_strerror(zmq_errno())));
        return false;
    }
    if (self->guard)
        guard_bound(self->guard, zsock_endpoint(self->zsock));
    return true;
}

static bool note_endpoint(socket_t *self, const char *endpoint)
{
    free(self->endpoint);
    self->endpoint = strdup(endpoint);
    return self->endpoint != NULL;
}

bool socket_bind(socket_t *self, const char *endpoint)
{
    return note_endpoint(self, endpoint) && socket_bind_now(self) && may_listen(self);
}

bool socket_connect_now(socket_t *self)
{
    self->look = true;
    if (!socket_curve_connect(self))
        return false;
    if (zsock_connect(self->zsock, "%s", self->endpoint) == 0)
        return true;
    log_error("socket: can't connect", LOG_TEXT("endpoint", self->endpoint), LOG_TEXT("error", zmq_strerror(zmq_errno())));
    return false;
}

/* By IPv4 first, if it is a name. */
static bool prepare_to_connect(socket_t *self, const char *endpoint)
{
    endpoint_kind_t kind = endpoint_kind(endpoint);
    zsock_set_ipv6(self->zsock, kind == ENDPOINT_IPV6);
    int events = self->events->on_link || self->curve.on ? SOCKET_LINK_EVENTS : 0;
    self->by_name = kind == ENDPOINT_NAME;
    if (self->by_name)
        events = SOCKET_LINK_EVENTS | ZMQ_EVENT_CONNECT_RETRIED;
    if (self->curve.on)
        events |= SOCKET_FAILURE_EVENTS;
    return note_endpoint(self, endpoint) && (events == 0 || socket_monitor(self, events));
}

bool socket_connect(socket_t *self, const char *endpoint)
{
    return prepare_to_connect(self, endpoint) && socket_connect_now(self);
}

bool socket_reconnect(socket_t *self)
{
    zsock_disconnect(self->zsock, "%s", self->endpoint);
    return socket_connect_now(self);
}

void socket_subscribe(socket_t *self, text_t prefix)
{
    self->look = true;
    zmq_setsockopt(self->zmq, ZMQ_SUBSCRIBE, prefix.at, prefix.length);
}

void socket_unsubscribe(socket_t *self, text_t prefix)
{
    self->look = true;
    zmq_setsockopt(self->zmq, ZMQ_UNSUBSCRIBE, prefix.at, prefix.length);
}

/* False only ever at the first frame: ZeroMQ takes a message whole or not at all. */
static bool send_frames(socket_t *self, const text_t *frames, size_t count, size_t *bytes)
{
    for (size_t i = 0; i < count; i++) {
        if (!frames_send(self->zmq, frames[i], i + 1 < count ? ZMQ_SNDMORE : 0))
            return false;
        *bytes += frames[i].length;
    }
    return true;
}

bool socket_send(socket_t *self, const text_t *frames, size_t count)
{
    size_t bytes = 0;
    self->look = true;
    guard_enter(self->guard);
    bool sent = send_frames(self, frames, count, &bytes);
    guard_leave(self->guard);
    if (sent && self->publishes)
        guard_published(self->guard, bytes + (self->curve.on ? CURVE_FRAME_BYTES * count : 0));
    return sent;
}

static void on_handle_closed(uv_handle_t *handle)
{
    socket_t *self = handle->data;
    if (--self->open_handles > 0)
        return;
    zsock_destroy(&self->zsock); /* only now: libuv must not poll the fd of a socket that is gone */
    unread_destroy(&self->unread);
    guard_destroy(&self->guard);
    free(self->endpoint);
    free(self);
}

bool socket_has_more(const socket_t *self)
{
    return self->more;
}

void socket_pause(socket_t *self, bool paused)
{
    self->paused = paused;
    self->look = true;
    if (paused)
        uv_idle_stop(&self->idle);
}

void socket_destroy(socket_t **self_p)
{
    socket_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    self->destroyed = true;
    if (self->monitor)
        zmq_socket_monitor(self->zmq, NULL, 0); /* before the other end goes: ZeroMQ would wait for a reader */
    socket_destroy(&self->monitor);
    if (self->domain[0])
        zap_leave(self->domain);
    socket_curve_close(self);
    uv_poll_stop(&self->poll);
    uv_close((uv_handle_t *)&self->poll, on_handle_closed);
    uv_close((uv_handle_t *)&self->prepare, on_handle_closed);
    uv_close((uv_handle_t *)&self->check, on_handle_closed);
    uv_close((uv_handle_t *)&self->idle, on_handle_closed);
}

void socket_shutdown(void)
{
    zsys_shutdown();
}
