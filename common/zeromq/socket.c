/* ZeroMQ's fd is edge-triggered and says only "look": a send may eat the edge. So the fd merely wakes the loop; before the loop
 * sleeps (prepare) each socket is asked for its events, and if it has some an idle handle keeps the loop from sleeping, and after
 * the poll (check) a batch is taken:
 *
 *     prepare: events? ──yes──▶ start idle (poll does not block)
 *     poll:    fd readable ──▶ (nothing: it has woken up)
 *     check:   take up to a batch of messages, then on_drained
 *
 * Asking costs a system call. A socket that had nothing is not asked again before its fd was readable or it was used: what comes in between
 * makes the fd readable, and it stays so until the socket is asked.
 */
#include "common/zeromq/socket.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/zeromq/binding.h"
#include "common/zeromq/endpoint.h"
#include "common/zeromq/envelope.h"
#include "common/zeromq/frames.h"
#include "common/zeromq/guard.h"
#include "common/zeromq/unread.h"
#include "common/zeromq/zap.h"

#include <assert.h>
#include <czmq.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

enum {
    MONITOR_QUEUE = 1000,
    HANDLER_QUEUE = 1000,
    HEARTBEAT_MS = 1000,
    SILENCE_MS = 5000,
    KEEPALIVE_S = 5,
    UNACKNOWLEDGED_MS = 30000,
    LINK_EVENTS = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED,
    FAMILY_MS = 1000,        /* a name is tried by IPv4 for so long, then by IPv6, and so on */
    ANSWER_BYTES = 64 << 20, /* of a peer's, at most */
    LOOK_MESSAGES = 16,      /* are taken, or so many bytes, before the clock is looked at: some 30 ns */
    LOOK_BYTES = 16 << 10,
    SHORT_BYTES = 16 << 10, /* an answer that adds little */
    FRAME_BYTES = 100,      /* that libzmq takes for a frame of an envelope */
    HEAD_BYTES = 2,         /* of a frame, in ZMTP; at least */
    SUBSCRIBE_BYTES = 11,   /* of a subscription, less the byte that stands for it here */
    SKIPPED = 10000         /* frames that nobody wants, in a turn */
};

static_assert((int)SOCKET_FRAMES > (int)ENVELOPE_FRAMES, "a request's first frame behind its envelope is kept");

