/* CURVE on a socket (ZeroMQ RFC 25, 26): who is let in, what it may, and what becomes of connections when keys change.
 *
 * libzmq's XPUB sends to a subscriber before we have heard of its subscription. With ZMQ_XPUB_MANUAL a subscription takes effect only when
 * we say so, for the peer whose message was taken last. libzmq 4.3 keeps that peer in a queue beside that of messages, which
 * has two holes:
 *
 *   - It is not told that a peer has gone, so our word might be for one that was freed, or for another in its place. The monitor tells of an
 *     end before libzmq frees anything, and is heard before we say something: whoever is known then is there.
 *   - Only subscriptions are in it. Another message shifts it by one until both are empty: our word for one peer's subscription would be for the
 *     next peer. So from such a message on no subscription takes effect until nothing waits (`astray`), and those peers come again.
 *
 * A client must know the key of the server before it connects. Where several are known for a service (several servers, or one whose key is
 * being replaced) it tries one after another. libzmq gives up for good after some failures, so whatever failed is tried again from here.
 *
 * The key of a socket that is bound is that of its listener, which libzmq closes together with all connections that came by it. So with
 * a new key all peers come again; what they missed they ask replay for.
 */
#include "common/curve/rights.h"
#include "common/log.h"
#include "common/zeromq/guard_report.h"
#include "common/zeromq/socket_state.h"

enum {
    HANDSHAKE_MS = 5000,
    INITIATE_BYTES = 640, /* a handshake's longest command, with the longest name: more than a subscription */
    FIRST_AGAIN_MS = 100,
    LONGEST_AGAIN_MS = 2000,
    LISTEN_AGAIN_MS = 1000
};

/* Those that keys concern. */
static socket_t *sockets;

static const char *service_of(const socket_t *self)
{
    return self->events->name ? self->events->name : "";
}

static void on_again(void *arg)
{
    socket_t *self = arg;
    if (self->guard) {
        if (!socket_bind_now(self))
            loop_timer_start(self->curve.again, LISTEN_AGAIN_MS, 0);
        return;
    }
    self->curve.server++;
    if (!socket_reconnect(self))
        loop_timer_start(self->curve.again, LONGEST_AGAIN_MS, 0);
}

bool socket_curve_open(socket_t *self)
{
    int manual = 1;
    self->curve.on = curve_on();
    if (!self->curve.on)
        return true;
    self->curve.again = loop_timer_new(self->loop, on_again, self);
    self->next = sockets;
    sockets = self;
    if (self->publishes)
        zsock_set_maxmsgsize(self->zsock, INITIATE_BYTES);
    return self->curve.again && (!self->publishes || zmq_setsockopt(self->zmq, ZMQ_XPUB_MANUAL, &manual, sizeof manual) == 0);
}

void socket_curve_close(socket_t *self)
{
    socket_t **link = &sockets;
    while (*link && *link != self)
        link = &(*link)->next;
    if (*link)
        *link = self->next;
    loop_timer_destroy(&self->curve.again);
}

/* --- its own key --- */

static bool set_keys(socket_t *self, const char *server)
{
    int serves = server == NULL, time_ms = HANDSHAKE_MS;
    const char *secret = curve_secret_key(), *public = curve_public_key();
    bool set = zmq_setsockopt(self->zmq, ZMQ_HANDSHAKE_IVL, &time_ms, sizeof time_ms) == 0 &&
               zmq_setsockopt(self->zmq, ZMQ_CURVE_SERVER, &serves, sizeof serves) == 0 &&
               (!server || zmq_setsockopt(self->zmq, ZMQ_CURVE_SERVERKEY, server, strlen(server) + 1) == 0) &&
               zmq_setsockopt(self->zmq, ZMQ_CURVE_PUBLICKEY, public, strlen(public) + 1) == 0 &&
               zmq_setsockopt(self->zmq, ZMQ_CURVE_SECRETKEY, secret, strlen(secret) + 1) == 0;
    if (!set)
        log_error("curve: libzmq does not take the keys", LOG_TEXT("error", zmq_strerror(zmq_errno())));
    return set;
}

bool socket_curve_serve(socket_t *self)
{
    return !self->curve.on || !self->guard || set_keys(self, NULL);
}

bool socket_curve_connect(socket_t *self)
{
    if (!self->curve.on)
        return true;
    const known_peer_t *server = curve_server(service_of(self), self->curve.server);
    if (!server)
        server = curve_server(service_of(self), self->curve.server = 0);
    if (server)
        return set_keys(self, server->certificate.public_key);
    log_error("curve: no key of a server is known: expected a file NAME.pub among the keys whose `serves` has the service",
              LOG_TEXT("service", service_of(self)), LOG_TEXT("endpoint", self->endpoint));
    return false;
}

/* --- of one that connects --- */

/* libzmq may have tried again before us. */
void socket_curve_succeeded(socket_t *self)
{
    self->curve.failures = 0;
    if (self->curve.on)
        loop_timer_stop(self->curve.again);
}

static uint64_t again_ms(const socket_t *self)
{
    unsigned doublings = self->curve.failures < 5 ? self->curve.failures : 5;
    uint64_t wait_ms = (uint64_t)FIRST_AGAIN_MS << doublings;
    return wait_ms < LONGEST_AGAIN_MS ? wait_ms : LONGEST_AGAIN_MS;
}

/* The next server's key is tried at once, and all again after a while. */
void socket_curve_failed(socket_t *self, int error)
{
    static log_limit_t limit;
    if (!self->curve.on || loop_timer_running(self->curve.again))
        return;
    const known_peer_t *tried = curve_server(service_of(self), self->curve.server);
    bool all = !curve_server(service_of(self), self->curve.server + 1);
    if (all)
        log_warn_limited(&limit,
                         "curve: no handshake: is that server's key the one that is known here, and is ours known there?",
                         LOG_TEXT("service", service_of(self)), LOG_TEXT("endpoint", self->endpoint),
                         LOG_TEXT("server", tried ? tried->name : "unknown"), LOG_I64("code", error));
    loop_timer_start(self->curve.again, all ? again_ms(self) : FIRST_AGAIN_MS, 0);
    self->curve.failures += all;
}

/* --- of one that is bound --- */

void socket_curve_note_failure(socket_t *self, int event, int error)
{
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
        return; /* it was we who said no */
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)
        self->curve.failure = "handshake: it broke off, or took too long";
    else if (error == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH)
        self->curve.failure = "plain: it does not speak CURVE";
    else
        self->curve.failure = "curve: it expects another server's key, or its handshake is not valid";
}

void socket_curve_listener_closed(socket_t *self)
{
    guard_forget(self->guard);
    if (self->curve.closing > 0 && --self->curve.closing == 0)
        loop_timer_start(self->curve.again, 0, 0);
}

static void listen_again(socket_t *self)
{
    if (self->curve.closing > 0 || loop_timer_running(self->curve.again))
        return; /* with the newest key, when it is time */
    log_info("curve: listens with another key: all peers come again", LOG_TEXT("socket", service_of(self)),
             LOG_TEXT("key", curve_public_key()));
    self->curve.closing = binding_end(self->zsock, &self->bound);
}

/* --- what peers may --- */

static text_t rights_of(const known_peer_t *key)
{
    return text_of(key->certificate.may);
}

bool socket_curve_sender(socket_t *self, guard_peer_t *peer, text_t key)
{
    self->curve.sender = peer;
    self->curve.key = curve_peer(key);
    if (!self->curve.key) {
        guard_drop(self->guard, peer, "key: no longer known");
        return false;
    }
    if (guard_key(peer).length == 0)
        guard_set_key(peer, key, text_hash(rights_of(self->curve.key)));
    return true;
}

text_t socket_rights(const socket_t *self)
{
    return self->curve.on && self->curve.key ? rights_of(self->curve.key) : self->curve.on ? TEXT("") : TEXT(RIGHTS_ALL);
}

void socket_deny(socket_t *self, const char *right, text_t what)
{
    if (self->curve.sender && self->curve.key)
        guard_tell_denied(self->guard, self->curve.sender, self->curve.key->name, right, what);
}

static bool is_subscription(const text_t *frames, size_t count)
{
    return count == 1 && frames[0].length > 0 && (frames[0].at[0] == 0 || frames[0].at[0] == 1);
}

bool socket_curve_takes(socket_t *self, const text_t *frames, size_t count)
{
    if (!is_subscription(frames, count)) {
        self->curve.astray = true;
        return true; /* what it is, who listens will say */
    }
    if (self->curve.astray) {
        guard_drop(self->guard, self->curve.sender, "order: another peer sent something other than a subscription");
        return false;
    }
    text_t prefix = {frames[0].at + 1, frames[0].length - 1};
    bool begins = frames[0].at[0] == 1;
    if (rights_cover(socket_rights(self), prefix))
        return zmq_setsockopt(self->zmq, begins ? ZMQ_SUBSCRIBE : ZMQ_UNSUBSCRIBE, prefix.at, prefix.length) == 0;
    if (begins) {
        socket_deny(self, "subscribe", prefix);
        guard_denied(self->guard, self->curve.sender, prefix.length);
    }
    return false;
}

void socket_curve_drained(socket_t *self)
{
    self->curve.astray = false;
}

/* --- when keys change --- */

/* What it has subscribed to it may no longer, or it may more: it comes again, and has what it may now. */
static void judge(const socket_t *self, guard_peer_t *peer)
{
    if (guard_key(peer).length == 0 || guard_is_dropped(peer))
        return; /* when it says something */
    const known_peer_t *key = curve_peer(guard_key(peer));
    if (!key)
        guard_drop(self->guard, peer, "key: no longer known");
    else if (text_hash(rights_of(key)) != guard_rights(peer))
        guard_drop(self->guard, peer, "rights: they have changed");
}

void socket_renew_keys(void)
{
    guard_peer_t *peer;
    curve_change_t change = curve_reload();
    for (socket_t *self = sockets; self && change != CURVE_SAME; self = self->next) {
        self->curve.sender = NULL;
        self->curve.key = NULL;
        for (size_t i = 0; self->guard && (peer = guard_at(self->guard, i)); i++)
            judge(self, peer);
        if (self->guard && change == CURVE_OWN_CHANGED)
            listen_again(self);
    }
}