struct bus_socket {
    zsock_t *zsock;
    void *zmq; /* of zsock */
    uv_poll_t poll;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle;
    int open_handles;
    bool look;   /* there may be something to take */
    bool more;   /* the last batch was a full one, or took its time */
    bool paused; /* nothing is taken for now */
    bool destroyed;
    const socket_events_t *events;
    void *arg;
    loop_t *loop;
    socket_t *monitor;           /* tells of connections: for on_link, and of a name's */
    char *name;                  /* the endpoint that it connects to, where that is a name; else NULL */
    bool ipv6;                   /* the name is tried by IPv6 now */
    int64_t turn_ns;             /* since when */
    unread_t *unread;            /* of a ROUTER, NULL of others */
    guard_t *guard;              /* of a ROUTER and an XPUB, NULL of others */
    bool publishes;              /* an XPUB */
    bool skipping;               /* the rest of a message that has too many frames */
    char domain[ZAP_DOMAIN_MAX]; /* empty: its connections are not asked about */
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
    return zmq_getsockopt(self->zmq, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN);
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

static void hand_over_request(socket_t *self, const text_t *frames, size_t kept, size_t count)
{
    static log_limit_t limit;
    char envelope[ENVELOPE_MAX];
    text_t asker = {envelope, envelope_read(frames, kept, envelope)}, own[ENVELOPE_FRAMES];
    if (asker.length == 0) {
        log_warn_limited(&limit,
                         "socket: dropped a request: expected an envelope of at most 16 frames that ends with an empty one",
                         LOG_U64("frames", count));
        return;
    }
    size_t before = envelope_frames(asker, own);
    self->events->on_request(self->arg, asker, count > before ? frames[before] : TEXT(""), count - before);
}

/* A message and who sent it. */
typedef struct {
    guard_peer_t *peer; /* NULL: nobody that is known */
    bool gone;          /* it was, and has gone or will: it can't be answered */
} message_sender_t;

/* Of what is left when a subscriber has gone ZeroMQ tells, too, in nobody's name: the monitor has told before. */
static void hand_over(socket_t *self, message_sender_t sender, const text_t *frames, size_t kept, size_t count)
{
    if (sender.gone)
        return;
    if (self->events->on_request)
        hand_over_request(self, frames, kept, count);
    else if (self->events->on_message && count <= SOCKET_FRAMES)
        self->events->on_message(self->arg, frames, count);
    else if (self->events->on_peer && sender.peer)
        self->events->on_peer(self->arg, guard_peer_id(sender.peer), frames, kept);
}

static void count_taken(socket_t *self, guard_peer_t *peer, text_t first, const frames_t *taken)
{
    if (self->publishes) {
        guard_took(peer, taken->bytes + SUBSCRIBE_BYTES);
    } else {
        guard_took(peer, taken->bytes - first.length + HEAD_BYTES * (taken->count - 1)); /* the first frame is the ROUTER's */
        if (guard_route(peer).length == 0)
            guard_set_route(peer, first);
    }
    if (taken->more)
        guard_drop(self->guard, peer, "frames: too many in a message");
}

static message_sender_t sender_of(socket_t *self, zmq_msg_t *part, text_t first, const frames_t *taken)
{
    uint64_t id;
    int fd;
    if (!self->guard || !frames_origin(part, &id, &fd))
        return (message_sender_t){0};
    guard_peer_t *peer = guard_peer(self->guard, id, fd);
    if (peer)
        count_taken(self, peer, first, taken);
    return (message_sender_t){.peer = peer, .gone = !peer || guard_is_dropped(peer)};
}

/* Adds its bytes. False when none waits. */
static bool take_message(socket_t *self, size_t *bytes)
{
    zmq_msg_t parts[SOCKET_FRAMES];
    text_t frames[SOCKET_FRAMES] = {0};
    frames_t taken;
    if (!frames_take(self->zmq, parts, SOCKET_FRAMES, &taken)) {
        if (self->guard)
            guard_drained(self->guard);
        return false;
    }
    size_t kept = taken.count < SOCKET_FRAMES ? taken.count : SOCKET_FRAMES;
    for (size_t i = 0; i < kept; i++)
        frames[i] = (text_t){zmq_msg_data(&parts[i]), zmq_msg_size(&parts[i])};
    message_sender_t sender = sender_of(self, &parts[kept - 1], frames[0], &taken);
    self->skipping = taken.more;
    *bytes += taken.bytes;
    if (!taken.more)
        hand_over(self, sender, frames, kept, taken.count);
    for (size_t i = 0; i < kept; i++)
        zmq_msg_close(&parts[i]);
    return true;
}

/* Takes a batch: of so many messages at most, and no more when its time is up. Returns how many; *full: there may be more. */
static size_t take_batch(socket_t *self, size_t batch, bool *full)
{
    int64_t until_ns = clock_mono_ns() + SOCKET_TURN_US * (NS_PER_MS / 1000);
    size_t taken = 0, unseen = 0, bytes = 0;
    *full = false;
    while (!*full && !self->destroyed && !self->paused && !self->skipping && take_message(self, &bytes)) {
        *full = ++taken == batch;
        if (++unseen < LOOK_MESSAGES && bytes < LOOK_BYTES && !self->unread)
            continue;
        unseen = bytes = 0;
        *full = *full || clock_mono_ns() >= until_ns;
    }
    return taken;
}

static void on_check(uv_check_t *handle)
{
    socket_t *self = handle->data;
    bool full;
    if (!self->look || self->paused)
        return;
    if (self->skipping)
        self->skipping = frames_skip(self->zmq, SKIPPED);
    size_t taken = take_batch(self, self->unread ? SOCKET_REQUESTS : SOCKET_BATCH, &full);
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

/* A network that swallows everything breaks no connection for a quarter of an hour, and TCP tries ever more seldom: where nothing is acknowledged
 * TCP gives up sooner, on either side, and a DEALER pings as well, to renew its link. Nobody else pings: libzmq 4.3 aborts the process
 * when a connection breaks whose input waits because the queue is full, and there is a ping to send or to answer (its issue 3937). A
 * DEALER's queue holds an answer to each question that it may have open. Whoever subscribes knows how long there may be silence, and calls
 * socket_reconnect. */
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
    /* What waits for who asked is bounded by bytes, which are counted: beyond a number of messages ZeroMQ drops an answer in silence. */
    zsock_set_sndhwm(zsock, serves && type == ZMQ_ROUTER ? 0 : queue_limit);
    /* Where a peer that nobody knows can fill the queue it must not be full: see watch_link; the guard bounds it. Nor must the monitor's: ZeroMQ
     * waits then, and whoever ends it waits for that. */
    zsock_set_rcvhwm(zsock, serves || type == ZMQ_PAIR ? 0 : queue_limit);
    if (serves)
        zsock_set_maxmsgsize(zsock, type == ZMQ_XPUB ? SOCKET_SUBSCRIPTION_BYTES : SOCKET_REQUEST_BYTES);
    else
        zsock_set_maxmsgsize(zsock, ANSWER_BYTES);
}

static socket_t *open_socket(loop_t *loop, int type, int queue_limit, bool serves, const socket_events_t *events, void *arg)
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
    if (type == ZMQ_XPUB)
        zsock_set_xpub_verboser(zsock, 1);
    if (type == ZMQ_DEALER)
        zsock_set_immediate(zsock, 1); /* no queue for a peer that is not there: the caller may ask another one */
    start_handles(self, loop);
    return self;
}

/* With ZMQ_IPV6 ZeroMQ takes a name for its IPv6 address where it has one, without it for its IPv4 address; who listens may do so at either. So
 * they have their turns, as long as nobody is reached. What the name means is looked up for each try. */
static void try_other_family(socket_t *self)
{
    int64_t now_ns = clock_mono_ns();
    if (now_ns - self->turn_ns < FAMILY_MS * NS_PER_MS)
        return;
    self->turn_ns = now_ns;
    self->ipv6 = !self->ipv6;
    zsock_set_ipv6(self->zsock, self->ipv6);
    socket_reconnect(self, self->name);
}

static void on_link(socket_t *self, bool up)
{
    self->turn_ns = clock_mono_ns(); /* whoever was reached last is tried first */
    if (self->events->on_link)
        self->events->on_link(self->arg, up);
}

/* An event's first frame is its number (16 bits) and a value (32 bits), in the machine's byte order: a descriptor, of a socket that is bound. */
static void on_monitored(void *arg, const text_t *frames, size_t count)
{
    socket_t *self = arg;
    uint16_t event;
    int32_t value;
    if (count < 1 || frames[0].length < sizeof event + sizeof value)
        return;
    memcpy(&event, frames[0].at, sizeof event);
    memcpy(&value, frames[0].at + sizeof event, sizeof value);
    if (self->guard && event == ZMQ_EVENT_ACCEPTED)
        guard_accepted(self->guard, value);
    else if (self->guard)
        guard_disconnected(self->guard, value);
    else if (event == ZMQ_EVENT_CONNECT_RETRIED)
        try_other_family(self);
    else
        on_link(self, event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
}

/* ZeroMQ tells of connections on a PAIR socket of its own. */
static bool monitor(socket_t *self, int events)
{
    static const socket_events_t monitor_events = {.on_message = on_monitored};
    char endpoint[64];
    /* with the time, since ZeroMQ may not have forgotten yet who was at this place in memory before */
    snprintf(endpoint, sizeof endpoint, "inproc://monitor-%p-%lld", (void *)self, (long long)clock_mono_ns());
    return zmq_socket_monitor(self->zmq, endpoint, events) == 0 &&
           (self->monitor = open_socket(self->loop, ZMQ_PAIR, MONITOR_QUEUE, false, &monitor_events, self)) &&
           socket_connect(self->monitor, endpoint);
}

/* --- a socket that is bound: who may connect --- */

/* What the monitor told of until now. */
static void hear_monitor(const socket_t *self)
{
    size_t bytes = 0;
    while (take_message(self->monitor, &bytes))
        continue;
}

static bool zap_admits(void *arg, text_t address)
{
    const socket_t *self = arg;
    hear_monitor(self);
    return guard_admits(self->guard, address);
}

static uint64_t zap_next_id(void *arg)
{
    const socket_t *self = arg;
    hear_monitor(self);
    return guard_next_id(self->guard);
}

static int64_t zap_pace_ns(void *arg)
{
    const socket_t *self = arg;
    return self->events->pace_ns ? self->events->pace_ns(self->arg) : 0;
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
    socket_t *self = open_socket(loop, ZMQ_ROUTER, HANDLER_QUEUE, false, &handler_events, NULL);
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

static bool guard_connections(socket_t *self, int queue_limit)
{
    const zap_policy_t policy = {
        .names = self->unread != NULL, .admits = zap_admits, .next_id = zap_next_id, .pace_ns = zap_pace_ns, .arg = self};
    self->guard = guard_new(&(guard_socket_t){.name = self->events->name ? self->events->name : "socket",
                                              .publishes = self->publishes,
                                              .queue_limit = (uint64_t)queue_limit,
                                              .on_gone = on_gone,
                                              .arg = self});
    if (!self->guard || !monitor(self, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED) ||
        !zap_enter(self->loop, &handler, &policy, self->domain))
        return false;
    zsock_set_zap_domain(self->zsock, self->domain);
    return true;
}

socket_t *socket_new(loop_t *loop, socket_kind_t kind, int queue_limit, const socket_events_t *events, void *arg)
{
    bool serves = kind == SOCKET_ROUTER || kind == SOCKET_XPUB;
    assert(events &&
           (events->on_message || (events->on_request && kind == SOCKET_ROUTER) || (events->on_peer && kind == SOCKET_XPUB)));
    socket_t *self = open_socket(loop, zmq_type(kind), queue_limit, serves, events, arg);
    if (self && serves && !guard_connections(self, queue_limit))
        socket_destroy(&self);
    return self;
}

void socket_drop(socket_t *self, uint64_t peer, const char *reason)
{
    guard_drop_id(self->guard, peer, reason);
}

bool socket_bind(socket_t *self, const char *endpoint)
{
    self->look = true;
    if (binding_make(self->zsock, endpoint)) {
        if (self->guard)
            guard_bound(self->guard, zsock_endpoint(self->zsock));
        return true;
    }
    log_error("socket: can't listen", LOG_TEXT("endpoint", endpoint), LOG_TEXT("error", zmq_strerror(zmq_errno())));
    return false;
}

static bool connect_to(socket_t *self, const char *endpoint)
{
    self->look = true;
    return zsock_connect(self->zsock, "%s", endpoint) == 0;
}

static bool connected(bool good, const char *endpoint)
{
    if (good)
        return true;
    log_error("socket: can't connect", LOG_TEXT("endpoint", endpoint), LOG_TEXT("error", zmq_strerror(zmq_errno())));
    return false;
}

/* By IPv4 first, if it is a name. */
static bool prepare_to_connect(socket_t *self, const char *endpoint)
{
    endpoint_kind_t kind = endpoint_kind(endpoint);
    zsock_set_ipv6(self->zsock, kind == ENDPOINT_IPV6);
    int events = self->events->on_link ? LINK_EVENTS : 0;
    if (kind == ENDPOINT_NAME) {
        self->name = strdup(endpoint);
        events = LINK_EVENTS | ZMQ_EVENT_CONNECT_RETRIED;
    }
    return (kind != ENDPOINT_NAME || self->name) && (events == 0 || monitor(self, events));
}

bool socket_connect(socket_t *self, const char *endpoint)
{
    assert(!self->name);
    return connected(prepare_to_connect(self, endpoint) && connect_to(self, endpoint), endpoint);
}

bool socket_reconnect(socket_t *self, const char *endpoint)
{
    zsock_disconnect(self->zsock, "%s", endpoint);
    return connected(connect_to(self, endpoint), endpoint);
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

bool socket_send(socket_t *self, const text_t *frames, size_t count)
{
    size_t bytes = 0;
    self->look = true;
    for (size_t i = 0; i < count; i++) {
        if (!frames_send(self->zmq, frames[i], i + 1 < count ? ZMQ_SNDMORE : 0))
            return false; /* only ever at the first frame: ZeroMQ takes a message whole or not at all */
        bytes += frames[i].length;
    }
    if (self->publishes)
        guard_published(self->guard, bytes);
    return true;
}

static bool send_envelope(socket_t *self, const text_t *frames, size_t count)
{
    self->look = true;
    for (size_t i = 0; i < count; i++) {
        if (!frames_send(self->zmq, frames[i], ZMQ_SNDMORE))
            return false;
    }
    return true;
}

static size_t unread_by(const socket_t *self, const guard_peer_t *peer)
{
    return guard_is_dropped(peer) ? 0 : unread_bytes(self->unread, guard_route(peer));
}

static guard_peer_t *greediest(const socket_t *self, size_t *all)
{
    guard_peer_t *peer, *greatest = NULL;
    for (size_t i = 0; (peer = guard_at(self->guard, i)); i++) {
        *all += unread_by(self, peer);
        if (!greatest || unread_by(self, peer) > unread_by(self, greatest))
            greatest = peer;
    }
    return greatest;
}

/* For so many bytes more among all that waits to be read: whoever has most of it goes. False when that is the asker itself; and for a long answer as long as
 * too much of those that went is still there: ZeroMQ's thread frees it, when it has its turn. */
static bool make_room(socket_t *self, text_t asker, size_t bytes)
{
    size_t staying = bytes, limit = guard_share_bytes(self->guard), held = unread_all_bytes(self->unread);
    if (bytes + held <= limit)
        return true;
    guard_peer_t *greatest = greediest(self, &staying);
    if (staying > limit) {
        if (!greatest || text_equal(guard_route(greatest), asker))
            return false;
        guard_drop(self->guard, greatest, "unread: too many answers wait for it");
    }
    return bytes <= SHORT_BYTES || bytes + held <= limit + limit / 8;
}

bool socket_answer(socket_t *self, text_t asker, text_t answer)
{
    zmq_msg_t message;
    text_t frames[ENVELOPE_FRAMES];
    size_t count = envelope_frames(asker, frames), before = asker.length + FRAME_BYTES * count;
    assert(self->unread && count > 1);
    if (!make_room(self, frames[0], before + answer.length) ||
        !unread_message(self->unread, frames[0], before, answer, &message))
        return false;
    if (send_envelope(self, frames, count) && frames_send_message(self->zmq, &message))
        return true;
    zmq_msg_close(&message);
    return false;
}

static void on_handle_closed(uv_handle_t *handle)
{
    socket_t *self = handle->data;
    if (--self->open_handles > 0)
        return;
    zsock_destroy(&self->zsock); /* only now: libuv must not poll the fd of a socket that is gone */
    unread_destroy(&self->unread);
    guard_destroy(&self->guard);
    free(self->name);
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
